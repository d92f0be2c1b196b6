"""The trained reader: reads a question together with passages and says which sentence answers, if any.

A small BERT in ONNX, trained by `rag.training`, run by ONNX Runtime. For each token it gives three scores: that an
answer starts there, that it ends there, and how much the token belongs to a sentence that answers. The first token's
scores stand for "not in this passage".
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
from rag.exports import hash_file
from rag.records import Span
from rag.workers import Workers, open_session, shared_workers

WEIGHTS_FOLDER = Path(__file__).parent / "weights"

# Tokens of question and passage together. It was trained on up to 256; somewhat longer ones still read well.
_MAX_TOKENS = 320
_MAX_QUESTION_TOKENS = 48
# Tokens of the longest answer span looked for.
_MAX_SPAN_TOKENS = 30
# For each pair of tokens 0 where a span may begin with the first and end with the second, else minus infinity.
_ALLOWED = np.where(
    np.tri(_MAX_TOKENS, k=_MAX_SPAN_TOKENS - 1, dtype=bool) & ~np.tri(_MAX_TOKENS, k=-1, dtype=bool),
    np.float32(0),
    np.float32(-np.inf),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader says to one passage. Scores are log-odds of a kind: only their differences mean something.

    `sentences` has a score for each sentence given, minus infinity for one that lay beyond the window; `not_here` is
    that of no answer in this passage. `spans` has for each sentence the answering words, in code points of the passage,
    and `span_scores` how well they do against no words at all: a second opinion, of the heads for start and end.
    """

    not_here: float
    sentences: tuple[float, ...]
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
        self._marks = [_mark(self._tokenizer, mark) for mark in ("[CLS]", "[SEP]")]

    @classmethod
    def load(cls, folder: Path = WEIGHTS_FOLDER) -> Reader | None:
        """The reader in `folder`; None when there is none. Raises ModelUnavailable when a file is damaged."""
        described = folder / "reader.json"
        if not described.exists():
            return None
        hashes = json.loads(described.read_text(encoding="utf-8"))["sha256"]
        for name, sha256 in hashes.items():
            if not (folder / name).is_file() or hash_file(folder / name) != sha256:
                raise ModelUnavailable(
                    f"The reader's file {name} is missing or damaged: expected SHA-256 {sha256[:12]}.... "
                    f"Install Citewell again."
                )
        return cls(folder / "reader.onnx", folder / "tokenizer.json", sha256=hashes["reader.onnx"])

    def read(self, question: str, passages: Sequence[tuple[str, Sequence[Span]]]) -> list[Reading]:
        """One Reading for each passage, given as its text and the spans of its sentences in that text."""
        if not passages:
            return []
        asked = self._tokenizer.encode(question, add_special_tokens=False).ids[:_MAX_QUESTION_TOKENS]
        # Each by itself: nothing is padded, so it is the fastest of 1, 2, 3 and 4 at once, and what is said of a
        # passage does not depend on the others, to the last bit.
        return self._workers.run(lambda passage: self._read(asked, *passage), passages)

    def _read(self, asked: Sequence[int], text: str, sentences: Sequence[Span]) -> Reading:
        """The reading of one passage."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        room = _MAX_TOKENS - len(asked) - 3
        scores = self._run(asked, encoding.ids[:room])
        return _reading(encoding, sentences, room, len(asked) + 2, *scores)

    def _run(self, question: Sequence[int], passage: Sequence[int]) -> list[npt.NDArray[np.float32]]:
        """Start, end and sentence scores, each of shape (tokens,)."""
        first, between = self._marks
        ids = np.array([[first, *question, between, *passage, between]], dtype=np.int64)
        types = np.zeros_like(ids)
        types[0, len(question) + 2 :] = 1
        inputs = {"input_ids": ids, "token_type_ids": types}
        return [np.asarray(scores, dtype=np.float32)[0] for scores in self._session.run(None, inputs)]


def _mark(tokenizer: Tokenizer, mark: str) -> int:
    """The id of a mark that the reader was trained with. Raises ModelUnavailable when the tokenizer has none."""
    found: int | None = tokenizer.token_to_id(mark)
    if found is None:
        raise ModelUnavailable(f"The reader's tokenizer.json has no mark {mark}. Install Citewell again.")
    return found


def _reading(
    encoding: Encoding,
    sentences: Sequence[Span],
    room: int,
    offset: int,
    start: npt.NDArray[np.float32],
    end: npt.NDArray[np.float32],
    sentence: npt.NDArray[np.float32],
) -> Reading:
    """The scores of tokens brought together to scores of sentences."""
    firsts = np.array([first for first, _ in encoding.offsets[:room]] or [0])
    scores: list[float] = []
    spans: list[Span | None] = []
    span_scores: list[float] = []
    nothing = float(start[0] + end[0])
    for span in sentences:
        low, high = (int(i) for i in np.searchsorted(firsts, (span.start, span.end)))
        if low >= high:
            scores.append(float("-inf"))
            spans.append(None)
            span_scores.append(float("-inf"))
            continue
        scores.append(float(sentence[low + offset : high + offset].mean()))
        a, b, score = _best_span(start[low + offset : high + offset], end[low + offset : high + offset])
        spans.append(Span(encoding.offsets[low + a][0], encoding.offsets[low + b][1]))
        span_scores.append(score - nothing)
    return Reading(float(sentence[0]), tuple(scores), tuple(spans), tuple(span_scores))


def _best_span(start: npt.NDArray[np.float32], end: npt.NDArray[np.float32]) -> tuple[int, int, float]:
    """First and last token of the highest start + end score, and that; last not before first and not far behind it."""
    pairs = start[:, None] + end[None, :] + _ALLOWED[: len(start), : len(end)]
    first, last = divmod(int(pairs.argmax()), pairs.shape[1])
    return first, last, float(pairs[first, last])
