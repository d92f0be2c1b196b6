"""The units that start the nightly care name what exists."""

from __future__ import annotations

from rag.cli import COMMANDS
from tests.support.places import ROOT

FOLDER = ROOT / "deploy" / "systemd"


def value(unit: str, key: str) -> str:
    lines = (FOLDER / unit).read_text(encoding="utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{key}="))


def test_the_service_runs_a_command_that_exists() -> None:
    program, command = value("citewell-maintain.service", "ExecStart").split()
    assert program.endswith("/bin/rag")
    assert command in COMMANDS


def test_the_timer_starts_the_service_of_its_name_every_night() -> None:
    assert (FOLDER / "citewell-maintain.service").is_file()
    assert value("citewell-maintain.timer", "OnCalendar") == "*-*-* 03:30"
    assert value("citewell-maintain.timer", "WantedBy") == "timers.target"
