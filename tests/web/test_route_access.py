"""Every route and every kind of person who may come: a table, and a route that is not in it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Route

from rag.access.identity import Role
from rag.app import Citewell, Scope, form_token
from rag.records import Access
from rag.render.examples import ANSWER
from rag.store.base import NewTurn, RetentionPolicy
from tests.support.fakes import HashEmbedder
from tests.support.people import PASSWORD, quick_people, with_password
from tests.support.servers import client_of, web_settings
from web.app import create_app
from web.settings import WebSettings
from web.signin.guessing import GuessLimits

ROLES = ("nobody", "other", "reader", "editor", "owner", "expired", "suspended", "foreign")
KNOWN = ("other", "reader", "editor", "owner")
TALK = "A" * 22
QUESTION = {"question": "How long does a loan last?"}
CONTENT = {"content": QUESTION["question"]}
QUOTE = {"document_id": "hr-rules", "sha256": "0" * 64, "start": 0, "end": 4, "quote": "Loan"}
RULES = '[[rule]]\nsource = "**"\ngroups = ["hr"]\n'


@dataclass(frozen=True)
class Row:
    """How a route is called, and what each of `KNOWN` gets; everybody else gets `stranger`."""

    statuses: tuple[int, int, int, int]
    json: Any = None
    form: Any = None
    body: bytes | None = None
    query: str = ""
    stranger: int = 401


ALL = (200, 200, 200, 200)
IN_GROUP = (404, 200, 200, 200)
EDITS = (403, 403, 200, 200)
OWNS = (403, 403, 403, 200)
AUDITS = (403, 403, 403, 403)  # an owner gives the role, which is put down; see below for who has it
MINE = (404, 200, 404, 404)  # of the reader
OPEN = Row(ALL, stranger=200)
IDS = {"ids": [1]}

TABLE: dict[tuple[str, str], Row] = {
    ("POST", "/api/v1/ask"): Row(ALL, json=QUESTION),
    ("GET", "/api/v1/search"): Row(ALL, query="q=loan"),
    ("GET", "/api/v1/suggestions"): Row(ALL),
    ("POST", "/api/v1/verify"): Row(ALL, json=QUOTE),
    ("POST", "/api/v1/feedback"): Row((204, 204, 204, 204), json={"id": "a", "relevance": "relevant"}),
    ("GET", "/api/v1/conversations"): Row(ALL),
    ("GET", "/api/v1/conversations/{id}"): Row(MINE),
    ("PATCH", "/api/v1/conversations/{id}"): Row(MINE, json={"title": "Loans"}),
    ("DELETE", "/api/v1/conversations/{id}"): Row((404, 204, 404, 404)),
    ("GET", "/api/v1/conversations/{id}/export"): Row(MINE),
    ("PUT", "/api/v1/conversations/{id}/group"): Row((404, 204, 404, 404), json={"group": ""}),
    ("GET", "/api/v1/documents"): Row(ALL),
    ("GET", "/api/v1/documents/{id}"): Row(IN_GROUP),
    ("GET", "/api/v1/documents/{id}/versions"): Row(IN_GROUP),
    ("GET", "/api/v1/documents/{id}/text"): Row(IN_GROUP),
    ("GET", "/api/v1/documents/{id}/original"): Row(IN_GROUP),
    ("PUT", "/api/v1/documents/{id}"): Row(EDITS, body=b"A loan lasts four weeks."),
    ("POST", "/api/v1/documents/{id}/read"): Row(EDITS),
    ("DELETE", "/api/v1/documents/{id}"): Row((403, 403, 204, 204)),
    ("GET", "/api/v1/documents/{id}/access"): Row(EDITS),
    ("PUT", "/api/v1/documents/{id}/access"): Row(EDITS, json={"groups": ["hr"]}),
    ("PUT", "/api/v1/files/{name}"): Row((403, 403, 201, 200), body=b"A fine is paid at the desk."),
    ("GET", "/api/v1/files/failed"): Row(ALL),
    ("GET", "/api/v1/sources"): Row(ALL),
    ("GET", "/api/v1/unanswered"): Row(OWNS),
    ("POST", "/api/v1/unanswered/ask"): Row(OWNS, json=IDS),
    ("POST", "/api/v1/unanswered/dismiss"): Row((403, 403, 403, 204), json=IDS),
    ("GET", "/api/v1/unanswered/export"): Row(OWNS),
    ("GET", "/api/v1/unanswered/words"): Row(OWNS),
    ("DELETE", "/api/v1/unanswered"): Row((403, 403, 403, 204)),
    ("POST", "/api/v1/widget/tokens"): Row(OWNS, json={}),
    ("GET", "/api/v1/audit"): Row(AUDITS),
    ("GET", "/api/v1/audit/check"): Row(AUDITS),
    ("GET", "/api/v1/audit/export"): Row(AUDITS),
    ("GET", "/audit"): Row(AUDITS),
    ("GET", "/api/v1/me"): Row(ALL),
    ("GET", "/v1/models"): Row(ALL),
    ("GET", "/v1/models/{model}"): Row(ALL),
    ("POST", "/v1/chat/completions"): Row(ALL, json={"model": "citewell", "messages": [{"role": "user", **CONTENT}]}),
    ("POST", "/v1/responses"): Row(ALL, json={"model": "citewell", "input": CONTENT["content"]}),
    ("POST", "/mcp"): Row(ALL, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
    ("GET", "/api/v1/people"): Row(OWNS),
    ("POST", "/api/v1/people"): Row((403, 403, 403, 201), json={"name": "leo"}),
    ("GET", "/api/v1/people/{name}"): Row(OWNS),
    ("PATCH", "/api/v1/people/{name}"): Row(OWNS, json={"groups": ["it"]}),
    ("POST", "/api/v1/people/{name}/invitation"): Row((403, 403, 403, 201), json={}),
    ("DELETE", "/api/v1/people/{name}"): Row((403, 403, 403, 204)),
    ("GET", "/healthz"): OPEN,
    ("GET", "/livez"): OPEN,
    ("GET", "/metrics"): Row(OWNS),
    ("GET", "/readyz"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/static/{name:path}"): OPEN,
    ("GET", "/widget.js"): OPEN,
    ("GET", "/"): Row(ALL),
    ("GET", "/c/{id}"): Row(MINE),
    ("GET", "/documents"): Row(ALL),
    ("GET", "/documents/{id}"): Row(IN_GROUP),
    ("GET", "/documents/{id}/pages/{number}.png"): Row((404, 404, 404, 404)),  # it is no PDF
    ("GET", "/unanswered"): Row(OWNS),
    ("GET", "/widget"): Row((401, 401, 401, 401)),  # without a token of the widget
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): Row((401, 401, 401, 401), form={"name": "reader", "password": "a wrong password"}),
    ("GET", "/sign-in/oidc"): Row((404, 404, 404, 404), stranger=404),  # nobody signs in that way here
    ("GET", "/sign-in/oidc/callback"): Row((404, 404, 404, 404), stranger=404),
    ("POST", "/sign-out"): Row((303, 303, 303, 303), form={"yes": "1"}),
    ("GET", "/invitation/{secret}"): Row((404, 404, 404, 404), stranger=404),
    ("POST", "/invitation/{secret}"): Row(
        (422, 422, 422, 422), form={"password": PASSWORD, "again": PASSWORD}, stranger=422
    ),
    ("GET", "/account"): Row(ALL),
    ("POST", "/account/keys"): Row(ALL, form={"name": "cron", "scope": "read"}),
    ("POST", "/account/keys/{key_id}/remove"): Row((404, 404, 404, 404), form={"yes": "1"}),
    ("POST", "/account/talks/{talk_id}"): Row((404, 303, 404, 404), form={"group": ""}),
    ("POST", "/account/password"): Row(
        (422, 422, 422, 422), form={"old": "wrong", "password": PASSWORD, "again": PASSWORD}
    ),
    ("GET", "/people"): Row(OWNS),
    ("GET", "/access"): Row(OWNS, query="person=reader"),
    ("POST", "/people"): Row(OWNS, form={"name": "zoe", "role": "reader"}),
    ("POST", "/people/{name}"): Row(OWNS, form={"do": "invite"}),
}
PLACES = {
    "/api/v1/people/{name}": "mia",
    "/api/v1/conversations/{id}": TALK,
    "/c/{id}": TALK,
    "{id}": "hr-rules",
    "{name:path}": "pages/page.css",
    "{name}": "other",
    "{number}": "1",
    "{model}": "citewell",
    "{key_id}": "0123456789ab",
    "{secret}": "x" * 43,
    "{talk_id}": TALK,
}
# Nobody is signed in yet at these two; who comes to them from another site is refused before.
FIRST = ("/sign-in", "/invitation/{secret}")
UNSAFE = [(method, path) for method, path in TABLE if method != "GET" and path not in FIRST]


@pytest.fixture(scope="module")
def citewell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    folder = tmp_path_factory.mktemp("access")
    (folder / "access.toml").write_text(RULES)
    settings = WebSettings(data_dir=folder, reader=False, sign_in=("local",), questions_per_minute=100_000)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.people = quick_people(citewell._store.people)
        for name, role, group in (
            ("other", Role.READER, "it"),
            ("reader", Role.READER, "hr"),
            ("editor", Role.EDITOR, "hr"),
            ("owner", Role.OWNER, "hr"),
            ("suspended", Role.READER, "hr"),
            ("expired", Role.READER, "hr"),
        ):
            edits = ["hr"] if role is Role.EDITOR else []
            with_password(citewell.people, name, role, groups=[group], edits=edits)
        yield citewell


@pytest.fixture(scope="module")
def client(citewell: Citewell) -> Iterator[TestClient]:
    with client_of(web_settings(citewell), citewell, follow_redirects=False) as client:
        yield client


def arrange(citewell: Citewell) -> None:
    """What the rows are about is there, whatever the rows before have done to it."""
    citewell.documents.put("hr-rules", b"# Loans\n\nA loan lasts four weeks.", media_type="text/markdown")
    if "mia" not in {person.name for person in citewell.people.accounts.all()}:
        citewell.people.accounts.add("mia")
    policy = RetentionPolicy(30, datetime.now(UTC))
    kept = citewell._store.conversations_of(Access("reader", frozenset({"hr"})))
    if kept.find(TALK, policy) is None:
        kept.add(NewTurn(None, "", replace(ANSWER, passages=()), TALK, "Loans", 0), policy, at_most=9, started=False)


def address(path: str, query: str) -> str:
    for template, value in PLACES.items():
        path = path.replace(template, re.sub(r"\{\w+\}", value, template) if "/" in template else value)
    return f"{path}?{query}" if query else path


def call(client: TestClient, citewell: Citewell, role: str, method: str, path: str, *, signed: bool = True) -> int:
    """The status that somebody gets, with everything that a page of the service sends along."""
    arrange(citewell)
    client.cookies.clear()
    client.app.state.guesses = GuessLimits()  # type: ignore[attr-defined] # what the rows before have failed at
    row, headers, sessions = TABLE[method, path], {}, citewell.people.sessions
    if role == "foreign":
        headers["Authorization"] = "Bearer cwk_" + "x" * 43
    elif role != "nobody":
        secret = sessions.start(role, "local")
        if role == "expired":
            sessions.end(secret)
        if role == "suspended":
            citewell.people.accounts.suspend(role)
        client.cookies.set("citewell-session", secret)
        if signed:
            headers["X-Citewell-Form"] = form_token(secret)
    if row.body is not None:
        headers["Content-Type"] = "text/plain"
    place = address(path, row.query) + (".md" if path == "/api/v1/files/{name}" else "")
    response = client.request(method, place, json=row.json, data=row.form, content=row.body, headers=headers)
    return response.status_code


@pytest.mark.parametrize(("method", "path"), TABLE, ids=[" ".join(key) for key in TABLE])
def test_who_gets_what(client: TestClient, citewell: Citewell, method: str, path: str) -> None:
    row = TABLE[method, path]
    expected = dict.fromkeys(ROLES, row.stranger) | dict(zip(KNOWN, row.statuses, strict=True))
    assert {role: call(client, citewell, role, method, path) for role in ROLES} == expected


@pytest.mark.parametrize(("method", "path"), UNSAFE, ids=[" ".join(key) for key in UNSAFE])
def test_what_another_site_makes_a_browser_send_changes_nothing(
    client: TestClient, citewell: Citewell, method: str, path: str
) -> None:
    """The cookie alone is not enough, whatever else is right."""
    assert call(client, citewell, "owner", method, path, signed=False) == 403


def test_the_table_has_every_route(tmp_path: Path) -> None:
    found = {
        (method, route.path)
        for route in create_app(WebSettings(data_dir=tmp_path)).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found == set(TABLE)


@pytest.mark.parametrize("role", ["nobody", "expired", "suspended", "foreign"])
def test_a_stream_of_events_begins_for_nobody_who_is_not_known(
    client: TestClient, citewell: Citewell, role: str
) -> None:
    assert call(client, citewell, role, "POST", "/api/v1/ask") == 401


def test_a_mere_auditor_reads_no_documents(client: TestClient, citewell: Citewell, tmp_path: Path) -> None:
    if "auditor" not in {person.name for person in citewell.people.accounts.all()}:
        with_password(citewell.people, "auditor", Role.AUDITOR, groups=["hr"])
    key = citewell.people.keys.add("auditor", str(tmp_path), [Scope.AUDIT], days=1)
    answer = client.get("/api/v1/documents", headers={"Authorization": f"Bearer {key.text}"})
    assert answer.status_code == 403
    assert client.get("/api/v1/audit", headers={"Authorization": f"Bearer {key.text}"}).status_code == 200
