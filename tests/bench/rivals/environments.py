"""The environments of the programs that Citewell is measured beside: `python -m tests.bench.rivals.environments`.

Each in `.rivals/NAME`, made once from `requirements-NAME.txt`, and again when that changes. On Linux the usual package
index brings CUDA with torch; where TORCH_INDEX names another index, torch is taken from that one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parents[2] / ".rivals"
RIVALS = ("haystack", "txtai", "langchain")
_TORCH = "torch==2.13.0"


def main() -> None:
    """Make those that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RIVALS)}; all if none")
    names = parser.parse_args().names or RIVALS
    if unknown := set(names) - set(RIVALS):
        parser.error(f"{', '.join(sorted(unknown))}: expected of {', '.join(RIVALS)}")
    for name in names:
        sys.stdout.write(f"{make(name)}\n")


def make(name: str, home: Path = HOME) -> Path:
    """The Python of one environment, which is made first if it is not there. Raises CalledProcessError from pip."""
    folder, requirements = home / name, HERE / f"requirements-{name}.txt"
    stamp, wanted = folder / "made-from", hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        sys.stderr.write(f"Making {folder}; this takes some minutes and 1.6 GB ...\n")
        venv.create(folder, with_pip=True, clear=True)
        index = os.environ.get("TORCH_INDEX")
        _pip(folder, [_TORCH, *(["--index-url", index] if index else [])])
        _pip(folder, ["--requirement", str(requirements)])
        stamp.write_text(wanted, encoding="utf-8")
    return python_of(name, home)


def python_of(name: str, home: Path = HOME) -> Path:
    """Where the Python of an environment is, made or not."""
    return home / name / "bin" / "python"


def missing(names: Iterable[str], home: Path = HOME) -> list[str]:
    """The names without an environment."""
    return [name for name in names if not (home / name / "made-from").exists()]


def _pip(folder: Path, packages: list[str]) -> None:
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)


if __name__ == "__main__":
    main()
