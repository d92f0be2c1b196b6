from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from rag.render import shapes
from rag.render.examples import responses
from web.api import request_examples, schemas

WITHOUT_BODY = {
    ("delete", "/api/v1/conversations/{id}"),
    ("put", "/api/v1/conversations/{id}/group"),
    ("delete", "/api/v1/documents/{id}"),
    ("delete", "/api/v1/people/{name}"),
    ("post", "/api/v1/feedback"),
    ("delete", "/api/v1/unanswered"),
    ("post", "/api/v1/unanswered/dismiss"),
}
PROBLEM = ("application/problem+json", "ProblemBody")
OPENAI_ERROR = ("application/json", "OpenAiError")


@pytest.fixture
def document(scripted_client: TestClient) -> dict:
    return scripted_client.get("/openapi.json").json()


def operations(document: dict) -> Iterator[tuple[str, str, dict]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def has_example(document: dict, content: dict) -> bool:
    for media in content.values():
        schema = media.get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "example" not in media and "examples" not in schema:
            return False
    return bool(content)


def test_every_route_of_the_api_is_described(document: dict) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == {
        ("post", "/api/v1/ask"),
        ("get", "/api/v1/search"),
        ("get", "/api/v1/suggestions"),
        ("get", "/api/v1/unanswered"),
        ("get", "/api/v1/audit"),
        ("get", "/api/v1/audit/check"),
        ("get", "/api/v1/audit/export"),
        ("delete", "/api/v1/unanswered"),
        ("get", "/api/v1/unanswered/export"),
        ("get", "/api/v1/unanswered/words"),
        ("post", "/api/v1/unanswered/ask"),
        ("post", "/api/v1/unanswered/dismiss"),
        ("post", "/api/v1/verify"),
        ("post", "/api/v1/feedback"),
        ("get", "/api/v1/me"),
        ("get", "/api/v1/people"),
        ("post", "/api/v1/people"),
        ("get", "/api/v1/people/{name}"),
        ("patch", "/api/v1/people/{name}"),
        ("delete", "/api/v1/people/{name}"),
        ("post", "/api/v1/people/{name}/invitation"),
        ("get", "/api/v1/conversations"),
        ("put", "/api/v1/conversations/{id}/group"),
        ("get", "/api/v1/conversations/{id}"),
        ("patch", "/api/v1/conversations/{id}"),
        ("delete", "/api/v1/conversations/{id}"),
        ("get", "/api/v1/conversations/{id}/export"),
        ("get", "/api/v1/documents"),
        ("get", "/api/v1/documents/{id}"),
        ("get", "/api/v1/documents/{id}/access"),
        ("put", "/api/v1/documents/{id}/access"),
        ("get", "/api/v1/documents/{id}/original"),
        ("get", "/api/v1/documents/{id}/text"),
        ("get", "/api/v1/documents/{id}/versions"),
        ("put", "/api/v1/documents/{id}"),
        ("post", "/api/v1/documents/{id}/read"),
        ("delete", "/api/v1/documents/{id}"),
        ("get", "/api/v1/files/failed"),
        ("get", "/api/v1/sources"),
        ("put", "/api/v1/files/{name}"),
        ("post", "/api/v1/widget/tokens"),
        ("get", "/v1/models"),
        ("get", "/v1/models/{model}"),
        ("post", "/v1/chat/completions"),
        ("post", "/v1/responses"),
        ("get", "/healthz"),
        ("get", "/livez"),
        ("get", "/readyz"),
    }


def test_each_request_and_response_has_an_example(document: dict) -> None:
    for method, path, operation in operations(document):
        if "requestBody" in operation:
            assert has_example(document, operation["requestBody"]["content"]), (method, path)
        for status, response in operation["responses"].items():
            if (method, path) in WITHOUT_BODY and status == "204":
                assert "content" not in response
            else:
                assert has_example(document, response["content"]), (method, path, status)


def test_every_error_is_a_problem(document: dict) -> None:
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                media_type, shape = OPENAI_ERROR if path.startswith("/v1/") else PROBLEM
                assert list(response["content"]) == [media_type], (method, path, status)
                assert response["content"][media_type]["schema"] == {"$ref": f"#/components/schemas/{shape}"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_unit_of_offsets_is_said_wherever_they_stand(document: dict) -> None:
    offsets = [
        (schema["properties"]["start"]["description"], schema["properties"]["end"]["description"])
        for schema in document["components"]["schemas"].values()
        if "start" in schema.get("properties", {})
    ]
    assert len(offsets) == 8
    assert all("code points" in start and "end exclusive" in end for start, end in offsets)
    assert "end exclusive" in document["info"]["description"]


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (schemas.AskRequest, request_examples.ASK),
        (schemas.VerifyRequest, request_examples.VERIFY),
        (schemas.FeedbackRequest, request_examples.FEEDBACK),
        (schemas.RenameRequest, request_examples.RENAME),
        (schemas.DocumentAccessRequest, request_examples.DOCUMENT_ACCESS),
        (schemas.ProblemBody, request_examples.PROBLEM),
        *((getattr(shapes, name), body) for name, bodies in responses().items() for body in bodies),
    ],
)
def test_an_example_is_valid(model: type[BaseModel], example: dict) -> None:
    model.model_validate(example)


def test_there_is_an_example_of_each_way_that_a_question_ends(document: dict) -> None:
    found = document["components"]["schemas"]["AnswerBody"]["examples"]
    assert [(example["status"], example["reason"]) for example in found] == [
        ("answered", None),
        ("possible", None),
        ("no_answer", "not_found"),
    ]


def test_every_field_of_a_response_is_always_there(document: dict) -> None:
    schema = document["components"]["schemas"]["CitationBody"]
    assert schema["required"] == list(schema["properties"])


def test_the_example_of_an_answer_keeps_the_promise(document: dict) -> None:
    (answered, *_) = document["components"]["schemas"]["AnswerBody"]["examples"]
    sentence = answered["answer"]["sentences"][0]["text"]
    highlight = answered["answer"]["highlight"]
    citation = answered["citations"][0]
    assert citation["quote"] == sentence
    assert citation["end"] - citation["start"] == len(sentence)
    assert sentence[highlight["start"] : highlight["end"]] == "four weeks"
