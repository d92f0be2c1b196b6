"""Everything about speed and size in one run: `make bench SQUAD=FILE`, or `make bench-quick` in two minutes.

Each part is a program of its own and runs in a process of its own, one after the other: the models, beside the rivals,
under load, starting, growing, and growing further without a database. What they found goes into a folder as JSON; the
tables made of it replace the block between two marks in docs/performance.md, and the pictures are in docs/images/. With
--quick nothing but the folder is written.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.report import tables, write_page

ROOT = Path(__file__).parents[2]
_SIZES = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Part:
    """A program that measures something: its module under tests.bench, and what it is called with."""

    name: str
    arguments: tuple[str, ...]
    needs_squad: bool = False


def parts(out: Path, squad: Path | None, *, text: Sequence[Path] = (), quick: bool) -> list[Part]:
    """What is run, in order; `text` has more files for what needs much of it."""
    file = ("--squad", str(squad)) if squad else ()
    found = [
        Part("models", ("--rounds", "2", "--passages", "24") if quick else ()),
        Part("beside", (*file, "--out", str(out), *(("--quick",) if quick else ()))),
    ]
    if quick:
        return found
    sizes = [str(size) for size in _SIZES]
    more = [str(path) for path in text]
    return [
        *found,
        Part("throughput", file, needs_squad=True),
        Part("load", (*file, "--data-dir", str(out / "data-load")), needs_squad=True),
        Part("startup", (*file, *more, "--data-dir", str(out / "data-startup")), needs_squad=True),
        Part("scale", (*file, *more, "--work", str(out / "scale"), "--sizes", *sizes), needs_squad=True),
        Part("scale_index", (*file, *more, "--work", str(out / "scale")), needs_squad=True),
    ]


def main() -> int:
    """Run all parts, or those that are named, and make the tables. Gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--squad", type=Path, metavar="FILE", help="passages and questions in the SQuAD layout")
    parser.add_argument("--text", type=Path, nargs="*", default=[], metavar="FILE", help="more of these, only for size")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="a folder for what is found")
    parser.add_argument("--quick", action="store_true", help="two parts, small; the page stays as it is")
    parser.add_argument("--only", nargs="+", metavar="PART", help="run these parts; the others are as they were found")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    failed = [
        part.name
        for part in parts(given.out, given.squad, text=given.text, quick=given.quick)
        if (not given.only or part.name in given.only) and not _run(part, given.out, has_squad=given.squad is not None)
    ]
    made = tables(given.out)
    _say(made)
    if not given.quick:
        write_page(ROOT / "docs" / "performance.md", given.out)
    if failed:
        _say(f"Not measured, for what they said above: {', '.join(failed)}.")
    return 1 if failed else 0


def _run(part: Part, out: Path, *, has_squad: bool) -> bool:
    """Run one part; whether it came to its end."""
    if part.needs_squad and not has_squad:
        _say(f"{part.name}: left out, it needs --squad FILE (make bench SQUAD=FILE).")
        return True
    _say(f"{part.name} ...")
    started = time.perf_counter()
    written = () if part.name == "beside" else ("--json", str(out / f"{part.name}.json"))
    command = [sys.executable, "-m", f"tests.bench.{part.name}", *part.arguments, *written]
    done = subprocess.run(command, cwd=ROOT, env=_environment(os.environ), check=False)
    _say(f"{part.name}: {time.perf_counter() - started:.0f} s")
    return done.returncode == 0


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a part: the packages of this checkout, and no settings of Citewell."""
    kept = {name: value for name, value in environ.items() if not name.startswith("CITEWELL_")}
    return {**kept, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


def _say(lines: str | Sequence[str]) -> None:
    sys.stdout.write(f"{lines}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
