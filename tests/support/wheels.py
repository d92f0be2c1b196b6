"""The wheel of the program, and environments into which it is installed beside the libraries of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


def install_beside_libraries(wheel: Path, folder: Path) -> Path:
    """The folder of commands of a new environment that has `wheel`; its libraries are those of this environment."""
    venv.create(folder, with_pip=False)
    commands = folder / "bin"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", commands / "python", "install", "--quiet"),
            *("--disable-pip-version-check", "--no-deps", "--no-index", "--no-compile", wheel),
        ],
        check=True,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in such a file is searched last, and what makes the sources importable from there is not run.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return commands


def run_installed(*command: object, cwd: Path) -> str:
    """What a command of such an environment prints, away from the sources. Fails the test when it fails."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("CITEWELL_") and n != "PYTHONPATH"}
    ran = subprocess.run(list(map(str, command)), cwd=cwd, env=kept, capture_output=True, text=True, timeout=250)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
