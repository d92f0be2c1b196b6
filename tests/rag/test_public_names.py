"""What other programs may import from `rag`: these names, with types, and nothing is loaded before it is used."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

import rag
from tests.support.processes import run_python

ROOT = Path(rag.__file__).parents[1]


def test_the_public_names_are_these() -> None:
    assert rag.__all__ == [
        "Access",
        "Answer",
        "AnswerSentence",
        "AnswerStatus",
        "Citation",
        "Citewell",
        "Confidence",
        "Document",
        "Hit",
        "IngestStatus",
        "InputError",
        "NoAnswerReason",
        "NotFoundError",
        "NotReadyError",
        "Place",
        "RagError",
        "Settings",
        "Source",
        "Span",
        "StorageError",
    ]
    assert dir(rag) == rag.__all__


@pytest.mark.parametrize("name", rag.__all__)
def test_a_public_name_is_the_class_of_that_name(name: str) -> None:
    found = getattr(rag, name)
    assert isinstance(found, type)
    assert found.__name__ == name


def test_another_name_is_told_of_with_those_there_are() -> None:
    with pytest.raises(AttributeError, match=r"no public name 'Answers'; it has Access, Answer"):
        rag.Answers  # noqa: B018 - that it fails is the point


def test_type_checkers_see_the_same_names_as_programs_do() -> None:
    """The names are imported twice: for type checkers at the top, for programs when they are used."""
    tree = ast.parse(Path(rag.__file__).read_text(encoding="utf-8"))
    (checked,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name: str(node.module)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(seen) == rag.__all__
    for name, module in seen.items():
        assert getattr(rag, name).__module__.startswith(module) or module == "rag.app"


def test_importing_the_library_loads_nothing_of_it() -> None:
    code = "import sys, rag; print([name for name in sys.modules if name.startswith(('rag.', 'numpy'))])"
    assert run_python(code) == "[]\n"


@pytest.mark.parametrize("package", ["rag", "web"])
def test_the_types_of_a_package_are_installed_with_it(package: str) -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "py.typed" in data[package]
    assert (ROOT / package / "py.typed").is_file()
