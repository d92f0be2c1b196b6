"""What the client sends and reads is what the OpenAPI document of the service says, field by field."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from rag.client import clients, json_bodies
from rag.client import rest_calls as calls
from rag.client.rest_calls import RestCall
from rag.render.examples import ANSWER
from rag.render.shapes import AnswerBody, body_of
from rag.store.base import Reply
from web.app import create_app
from web.settings import WebSettings

OPENAPI = create_app(WebSettings()).openapi()
SCHEMAS = OPENAPI["components"]["schemas"]
EARLIER: json_bodies.EarlierJson = {"question": "What is a loan?", "quotes": ["A loan lasts four weeks."], "topics": []}
CITATION = body_of(AnswerBody, Reply(ANSWER))["citations"][0]
# A request of each kind, with all that it can carry.
CALLS: dict[str, RestCall[Any]] = {
    "ask": calls.ask("Why?", conversation_id="A" * 22, keep=True, history=[EARLIER], max_sentences=1),
    "search": calls.search("why", limit=3),
    "verify": calls.verify(CITATION),
    "feedback": calls.feedback("a", "relevant", citation_number=1, comment="Yes."),
    "me": calls.me(),
    "documents": calls.documents(),
    "document": calls.document("rules"),
    "document_text": calls.document_text("rules", sha256="0" * 64),
    "put_document": calls.put_document("rules", b"x", media_type="text/plain", title="Rules"),
    "delete_document": calls.delete_document("rules"),
}
SHAPES = {
    name: shape
    for name, shape in vars(json_bodies).items()
    if is_typeddict(shape) and shape.__module__ == json_bodies.__name__
}
JSON_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "null": type(None)}


def schema_of(shape: type) -> str:
    """The name of its schema stands at the beginning of its docstring."""
    return (shape.__doc__ or "").split(".")[0].split(":")[0]


def type_of(schema: dict[str, Any]) -> Any:
    """The type that a value of a JSON schema has here."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return next(shape for shape in SHAPES.values() if schema_of(shape) == name)
    if "anyOf" in schema:
        return Union[tuple(type_of(each) for each in schema["anyOf"])]  # noqa: UP007 - made of a list
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    if schema.get("type") == "array":
        return list[type_of(schema["items"])]  # type: ignore[misc] # as above
    if schema.get("type") == "object":
        return dict[str, type_of(schema["additionalProperties"])]  # type: ignore[misc] # as above
    return JSON_TYPES[schema["type"]]


def same(left: Any, right: Any) -> bool:
    """Whether two types are the same, whichever way a union is written."""
    if {get_origin(left), get_origin(right)} & {Union, types.UnionType}:
        parts = list(get_args(right))
        return len(get_args(left)) == len(parts) and all(any(same(l, r) for r in parts) for l in get_args(left))  # noqa: E741
    if get_origin(left) in (list, dict):
        return get_origin(left) is get_origin(right) and all(map(same, get_args(left), get_args(right)))
    return bool(left == right)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_shape_has_the_fields_and_types_of_its_schema(shape: type) -> None:
    schema = SCHEMAS[schema_of(shape)]
    hints = get_type_hints(shape)
    assert set(hints) == set(schema["properties"])
    wrong = {n: (hints[n], type_of(s)) for n, s in schema["properties"].items() if not same(hints[n], type_of(s))}
    assert wrong == {}


@pytest.mark.parametrize("name", CALLS)
def test_a_request_is_one_that_the_service_takes(name: str) -> None:
    call = CALLS[name]
    operation = OPENAPI["paths"][call.path][call.method.lower()]
    parameters = {(p["in"], p["name"]) for p in operation.get("parameters", [])}
    assert {("query", name) for name in call.query} | {("path", name) for name in call.places} <= parameters
    assert {("path", name) for name in call.places} == {p for p in parameters if p[0] == "path"}
    if call.json is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert set(call.json) <= set(SCHEMAS[schema]["properties"])
        assert set(SCHEMAS[schema].get("required", [])) <= set(call.json)
    if call.data is not None:
        assert call.media_type in operation["requestBody"]["content"]


@pytest.mark.parametrize("name", CALLS)
def test_what_comes_back_is_what_the_service_says(name: str) -> None:
    call = CALLS[name]
    (gives,) = get_args(get_type_hints(getattr(calls, name))["return"])
    responses = OPENAPI["paths"][call.path][call.method.lower()]["responses"]
    content = next(responses[status].get("content", {}) for status in responses if status.startswith("2"))
    if gives is str:
        assert list(content) == ["text/plain"]
    elif gives is type(None):
        assert content == {}
    else:
        assert type_of(content["application/json"]["schema"]) is gives


def test_both_clients_have_a_method_for_each_request() -> None:
    functions = {name: value for name, value in vars(calls).items() if isinstance(value, types.FunctionType)}
    made = {name for name, function in functions.items() if function.__module__ == calls.__name__}
    assert made == set(CALLS)
    for client in (clients.Client, clients.AsyncClient):
        assert made <= set(vars(client))
