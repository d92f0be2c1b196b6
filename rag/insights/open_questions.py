"""The questions that were not answered, or whose answers were voted down: counted, in groups, and asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rag.records import Answer, AnswerStatus


@dataclass(frozen=True, slots=True)
class DayCount:
    """How the questions of one day ended, whether their texts are kept or not."""

    day: str  # ISO 8601, UTC
    answered: int
    possible: int  # quotes were shown that may answer
    declined: int
    voted_down: int  # votes of that day against an answer; the answer may be older

    @property
    def asked(self) -> int:
        """All questions of that day."""
        return self.answered + self.possible + self.declined


@dataclass(frozen=True, slots=True)
class Total:
    """The same of some days together."""

    answered: int
    possible: int
    declined: int
    voted_down: int

    @classmethod
    def of(cls, days: Sequence[DayCount]) -> Self:
        """The sum of the days."""
        return cls(
            answered=sum(day.answered for day in days),
            possible=sum(day.possible for day in days),
            declined=sum(day.declined for day in days),
            voted_down=sum(day.voted_down for day in days),
        )

    @property
    def asked(self) -> int:
        """All questions of those days."""
        return self.answered + self.possible + self.declined


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question, in one wording, that was not answered for sure or whose answer was voted down."""

    id: int  # of its latest asking; stands for all of this wording
    question: str  # as it was searched for
    count: int  # askings in the period
    before: int  # askings in the period of the same length before
    outcome: str  # of the latest asking: "answered", "possible", or the reason why there was no answer
    confidence: float  # likewise
    last_asked: str  # ISO 8601, UTC
    up: int = 0  # votes for its answers
    down: int = 0  # and against them
    comments: tuple[str, ...] = ()  # on them, newest first

    @property
    def wrong(self) -> int:
        """How often it was declined in the period; where something was quoted, the votes against it."""
        return self.down if self.outcome in (AnswerStatus.ANSWERED, AnswerStatus.POSSIBLE) else self.count


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Open questions that ask for much the same: the one that went wrong most often first, which names the group."""

    questions: tuple[OpenQuestion, ...]

    @property
    def wrong(self) -> int:
        """How often one of them was declined or voted down in the period."""
        return sum(question.wrong for question in self.questions)

    @property
    def count(self) -> int:
        """Askings in the period."""
        return sum(question.count for question in self.questions)

    @property
    def before(self) -> int:
        """Askings in the period before."""
        return sum(question.before for question in self.questions)

    @property
    def last_asked(self) -> str:
        """When one of them was last asked: ISO 8601, UTC."""
        return max(question.last_asked for question in self.questions)


@dataclass(frozen=True, slots=True)
class UnansweredReport:
    """What was not answered in the last days, for whoever keeps the documents."""

    per_day: tuple[DayCount, ...]  # each day of the period, today last
    per_day_before: tuple[DayCount, ...]  # likewise of the period of the same length before
    reasons: Mapping[str, int]  # how many questions of the period were declined for each reason
    keep_days: int  # days that texts are kept; 0: they are not, and there are no groups
    groups: tuple[QuestionGroup, ...]  # what went wrong most often first
    left_out: int  # wordings beyond those that are grouped, the oldest ones

    @property
    def days(self) -> int:
        """The length of the period."""
        return len(self.per_day)

    @property
    def total(self) -> Total:
        """How the questions of the period ended."""
        return Total.of(self.per_day)

    @property
    def total_before(self) -> Total:
        """How those of the period before ended."""
        return Total.of(self.per_day_before)


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """An open question asked again of the documents of today."""

    id: int  # of the OpenQuestion
    answer: Answer
