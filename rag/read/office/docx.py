"""Word documents (DOCX): paragraphs, headings, lists and tables in the order of the body, notes after their section.

Read from the XML itself: python-docx passes over content controls, text boxes and notes, and shows deleted text beside
what replaced it. Insertions count, deletions do not; hidden text and the table of contents are left out. Word stores no
page numbers.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from lxml import etree

from rag.errors import UnreadableDocument
from rag.read.layout import Content, Layout
from rag.read.notes import Notes
from rag.read.office.docx_unseen import unseen_warning
from rag.read.office.style_chain import style_chain
from rag.read.tables import add_table
from rag.read.zip_container import MAX_MAIN_PART_BYTES, open_archive, read_xml
from rag.records import BlockKind

_EXPECTED = "a Word document (.docx)"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Of a paragraph's parts, those whose words are not its own; text boxes come after it.
_NOT_SHOWN = frozenset(
    (_FALLBACK, *(_W + name for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "rt", "txbxContent")))
)
_WRAPPERS = frozenset(_W + name for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "body"))
_MARKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "\N{NON-BREAKING HYPHEN}", "ptab": " "}
# Style names of a table of contents and of its heading, as Word writes them in every language.
_OF_CONTENTS = re.compile(r"toc (?:[1-9]|heading)")
_MAX_CELL_CHARS = 400  # a longer cell is prose that a table holds in place
_MAX_DEPTH = 200
_LEVELS = 9


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    based_on: str
    level: int | None  # of the outline, from 1; 0: body text; None: as the style that it is based on
    is_list: bool
    is_bold: bool | None  # None: as the style that it is based on


@dataclass(slots=True)
class _DocxBody:
    """What is being written, and what it may refer to."""

    layout: Layout
    styles: Mapping[str, _Style]
    note_texts: Mapping[str, str]  # of footnotes and endnotes, by kind and id
    title: str = ""
    notes: Notes = field(default_factory=Notes)

    def refer(self, note_id: str) -> str:
        """The mark of a reference to a note."""
        return self.notes.refer(self.note_texts.get(note_id, ""))


def read_docx(data: bytes) -> Content:
    """The document's text. Title: that of its properties, else the first paragraph in the style "Title".

    Raises UnreadableDocument for what is damaged, protected, or no Word document.
    """
    archive = open_archive(data, _EXPECTED)
    main = _main_part(archive)
    root = read_xml(archive, main, _EXPECTED, max_bytes=MAX_MAIN_PART_BYTES)
    content = root.find(f"{_W}body")
    if content is None:
        raise UnreadableDocument(f"{main} in it has no body; {_EXPECTED} was expected; get the file again")
    folder = posixpath.dirname(main)
    body = _DocxBody(Layout(), _styles(archive, f"{folder}/styles.xml"), _note_texts(archive, folder))
    for element in _blocks(content):
        _add_block(body, element)
    body.notes.write(body.layout)
    title = _property_title(archive) or body.title
    return body.layout.content(title=title, warnings=unseen_warning(content), is_titled_by_first=True)


def _main_part(archive: zipfile.ZipFile) -> str:
    """Where the text is, as the archive's relations say."""
    for relation in read_xml(archive, "_rels/.rels", _EXPECTED).iter("{*}Relationship"):
        if relation.get("Type", "").endswith("/officeDocument") and relation.get("TargetMode") != "External":
            target = posixpath.normpath(relation.get("Target", "")).lstrip("/")
            if "word" in target or target.endswith("document.xml"):
                return str(target)
    raise UnreadableDocument(f"it holds no text of Word; {_EXPECTED} was expected")


def _property_title(archive: zipfile.ZipFile) -> str:
    with suppress(UnreadableDocument):
        title: str = read_xml(archive, "docProps/core.xml", _EXPECTED).findtext("{*}title", "")
        return " ".join(str(title).split())
    return ""


def _styles(archive: zipfile.ZipFile, name: str) -> dict[str, _Style]:
    found: dict[str, _Style] = {}
    with suppress(UnreadableDocument):
        for style in read_xml(archive, name, _EXPECTED).iter(f"{_W}style"):
            properties = style.find(f"{_W}pPr")
            found[style.get(f"{_W}styleId", "")] = _Style(
                _value(style, "name").casefold(),
                _value(style, "basedOn"),
                _outline_level(properties),
                properties is not None and properties.find(f"{_W}numPr") is not None,
                _switch(style.find(f"{_W}rPr"), "b"),
            )
    return found


def _value(element: etree._Element | None, name: str) -> str:
    """The attribute `val` of a child, "" where there is none."""
    child = None if element is None else element.find(_W + name)
    return "" if child is None else str(child.get(f"{_W}val", ""))


def _switch(properties: etree._Element | None, name: str) -> bool | None:
    """Whether a property that is on or off is on; None where it is not said."""
    mark = None if properties is None else properties.find(_W + name)
    return None if mark is None else mark.get(f"{_W}val", "true") not in ("0", "false", "off")


def _outline_level(properties: etree._Element | None) -> int | None:
    value = _value(properties, "outlineLvl")
    if not value.isdecimal():
        return None
    return int(value) + 1 if int(value) < _LEVELS else 0


def _blocks(element: etree._Element, depth: int = 0) -> Iterator[etree._Element]:
    """The paragraphs and tables in order, also those inside content controls."""
    if depth > _MAX_DEPTH:
        return
    for child in element:
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _blocks(child, depth + 1)


def _add_block(body: _DocxBody, element: etree._Element) -> None:
    if element.tag == f"{_W}tbl":
        _add_table(body, element)
        return
    if _is_of_contents(element, body.styles):
        return
    before = body.notes.count
    text = _text(element, body.refer)
    level, is_item, depth = _role(element, body.styles)
    if level:
        body.notes.write(body.layout, up_to=before)
        body.title = body.title or (" ".join(text.split()) if level == 1 else "")
        body.layout.add(BlockKind.HEADING, text, level=level)
    elif is_item:
        body.layout.add(BlockKind.LIST_ITEM, text, level=depth)
    else:
        is_bold = _is_bold(element, body.styles)
        body.layout.add(BlockKind.BOLD_HEADING if is_bold else BlockKind.PARAGRAPH, text)
    for box in element.iter(f"{_W}txbxContent"):
        if not any(ancestor.tag == _FALLBACK for ancestor in box.iterancestors()):
            for inner in box.iter(f"{_W}p"):
                body.layout.add(BlockKind.PARAGRAPH, _text(inner, body.refer))


def _is_of_contents(paragraph: etree._Element, styles: Mapping[str, _Style]) -> bool:
    """Whether it stands in the table of contents: a title with a page, which says nothing that its section does not."""
    style = styles.get(_value(paragraph.find(f"{_W}pPr"), "pStyle"))
    return style is not None and _OF_CONTENTS.fullmatch(style.name) is not None


def _role(paragraph: etree._Element, styles: Mapping[str, _Style]) -> tuple[int, bool, int]:
    """Level of a heading or 0, whether it is a list item, and how deep that stands, from 1."""
    properties = paragraph.find(f"{_W}pPr")
    level, is_list = _outline_level(properties), False
    for style in _chain(_value(properties, "pStyle"), styles):
        if level is None:
            level = 1 if style.name == "title" else style.level
        is_list = is_list or style.is_list
    numbering = None if properties is None else properties.find(f"{_W}numPr")
    if numbering is not None:
        is_list = _value(numbering, "numId") != "0"
    depth = _value(numbering, "ilvl")
    return level or 0, is_list, int(depth) + 1 if depth.isdecimal() and len(depth) == 1 else 1


def _is_bold(paragraph: etree._Element, styles: Mapping[str, _Style]) -> bool:
    """Whether all words of a paragraph are bold, as its runs, their styles or its own style say."""
    of_paragraph = _is_bold_style(_value(paragraph.find(f"{_W}pPr"), "pStyle"), styles)
    is_any = False
    for run in paragraph.iter(f"{_W}r"):
        if _is_hidden(run) or not _text(run).strip():
            continue
        properties = run.find(f"{_W}rPr")
        is_bold = _switch(properties, "b")
        if is_bold is None:
            is_bold = _is_bold_style(_value(properties, "rStyle"), styles)
        if not (of_paragraph if is_bold is None else is_bold):
            return False
        is_any = True
    return is_any


def _is_bold_style(style_id: str, styles: Mapping[str, _Style]) -> bool | None:
    """Whether a style, or the nearest one that it is based on and that says so, is bold."""
    return next((style.is_bold for style in _chain(style_id, styles) if style.is_bold is not None), None)


def _chain(style_id: str, styles: Mapping[str, _Style]) -> Iterator[_Style]:
    """A style and those that it is based on; none where there is no such style."""
    for name in style_chain(style_id, lambda name: styles[name].based_on if name in styles else ""):
        if name in styles:
            yield styles[name]


def _text(element: etree._Element, refer: Callable[[str], str] | None = None) -> str:
    """The words of a paragraph as they are shown. `refer` gives the mark in place of a reference to a note."""
    parts: list[str] = []
    waiting = [iter(element)]
    while waiting:
        child = next(waiting[-1], None)
        if child is None:
            waiting.pop()
        elif child.tag in _NOT_SHOWN or not isinstance(child.tag, str):
            continue
        elif child.tag in (f"{_W}t", _MATH):
            parts.append(child.text or "")
        elif child.tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
            if refer is not None:
                parts.append(refer(f"{child.tag.removeprefix(_W)[:-9]} {child.get(f'{_W}id', '')}"))
        elif child.tag == f"{_W}r" and _is_hidden(child):
            continue
        elif child.tag.removeprefix(_W) in _MARKS:
            parts.append(_MARKS[child.tag.removeprefix(_W)])
        elif len(waiting) < _MAX_DEPTH:
            waiting.append(iter(child))
    return "".join(parts)


def _is_hidden(run: etree._Element) -> bool:
    return _switch(run.find(f"{_W}rPr"), "vanish") or False


def _add_table(body: _DocxBody, table: etree._Element) -> None:
    """The rows of a table; one that only holds prose in place becomes that prose."""
    rows: list[list[str]] = []
    cells: list[etree._Element] = []
    above: dict[int, str] = {}
    for row in _rows(table):
        texts: list[str] = []
        for cell in row.iter(f"{_W}tc"):
            if next(cell.iterancestors(f"{_W}tr")) is not row:
                continue  # of a table inside
            cells.append(cell)
            text = " ".join(_text(paragraph, body.refer).strip() for paragraph in cell.iter(f"{_W}p"))
            merged = cell.find(f"{_W}tcPr/{_W}vMerge")
            # A cell that reaches over several rows counts for each of them.
            if merged is not None and merged.get(f"{_W}val") != "restart":
                text = above.get(len(texts), "")
            above[len(texts)] = text
            span = _value(cell.find(f"{_W}tcPr"), "gridSpan")
            texts += [text, *[""] * (int(span) - 1 if span.isdecimal() and len(span) < 3 else 0)]
        rows.append(texts)
    width = max(map(len, rows), default=0)
    is_layout = width < 2 or len(rows) < 2 or any(len(text) > _MAX_CELL_CHARS for row in rows for text in row)
    if is_layout:
        for cell in cells:
            for paragraph in cell.iter(f"{_W}p"):
                if next(paragraph.iterancestors(f"{_W}tc")) is cell:
                    body.layout.add(BlockKind.PARAGRAPH, _text(paragraph))
        return
    is_named = table.find(f"{_W}tr/{_W}trPr/{_W}tblHeader") is not None
    add_table(body.layout, rows, width, has_names=True if is_named else None)


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for row in table.iter(f"{_W}tr"):
        deleted = row.find(f"{_W}trPr/{_W}del") is not None
        if next(row.iterancestors(f"{_W}tbl")) is table and not deleted:
            yield row


def _note_texts(archive: zipfile.ZipFile, folder: str) -> dict[str, str]:
    """The footnotes and endnotes by kind and id; also those that nothing refers to."""
    found: dict[str, str] = {}
    for kind in ("footnote", "endnote"):
        with suppress(UnreadableDocument):
            for note in read_xml(archive, f"{folder}/{kind}s.xml", _EXPECTED).iter(_W + kind):
                text = " ".join(_text(paragraph) for paragraph in note.iter(f"{_W}p"))
                found[f"{kind} {note.get(f'{_W}id', '')}"] = text
    return found
