"""Processes that tests start, and waiting for what happens in them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from tests.support.places import ROOT

_SECONDS = 200  # for a process that imports torch while others keep the machine busy


def environment() -> dict[str, str]:
    """The environment for a process that imports the project and the tests, without settings of Citewell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CITEWELL_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


def python_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs `code`, which may import the project and the tests' modules."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(code: str, *arguments: object) -> str:
    """What `code` prints. Fails the test when it exits with another status than 0, or does not end in time."""
    process = python_process(code, *arguments)
    output, errors = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0, errors
    return output


def wait_for(holds: Callable[[], bool], seconds: float = _SECONDS) -> bool:
    """True as soon as `holds` is true, False when it is not in time. What is bound to come may take long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False
