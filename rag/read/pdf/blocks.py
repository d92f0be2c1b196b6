"""Rows and tables of a whole PDF to blocks: headings, list items, paragraphs also over a page's end, footnotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from rag.read.layout import Content, Layout
from rag.read.pdf.contents import without_contents
from rag.read.pdf.headings import HeadingLevels, heading_levels, is_heading
from rag.read.pdf.hyphens import count_words, join_lines
from rag.read.pdf.paragraphs import RowGroup, Style, footnotes_of, groups_of, is_continued
from rag.read.pdf.reading_order import Row, usual_size
from rag.read.pdf.recognised_words import recognised_in
from rag.read.pdf.table_detection import Table
from rag.records import BlockKind

Region = Sequence[Row | Table]

# Shares of the type size of running text.
_FOOTNOTE_SIZE = 0.92
_ITEM_STEP = 0.5
_SAME_START = 2.0  # points
_MAX_BOLD_SHARE = 0.4  # of all characters; where more is bold, it marks nothing


@dataclass(frozen=True, slots=True)
class PdfPage:
    """What stands on a page, counted from 1: its regions in reading order."""

    number: int
    regions: Sequence[Region]


def write_blocks(pages: Sequence[PdfPage], *, title: str, warnings: tuple[str, ...]) -> Content:
    """The pages as blocks. A page's footnotes come after its text, which goes on over them to the next page."""
    rows = [row for page in pages for region in page.regions for row in region if isinstance(row, Row)]
    style = _style(rows)
    body: list[list[RowGroup | Table]] = []
    notes: list[list[RowGroup | Table]] = []
    for page in pages:
        regions, footnotes = _without_footnotes(page.regions, style)
        body.append(_joined([list(groups_of(region, page.number, style)) for region in regions]))
        notes.append([group for region in footnotes for group in footnotes_of(region, page.number, style)])
    _join_pages(body)
    body, left_out = without_contents(body)
    texts = (row.text for row in rows)
    cells = (cell for table in _tables(pages) for cell in chain(table.headers, *table.rows))
    writer = _Writer(style, heading_levels(body, style), count_words(chain(texts, cells)))
    for page, groups, below in zip(pages, body, notes, strict=True):
        writer.write(groups, page.number)
        writer.write(below, page.number)
    return writer.layout.content(title=title, warnings=(*_contents_warning(left_out), *warnings))


def _contents_warning(lines: int) -> tuple[str, ...]:
    return (f"{lines:,} lines of a table of contents were left out",) if lines else ()


def _tables(pages: Sequence[PdfPage]) -> Iterator[Table]:
    return (item for page in pages for region in page.regions for item in region if isinstance(item, Table))


def _style(rows: Sequence[Row]) -> Style:
    """What is usual in the document: the type size of most characters, and the distance of lines as a share of it."""
    distances: Counter[float] = Counter()
    characters = sum(len(row.text) for row in rows)
    bold = sum(len(row.text) for row in rows if row.bold)
    size = usual_size(rows)
    for above, below in pairwise(rows):
        share = round((below.y - above.y) / above.size, 1)
        if abs(above.size - size) < 0.5 and 0.8 <= share <= 3:
            distances[share] += 1
    distance = max(distances.items(), key=lambda item: (item[1], -item[0]))[0] if distances else 1.25
    return Style(size, distance, is_bold_telling=bold <= _MAX_BOLD_SHARE * characters)


def _without_footnotes(regions: Sequence[Region], style: Style) -> tuple[list[Region], list[Region]]:
    """The regions without the small lines at the bottom of their columns, and those lines."""
    small = _FOOTNOTE_SIZE * style.size
    if not any(isinstance(item, Row) and item.size > small for region in regions for item in region):
        return list(regions), []
    kept: list[Region] = list(regions)
    notes: list[Region] = []
    for index, region in reversed(list(enumerate(regions))):
        if any(_is_below(other, region) for other in kept[index + 1 :]):
            continue
        end = len(region)
        while end and isinstance(row := region[end - 1], Row) and row.size <= small:
            end -= 1
        if end < len(region) and (end or index):
            kept[index] = region[:end]
            notes.insert(0, region[end:])
    return [region for region in kept if region], notes


def _is_below(region: Region, other: Region) -> bool:
    """Whether something of `region` stands below all of `other`, in the same column."""
    rows = [row for row in region if isinstance(row, Row)]
    others = [row for row in other if isinstance(row, Row)]
    if not rows or not others:
        return bool(region)
    overlap = min(max(r.x1 for r in rows), max(r.x1 for r in others)) - max(
        min(r.x0 for r in rows), min(r.x0 for r in others)
    )
    return overlap > 0 and max(r.y for r in rows) > max(r.y for r in others)


def _joined(regions: Sequence[list[RowGroup | Table]]) -> list[RowGroup | Table]:
    """The groups of a page; a paragraph that runs over the end of its column is one."""
    joined: list[RowGroup | Table] = []
    for groups in regions:
        if joined and groups and is_continued(joined[-1], groups[0]):
            _extend(joined[-1], groups.pop(0))
        joined += groups
    return joined


def _join_pages(pages: Sequence[list[RowGroup | Table]]) -> None:
    """Move what continues a page's last paragraph to it, and give a table that goes on the headers it began with."""
    last: RowGroup | Table | None = None
    for groups in pages:
        if groups and last is not None:
            first = groups[0]
            if isinstance(last, Table) and isinstance(first, Table):
                groups[0] = _with_headers(first, last)
            elif is_continued(last, first):
                _extend(last, first)
                groups.pop(0)
        # A page with nothing else than the rest of a paragraph leaves it open to the next one.
        last = groups[-1] if groups else last


def _extend(group: RowGroup | Table, rest: RowGroup | Table) -> None:
    if isinstance(group, RowGroup) and isinstance(rest, RowGroup):
        group.turns += [(len(group.rows), rest.page), *((len(group.rows) + row, page) for row, page in rest.turns)]
        group.rows += rest.rows


def _with_headers(table: Table, before: Table) -> Table:
    is_same = len(table.starts) == len(before.starts) and all(
        abs(a - b) <= _SAME_START for a, b in zip(table.starts, before.starts, strict=True)
    )
    return Table(before.headers, table.rows, table.starts) if is_same and not table.headers else table


class _Writer:
    """Writes groups as blocks."""

    def __init__(self, style: Style, levels: HeadingLevels, words: Counter[str]) -> None:
        self.layout = Layout()
        self._style = style
        self._levels = levels
        self._words = words
        self._indents: list[float] = []  # of the list items we are in

    def write(self, groups: Sequence[RowGroup | Table], page: int) -> None:
        """Write the groups of a page, counted from 1."""
        for group in groups:
            if isinstance(group, Table):
                self._indents = []
                self._write_table(group, page)
                continue
            first, *others = group.rows
            lines = [first.text[len(group.marker) :], *(row.text for row in others)]
            text = join_lines(lines, self._words)
            turns = [(len(join_lines(lines[:row], self._words)), turned) for row, turned in group.turns]
            seen = recognised_in(text, group.rows)
            if group.marker:
                depth = self._depth(group)
                self.layout.add(BlockKind.LIST_ITEM, text, level=depth, page=page, turns=turns, recognised=seen)
                continue
            self._indents = []
            if is_heading(group, self._style):
                self.layout.add(BlockKind.HEADING, text, level=self._levels.of(group), page=page, recognised=seen)
            else:
                self.layout.add(BlockKind.PARAGRAPH, text, page=page, turns=turns, recognised=seen)

    def _write_table(self, table: Table, page: int) -> None:
        if table.headers:
            self.layout.add_table(table.headers, table.rows, page=page)
        for row in () if table.headers else table.rows:
            # "Name:" in front of a cell is its header.
            name, *cells = row
            if name.endswith(":") and len(cells) == 1 and cells[0]:
                self.layout.add_table([name], [cells], page=page)
            else:
                self.layout.add_table([], [row], page=page)

    def _depth(self, group: RowGroup) -> int:
        indent, step = group.rows[0].x0, _ITEM_STEP * group.size
        while self._indents and self._indents[-1] > indent + step:
            self._indents.pop()
        if not self._indents or self._indents[-1] < indent - step:
            self._indents.append(indent)
        return len(self._indents)
