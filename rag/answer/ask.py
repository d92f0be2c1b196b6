"""One question over one data directory: what is found for it, and the answer made of that.

`find` and `compose` are apart, so that passages can be shown before the answer is known.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rag.answer.alternatives import as_documents_say, embed_wordings, looked_for, with_alternatives
from rag.answer.compose import SourceTexts, abstain, compose_answer
from rag.answer.confidence import Thresholds, confidence, fit_for, signals
from rag.answer.extract import extract
from rag.answer.followup.stand_alone import stand_alone
from rag.answer.glossary import Glossary
from rag.answer.question import Question, clean_question, take_apart
from rag.answer.rescore import rescore, with_best_read_alone, worth_reading
from rag.answer.retrieve import Retrieved, retrieve
from rag.answer.word_weights import word_weights
from rag.index.live import LiveIndex
from rag.models.embedder import Embedder
from rag.models.reader import Reader
from rag.records import Access, Answer, Exchange, Extract, Hit, NoAnswerReason, Place, Span
from rag.settings import Settings
from rag.store.base import PassageStore, SiteThreshold

_NO_GLOSSARY = Glossary()


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What retrieval gives to extraction; everything read from the store belongs to one moment."""

    question: Question
    read: Question  # the same with words of the documents put in, where the glossary has some for it
    asked: str  # as it was typed, cleaned
    access: Access  # of whoever asked
    hits: tuple[Hit, ...]
    texts: Mapping[str, str]  # of the documents of the hits that are read, by id
    frequencies: Mapping[str, int]  # passages that hold each word of the question
    threshold: SiteThreshold | None  # fitted to this site, for whatever gives the confidence
    documents: int
    chunks: int
    index_version: int
    content: tuple[int, ...]  # the store's state of what may be read, which all this belongs to
    degraded: bool
    seconds: Mapping[str, float]  # of each stage


@dataclass(frozen=True, slots=True)
class Examination:
    """How a question was answered: passages found, candidate sentences best first, what confidence saw, the answer.

    `frequencies` has the number of passages that hold each word of the question, `passages` is that of all that may
    be read.
    """

    hits: tuple[Hit, ...]
    extracts: tuple[Extract, ...]
    signals: Mapping[str, float]
    answer: Answer
    frequencies: Mapping[str, int] = field(default_factory=dict)
    passages: int = 0


def find(
    question: str,
    k: int,
    *,
    settings: Settings,
    store: PassageStore,
    embedder: Embedder,
    index: LiveIndex,
    access: Access,
    within: str | None = None,
    history: Sequence[Exchange] = (),
    glossary: Glossary = _NO_GLOSSARY,
) -> Retrieval:
    """The `k` best passages for `question`, with all that is needed to answer from them, of one moment.

    Of what `access` does not allow to be read nothing is used. `within` is the id of the one document to look in;
    `history` is what the question may refer to, oldest first; `glossary` has other words for those of the question.
    Raises InvalidQuestion.
    """
    started = time.perf_counter()
    typed = clean_question(question, max_chars=settings.max_question_chars)
    asked = take_apart(_stand_alone(typed, history, max_chars=settings.max_question_chars) if history else typed)
    asked = with_alternatives(asked, glossary)
    embedding = time.perf_counter()
    vector = embed_wordings(asked, embedder.embed_question) if asked.is_searchable else None
    embedded = time.perf_counter() - embedding
    current = index.permitted(access)
    with store.snapshot():
        documents, _, chunks = store.counts(access)
        retrieved = Retrieved((), {})
        if vector is not None and documents:
            only = None if within is None else store.chunk_ids(access, within)
            retrieved = retrieve(asked, vector, k, chunks=chunks, store=store, index=current, access=access, only=only)
        hits = retrieved.hits
        ids = dict.fromkeys(hit.chunk.source.id for hit in hits[: settings.passages])
        return Retrieval(
            question=asked,
            read=as_documents_say(asked, hits[: settings.passages]) if asked.alternatives else asked,
            asked=typed,
            access=access,
            hits=hits,
            texts=store.texts(access, list(ids)),
            frequencies=retrieved.frequencies,
            threshold=store.threshold(),
            documents=documents,
            chunks=chunks,
            index_version=store.content_number(access),
            content=store.content_state(access),
            degraded=current is None,
            seconds={"embed": embedded, "retrieve": time.perf_counter() - started - embedded},
        )


def _stand_alone(typed: str, history: Sequence[Exchange], *, max_chars: int) -> str:
    """`typed` with its referents filled in; as it is when that would be too long to be read."""
    text = stand_alone(typed, history)
    return typed if text == typed or len(text) > max_chars else clean_question(text, max_chars=max_chars)


def compose(
    found: Retrieval,
    limit: int,
    *,
    settings: Settings,
    reader: Reader | None,
    lead_in_of: Callable[[Place], Span | None],
    items_of: Callable[[Place], Sequence[Span]],
    confidence_source: str = "",
) -> Examination:
    """The answer of at most `limit` sentences made of what was found.

    `lead_in_of` gives where the sentence stands that a place cannot be understood without, `items_of` the items of the
    list that it is in or stands in front of. `confidence_source` is the
    `rag.answer.confidence.identity` of what gives the confidence; thresholds fitted for another one are passed over.
    """
    asked, read, read_hits = found.question, found.read, found.hits[: settings.passages]
    started = time.perf_counter()
    if found.documents == 0 or not asked.is_searchable:
        reason = NoAnswerReason.NO_DOCUMENTS if found.documents == 0 else NoAnswerReason.NOT_A_QUESTION
        nothing = abstain(asked.text, reason, index_version=found.index_version)
        return Examination((), (), {}, _as_typed(dataclasses.replace(nothing, documents=found.documents), found))
    extracts = extract(read, read_hits, word_weights(read, found.frequencies, found.chunks))
    reading = time.perf_counter()
    if reader is not None:
        extracts = rescore(read, worth_reading(extracts), reader)
        extracts = with_best_read_alone(read, extracts, reader)
    reading = time.perf_counter() - reading
    seen = signals(read, extracts, found.frequencies, found.chunks)
    answer = compose_answer(
        read,
        extracts,
        confidence(seen),
        hits=read_hits,
        texts=SourceTexts(found.texts.__getitem__, lead_in_of, items_of),
        max_sentences=limit,
        thresholds=_thresholds(settings, found.threshold, fit_for(seen).thresholds, confidence_source),
        index_version=found.index_version,
        degraded=found.degraded,
    )
    seconds = {**found.seconds, "extract": time.perf_counter() - started - reading, "read": reading}
    timings = {name: round(1000 * taken, 1) for name, taken in (*seconds.items(), ("total", sum(seconds.values())))}
    answer = dataclasses.replace(answer, timings_ms=timings, documents=found.documents)
    answer = _as_typed(answer, found)
    return Examination(found.hits, tuple(extracts), seen, answer, found.frequencies, found.chunks)


def _thresholds(settings: Settings, site: SiteThreshold | None, default: Thresholds, source: str) -> Thresholds:
    """Those of the settings, else those fitted to this site for what gives the confidence now, else the default."""
    if site is not None and site.fitted_for == source:
        default = Thresholds(site.value, site.quoted_from)
    answer = default.answer if settings.answer_confidence is None else settings.answer_confidence
    possible = default.possible if settings.min_confidence is None else settings.min_confidence
    return Thresholds(max(answer, possible), possible)


def _as_typed(answer: Answer, found: Retrieval) -> Answer:
    """`answer` under the question as it was typed, with what was searched for beside it where that is another one."""
    stand_alone = None if found.question.text == found.asked else found.question.text
    also = looked_for(found.question) if found.hits else ()
    return dataclasses.replace(answer, question=found.asked, stand_alone_question=stand_alone, also_searched=also)
