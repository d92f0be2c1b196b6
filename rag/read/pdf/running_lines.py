"""Running headers, footers and page numbers: lines that say nearly the same at the same place of most pages.

So do those that name the chapter and the section of their page: near pages begin theirs alike.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, pairwise

from rag.read.pdf.reading_order import Row, Segment, rows_of, usual_size

_ZONE = 0.15  # of the page's height, at the top and at the bottom
_MAX_ROWS = 3  # a page's header, or footer, has no more
_PLACE = 0.01  # of the page's height: how far apart two lines at the same place may stand
_MIN_PAGES = 3
_MIN_SHARE = 0.6  # of the pages; a header that changes from page to page stands on every other
_MIN_ALTERNATE_SHARE = 0.4
_MIN_LIKENESS = 0.85
_MAX_VARIANTS = 20  # of a line at one place that are compared; the most frequent first
_MAX_COMPARED = 120  # characters
_MIN_SPACE = 1.25  # times the usual distance of lines: what stands closer to the text belongs to it

# A line that names the chapter of its page: on so many pages, with so many words as on one of the pages near it.
_MIN_CHANGING_PAGES, _FIRST_WORDS, _STEPS = 5, 4, (-2, -1, 1, 2)
_LARGEST_SIZE = 1.05  # of the text's: what is larger is a title, as slides have them

_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"[-–—|\s]*(\d+|[ivxlc]+)[-–—|\s.]*", re.IGNORECASE)
_END_NUMBER = re.compile(r"(\d+|[ivxlc]+)", re.IGNORECASE)
_NUMBER_OF = re.compile(r"\D{0,12}?(\d+)\s*(?:of|/|von|de|sur|di|van|av|af|z)\s*(\d+)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Candidate:
    page: int  # position in the list of pages
    row: Row
    place: int
    key: str
    is_apart: bool  # there is space between the line and what stands next to it on the inner side
    inner: float  # y of what stands next to it there


def split_running(pages: Sequence[tuple[Sequence[Segment], float]]) -> tuple[list[list[Segment]], list[str]]:
    """Pages, as pieces and height, without their running lines; and those lines' texts, in page order.

    In files of one or two pages only lines that count their own pages, "Page 1 of 2", are told as running.
    """
    candidates = [c for number, (pieces, height) in enumerate(pages) for c in _candidates(number, pieces, height)]
    chosen = {id(c) for c in candidates if _counts_pages(c, len(pages))}
    if len(pages) >= _MIN_PAGES:
        chosen |= _repeated(candidates, len(pages)) | _page_numbers(candidates, len(pages))
        chosen |= _changing(candidates, len(pages), usual_size(chain.from_iterable(pieces for pieces, _ in pages)))
    lines: list[str] = []
    dropped: dict[int, set[int]] = defaultdict(set)
    for candidate in candidates:
        if id(candidate) in chosen:
            lines.append(candidate.row.text)
            dropped[candidate.page].update(piece.order for piece in candidate.row.pieces)
    kept = [[p for p in pieces if p.order not in dropped[number]] for number, (pieces, _) in enumerate(pages)]
    return kept, lines


def _candidates(page: int, pieces: Sequence[Segment], height: float) -> list[_Candidate]:
    """The first and the last lines of a page, where they stand in its margins."""
    zone = _ZONE * height
    rows = rows_of([piece for piece in pieces if piece.y < zone or piece.y > height - zone])
    top = [row for row in rows if row.y < zone][:_MAX_ROWS]
    bottom = [row for row in rows if row.y > height - zone][-_MAX_ROWS:]
    body = sorted({piece.y for piece in pieces})
    usual = _usual_distance(pieces)
    found = []
    for row in top + bottom:
        place = round(row.y / (_PLACE * height)) if height else 0
        nearer = [y for y in body if (y > row.y + 1 if row in top else y < row.y - 1)]
        inner = (nearer[0] if row in top else nearer[-1]) if nearer else -1.0
        is_apart = bool(nearer) and abs(inner - row.y) > _MIN_SPACE * usual
        found.append(_Candidate(page, row, place, _NUMBER.sub("#", row.text).casefold(), is_apart, inner))
    return found


def _usual_distance(pieces: Sequence[Segment]) -> float:
    distances = Counter(
        round(b.y - a.y) for a, b in pairwise(sorted(pieces, key=lambda p: p.order)) if 1 < b.y - a.y < 5 * b.size
    )
    return float(min(distances.most_common(1), default=(12, 0))[0])


def _repeated(candidates: Sequence[_Candidate], pages: int) -> set[int]:
    """Lines with the same words at the same place, and lines there that are nearly the same."""
    places: Mapping[int, list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        places[candidate.place].append(candidate)
    groups: list[list[_Candidate]] = []
    for place, here in places.items():
        near = [*places.get(place - 1, []), *here, *places.get(place + 1, [])]
        counts = Counter(key for key, _ in {(c.key, c.page) for c in near})
        variants = [key for key, _ in counts.most_common(_MAX_VARIANTS)]
        for key in variants:
            like = {other for other in variants if other == key or _is_like(key, other)}
            members = [c for c in near if c.key in like]
            on = {c.page for c in members}
            is_most = len(on) >= _MIN_SHARE * pages
            alternates = len(on) >= _MIN_ALTERNATE_SHARE * pages and len({page % 2 for page in on}) == 1
            if len(on) >= _MIN_PAGES and (is_most or alternates):
                groups.append(members)
    # The outer line of two stands apart from the text as the inner one does.
    chosen: set[int] = set()
    taken: set[tuple[int, float]] = set()
    for _ in range(_MAX_ROWS):
        for members in groups:
            if 2 * sum(c.is_apart or (c.page, c.inner) in taken for c in members) >= len(members):
                chosen |= {id(c) for c in members}
                taken |= {(c.page, piece.y) for c in members for piece in c.row.pieces}
    return chosen


def _changing(candidates: Sequence[_Candidate], pages: int, usual_size: float) -> set[int]:
    """Lines apart at one place, no larger than the text, that begin as one on a page nearby: "CHAPTER 4. PUMPS"."""
    places: Mapping[int, list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.is_apart and not candidate.row.bold and candidate.row.size <= _LARGEST_SIZE * usual_size:
            places[candidate.place].append(candidate)
    chosen: set[int] = set()
    for place, here in places.items():
        starts: dict[int, set[tuple[str, ...]]] = defaultdict(set)  # the first words, by page
        near = [*places.get(place - 1, []), *here, *places.get(place + 1, [])]
        for candidate in near:
            starts[candidate.page].add(_first_words(candidate))
        alike = [
            candidate
            for candidate in near
            if any(_first_words(candidate) in starts.get(candidate.page + step, ()) for step in _STEPS)
        ]
        if len({c.page for c in alike}) >= max(_MIN_CHANGING_PAGES, _MIN_ALTERNATE_SHARE * pages):
            chosen |= {id(c) for c in alike}
    return chosen


def _first_words(candidate: _Candidate) -> tuple[str, ...]:
    """The first words of a line; the whole line where it has fewer."""
    return tuple(candidate.key.split()[:_FIRST_WORDS])


def _is_like(key: str, other: str) -> bool:
    matcher = SequenceMatcher(None, key[:_MAX_COMPARED], other[:_MAX_COMPARED], autojunk=False)
    return matcher.real_quick_ratio() >= _MIN_LIKENESS and matcher.quick_ratio() >= _MIN_LIKENESS <= matcher.ratio()


def _page_numbers(candidates: Sequence[_Candidate], pages: int) -> set[int]:
    """Lines whose number goes up by one from page to page: alone in the margin, or at an end of a line apart there."""
    offsets: dict[int, list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        words = candidate.row.text.split()
        ends = (
            words if _BARE_NUMBER.fullmatch(candidate.row.text) else [words[0], words[-1]] if candidate.is_apart else []
        )
        for end in set(ends):
            if found := (_BARE_NUMBER if len(words) == 1 else _END_NUMBER).fullmatch(end):
                number = int(found[1]) if found[1].isdecimal() and len(found[1]) < 6 else _roman(found[1])
                offsets[number - candidate.page].append(candidate)
    chosen: set[int] = set()
    for members in offsets.values():
        place = Counter(c.place for c in members).most_common(1)[0][0]
        level = [c for c in members if abs(c.place - place) <= 1]
        if len({c.page for c in level}) >= max(_MIN_PAGES, _MIN_ALTERNATE_SHARE * pages):
            chosen |= {id(c) for c in level}
    return chosen


def _roman(number: str) -> int:
    values = [dict(zip("ivxlc", (1, 5, 10, 50, 100), strict=True)).get(letter, 0) for letter in number.lower()]
    return sum(-a if a < b else a for a, b in pairwise([*values, 0]))


def _counts_pages(candidate: _Candidate, pages: int) -> bool:
    """Whether the line is "Page 2 of 7", on the second of seven pages."""
    found = _NUMBER_OF.fullmatch(candidate.row.text)
    return found is not None and (found[1], found[2]) == (str(candidate.page + 1), str(pages))
