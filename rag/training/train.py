"""Trains the reader: `python -m rag.training.train --base FILE --desk FOLDER... --out FOLDER --minutes 120`.

`--base` is what it begins with: see `rag.training.base_weights`. `--desk` names collections of documents and questions,
like those of `rag/training/desk`; `--data` a folder with the files in the SQuAD layout that `rag.training.mixture`
lists.

With `--processes 2` two of them train side by side, each in one thread on questions of its own, and take the mean of
their weights every few minutes: threads of one process would wait for each other.

`--device cuda` trains on an accelerator. The program need not be installed there: `rag.training.carry` packs what was
made of the collections and the files, for `--kept` and `--data`, and brings back what was learned. `--dev` names a
folder of further collections that were kept: what the reader gets right there is printed now and then, and the weights
that got most right are kept.

Each writes a checkpoint every few minutes into a folder of its own under `--out`, and goes on from it when started
again. The learning rate falls to zero at the end of the time, so the time is the schedule. While a file `pause` lies in
the output folder they wait.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch

from rag.models.exported import hash_file
from rag.training.base_weights import BASE_SHA256, read_base
from rag.training.encoding import EncodedGroup, load_tokenizer
from rag.training.hardness import weigh_with
from rag.training.judge import figures_of
from rag.training.labelled_collection import LabelledCollection, kept_in
from rag.training.losses import Tally, loss
from rag.training.mixture import batches, kinds_of
from rag.training.model import TrainedReader, freeze, reader_of
from rag.training.sharing import mean_with_peers, run_side_by_side, share_weights, write_whole

CHECKPOINT = "reader.pt"
BEST = "best.pt"

_WARM_UP = 0.04  # share of the time
_REPORT_STEPS = 50
_WEIGHT_DECAY = 0.01
_LARGEST_GRADIENT = 1.0
# The head for tokens begins at random and learns so many times as fast as the layers, which begin with much.
_HEAD_RATE = 4.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training begins with, learns from and how long. One of `minutes` and `until` is given."""

    base: Path
    desk: tuple[Path, ...]
    out: Path
    data: Path | None = None
    minutes: float | None = None  # of computing in each process; what it waits is not counted
    until: float | None = None  # seconds since 1970
    processes: int = 1
    learning_rate: float = 5e-5
    groups: int = 8  # questions in a batch
    frozen_layers: int = 4
    desk_share: float = 1.0  # of the questions to the collections
    seed: int = 0
    device: str = "cpu"
    kept: Path | None = None  # a folder of collections as they were kept, in place of `desk`
    dev: Path | None = None  # likewise, to be judged by
    save_seconds: float = 240.0  # between two checkpoints, and two means with the other processes
    hardest_of: int = 1  # each question is the hardest, to the base, of so many

    def remaining(self, spent: float) -> float:
        """Seconds to the end of the training, after so many seconds of computing."""
        if self.until is not None:
            return max(0.0, self.until - time.time())
        return max(0.0, (self.minutes or 0.0) * 60 - spent)


@dataclass(slots=True)
class Run:
    """A training in one process, and how far it is."""

    model: TrainedReader
    optimizer: torch.optim.Optimizer
    spent: float = 0.0  # seconds of computing
    seen: int = 0  # passages
    steps: int = 0
    best: float = 0.0  # of what it was judged by


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="a graph in ONNX to begin with")
    parser.add_argument("--desk", type=Path, nargs="*", default=[], help="folders of docs/ and questions.jsonl")
    parser.add_argument("--data", type=Path, help="a folder with files in the SQuAD layout")
    parser.add_argument("--out", type=Path, required=True)
    end = parser.add_mutually_exclusive_group(required=True)
    end.add_argument("--minutes", type=float, help="of computing in each process")
    end.add_argument("--until", type=_time_of_day, help="HH:MM, today")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--frozen-layers", type=int, default=4, help="the lowest layers, which do not learn")
    parser.add_argument("--desk-share", type=float, default=1.0, help="of the collections' questions, to learn from")
    parser.add_argument("--groups", type=int, default=8, help="questions in a batch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cuda for an accelerator")
    parser.add_argument("--kept", type=Path, help="a folder of collections that were kept, in place of --desk")
    parser.add_argument("--dev", type=Path, help="a folder of collections that were kept, to be judged by")
    parser.add_argument("--save-seconds", type=float, default=240.0, help="between two checkpoints")
    parser.add_argument("--hardest-of", type=int, default=1, help="questions, of which the hardest is learned from")
    given = vars(parser.parse_args())
    train(Plan(**{**given, "desk": tuple(given["desk"])}))


def train(plan: Plan) -> None:
    """Train as planned, and leave a checkpoint for each process in a folder under `plan.out`.

    Raises what reading the base, the collections and the files raises, and RuntimeError when a process failed.
    """
    plan.out.mkdir(parents=True, exist_ok=True)
    if (found := hash_file(plan.base)) != BASE_SHA256:
        print(f"the base is not the one that the shipped reader began with; its SHA-256 is {found}", flush=True)
    load_collections(plan)  # once, before the processes read what is kept of it
    if plan.processes == 1:
        train_one(plan, 0)
        return
    run_side_by_side(train_one, [(plan, number) for number in range(plan.processes)])


def load_collections(plan: Plan) -> list[LabelledCollection]:
    """The collections of the plan, as they were kept, or made now."""
    if plan.kept:
        return kept_in(plan.kept)
    if not plan.desk:
        return []
    # The program is not there where only the training is installed.
    from rag.training.collection import load_collection, load_embedder

    embedder = load_embedder()
    return [load_collection(folder, plan.out / "collections", embedder) for folder in plan.desk]


def train_one(plan: Plan, number: int) -> None:
    """The training of one of the processes."""
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // plan.processes) if plan.device == "cpu" else 1)
    torch.manual_seed(plan.seed * plan.processes + number)
    own = plan.out / str(number)
    own.mkdir(exist_ok=True)
    peers = [plan.out / str(other) for other in range(plan.processes) if other != number]
    collections = load_collections(plan)
    kinds = kinds_of(collections, plan.data, desk_share=plan.desk_share)
    if number == 0:
        for kind in kinds:
            print(f"{len(kind.draws)} questions, {kind.share:.2f}: {kind.name}", flush=True)
    dev = kept_in(plan.dev) if plan.dev and number == 0 else []
    run = begin(plan, own)
    # Other questions than before it was interrupted.
    rng = random.Random(f"{plan.seed}/{number}/{run.seen}")
    saved, tally, since = time.monotonic(), Tally(), run.spent
    weigh = weigh_with(plan.base, plan.frozen_layers) if plan.hardest_of > 1 else None
    drawn = batches(kinds, load_tokenizer(), rng, size=plan.groups, hardest_of=plan.hardest_of, weigh=weigh)
    for batch in drawn:
        while (plan.out / "pause").exists():
            time.sleep(1)
        started = time.monotonic()
        remaining = plan.remaining(run.spent)
        if remaining <= 0:
            break
        rate = plan.learning_rate * rate_at(run.spent / (run.spent + remaining))
        for group in run.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        tally.add(_step(run, batch, rng))
        run.spent += time.monotonic() - started
        if run.steps % _REPORT_STEPS == 0:
            print(_progress(number, run, tally, run.spent - since, rate), flush=True)
            tally, since = Tally(), run.spent
        if time.monotonic() - saved > plan.save_seconds:
            state = weights_of(run.model)
            share_weights(own, state)
            run.model.load_state_dict(mean_with_peers(state, peers, newest_seconds=1.75 * plan.save_seconds))
            _save(own, run, dev)
            saved = time.monotonic()
    _save(own, run, dev)


def begin(plan: Plan, own: Path) -> Run:
    """The run at its last checkpoint in the folder `own`, or with the weights of the base."""
    model = reader_of(read_base(plan.base)).to(plan.device)
    freeze(model, plan.frozen_layers)
    head = list(model.scores.parameters())
    rest = [p for p in model.parameters() if p.requires_grad and all(p is not known for known in head)]
    groups = [{"params": rest, "factor": 1.0}, {"params": head, "factor": _HEAD_RATE}]
    run = Run(model, torch.optim.AdamW(groups, lr=0.0, weight_decay=_WEIGHT_DECAY))
    if (own / CHECKPOINT).exists():
        state = torch.load(own / CHECKPOINT, weights_only=True, map_location=plan.device)
        model.load_state_dict(state["model"])
        run.optimizer.load_state_dict(state["optimizer"])
        run.spent, run.seen, run.steps, run.best = state["spent"], state["seen"], state["steps"], state["best"]
        print(f"goes on after {run.seen} passages and {run.spent / 60:.0f} minutes", flush=True)
    return run


def rate_at(share: float) -> float:
    """The learning rate, of its highest, after a share of the time: up in a straight line, and down to nothing."""
    return min(max(share, 0.05 * _WARM_UP) / _WARM_UP, (1 - share) / (1 - _WARM_UP))


def _step(run: Run, batch: Sequence[EncodedGroup], rng: random.Random) -> Tally:
    """Learn from one batch."""
    run.model.train()
    value, tally = loss(run.model, batch, rng)
    run.optimizer.zero_grad()
    value.backward()  # type: ignore[no-untyped-call] # torch has no type for it
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), _LARGEST_GRADIENT)
    run.optimizer.step()
    run.seen += tally.passages
    run.steps += 1
    return tally


def _progress(number: int, run: Run, tally: Tally, seconds: float, rate: float) -> str:
    speed = f"{tally.passages / seconds:.1f} passages/s, {tally.tokens / seconds:.0f} tokens/s"
    now = datetime.now().strftime("%H:%M:%S")
    return f"{now} [{number}] step {run.steps}, {run.seen} passages, {speed}; {tally.line()}; rate {rate:.1e}"


def _save(own: Path, run: Run, dev: Sequence[LabelledCollection]) -> None:
    """Write a checkpoint in one step, and keep it beside if it is the best one so far on the collections `dev`."""
    if dev:
        figures = figures_of(run.model, dev)
        print(f"{datetime.now():%H:%M:%S} after {run.seen} passages: {figures.line}", flush=True)
        if figures.whole > run.best:
            run.best = figures.whole
            write_whole(own / BEST, {"model": weights_of(run.model), "seen": run.seen})
    state = {
        "model": weights_of(run.model),
        "optimizer": run.optimizer.state_dict(),
        "spent": run.spent,
        "seen": run.seen,
        "steps": run.steps,
        "best": run.best,
    }
    write_whole(own / CHECKPOINT, state)


def weights_of(model: TrainedReader) -> dict[str, torch.Tensor]:
    """Its weights, on the processor."""
    return {name: value.cpu() for name, value in model.state_dict().items()}


def _time_of_day(text: str) -> float:
    """Seconds since 1970 of a time today: "14:30"."""
    at = datetime.strptime(text, "%H:%M").time()
    return datetime.combine(datetime.now().date(), at).timestamp()


if __name__ == "__main__":
    main()
