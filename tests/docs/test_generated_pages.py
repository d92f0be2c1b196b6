"""The pages that the program writes: they say what it does now, and leave what is written by hand alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docs.generate import __main__ as generate
from docs.generate.client_types import python_type
from docs.generate.markdown import replace_block, table
from docs.generate.rest_page import type_of
from docs.generate.script_types import script_type
from docs.generate.settings_page import comments_above_fields


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_page_says_what_the_program_does_now(name: str) -> None:
    page = (generate.ROOT / name).read_text(encoding="utf-8")
    assert page == generate.up_to_date(name), f"{name} is stale: run make docs"


def test_a_stale_page_is_told_of_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "PAGES", {"one.md": lambda: ["new"]})
    page = tmp_path / "one.md"
    page.write_text(f"by hand\n{generate.BEGIN}\nold\n<!-- end -->\nby hand too\n")
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out == "one.md is stale: run make docs\n"
    assert generate.main([]) == 0
    assert page.read_text() == f"by hand\n{generate.BEGIN}\n\nnew\n\n<!-- end -->\nby hand too\n"
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr().out == "one.md is written\n"


@pytest.mark.parametrize("page", ["", "begin\n", "<!-- end -->\nbegin\n"])
def test_a_page_without_both_marks_in_order_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="has no block between 'begin'"):
        replace_block(page, "begin", "new\n")


def test_a_cell_is_one_line_and_its_bars_are_no_columns() -> None:
    rows = [["`a|b`", "two\nlines"]]
    assert list(table(["x", "y"], rows)) == ["| x | y |", "|---|---|", "| `a\\|b` | two lines |"]
    assert list(table(["x"], [])) == []


@dataclass
class Sample:
    """A class with comments."""

    # Belongs to nothing.

    # Two lines
    # of a comment.
    first: int = 1
    second: int = 2  # on its own line, not above


def test_the_comment_just_above_a_field_is_what_it_is_for() -> None:
    assert comments_above_fields(Sample) == {"first": "Two lines of a comment.", "second": ""}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"type": "integer"}, "integer", id="plain"),
        pytest.param({"$ref": "#/components/schemas/PlaceBody"}, "[PlaceBody](#placebody)", id="another shape"),
        pytest.param({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null", id="nothing"),
        pytest.param({"type": "array", "items": {"type": "string"}}, "list of string", id="list"),
        pytest.param({"type": "string", "enum": ["a", "b"]}, '`"a"`, `"b"`', id="one of some"),
        pytest.param({"const": True}, "`true`", id="always the same"),
        pytest.param({}, "any JSON", id="anything"),
    ],
)
def test_a_type_in_words(schema: dict[str, Any], expected: str) -> None:
    assert type_of(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"type": "integer"}, "number", id="plain"),
        pytest.param({"$ref": "#/components/schemas/PlaceBody"}, "PlaceBody", id="another shape"),
        pytest.param({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null", id="nothing"),
        pytest.param({"type": "array", "items": {"type": "string"}}, "string[]", id="list"),
        pytest.param({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}, '("a" | "b")[]', id="some"),
        pytest.param({"const": True}, "true", id="always the same"),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "number"}}, "Record<string, number>", id="map"
        ),
        pytest.param({"type": "object", "additionalProperties": True}, "unknown", id="anything"),
    ],
)
def test_a_type_in_typescript(schema: dict[str, Any], expected: str) -> None:
    assert script_type(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"type": "integer"}, "int", id="plain"),
        pytest.param({"$ref": "#/components/schemas/PlaceBody"}, "PlaceJson", id="another shape"),
        pytest.param({"$ref": "#/components/schemas/ExchangeBody"}, "EarlierJson", id="a name of its own"),
        pytest.param({"anyOf": [{"type": "number"}, {"type": "null"}]}, "float | None", id="nothing"),
        pytest.param({"type": "array", "items": {"type": "string"}}, "list[str]", id="list"),
        pytest.param({"type": "string", "enum": ["a", "b"]}, 'Literal["a", "b"]', id="one of some"),
        pytest.param({"type": "object", "additionalProperties": {"type": "number"}}, "dict[str, float]", id="map"),
    ],
)
def test_a_type_in_python(schema: dict[str, Any], expected: str) -> None:
    assert python_type(schema) == expected
