"""Questions: answered and searched for; citations checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rag.answer.ask import Examination, Retrieval, compose, find
from rag.answer.cache import AnswerCache, CachedAnswer
from rag.answer.glossary import Glossary
from rag.answer.glossary_file import GlossaryFile
from rag.answer.verify import Verification, verify_citation
from rag.errors import InvalidQuestion
from rag.index.live import LiveIndex
from rag.models.embedder import Embedder
from rag.models.reader import Reader
from rag.records import Access, Answer, Exchange, Hit
from rag.settings import Settings
from rag.store.base import SiteThreshold, Store

# What a remembered answer holds for: the state of what may be read, and the threshold.
_State = tuple[tuple[int, ...], SiteThreshold | None]


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """A question whose passages are found; `answer()` makes the answer from them."""

    question: str  # as it was typed, cleaned
    searched: str  # the same with its referents filled in, which is what was searched for
    passages: tuple[Hit, ...]  # best first
    answer: Callable[[], Answer]


class QuestionService:
    """Questions to the documents of one data directory."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        index: LiveIndex,
        embedder: Embedder,
        reader: Reader | None,
        *,
        confidence_source: str,
        glossary: GlossaryFile | None = None,
    ) -> None:
        """Without `reader` sentences are scored without one; without `glossary` no words have alternatives.

        `confidence_source` is the `rag.answer.confidence.identity` of what gives the confidence.
        """
        self._settings = settings
        self._store = store
        self._index = index
        self._embedder = embedder
        self._reader = reader
        self._confidence_source = confidence_source
        self._glossary = glossary
        self._cache = AnswerCache(settings.remembered_answers)

    def ask(
        self, question: str, *, access: Access, max_sentences: int | None = None, history: Sequence[Exchange] = ()
    ) -> Answer:
        """The answer to `question`, or an abstention with its reason. Raises InvalidQuestion.

        `history` is what was asked and quoted before, oldest first: a follow-up is understood from it.
        """
        return self.begin(question, access=access, max_sentences=max_sentences, history=history).answer()

    def begin(
        self, question: str, *, access: Access, max_sentences: int | None = None, history: Sequence[Exchange] = ()
    ) -> PendingAnswer:
        """The first of two steps: the passages for `question`, before its answer is known. Raises InvalidQuestion.

        The same question again, while nothing has changed, has the same answer, which was remembered.
        """
        started = time.perf_counter()
        limit = self._sentence_limit(max_sentences)
        with self._store.snapshot():
            state = self._store.content_state(access), self._store.threshold()
            rights = None if access.reads_everything else self._store.permitted_sets(access)
        glossary = self._words()
        key = (question, rights, limit, tuple(history), state, glossary.sha256)
        known = self._cache.get(key)
        if known is not None:
            answer = partial(_in_no_time, known.answer, started)
            return PendingAnswer(known.answer.question, known.searched, known.hits, answer)
        found = self._find(question, self._settings.passages, access=access, history=history, glossary=glossary)
        compose_and_keep = partial(self._compose_and_keep, found, limit, key, state)
        return PendingAnswer(found.asked, found.question.text, found.hits, compose_and_keep)

    def examine(self, question: str, *, access: Access, depth: int, within: str | None = None) -> Examination:
        """How `question` is answered, with `depth` passages and every extract: for evaluation.

        Only the passages that an answer is made from are read for it. `within` asks one document alone.
        """
        found = self._find(question, max(depth, self._settings.passages), access=access, within=within)
        return self._compose(found, self._settings.max_sentences)

    def search(self, question: str, k: int = 10, *, access: Access) -> list[Hit]:
        """The `k` passages nearest to `question`, best first. Raises InvalidQuestion."""
        if not 1 <= k <= 100:
            raise InvalidQuestion(f"{k} passages were asked for; expected 1 to 100.")
        return list(self._find(question, k, access=access).hits)

    def verify(
        self, document_id: str, *, access: Access, sha256: str, start: int, end: int, quote: str
    ) -> Verification:
        """What became of a citation: whether its quote still stands where it says, in the text it names."""
        return verify_citation(
            self._store, document_id, access=access, sha256=sha256, start=start, end=end, quote=quote
        )

    def _words(self) -> Glossary:
        """The glossary of now."""
        return self._glossary.current() if self._glossary else Glossary()

    def _find(
        self,
        question: str,
        k: int,
        *,
        access: Access,
        within: str | None = None,
        history: Sequence[Exchange] = (),
        glossary: Glossary | None = None,
    ) -> Retrieval:
        return find(
            question,
            k,
            settings=self._settings,
            store=self._store,
            embedder=self._embedder,
            index=self._index,
            access=access,
            within=within,
            history=history,
            glossary=self._words() if glossary is None else glossary,
        )

    def _compose(self, found: Retrieval, limit: int) -> Examination:
        return compose(
            found,
            limit,
            settings=self._settings,
            reader=self._reader,
            lead_in_of=lambda place: self._store.lead_in(
                found.access, place.source.id, place.text_sha256, place.span.start
            ),
            items_of=lambda place: self._store.list_items(
                found.access, place.source.id, place.text_sha256, place.span.start
            ),
            confidence_source=self._confidence_source,
        )

    def _compose_and_keep(self, found: Retrieval, limit: int, key: object, state: _State) -> Answer:
        """The answer made of what was found, remembered if that was still found in `state`."""
        answer = self._compose(found, limit).answer
        if (found.content, found.threshold) == state and not found.degraded:
            self._cache.keep(key, CachedAnswer(found.question.text, found.hits, answer))
        return answer

    def _sentence_limit(self, max_sentences: int | None) -> int:
        """How many sentences an answer may have. Raises InvalidQuestion for less than one."""
        if max_sentences is None:
            return self._settings.max_sentences
        if max_sentences < 1:
            raise InvalidQuestion(f"max_sentences is {max_sentences}; expected 1 or more.")
        return min(max_sentences, self._settings.max_sentences)


def _in_no_time(answer: Answer, started: float) -> Answer:
    """An answer that was remembered, with the milliseconds since `started` in place of those it took at first."""
    took = round((time.perf_counter() - started) * 1000, 1)
    return replace(answer, timings_ms={"cache": took, "total": took})
