"""A file, or bytes with a media type, to a document with a title and an id."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rag.errors import UnreadableDocument, UnsupportedFormat
from rag.read.canonical import clean_text
from rag.read.file_access import (
    check_regular,
    modified_at,
    printable,
    read_file,
)
from rag.read.formats import MEDIA_TYPES, READERS, content_of, is_picture
from rag.read.layout import Content
from rag.records import Document, Source

# Bytes and their media type to what they hold; raises UnreadableDocument.
Parse = Callable[[bytes, str], Content]
_MAX_TITLE_CHARS = 200
# In front of the name of a file that was sent, in its location.
UPLOADED = "upload:"


def read_document(path: Path, *, max_bytes: int) -> Document:
    """The document in a file of at most `max_bytes`. Its id is made from the absolute path, so it outlives an edit.

    Raises UnsupportedFormat, DocumentTooLarge or UnreadableDocument, each naming the file and what to do.
    """
    check_regular(path)
    absolute = absolute_path(path)
    source = Source(id_of(os.fsencode(absolute)), "", printable(absolute), media_type_of(printable(path)))
    return replace(read_bytes(read_file(absolute, max_bytes), source), modified_at=modified_at(absolute))


def absolute_path(path: Path) -> Path:
    """The path as the store names it. Links stay: the path as given is the name."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def id_of(path: bytes) -> str:
    """The document id that belongs to an absolute path."""
    return hashlib.sha256(path).hexdigest()[:16]


def media_type_of(location: str, known: Mapping[str, str] = MEDIA_TYPES) -> str:
    """The media type of a file by its suffix, of those `known`. Raises UnsupportedFormat."""
    suffix = Path(location).suffix
    found = known.get(suffix.lower())
    if found is None:
        raise UnsupportedFormat(
            f"{location}: no reader for {suffix or 'a file without a suffix'}; expected one of {' '.join(known)}"
        )
    return found


def uploaded(name: str, known: Mapping[str, str] = MEDIA_TYPES) -> Source:
    """The source of a file that was sent under a name: its id is made from the name, so the same name replaces it.

    Of a path only the last part counts. Raises UnsupportedFormat for a suffix that is not `known`.
    """
    shown = " ".join(clean_text(name.replace("\\", "/").rpartition("/")[2])[0].split())
    suffix = Path(shown).suffix.lower()
    media_type = known.get(suffix)
    if media_type is None:
        raise UnsupportedFormat(
            f"{shown[:_MAX_TITLE_CHARS] or 'no name'}: no reader for {suffix or 'a file without a suffix'}; "
            f"expected one of {' '.join(known)}"
        )
    document_id = hashlib.sha256(f"{UPLOADED}{shown}".encode()).hexdigest()[:16]
    return Source(document_id, "", f"{UPLOADED}{shown}", media_type)


def read_bytes(data: bytes, source: Source, *, parse: Parse = content_of) -> Document:
    """The document in `data`, read as `source.media_type`. The same bytes give the same document.

    `parse` does the reading: `content_of` in this process, `apart.Parser` in another one. An empty `source.title`
    becomes the title found in the document, else one made from the location. Raises UnsupportedFormat for a media type
    without a reader, UnreadableDocument for data without text.
    """
    name = source.location.removeprefix(UPLOADED)
    if source.media_type not in READERS and not is_picture(source.media_type):
        raise UnsupportedFormat(f"{name}: no reader for {source.media_type}; expected one of {', '.join(READERS)}")
    if not data.strip():
        raise UnreadableDocument(f"{name}: the file is empty; a document with text was expected")
    try:
        content = parse(data, source.media_type)
    except UnreadableDocument as error:
        raise UnreadableDocument(f"{name}: {error}") from error
    except UnsupportedFormat as error:
        raise UnsupportedFormat(f"{name}: {error}") from error
    if not content.blocks:
        raise UnreadableDocument(f"{name}: no text was found in it; a document with text was expected")
    title = _one_line(source.title) or _one_line(content.title) or title_from(source.location)
    return Document(
        replace(source, title=title),
        content.text,
        content.blocks,
        hashlib.sha256(data).hexdigest(),
        hashlib.sha256(content.text.encode()).hexdigest(),
        content.warnings,
    )


def title_from(location: str) -> str:
    """A title for people: "/docs/annual_report-2023.md" -> "annual report 2023"."""
    name = location.removeprefix("api:").removeprefix(UPLOADED)
    if name.startswith(("http://", "https://")):
        address = urlsplit(name)
        name = unquote(address.path).strip("/")
        if not name:
            return _one_line(address.netloc)
    stem = Path(name).stem.replace("_", " ").replace("-", " ")
    return _one_line(stem) or _one_line(location) or "untitled"


def _one_line(title: str) -> str:
    return " ".join(clean_text(title)[0].split())[:_MAX_TITLE_CHARS].strip()
