"""`rag privacy`: what is kept of a person is written out, and deleted after a question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.hash_cli import Rag


@pytest.fixture
def with_anna(rag: Rag, monkeypatch: pytest.MonkeyPatch) -> Rag:
    monkeypatch.setenv("CITEWELL_AUDIT", "on")
    assert rag("people", "add", "anna", "--mail", "anna@example.org").code == 0
    return rag


def test_it_is_written_to_the_output_or_a_new_file(with_anna: Rag, tmp_path: Path) -> None:
    body = with_anna("privacy", "export", "anna").json
    assert (body["person"], body["account"]["mail"], body["conversations"]) == ("anna", "anna@example.org", [])
    target = tmp_path / "anna.json"
    assert with_anna("privacy", "export", "anna", target, "--json").json["account"] == 1
    assert json.loads(target.read_text())["account"] == body["account"]
    assert target.stat().st_mode & 0o077 == 0
    again = with_anna("privacy", "export", "anna", target)
    assert (again.code, "is there already" in again.err) == (1, True)


def test_it_is_deleted_when_that_is_confirmed(with_anna: Rag) -> None:
    erased = with_anna("privacy", "erase", "anna", "--yes", "--json")
    assert (erased.code, erased.json["account"]) == (0, 1)
    gone = with_anna("privacy", "export", "anna")
    assert (gone.code, "Nothing is kept of anybody named 'anna'" in gone.err) == (1, True)
    assert "anna" not in with_anna("audit", "show").out
    assert with_anna("audit", "verify").code == 0
