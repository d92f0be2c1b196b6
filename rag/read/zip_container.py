"""ZIP archives that documents are made of: opened within limits, their XML without entities and without the network.

Office files and EPUB books are such archives. Everything in them is checked before a library sees them.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from contextlib import suppress

from lxml import etree

from rag.errors import UnreadableDocument

_MAX_ENTRIES = 20_000
_MAX_UNPACKED_BYTES = 300_000_000
_MAX_RATIO = 200  # a text of one letter packs 1,000 to 1, a novel 3 to 1
_RATIO_FREE_BYTES = 1_000_000
_MAX_PART_BYTES = 20_000_000
# The one large part of a document: its text, or a sheet.
MAX_MAIN_PART_BYTES = 100_000_000
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, KeyError, struct.error)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PROTECTED = "EncryptedPackage".encode("utf-16-le")
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)")


def open_archive(data: bytes, expected: str) -> zipfile.ZipFile:
    """The archive, within the limits on its entries and on what they unpack to. `expected` is as in "an EPUB book".

    Raises UnreadableDocument for what is damaged, too large, or no archive at all.
    """
    if data.startswith(_OLE):
        if _PROTECTED in data:
            raise UnreadableDocument("it is protected by a password; save it without one")
        raise UnreadableDocument(f"it is in the format of Office 97 to 2003; {expected} was expected; save it as one")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (*_DAMAGED, NotImplementedError) as error:
        raise UnreadableDocument(f"its zip archive is damaged; {expected} was expected; get the file again") from error
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MAX_ENTRIES:
        raise UnreadableDocument(
            f"it holds {len(entries):,} files, but {_MAX_ENTRIES:,} are allowed; {expected} was expected"
        )
    if unpacked > _MAX_UNPACKED_BYTES or unpacked > _RATIO_FREE_BYTES + _MAX_RATIO * len(data):
        raise UnreadableDocument(
            f"its {len(data):,} bytes unpack to {unpacked:,}, which no document does; {expected} was expected"
        )
    return archive


def read_part(archive: zipfile.ZipFile, name: str, expected: str, *, max_bytes: int = _MAX_PART_BYTES) -> bytes:
    """A file of the archive. Raises UnreadableDocument when it is not there, damaged or too large."""
    try:
        with archive.open(name) as file:
            data = file.read(max_bytes + 1)
    except KeyError as error:
        raise UnreadableDocument(f"{name} is missing in it; {expected} was expected; get the file again") from error
    except (*_DAMAGED, NotImplementedError) as error:
        raise UnreadableDocument(f"{name} in it is damaged or protected; get the file again") from error
    if len(data) > max_bytes:
        raise UnreadableDocument(f"{name} in it has more than {max_bytes:,} bytes; split the document")
    return data


def read_xml(archive: zipfile.ZipFile, name: str, expected: str, *, max_bytes: int = _MAX_PART_BYTES) -> etree._Element:
    """A file of XML as a tree. Entities are not resolved, and one that declares any is refused."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    data = read_part(archive, name, expected, max_bytes=max_bytes)
    root = None
    if b"<!ENTITY" not in data:
        with suppress(etree.LxmlError, ValueError):
            root = etree.fromstring(data, parser)
    if root is None or list(getattr(root.getroottree().docinfo.internalDTD, "iterentities", list)()):
        raise UnreadableDocument(
            f"{name} in it is no XML that can be read; {expected} was expected; get the file again"
        )
    return root


def refuse_declarations(archive: zipfile.ZipFile, expected: str) -> None:
    """Raise UnreadableDocument where an XML part declares a document type: for libraries that read parts themselves.

    No office program writes one; it is there to make a parser expand entities or fetch files.
    """
    for entry in archive.infolist():
        if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
            data = read_part(archive, entry.filename, expected, max_bytes=MAX_MAIN_PART_BYTES)
            # In UTF-16 every other byte of a word is zero.
            if _DECLARES.search(data) or (b"\0" in data and _DECLARES.search(data.replace(b"\0", b""))):
                raise UnreadableDocument(
                    f"{entry.filename} in it declares a document type, which no office program does; {expected} was"
                    " expected"
                )
