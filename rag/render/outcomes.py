"""The words for how a question ended, where a program writes English: commands and Markdown."""

from __future__ import annotations

from rag.records import Answer, AnswerStatus, Confidence, NoAnswerReason

MAY_ANSWER = "This may answer it."
_REASONS = {
    NoAnswerReason.NO_DOCUMENTS: "There were no documents to search.",
    NoAnswerReason.NOT_A_QUESTION: "There is nothing in this that can be searched for. Ask with words.",
}

_LIKELIHOODS = {
    "high": "very likely right",
    "medium": "probably right",
    "low": "possibly right",
    "very_low": "probably not the answer",
}


def outcome_words(answer: Answer) -> str:
    """A line above quotes that may answer, or why there are none; "" for an answer, which speaks for itself.

    Not to find something is not to know that it is not there, and is never said as if it were.
    """
    if answer.status is AnswerStatus.POSSIBLE:
        return MAY_ANSWER
    if answer.reason is NoAnswerReason.NOT_FOUND:
        return f"I did not find it{_where(answer.documents)}."
    return _REASONS[answer.reason] if answer.reason else ""


def likelihood(confidence: Confidence) -> str:
    """How likely a quote is to answer: "possibly right (35%)"."""
    return f"{_LIKELIHOODS[confidence.label]} ({confidence.value:.0%})"


def recognised_words(recognised: float | None) -> str:
    """What has to be said of a quote that was recognised on a picture; "" of one that was not."""
    if recognised is None:
        return ""
    return f"recognised from a scan ({recognised:.0%} sure): compare it with the page's picture"


def _where(documents: int) -> str:
    """Of 185: " in 185 documents"; nothing where their number was not kept."""
    return f" in {documents:,} document{'s' if documents > 1 else ''}" if documents else ""
