"""For whoever writes the glossary: what is wrong with it, and what it could have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.answer.glossary import Entry
from rag.answer.glossary_file import GlossaryFile
from rag.insights.missing_words import MissingWord, nearest_words, words_asked
from rag.insights.open_questions import UnansweredReport
from rag.models.embedder import Embedder
from rag.records import Access, Hit
from rag.store.base import PassageStore

# Whoever writes the glossary keeps the documents.
_EVERYTHING = Access.everything()
# Passages whose words are compared with a missing one: for it alone, and for each question it was asked in.
_PASSAGES = 6
# What people say is told to be common from this many passages on, and from this share of all.
_COMMON = 5
_COMMON_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class GlossaryFinding:
    """Something to look at in a line of the glossary."""

    line: int  # from 1
    problem: str  # goes on after "line 3": "has one column; expected ..."
    is_used: bool  # whether the line holds all the same


@dataclass(frozen=True, slots=True)
class GlossaryCheck:
    """What the glossary holds, and what there is to look at."""

    path: Path
    exists: bool
    entries: int
    findings: tuple[GlossaryFinding, ...]  # in the order of the lines


class GlossaryService:
    """The glossary of one data directory."""

    def __init__(
        self,
        file: GlossaryFile,
        store: PassageStore,
        embedder: Embedder,
        search: Callable[[str, int], Sequence[Hit]],
        unanswered: Callable[[int], UnansweredReport],
    ) -> None:
        """`search` gives the nearest passages for a text, `unanswered` what was not answered in some days."""
        self._file = file
        self._store = store
        self._embedder = embedder
        self._search = search
        self._unanswered = unanswered

    def check(self) -> GlossaryCheck:
        """Bad lines, words that stand in no document, and what people say that the documents say often themselves."""
        glossary = self._file.current()
        findings = [GlossaryFinding(bad.line, bad.problem, is_used=False) for bad in glossary.bad]
        passages = self._store.counts(_EVERYTHING)[2]
        for entry in glossary.entries:
            findings += self._of_entry(entry, passages)
        findings.sort(key=lambda finding: finding.line)
        return GlossaryCheck(self._file.path, self._file.path.is_file(), len(glossary.entries), tuple(findings))

    def missing_words(self, days: int) -> list[MissingWord]:
        """Words of what was not answered in the last days that no document has, the most asked first.

        None where texts of questions are not kept. Raises InputError unless 1 <= days <= 366.
        """
        groups = self._unanswered(days).groups
        known = [said for entry in self._file.current().entries for said in entry.people]
        found = words_asked(
            (question for group in groups for question in group.questions),
            lambda words: self._store.chunk_frequencies(_EVERYTHING, words),
            known,
        )
        return [
            MissingWord(one.word, one.asked, one.questions, self._nearest(one.word, one.questions)) for one in found
        ]

    def _nearest(self, word: str, questions: Sequence[str]) -> tuple[str, ...]:
        hits = [hit for text in (word, *questions) for hit in self._search(text, _PASSAGES)]
        return nearest_words(word, (hit.chunk.text for hit in hits), self._embedder.embed)

    def _of_entry(self, entry: Entry, passages: int) -> list[GlossaryFinding]:
        found = self._store.chunk_frequencies(_EVERYTHING, [*entry.documents, *entry.people])
        absent = [
            f'has "{words}", which stands in no document; expected words as the documents write them'
            for words in entry.documents
            if not found[words]
        ]
        common = [
            f'has "{words}" as what people say, and {found[words]:,} of {passages:,} passages say it too; questions'
            f' with it are also searched for with "{entry.documents[0]}", so expected something more special'
            for words in entry.people
            if found[words] >= max(_COMMON, _COMMON_SHARE * passages)
        ]
        return [GlossaryFinding(entry.line, problem, is_used=True) for problem in (*absent, *common)]
