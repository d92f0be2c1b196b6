"""Install the bundle where there is no network, and ask: `make bundle-try`. It says how long each step took.

    python -m deploy.release.try_bundle dist/citewell-*.tar

Needs Linux, and the right to make a network namespace (root has it). Nothing of this folder is used but `seeds/`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from deploy.release.dependencies import ROOT

_QUESTION = "What did JSR receive?"
_ALONE = ("unshare", "--net", "--")  # not even the loopback interface is up in there


def try_bundle(archive: Path, say: Callable[[str], object]) -> None:
    """Unpack, install, ingest and ask in a network namespace of its own. Raises SystemExit when one of them fails."""
    unshare = shutil.which(_ALONE[0])
    if unshare is None:
        raise SystemExit("unshare was not found; on Debian: apt-get install util-linux")
    with tempfile.TemporaryDirectory() as work:
        started = time.monotonic()

        def step(name: str, *command: object) -> str:
            begun = time.monotonic()
            ran = subprocess.run(  # noqa: S603 - what was unpacked here
                [unshare, *_ALONE[1:], *map(str, command)],
                cwd=work,
                env={"HOME": work, "PATH": os.environ["PATH"]},
                capture_output=True,
                text=True,
                check=False,
            )
            if ran.returncode:
                raise SystemExit(f"{name} failed:\n{ran.stdout}{ran.stderr}")
            say(f"{name}: {time.monotonic() - begun:.1f} s\n")
            return ran.stdout

        step("unpack", "tar", "-xf", archive.resolve())
        (folder,) = Path(work).iterdir()
        step("install", folder / "install.sh", Path(work, "citewell"))
        program, data = Path(work, "citewell", "bin", "citewell"), Path(work, "data")
        step("ingest", program, "ingest", ROOT / "seeds", "--data-dir", data)
        answer = json.loads(step("ask", program, "ask", _QUESTION, "--json", "--data-dir", data))
        if not answer["citations"]:
            raise SystemExit(f"No citation came back: {answer}")
        say(f"{answer['citations'][0]['quote']!r}\n{time.monotonic() - started:.1f} s from the archive to this\n")


if __name__ == "__main__":
    try_bundle(Path(sys.argv[1]), sys.stdout.write)
