"""The reader as torch trains it: a BERT over question, heading and passage, with two heads.

The first gives each token four scores: that the answering words start there, that they end there, how much it belongs
to the sentence that answers, and how much to a sentence of the full answer. A sentence's score is the mean over its
tokens, so the graph needs no sentence boundaries. The second gives each passage two: how well it fits the question
beside others, and whether it answers at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertModel

from rag.training.base_weights import Tensors
from rag.training.encoding import EncodedPassage
from rag.training.precision import shorter_products

START, END, SENTENCE, BELONGS = range(4)
RELEVANCE, ANSWERS = range(2)

# Graphs do not say how many heads an encoder has; all of the MiniLM family with 384 dimensions have twelve.
HEADS = 12
_LAYER = "encoder.encoder.layer."
# As BERT begins its own heads.
_HEAD_SPREAD = 0.02
# Passages that are run at once, on a processor and on an accelerator; of like length, so that little of it is padding.
_ROWS_AT_ONCE, _ROWS_ON_ACCELERATOR = 4, 128


class PassageScores(NamedTuple):
    """What the reader says to one passage: `tokens` of shape (tokens, 4) and `passage` of shape (2,)."""

    tokens: torch.Tensor
    passage: torch.Tensor


class TrainedReader(torch.nn.Module):
    """Token ids in; scores of shapes (rows, tokens, 4) and (rows, 2) out. The lowest `frozen_layers` do not learn."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=True)
        self.frozen_layers = 0
        self.scores = torch.nn.Linear(config.hidden_size, 4)
        self.passage = torch.nn.Linear(config.hidden_size, 2)
        torch.nn.init.normal_(self.scores.weight, std=_HEAD_SPREAD)
        torch.nn.init.zeros_(self.scores.bias)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The scores of each token, and those of each passage."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return self.scores(states.last_hidden_state), self.passage(states.pooler_output)

    def from_states(self, states: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The same from the states above the lowest layers, shape (rows, tokens, width)."""
        may_see = attention_mask[:, None, None, :].bool()
        for layer in self.encoder.encoder.layer[self.frozen_layers :]:
            states = layer(states, may_see)
        pooled = self.encoder.pooler(states)  # type: ignore[misc] # it has one: it was made with it
        return self.scores(states), self.passage(pooled)


def reader_of(tensors: Tensors) -> TrainedReader:
    """A reader with these weights; where there are none of the head `scores`, it begins at random.

    Raises ValueError when others are missing, or one is too many.
    """
    model = TrainedReader(_config_of(tensors))
    state = {name: torch.tensor(value) for name, value in tensors.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.startswith("scores.")]
    if missing or unexpected:
        raise ValueError(f"the weights are not those of a reader: missing {missing[:3]}, unknown {unexpected[:3]}")
    return model


def freeze(model: TrainedReader, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` from learning: in the same time a third more is seen."""
    model.frozen_layers = layers
    model.encoder.embeddings.requires_grad_(False)
    for layer in model.encoder.encoder.layer[:layers]:
        layer.requires_grad_(False)


def run(model: TrainedReader, passages: Sequence[EncodedPassage]) -> list[PassageScores]:
    """The scores of each passage, in order, on the processor wherever the model is."""
    device = next((weights.device for weights in model.parameters()), torch.device("cpu"))
    rows = _ROWS_AT_ONCE if device.type == "cpu" else _ROWS_ON_ACCELERATOR
    by_length = sorted(range(len(passages)), key=lambda i: len(passages[i].ids))
    scores: dict[int, PassageScores] = {}
    for start in range(0, len(by_length), rows):
        part = by_length[start : start + rows]
        read = [passages[i] for i in part]
        ids, mask, types = (values.to(device) for values in tensors_of(read))
        states = _states_of(read)
        with shorter_products(device):
            if states is None:
                tokens, whole = model(ids, mask, types)
            else:
                tokens, whole = model.from_states(states.to(device), mask)
        tokens, whole = tokens.float().cpu(), whole.float().cpu()
        for row, i in enumerate(part):
            scores[i] = PassageScores(tokens[row], whole[row])
    return [scores[i] for i in range(len(passages))]


def tensors_of(passages: Sequence[EncodedPassage]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, mask and token types, padded to the longest."""
    width = max(len(passage.ids) for passage in passages)
    ids = torch.zeros((len(passages), width), dtype=torch.long)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, passage in enumerate(passages):
        ids[row, : len(passage.ids)] = torch.tensor(passage.ids)
        mask[row, : len(passage.ids)] = 1
        types[row, passage.second_part : len(passage.ids)] = 1
    return ids, mask, types


def _states_of(passages: Sequence[EncodedPassage]) -> torch.Tensor | None:
    """The states that the passages bring, padded to the longest; None where one brings none."""
    known = [torch.from_numpy(passage.states) for passage in passages if passage.states is not None]
    return pad_sequence(known, batch_first=True) if len(known) == len(passages) else None


def _config_of(tensors: Tensors) -> BertConfig:
    """The sizes of the encoder with these weights.

    No share of attention is left out by chance while it learns: on a processor that takes a fourth of the time.
    """
    words = tensors["encoder.embeddings.word_embeddings.weight"]
    layers = {name.removeprefix(_LAYER).partition(".")[0] for name in tensors if name.startswith(_LAYER)}
    return BertConfig(
        vocab_size=words.shape[0],
        hidden_size=words.shape[1],
        num_hidden_layers=len(layers),
        num_attention_heads=HEADS,
        attention_probs_dropout_prob=0.0,
        intermediate_size=tensors[f"{_LAYER}0.intermediate.dense.bias"].shape[0],
        max_position_embeddings=tensors["encoder.embeddings.position_embeddings.weight"].shape[0],
    )
