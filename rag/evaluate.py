"""Measures how well a pipeline answers: a question file over its own documents, or a SQuAD file over its paragraphs.

Whether a sentence is right is decided by place: it holds a gold answer where the gold answer stands, or it is the gold
sentence again elsewhere. A string that happens to occur in another sentence does not count.
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag.ask import Examination
from rag.errors import InputError
from rag.pipeline import Pipeline
from rag.records import AnswerStatus, Block, BlockKind, Document, Extract, Hit, Source, Span
from rag.settings import Settings

# Ranks are looked at down to here.
_DEPTH = 20
_SEED = 20_231
_BINS = 10
# Thresholds of the table that shows the trade between answering and being wrong.
_THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what counts as right. No answer and no sentence: the documents do not say.

    With `document_id`, `places` are the gold answers in that document; else `sentences` are the gold sentences, or, if
    a file gives none, `answers` are strings one of which a right sentence holds.
    """

    question: str
    answers: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    document_id: str | None = None
    places: tuple[Span, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Whether the documents answer it."""
        return bool(self.answers or self.sentences)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one case."""

    case: Case
    answered: bool
    right: bool  # the best sentence, shown or not
    rank: int | None  # of the first passage that holds a gold answer, from 1, down to 20
    confidence: float
    milliseconds: float
    best: str  # the best sentence's text


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON Lines file: "question", "answers" (none: unanswerable), optionally "sentence" and "also".

    Raises InputError naming the line that is not of this form.
    """
    cases = []
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            gold = [item["sentence"]] if item.get("sentence") else []
            question, answers, sentences = item["question"], item["answers"], gold + item.get("also", [])
            if not (question.strip() and isinstance(answers, list) and all(map(str.strip, answers + sentences))):
                raise ValueError("one of them is empty or of the wrong kind")
            cases.append(Case(question, tuple(answers), tuple(sentences)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}, line {number}: expected an object with "question" and a list "answers"; {error!r}.'
            ) from error
    if not cases:
        raise InputError(f"{path} holds no question.")
    return cases


def read_squad(path: Path) -> tuple[list[Document], list[Case]]:
    """A SQuAD file's paragraphs as documents, and its questions as cases. A paragraph's text is taken as it is.

    A gold answer whose offset does not point at its text is looked up in the paragraph; a question none of whose
    answers stand there is left out. Raises InputError when the file is not of the SQuAD form.
    """
    documents: dict[str, Document] = {}
    cases = []
    try:
        for article in json.loads(_read_text(path))["data"]:
            title = str(article.get("title") or "").replace("_", " ")
            for paragraph in article["paragraphs"]:
                document = _paragraph(title, paragraph["context"])
                documents[document.source.id] = document
                cases += [case for asked in paragraph["qas"] if (case := _squad_case(document, asked))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not a SQuAD file: expected data[].paragraphs[].qas[]; {error!r}.") from error
    if not cases:
        raise InputError(f"{path} holds no question.")
    return list(documents.values()), cases


def evaluate_file(pipeline: Pipeline, path: Path, *, progress: Progress | None = None) -> dict[str, Any]:
    """The figures of `summarise` for a question file asked of the pipeline's own documents."""
    return summarise(run(pipeline, read_cases(path), progress=progress))


def evaluate_squad(
    path: Path,
    settings: Settings,
    open_pipeline: Callable[[Settings], Pipeline],
    *,
    sample: int | None = None,
    given: bool = False,
    indexing: Progress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The figures of `summarise` for a SQuAD file, all its paragraphs indexed in a temporary directory.

    `sample` asks that many of its questions, always the same ones; `given` asks each of its own paragraph alone.
    """
    documents, cases = read_squad(path)
    if sample is not None:
        if sample < 1:
            raise InputError(f"--sample is {sample}; expected 1 or more.")
        cases = random.Random(_SEED).sample(cases, min(sample, len(cases)))  # noqa: S311 - no secret depends on it
    with (
        tempfile.TemporaryDirectory(prefix="citewell-evaluate-") as folder,
        open_pipeline(replace(settings, data_dir=Path(folder))) as pipeline,
    ):
        pipeline.add_documents(documents, on_done=indexing)
        outcomes = run(pipeline, cases, given=given, progress=progress)
    return {"paragraphs": len(documents), "given": given, **summarise(outcomes)}


def run(
    pipeline: Pipeline, cases: Sequence[Case], *, given: bool = False, progress: Progress | None = None
) -> list[Outcome]:
    """The outcome of each case, in order."""
    outcomes = []
    for number, case in enumerate(cases, start=1):
        started = time.perf_counter()
        examined = pipeline.examine(case.question, depth=_DEPTH, within=case.document_id if given else None)
        outcomes.append(judge(case, examined, (time.perf_counter() - started) * 1000))
        if progress:
            progress(number, len(cases))
    return outcomes


def judge(case: Case, examined: Examination, milliseconds: float) -> Outcome:
    """Whether the best sentence and the passages are right for the case."""
    best = examined.extracts[0] if examined.extracts else None
    answered = examined.answer.status is AnswerStatus.ANSWERED
    gold = _gold_sentences(case, examined.hits)
    ranks = (rank for rank, hit in enumerate(examined.hits, start=1) if _passage_is_right(case, hit, gold))
    return Outcome(
        case=case,
        answered=answered,
        right=best is not None and _sentence_is_right(case, best, gold),
        rank=next(ranks, None),
        confidence=examined.answer.confidence.value,
        milliseconds=milliseconds,
        best=best.sentence.text if best else "",
    )


def is_right(case: Case, extract: Extract, hits: Sequence[Hit]) -> bool:
    """Whether the sentence of `extract` is right for the case; `hits` are the passages found for its question."""
    return case.is_answerable and _sentence_is_right(case, extract, _gold_sentences(case, hits))


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of a run, as JSON-ready values; shares lie in 0..1, and are None when they are of nothing.

    Over answerable questions: `recall_at_k` and `mrr` of the passage that holds a gold answer,
    `top_sentence_accuracy` (the best sentence is right, shown or not), `sentence_accuracy` (it is right and shown).
    Over all: `answered_share`; `no_answer_precision` and `no_answer_recall` of the abstentions; `wrong_answer_rate`,
    the wrong among the answered, where any answer to an unanswerable question is wrong; `calibration_error`, the
    expected calibration error of confidence over ten equal bins.
    """
    answerable = [o for o in outcomes if o.case.is_answerable]
    unanswerable = [o for o in outcomes if not o.case.is_answerable]
    answered = [o for o in outcomes if o.answered]
    declined = [o for o in outcomes if not o.answered]
    return {
        "questions": len(outcomes),
        "answerable": len(answerable),
        "recall_at_1": _share(o.rank is not None and o.rank <= 1 for o in answerable),
        "recall_at_5": _share(o.rank is not None and o.rank <= 5 for o in answerable),
        "recall_at_20": _share(o.rank is not None and o.rank <= 20 for o in answerable),
        "mrr": _mean(1 / o.rank if o.rank else 0.0 for o in answerable),
        "top_sentence_accuracy": _share(o.right for o in answerable),
        "sentence_accuracy": _share(o.right and o.answered for o in answerable),
        "answered_share": _share(o.answered for o in outcomes),
        "no_answer_precision": _share(not o.case.is_answerable for o in declined),
        "no_answer_recall": _share(not o.answered for o in unanswerable),
        "wrong_answer_rate": _share(not _is_right(o) for o in answered),
        "calibration_error": calibration_error([(o.confidence, _is_right(o)) for o in outcomes]),
        "latency_ms": _percentiles([o.milliseconds for o in outcomes]),
        "trade": [_trade(outcomes, threshold) for threshold in _THRESHOLDS],
    }


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """The expected calibration error over ten equal bins; None without pairs.

    The mean over bins of |mean confidence - share right|, weighted by how many are in the bin. Two pairs (0.9, True)
    and (0.9, False) give |0.9 - 0.5| = 0.4. Source: Naeini, Cooper and Hauskrecht, AAAI 2015.
    """
    if not pairs:
        return None
    total = 0.0
    for number in range(_BINS):
        inside = [pair for pair in pairs if min(int(pair[0] * _BINS), _BINS - 1) == number]
        total += abs(sum(p for p, _ in inside) - sum(right for _, right in inside))
    return round(total / len(pairs), 4)


def _trade(outcomes: Sequence[Outcome], threshold: float) -> dict[str, Any]:
    """What would be answered, and how much of it wrongly, if nothing under `threshold` were shown."""
    shown = [o for o in outcomes if _would_show(o, threshold)]
    answerable = [o for o in outcomes if o.case.is_answerable]
    unanswerable = [o for o in outcomes if not o.case.is_answerable]
    return {
        "min_confidence": threshold,
        "answered_share": _share(_would_show(o, threshold) for o in outcomes),
        "wrong_answer_rate": _share(not _is_right(o) for o in shown),
        "answerable_right": _share(o.right and _would_show(o, threshold) for o in answerable),
        "unanswerable_declined": _share(not _would_show(o, threshold) for o in unanswerable),
    }


def _would_show(outcome: Outcome, threshold: float) -> bool:
    return outcome.confidence >= threshold and bool(outcome.best)


def _is_right(outcome: Outcome) -> bool:
    return outcome.right and outcome.case.is_answerable


def _sentence_is_right(case: Case, best: Extract, gold: set[str]) -> bool:
    """Whether the sentence holds a gold answer at its place, or is a gold sentence elsewhere."""
    if _normal(best.sentence.text) in gold:
        return True
    if case.document_id is not None:
        return best.hit.chunk.source.id == case.document_id and _holds_any(best.sentence.span, case.places)
    return not case.sentences and any(answer in best.sentence.text for answer in case.answers)


def _passage_is_right(case: Case, hit: Hit, gold: set[str]) -> bool:
    """Whether the passage holds a sentence that would be right."""
    if any(_normal(s.text) in gold for s in hit.chunk.sentences):
        return True
    if case.document_id is not None:
        return hit.chunk.source.id == case.document_id and _holds_any(hit.chunk.span, case.places)
    return not case.sentences and any(answer in hit.chunk.text for answer in case.answers)


def _gold_sentences(case: Case, hits: Sequence[Hit]) -> set[str]:
    """The normalised texts of the sentences that hold a gold answer at its place."""
    gold = {_normal(sentence) for sentence in case.sentences}
    for hit in hits:
        if hit.chunk.source.id == case.document_id:
            gold |= {_normal(s.text) for s in hit.chunk.sentences if _holds_any(s.span, case.places)}
    return gold


def _holds_any(span: Span, places: Sequence[Span]) -> bool:
    return any(span.start <= place.start and place.end <= span.end for place in places)


def _normal(text: str) -> str:
    """`text` with white space folded: the same sentence in another layout is the same sentence."""
    return " ".join(text.split())


def _paragraph(title: str, text: str) -> Document:
    """One paragraph as a document of its own; a block for each of its lines."""
    blocks, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            blocks.append(Block(Span(start, start + len(line)), BlockKind.PARAGRAPH))
        start += len(line) + 1
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    identifier = hashlib.sha256(f"{title}\n{sha256}".encode()).hexdigest()[:16]
    source = Source(identifier, title or "untitled", f"api:{identifier}")
    return Document(source, text, tuple(blocks), sha256, sha256)


def _squad_case(document: Document, asked: dict[str, Any]) -> Case | None:
    """One question of a SQuAD paragraph; None when its answers do not stand there, and it cannot be judged."""
    places = []
    given = [] if asked.get("is_impossible") else asked["answers"]
    for answer in given:
        text, start = answer["text"].strip(), answer["answer_start"]
        if not document.text.startswith(text, start):
            start = document.text.find(text)
        if text and start >= 0:
            places.append(Span(start, start + len(text)))
    if given and not places:
        return None
    answers = tuple(place.of(document.text) for place in places)
    return Case(asked["question"].strip(), answers, document_id=document.source.id, places=tuple(places))


def _read_text(path: Path) -> str:
    """The text of a question file. Raises InputError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The question file {path} cannot be read: {error}.") from error


def _share(claims: Iterable[bool]) -> float | None:
    """The share of true claims, rounded to four places; None of none."""
    return _mean(float(claim) for claim in claims)


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else None


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    """The nearest-rank percentiles of `values`, in their unit."""
    ordered = sorted(values) or [0.0]
    return {f"p{p}": round(ordered[max(0, -(-p * len(ordered) // 100) - 1)], 1) for p in (50, 95, 99)}
