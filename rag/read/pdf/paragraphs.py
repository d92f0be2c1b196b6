"""Lines of a region to groups, each of which is one block: told by distance, indent, size, weight and what fits."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.read.pdf.reading_order import Row
from rag.read.pdf.table_detection import LEADER, MARKER, Table

# Shares of the type size.
_LARGE = 1.12  # of running text: a heading
_OTHER_SIZE = 0.08
_SMALL = 0.85  # of running text: what stands in the margins
_INDENT = 0.8
_HANG = 0.3
_SPACE = 0.25
_SPARE = 0.5  # more room than the next word needs: the line was ended on purpose

_PARAGRAPH_DISTANCE = 1.2  # times the usual distance of lines
_HEADING_DISTANCE = 1.5  # times the type size: lines of one heading
_MIN_PAIRS = 3  # before a region's own distance of lines is trusted
_FULL = 0.85  # a line is full that ends in the last part of its block
_MIN_BLOCK_LINES = 4
_MIN_FULL_SHARE = 0.6

_MARKED = re.compile(rf"({MARKER.pattern})\s+(?=\S)")
_BULLET = re.compile("[•◦▪▫‣⁃●○■□◆◇➢➤❖✓✔\uf000-\uf0ff]")
_NUMBERED = re.compile(r"\d{1,2}(?:\.\d{1,2})*\.?\s+\S")
_FOOTNOTE_START = re.compile(r"(?:\d{1,3}|[*†‡§]{1,3}|\[\d{1,3}\])[.)]?\s*(?=[^\W\d]|[\"“„(])")
_SENTENCE_END = re.compile(r"[.!?:;…。！？؟۔][\"'”’»)\]]*\d{0,3}$")


@dataclass(frozen=True, slots=True)
class Style:
    """What is usual in a document: type size in points, distance of lines as a share of it, whether bold tells."""

    size: float
    distance: float
    is_bold_telling: bool


@dataclass(slots=True)
class RowGroup:
    """Rows that are one block. `marker` is the start of the first row, "• ", that only says that it is an item."""

    rows: list[Row]
    page: int
    marker: str
    is_large: bool
    is_bold: bool
    turns: list[tuple[int, int]] = field(default_factory=list)  # the rows that begin another page, and that page

    @property
    def size(self) -> float:
        """The type size of the first row, in points."""
        return self.rows[0].size

    @property
    def text(self) -> str:
        """The rows in one line, as they stand there."""
        return " ".join(row.text for row in self.rows).strip()


def groups_of(region: Sequence[Row | Table], page: int, style: Style) -> Iterator[RowGroup | Table]:
    """The blocks of a region, from top to bottom."""
    rows = [item for item in region if isinstance(item, Row)]
    usual = _usual_distances(rows, style)
    rights = _right_edges(rows, usual, style)
    group: RowGroup | None = None
    number = 0
    for index, item in enumerate(region):
        if isinstance(item, Table):
            if group:
                yield group
            group = None
            yield item
            continue
        following = region[index + 1] if index + 1 < len(region) else None
        context = _Context(usual[number], rights[max(0, number - 1)], style, following)
        number += 1
        marker = _marker(group, item, context)
        if group and not marker and not _begins(group, item, context):
            group.rows.append(item)
            continue
        if group:
            yield group
        group = RowGroup([item], page, marker, _is_large(item, style), item.bold)
    if group:
        yield group


def footnotes_of(region: Sequence[Row | Table], page: int, style: Style) -> Iterator[RowGroup | Table]:
    """The blocks of a region of footnotes: each begins with its number or mark."""
    for group in groups_of(region, page, style):
        if isinstance(group, Table) or not _FOOTNOTE_START.match(group.rows[0].text):
            yield group
            continue
        starts = [n for n, row in enumerate(group.rows) if n == 0 or _is_next_note(row, group.rows[n - 1])]
        for start, end in pairwise([*starts, len(group.rows)]):
            marker = group.marker if start == 0 else ""
            yield RowGroup(group.rows[start:end], page, marker, group.is_large, group.is_bold)


def _is_next_note(row: Row, before: Row) -> bool:
    return _FOOTNOTE_START.match(row.text) is not None and _SENTENCE_END.search(before.text) is not None


def is_continued(before: RowGroup | Table, group: RowGroup | Table) -> bool:
    """Whether a paragraph plainly goes on in the next column or on the next page: in the middle of a sentence."""
    if isinstance(before, Table) or isinstance(group, Table):
        return False
    if before.is_large or group.is_large or group.marker or before.is_bold != group.is_bold:
        return False
    if abs(before.rows[-1].size - group.size) > _OTHER_SIZE * group.size:
        return False
    return not _SENTENCE_END.search(before.rows[-1].text) and group.rows[0].text.lstrip("\"'“‘«(")[:1].islower()


@dataclass(frozen=True, slots=True)
class _Context:
    usual: float  # distance of lines, in points
    right: float  # edge that the line before could have reached
    style: Style
    following: Row | Table | None


def _is_large(row: Row, style: Style) -> bool:
    return row.size >= _LARGE * style.size


def _usual_distances(rows: Sequence[Row], style: Style) -> list[float]:
    """For each row, the distance to the row above that is usual for its size in this region, or in the document."""
    seen: dict[float, Counter[float]] = defaultdict(Counter)
    for above, below in pairwise(rows):
        if abs(above.size - below.size) < 0.5 and 0.8 * below.size < below.y - above.y < 3 * below.size:
            seen[round(below.size)][round((below.y - above.y) * 2) / 2] += 1
    usual = []
    for row in rows:
        counts = seen[round(row.size)]
        if counts.total() >= _MIN_PAIRS:
            most = max(counts.values())
            usual.append(min(distance for distance, count in counts.items() if count >= max(2, 0.4 * most) or most < 2))
        else:
            usual.append(style.distance * row.size)
    return usual


def _right_edges(rows: Sequence[Row], usual: Sequence[float], style: Style) -> list[float]:
    """For each row, how far a line could reach: the region's edge, or that of a narrower block set evenly.

    What a browser prints small in the margins, the date and the address, reaches further than the text.
    """
    if not rows:
        return []
    edge = max(row.x1 for row in rows)
    text_edge = max((row.x1 for row in rows if row.size > _SMALL * style.size), default=edge)
    rights = [text_edge if row.size > _SMALL * style.size else edge for row in rows]
    start = 0
    for index in range(1, len(rows) + 1):
        if index < len(rows) and rows[index].y - rows[index - 1].y <= _PARAGRAPH_DISTANCE * usual[index]:
            continue
        block = rows[start:index]
        right, left = max(row.x1 for row in block), min(row.x0 for row in block)
        full = sum(row.x1 >= left + _FULL * (right - left) for row in block)
        if len(block) >= _MIN_BLOCK_LINES and full >= _MIN_FULL_SHARE * len(block):
            rights[start:index] = [right] * len(block)
        start = index
    return rights


def _marker(group: RowGroup | None, row: Row, context: _Context) -> str:
    """The marker of the list item that begins here, with the space behind it; "" where none does."""
    found = _MARKED.match(row.text)
    if not found or _is_large(row, context.style):
        return ""
    if row.bold and context.style.is_bold_telling and not _BULLET.match(row.text):
        return ""  # "1. Scope" in bold is a heading
    if group and not _BULLET.match(row.text) and not _may_be_item(group, row, found[1], context):
        return ""
    return found[0]


def _may_be_item(group: RowGroup, row: Row, marker: str, context: _Context) -> bool:
    """Whether a number or a dash at the start of a line can be a marker: in a paragraph it may come to stand there."""
    before = group.rows[-1]
    if group.is_large or group.is_bold or row.y - before.y > _PARAGRAPH_DISTANCE * context.usual:
        return True
    number, is_ended = _count(marker), _SENTENCE_END.search(before.text) is not None
    if group.marker and abs(row.x0 - group.rows[0].x0) < _HANG * row.size:
        last = group.marker.strip()
        return is_ended or (last == marker if number is None else number == (_count(last) or 0) + 1)
    if number is None:
        return is_ended or _fits(before, row, context)
    return is_ended and number == 1


def _count(marker: str) -> int | None:
    """The place of a counting marker in its list: 1 for "1.", "a)" and "(i)"; None for what does not count."""
    name = marker.strip("().")
    if name.isdecimal():
        return int(name)
    if name == "i":
        return 1
    return ord(name) - ord("a") + 1 if len(name) == 1 and "a" <= name <= "z" else None


def _begins(group: RowGroup, row: Row, context: _Context) -> bool:
    """Whether a new block begins with this row."""
    before = group.rows[-1]
    distance = row.y - before.y
    if distance <= 0 or abs(before.size - row.size) > _OTHER_SIZE * max(row.size, before.size):
        return True
    if LEADER.search(before.text):
        return True
    is_open = not _SENTENCE_END.search(before.text) and row.text[:1].islower()
    if before.bold != row.bold and context.style.is_bold_telling and len(group.rows) <= 2 and not is_open:
        return True
    if _is_large(row, context.style):
        return distance > _HEADING_DISTANCE * row.size or _NUMBERED.match(row.text) is not None
    if distance > _PARAGRAPH_DISTANCE * context.usual:
        return True
    if group.marker and row.x0 > group.rows[0].x0 + _HANG * row.size:
        return False  # it hangs under its item
    return _is_indented(group, row, context) or (_fits(before, row, context) and not is_open)


def _is_indented(group: RowGroup, row: Row, context: _Context) -> bool:
    """Whether the start of the row says that a paragraph begins: set in, or set out where the others hang."""
    before, step = group.rows[-1], _INDENT * row.size
    if row.x0 > before.x0 + step:
        following = context.following
        hangs = isinstance(following, Row) and abs(following.x0 - row.x0) < step and len(group.rows) == 1
        return not hangs
    return len(group.rows) > 1 and row.x0 < before.x0 - step


def _fits(before: Row, row: Row, context: _Context) -> bool:
    """Whether the first word of this row had room on the line before, which was ended on purpose then."""
    return context.right - before.x1 > row.first_width + (_SPACE + _SPARE) * row.size
