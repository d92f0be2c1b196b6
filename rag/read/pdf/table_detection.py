"""Rows of cells that stand in columns, told from lines of prose by the white space that runs through all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.read.pdf.reading_order import Row, Segment, is_prose, make_piece, make_row, rows_of

_COLUMN_GAP = 0.15  # times the type size: columns of cells are at least this far apart
_MAX_DISTANCE = 4.0  # times the type size, from row to row
_TIGHT = 1.45  # times the type size: lines this close can be of one cell
_MIN_FILLED_SHARE = 0.6  # of the rows have two cells or more
_MAX_ROWS = 300  # of one table on a page; no page that people read holds more
_MAX_HEADER_CHARACTERS = 60
_PROSE_LENGTH = 35

# An item's marker may stand far from the item.
MARKER = re.compile(
    r"(?:[•◦▪▫‣⁃∙·●○■□◆◇➢➤❖✓✔\uf000-\uf0ff*–—-]|\d{1,3}[.)]|\((?:[a-z]|\d{1,3}|[ivx]{1,5})\)|[a-z]\)|[ivx]{1,4}[.)])"
)
# A line of a table of contents: dots lead to the page's number.
LEADER = re.compile(r"(?:[.…]\s?){4,}\s*[\divxlc]*$")
_FIGURE = re.compile(r"[^\w]*(?:[€$£]|EUR|USD|GBP|CHF)?\s*[-+−(]?\d[\d.,:/' –-]*\s*\S{0,6}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows of cells, all of the same length. `headers` is empty where no row clearly names the columns."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    starts: tuple[float, ...]  # x of the columns


def lines_alone(pieces: Sequence[Segment]) -> list[Row]:
    """The lines of a region from top to bottom; a table in it is lines, too."""
    return [_with_marker(row) for row in rows_of(pieces)]


def lines_and_tables(pieces: Sequence[Segment]) -> list[Row | Table]:
    """The content of a region from top to bottom."""
    rows = lines_alone(pieces)
    found: list[Row | Table] = []
    position = 0
    while position < len(rows):
        run = _run(rows, position)
        table = _table(run) if run else []
        if table:
            found += table
            position += len(run)
        else:
            found.append(rows[position])
            position += 1
    return found


def _with_marker(row: Row) -> Row:
    """The row with a list marker put to the text that follows it, however far away."""
    if len(row.pieces) < 2 or not MARKER.fullmatch(row.pieces[0].text):
        return row
    first, second, *others = row.pieces
    joined = replace(first, words=first.words + second.words, text=f"{first.text} {second.text}", x1=second.x1)
    return replace(make_row([joined, *others]), text=row.text, y=row.y, size=row.size, bold=row.bold)


def _run(rows: Sequence[Row], start: int) -> list[Row]:
    """The rows from `start` on through which the same columns run; empty when there are none."""
    first = rows[start]
    if len(first.pieces) < 2 or LEADER.search(first.text):
        return []
    run = [first]
    columns = _columns(run)
    widest = len(first.pieces)
    for row in rows[start + 1 : start + _MAX_ROWS]:
        distance = row.y - run[-1].y
        if (
            distance > _MAX_DISTANCE * row.size
            or LEADER.search(row.text)
            or (MARKER.match(row.text) and len(row.pieces) < 2)
        ):
            break
        fitted = _fitted(row, run)
        # One cell alone in its row is the rest of a cell above, or of one beside it.
        if len(fitted.pieces) < 2 and distance > _TIGHT * row.size and not _is_under_cell(fitted, run):
            break
        # A word may begin under a cell by chance, as under a title that is set in the middle: then the row is whole.
        if not _fits(fitted, run, columns, widest):
            fitted = row
        if not _fits(fitted, run, columns, widest):
            break
        run.append(fitted)
        columns = _columns(run)
        widest = max(widest, len(fitted.pieces))
    while run and len(run[-1].pieces) < 2 and run[-1].x0 <= columns[0][1] and len(run) > 1 and _is_after(run):
        run.pop()
    return run


def _fits(row: Row, run: Sequence[Row], columns: Sequence[tuple[float, float]], widest: int) -> bool:
    """Whether white space still runs between the columns when the row is added."""
    merged = len(_columns([*run, row]))
    return merged >= max(widest, len(row.pieces), len(columns) / 2)


def _is_under_cell(row: Row, run: Sequence[Row]) -> bool:
    """Whether the row begins exactly under a cell behind the first column: its neighbours are set in the middle."""
    return any(abs(row.x0 - piece.x0) < 1 for above in run for piece in above.pieces[1:])


def _is_after(run: Sequence[Row]) -> bool:
    """Whether the last row, a cell alone in the first column, begins like a new paragraph."""
    return run[-1].text[:1].isupper()


def _columns(run: Sequence[Row]) -> list[tuple[float, float]]:
    """The x-intervals that cells fill, from left to right, with white space between them in all rows."""
    columns: list[tuple[float, float]] = []
    for piece in sorted((p for row in run for p in row.pieces), key=lambda p: p.x0):
        if columns and piece.x0 - columns[-1][1] < _COLUMN_GAP * piece.size:
            columns[-1] = columns[-1][0], max(columns[-1][1], piece.x1)
        else:
            columns.append((piece.x0, piece.x1))
    return columns


def _fitted(row: Row, run: Sequence[Row]) -> Row:
    """The row with pieces cut where a word begins exactly under a cell: cells of tight tables all but touch."""
    starts = [piece.x0 for above in run[-20:] for piece in above.pieces[1:]]
    cut: list[Segment] = []
    for piece in row.pieces:
        words = [piece.words[0]]
        parts = [words]
        for word in piece.words[1:]:
            if any(abs(word.x0 - start) < 0.5 for start in starts):
                words = []
                parts.append(words)
            words.append(word)
        cut += [piece] if len(parts) == 1 else [make_piece(part, piece.order) for part in parts]
    return row if len(cut) == len(row.pieces) else make_row(cut)


def _table(run: Sequence[Row]) -> list[Row | Table]:
    """The table that a run of rows is; the rows themselves when it is none."""
    columns = _columns(run)
    pieces = [piece for row in run for piece in row.pieces]
    if len(columns) == 2 and _is_prose_side_by_side(pieces, columns):
        return [make_row([piece]) for side in _by_column(pieces, columns) for piece in side]
    groups = _row_groups(pieces, columns)
    if len(groups) == 1 < len(run):  # the file gives column after column
        groups = [list(row.pieces) for row in run]
    cells = [[" ".join(p.text for p in rows_of_cell) for rows_of_cell in _by_column(g, columns)] for g in groups]
    filled = sum(sum(map(bool, row)) >= 2 for row in cells)
    is_bold = [all(piece.bold for piece in group) for group in groups]
    is_headed = len(cells) > 1 and _is_header(cells, is_bold)
    enough = 2 if (is_headed and is_bold[0]) or len(columns) > 2 else 3
    if len(cells) < enough or filled < max(2, _MIN_FILLED_SHARE * len(cells)):
        return list(run)
    if all(MARKER.fullmatch(row[0]) for row in cells if row[0]):
        return list(run)
    headers = tuple(cells.pop(0)) if is_headed else ()
    return [Table(headers, tuple(map(tuple, cells)), tuple(start for start, _ in columns))]


def _is_prose_side_by_side(pieces: Sequence[Segment], columns: Sequence[tuple[float, float]]) -> bool:
    sides = _by_column(pieces, columns)
    return all(
        len(side) > 1 and is_prose(side) and sum(len(p.text) for p in side) >= _PROSE_LENGTH * len(side)
        for side in sides
    )


def _by_column(pieces: Sequence[Segment], columns: Sequence[tuple[float, float]]) -> list[list[Segment]]:
    """The pieces of each column, from top to bottom."""
    sides: list[list[Segment]] = [[] for _ in columns]
    for piece in sorted(pieces, key=lambda piece: (piece.y, piece.x0)):
        sides[_column_of(piece, columns)].append(piece)
    return sides


def _column_of(piece: Segment, columns: Sequence[tuple[float, float]]) -> int:
    return max(index for index, (start, _) in enumerate(columns) if index == 0 or piece.x0 >= start - 0.5)


def _row_groups(pieces: Sequence[Segment], columns: Sequence[tuple[float, float]]) -> list[list[Segment]]:
    """The pieces row by row. Lines of one cell, which follow each other in the file, keep their rows together."""
    cells: list[list[Segment]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.order, piece.x0)):
        if cells and _is_same_cell(cells[-1][-1], piece, columns):
            cells[-1].append(piece)
        else:
            cells.append([piece])
    groups: list[list[Segment]] = []
    bottom = 0.0
    for cell in sorted(cells, key=lambda cell: cell[0].y):
        top = cell[0].y - 0.6 * cell[0].size
        if groups and top < bottom:
            groups[-1] += cell
        else:
            groups.append(list(cell))
            bottom = 0.0
        bottom = max(bottom, cell[-1].y)
    return _with_rests(groups, columns)


def _is_same_cell(piece: Segment, following: Segment, columns: Sequence[tuple[float, float]]) -> bool:
    if _column_of(piece, columns) != _column_of(following, columns):
        return False
    return 0 < following.y - piece.y <= _TIGHT * max(piece.size, following.size)


def _with_rests(groups: Sequence[list[Segment]], columns: Sequence[tuple[float, float]]) -> list[list[Segment]]:
    """The rows with those that only go on with cells of the row above joined to it: close to it, nothing in front."""
    distances = [below[0].y - max(p.y for p in above) for above, below in pairwise(groups)]
    widest = max(distances, default=0.0)
    joined: list[list[Segment]] = [list(groups[0])]
    for group, distance in zip(groups[1:], distances, strict=True):
        is_rest = all(_column_of(piece, columns) for piece in group)
        if is_rest and distance <= _TIGHT * group[0].size and distance < 0.9 * widest:
            joined[-1] += group
        else:
            joined.append(list(group))
    return joined


def _is_header(cells: Sequence[Sequence[str]], is_bold: Sequence[bool]) -> bool:
    """Whether the first row clearly names the columns: it alone is bold, or it has words above columns of figures."""
    first, others = cells[0], cells[1:]
    if sum(map(bool, first)) < len(first) - 1 or any(len(cell) > _MAX_HEADER_CHARACTERS for cell in first):
        return False
    if is_bold[0]:
        return not all(is_bold[1:])
    if any(_FIGURE.fullmatch(cell) for cell in first):
        return False
    columns = zip(*others, strict=True)
    return len(others) > 1 and any(all(map(_FIGURE.fullmatch, column)) for column in columns)
