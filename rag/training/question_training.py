"""Trains the encoder of questions: `python -m rag.training.question_training --desk FOLDER... --out FILE`.

It begins with the bundled embedding model and learns to put a question near the passages that answer it, among all
passages of its collection. Their vectors stay as they are, so does what words add: what is learned is the very score
that finds passages (`rag/answer/retrieve.py`). Word embeddings do not learn. `--squad` names files in the SQuAD layout,
which keep it good at questions in the text's own words.

The file written is a graph in ONNX in int8, with `question-encoder.json` beside it.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from rag.models.catalogue import find_model
from rag.models.exported import hash_file
from rag.models.graph import embedder_graph
from rag.models.pretrained import Pretrained
from rag.settings import BUNDLED_MODEL
from rag.training.collection import load_embedder
from rag.training.deck import Deck
from rag.training.export import in_bytes
from rag.training.mixture import LARGE
from rag.training.precision import shorter_products
from rag.training.question_examples import Corpus, QuestionExample, desk_corpus, squad_corpus
from rag.training.ranges import input_ranges
from rag.training.train import rate_at

_QUESTIONS = 32  # of one corpus, in a step
# Scores of passages are a few tenths apart; times this they are log-odds.
_SHARPNESS = 15.0
_LEARNING_RATE = 4e-5
_SQUAD_SHARE = 0.25  # of the steps
_LARGE_SHARE = 0.35  # of the other steps: whole handbooks and manuals, in which much looks like the right passage
_SQUAD_PARAGRAPHS = 2_500
_TOKENS = 96
# How far from the weights it began with towards those it learned: what is learned here costs a little elsewhere, and
# most of that comes back on the way. Source: Wortsman and others, Robust fine-tuning, CVPR 2022.
_TRAINED_SHARE = 0.8
_REPORT_STEPS = 50
# Questions that tell how large the inputs of each product get.
_RANGES_FROM = 200


def main() -> None:
    """Read the arguments, train and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desk", type=Path, nargs="+", required=True, help="folders of docs/ and questions.jsonl")
    parser.add_argument("--squad", type=Path, nargs="*", default=[], help="files in the SQuAD layout")
    parser.add_argument("--kept", type=Path, required=True, help="a folder for what is made of them")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the encoder")
    parser.add_argument("--epochs", type=float, default=3.0, help="over the desk questions")
    arguments = parser.parse_args()
    embedder = load_embedder()
    desk = [desk_corpus(folder, arguments.kept, embedder) for folder in arguments.desk]
    squad = [squad_corpus(file, arguments.kept, embedder, paragraphs=_SQUAD_PARAGRAPHS) for file in arguments.squad]
    model, tokenizer = load_encoder()
    train(model, tokenizer, desk, squad, epochs=arguments.epochs)
    asked = [one.text for corpus in desk for one in corpus.questions]
    export(model, tokenizer, random.Random(0).sample(asked, min(_RANGES_FROM, len(asked))), arguments.out)


def load_encoder() -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The bundled model as torch trains it, and its tokenizer."""
    folder = find_model(BUNDLED_MODEL)
    return AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    desk: Sequence[Corpus],
    squad: Sequence[Corpus],
    *,
    epochs: float,
    seed: int = 0,
) -> None:
    """Train in place, for so many rounds over the desk questions."""
    torch.manual_seed(seed)
    began = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    model.embeddings.requires_grad_(False)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=0.0, weight_decay=0.01)
    of_desk = 1 - _SQUAD_SHARE if squad else 1.0
    steps = max(1, round(epochs * sum(len(corpus.questions) for corpus in desk) / _QUESTIONS / of_desk))
    losses: list[float] = []
    for step, (corpus, asked) in zip(range(steps), _draws(desk, squad, random.Random(seed)), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * rate_at(step / steps)
        value = loss(scores(corpus, embed(model, tokenizer, [one.text for one in asked]), asked), asked)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call] # torch has no type for it
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        losses.append(value.item())
        if (step + 1) % _REPORT_STEPS == 0 or step + 1 == steps:
            print(f"step {step + 1} of {steps}: loss {np.mean(losses[-_REPORT_STEPS:]):.3f}", flush=True)
    model.load_state_dict({name: began[name].lerp(value, _TRAINED_SHARE) for name, value in _floats(model).items()})


def _floats(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: value.float() for name, value in model.state_dict().items()}


def _draws(
    desk: Sequence[Corpus], squad: Sequence[Corpus], rng: random.Random
) -> Iterator[tuple[Corpus, list[QuestionExample]]]:
    """A corpus and questions to it, without end: of corpora of a kind each question as often as another."""
    large = [corpus for corpus in desk if len(corpus.passages) >= LARGE]
    small = [corpus for corpus in desk if len(corpus.passages) < LARGE]
    kinds = (
        (squad, _SQUAD_SHARE),
        (large, (1 - _SQUAD_SHARE) * _LARGE_SHARE),
        (small, (1 - _SQUAD_SHARE) * (1 - _LARGE_SHARE)),
    )
    decks = [
        ([(corpus, Deck(corpus.questions, rng)) for corpus in corpora], share) for corpora, share in kinds if corpora
    ]
    shares = [share for _, share in decks]
    while True:
        ((pairs, _),) = rng.choices(decks, shares)
        ((corpus, deck),) = rng.choices(pairs, [len(corpus.questions) for corpus, _ in pairs])
        yield corpus, [deck.draw() for _ in range(min(_QUESTIONS, len(corpus.questions)))]


def embed(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> torch.Tensor:
    """Unit vectors, shape (texts, dimension): the means over the tokens, as the model was trained."""
    given = tokenizer(list(texts), padding=True, truncation=True, max_length=_TOKENS, return_tensors="pt")
    with shorter_products():
        states = model(**given).last_hidden_state
    mask = given["attention_mask"].unsqueeze(-1).float()
    return torch.nn.functional.normalize((states.float() * mask).sum(1) / mask.sum(1), dim=1)


def scores(corpus: Corpus, asked: torch.Tensor, questions: Sequence[QuestionExample]) -> torch.Tensor:
    """The score of each passage for each question, shape (questions, passages), as retrieval has it."""
    passages, sentences = torch.from_numpy(corpus.passages), torch.from_numpy(corpus.sentences)
    nothing = torch.zeros(len(questions), len(passages))
    passage_of = torch.from_numpy(corpus.passage_of).expand(len(questions), -1)
    # A passage none of whose sentences can be quoted, or fits at all, has 0 of them.
    best = nothing.scatter_reduce(1, passage_of, asked @ sentences.T, "amax", include_self=True)
    words = nothing.clone()
    for row, one in enumerate(questions):
        words[row, torch.from_numpy(one.worded)] = torch.from_numpy(one.word_scores)
    return asked @ passages.T + best + words


def loss(found: torch.Tensor, questions: Sequence[QuestionExample]) -> torch.Tensor:
    """Minus the logarithm of the right passages' share among all, mean over the questions."""
    right = torch.zeros_like(found, dtype=torch.bool)
    for row, one in enumerate(questions):
        right[row, list(one.right)] = True
    odds = found * _SHARPNESS
    of_right = odds.masked_fill(~right, float("-inf"))
    return (torch.logsumexp(odds, 1) - torch.logsumexp(of_right, 1)).mean()


def export(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, questions: Sequence[str], out: Path) -> None:
    """Write `question-encoder.onnx` and `question-encoder.json` into `out`; `questions` show how large inputs get."""
    folder = find_model(BUNDLED_MODEL)
    tensors = {name: value.detach().float().numpy() for name, value in model.state_dict().items()}
    exact = Pretrained(folder, tensors=tensors)
    graph = embedder_graph(exact, exact.words(), exact.places(), dimension=exact.dimension)
    given = ({"input_ids": np.array([tokenizer(text).input_ids], dtype=np.int64)} for text in questions)
    weights = Pretrained(folder, tensors=tensors, ranges=input_ranges(graph, given))
    words = in_bytes(tensors["embeddings.word_embeddings.weight"])
    out.mkdir(parents=True, exist_ok=True)
    path = out / "question-encoder.onnx"
    onnx.save(embedder_graph(weights, words, weights.places(), dimension=weights.dimension), path)
    described = {"model_sha256": hash_file(folder / "model.safetensors"), "sha256": hash_file(path)}
    path.with_suffix(".json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
