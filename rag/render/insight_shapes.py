"""The shapes of what was not answered, for whoever keeps the documents."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from rag.render.answer_shapes import AnswerAlone
from rag.render.shape import Shape, of


class TotalBody(Shape):
    """How the questions of some time ended."""

    asked: int = Field(description="`answered`, `possible` and `declined` together.")
    answered: int
    possible: int = Field(description="Quotes were shown that may answer.")
    declined: int
    voted_down: int = Field(description="Votes given against an answer in that time.")


class DayBody(Shape):
    """The same of one day."""

    day: str = Field(description="ISO 8601, UTC.")
    asked: int
    answered: int
    possible: int
    declined: int
    voted_down: int


class OpenQuestionBody(Shape):
    """A question in one wording."""

    id: int = Field(description="Stands for everybody who asked it in these words.")
    question: str = Field(description="As it was searched for: of a follow-up, what it was understood as.")
    count: int = Field(description="How often it was asked.")
    outcome: str = Field(description='How it ended the last time: "answered", "possible", or the reason why not.')
    confidence: float
    last_asked: str = Field(description="ISO 8601, UTC.")
    up: int = Field(description="Votes for its answers.")
    down: int = Field(description="Votes against them.")
    comments: list[str] = Field(description="On its answers, newest first.")


class QuestionGroupBody(Shape):
    """Questions that ask for much the same, the one that went wrong most often first."""

    count: int = Field(description="How often they were asked.")
    before: int | None = Field(
        description="How often in as many days before; null where texts are not kept for long enough to know."
    )
    last_asked: str = Field(description="ISO 8601, UTC.")
    questions: list[OpenQuestionBody]


class UnansweredBody(Shape):
    """What was not answered."""

    days: int
    keep_questions_days: int = of("keep_days", description="Days that texts are kept; 0: they are only counted.")
    total: TotalBody
    before: TotalBody = of("total_before", description="Of as many days before.")
    reasons: dict[str, int] = Field(description="How many were declined for each reason.")
    per_day: list[DayBody] = Field(description="Every day, today last.")
    groups: list[QuestionGroupBody] = Field(
        description="What went wrong most often first; none where texts are not kept."
    )
    left_out: int = Field(description="Wordings that are not grouped because there are too many: the oldest ones.")

    @model_validator(mode="after")
    def _count_before_only_what_was_kept(self) -> Self:
        """Texts of the period before are gone, or some of them, unless they are kept for twice as long."""
        if self.keep_questions_days < 2 * self.days:
            for group in self.groups:
                group.before = None
        return self


class MissingWordBody(Shape):
    """A word that people ask with and that no document has."""

    word: str = Field(description="Without capitals and accents.")
    asked: int = Field(description="How often a question with it was asked.")
    questions: list[str] = Field(description="Some of them, the most frequent first.")
    nearest: list[str] = Field(description="Words of the documents that mean most nearly the same, nearest first.")


class MissingWordListBody(Shape):
    """What a glossary could have: words of open questions that stand in no document, the most asked first."""

    days: int
    words: list[MissingWordBody]


class AskedAgainBody(Shape):
    """A question and its answer of today."""

    id: int = Field(description="The id that was asked for.")
    answer: AnswerAlone


class AskedAgainListBody(Shape):
    """The questions that were asked again; those that are no longer kept are left out."""

    asked: list[AskedAgainBody]
