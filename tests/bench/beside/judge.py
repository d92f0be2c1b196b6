"""Which sentence an answer lies in, and whether that is the right one: the same for all programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rag.evaluate.cases import Case
from rag.records import Span
from rag.split import split_sentences

Place = tuple[str, int, int]  # passage id, first and last exclusive code point in its text


class Judge:
    """Knows the passages and divides them into sentences once."""

    def __init__(self, passages: Mapping[str, str]) -> None:
        self._passages = passages
        self._sentences: dict[str, list[Span]] = {}

    def is_right(self, case: Case, places: Iterable[Place]) -> bool:
        """Whether one of the places lies in a right sentence.

        Right is a sentence with a gold answer at its place, or the same sentence elsewhere; for questions without
        places one that is named, or if none is, one that holds an answer.
        """
        return any(self._is_right(case, place) for place in places)

    def _is_right(self, case: Case, place: Place) -> bool:
        passage, start, end = place
        text = self._passages[passage]
        sentence = sentence_at(self._sentences_of(passage), start, end)
        if sentence is None:
            return False
        words = " ".join(sentence.of(text).split())
        if words in self._gold(case):
            return True
        if case.document_id is not None or case.sentences:
            return False
        return any(answer in words for answer in case.answers)

    def _gold(self, case: Case) -> set[str]:
        """The right sentences, with white space folded."""
        gold = {" ".join(sentence.split()) for sentence in case.sentences}
        if case.document_id is not None:
            text = self._passages[case.document_id]
            held = [s for s in self._sentences_of(case.document_id) if _holds_any(s, case.places)]
            gold |= {" ".join(sentence.of(text).split()) for sentence in held}
        return gold

    def _sentences_of(self, passage: str) -> list[Span]:
        if passage not in self._sentences:
            self._sentences[passage] = split_sentences(self._passages[passage])
        return self._sentences[passage]


def sentence_at(sentences: Sequence[Span], start: int, end: int) -> Span | None:
    """The sentence that holds most of a range, the first of several; None where none holds any of it."""
    best = max(sentences, key=lambda sentence: _shared(sentence, start, end), default=None)
    return best if best is not None and _shared(best, start, end) > 0 else None


def _shared(sentence: Span, start: int, end: int) -> int:
    return min(sentence.end, end) - max(sentence.start, start)


def _holds_any(sentence: Span, places: Sequence[Span]) -> bool:
    return any(sentence.start <= place.start and place.end <= sentence.end for place in places)
