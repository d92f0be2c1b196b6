"""OpenDocument: texts (ODT), sheets (ODS) and slides (ODP), read from their one XML part.

Deleted text that a document keeps for its history is left out. Slides and sheets are counted as pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from lxml import etree

from rag.errors import UnreadableDocument
from rag.read.layout import Content, Layout
from rag.read.notes import Notes
from rag.read.office.style_chain import style_chain
from rag.read.tables import add_table
from rag.read.zip_container import MAX_MAIN_PART_BYTES, open_archive, read_part, read_xml
from rag.records import BlockKind

_EXPECTED = "an OpenDocument file"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_FONT = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"

_NOT_SHOWN = frozenset(
    (
        *(_TEXT + name for name in ("tracked-changes", "note", "ruby-text", "table-of-content", "alphabetical-index")),
        f"{_OFFICE}annotation",
        f"{_OFFICE}forms",
        f"{_DRAW}frame",  # comes after its paragraph
    )
)
_MAX_REPEATED_CHARS = 100
_MAX_COLUMNS = 1_000
_MAX_ROWS = 50_000
_MAX_DEPTH = 200
_BOLD_WEIGHTS = ("bold", "600", "700", "800", "900")
_MAX_CELL_CHARS = 400  # a longer cell is prose that a table holds in place


@dataclass(slots=True)
class _OdfBody:
    layout: Layout
    parents: Mapping[str, str]  # of a style, the one that it is based on
    weights: Mapping[str, str]  # of a style, how bold it says that it is, "" if it does not
    page: int | None = None
    title: str = ""
    notes: Notes = field(default_factory=Notes)
    warnings: dict[str, None] = field(default_factory=dict)


def read_odf(data: bytes) -> Content:
    """The document's text. Title: that of its properties, else its first heading of the first level.

    Raises UnreadableDocument for what is damaged, protected, or no OpenDocument file.
    """
    archive = open_archive(data, _EXPECTED)
    if b"encryption-data" in read_part(archive, "META-INF/manifest.xml", _EXPECTED):
        raise UnreadableDocument("it is protected by a password; save it without one")
    root = read_xml(archive, "content.xml", _EXPECTED, max_bytes=MAX_MAIN_PART_BYTES)
    content = next(iter(root.find(f"{_OFFICE}body") if root.find(f"{_OFFICE}body") is not None else ()), None)
    if content is None:
        raise UnreadableDocument(f"content.xml in it has no body; {_EXPECTED} was expected; get the file again")
    roots = [root]
    with suppress(UnreadableDocument):
        roots.append(read_xml(archive, "styles.xml", _EXPECTED))
    styles = {style.get(f"{_STYLE}name", ""): style for tree in roots for style in tree.iter(f"{_STYLE}style")}
    parents = {name: style.get(f"{_STYLE}parent-style-name", "") for name, style in styles.items()}
    body = _OdfBody(Layout(), parents, {name: _weight(style) for name, style in styles.items()})
    if content.tag == f"{_OFFICE}spreadsheet":
        _add_sheets(body, content)
    elif content.tag == f"{_OFFICE}presentation":
        _add_slides(body, content)
    else:
        _add_flow(body, content)
    body.notes.write(body.layout)
    title = ""
    with suppress(UnreadableDocument):
        title = " ".join(read_xml(archive, "meta.xml", _EXPECTED).findtext(".//{*}title", "").split())
    return body.layout.content(title=title or body.title, warnings=tuple(body.warnings), is_titled_by_first=True)


def _weight(style: etree._Element) -> str:
    properties = style.find(f"{_STYLE}text-properties")
    return "" if properties is None else str(properties.get(f"{_FONT}font-weight", ""))


def _add_flow(body: _OdfBody, element: etree._Element, *, item: int = 0, depth: int = 0) -> None:
    """The paragraphs, headings, lists and tables under `element`; `item` is how deep in lists it stands."""
    if depth > _MAX_DEPTH:
        return
    for child in element:
        if not isinstance(child.tag, str) or (child.tag in _NOT_SHOWN and child.tag != f"{_DRAW}frame"):
            continue
        if child.tag == f"{_TEXT}h":
            level = child.get(f"{_TEXT}outline-level", "1")
            body.notes.write(body.layout)
            _add_heading(body, _text(child, body.notes), int(level) if level.isdecimal() and len(level) < 3 else 1)
        elif child.tag == f"{_TEXT}p":
            _add_paragraph(body, child, item)
        elif child.tag == f"{_TEXT}list":
            _add_flow(body, child, item=item + 1, depth=depth + 1)
        elif child.tag == f"{_TABLE}table":
            _add_table(body, child)
        else:
            _add_flow(body, child, item=item, depth=depth + 1)


def _add_heading(body: _OdfBody, text: str, level: int) -> None:
    if level == 1:
        body.title = body.title or " ".join(text.split())
    body.layout.add(BlockKind.HEADING, text, level=level, page=body.page)


def _add_paragraph(body: _OdfBody, paragraph: etree._Element, item: int) -> None:
    before = body.notes.count
    text = _text(paragraph, body.notes)
    style = paragraph.get(f"{_TEXT}style-name", "")
    if "Title" in (style, body.parents.get(style)):
        body.notes.write(body.layout, up_to=before)
        _add_heading(body, text, 1)
    elif item:
        body.layout.add(BlockKind.LIST_ITEM, text, level=item, page=body.page)
    else:
        kind = BlockKind.BOLD_HEADING if _is_bold(body, paragraph) else BlockKind.PARAGRAPH
        body.layout.add(kind, text, page=body.page)
    for box in paragraph.iter(f"{_DRAW}text-box"):
        if next(box.iterancestors(f"{_TEXT}p"), None) is paragraph:
            _add_flow(body, box)


def _is_bold(body: _OdfBody, paragraph: etree._Element) -> bool:
    """Whether all words of a paragraph are bold, as the styles of the paragraph and of its spans say."""
    runs = [(paragraph, paragraph.text)]
    for child in paragraph:
        runs += [(child, "".join(child.itertext())), (paragraph, child.tail)]
    own = _is_bold_style(body, paragraph.get(f"{_TEXT}style-name", "")) or False
    said = [element for element, words in runs if (words or "").strip()]
    of_runs = (own if e is paragraph else _is_bold_style(body, e.get(f"{_TEXT}style-name", "")) for e in said)
    return bool(said) and all(own if is_bold is None else is_bold for is_bold in of_runs)


def _is_bold_style(body: _OdfBody, name: str) -> bool | None:
    """Whether a style, or the nearest one that it is based on and that says so, is bold."""
    chain = style_chain(name, lambda style: body.parents.get(style, ""))
    return next((weight in _BOLD_WEIGHTS for style in chain if (weight := body.weights.get(style))), None)


def _text(element: etree._Element, notes: Notes | None = None, depth: int = 0) -> str:
    """The words of a paragraph as they are shown; a note becomes its mark, and is put into `notes`."""
    parts: list[str] = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}note":
            words = " ".join(_text(p) for p in child.iterfind(f"{_TEXT}note-body/{_TEXT}p"))
            if notes is not None and words.strip():
                parts.append(notes.refer(words))
        elif child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c", "1")
            parts.append(" " * min(int(count) if count.isdecimal() and len(count) < 5 else 1, _MAX_REPEATED_CHARS))
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            parts.append(" ")
        elif isinstance(child.tag, str) and child.tag not in _NOT_SHOWN and depth < _MAX_DEPTH:
            parts.append(_text(child, notes, depth + 1))
        parts.append(child.tail or "")
    return "".join(parts)


def _add_sheets(body: _OdfBody, content: etree._Element) -> None:
    for number, sheet in enumerate(content.iterfind(f"{_TABLE}table"), start=1):
        body.page = number
        body.layout.add(BlockKind.HEADING, sheet.get(f"{_TABLE}name", ""), level=1, page=number)
        rows = _rows(body, sheet)
        body.warnings |= dict.fromkeys(add_table(body.layout, rows, _width(rows), page=number))


def _add_slides(body: _OdfBody, content: etree._Element) -> None:
    for number, slide in enumerate(content.iterfind(f"{_DRAW}page"), start=1):
        body.page = number
        frames = list(slide.iterfind(f"{_DRAW}frame"))
        titles = [frame for frame in frames if frame.get(f"{_PRESENTATION}class") == "title"]
        for frame in titles:
            _add_heading(body, " ".join(_text(p) for p in frame.iter(f"{_TEXT}p")), 1)
        for frame in frames:
            if frame not in titles:
                _add_flow(body, frame)


def _add_table(body: _OdfBody, table: etree._Element) -> None:
    rows = _rows(body, table)
    width = _width(rows)
    if width < 2 or len(rows) < 2 or any(len(cell) > _MAX_CELL_CHARS for row in rows for cell in row):
        for cell in table.iter(f"{_TABLE}table-cell"):
            if next(cell.iterancestors(f"{_TABLE}table")) is table:
                _add_flow(body, cell)
        return
    is_named = table.find(f"{_TABLE}table-header-rows") is not None
    add_table(body.layout, rows, width, page=body.page, has_names=True if is_named else None)


def _rows(body: _OdfBody, table: etree._Element) -> list[list[str]]:
    """The rows with any cell filled. What is repeated counts once a row, and for no more columns than anyone reads."""
    rows: list[list[str]] = []
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is not table:
            continue
        if len(rows) >= _MAX_ROWS:
            body.warnings[f"only the first {_MAX_ROWS:,} rows of a table were read"] = None
            break
        cells: list[str] = []
        for cell in row:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            repeated = cell.get(f"{_TABLE}number-columns-repeated", "1")
            times = int(repeated) if repeated.isdecimal() and len(repeated) < 6 else 1
            text = " ".join(_text(p, body.notes).strip() for p in cell.iterfind(f"{_TEXT}p"))
            lists = (_text(p, body.notes).strip() for p in cell.iterfind(f".//{_TEXT}list//{_TEXT}p"))
            text = " ".join(part for part in (text, *lists) if part)
            cells += [text] * min(times, _MAX_COLUMNS - len(cells))
        if any(cell.strip() for cell in cells):
            rows.append(cells)
    return rows


def _width(rows: list[list[str]]) -> int:
    return len({column for row in rows for column, cell in enumerate(row) if cell.strip()})
