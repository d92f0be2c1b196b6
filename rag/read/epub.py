"""EPUB books: the chapters in reading order, as one document. The table of contents is left out; footnotes stay.

A chapter without a heading gets the one that the table of contents has for it. Books have no fixed pages: none is told.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote

from lxml import etree

from rag.errors import UnreadableDocument
from rag.read.canonical import canonical_text
from rag.read.html.elements import read_blocks
from rag.read.html.html_reader import parse_whole
from rag.read.layout import Content, Layout
from rag.read.zip_container import open_archive, read_part, read_xml
from rag.records import BlockKind

_EXPECTED = "an EPUB book"
_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_MAX_CHAPTERS = 5_000
_MAX_CHAPTER_BYTES = 20_000_000  # of all together; the longest novels have some 6 million
_MAX_NAMED = 10

_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
_FONT_MASKING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}encoding\s*=\s*["']([\w-]{2,30})""")
# XHTML may close an element at once; for a parser of HTML all that follows would be inside it.
_CLOSED_AT_ONCE = re.compile(
    r"<(title|script|style|textarea|iframe|noscript|template)(\s[^<>]{0,500})?/>", re.IGNORECASE
)


def read_epub(data: bytes) -> Content:
    """The chapters in the order of the spine. Title: that of the book's metadata.

    Raises UnreadableDocument for what is no EPUB, for a protected book and for one without a chapter to read.
    """
    book = open_archive(data, _EXPECTED)
    _refuse_protected(book)
    path = _package_path(book)
    package = read_xml(book, path, _EXPECTED)
    chapters, missing = _chapters(book, package, posixpath.dirname(path))
    labels = _labels(book, package, posixpath.dirname(path))
    layout = Layout()
    warnings: list[str] = []
    left = _MAX_CHAPTER_BYTES
    for name in chapters:
        left -= book.getinfo(name).file_size
        if left < 0:
            warnings.append(f"only the first {_MAX_CHAPTER_BYTES:,} bytes of its chapters were read")
            break
        try:
            chapter, found = _read_chapter(book, name)
        except UnreadableDocument as error:
            missing.append(posixpath.basename(name))
            warnings.append(f"a chapter was left out: {posixpath.basename(name)}: {error}")
            continue
        warnings += found
        _add_chapter(layout, chapter, labels.get(name, ""))
    title = " ".join(package.findtext(".//{*}metadata//{*}title", "").split())
    content = layout.content(title=title)
    if missing:
        some = ", ".join(missing[:_MAX_NAMED]) + (" and others" if len(missing) > _MAX_NAMED else "")
        if not content.blocks:
            raise UnreadableDocument(f"none of its chapters can be read ({some}); get the book again")
        warnings.append(f"of its chapters {len(missing)} could not be read: {some}")
    return replace(content, warnings=tuple(dict.fromkeys(warnings)))


def _refuse_protected(book: zipfile.ZipFile) -> None:
    """Raise UnreadableDocument for a book whose words are encrypted; masked fonts are no hindrance."""
    if _ENCRYPTION not in book.namelist():
        return
    for data in read_xml(book, _ENCRYPTION, _EXPECTED).iter("{*}EncryptedData"):
        method = data.find("{*}EncryptionMethod")
        if method is None or method.get("Algorithm") not in _FONT_MASKING:
            raise UnreadableDocument("the book is protected against copying (DRM); get one without protection")


def _package_path(book: zipfile.ZipFile) -> str:
    for file in read_xml(book, _CONTAINER, _EXPECTED).iter("{*}rootfile"):
        if path := file.get("full-path"):
            return str(path)
    raise UnreadableDocument(f"{_CONTAINER} in it names no package; {_EXPECTED} was expected; get the book again")


def _chapters(book: zipfile.ZipFile, package: etree._Element, folder: str) -> tuple[list[str], list[str]]:
    """The chapters' files in reading order, each once and without those that list contents; and those not there."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    contents = {
        _path(folder, reference.get("href", ""))
        for reference in package.iter("{*}reference")
        if reference.get("type", "").lower() == "toc"
    }
    here = set(book.namelist())
    chapters: dict[str, None] = {}
    missing: list[str] = []
    for reference in list(package.iter("{*}itemref"))[:_MAX_CHAPTERS]:
        item = items.get(reference.get("idref"))
        if item is None:
            missing.append(str(reference.get("idref", "")))
            continue
        name = _path(folder, item.get("href", ""))
        is_contents = "nav" in item.get("properties", "").split() or name in contents
        if item.get("media-type", _CHAPTER_TYPES[0]) not in _CHAPTER_TYPES or is_contents:
            continue
        if name in here:
            chapters[name] = None
        else:
            missing.append(posixpath.basename(name))
    return list(chapters), missing


def _labels(book: zipfile.ZipFile, package: etree._Element, folder: str) -> Mapping[str, str]:
    """What the table of contents calls each file; the first name that it has for it."""
    labels: dict[str, str] = {}
    for item in package.iter("{*}item"):
        name = _path(folder, item.get("href", ""))
        with suppress(UnreadableDocument):
            if "nav" in item.get("properties", "").split():
                found = _links(read_xml(book, name, _EXPECTED))
            elif item.get("media-type") == "application/x-dtbncx+xml":
                found = _points(read_xml(book, name, _EXPECTED))
            else:
                continue
            for address, label in found:
                labels.setdefault(_path(posixpath.dirname(name), address), " ".join(label.split()))
    return labels


def _links(contents: etree._Element) -> Iterator[tuple[str, str]]:
    for link in contents.iter("{*}a"):
        yield link.get("href", ""), "".join(link.itertext())


def _points(contents: etree._Element) -> Iterator[tuple[str, str]]:
    for point in contents.iter("{*}navPoint"):
        content = point.find("{*}content")
        if content is not None:
            yield content.get("src", ""), point.findtext("{*}navLabel/{*}text", "")


def _path(folder: str, address: str) -> str:
    """The name in the archive of what an address in a file of `folder` points to."""
    return posixpath.normpath(posixpath.join(folder, unquote(address.partition("#")[0]))).lstrip("/")


def _read_chapter(book: zipfile.ZipFile, name: str) -> tuple[Content, tuple[str, ...]]:
    data = read_part(book, name, _EXPECTED)
    if not data.strip():
        return Content("", ()), ()
    declared = _DECLARED_ENCODING.match(data.lstrip())
    text, warnings = canonical_text(data, declared=declared[1].decode("ascii") if declared else None)
    page, cut = parse_whole(_CLOSED_AT_ONCE.sub(r"<\1\2></\1>", text))
    for element in page.xpath("//a[contains(@*[name()='epub:type'], 'noteref') or @role='doc-noteref']"):
        _bracket(element)
    return read_blocks(page), warnings + cut


def _bracket(reference: etree._Element) -> None:
    """Put the number of a footnote into brackets: a raised number must not run into the word before it."""
    words = "".join(reference.itertext()).strip()
    if words and not words.startswith(("[", "(")):
        tail = reference.tail
        reference.clear()
        reference.text, reference.tail = f"[{words}]", tail


def _add_chapter(layout: Layout, chapter: Content, label: str) -> None:
    if chapter.blocks and label and not any(block.kind is BlockKind.HEADING for block in chapter.blocks):
        layout.add(BlockKind.HEADING, label, level=1)
    for block in chapter.blocks:
        layout.add(block.kind, block.span.of(chapter.text), level=block.level)
