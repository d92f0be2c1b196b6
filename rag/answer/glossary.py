"""A site's glossary: the words of its documents, and what people say instead.

A file of two columns, `Entgeltfortzahlung,sick pay`: what the documents say, what people say. Several of either stand
between bars ("sick pay|sickness money"), or in further columns. It is UTF-8, with or without a byte order mark; the
separator is a semicolon where every line has one, as some spreadsheets write it, else a comma. Lines that begin with
"#" are not read.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.text.words import is_function_word, placed_words, plain_words, stem

# Far beyond what people write down by hand; it bounds what a wrong file may take.
_MOST_LINES = 10_000
_MOST_CHARS = 200
# What a question is also looked for with: this many of its words, each with this many of the documents' words.
_MOST_ALTERNATIVES = 4
_MOST_WORDINGS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: what the documents say, and what people say instead; each at least one word or phrase."""

    line: int  # from 1
    documents: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not used, and why."""

    line: int  # from 1
    problem: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """Words of a question that the documents have others for."""

    said: str  # as the question has it
    start: int  # where it stands in the question's text
    end: int
    instead: tuple[str, ...]  # the documents' words, in the order of the glossary


@dataclass(frozen=True, slots=True)
class Glossary:
    """All that a glossary says; of none at all, nothing."""

    entries: tuple[Entry, ...] = ()
    bad: tuple[BadLine, ...] = ()
    sha256: str = ""  # of the file; "" where there is none
    _instead: Mapping[tuple[str, ...], tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _longest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put the documents' words under the stems of what people say."""
        instead: dict[tuple[str, ...], dict[str, None]] = {}
        for entry in self.entries:
            for said in entry.people:
                instead.setdefault(_stems(said), {}).update(dict.fromkeys(entry.documents))
        object.__setattr__(self, "_instead", {stems: tuple(words) for stems, words in instead.items()})
        object.__setattr__(self, "_longest", max(map(len, instead), default=0))

    def alternatives(self, question: str) -> tuple[Alternative, ...]:
        """The words of `question` that the documents have others for, in order; of two that overlap the longer one.

        A word counts in any of its forms. What stands in the question in the documents' own words too is left out.
        """
        words = placed_words(question) if self.entries else []
        stems = [stem(word) for word, _, _ in words]
        found: list[Alternative] = []
        at = 0
        while at < len(words) and len(found) < _MOST_ALTERNATIVES:
            length = self._length_at(stems, at)
            if length:
                start, end = words[at][1], words[at + length - 1][2]
                instead = self._instead[tuple(stems[at : at + length])]
                missing = tuple(word for word in instead if not _holds(stems, _stems(word)))[:_MOST_WORDINGS]
                if missing:
                    found.append(Alternative(question[start:end], start, end, missing))
            at += length or 1
        return tuple(found)

    def _length_at(self, stems: list[str], at: int) -> int:
        """How many words from `at` on are something that people say; 0 for none."""
        lengths = range(min(self._longest, len(stems) - at), 0, -1)
        return next((length for length in lengths if tuple(stems[at : at + length]) in self._instead), 0)


def wordings(question: str, alternatives: tuple[Alternative, ...]) -> list[str]:
    """`question` with the documents' words put in: first the first ones of each, then the second ones, and so on.

    None where there are no alternatives. "Is sick pay taxed?" -> ["Is Entgeltfortzahlung taxed?"]
    """
    most = max((len(alternative.instead) for alternative in alternatives), default=0)
    return [
        replaced(question, [(a, a.instead[min(number, len(a.instead) - 1)]) for a in alternatives])
        for number in range(most)
    ]


def replaced(question: str, choices: list[tuple[Alternative, str]]) -> str:
    """`question` with some of its words, in order, replaced."""
    parts, at = [], 0
    for alternative, words in choices:
        parts += [question[at : alternative.start], words]
        at = alternative.end
    return "".join([*parts, question[at:]])


def read_glossary(data: bytes) -> Glossary:
    """The glossary that a file holds. Lines that cannot be used are told in `bad`; the others hold."""
    lines = [_decoded(line) for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    used = {n: line for n, line in enumerate(lines[:_MOST_LINES], start=1) if line is None or _is_used(line)}
    separator = ";" if all(line is None or ";" in line for line in used.values()) else ","
    entries, bad = [], []
    for number, line in used.items():
        read = "is not UTF-8; save the file as UTF-8" if line is None else _entry(number, line, separator)
        if isinstance(read, Entry):
            entries.append(read)
        else:
            bad.append(BadLine(number, read))
    if len(lines) > _MOST_LINES:
        bad.append(BadLine(_MOST_LINES + 1, f"is beyond the first {_MOST_LINES:,} lines, which alone are read"))
    return Glossary(tuple(entries), tuple(bad), hashlib.sha256(data).hexdigest())


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_used(line: str) -> bool:
    return bool(line.strip(" \t,;")) and not line.lstrip().startswith("#")


def _entry(number: int, line: str, separator: str) -> Entry | str:
    """A line taken apart; or what is wrong with it."""
    try:
        (cells,) = csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return "has a quotation mark that is not closed; expected two columns, each in quotation marks or none"
    documents, people = _listed(cells[:1]), _listed(cells[1:])
    if not documents or not people:
        return f'has one column; expected the documents\' word and what people say, like "sick leave{separator}off ill"'
    for words in (*documents, *people):
        if len(words) > _MOST_CHARS:
            return f"has {len(words)} characters in one place; expected a word or a phrase of at most {_MOST_CHARS}"
        if all(is_function_word(word) for word in plain_words(words)):
            return f"has {words!r}, in which there is nothing to look for; expected a word that says what is meant"
    return Entry(number, documents, people)


def _listed(cells: list[str]) -> tuple[str, ...]:
    """What stands in cells and between bars in them, each once."""
    found = (" ".join(words.split()) for cell in cells for words in cell.split("|"))
    return tuple(dict.fromkeys(words for words in found if words))


def _stems(words: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in plain_words(words))


def _holds(stems: list[str], wanted: tuple[str, ...]) -> bool:
    """Whether `wanted` stands in `stems`, in this order and together."""
    return any(tuple(stems[at : at + len(wanted)]) == wanted for at in range(len(stems) - len(wanted) + 1))
