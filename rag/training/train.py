"""Trains the reader: `python -m rag.training.train --data FOLDER --out FOLDER --minutes 60`.

With `--start` it begins with the weights of another run. With `--also FILE` it learns from a second SQuAD file too, and
`--leave-out 0/2` keeps every second article of that file, beginning with the first, to measure on.

Writes a checkpoint every few minutes and goes on from the last one when started again. The learning rate falls to zero
at the end of the given minutes, so the time is the schedule. While a file `pause` lies in the output folder it waits.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from rag.models import find_model
from rag.settings import BUNDLED_MODEL
from rag.training.data import article_examples, read_sentence_examples, read_squad_examples
from rag.training.example import Example
from rag.training.model import Encoded, Reader, encode, loss, sentence_logits, tensors
from rag.training.unanswerable import with_unanswerables

_BATCH = 16
_WARM_UP = 0.05  # share of the time
_SAVE_SECONDS = 420.0
# Examples to measure on, at most.
_MEASURED = 800
_SQUAD_FILES = ("squad-train-part.json", "new_wiki_v1.0.json", "reddit_v1.0.json", "policyqa.json")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run learns from and for how long. `start` is a `reader.pt` of another run."""

    data: Path
    out: Path
    minutes: float
    learning_rate: float = 1.2e-4
    start: Path | None = None
    dev: Path | None = None
    also: Path | None = None
    leave_out: tuple[int, int] | None = None
    # How many examples of the training files go with those of `also`; None for all.
    replay: int | None = None


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the training files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--learning-rate", type=float, default=1.2e-4)
    parser.add_argument("--start", type=Path, help="a reader.pt to begin with")
    parser.add_argument("--dev", type=Path, help="a SQuAD file to measure on while training")
    parser.add_argument("--also", type=Path, help="a SQuAD file with real unanswerable questions, to learn from too")
    parser.add_argument("--leave-out", help="K/N: every N-th article of it from the K-th on is measured on instead")
    parser.add_argument("--replay", type=int, help="how many examples of the folder go with those of --also")
    given = vars(parser.parse_args())
    if given["leave_out"]:
        given["leave_out"] = tuple(int(part) for part in given["leave_out"].split("/"))
    torch.manual_seed(0)
    # Products in bfloat16 where the processor has instructions for it: half as fast again, and one thread is then the
    # best use of a core.
    torch.set_float32_matmul_precision("medium")
    train(Plan(**given))


def train(plan: Plan) -> None:
    """Train for the planned minutes of computing, waiting not counted, and leave `reader.pt` in `out`."""
    plan.out.mkdir(parents=True, exist_ok=True)
    folder = find_model(BUNDLED_MODEL)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rng = random.Random(0)
    learnt, held_out = examples_of(plan, rng)
    encoded = [e for example in learnt if (e := encode(example, tokenizer))]
    rng.shuffle(encoded)
    measured = sorted((e for x in held_out if (e := encode(x, tokenizer))), key=lambda e: len(e.ids))
    print(f"{len(encoded)} examples, {sum(e.answer < 0 for e in encoded)} of them unanswerable", flush=True)
    model = Reader(folder)
    model.encoder.embeddings.requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], weight_decay=0.01)
    if plan.start is not None:
        model.load_state_dict(torch.load(plan.start, weights_only=True)["model"])
    spent, seen = _resume(plan.out, model, optimizer)
    saved = time.monotonic()
    for batch in _batches(encoded, rng, skip=seen):
        while (plan.out / "pause").exists():
            time.sleep(1)
        started = time.monotonic()
        share = spent / (plan.minutes * 60)
        if share >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * min(share / _WARM_UP, (1 - share) / (1 - _WARM_UP)) + 1e-7
        model.train()
        value = loss(model, batch)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call] # torch has no type for it
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += len(batch)
        spent += time.monotonic() - started
        if time.monotonic() - saved > _SAVE_SECONDS:
            _save(plan.out, model, optimizer, spent, seen, measured)
            saved = time.monotonic()
    _save(plan.out, model, optimizer, spent, seen, measured)


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
    # Each pair counts: an answerable example above an unanswerable one, half when level.
    above = np.array(positive)[:, None] - np.array(negative)[None, :]
    wins = (above > 0).sum() + 0.5 * (above == 0).sum()
    return {
        "right_sentence": round(sum(right) / max(1, len(right)), 4),
        "auc": round(float(wins) / max(1, above.size), 4),
    }


def examples_of(plan: Plan, rng: random.Random) -> tuple[list[Example], list[Example]]:
    """The examples to learn from, those made unanswerable included, and up to 800 to measure on."""
    read = {name: read_squad_examples(plan.data / name) for name in _SQUAD_FILES}
    known = frozenset(example.question for examples in read.values() for example in examples)
    learnt: list[Example] = []
    for examples in read.values():
        learnt += with_unanswerables(examples, rng)
    learnt += read_sentence_examples(plan.data / "squad-train-sentences.json", rng, known)
    held_out = read_squad_examples(plan.dev) if plan.dev else []
    if plan.replay is not None:
        learnt = rng.sample(learnt, min(plan.replay, len(learnt)))
    if plan.also is not None:
        kept, left = _split(plan.also, plan.leave_out)
        learnt += kept
        held_out = left or held_out
    return learnt, random.Random(1).sample(held_out, min(_MEASURED, len(held_out)))


def _split(path: Path, leave_out: tuple[int, int] | None) -> tuple[list[Example], list[Example]]:
    """The examples of a SQuAD file's articles to learn from, and those of the articles left out."""
    kept: list[Example] = []
    left: list[Example] = []
    for position, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        out = leave_out is not None and position % leave_out[1] == leave_out[0]
        (left if out else kept).extend(article_examples(article))
    return kept, left


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
