"""The browser of the tests: where it is, and `python -m tests.support.chromium`, which gets one where it may.

Any browser that is built on Chromium will do. `CITEWELL_CHROMIUM` names one that is not found by itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "CITEWELL_CHROMIUM"
KEPT_AS = "CHROMIUM"  # while tests run: the program refuses a CITEWELL_ variable that it does not know
MISSING = f"no Chromium was found; install one (Debian: apt-get install chromium) or set {VARIABLE} to its path"

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
_APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge")  # on macOS, where they are not commands


def find_chromium(environ: Mapping[str, str] = os.environ) -> str | None:
    """The program to start; None where there is none. FileNotFoundError when `environ` names one that is not there."""
    named = environ.get(VARIABLE) or environ.get(KEPT_AS)
    if named:
        if shutil.which(named) is None:
            raise FileNotFoundError(f"{VARIABLE} is {named}, which is no program; expected the path of a Chromium")
        return named
    folders = ("/Applications", Path.home() / "Applications")
    on_macos = (f"{folder}/{name}.app/Contents/MacOS/{name}" for folder in folders for name in _APPLICATIONS)
    return next((found for name in (*_COMMANDS, *on_macos) if (found := shutil.which(name))), None)


def install() -> None:
    """Install Debian's Chromium where this user may do so without being asked; else do nothing."""
    apt, sudo = shutil.which("apt-get"), shutil.which("sudo")
    if find_chromium() is not None or apt is None:
        return
    if os.geteuid() == 0:
        may: tuple[str, ...] = ()
    elif sudo is not None and _runs(sudo, "--non-interactive", "true"):
        may = (sudo, "--non-interactive")
    else:
        return
    print("Installing Chromium for the browser tests with apt-get ...", flush=True)  # noqa: T201 - it takes a minute
    quietly = ("-qq", "--no-install-recommends", "-y")
    _runs(*may, apt, "update", "-qq")
    _runs(*may, "env", "DEBIAN_FRONTEND=noninteractive", apt, "install", *quietly, "chromium", "fonts-dejavu-core")


def _runs(*command: str) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


if __name__ == "__main__":
    install()
