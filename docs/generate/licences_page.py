"""The packages that the program stands on, what each is for, and their licences, read from what is installed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from deploy.release.dependencies import WHAT_FOR, licence_of, locked
from docs.generate.markdown import table


def licences_lines() -> Iterator[str]:
    """What serving asks for, what comes with that, and what only the sources need. Versions stand in deploy/locks."""
    serving = {package.name for package in locked("serving")}
    yield "## What serving asks for"
    yield ""
    yield from table(["package", "for", "licence"], [[name, used, licence_of(name)] for name, used in WHAT_FOR.items()])
    yield ""
    yield "## What comes with that"
    yield ""
    yield from _by_licence(serving - WHAT_FOR.keys())
    yield ""
    yield "## What tests, checks and the export of other models need beside"
    yield ""
    yield from _by_licence({package.name for package in locked("sources", "development", "torch")})


def _by_licence(names: Iterable[str]) -> Iterator[str]:
    found = defaultdict[str, list[str]](list)
    for name in sorted(names):
        found[licence_of(name)].append(name)
    yield from table(["licence", "packages"], [[licence, ", ".join(found[licence])] for licence in sorted(found)])
