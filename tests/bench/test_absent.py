from __future__ import annotations

from pathlib import Path

from tests.bench.absent import WAYS, longer, measure


def test_one_is_longer_than_the_other_as_often_as_pairs_say() -> None:
    """Of (1, 4) and (2, 3): 4 is longer than both, 1 than none, so 2 of 4."""
    assert longer([1, 4], [2, 3]) == 0.5
    assert longer([3, 4], [1, 2]) == 1.0
    assert longer([1], [1, 2, 3]) < 0.5


def test_every_way_in_is_measured(tmp_path: Path) -> None:
    found = measure(tmp_path, 2)
    assert found.keys() == WAYS.keys()
    for figures in found.values():
        assert 0 <= figures["forbidden_longer"] <= 1
