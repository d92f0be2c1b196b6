from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rag import cli


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEWELL_DATA_DIR", str(tmp_path))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_the_first_owner_is_invited(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Nobody may sign in yet" in run(capsys, "people", "list")
    shown = run(capsys, "people", "invite", "ola", "--owner", "--address", "https://citewell.example/")
    assert re.search(r"^https://citewell\.example/invitation/[\w-]{43}$", shown, re.MULTILINE)
    assert run(capsys, "people", "list") == "ola: owner; no password yet\n"


def test_people_are_added_changed_suspended_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "people", "invite", "ola", "--owner")
    run(capsys, "people", "add", "ida", "--group", "hr", "--group", "it", "--shown-as", "Ida B.")
    run(capsys, "people", "groups", "ida", "board")
    run(capsys, "people", "roles", "ida", "editor", "auditor", "--edits", "board")
    run(capsys, "people", "suspend", "ida")
    found = json.loads(run(capsys, "people", "list", "--json"))["people"][0]
    assert {key: found[key] for key in ("name", "groups", "roles", "edits", "suspended")} == {
        "name": "ida",
        "groups": ["board"],
        "roles": ["auditor", "editor"],
        "edits": ["board"],
        "suspended": True,
    }
    assert "editor of board, auditor; groups: board; suspended" in run(capsys, "people", "list")
    run(capsys, "people", "restore", "ida")
    run(capsys, "people", "remove", "ida")
    assert "ida" not in run(capsys, "people", "list")


def test_a_service_gets_a_key_that_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "people", "add", "crawler", "--service", "--role", "editor", "--edits", "hr")
    key = run(capsys, "tokens", "add", "crawler", "nightly", "--scope", "write", "--days", "7")
    assert re.fullmatch(r"cwk_[\w-]{43}\n", key)
    listed = run(capsys, "tokens", "list", "crawler")
    found = re.match(r"([0-9a-f]{12}) nightly: write; until .*; never used", listed)
    assert found is not None
    assert key.strip() not in listed
    run(capsys, "tokens", "remove", "crawler", found[1])
    assert run(capsys, "tokens", "list", "crawler") == ""


def test_a_mistake_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["people", "suspend", "nobody"])
    assert left.value.code == 1
    assert capsys.readouterr().err.startswith("Error: There is nobody named 'nobody'.")
