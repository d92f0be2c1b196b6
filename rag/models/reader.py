"""The trained reader: reads a question together with passages and says which sentence answers, if any.

A BERT in ONNX, trained by `rag.training`, run by ONNX Runtime. It reads the question, then the passage's title and
section, then the passage. For each token it gives four scores: that the answering words start there, that they end
there, that the token belongs to the sentence that answers, and that it belongs to a sentence of the full answer. For
the passage it gives two: how well it fits the question beside others, and whether it answers at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from rag.errors import ModelUnavailable
from rag.models.exported import check_shipped
from rag.models.runtime import Workers, open_session, shared_workers
from rag.records import Span

WEIGHTS_FOLDER = Path(__file__).parent / "weights"

# Tokens of question, heading and passage together. It was trained on up to 272; somewhat longer ones still read well.
_MAX_TOKENS = 320
MAX_QUESTION_TOKENS = 64
MAX_HEADING_TOKENS = 48  # the last ones: those of the headings nearest to the text
# Stands between the heading and the passage.
HEADING_MARK = "|"
# Tokens of the longest answer span looked for.
_MAX_SPAN_TOKENS = 30
# For each pair of tokens 0 where a span may begin with the first and end with the second, else minus infinity.
_ALLOWED = np.where(
    np.tri(_MAX_TOKENS, k=_MAX_SPAN_TOKENS - 1, dtype=bool) & ~np.tri(_MAX_TOKENS, k=-1, dtype=bool),
    np.float32(0),
    np.float32(-np.inf),
)
_BEYOND = float("-inf")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A passage to read: the heading above it, its text, and where its sentences stand in the text."""

    heading: str
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The reader's scores for one passage. They are log-odds of a kind: only their differences mean something.

    `relevance` compares passages of one question; `answers` is the log-odds that the passage answers. `sentences` has a
    score for each sentence, `belongs` the log-odds that it is part of the full answer; minus infinity for one that lay
    beyond the window. `spans` has for each sentence the answering words, in code points of the passage, and
    `span_scores` how well they do.
    """

    relevance: float
    answers: float
    sentences: tuple[float, ...]
    belongs: tuple[float, ...]
    spans: tuple[Span | None, ...]
    span_scores: tuple[float, ...]


class Reader:
    """The reader's weights, loaded. Safe to use from several threads."""

    def __init__(self, graph: Path, tokenizer: Path, *, workers: Workers | None = None, sha256: str = "") -> None:
        """Without `workers` it has those of the process; `sha256` is that of the graph, where it is known."""
        self.sha256 = sha256
        self._workers = workers or shared_workers()
        self._session = open_session(graph)
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._marks = [_mark(self._tokenizer, mark) for mark in ("[CLS]", "[SEP]", HEADING_MARK)]

    @classmethod
    def load(cls, folder: Path = WEIGHTS_FOLDER) -> Reader | None:
        """The reader in `folder`; None when there is none. Raises ModelUnavailable when a file is damaged."""
        described = folder / "reader.json"
        if not described.exists():
            return None
        hashes = json.loads(described.read_text(encoding="utf-8"))["sha256"]
        for name, sha256 in hashes.items():
            check_shipped(folder / name, sha256, f"The reader's file {name}")
        return cls(folder / "reader.onnx", folder / "tokenizer.json", sha256=hashes["reader.onnx"])

    def read(self, question: str, passages: Sequence[ReadPassage]) -> list[Reading]:
        """One Reading for each passage, in order."""
        if not passages:
            return []
        asked = self._ids(question)[:MAX_QUESTION_TOKENS]
        # Each by itself: nothing is padded, so it is the fastest of 1, 2, 3 and 4 at once, and what is said of a
        # passage does not depend on the others, to the last bit.
        return self._workers.run(lambda passage: self._read(asked, passage), passages)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _read(self, asked: Sequence[int], passage: ReadPassage) -> Reading:
        """The reading of one passage."""
        first, between, mark = self._marks
        before = [first, *asked, between]
        if heading := self._ids(passage.heading)[-MAX_HEADING_TOKENS:]:
            before += [*heading, mark]
        encoding = self._tokenizer.encode(passage.text, add_special_tokens=False)
        room = _MAX_TOKENS - len(before) - 1
        ids = np.array([[*before, *encoding.ids[:room], between]], dtype=np.int64)
        types = np.zeros_like(ids)
        types[0, len(asked) + 2 :] = 1
        tokens, whole = self._session.run(None, {"input_ids": ids, "token_type_ids": types})
        scores = np.asarray(tokens, dtype=np.float32)[0, len(before) : -1]
        relevance, answers = np.asarray(whole, dtype=np.float64).reshape(-1)
        return _reading(encoding, passage.sentences, scores, float(relevance), float(answers))


def _mark(tokenizer: Tokenizer, mark: str) -> int:
    """The id of a mark that the reader was trained with. Raises ModelUnavailable when the tokenizer has none."""
    found: int | None = tokenizer.token_to_id(mark)
    if found is None:
        raise ModelUnavailable(f"The reader's tokenizer.json has no mark {mark}. Install Citewell again.")
    return found


def _reading(
    encoding: Encoding, sentences: Sequence[Span], scores: Floats, relevance: float, answers: float
) -> Reading:
    """The scores of tokens, shape (tokens, 4), brought together to scores of sentences."""
    firsts = np.array([first for first, _ in encoding.offsets[: len(scores)]] or [0])
    found: list[tuple[float, float, Span | None, float]] = []
    for span in sentences:
        low, high = (int(i) for i in np.searchsorted(firsts, (span.start, span.end)))
        if low >= high:
            found.append((_BEYOND, _BEYOND, None, _BEYOND))
            continue
        part = scores[low:high]
        a, b, score = _best_span(part[:, 0], part[:, 1])
        words = Span(encoding.offsets[low + a][0], encoding.offsets[low + b][1])
        found.append((float(part[:, 2].mean()), float(part[:, 3].mean()), words, score))
    return Reading(
        relevance,
        answers,
        sentences=tuple(sentence for sentence, _, _, _ in found),
        belongs=tuple(belongs for _, belongs, _, _ in found),
        spans=tuple(words for _, _, words, _ in found),
        span_scores=tuple(score for _, _, _, score in found),
    )


def _best_span(start: Floats, end: Floats) -> tuple[int, int, float]:
    """First and last token of the highest start + end score, and that; last not before first and not far behind it."""
    pairs = start[:, None] + end[None, :] + _ALLOWED[: len(start), : len(end)]
    first, last = divmod(int(pairs.argmax()), pairs.shape[1])
    return first, last, float(pairs[first, last])
