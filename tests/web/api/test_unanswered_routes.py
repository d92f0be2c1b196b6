"""What was not answered, over REST: for the owner alone; asked again, dismissed, forgotten, exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rag.app import Citewell
from tests.support.restart import restart
from tests.support.servers import client_of, web_settings
from web.settings import WebSettings

KEY = "the key of the service"
BY_KEY = {"Authorization": f"Bearer {KEY}"}
KNOWN = "How many days of paid leave does every employee get?"
UNKNOWN = "Who paints the lighthouse?"
HOSTILE = '=HYPERLINK("//evil.example","<script>alert(1)</script>")'
LIST = "/api/v1/unanswered"


@pytest.fixture
def settings(tmp_path: Path) -> WebSettings:
    return WebSettings(data_dir=tmp_path / "data", reader=False, keep_questions_days=90, api_key=KEY)


@pytest.fixture
def owner(settings: WebSettings, citewell: Citewell) -> Iterator[TestClient]:
    """A client with the key."""
    with client_of(settings, citewell) as client:
        client.headers.update(BY_KEY)
        yield client


def ask(client: TestClient, *questions: str) -> list[dict]:
    return [client.post("/api/v1/ask", json={"question": question}).json() for question in questions]


def listed(client: TestClient) -> list[list[str]]:
    groups = client.get(LIST).json()["groups"]
    return [[question["question"] for question in group["questions"]] for group in groups]


def ids_of(client: TestClient) -> list[int]:
    return [question["id"] for group in client.get(LIST).json()["groups"] for question in group["questions"]]


def test_what_is_asked_over_rest_is_counted_and_what_fails_is_listed(owner: TestClient) -> None:
    ask(owner, KNOWN, UNKNOWN, UNKNOWN)
    body = owner.get(LIST, params={"days": 7}).json()
    assert (body["total"]["asked"], body["total"]["answered"], body["total"]["declined"]) == (3, 1, 2)
    assert len(body["per_day"]) == 7
    assert listed(owner) == [[UNKNOWN]]
    assert body["groups"][0]["count"] == 2


def test_a_vote_against_an_answer_lists_its_question_with_the_comment(owner: TestClient) -> None:
    (answer,) = ask(owner, KNOWN)
    vote = {"id": answer["id"], "relevance": "not_relevant", "comment": "It is 30 by now."}
    assert owner.post("/api/v1/feedback", json=vote).status_code == 204
    (group,) = owner.get(LIST).json()["groups"]
    assert (group["questions"][0]["down"], group["questions"][0]["comments"]) == (1, ["It is 30 by now."])


def test_asked_again_after_a_document_came_it_leaves_the_list(owner: TestClient) -> None:
    ask(owner, UNKNOWN)
    put = owner.put("/api/v1/files/lighthouse.txt", content=b"A painter from Westerholm paints the lighthouse.")
    assert put.status_code == 201
    (asked,) = owner.post(f"{LIST}/ask", json={"ids": ids_of(owner)}).json()["asked"]
    assert asked["answer"]["answer"]["sentences"][0]["text"] == "A painter from Westerholm paints the lighthouse."
    assert listed(owner) == []


def test_dismissed_and_forgotten_ones_are_gone(owner: TestClient) -> None:
    ask(owner, UNKNOWN, "Which trams stop at midnight?")
    assert owner.post(f"{LIST}/dismiss", json={"ids": ids_of(owner)[:1]}).status_code == 204
    assert len(listed(owner)) == 1
    assert owner.delete(LIST).status_code == 204
    assert listed(owner) == []
    assert owner.get(LIST).json()["total"]["asked"] == 2


def test_the_export_is_csv_without_formulas(owner: TestClient) -> None:
    (answer,) = ask(owner, HOSTILE)
    owner.post("/api/v1/feedback", json={"id": answer["id"], "relevance": "not_relevant", "comment": "=1+1"})
    response = owner.get(f"{LIST}/export")
    assert response.headers["content-type"] == "text/csv"
    assert response.headers["content-disposition"].startswith("attachment;")
    names, row = csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline=""))
    found = dict(zip(names, row, strict=True))
    assert found["question"] == f"'{HOSTILE}"
    assert found["comments"] == "'=1+1"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", LIST, None),
        ("GET", f"{LIST}/export", None),
        ("POST", f"{LIST}/ask", {"ids": [1]}),
        ("POST", f"{LIST}/dismiss", {"ids": [1]}),
        ("DELETE", LIST, None),
    ],
)
class TestOwnerOnly:
    def test_without_the_key_nothing(
        self, settings: WebSettings, citewell: Citewell, method: str, path: str, body: dict | None
    ) -> None:
        with client_of(settings, citewell) as client:
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                response = client.request(method, path, json=body, headers=headers)
                assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")

    def test_without_a_key_set_only_this_machine(
        self, settings: WebSettings, citewell: Citewell, method: str, path: str, body: dict | None
    ) -> None:
        open_to_all = replace(settings, api_key="")
        with client_of(open_to_all, citewell) as client:  # its address is no loopback one
            response = client.request(method, path, json=body)
            assert response.status_code == 403
            assert "CITEWELL_API_KEY" in response.json()["detail"]
        with client_of(open_to_all, citewell, client=("127.0.0.1", 5)) as client:
            assert client.request(method, path, json=body).status_code in (200, 204)
            for proxied in ({"X-Forwarded-For": "10.0.0.9"}, {"Forwarded": "for=10.0.0.9"}, {"Via": "1.1 proxy"}):
                assert client.request(method, path, json=body, headers=proxied).status_code == 403


@pytest.mark.parametrize("days", ["0", "367", "x"])
def test_a_period_out_of_bounds_is_422(owner: TestClient, days: str) -> None:
    assert owner.get(LIST, params={"days": days}).status_code == 422


@pytest.mark.parametrize("ids", [[], [0], [2**63], ["a"], list(range(1, 1002))])
def test_ids_that_are_none_are_422(owner: TestClient, ids: list) -> None:
    assert owner.post(f"{LIST}/dismiss", json={"ids": ids}).status_code == 422


def test_texts_are_not_kept_unless_the_setting_says_so(settings: WebSettings, citewell: Citewell) -> None:
    restart(citewell, keep_questions_days=0)
    with client_of(web_settings(citewell), citewell) as client:
        client.headers.update(BY_KEY)
        ask(client, UNKNOWN)
        body = client.get(LIST).json()
        assert (body["groups"], body["total"]["declined"]) == ([], 1)
        assert b"lighthouse" not in b"".join(path.read_bytes() for path in settings.data_dir.glob("*.sqlite*"))


def test_the_page_holds_no_data_and_asks_for_the_key(owner: TestClient) -> None:
    ask(owner, UNKNOWN)
    page = owner.get("/unanswered").text
    assert UNKNOWN not in page
    assert 'id="key" type="password"' in page


class TestMissingWords:
    def test_words_that_no_document_has_are_listed_for_the_owner(self, owner: TestClient) -> None:
        ask(owner, UNKNOWN, UNKNOWN, "Which trams stop?")
        body = owner.get(f"{LIST}/words", params={"days": 7}).json()
        assert body["days"] == 7
        assert [(word["word"], word["asked"], word["questions"]) for word in body["words"]] == [
            ("lighthouse", 2, [UNKNOWN]),
            ("paints", 2, [UNKNOWN]),
            ("stop", 1, ["Which trams stop?"]),
            ("trams", 1, ["Which trams stop?"]),
        ]
        assert all(len(word["nearest"]) == 3 for word in body["words"])

    def test_what_the_glossary_has_is_not_listed(self, owner: TestClient, settings: WebSettings) -> None:
        ask(owner, UNKNOWN)
        (settings.data_dir / "glossary.csv").write_text("harbour,lighthouse", encoding="utf-8")
        assert [word["word"] for word in owner.get(f"{LIST}/words").json()["words"]] == ["paints"]

    def test_nobody_else_may_see_them(self, owner: TestClient) -> None:
        del owner.headers["Authorization"]
        assert owner.get(f"{LIST}/words").status_code == 401
