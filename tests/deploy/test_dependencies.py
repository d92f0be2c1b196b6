"""Every package is pinned with its hashes, used, needed for one thing only, and under a licence that fits."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions

import pytest

from deploy.release.dependencies import (
    ALLOWED,
    LOCKS,
    NEVER_GIVEN_OUT,
    WHAT_FOR,
    is_allowed,
    licence_of,
    locked,
    needed_by,
)
from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {re.split(r"[^\w-]", line)[0] for line in PROJECT["dependencies"]}
IMPORTED_BY_ANOTHER = {"lxml-html-clean": "trafilatura"}
INSTALLED = [package.name for package in locked("serving", "sources", "development", "torch")]
BESIDE = ("cuda", "torch-cpu", "moto")  # of which one is installed, or none; and what has a place of its own
LISTS = sorted(path.stem for path in LOCKS.glob("*.txt"))


def pins(text: str) -> Mapping[str, set[str]]:
    """The versions of each package of a list; some have one for older Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules that are imported anywhere in `tree`, or from which something is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_lists_have_the_versions_of_the_constraints() -> None:
    lists = [pins((LOCKS / f"{name}.txt").read_text(encoding="utf-8")) for name in LISTS if name not in BESIDE]
    together = {name: versions for found in lists for name, versions in found.items()}
    assert together == pins((ROOT / "constraints.txt").read_text(encoding="utf-8")), "run make locks"
    assert sum(map(len, lists)) == len(together), "a package stands in two lists"


@pytest.mark.parametrize("name", LISTS)
def test_every_package_of_a_list_has_hashes_and_no_list_names_an_index(name: str) -> None:
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    line = re.compile(r"#.*|[a-z0-9-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [found for found in text.splitlines() if not line.fullmatch(found)] == []
    assert "://" not in text
    if name not in BESIDE:
        assert all(package.hashes for package in locked(name))


def test_what_a_wheel_asks_for_is_in_the_list_of_what_serving_needs() -> None:
    names = [package.name for package in locked("serving")]
    missing, seen = set(DECLARED), list[str]()
    while missing:
        assert missing <= set(names)
        seen += sorted(missing)
        missing = {other for name in missing for other in needed_by(name, names)} - set(seen)
    assert "pydantic-core" in seen, "what those ask for is followed too"


def test_every_package_is_for_one_thing_and_no_two_are_for_the_same() -> None:
    assert WHAT_FOR.keys() == DECLARED, "say in deploy/release/dependencies.py what it is for"
    assert len(set(WHAT_FOR.values())) == len(WHAT_FOR)


def test_every_package_is_used() -> None:
    imported = {
        module.split(".")[0]
        for folder in ("rag", "web")
        for path in (ROOT / folder).rglob("*.py")
        for module in imports(ast.parse(path.read_text(encoding="utf-8")))
    }
    distributions = packages_distributions()
    used = {name.lower().replace("_", "-") for module in imported for name in distributions.get(module, [])}
    assert DECLARED - used == set(IMPORTED_BY_ANOTHER)


@pytest.mark.parametrize("name", INSTALLED)
def test_its_licence_fits(name: str) -> None:
    licence = licence_of(name)
    if licence == NEVER_GIVEN_OUT.get(name):
        return
    assert is_allowed(licence), f"{name} is under {licence!r}, of which deploy/release/dependencies.py knows nothing"


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("GPL-2.0-only OR MIT AND Unknown", False),
        ("Permissive, see the file", False),
    ],
)
def test_an_expression_fits_when_one_choice_of_it_does(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) == allowed


def test_what_is_never_given_out_is_in_no_list_that_an_archive_or_image_is_made_of() -> None:
    assert not NEVER_GIVEN_OUT.keys() & {package.name for package in locked("serving", "sources")}
    assert {name: licence_of(name) for name in NEVER_GIVEN_OUT} == NEVER_GIVEN_OUT


def test_no_licence_is_allowed_that_nothing_has() -> None:
    had = {part for name in INSTALLED for part in re.split(r" AND | OR ", licence_of(name))}
    assert had >= ALLOWED
