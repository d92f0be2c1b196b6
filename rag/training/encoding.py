"""Questions with passages as token ids, as `rag.models.reader` reads them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from rag.models.reader import HEADING_MARK, MAX_HEADING_TOKENS, MAX_QUESTION_TOKENS, WEIGHTS_FOLDER
from rag.training.example import LabelledPassage, PassageGroup

# Tokens of question, heading and passage together. In one desk collection one input in ninety had to be cut to that.
MAX_TOKENS = 272

TokenRange = tuple[int, int]


@dataclass(frozen=True, slots=True)
class EncodedPassage:
    """A passage as token ids behind its question. Positions count tokens of the whole input, bounds end exclusively.

    A sentence is None when it lies beyond the cut, or has no token; `right` and `more` name only those that do not.
    """

    ids: tuple[int, ...]
    second_part: int  # where the heading begins, or the text without one
    text_begins: int
    sentences: tuple[TokenRange | None, ...]
    right: frozenset[int]
    more: frozenset[int]
    words: TokenRange | None
    # What the layers that do not learn make of it, shape (tokens, width), where that is known already.
    states: npt.NDArray[np.float32] | None = field(default=None, compare=False, repr=False)

    @property
    def answers(self) -> bool:
        """A sentence of it answers."""
        return bool(self.right)


@dataclass(frozen=True, slots=True)
class EncodedGroup:
    """A question with all its passages as token ids."""

    passages: tuple[EncodedPassage, ...]

    @property
    def is_answerable(self) -> bool:
        """One of the passages answers."""
        return any(passage.answers for passage in self.passages)

    @property
    def has_more(self) -> bool:
        """It is known which further sentences belong to the full answer."""
        return any(passage.more for passage in self.passages)

    @property
    def longest(self) -> int:
        """Tokens of the longest input."""
        return max(len(passage.ids) for passage in self.passages)


@cache
def load_tokenizer() -> Tokenizer:
    """The tokenizer that is shipped beside the reader; that of the base has the same words."""
    tokenizer: Tokenizer = Tokenizer.from_file(str(WEIGHTS_FOLDER / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def encode(group: PassageGroup, tokenizer: Tokenizer) -> EncodedGroup | None:
    """The group as token ids; None when no cut keeps the sentence that answers, or there is no passage."""
    question = _ids(group.question, tokenizer)[:MAX_QUESTION_TOKENS]
    encoded = tuple(_passage(question, passage, tokenizer) for passage in group.passages)
    lost = any(passage.right and not got.right for passage, got in zip(group.passages, encoded, strict=True))
    return EncodedGroup(encoded) if encoded and not lost else None


def _passage(question: Sequence[int], labelled: LabelledPassage, tokenizer: Tokenizer) -> EncodedPassage:
    passage = labelled.passage
    begin, between, mark = (_mark(tokenizer, mark) for mark in ("[CLS]", "[SEP]", HEADING_MARK))
    before = [begin, *question, between]
    second_part = len(before)
    if heading := _ids(passage.heading, tokenizer)[-MAX_HEADING_TOKENS:]:
        before += [*heading, mark]
    encoding = tokenizer.encode(passage.text, add_special_tokens=False)
    firsts = [first for first, _ in encoding.offsets]
    bounds = [(bisect_left(firsts, span.start), bisect_left(firsts, span.end)) for span in passage.sentences]
    room = MAX_TOKENS - len(before) - 1
    low = _cut(bounds, labelled.keep, room, len(firsts))
    high = min(low + room, len(firsts))
    offset = len(before) - low
    sentences = tuple(
        (max(a, low) + offset, min(b, high) + offset) if max(a, low) < min(b, high) else None for a, b in bounds
    )
    encoded = EncodedPassage(
        ids=(*before, *encoding.ids[low:high], between),
        second_part=second_part,
        text_begins=len(before),
        sentences=sentences,
        right=frozenset(i for i in labelled.right if sentences[i]),
        more=frozenset(i for i in labelled.more - labelled.right if sentences[i]),
        words=None,
    )
    if labelled.words is None:
        return encoded
    first, last = bisect_right(firsts, labelled.words.start) - 1, bisect_left(firsts, labelled.words.end)
    inside = low <= first < last <= high
    return replace(encoded, words=(first + offset, last + offset) if inside else None)


def _cut(bounds: Sequence[TokenRange], keep: int | None, room: int, length: int) -> int:
    """The first token to keep of a passage of `length` tokens, of which only `room` can be.

    The sentence to keep lies in the middle of what is kept, which begins with a whole sentence where it can: were the
    cut always on one side, the answer would mostly be the first sentence, or the last.
    """
    if length <= room or keep is None:
        return 0
    start, end = bounds[keep]
    middle = max(0, min(start - (room - (end - start)) // 2, length - room))
    return next((first for first, _ in bounds if middle <= first <= start and end - first <= room), middle)


def _mark(tokenizer: Tokenizer, mark: str) -> int:
    """The id of a mark. Raises ValueError when the tokenizer has none, and so is of another kind of model."""
    found: int | None = tokenizer.token_to_id(mark)
    if found is None:
        raise ValueError(f"the tokenizer has no {mark}: it is not that of a BERT")
    return found


def _ids(text: str, tokenizer: Tokenizer) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids
