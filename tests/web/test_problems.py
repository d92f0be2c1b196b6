import logging
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag import errors
from rag.errors import RagError, StorageBusy, StorageDamaged, StorageFull, StorageUnreachable
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from web.problems import OUTCOMES, problem_of
from web.settings import WebSettings

QUESTION = {"question": "How big is the mirror?"}
PROBLEM = "application/problem+json"


def all_errors(root: type[RagError] = RagError) -> list[type[RagError]]:
    return [root, *(found for child in root.__subclasses__() for found in all_errors(child) if _is_public(found))]


def _is_public(error: type[RagError]) -> bool:
    return error.__module__ == errors.__name__


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: error.__name__)
def test_every_error_has_a_status(error: type[RagError]) -> None:
    assert 400 <= OUTCOMES[error].status < 600
    assert problem_of(error("why")).type.startswith("urn:citewell:problem:")


@pytest.mark.parametrize("error", [e for e in OUTCOMES if OUTCOMES[e].status >= 500], ids=lambda e: e.__name__)
def test_what_is_wrong_with_the_machine_stays_in_the_log(
    error: type[RagError], caplog: pytest.LogCaptureFixture
) -> None:
    problem = problem_of(error("/srv/secret/place is broken"))
    assert "/srv" not in problem.detail
    assert "/srv/secret/place is broken" in caplog.text


@pytest.mark.parametrize("error", [e for e in OUTCOMES if OUTCOMES[e].status < 500], ids=lambda e: e.__name__)
def test_what_is_wrong_with_a_request_is_said(error: type[RagError]) -> None:
    assert problem_of(error("It has 7 legs; expected 4.")).detail == "It has 7 legs; expected 4."


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (StorageBusy, 503, "5"),
        (StorageUnreachable, 503, "5"),
        (StorageFull, 507, None),
        (StorageDamaged, 503, None),
    ],
)
def test_an_error_of_the_library_becomes_its_problem(
    scripted_client: TestClient, scripted: ScriptedCitewell, error: type[RagError], status: int, retry: str | None
) -> None:
    scripted.questions.failure = error("details")
    response = scripted_client.post("/api/v1/ask", json=QUESTION)
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)
    assert response.headers.get("retry-after") == retry
    assert set(response.json()) == {"type", "title", "status", "detail", "instance"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/static/nothing.js", 404),
        ("GET", "/static/../app.py", 404),
        ("POST", "/api/v1/search", 405),
        ("DELETE", "/api/v1/ask", 405),
        ("OPTIONS", "/api/v1/ask", 405),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(
    scripted_client: TestClient, method: str, path: str, status: int
) -> None:
    response = scripted_client.request(method, path)
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)
    body = response.json()
    assert (body["type"], body["status"], body["instance"]) == ("about:blank", status, response.request.url.path)


def test_405_says_what_is_allowed(scripted_client: TestClient) -> None:
    assert scripted_client.get("/api/v1/ask").headers["allow"] == "POST"


def test_an_unexpected_error_tells_the_client_nothing_and_the_log_everything(
    scripted_client: TestClient, scripted: ScriptedCitewell, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.questions.failure = RuntimeError("the password is swordfish")
    with caplog.at_level(logging.ERROR):
        response = scripted_client.post("/api/v1/ask", json=QUESTION)
    assert (response.status_code, response.headers["content-type"]) == (500, PROBLEM)
    assert "swordfish" not in response.text
    assert "Traceback" not in response.text
    assert "the password is swordfish" in caplog.text


def test_what_was_sent_is_not_sent_back(scripted_client: TestClient) -> None:
    response = scripted_client.post("/api/v1/ask", json={"question": ["<script>alert(1)</script>"]})
    assert response.status_code == 422
    assert "script" not in response.text


def test_the_path_of_a_problem_has_no_query(scripted_client: TestClient) -> None:
    response = scripted_client.get("/api/v1/search", params={"q": "private words", "k": 0})
    assert response.json()["instance"] == "/api/v1/search"


def test_a_person_gets_a_page(scripted_client: TestClient) -> None:
    response = scripted_client.get("/documents/none", headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "No document has the id" in response.text


def test_a_program_gets_json_even_when_it_takes_pages(scripted_client: TestClient) -> None:
    response = scripted_client.get("/api/v1/documents/none", headers={"Accept": "text/html"})
    assert response.headers["content-type"] == PROBLEM


def test_a_page_keeps_the_headers_of_its_problem(settings: WebSettings, scripted: ScriptedCitewell) -> None:
    with client_of(replace(settings, questions_per_minute=1), scripted) as client:
        client.get("/", params={"q": "Why?"})
        response = client.get("/", params={"q": "Why?"}, headers={"Accept": "text/html"})
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0
