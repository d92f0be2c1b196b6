"""The tree of errors is the one that its docstring draws."""

from __future__ import annotations

import inspect
import re

import pytest

from rag import errors
from rag.errors import RagError

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


def drawn_tree(docstring: str) -> dict[str, str | None]:
    """Each class drawn in `docstring` with the class it stands under; the depth is where the name begins, in fours."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in docstring.splitlines():
        drawn = re.match(r"    ([ │├└─]*)([A-Z]\w*)(?:  |$)", line)
        if drawn:
            depth = len(drawn[1]) // 4
            parents[drawn[2]] = above[depth - 1] if depth else None
            above[depth:] = [drawn[2]]
    return parents


def test_the_drawing_is_read_by_its_indentation() -> None:
    drawing = "Title\n\n    A\n    ├── B     x\n    │   └── C  y\n    └── D\n        └── E  z\n"
    assert drawn_tree(drawing) == {"A": None, "B": "A", "C": "B", "D": "A", "E": "D"}


def test_the_classes_are_the_drawn_tree() -> None:
    actual = {kind.__name__: kind.__bases__[0].__name__ if kind is not RagError else None for kind in CLASSES}
    assert drawn_tree(errors.__doc__ or "") == actual


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_says_when_it_happens(kind: type[Exception]) -> None:
    assert re.fullmatch(r"[A-Z].+\.", kind.__dict__.get("__doc__") or "")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_is_caught_at_the_root_and_shows_its_message(kind: type[Exception]) -> None:
    with pytest.raises(RagError) as caught:
        raise kind("what was found")
    assert str(caught.value) == "what was found"
