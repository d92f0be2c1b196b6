"""Questions: answered and searched for; citations checked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.ask import Examination, Found, compose, find
from rag.errors import InvalidQuestion
from rag.pipeline.parts import Parts
from rag.records import Answer, Exchange, Hit, Verification
from rag.remembered import Asked
from rag.verify import verify_citation


class Questions(Parts):
    """Questions to the documents of one data directory."""

    def ask(
        self,
        question: str,
        *,
        max_sentences: int | None = None,
        principals: Sequence[str] | None = None,
        history: Sequence[Exchange] = (),
    ) -> Answer:
        """The answer to `question`, or an abstention with its reason. Raises InvalidQuestion.

        `history` is what was asked and quoted before, oldest first: a follow-up is understood from it.
        """
        steps = self.ask_in_steps(question, max_sentences=max_sentences, principals=principals, history=history)
        *_, answer = steps
        assert isinstance(answer, Answer)  # noqa: S101 - what ask_in_steps promises
        return answer

    def ask_in_steps(
        self,
        question: str,
        *,
        max_sentences: int | None = None,
        principals: Sequence[str] | None = None,
        history: Sequence[Exchange] = (),
    ) -> Iterator[str | tuple[Hit, ...] | Answer]:
        """What is searched for, then the passages found, then the answer made from them. Raises InvalidQuestion.

        The same question again, while nothing has changed, has the same answer, which was remembered.
        """
        started = time.perf_counter()
        limit = self._sentence_limit(max_sentences)
        state = self._store.change_number(), self._store.threshold()
        who = None if principals is None else tuple(principals)
        key = (question, limit, who, tuple(history), state)
        known = self._remembered.get(key)
        if known is not None:
            yield known.searched
            yield known.hits
            took = round((time.perf_counter() - started) * 1000, 1)
            yield replace(known.answer, timings_ms={"cache": took, "total": took})
            return
        found = self._find(question, self.settings.passages, principals=principals, history=history)
        yield found.question.text
        yield found.hits
        answer = self._compose(found, limit).answer
        if (found.index_version, found.threshold) == state and not found.degraded:
            self._remembered.keep(key, Asked(found.question.text, found.hits, answer))
        yield answer

    def examine(self, question: str, *, depth: int, within: str | None = None) -> Examination:
        """How `question` is answered, with `depth` passages and every extract: for evaluation.

        Only the passages that an answer is made from are read for it. `within` asks one document alone.
        """
        found = self._find(question, max(depth, self.settings.passages), within=within)
        return self._compose(found, self.settings.max_sentences)

    def search(self, question: str, k: int = 10, *, principals: Sequence[str] | None = None) -> list[Hit]:
        """The `k` passages nearest to `question`, best first. Raises InvalidQuestion."""
        if not 1 <= k <= 100:
            raise InvalidQuestion(f"{k} passages were asked for; expected 1 to 100.")
        return list(self._find(question, k, principals=principals).hits)

    def verify(self, document_id: str, *, sha256: str, start: int, end: int, quote: str) -> Verification:
        """What became of a citation: whether its quote still stands where it says, in the text it names."""
        return verify_citation(self._store, document_id, sha256=sha256, start=start, end=end, quote=quote)

    def _find(
        self,
        question: str,
        k: int,
        *,
        principals: Sequence[str] | None = None,
        within: str | None = None,
        history: Sequence[Exchange] = (),
    ) -> Found:
        return find(
            question,
            k,
            settings=self.settings,
            store=self._store,
            embedder=self._embedder,
            serving=self._index,
            principals=principals,
            within=within,
            history=history,
        )

    def _compose(self, found: Found, limit: int) -> Examination:
        return compose(found, limit, settings=self.settings, reader=self._reader, confidence_of=self._confidence_of)

    def _sentence_limit(self, max_sentences: int | None) -> int:
        """How many sentences an answer may have. Raises InvalidQuestion for less than one."""
        if max_sentences is None:
            return self.settings.max_sentences
        if max_sentences < 1:
            raise InvalidQuestion(f"max_sentences is {max_sentences}; expected 1 or more.")
        return min(max_sentences, self.settings.max_sentences)
