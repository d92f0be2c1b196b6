"""The packages that the program stands on: what each is for, under which licence, in which version.

`docs/licences.md` and the bill of materials are made of it. What is known of a package is read from its own metadata,
so the packages must be installed: `make install`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "deploy" / "locks"
# What serving asks for, and the one thing that each does here. Two packages for one thing would be one too many.
WHAT_FOR: Mapping[str, str] = {
    "apsw": "the database",
    "argon2-cffi": "passwords, hashed",
    "babel": "dates and numbers of a language",
    "charset-normalizer": "the encoding of a text file",
    "cryptography": "what only the holder of a key may read in the audit log",
    "faiss-cpu": "the nearest vectors",
    "fastapi": "routes and their documentation",
    "httpcore2": "web pages, fetched over connections that we choose ourselves",
    "httpx2": "talking to the provider where people sign in",
    "idna": "names of hosts in other scripts",
    "itsdangerous": "signed tokens and cookies",
    "jinja2": "the pages",
    "joserfc": "signatures of JSON Web Tokens",
    "limits": "rates",
    "lxml": "XML of office files, HTML",
    "lxml-html-clean": "what trafilatura needs of lxml",
    "markdown-it-py": "Markdown",
    "numpy": "arrays",
    "onnx": "the graph of the embedding model, written",
    "onnxruntime": "the models, run",
    "openpyxl": "Excel files",
    "pathspec": "patterns of files to read and to leave out",
    "pillow": "pictures whose text is recognised",
    "prometheus-client": "figures in the format of Prometheus",
    "protego": "robots.txt",
    "pypdfium2": "PDF",
    "python-pptx": "PowerPoint files",
    "rcssmin": "style sheets, made small",
    "rich": "tables and colours in the terminal",
    "rjsmin": "scripts, made small",
    "safetensors": "weights, read without running anything",
    "sentencex": "sentences",
    "snowballstemmer": "stems of words",
    "striprtf": "RTF",
    "tokenizers": "the tokens that the models read",
    "trafilatura": "the main content of a web page",
    "typer": "commands and their options",
    "uvicorn": "HTTP",
    "watchfiles": "changes in folders",
}
# Under these a package may be given out together with an Apache-2.0 program; MPL holds for its own files only.
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0"),
        *("CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0", "PSF-2.0", "Zlib"),
    }
)
# Packages of extras under another licence: whoever wants one has it from the package index, and none is in what we give
# out. Under the LGPL a program may import a package that stays a package of its own.
NEVER_GIVEN_OUT: Mapping[str, str] = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "psycopg-pool": "LGPL-3.0-only",
}
# Where the metadata says it in words of its own.
_IN_WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "The BSD 2-Clause License": "BSD-2-Clause",
}
# Where the metadata does not say which one exactly: from the licence files that come with the packages.
_FROM_THE_FILES = {
    "apsw": "Zlib",  # "any OSI licence", of which this is the one that its file has
    "axe-playwright-python": "MIT AND MPL-2.0",  # its own, and that of the script it carries
    "cheroot": "BSD-3-Clause",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "mpmath": "BSD-3-Clause",
    "olefile": "BSD-2-Clause",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "reportlab": "BSD-3-Clause",
    "scipy": "BSD-3-Clause",
    "sympy": "BSD-3-Clause",
}


@dataclass(frozen=True, slots=True)
class Locked:
    """A package as a list in deploy/locks/ has it: the name as indexes write it, and one version."""

    name: str
    version: str
    hashes: frozenset[str]  # SHA-256, in hexadecimal, one for each of its files


def locked(*lists: str) -> Iterator[Locked]:
    """The packages of these lists that belong on this machine, in their order."""
    for name in lists:
        text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
        for block in re.split(r"\n(?=[^\s#])", text.partition("make locks\n")[2].strip()):
            line, *hashes = re.split(r"\s*\\\n\s*--hash=sha256:", block)
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate():
                (version,) = (specifier.version for specifier in asked.specifier)
                yield Locked(canonicalize_name(asked.name), version, frozenset(hashes))


def licence_of(name: str) -> str:
    """The licence of an installed package, as an SPDX expression; what its metadata says where that is not one.

    Raises PackageNotFoundError for what is not installed.
    """
    metadata = distribution(name).metadata
    expression, words, classifiers = (
        metadata.get_all(field, []) for field in ("License-Expression", "License", "Classifier")
    )
    first_line = "".join(words).split("\n")[0]
    classified = ", ".join(line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License"))
    said = "".join(expression) or _FROM_THE_FILES.get(name) or first_line or classified
    return _IN_WORDS.get(said, said)


def is_allowed(licence: str) -> bool:
    """Whether an SPDX expression without brackets can be met by licences of ALLOWED alone; AND binds before OR."""
    return any(all(part in ALLOWED for part in choice.split(" AND ")) for choice in licence.split(" OR "))


def needed_by(name: str, among: Iterable[str]) -> Sequence[str]:
    """Which of the packages `among` the installed package `name` asks for here, without its extras.

    Raises PackageNotFoundError for what is not installed.
    """
    known = set(among)
    wanted = (Requirement(line) for line in distribution(name).requires or [])
    asked = {canonicalize_name(w.name) for w in wanted if w.marker is None or w.marker.evaluate({"extra": ""})}
    return sorted(asked & known)
