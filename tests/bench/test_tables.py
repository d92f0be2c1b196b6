"""The tables of docs/performance.md, made of what the parts of the benchmark write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.report import BEGIN, tables, write_page

PHASE = {"program": "citewell", "users": 4, "answers_per_second": 20.04, "p95_ms": 251.6, "refused": 0, "failed": 2}
MODEL = {"name": "embed", "ours": 30.0, "other": 12.0, "share_of_peak": 0.456}


def test_what_was_found_is_in_the_tables_and_what_was_not_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "throughput.json").write_text(json.dumps({"seconds": 15, "phases": [PHASE]}))
    (tmp_path / "models.json").write_text(json.dumps([MODEL, {**MODEL, "share_of_peak": None}]))
    made = tables(tmp_path)
    assert "| 4 | 20.0/s, 252, 2 failed |" in made
    assert "| embed | 30.0 | 12.0 | 2.50 | 0.46 |\n| embed | 30.0 | 12.0 | 2.50 |  |" in made
    assert "recall" not in made


def test_the_block_of_the_page_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"Before\n{BEGIN}\nold\n<!-- end -->\nAfter\n")
    (tmp_path / "models.json").write_text(json.dumps([MODEL]))
    (tmp_path / "beside.svg").write_text("<svg/>")
    write_page(page, tmp_path)
    text = page.read_text()
    assert text.startswith(f"Before\n{BEGIN}\nThe models")
    assert text.endswith("|\n<!-- end -->\nAfter\n")
    assert "old" not in text
    assert (tmp_path / "images" / "beside.svg").read_text() == "<svg/>"


def test_a_page_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("Before\n")
    with pytest.raises(ValueError, match="has no block"):
        write_page(page, tmp_path)
    assert page.read_text() == "Before\n"
    assert [path.name for path in tmp_path.iterdir()] == ["performance.md"]


def test_the_page_of_performance_has_one_block() -> None:
    text = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count("<!-- end -->") == 1
