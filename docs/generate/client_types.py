"""The shapes of JSON as types of the Python client, made of OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.script_types import references
from web.app import create_app
from web.settings import WebSettings

_Schema = Mapping[str, Any]
_SHAPES = "#/components/schemas/"
_HEAD = '''"""The bodies that come back, as REST gives them; docs/rest.md says what each field means.

Made by make docs of the OpenAPI document. A newer service may send more fields.
"""

from __future__ import annotations

from typing import Literal, TypedDict'''
# What the client receives or sends; what these are made of comes along.
_CARRIED = (
    "AnswerBody",
    "VerificationBody",
    "DocumentListBody",
    "ExchangeBody",
    "MeBody",
    "IngestBody",
    "SearchBody",
)
# Names that say more to whoever writes a program than those of the shapes.
_NAMES = {"DocumentListBody": "DocumentsJson", "ExchangeBody": "EarlierJson", "SearchBody": "PassagesJson"}
_PLAIN = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "null": "None"}


def client_lines() -> Iterator[str]:
    """A TypedDict of each shape, those that it is made of before it."""
    schemas = create_app(WebSettings()).openapi()["components"]["schemas"]
    yield _HEAD
    for name in _in_order(schemas):
        yield ""
        yield ""
        yield f"class {_name(name)}(TypedDict):"
        yield f'    """{name}."""'
        yield ""
        for field, about in schemas[name]["properties"].items():
            yield f"    {field}: {python_type(about)}"


def _in_order(schemas: Mapping[str, _Schema]) -> list[str]:
    """The shapes of `_CARRIED` and all that they are made of, a part before the whole."""
    found: list[str] = []

    def add(name: str) -> None:
        for part in references(schemas[name]):
            add(part.removeprefix(_SHAPES))
        if name not in found:
            found.append(name)

    for name in _CARRIED:
        add(name)
    return found


def _name(shape: str) -> str:
    return _NAMES.get(shape, f"{shape.removesuffix('Body')}Json")


def python_type(schema: _Schema) -> str:
    """A type as Python writes it: "float | None", "list[PlaceJson]"."""
    if "$ref" in schema:
        return _name(str(schema["$ref"]).removeprefix(_SHAPES))
    if "anyOf" in schema:
        return " | ".join(map(python_type, schema["anyOf"]))
    if "enum" in schema:
        return f"Literal[{', '.join(map(json.dumps, schema['enum']))}]"
    if schema.get("type") == "array":
        return f"list[{python_type(schema['items'])}]"
    if schema.get("type") == "object":
        return f"dict[str, {python_type(schema['additionalProperties'])}]"
    return _PLAIN[schema["type"]]
