"""One question over one data directory: what is found for it, and the answer made of that.

`find` and `compose` are apart, so that passages can be shown before the answer is known.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answer import abstain, compose_answer
from rag.calibration import confidence, fit_for, signals
from rag.converse import stand_alone
from rag.embed import Embedder
from rag.extract import extract, word_weights
from rag.question import Question, analyse_question
from rag.reader import Reader
from rag.records import Answer, Exchange, Extract, Hit, NoAnswerReason, SiteThreshold
from rag.reread import reread, worth_reading
from rag.retrieve import Retrieved, retrieve
from rag.serving import ServingIndex
from rag.settings import Settings
from rag.store import Store


@dataclass(frozen=True, slots=True)
class Found:
    """What retrieval gives to extraction; everything read from the store belongs to one moment."""

    question: Question
    asked: str  # as it was typed
    hits: tuple[Hit, ...]
    texts: Mapping[str, str]  # of the documents of the hits that are read, by id
    frequencies: Mapping[str, int]  # passages that hold each word of the question
    threshold: SiteThreshold | None  # fitted to this site, for whatever gives the confidence
    documents: int
    chunks: int
    index_version: int
    degraded: bool
    seconds: Mapping[str, float]  # of each stage


@dataclass(frozen=True, slots=True)
class Examination:
    """How a question was answered: passages found, candidate sentences best first, what confidence saw, the answer."""

    hits: tuple[Hit, ...]
    extracts: tuple[Extract, ...]
    signals: Mapping[str, float]
    answer: Answer


def find(
    question: str,
    k: int,
    *,
    settings: Settings,
    store: Store,
    embedder: Embedder,
    serving: ServingIndex,
    principals: Sequence[str] | None = None,
    within: str | None = None,
    history: Sequence[Exchange] = (),
) -> Found:
    """The `k` best passages for `question`, with all that is needed to answer from them, of one moment.

    `within` is the id of the one document to look in; `history` is what the question may refer to, oldest first.
    Raises InvalidQuestion.
    """
    started = time.perf_counter()
    typed = analyse_question(question, max_chars=settings.max_question_chars)
    asked = _stand_alone(typed, history, max_chars=settings.max_question_chars) if history else typed
    embedding = time.perf_counter()
    vector = embedder.embed_question(asked.text) if asked.is_searchable else None
    embedded = time.perf_counter() - embedding
    index = serving.current()
    with store.snapshot():
        documents, _, chunks = store.counts()
        retrieved = Retrieved((), {})
        if vector is not None and documents:
            only = None if within is None else store.chunk_ids(within)
            retrieved = retrieve(asked, vector, k, store=store, index=index, principals=principals, only=only)
        hits = retrieved.hits
        ids = dict.fromkeys(hit.chunk.source.id for hit in hits[: settings.passages])
        return Found(
            question=asked,
            asked=typed.text,
            hits=hits,
            texts=store.texts(list(ids)),
            frequencies=retrieved.frequencies,
            threshold=store.threshold(),
            documents=documents,
            chunks=chunks,
            index_version=store.change_number(),
            degraded=index is None,
            seconds={"embed": embedded, "retrieve": time.perf_counter() - started - embedded},
        )


def _stand_alone(typed: Question, history: Sequence[Exchange], *, max_chars: int) -> Question:
    """`typed` with its referents filled in; as it is when that would be too long to be read."""
    text = stand_alone(typed.text, history)
    return typed if text == typed.text or len(text) > max_chars else analyse_question(text, max_chars=max_chars)


def compose(
    found: Found, limit: int, *, settings: Settings, reader: Reader | None, confidence_of: str = ""
) -> Examination:
    """The answer of at most `limit` sentences made of what was found.

    `confidence_of` is the `rag.calibration.identity` of what gives the confidence: a threshold that was fitted for
    another one is passed over.
    """
    asked, read_hits = found.question, found.hits[: settings.passages]
    started = time.perf_counter()
    if found.documents == 0 or not asked.is_searchable:
        reason = NoAnswerReason.NO_DOCUMENTS if found.documents == 0 else NoAnswerReason.NOT_A_QUESTION
        return Examination((), (), {}, _as_typed(abstain(asked.text, reason, index_version=found.index_version), found))
    extracts = extract(asked, read_hits, word_weights(asked, found.frequencies, found.chunks))
    reading = time.perf_counter()
    if reader is not None:
        extracts = reread(asked, worth_reading(extracts), reader)
    read = time.perf_counter() - reading
    seen = signals(asked, extracts, found.frequencies)
    threshold = settings.min_confidence
    if threshold < 0:
        fitted = found.threshold
        own = fitted is not None and fitted.fitted_for == confidence_of
        threshold = fitted.value if fitted is not None and own else fit_for(seen).threshold
    answer = compose_answer(
        asked,
        extracts,
        confidence(seen),
        hits=read_hits,
        text_of=found.texts.__getitem__,
        max_sentences=limit,
        min_confidence=threshold,
        index_version=found.index_version,
        degraded=found.degraded,
    )
    seconds = {**found.seconds, "extract": time.perf_counter() - started - read, "read": read}
    timings = {name: round(1000 * taken, 1) for name, taken in (*seconds.items(), ("total", sum(seconds.values())))}
    answer = dataclasses.replace(answer, timings_ms=timings)
    answer = _as_typed(answer, found)
    return Examination(found.hits, tuple(extracts), seen, answer)


def _as_typed(answer: Answer, found: Found) -> Answer:
    """`answer` under the question as it was typed, with what was searched for beside it where that is another one."""
    if found.question.text == found.asked:
        return answer
    return dataclasses.replace(answer, question=found.asked, stand_alone_question=found.question.text)
