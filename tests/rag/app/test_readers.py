"""Processes that ask while another writes: no error, no text that was never written, nothing left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import readers

pytestmark = pytest.mark.crash


def test_whoever_asks_while_the_index_is_replaced_gets_what_was_written(tmp_path: Path) -> None:
    told: list[str] = []
    assert readers.run(tmp_path, 3, 0.02, told.append, readers=2) == []
    assert len(told) == 2
