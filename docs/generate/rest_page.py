"""The requests of the REST API and the shapes of their bodies, made of OpenAPI; the pages, made of the routes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.routing import APIRoute

from docs.generate.markdown import table
from web.app import create_app
from web.settings import WebSettings

_Schema = Mapping[str, Any]
_SHAPES = "#/components/schemas/"
_FIRST_PROBLEM = 400
# What OpenAPI calls the limits of a value, and how the table says them.
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "under {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches `{}`",
}


def rest_lines() -> Iterator[str]:
    """Requests by their tag, then the pages, then the shapes of all bodies."""
    app = create_app(WebSettings())
    openapi = app.openapi()
    requests = [
        (method.upper(), path, operation)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    ]
    for tag in dict.fromkeys(_tag(request) for request in requests):
        yield f"## {tag.capitalize()}"
        yield ""
        for request in requests:
            if _tag(request) == tag:
                yield from _request_lines(*request)
    yield "## Pages"
    yield ""
    pages = [
        [
            f"`{' or '.join(sorted((route.methods or set()) - {'HEAD'}))} {route.path}`",
            str(route.description).split("\n\n")[0],
        ]
        for route in app.routes
        if isinstance(route, APIRoute) and not route.include_in_schema
    ]
    yield from table(["page", "what it shows"], sorted(pages))
    yield ""
    yield "## Shapes"
    yield ""
    for name, schema in sorted(openapi["components"]["schemas"].items()):
        yield from _shape_lines(name, schema)


def _tag(request: tuple[str, str, Mapping[str, Any]]) -> str:
    return str(request[2]["tags"][0])


def _request_lines(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {method} {path}"
    yield ""
    yield f"**{operation['summary']}.** {operation['description']}".replace("?.**", "?**")
    yield ""
    rows = [
        [f"`{p['name']}`", p["in"], type_of(p["schema"]), _says(p, p["schema"])]
        for p in operation.get("parameters", [])
    ]
    yield from table(["parameter", "in", "type", "what it is"], rows)
    if rows:
        yield ""
    if "requestBody" in operation:
        yield f"Body: {_contents(operation['requestBody']['content'])}."
        yield ""
    yield from _answer_lines(operation["responses"])


def _answer_lines(responses: Mapping[str, Any]) -> Iterator[str]:
    """What comes back when all is well, and with which status it may not be."""
    good = [
        f"{status}, {_contents(response['content'])}" if "content" in response else status
        for status, response in responses.items()
        if int(status) < _FIRST_PROBLEM
    ]
    problems = [str(status) for status in responses if int(status) >= _FIRST_PROBLEM]
    yield f"Answer: {'; or '.join(good)}. Problems: {', '.join(problems) or 'none'}."
    yield ""


def _contents(content: Mapping[str, Any]) -> str:
    """What a body may be: its shape, where it is JSON, or its media type."""
    return " or ".join(
        type_of(about["schema"]) if media_type == "application/json" else f"`{media_type}`"
        for media_type, about in content.items()
    )


def _shape_lines(name: str, schema: _Schema) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if "description" in schema:
        yield schema["description"]
        yield ""
    required = schema.get("required", [])
    rows = [
        [f"`{field}`", type_of(about) + ("" if field in required else ", optional"), _says(about, about)]
        for field, about in schema.get("properties", {}).items()
    ]
    yield from table(["field", "type", "what it is"], rows)
    yield ""
    for example in schema.get("examples", []):
        yield "```json"
        yield json.dumps(example, ensure_ascii=False, indent=2)
        yield "```"
        yield ""


def type_of(schema: _Schema) -> str:
    """A type in words, shapes as links: "integer or null", "list of [PlaceBody](#placebody)"."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SHAPES)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(type_of, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}"
    return str(schema.get("type", "any JSON"))


def _says(about: _Schema, schema: _Schema) -> str:
    """The description of a value, its limits and its default."""
    limits = [said.format(schema[name]) for name, said in _LIMITS.items() if name in schema]
    default = schema.get("default")
    limits += [] if default in (None, "", []) else [f"default `{json.dumps(default)}`"]
    return " ".join([about.get("description", ""), f"({', '.join(limits)})" if limits else ""]).strip()
