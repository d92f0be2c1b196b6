"""The reader: a small BERT over question and passage, with a score for each token and one for "not in this passage".

A token has three scores: that the answer starts there, that it ends there, and how much it belongs to a sentence that
answers. A sentence's score is the mean of the third over its tokens, so the graph needs no sentence boundaries. The
first token's scores stand for "not here".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertModel

from rag.records import Span
from rag.training.example import Example

# Tokens of question and passage together; nine in ten training passages are shorter.
MAX_TOKENS = 256
_MAX_QUESTION_TOKENS = 48


class Reader(torch.nn.Module):
    """Token ids in; start, end and sentence scores out, each of shape (rows, tokens)."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.encoder = BertModel.from_pretrained(str(folder), add_pooling_layer=False)
        self.scores = torch.nn.Linear(self.encoder.config.hidden_size, 3)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Start, end and sentence scores of each token."""
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        start, end, sentence = self.scores(states).unbind(-1)
        return start, end, sentence


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as token ids. Positions count tokens of the whole input; bounds are (first, last exclusive)."""

    ids: tuple[int, ...]
    passage_from: int
    sentences: tuple[tuple[int, int], ...]
    answer: int  # position in `sentences`, or -1
    start: int  # token of the answer's start, 0 for "not here", -1 when the file gives no span
    end: int


def encode(example: Example, tokenizer: Tokenizer) -> Encoded | None:
    """The example as token ids, cut to whole sentences around the answer, or around `around` when there is none.

    None when the answer does not fit, or a sentence has no token (it may consist of characters that are not seen).
    """
    question = tokenizer.encode(example.question, add_special_tokens=False).ids[:_MAX_QUESTION_TOKENS]
    passage = tokenizer.encode(example.passage, add_special_tokens=False)
    room = MAX_TOKENS - len(question) - 3
    bounds = [_tokens_of(sentence, passage.offsets) for sentence in example.sentences]
    first, last = _window(bounds, example.answer if example.answer >= 0 else example.around, room)
    # The mean over no tokens is not a number, and one of those in the loss ruins all weights.
    if last <= first or any(a == b for a, b in bounds[first:last]):
        return None
    low, high = bounds[first][0], bounds[last - 1][1]
    offset = len(question) + 2
    cls, sep = mark_ids(tokenizer)
    start = end = -1
    if example.answer < 0:
        start = end = 0
    elif example.span is not None:
        inside = _tokens_of(example.span, passage.offsets)
        start, end = inside[0] - low + offset, inside[1] - 1 - low + offset
        if inside[1] > high:
            return None
    return Encoded(
        ids=(cls, *question, sep, *passage.ids[low:high], sep),
        passage_from=offset,
        sentences=tuple((a - low + offset, b - low + offset) for a, b in bounds[first:last]),
        answer=example.answer - first if example.answer >= 0 else -1,
        start=start,
        end=end,
    )


def mark_ids(tokenizer: Tokenizer) -> tuple[int, int]:
    """The ids of the marks at the beginning and between the parts. Raises ValueError for another kind of model."""
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    if cls is None or sep is None:
        raise ValueError("the tokenizer has no [CLS] and [SEP]")
    return cls, sep


def loss(model: Reader, batch: Sequence[Encoded]) -> torch.Tensor:
    """Cross entropy over sentences and "not here", and over start and end where the span is known."""
    start, end, sentence = model(*tensors(batch))
    total: torch.Tensor = sentence.new_zeros(())
    for row, item in enumerate(batch):
        total = total + torch.nn.functional.cross_entropy(
            sentence_logits(sentence[row], item).unsqueeze(0), torch.tensor([item.answer + 1])
        )
        if item.start >= 0:
            for scores, target in ((start[row], item.start), (end[row], item.end)):
                allowed = torch.cat((scores[:1], scores[item.passage_from : len(item.ids) - 1]))
                place = 0 if target == 0 else target - item.passage_from + 1
                total = total + 0.5 * torch.nn.functional.cross_entropy(allowed.unsqueeze(0), torch.tensor([place]))
    return total / len(batch)


def sentence_logits(scores: torch.Tensor, item: Encoded) -> torch.Tensor:
    """The score of "not here" and of each sentence, shape (1 + sentences,)."""
    return torch.stack((scores[0], *(scores[a:b].mean() for a, b in item.sentences)))


def tensors(batch: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, mask and token types, padded to the longest."""
    width = max(len(item.ids) for item in batch)
    ids = torch.zeros((len(batch), width), dtype=torch.long)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
        types[row, item.passage_from : len(item.ids)] = 1
    return ids, mask, types


def _tokens_of(span: Span, offsets: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The tokens that overlap `span`, as first and last exclusive."""
    inside = [i for i, (a, b) in enumerate(offsets) if a < span.end and b > span.start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _window(bounds: Sequence[tuple[int, int]], around: int, room: int) -> tuple[int, int]:
    """Whole sentences around one of them that fit, as positions first and last exclusive; grows to both sides."""
    if not bounds or bounds[around][1] - bounds[around][0] > room or bounds[around][1] == 0:
        return 0, 0
    first, last = around, around + 1
    grown = True
    while grown:
        grown = False
        if last < len(bounds) and bounds[last][1] - bounds[first][0] <= room:
            last, grown = last + 1, True
        # In turns: were one side filled first, the answer would mostly be the first sentence of a cut passage.
        if first > 0 and bounds[last - 1][1] - bounds[first - 1][0] <= room:
            first, grown = first - 1, True
    return first, last
