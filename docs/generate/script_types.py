"""The shapes of JSON as types that the JavaScript is checked against, made of OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from web.app import create_app
from web.settings import WebSettings

_Schema = Mapping[str, Any]
_SHAPES = "#/components/schemas/"
# What the scripts of the pages receive; what these are made of comes along.
_RECEIVED = (
    "AnswerBody",
    "AskedAgainListBody",
    "ConversationListBody",
    "IngestBody",
    "MissingWordListBody",
    "ProblemBody",
    "SearchBody",
    "SuggestionsBody",
    "UnansweredBody",
)
_PLAIN = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def type_lines() -> Iterator[str]:
    """A TypeScript declaration of each shape that a script receives."""
    schemas = create_app(WebSettings()).openapi()["components"]["schemas"]
    yield "// Made by make docs: what the service answers."
    for name in sorted(_reached(schemas)):
        yield ""
        yield f"interface {name} {{"
        required = schemas[name].get("required", [])
        for field, about in schemas[name]["properties"].items():
            yield f"  {field}{'' if field in required else '?'}: {script_type(about)};"
        yield "}"


def _reached(schemas: Mapping[str, _Schema]) -> set[str]:
    """The shapes of `_RECEIVED` and all that they are made of."""
    reached: set[str] = set()
    waiting = list(_RECEIVED)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [word.removeprefix(_SHAPES) for word in references(schemas[name])]
    return reached


def references(schema: Any) -> Iterator[str]:
    """The shapes that a schema names, "#/components/schemas/PlaceBody"."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def script_type(schema: _Schema) -> str:
    """A type as TypeScript writes it: "number | null", "PlaceBody[]"."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_SHAPES)
    if "anyOf" in schema:
        return " | ".join(map(script_type, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        inner = script_type(schema["items"])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"Record<string, {script_type(schema['additionalProperties'])}>"
    return _PLAIN.get(str(schema.get("type")), "unknown")
