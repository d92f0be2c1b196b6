"""How much one client, and all together, may ask of the service: rate, and questions in work."""

from __future__ import annotations

import math
import time
from contextlib import AbstractAsyncContextManager

from fastapi import HTTPException
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from rag.metrics import Metrics
from rag.settings import cores
from web.middleware.question_queue import IsGone, QuestionQueue, QueueMeter
from web.settings import WebSettings

# Documents whose text is opened at once, for all; each has its text in memory several times over. Others wait in line.
_DOCUMENTS_AT_ONCE = 2
_WAITING_FOR_DOCUMENTS = 32


class QuestionLimits:
    """Counts questions, and what is read, by address, and the ones in work. Refusals are 429 with Retry-After."""

    def __init__(self, settings: WebSettings, metrics: Metrics) -> None:
        self._metrics = metrics
        self._rate = RateLimitItemPerMinute(settings.questions_per_minute)
        self._reading_rate = RateLimitItemPerMinute(settings.reads_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._places = QuestionQueue(
            settings.max_concurrent_questions or cores(), settings.max_waiting_questions, meter=_Questions(metrics)
        )
        self._documents = QuestionQueue(
            _DOCUMENTS_AT_ONCE, _WAITING_FOR_DOCUMENTS, work="documents to open", meter=_Documents(metrics)
        )

    def count(self, address: str) -> None:
        """Count one question from `address`. Raises 429 when it has used up its minute."""
        self._hit(self._rate, address, "questions", "question_rate")

    def count_reading(self, address: str) -> None:
        """Count one request of `address` to read documents. Raises 429 when it has used up its minute."""
        self._hit(self._reading_rate, f"reading {address}", "requests for documents", "reading_rate")

    def _hit(self, rate: RateLimitItemPerMinute, counted: str, what: str, reason: str) -> None:
        if self._limiter.hit(rate, counted):
            return
        self._metrics.count("citewell_refusals_total", reason)
        window = self._limiter.get_window_stats(rate, counted)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        raise HTTPException(
            429,
            f"More than {rate.amount} {what} in a minute came from this address. Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )

    def place(self, is_gone: IsGone) -> AbstractAsyncContextManager[None]:
        """A place for a question in work, to be held while it is answered; see `QuestionQueue.place`. Raises 429."""
        return self._places.place(is_gone)

    def document_place(self, is_gone: IsGone) -> AbstractAsyncContextManager[None]:
        """A place for a document whose text is opened, likewise. Raises 429."""
        return self._documents.place(is_gone)


class _Questions(QueueMeter):
    """Puts what happens in the line of questions among the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def changed(self, *, waiting: int, in_work: int) -> None:
        """See `QueueMeter`."""
        self._metrics.set("citewell_questions_waiting", waiting)
        self._metrics.set("citewell_questions_in_progress", in_work)

    def waited(self, seconds: float) -> None:
        """See `QueueMeter`."""
        self._metrics.observe("citewell_question_wait_seconds", seconds)

    def refused(self) -> None:
        """See `QueueMeter`."""
        self._metrics.count("citewell_refusals_total", "question_line")


class _Documents(QueueMeter):
    """The same of the line of documents: refusals alone."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def refused(self) -> None:
        """See `QueueMeter`."""
        self._metrics.count("citewell_refusals_total", "document_line")
