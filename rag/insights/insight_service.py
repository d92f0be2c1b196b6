"""For whoever keeps the documents: what was not answered; and for everybody what to ask."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

from rag.answer.ask_protocol import Ask
from rag.errors import DocumentNotFound
from rag.insights import unanswered
from rag.insights.open_questions import AskedAgain, UnansweredReport
from rag.insights.suggestions import Suggestion, Suggestions, listed
from rag.models.embedder import Embedder
from rag.records import Access, Answer
from rag.settings import Settings
from rag.store.base import DistinctQuestion, SiteThreshold, Store

# Kinds of rights for which questions to suggest are kept at once, the last ones that were asked for.
_MOST_RIGHTS = 32


class InsightService:
    """The questions that people asked of one data directory, and those that are suggested to them."""

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, ask: Ask) -> None:
        self._settings = settings
        self._store = store
        self._embedder = embedder
        self._ask = ask
        self._suggestions: OrderedDict[frozenset[int] | None, Suggestions] = OrderedDict()
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()

    def close(self) -> None:
        """End the making of suggestions, and begin no more."""
        for suggestions in self._suggestions.values():
            suggestions.stop()
        for suggestions in self._suggestions.values():
            suggestions.wait()

    def note(self, answer: Answer) -> None:
        """Count how a question of a person ended, and keep its text if the settings say so. Raises no StorageError."""
        unanswered.note(self._store.questions, answer, self._embedder, keep_days=self._settings.keep_questions_days)

    def unanswered(self, days: int) -> UnansweredReport:
        """What was not answered in the last days, today among them. Raises InputError unless 1 <= days <= 366."""
        return unanswered.report(self._store.questions, days=days, keep_days=self._settings.keep_questions_days)

    def voted_on(self, days: int) -> list[DistinctQuestion]:
        """The kept questions of the last days, today among them, on whose answers somebody voted.

        Raises InputError unless 1 <= days <= 366, and where the settings keep no questions.
        """
        return unanswered.voted_on(self._store.questions, days=days, keep_days=self._settings.keep_questions_days)

    def apply_retention(self) -> None:
        """Delete the kept questions that are over their time. Raises StorageError."""
        unanswered.expire(self._store.questions, keep_days=self._settings.keep_questions_days)

    def ask_again(self, question_ids: Sequence[int], *, access: Access) -> list[AskedAgain]:
        """Kept questions asked of the documents of today. Raises InputError for more than 50."""
        return unanswered.ask_again(self._store.questions, partial(self._ask, access=access), question_ids)

    def dismiss(self, question_ids: Sequence[int]) -> None:
        """Forget kept questions, with all who asked the same. Raises StorageError."""
        unanswered.dismiss(self._store.questions, question_ids)

    def forget_all(self) -> None:
        """Delete every kept question and every comment on an answer; the counts of the days stay."""
        self._store.questions.forget_all()

    def suggestions(self, *, access: Access) -> list[str]:
        """Up to five questions to offer that the documents answer, or up to three of the settings' file.

        They are made of what `access` allows to be read, and of nothing else. They come at once from memory. After the
        documents have changed, and at first, they are made in a thread.
        """
        return self._suggestions_for(access).known()

    def wait_for_suggestions(self, *, access: Access) -> None:
        """Wait for the making of suggestions that is under way, if any is."""
        self._suggestions_for(access).wait()

    def _suggestions_for(self, access: Access) -> Suggestions:
        """Those that are kept for everyone with these rights."""
        rights = None if access.reads_everything else self._store.permitted_sets(access)
        with self._lock:
            found = self._suggestions.get(rights)
            if found is None:
                found = self._suggestions[rights] = Suggestions(
                    partial(self._suggest, access),
                    state=partial(self._suggested_for, access),
                    is_there=partial(self._is_there, access),
                )
            self._suggestions.move_to_end(rights)
            while len(self._suggestions) > _MOST_RIGHTS:
                self._suggestions.popitem(last=False)[1].stop()
        return found

    def _suggest(self, access: Access, is_stopping: Callable[[], bool]) -> list[Suggestion]:
        """What `_make_suggestions` makes; for one kind of rights after the other, so that people who ask come first."""
        with self._one_at_a_time:
            return self._make_suggestions(access, is_stopping)

    def _make_suggestions(self, access: Access, is_stopping: Callable[[], bool]) -> list[Suggestion]:
        """The questions of the settings' file, else made from the documents, for which there are English rules only."""
        ask = partial(self._ask, access=access)
        if self._settings.suggestions is not None:
            return listed(self._settings.suggestions, ask, is_stopping=is_stopping)
        if self._settings.language != "en":
            return []
        from rag.insights.suggestions.choose import (
            suggest,  # here: it takes a tenth of a start, and nobody waits for it now
        )

        return suggest(self._store, ask, access=access, is_stopping=is_stopping)

    def _suggested_for(self, access: Access) -> tuple[tuple[int, ...], SiteThreshold | None]:
        """The suggestions hold for as long as this stays the same."""
        return self._store.content_state(access), self._store.threshold()

    def _is_there(self, access: Access, suggestion: Suggestion) -> bool:
        """Whether the document of a suggestion is what it was, and may be read."""
        if not suggestion.document_id:
            return True
        try:
            found = self._store.document_info(access, suggestion.document_id)
        except DocumentNotFound:
            return False
        return found.content_sha256 == suggestion.content_sha256
