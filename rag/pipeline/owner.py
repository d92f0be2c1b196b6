"""For whoever keeps the documents: what was not answered, and for everybody what to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag import unanswered
from rag.pipeline.questions import Questions
from rag.records import AskedAgain, SiteThreshold, UnansweredReport
from rag.suggest import Suggestion, Suggestions, listed


class Owner(Questions):
    """The questions that people asked of one data directory, and those that are suggested to them."""

    _suggestions: Suggestions

    def unanswered(self, days: int) -> UnansweredReport:
        """What was not answered in the last days, today among them. Raises InputError unless 1 <= days <= 366."""
        return unanswered.report(self._store, days=days, keep_days=self.settings.keep_questions_days)

    def ask_again(self, question_ids: Sequence[int]) -> list[AskedAgain]:
        """Kept questions asked of the documents of today. Raises InputError for more than 50."""
        return unanswered.ask_again(self._store, self.ask, question_ids)

    def dismiss_questions(self, question_ids: Sequence[int]) -> None:
        """Forget kept questions, with all who asked the same. Raises StorageError."""
        unanswered.dismiss(self._store, question_ids)

    def forget_questions(self) -> None:
        """Delete every kept question and every comment on an answer; the counts of the days stay."""
        self._store.questions.forget_all()

    def suggestions(self) -> list[str]:
        """Up to five questions to offer that the documents answer, or up to three of the settings' file.

        What is known at once; after the documents have changed, and at first, they are made behind this.
        """
        return self._suggestions.known()

    def _suggest(self, is_stopping: Callable[[], bool]) -> list[Suggestion]:
        """The questions of the settings' file, else made from the documents, for which there are English rules only."""
        if self.settings.suggestions is not None:
            return listed(self.settings.suggestions, self.ask, is_stopping=is_stopping)
        if self.settings.language != "en":
            return []
        from rag.suggest.choose import suggest  # here: it takes a tenth of a start, and nobody waits for it now

        return suggest(self._store, self.ask, is_stopping=is_stopping)

    def _suggested_for(self) -> tuple[int, SiteThreshold | None]:
        """For as long as this stays, so do the suggestions."""
        return self._store.change_number(), self._store.threshold()

    def _is_there(self, suggestion: Suggestion) -> bool:
        """Whether the document of a suggestion is what it was."""
        stored = self._store.stored_hash(suggestion.document_id) if suggestion.document_id else ""
        return stored == suggestion.content_sha256
