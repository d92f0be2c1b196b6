"""A name stands for one thing, so that who looks for it finds it: file names and the names of types."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("rag", "web") for path in (ROOT / folder).rglob("*.py"))
# File names that may be there more than once: reason.
MANY_FILES = {
    "__init__": "every package has one",
    "settings": "those of the library, and with them those of the server: WebSettings are Settings",
}


def types_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The types that a module has for others, each with how it is defined: classes, and other names for a type.

    A name is in capitals and small letters: `Draw = Callable[...]` is one, `MAX_TOKENS = 512` and `_Row` are not.
    """
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, ast.unparse(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name[0].isupper() and not name.isupper():
                yield name, ast.unparse(node.value)


def test_types_are_found_wherever_they_are_defined() -> None:
    code = "class One: ...\nTwo = dict[str, int]\nTHREE = 3\n_Four = str\nclass _Five: ...\nsix = 6\n"
    assert list(types_in(ast.parse(code))) == [("One", "class One:\n    ..."), ("Two", "dict[str, int]")]


def test_no_two_files_have_one_name() -> None:
    files = defaultdict(list)
    for path in FILES:
        files[path.stem].append(path.relative_to(ROOT).as_posix())
    assert {name: paths for name, paths in files.items() if len(paths) > 1 and name not in MANY_FILES} == {}
    assert {name for name in MANY_FILES if len(files[name]) < 2} == set()


def test_no_name_stands_for_two_types() -> None:
    """The same type may be written in two files that do not see each other: `Progress = Callable[[int, int], None]`."""
    definitions: dict[str, dict[str, str]] = defaultdict(dict)
    for path in FILES:
        for name, definition in types_in(ast.parse(path.read_text(encoding="utf-8"))):
            definitions[name][definition] = path.relative_to(ROOT).as_posix()
    assert {name: sorted(found.values()) for name, found in definitions.items() if len(found) > 1} == {}
