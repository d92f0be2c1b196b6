"""Trains the reader: `python -m rag.training.train --data FOLDER --out FOLDER --minutes 60`.

Writes a checkpoint every few minutes and goes on from the last one when started again. The learning rate falls to zero
at the end of the given minutes, so the time is the schedule. While a file `pause` lies in the output folder it waits.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from rag.models import find_model
from rag.settings import BUNDLED_MODEL
from rag.training.data import Example, read_sentence_examples, read_squad_examples, with_unanswerables
from rag.training.model import Encoded, Reader, encode, loss, sentence_logits, tensors

_BATCH = 16
_LEARNING_RATE = 1.2e-4
_WARM_UP = 0.05  # share of the time
_SAVE_SECONDS = 300.0
_SQUAD_FILES = ("squad-train-part.json", "new_wiki_v1.0.json", "reddit_v1.0.json", "policyqa.json")


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the training files")
    parser.add_argument("--dev", type=Path, help="a SQuAD file to measure on while training")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    train(arguments.data, arguments.out, arguments.minutes, arguments.dev)


def train(data: Path, out: Path, minutes: float, dev: Path | None) -> None:
    """Train for `minutes` of computing, waiting not counted, and leave `reader.pt` in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    folder = find_model(BUNDLED_MODEL)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rng = random.Random(0)
    encoded = [e for example in _examples(data, rng) if (e := encode(example, tokenizer))]
    rng.shuffle(encoded)
    held_out = _held_out(dev, tokenizer)
    print(f"{len(encoded)} examples, {sum(e.answer < 0 for e in encoded)} of them unanswerable", flush=True)
    model = Reader(folder)
    model.encoder.embeddings.requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], weight_decay=0.01)
    spent, seen = _resume(out, model, optimizer)
    saved = time.monotonic()
    for batch in _batches(encoded, rng, skip=seen):
        while (out / "pause").exists():
            time.sleep(1)
        started = time.monotonic()
        share = spent / (minutes * 60)
        if share >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * min(share / _WARM_UP, (1 - share) / (1 - _WARM_UP)) + 1e-7
        model.train()
        value = loss(model, batch)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call] # torch has no type for it
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += len(batch)
        spent += time.monotonic() - started
        if time.monotonic() - saved > _SAVE_SECONDS:
            _save(out, model, optimizer, spent, seen, held_out)
            saved = time.monotonic()
    _save(out, model, optimizer, spent, seen, held_out)


def measure(model: Reader, examples: Sequence[Encoded]) -> dict[str, float]:
    """Share of right sentences among the answerable, and the area under the curve of answerable or not."""
    model.eval()
    right: list[float] = []
    positive: list[float] = []
    negative: list[float] = []
    with torch.no_grad():
        for start in range(0, len(examples), 32):
            batch = examples[start : start + 32]
            _, _, scores = model(*tensors(batch))
            for row, item in enumerate(batch):
                logits = sentence_logits(scores[row], item)
                margin = float(logits[1:].max() - logits[0])
                (positive if item.answer >= 0 else negative).append(margin)
                if item.answer >= 0:
                    right.append(float(int(logits[1:].argmax()) == item.answer))
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return {
        "right_sentence": round(sum(right) / max(1, len(right)), 4),
        "auc": round(wins / max(1, len(positive) * len(negative)), 4),
    }


def _examples(data: Path, rng: random.Random) -> Iterator[Example]:
    """All training examples, those made unanswerable included."""
    for name in _SQUAD_FILES:
        yield from with_unanswerables(read_squad_examples(data / name), rng)
    yield from read_sentence_examples(data / "squad-train-sentences.json", rng)


def _held_out(dev: Path | None, tokenizer: Tokenizer) -> list[Encoded]:
    """A fixed sample of 800 of the dev questions."""
    if dev is None:
        return []
    examples = random.Random(1).sample(read_squad_examples(dev), 800)
    return sorted((e for x in examples if (e := encode(x, tokenizer))), key=lambda e: len(e.ids))


def _batches(encoded: Sequence[Encoded], rng: random.Random, *, skip: int) -> Iterator[list[Encoded]]:
    """Batches without end, of examples of like length; `skip` leaves out what was seen before a restart.

    Raises ValueError when there are none.
    """
    if not encoded:
        raise ValueError("there is no example to train on: the data files hold none that fits")
    while True:
        for start in range(0, len(encoded), _BATCH * 50):
            pool = sorted(encoded[start : start + _BATCH * 50], key=lambda e: len(e.ids))
            batches = [pool[i : i + _BATCH] for i in range(0, len(pool), _BATCH)]
            rng.shuffle(batches)
            for batch in batches:
                if skip > 0:
                    skip -= len(batch)
                else:
                    yield batch


def _save(
    out: Path, model: Reader, optimizer: torch.optim.Optimizer, spent: float, seen: int, held_out: Sequence[Encoded]
) -> None:
    """Write a checkpoint in one step, and a line of figures."""
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "spent": spent, "seen": seen}
    torch.save(state, out / "reader.pt.new")
    (out / "reader.pt.new").replace(out / "reader.pt")
    line = {"minutes": round(spent / 60, 1), "seen": seen, **measure(model, held_out)}
    with (out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(line, flush=True)


def _resume(out: Path, model: Reader, optimizer: torch.optim.Optimizer) -> tuple[float, int]:
    """Seconds spent and examples seen by the checkpoint in `out`; zeros when there is none."""
    path = out / "reader.pt"
    if not path.exists():
        return 0.0, 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["spent"], state["seen"]


if __name__ == "__main__":
    main()
