"""Several processes that train side by side: each takes the mean of its weights with those of the others in turn."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

_SHARED = "shared.pt"

State = dict[str, torch.Tensor]


def run_side_by_side(task: Callable[..., object], arguments: Sequence[tuple[Any, ...]]) -> None:
    """Run `task` with each of the arguments, in a process each. Raises RuntimeError when one of them fails."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=task, args=given) for given in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if failed := [number for number, process in enumerate(processes) if process.exitcode]:
        raise RuntimeError(f"of the processes of the training these failed: {failed}; what they say stands above")


def share_weights(own: Path, state: Mapping[str, torch.Tensor]) -> None:
    """Lay the weights into the folder `own`, for the others to see."""
    write_whole(own / _SHARED, dict(state))


def mean_with_peers(state: State, peers: Sequence[Path], *, newest_seconds: float) -> State:
    """The mean of the weights and those that the peers shared within the last `newest_seconds`.

    One that has stopped no longer counts: what it learned is in the others already.
    """
    states = [state]
    for peer in peers:
        path = peer / _SHARED
        if path.exists() and time.time() - path.stat().st_mtime < newest_seconds:
            states.append(torch.load(path, weights_only=True))
    return mean_weights(states)


def mean_weights(states: Sequence[Mapping[str, torch.Tensor]]) -> State:
    """The mean of each weight. Good only of models that began alike. Source: Wortsman and others, ICML 2022."""
    return {name: torch.stack([state[name].float() for state in states]).mean(dim=0) for name in states[0]}


def write_whole(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file of torch in one step, so that nobody ever sees half of it."""
    new = path.with_suffix(".new")
    torch.save(value, new)
    new.replace(path)
