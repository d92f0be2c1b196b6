from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest
import torch

from rag.training.sharing import mean_weights, mean_with_peers, run_side_by_side, share_weights

pytestmark = pytest.mark.model


def peer(folder: Path, value: float) -> Path:
    folder.mkdir()
    share_weights(folder, {"a": torch.tensor([value])})
    return folder


def test_the_mean_of_each_weight_is_taken() -> None:
    one, other = {"a": torch.tensor([1.0, 2.0])}, {"a": torch.tensor([3.0, -2.0])}
    assert mean_weights([one, other])["a"].tolist() == [2.0, 0.0]


def test_weights_that_peers_shared_lately_are_taken_in(tmp_path: Path) -> None:
    peers = [peer(tmp_path / "1", 4.0), peer(tmp_path / "2", 7.0), tmp_path / "not yet there"]
    assert mean_with_peers({"a": torch.tensor([1.0])}, peers, newest_seconds=60)["a"].tolist() == [4.0]


def test_a_peer_that_has_stopped_no_longer_counts(tmp_path: Path) -> None:
    stopped = peer(tmp_path / "1", 4.0)
    before = time.time() - 100
    os.utime(stopped / "shared.pt", (before, before))
    assert mean_with_peers({"a": torch.tensor([1.0])}, [stopped], newest_seconds=60)["a"].tolist() == [1.0]


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    peer(tmp_path / "1", 4.0)
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["shared.pt"]


def test_when_one_of_several_processes_fails_the_whole_does() -> None:
    run_side_by_side(math.log, [(1,), (2,)])
    with pytest.raises(RuntimeError, match=r"these failed: \[1\]"):
        run_side_by_side(math.log, [(1,), (0,)])
