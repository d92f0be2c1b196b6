"""Words on a page to regions of lines in the order of reading: columns side by side, bands one above the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.read.pdf.page_words import Frame, Word
from rag.read.pdf.right_to_left import is_right_to_left

# Shares of the type size.
_SAME_LINE = 0.45  # a raised number is still on its line
_WIDE_GAP = 0.8  # wider than this is no space between words: a gutter, a cell, a tab
_WIDE_SPACE = 1.6  # a space in justified lines can be as wide
_GLUED_GAP = 0.12

_MIN_COLUMN_LINES = 3
_MIN_COLUMN_CHARACTERS = 18  # the usual line of a column is at least this long
_MIN_SMALL_BAND_CHARACTERS = 12
_MIN_LOWER_SHARE = 0.25  # of lines that begin in the middle of a sentence; in tables cells begin with a capital
_MAX_DEPTH = 3
_MAX_CANDIDATES = 24
# Lines of a column that begin where it does on another page; items and cells of the left one are set in.
_MIN_LEFT_STARTS = 0.3
_MIN_RIGHT_STARTS = 0.5
_SAME_START = 3.0  # points
_EDGE_SHARE = 0.1  # of the width: no gutter is as close to the edge of the text


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of one line without a wide gap; `order` counts the pieces of a page as the file gives them."""

    words: tuple[Word, ...]
    order: int
    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The pieces that stand on one line of a region, from its start to its end."""

    pieces: tuple[Segment, ...]
    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    first_width: float  # of the first word


def usual_size(lines: Iterable[Segment | Row]) -> float:
    """The type size of most characters, in half points; the smaller of two, and 10 where there is nothing."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], -size), default=10.0)


def pieces_of(frame: Frame) -> list[Segment]:
    """The pieces of a frame in file order. Where most is written from right to left, x counts from the right edge."""
    words = frame.words
    if sum(map(_is_right_to_left, words)) > len(words) / 2:
        words = tuple(replace(w, x0=frame.width - w.x1, x1=frame.width - w.x0) for w in words)
    runs: list[list[Word]] = []
    for word in words:
        if runs and _follows(runs[-1][-1], word):
            runs[-1].append(word)
        else:
            runs.append([word])
    return [make_piece(run, order) for order, run in enumerate(runs)]


def _is_right_to_left(word: Word) -> bool:
    return any(map(is_right_to_left, word.text))


def _follows(word: Word, following: Word) -> bool:
    size = max(word.size, following.size)
    if abs(word.y - following.y) > _SAME_LINE * size:
        return False
    gap = following.x0 - word.x1
    if gap < -0.5 * size and _is_right_to_left(following):
        gap = word.x0 - following.x1
    return -0.5 * size <= gap <= (_WIDE_SPACE if following.spaced else _WIDE_GAP) * size


def make_piece(words: Sequence[Word], order: int) -> Segment:
    """A piece of the given words; its type size and baseline are those of most characters."""
    weights: Counter[tuple[float, float]] = Counter()
    for word in words:
        weights[word.size, word.y] += len(word.text)
    size, y = weights.most_common(1)[0][0]
    named = [word for word in words if any(map(str.isalnum, word.text))] or words
    text = "".join(f"{'' if word.glued else ' '}{word.text}" for word in words).strip()
    x0, x1 = min(word.x0 for word in words), max(word.x1 for word in words)
    return Segment(tuple(words), order, text, x0, x1, y, size, all(word.bold for word in named))


def rows_of(pieces: Sequence[Segment]) -> list[Row]:
    """Pieces on the same baseline become one row; rows from top to bottom."""
    rows: list[list[Segment]] = []
    anchor = 0.0  # baseline of the row's largest piece
    for piece in sorted(pieces, key=lambda piece: (piece.y, piece.x0, piece.order)):
        largest = max((p.size for p in rows[-1]), default=0.0) if rows else 0.0
        if rows and piece.y - anchor <= _SAME_LINE * max(largest, piece.size):
            rows[-1].append(piece)
            if piece.size > largest:
                anchor = piece.y
        else:
            rows.append([piece])
            anchor = piece.y
    return [make_row(row) for row in rows]


def make_row(pieces: Sequence[Segment]) -> Row:
    """A row of the given pieces, which may be one alone."""
    pieces = sorted(pieces, key=lambda piece: (piece.x0, piece.order))
    text = pieces[0].text
    for before, piece in pairwise(pieces):
        is_glued = piece.x0 - before.x1 < _GLUED_GAP * min(before.size, piece.size) or piece.words[0].glued
        text += ("" if is_glued else " ") + piece.text
    heaviest = max(pieces, key=lambda piece: (len(piece.text), -piece.order))
    first = pieces[0].words[0]
    return Row(
        tuple(pieces),
        text,
        pieces[0].x0,
        max(piece.x1 for piece in pieces),
        heaviest.y,
        heaviest.size,
        all(piece.bold for piece in pieces),
        first.x1 - first.x0,
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """Two columns of a page: where lines of the left one begin, and the x at which the right one does."""

    left: float
    gutter: float


def columns_of(pieces: Sequence[Segment]) -> Columns | None:
    """The columns of a page on which there is no doubt about them."""
    gutter = _gutter(pieces)
    if gutter is None:
        return None
    starts = Counter(round(piece.x0) for piece in pieces if piece.x1 <= gutter)
    return Columns(starts.most_common(1)[0][0] if starts else 0.0, gutter)


def regions_of(
    pieces: Sequence[Segment], columns: Columns | None = None, others: Collection[Columns] = (), depth: int = 0
) -> list[list[Segment]]:
    """The pieces of a page in regions, in reading order; a region has no columns of prose in it.

    `columns` are those of the page, `others` those of other pages: a last page of a few lines, or one full of tables,
    shows its columns too little to find them without.
    """
    continued = next((o for o in others if _has_continued(pieces, o)), None) if columns is None else None
    gutter = columns.gutter if columns else continued.gutter if continued else None
    if gutter is None:
        return [list(pieces)] if pieces else []
    regions: list[list[Segment]] = []
    is_open = False  # the last region is a full-width one that may go on
    for band in _bands(pieces, gutter):
        left, right = _sides(band, gutter)
        is_whole = len(left) + len(right) == len(band)
        if is_whole and (
            _are_columns(left, right, is_known=True) or (continued and _are_continued(left, right, continued))
        ):
            below = _below(left, right)
            sides = [[piece for piece in side if piece.order not in below] for side in (left, right)]
            for part in (*sides, [piece for piece in band if piece.order in below]):
                inner = columns_of(part) if depth + 1 < _MAX_DEPTH else None
                regions += regions_of(part, inner, depth=depth + 1)
            is_open = False
        elif is_open:
            regions[-1] += band
        else:
            regions.append(band)
            is_open = True
    return regions


def _below(left: Sequence[Segment], right: Sequence[Segment]) -> set[int]:
    """What stands below both columns and comes after them in the file: the text goes on there in full width."""
    sides = sorted([(p.order, 0, p) for p in left] + [(p.order, 1, p) for p in right], key=lambda item: item[:2])
    switches = [n for n in range(1, len(sides)) if sides[n][1] != sides[n - 1][1]]
    if len(switches) < 2:
        return set()
    columns, rest = sides[: switches[1]], sides[switches[1] :]
    ends = {side: max(p.y for _, s, p in columns if s == side) for side in (0, 1)}
    if min(sum(s == side for _, s, _ in columns) for side in (0, 1)) < _MIN_COLUMN_LINES:
        return set()
    is_below = all(p.y > max(ends.values()) for _, _, p in rest)
    return {order for order, _, _ in rest} if is_below else set()


def _has_continued(pieces: Sequence[Segment], columns: Columns) -> bool:
    """Whether a page has a band in which the columns of another page go on."""
    for band in _bands(pieces, columns.gutter):
        left, right = _sides(band, columns.gutter)
        if len(left) + len(right) == len(band) and _are_continued(left, right, columns):
            return True
    return False


def _are_continued(left: Sequence[Segment], right: Sequence[Segment], columns: Columns) -> bool:
    """Whether the sides of a band begin where the columns of another page do, and one of them is prose."""
    if not left or not right:
        return False
    lines = rows_of(left), rows_of(right)
    for side, start, share in (
        (lines[0], columns.left, _MIN_LEFT_STARTS),
        (lines[1], columns.gutter + 1, _MIN_RIGHT_STARTS),
    ):
        if sum(abs(row.x0 - start) <= _SAME_START for row in side) < share * len(side):
            return False
    return any(map(is_prose, lines))


def _gutter(pieces: Sequence[Segment]) -> float | None:
    """The x at which the right one of two columns begins; None without columns. Most lines in columns wins."""
    if len(pieces) < 2 * _MIN_COLUMN_LINES:
        return None
    left, right = min(piece.x0 for piece in pieces), max(piece.x1 for piece in pieces)
    edge = _EDGE_SHARE * (right - left)
    starts = Counter(round(piece.x0) for piece in pieces if left + edge < piece.x0 < right - edge)
    best: tuple[int, float] | None = None
    for start, count in sorted(starts.most_common(_MAX_CANDIDATES)):
        if count < _MIN_COLUMN_LINES:
            continue
        gutter = start - 1.0
        score = 0
        for band in _bands(pieces, gutter):
            left_side, right_side = _sides(band, gutter)
            if len(left_side) + len(right_side) == len(band) and _are_columns(left_side, right_side):
                score += len(band)
        if score and (best is None or score > best[0]):
            best = score, gutter
    return best[1] if best else None


def _bands(pieces: Sequence[Segment], gutter: float) -> Iterator[list[Segment]]:
    """The pieces from top to bottom, parted where a line runs across the gutter; such lines are bands too."""
    band: list[Segment] = []
    was_crossed = False
    for row in _loose_rows(pieces):
        is_crossed = any(piece.x0 < gutter < piece.x1 for piece in row)
        if band and is_crossed != was_crossed:
            yield band
            band = []
        band += row
        was_crossed = is_crossed
    if band:
        yield band


def _loose_rows(pieces: Sequence[Segment]) -> Iterator[list[Segment]]:
    row: list[Segment] = []
    for piece in sorted(pieces, key=lambda piece: (piece.y, piece.order)):
        if row and piece.y - row[0].y > _SAME_LINE * row[0].size:
            yield row
            row = []
        row.append(piece)
    if row:
        yield row


def _sides(band: Sequence[Segment], gutter: float) -> tuple[list[Segment], list[Segment]]:
    return [piece for piece in band if piece.x1 <= gutter], [piece for piece in band if piece.x0 >= gutter]


def _are_columns(left: Sequence[Segment], right: Sequence[Segment], *, is_known: bool = False) -> bool:
    """Whether two sides of a band are prose side by side; `is_known` when the page has columns at this gutter."""
    if not left or not right:
        return is_known
    if _is_table_of_groups(left, right):
        return False
    if min(len(left), len(right)) >= _MIN_COLUMN_LINES:
        if is_prose(left) and is_prose(right):
            return True
        if not is_known:
            return False
    return is_known and min(map(_usual_length, (left, right))) >= _MIN_SMALL_BAND_CHARACTERS


def is_prose(pieces: Sequence[Segment | Row]) -> bool:
    """Whether these lines are running text: long enough, and many begin in the middle of a sentence."""
    if _usual_length(pieces) < _MIN_COLUMN_CHARACTERS:
        return False
    starts = [match[0] for piece in pieces if (match := re.search(r"[^\W\d_]", piece.text))]
    cased = [start for start in starts if start.lower() != start.upper()]
    if len(cased) < len(starts) / 2:
        return True  # a script without capitals
    return sum(start.islower() for start in cased) >= _MIN_LOWER_SHARE * len(cased)


def _usual_length(pieces: Sequence[Segment | Row]) -> int:
    return sorted(len(piece.text) for piece in pieces)[len(pieces) // 2]


def _is_table_of_groups(left: Sequence[Segment], right: Sequence[Segment]) -> bool:
    """Whether the file gives the sides by turns, a few lines each, beginning at the same height: cells of a table."""
    sides = {piece.order: (0, piece) for piece in left} | {piece.order: (1, piece) for piece in right}
    groups: list[list[Segment]] = []
    before: int | None = None
    for order in sorted(sides):
        side, piece = sides[order]
        if side != before:
            groups.append([])
        groups[-1].append(piece)
        before = side
    if len(groups) < 4 or all(len(group) == 1 for group in groups):
        return False
    pairs = list(pairwise(groups))
    level = sum(abs(a[0].y - b[0].y) <= _SAME_LINE * a[0].size for a, b in pairs)
    return level >= 0.4 * len(pairs)
