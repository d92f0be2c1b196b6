"""The table of settings, made of the dataclasses: names, types, defaults, and the comment above each field."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any, get_type_hints

from docs.generate.markdown import table
from rag.settings import PREFIX, Settings
from web.settings import WebSettings

_TYPES = {bool: "true or false", int: "whole number", float | None: "number", tuple[str, ...]: "list, with commas"}


def settings_lines() -> Iterator[str]:
    """The lines of the table. Raises ValueError for a field without a comment."""
    types = get_type_hints(WebSettings)
    comments = comments_above_fields(Settings) | comments_above_fields(WebSettings)
    rows = []
    for field in fields(WebSettings):
        if not comments.get(field.name):
            raise ValueError(f"the setting {field.name} has no comment above it that says what it is for")
        kind = _TYPES.get(types[field.name], "text")
        rows.append([f"`{PREFIX}{field.name.upper()}`", kind, default_of(field), comments[field.name]])
    yield from table(["variable", "value", "default", "what it is for"], rows)


def comments_above_fields(record: type[Any]) -> dict[str, str]:
    """For each field of a class with one, the comment on the lines just above it."""
    lines = inspect.getsource(record).splitlines()
    found = {}
    for node in ast.parse(inspect.cleandoc("\n".join(lines))).body[0].body:  # type: ignore[attr-defined] # a class
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above = []
            for line in reversed(lines[: node.lineno - 1]):
                if not line.lstrip().startswith("#"):
                    break
                above.append(line.lstrip().removeprefix("#").strip())
            found[node.target.id] = " ".join(reversed(above))
    return found


def default_of(field: Field[Any]) -> str:
    """The default as one would type it; nothing for an empty one."""
    value = field.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        value = ",".join(value)
    return "" if value in ("", None) else f"`{value}`"
