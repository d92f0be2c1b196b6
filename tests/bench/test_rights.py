from __future__ import annotations

from pathlib import Path

import pytest

from rag.index import vectors
from tests.bench.rights import PEOPLE, measure


@pytest.mark.parametrize("exact_up_to", [50_000, 100])
def test_rights_are_measured_for_each_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact_up_to: int) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", exact_up_to)
    found = measure(tmp_path, 1_000, 3)
    assert found["is_exact"] is (exact_up_to > 1_000)
    for name in PEOPLE:
        figures = found[name]
        assert isinstance(figures, dict)
        assert 0 < figures["may_read"] < 1_000
        assert figures["recall_at_10"] == 1.0
        assert figures["median_ms"] > 0
