"""Tables of contents of a PDF: they repeat the headings, and answer nothing.

One is told by its heading and by what follows: lines that end with the numbers of pages, none smaller than the one
before. A list of what is in a box ("Contents: 4 screws") has no such numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.read.pdf.paragraphs import RowGroup
from rag.read.pdf.table_detection import Table

Group = RowGroup | Table

_MIN_ENTRIES = 5
_MIN_RISING = 0.9  # of the steps from a number to the next one
_LONGEST_TITLE = 60
_TITLE = re.compile(
    r"(?:table of )?contents|(?:list|table) of (?:figures|tables|examples|equations|illustrations)"
    r"|inhalt(?:sverzeichnis)?|(?:abbildungs|tabellen)verzeichnis|sommaire|table des (?:matières|figures|illustrations)"
    r"|[ií]ndice(?: general| de (?:contenidos?|figuras|tablas))?|contenido|tabla de contenidos?|sommario"
    r"|inhoud(?:sopgave)?|spis treści",
    re.IGNORECASE,
)
_ENDS_WITH_PAGE = re.compile(r"(?:^|[\s.…;])(\d{1,4}|[ivxlc]{1,7})\s*$", re.IGNORECASE)


def without_contents(pages: Sequence[Sequence[Group]]) -> tuple[list[list[Group]], int]:
    """The groups of each page without those of tables of contents, and how many lines these had."""
    flat = [(number, group) for number, groups in enumerate(pages) for group in groups]
    every = [group for _, group in flat]
    dropped: set[int] = set()
    position = 0
    while position < len(flat):
        # A list of figures behind the contents may be short.
        least = 1 if position - 1 in dropped else _MIN_ENTRIES
        end = _end_of_contents(every, position, least) if _is_title(every[position]) else position
        dropped.update(range(position, end))
        position = max(end, position + 1)
    kept: list[list[Group]] = [[] for _ in pages]
    for position, (number, group) in enumerate(flat):
        if position not in dropped:
            kept[number].append(group)
    return kept, sum(len(every[position].rows) for position in dropped)


def _end_of_contents(groups: Sequence[Group], title: int, least: int) -> int:
    """Behind the last of at least so many entries below the title at `title`; `title` itself where there are fewer."""
    numbers: list[str] = []
    end = position = title + 1
    # A line without a number, "Part I", may stand between two entries.
    while position < len(groups) and position <= end + 1 and not _is_title(groups[position]):
        if found := list(_pages_of(groups[position])):
            numbers += found
            end = position + 1
        position += 1
    return end if len(numbers) >= least and _rise(numbers) else title


def _rise(numbers: Sequence[str]) -> bool:
    """Whether these are numbers of pages in their order."""
    counted = [int(number) for number in numbers if number.isdigit()]
    steps = [later >= earlier for earlier, later in pairwise(counted)]
    return sum(steps) >= _MIN_RISING * len(steps)


def _pages_of(group: Group) -> Iterator[str]:
    """The numbers of pages that the lines of a group end with; none unless its last line has one."""
    lines = [row.text for row in group.rows] if isinstance(group, RowGroup) else [row[-1] for row in group.rows]
    found = [_ENDS_WITH_PAGE.search(line) for line in lines]
    if found and found[-1]:
        yield from (one[1] for one in found if one)


def _is_title(group: Group) -> bool:
    if isinstance(group, Table):
        return False
    text = group.text.strip(" :")
    return len(text) <= _LONGEST_TITLE and bool(_TITLE.fullmatch(text))
