"""What asking is to the parts that are given it: the audit log and the insights, which ask again."""

from __future__ import annotations

from typing import Protocol

from rag.records import Access, Answer


class Ask(Protocol):
    """Answers a question, as `rag.answer.question_service.QuestionService.ask` does."""

    def __call__(self, question: str, *, access: Access, max_sentences: int | None = None) -> Answer:
        """The answer from the documents of today, of those that `access` allows to be read."""
        ...
