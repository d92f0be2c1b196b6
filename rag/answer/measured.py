"""How questions of people ended and what each stage took, put among the metrics."""

from __future__ import annotations

from rag.metrics import Metrics
from rag.records import Answer

_TOTAL = "total"


def count_answer(metrics: Metrics, answer: Answer) -> None:
    """Count an answer by how it ended, and the time of its stages."""
    metrics.count("citewell_questions_total", (answer.reason or answer.status).value)
    for stage, milliseconds in answer.timings_ms.items():
        if stage == _TOTAL:
            metrics.observe("citewell_question_seconds", milliseconds / 1000)
        else:
            metrics.observe("citewell_question_stage_seconds", milliseconds / 1000, stage)
