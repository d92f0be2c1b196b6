"""Chooses the questions to suggest: few, different ones, each asked and answered rightly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from rag.errors import NotFoundError
from rag.insights.suggestions.background import Suggestion
from rag.insights.suggestions.rule_table import QuestionKind
from rag.insights.suggestions.rules import MadeQuestion, question_in, questions_of
from rag.records import Access, Answer, SentenceKind, Span, StoredSentence
from rag.store.base import DocumentInfo, DocumentStore
from rag.text.words import content_stems, plain_words

SHOWN = 5
# With this many, a document does not give a second one.
_ENOUGH = 3
_MAX_ASKED = 24
# What is read for it, so that the work is the same however much is stored: the newest documents, their beginnings.
_MAX_DOCUMENTS = 500
_MAX_SENTENCES = 5_000
_MAX_SENTENCES_A_DOCUMENT = 300
_MAX_CANDIDATES = 200
_ASK_TO_STOP = 20  # documents between two looks at whether to stop, which wait a little
# A document whose every table row could be a question would leave no room for others.
_MAX_A_DOCUMENT = 12

# What people come for first, as far as one can know; what something is comes last, as there is most of it.
_ORDER = (
    QuestionKind.HEADING,
    QuestionKind.HOW_LONG,
    QuestionKind.WHEN,
    QuestionKind.HOW_MUCH,
    QuestionKind.WHO,
    QuestionKind.HOW_OFTEN,
    QuestionKind.WHY,
    QuestionKind.HOW_MANY,
    QuestionKind.WHERE,
    QuestionKind.WHAT,
)
# Content words from which a question says what it is about: "When was the fort destroyed?" has two.
_SPECIFIC = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that a sentence should answer."""

    made: MadeQuestion
    document: DocumentInfo
    span: Span  # of the sentence; of a heading, of the section under it
    position: int  # of the sentence in the document


def suggest(
    store: DocumentStore, ask: Callable[[str], Answer], *, access: Access, is_stopping: Callable[[], bool]
) -> list[Suggestion]:
    """At most five questions made from what is stored, those of the newest documents first.

    Each was answered just now, with the sentence that it was made from. One a document and different kinds, as far as
    there are any: a second one from a document only while there are fewer than three. What is stored, and `access`
    allows to be read, alone decides which; at most 24 are asked. Stops early, with what it has, when `is_stopping` says
    so, which it asks often.
    """
    waiting = list(candidates(store, access=access, is_stopping=is_stopping))
    place = {document: number for number, document in enumerate(dict.fromkeys(c.document.source.id for c in waiting))}
    found: list[Suggestion] = []
    used_documents: Counter[str] = Counter()
    used_kinds: Counter[QuestionKind] = Counter()
    tried: Counter[str] = Counter()
    stems: list[set[str]] = []

    def rank(candidate: Candidate) -> tuple[int, int, int, bool, int, int, int]:
        document = candidate.document.source.id
        return (
            used_documents[document],
            used_kinds[candidate.made.kind],
            tried[document],
            not _is_specific(candidate.made.question),
            place[document],
            _ORDER.index(candidate.made.kind),
            candidate.position,
        )

    for _ in range(_MAX_ASKED):
        if not waiting or len(found) == SHOWN or is_stopping():
            break
        best = min(waiting, key=rank)
        document = best.document.source.id
        if used_documents[document] and len(found) >= _ENOUGH:
            break
        waiting.remove(best)
        tried[document] += 1
        words = set(content_stems(best.made.question))
        if any(len(words & other) >= 0.6 * min(len(words), len(other)) for other in stems):
            continue
        if answers(best, ask(best.made.question)):
            found.append(Suggestion(best.made.question, document, best.document.content_sha256))
            used_documents[document] += 1
            used_kinds[best.made.kind] += 1
            stems.append(words)
    return found


def candidates(
    store: DocumentStore, *, access: Access, is_stopping: Callable[[], bool] = lambda: False
) -> Iterator[Candidate]:
    """Questions that the newest documents should answer, some 200 at most."""
    newest = sorted(store.documents(access), key=lambda info: (info.updated_at, info.source.id), reverse=True)
    given = read = 0
    for number, info in enumerate(newest[:_MAX_DOCUMENTS]):
        is_enough = given >= _MAX_CANDIDATES or read >= _MAX_SENTENCES
        if is_enough or (number % _ASK_TO_STOP == 0 and is_stopping()):
            return
        with suppress(NotFoundError):  # deleted meanwhile
            sentences = store.sentences(access, info.source.id, at_most=_MAX_SENTENCES_A_DOCUMENT)
            read += len(sentences)
            for candidate in islice(_of_document(info, sentences), _MAX_A_DOCUMENT):
                given += 1
                yield candidate


def answers(candidate: Candidate, answer: Answer) -> bool:
    """Whether the first sentence of an answer is the one that its question was made from, and marks what was asked."""
    if not answer.citations or answer.disagreement is not None:
        return False
    first = answer.citations[0]
    places = (first.place, *first.also_in)
    document, span = candidate.document.source.id, candidate.span
    if not any(p.source.id == document and span.start <= p.span.start and p.span.end <= span.end for p in places):
        return False
    wanted, marked = set(plain_words(candidate.made.answer)), answer.highlight
    if not wanted or marked is None:
        return not wanted
    return bool(wanted & set(plain_words(marked.span.of(answer.sentences[marked.sentence].text))))


def _of_document(info: DocumentInfo, sentences: Sequence[StoredSentence]) -> Iterator[Candidate]:
    """The candidates of a document in the order of its text."""
    statements = [sentence for sentence in sentences if sentence.kind is SentenceKind.STATEMENT]
    inner = Counter(word for s in statements for word in re.findall(r"[\w'’-]+", s.text)[1:])

    def in_lower_case(word: str) -> bool | None:
        return True if inner[word.lower()] else False if inner[word] else None

    for sentence in sentences:
        if sentence.kind is SentenceKind.HEADING and (question := question_in(sentence.text)):
            under = [s for s in statements if s.section == sentence.section and s.position > sentence.position]
            if under:
                span = Span(under[0].span.start, under[-1].span.end)
                yield Candidate(MadeQuestion(question, QuestionKind.HEADING), info, span, sentence.position)
        if sentence.kind is SentenceKind.STATEMENT:
            for made in questions_of(sentence.text, in_lower_case=in_lower_case):
                yield Candidate(made, info, sentence.span, sentence.position)


def _is_specific(question: str) -> bool:
    """Whether a question says what it is about without its document: it has a name or some content."""
    words = question.split()[1:]
    return any(word[0].isupper() or word[0].isdigit() for word in words) or len(content_stems(question)) >= _SPECIFIC
