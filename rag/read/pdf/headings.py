"""Which lines of a PDF are headings, and how deep each stands: by its number where it has one, and by its type size.

Sizes alone do not tell "6.3.1" from "6.3.1.5", which manuals print alike; and the largest of all is often the title on
the cover, under which not all that follows stands as in a chapter.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.read.bold_headings import is_caption
from rag.read.pdf.paragraphs import RowGroup, Style
from rag.read.pdf.table_detection import LEADER, Table

# Sizes that differ by no more than this share are one.
_SAME_SIZE = 0.05
_MOST_SIZES, _DEEPEST = 3, 6
# Headings with two numbers or more, below which numbers tell nothing: a jack of 3.5 mm has one, too.
_MIN_NUMBERED = 2
_MAX_LINES = 3
_MAX_CHARACTERS = 200
_MAX_BOLD_LINES = 2
_MAX_BOLD_CHARACTERS = 120
_NO_END = (".", ";", ",")
# A page without a sentence of so many words belongs to the cover, if only such pages come before it.
_COVER_PAGES, _SENTENCE_WORDS = 3, 8

# "6.3.1 Partitions", "Chapter 6. Installing", "B.4 Contents", "Appendix B"; not "A guide to installing".
_NUMBER = re.compile(
    r"(?:(?:chapter|part|section|appendix|annex|kapitel|teil|abschnitt|anhang|chapitre|partie|annexe|cap[ií]tulo|parte"
    r"|apéndice|capitolo|appendice|hoofdstuk|deel|bijlage|rozdział)\s+)"
    r"(?P<named>(?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)\b|(?P<bare>\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+)\.?\s+\S",
    re.IGNORECASE,
)
# What stands above a box beside the text, and names no section: what comes after the box does not stand under it.
_NOTE = re.compile(
    r"(?:note|tip|hint|important|warning|caution|danger|attention|notice|hinweis|tipp|wichtig|warnung|achtung|vorsicht"
    r"|gefahr|remarque|astuce|conseil|avertissement|nota|consejo|aviso|advertencia|atención|precaución|suggerimento"
    r"|avviso|avvertenza|attenzione|opmerking|let op|waarschuwing|uwaga|wskazówka|ostrzeżenie)\s*[:!]?",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(r"(?=\w)(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE)
_PROMPT = re.compile(r"[#$>%]\s")


def is_heading(group: RowGroup, style: Style) -> bool:
    """Whether lines that stand out, by size or weight, are a heading.

    They are not when they are a loud paragraph, the caption of a picture or a table, the word above a box ("Note"), the
    number of a page or something to type.
    """
    text = group.text
    if group.marker or LEADER.search(text) or sum(map(str.isalpha, text)) < 2:
        return False
    if is_caption(text) or any(found.fullmatch(text) for found in (_NOTE, _PAGE_NUMBER)) or _PROMPT.match(text):
        return False
    if group.is_large:
        return len(group.rows) <= _MAX_LINES and len(text) <= _MAX_CHARACTERS
    is_short = len(group.rows) <= _MAX_BOLD_LINES and len(text) <= _MAX_BOLD_CHARACTERS
    return style.is_bold_telling and group.is_bold and is_short and not text.endswith(_NO_END)


@dataclass(frozen=True, slots=True)
class HeadingLevels:
    """How deep the headings of a document are, from 1."""

    sizes: Sequence[float]  # of those larger than the text, the largest first, without those of the cover
    above_numbers: int  # the level of "4", or of "4.1", less the numbers it has; of no use without numbered headings
    deepest_number: int  # how many numbers the deepest heading has; below 2 they tell nothing
    of_size: Mapping[int, int]  # the level of those without a number, by the place of their size in `sizes`

    def of(self, group: RowGroup) -> int:
        """The level of a heading."""
        count = _numbers_of(group)
        if self.deepest_number > 1 and count:
            return min(_DEEPEST, max(1, self.above_numbers + count))
        place = _place(group, self.sizes)
        if place in self.of_size:
            return self.of_size[place]
        level = min(_MOST_SIZES, place + 1)
        if self.deepest_number > 1 and not group.is_large:
            level = max(level, self.above_numbers + self.deepest_number + 1)
        return min(_DEEPEST, level)


def heading_levels(pages: Sequence[Sequence[RowGroup | Table]], style: Style) -> HeadingLevels:
    """The levels of the headings on these pages."""
    headings = [
        (number, group)
        for number, groups in enumerate(pages)
        for group in groups
        if isinstance(group, RowGroup) and is_heading(group, style)
    ]
    cover = _cover(pages)
    sizes = _distinct(group.size for number, group in headings if group.is_large and number >= cover)
    if not sizes:
        sizes = _distinct(group.size for _, group in headings if group.is_large)
    places: dict[int, Counter[int]] = defaultdict(Counter)  # of headings with so many numbers
    for number, group in headings:
        if number >= cover and (count := _numbers_of(group)):
            places[count][_place(group, sizes)] += 1
    if sum(found.total() for count, found in places.items() if count > 1) < _MIN_NUMBERED:
        return HeadingLevels(sizes, 0, 0, {})
    # "4.1" stands under a chapter, which may have its number on another line, or none.
    first = min(places)
    above = max(0, min(_MOST_SIZES, places[first].most_common(1)[0][0] + 1) - first)
    by_size: dict[int, Counter[int]] = defaultdict(Counter)
    for count, found in places.items():
        for place, often in found.items():
            by_size[place][min(_DEEPEST, above + count)] += often
    of_size = {place: found.most_common(1)[0][0] for place, found in by_size.items() if place < len(sizes)}
    if first == 2 and (place := places[2].most_common(1)[0][0]) < len(sizes):
        of_size[place] = above + 1  # what has no number and is as large as "4.1" is the title of a chapter
    return HeadingLevels(sizes, above, max(places), of_size)


def _cover(pages: Sequence[Sequence[RowGroup | Table]]) -> int:
    """How many pages at the beginning are a cover: titles and short lines, and no sentence."""
    if len(pages) <= _COVER_PAGES:
        return 0
    has_text = (any(isinstance(group, Table) or _is_sentence(group) for group in groups) for groups in pages)
    return next((number for number, has in enumerate(islice(has_text, _COVER_PAGES)) if has), _COVER_PAGES)


def _is_sentence(group: RowGroup) -> bool:
    return group.text.endswith(".") and len(group.text.split()) >= _SENTENCE_WORDS


def _distinct(sizes: Iterable[float]) -> list[float]:
    """The sizes, the largest first; nearly equal ones are one."""
    distinct: list[float] = []
    for size in sorted(set(sizes), reverse=True):
        if not distinct or size < distinct[-1] * (1 - _SAME_SIZE):
            distinct.append(size)
    return distinct


def _place(group: RowGroup, sizes: Sequence[float]) -> int:
    """How many sizes are larger than that of a heading; behind all of them when it is not larger than the text."""
    if not group.is_large:
        return len(sizes)
    return sum(size * (1 - _SAME_SIZE) > group.size for size in sizes)


def _numbers_of(group: RowGroup) -> int:
    """How many numbers a heading has: 3 for "6.3.1 Partitions", 1 for "Chapter 6. Installing", 0 without any."""
    found = _NUMBER.match(group.text)
    return (found["named"] or found["bare"]).count(".") + 1 if found else 0
