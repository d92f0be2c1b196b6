from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from web import examples, schemas

WITHOUT_BODY = {
    ("delete", "/api/v1/conversations/{id}"),
    ("delete", "/api/v1/documents/{id}"),
    ("post", "/api/v1/feedback"),
    ("delete", "/api/v1/unanswered"),
    ("post", "/api/v1/unanswered/dismiss"),
}


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
        ("delete", "/api/v1/unanswered"),
        ("get", "/api/v1/unanswered/export"),
        ("post", "/api/v1/unanswered/ask"),
        ("post", "/api/v1/unanswered/dismiss"),
        ("post", "/api/v1/verify"),
        ("post", "/api/v1/feedback"),
        ("get", "/api/v1/conversations/{id}"),
        ("patch", "/api/v1/conversations/{id}"),
        ("delete", "/api/v1/conversations/{id}"),
        ("get", "/api/v1/conversations/{id}/export"),
        ("get", "/api/v1/documents"),
        ("get", "/api/v1/documents/{id}"),
        ("get", "/api/v1/documents/{id}/original"),
        ("get", "/api/v1/documents/{id}/text"),
        ("get", "/api/v1/documents/{id}/versions"),
        ("put", "/api/v1/documents/{id}"),
        ("post", "/api/v1/documents/{id}/read"),
        ("delete", "/api/v1/documents/{id}"),
        ("get", "/api/v1/files/failed"),
        ("put", "/api/v1/files/{name}"),
        ("post", "/api/v1/widget/tokens"),
        ("get", "/healthz"),
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
                assert list(response["content"]) == ["application/problem+json"], (method, path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_unit_of_offsets_is_said_wherever_they_stand(document: dict) -> None:
    offsets = [
        (schema["properties"]["start"]["description"], schema["properties"]["end"]["description"])
        for schema in document["components"]["schemas"].values()
        if "start" in schema.get("properties", {})
    ]
    assert len(offsets) == 6
    assert all("code points" in start and "end exclusive" in end for start, end in offsets)
    assert "end exclusive" in document["info"]["description"]


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (schemas.AskRequest, examples.ASK),
        (schemas.AnswerBody, examples.ANSWER),
        (schemas.PassageBody, examples.PASSAGE),
        (schemas.DocumentBody, examples.DOCUMENT),
        (schemas.IngestBody, examples.INGEST),
        (schemas.VerifyRequest, examples.VERIFY),
        (schemas.VerificationBody, examples.VERIFICATION),
        (schemas.FeedbackRequest, examples.FEEDBACK),
        (schemas.RenameRequest, examples.RENAME),
        (schemas.ConversationHeadBody, examples.CONVERSATION_HEAD),
        (schemas.ConversationBody, examples.CONVERSATION),
        (schemas.ConversationExportBody, examples.CONVERSATION_EXPORT),
        (schemas.HealthBody, examples.HEALTH),
        (schemas.ProblemBody, examples.PROBLEM),
    ],
)
def test_an_example_is_valid(model: type, example: dict) -> None:
    model.model_validate(example)


def test_the_example_of_an_answer_keeps_the_promise() -> None:
    sentence = examples.ANSWER["answer"]["sentences"][0]["text"]
    highlight = examples.ANSWER["answer"]["highlight"]
    citation = examples.ANSWER["citations"][0]
    assert citation["quote"] == sentence
    assert citation["end"] - citation["start"] == len(sentence)
    assert sentence[highlight["start"] : highlight["end"]] == "four weeks"
