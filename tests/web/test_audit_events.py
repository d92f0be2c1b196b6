"""Every kind of event, brought about through the whole application, and what is put down of it.

A kind of event that is not in the table fails. What the log says about itself is tested with the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from rag.access.audit import AuditEntry, AuditFilter, AuditKind
from rag.access.identity import Role
from rag.app import Citewell, Scope, form_token
from tests.support.fakes import HashEmbedder
from tests.support.people import PASSWORD, quick_people, with_password
from tests.support.servers import client_of, web_settings
from web.settings import WebSettings
from web.signin.guessing import GuessLimits
from web.signin.refusals import Refusals

PROXY, DESK = "10.0.0.5", "192.0.2.9"
INTRANET = "https://intranet.example"
KEY = "the key of the service"
BY_KEY = {"Authorization": f"Bearer {KEY}"}
WRONG_KEY = {"Authorization": "Bearer cwk_" + "x" * 43}
OLD_TOKEN = {"Authorization": "Bearer v1.e30.x", "Origin": INTRANET}
QUESTION = {"question": "How long does a loan last?"}
RULES = "/api/v1/documents/rules"
# What the log says about itself, or what only a command does.
OF_THE_LOG = {
    AuditKind.RESTORED,
    AuditKind.FILES_REMOVED,
    AuditKind.TORN,
    AuditKind.CUT,
    AuditKind.GAP,
    AuditKind.POLICY_CHANGED,
}


class Desk:
    """Somebody at a browser, a program and a proxy, all at once."""

    def __init__(self, citewell: Citewell, stack: ExitStack) -> None:
        self.citewell = citewell
        self.people = citewell.people
        self.settings = web_settings(citewell)
        self.client, self.proxy = (
            stack.enter_context(client_of(self.settings, citewell, client=(address, 1), follow_redirects=False))
            for address in ("127.0.0.1", PROXY)
        )

    def lines(self, after: int = 0) -> list[AuditEntry]:
        return list(self.citewell.audit.entries(AuditFilter(after=after)))

    def signed_in(self, name: str = "ida") -> dict[str, str]:
        """What the browser of somebody sends who has signed in, without a line about it."""
        secret = self.people.sessions.start(name, "local")
        return {"Cookie": f"citewell-session={secret}", "X-Citewell-Form": form_token(secret)}

    def sign_in(self, password: str = PASSWORD) -> Any:
        return self.client.post("/sign-in", data={"name": "ida", "password": password})

    def key_of(self, *scopes: Scope) -> dict[str, str]:
        key = self.people.keys.add("ida", f"key {len(self.lines())}", scopes, days=1)
        return {"Authorization": f"Bearer {key.text}"}

    def put(self, text: str, headers: dict[str, str] = BY_KEY) -> Any:
        return self.client.put(RULES, content=text.encode(), headers={"Content-Type": "text/plain"} | headers)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = WebSettings(
        data_dir=tmp_path_factory.mktemp("events"),
        reader=False,
        sign_in=("local", "proxy"),
        proxy_addresses=(PROXY,),
        api_key=KEY,
        widget_key="a key that is longer than 32 letters",
        allowed_origins=(INTRANET,),
        questions_per_minute=100_000,
        audit_questions="full",
    )
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell, ExitStack() as stack:
        citewell.people = quick_people(citewell._store.people, put_down=citewell.audit.write)
        desk = Desk(citewell, stack)
        desk.put("A loan lasts four weeks.")
        with_password(citewell.people, "ida", Role.OWNER, Role.AUDITOR, groups=["hr"])
        for name in ("otto", "zoe", "eve"):
            with_password(citewell.people, name)
        yield desk


@dataclass(frozen=True)
class Event:
    """What is done, and the one line that it leaves."""

    kind: AuditKind
    do: Callable[[Desk], Any]
    who: str = "ida"
    how: str = "local"
    whom: str = ""
    facts: dict[str, Any] = field(default_factory=dict)  # of those in the line


def _shown(desk: Desk, name: str, address: str, **options: Any) -> None:
    response = desk.client.get(address, headers=desk.signed_in(name), **options)
    assert response.status_code == 200, response.text


def _changed(desk: Desk, address: str, **form: str) -> None:
    response = desk.client.post(address, data=form, headers=desk.signed_in())
    assert response.status_code in (200, 303), response.text


def _write_rules(desk: Desk) -> None:
    (desk.settings.data_dir / "access.toml").write_text('[[rule]]\nsource = "**"\ngroups = ["hr"]\n')
    desk.client.get("/api/v1/documents", headers=desk.signed_in("otto"))


EVENTS = {
    "a password": Event(AuditKind.SIGNED_IN, Desk.sign_in, facts={"groups": ["hr"], "roles": ["auditor", "owner"]}),
    "the proxy": Event(
        AuditKind.SIGNED_IN,
        lambda desk: [desk.proxy.get("/", headers={"Remote-User": "rita"}) for _ in range(3)],
        who="rita",
        how="proxy",
    ),
    "a wrong password": Event(
        AuditKind.SIGN_IN_FAILED, lambda desk: desk.sign_in("a wrong password"), "", "", facts={"reason": "password"}
    ),
    "a wrong old password": Event(
        AuditKind.SIGN_IN_FAILED,
        lambda desk: desk.client.post(
            "/account/password", data={"old": "no", "password": PASSWORD, "again": PASSWORD}, headers=desk.signed_in()
        ),
        "",
        "",
        facts={"reason": "password"},
    ),
    "an invitation that is none": Event(
        AuditKind.SIGN_IN_FAILED, lambda desk: desk.client.get("/invitation/x"), "", "", facts={"reason": "invitation"}
    ),
    "a proxy that is none": Event(
        AuditKind.SIGN_IN_FAILED,
        lambda desk: desk.client.get("/", headers={"Remote-User": "ida"}),
        "",
        "",
        facts={"reason": "proxy"},
    ),
    "signing out": Event(
        AuditKind.SIGNED_OUT,
        lambda desk: _changed(desk, "/sign-out", everywhere="1"),
        facts={"reason": "everywhere"},
    ),
    "a wrong key": Event(
        AuditKind.KEY_FAILED,
        lambda desk: desk.client.get("/api/v1/documents", headers=WRONG_KEY),
        "",
        "",
        facts={"reason": "refused"},
    ),
    "a widget token that is over": Event(
        AuditKind.KEY_FAILED,
        lambda desk: desk.client.post("/api/v1/ask", json=QUESTION, headers=OLD_TOKEN),
        "",
        "",
        facts={"reason": "widget_token"},
    ),
    "a frame with such a token": Event(
        AuditKind.KEY_FAILED,
        lambda desk: desk.client.get("/widget", params={"token": "eyJ.e30.x"}),
        "",
        "",
        facts={"reason": "widget_token"},
    ),
    "a question": Event(
        AuditKind.ASKED, lambda desk: desk.client.post("/api/v1/ask", json=QUESTION, headers=desk.signed_in())
    ),
    "a question by key": Event(
        AuditKind.ASKED,
        lambda desk: desk.client.post("/api/v1/ask", json=QUESTION, headers=BY_KEY),
        who="",
        how="key",
    ),
    "a search": Event(AuditKind.SEARCHED, lambda desk: _shown(desk, "ida", "/api/v1/search", params={"q": "loan"})),
    "a text": Event(AuditKind.OPENED, lambda desk: _shown(desk, "ida", f"{RULES}/text"), facts={"what": "text"}),
    "an original": Event(
        AuditKind.OPENED, lambda desk: _shown(desk, "ida", f"{RULES}/original"), facts={"what": "original"}
    ),
    "a page of a document": Event(
        AuditKind.OPENED, lambda desk: _shown(desk, "ida", "/documents/rules"), facts={"what": "page"}
    ),
    "a new document": Event(
        AuditKind.DOCUMENT_ADDED,
        lambda desk: desk.client.put(
            "/api/v1/files/fees.txt", content=b"A fine is paid at the desk.", headers=desk.signed_in()
        ),
    ),
    "another text": Event(
        AuditKind.DOCUMENT_CHANGED,
        lambda desk: desk.put("A loan lasts five weeks.", desk.signed_in()),
        facts={"document": "rules"},
    ),
    "groups of a document": Event(
        AuditKind.RULES_CHANGED,
        lambda desk: desk.client.put(f"{RULES}/access", json={"groups": ["hr"]}, headers=desk.signed_in()),
        facts={"document": "rules", "groups": ["hr"]},
    ),
    "the file of rules": Event(AuditKind.RULES_CHANGED, _write_rules, "", "", facts={"before": "", "rules": 1}),
    "a removed document": Event(
        AuditKind.DOCUMENT_REMOVED,
        lambda desk: desk.client.delete(RULES, headers=desk.signed_in()),
        facts={"document": "rules"},
    ),
    "somebody new": Event(
        AuditKind.PERSON_ADDED, lambda desk: desk.people.accounts.add("pia"), "", "", "pia", {"how": "local"}
    ),
    "other groups": Event(
        AuditKind.PERSON_CHANGED,
        lambda desk: _changed(desk, "/people/otto", do="save", groups="it", role="reader"),
        whom="otto",
        facts={"groups": ["it"], "groups_before": []},
    ),
    "suspended": Event(
        AuditKind.PERSON_CHANGED,
        lambda desk: _changed(desk, "/people/zoe", do="suspend"),
        whom="zoe",
        facts={"change": "suspended"},
    ),
    "another role": Event(
        AuditKind.ROLES_CHANGED,
        lambda desk: _changed(desk, "/people/otto", do="save", groups="it", role="owner"),
        whom="otto",
        facts={"roles": ["owner"], "roles_before": ["reader"]},
    ),
    "removed": Event(AuditKind.PERSON_REMOVED, lambda desk: _changed(desk, "/people/zoe", do="remove"), whom="zoe"),
    "a key": Event(
        AuditKind.TOKEN_MADE,
        lambda desk: _changed(desk, "/account/keys", name="cron", scope="read"),
        whom="ida",
        facts={"scopes": ["read"]},
    ),
    "a key less": Event(
        AuditKind.TOKEN_REMOVED,
        lambda desk: _changed(desk, f"/account/keys/{desk.people.keys.of('ida')[0].id}/remove", yes="1"),
        whom="ida",
    ),
    "the log over REST": Event(
        AuditKind.LOG_READ,
        lambda desk: _shown(desk, "ida", "/api/v1/audit", params={"limit": 2, "person": "ida", "kind": "asked"}),
        whom="ida",
        facts={"what": "lines", "lines": 1, "of": "asked"},
    ),
    "the page of the log": Event(
        AuditKind.LOG_READ, lambda desk: _shown(desk, "ida", "/audit"), facts={"what": "page"}
    ),
    "the log as a file": Event(
        AuditKind.LOG_EXPORTED,
        lambda desk: _shown(desk, "ida", "/api/v1/audit/export", params={"format": "csv", "person": "nobody"}),
        facts={"format": "csv", "lines": 0},
    ),
    "a person given out": Event(
        AuditKind.PERSON_EXPORTED, lambda desk: desk.citewell.privacy.export("eve"), "", "", "eve"
    ),
}


@pytest.fixture
def fresh(desk: Desk) -> Desk:
    """Nobody has failed at anything yet."""
    for client in (desk.client, desk.proxy):
        client.cookies.clear()
        state = client.app.state  # type: ignore[attr-defined] # it is a FastAPI
        state.guesses, state.refusals = GuessLimits(), Refusals()
    return desk


@pytest.mark.parametrize("name", EVENTS)
def test_it_leaves_this_line(fresh: Desk, name: str) -> None:
    event = EVENTS[name]
    before = fresh.lines()[-1].number
    event.do(fresh)
    (line,) = [line for line in fresh.lines(before) if line.kind != AuditKind.PERSON_ADDED or line.whom == event.whom]
    assert (line.kind, line.person, line.method, line.whom) == (event.kind, event.who, event.how, event.whom)
    assert {fact: line.facts.get(fact) for fact in event.facts} == event.facts


def test_every_kind_of_event_is_here() -> None:
    erased = {AuditKind.PERSON_ERASED}  # below: it takes more than one line
    assert {event.kind for event in EVENTS.values()} | erased | OF_THE_LOG == set(AuditKind)


def test_who_is_erased_is_nobody_in_the_line_about_it(fresh: Desk) -> None:
    before = fresh.lines()[-1].number
    fresh.citewell.privacy.erase("eve")
    removed, erased = fresh.lines(before)
    assert (removed.kind, erased.kind) == (AuditKind.PERSON_REMOVED, AuditKind.PERSON_ERASED)
    assert removed.whom == erased.whom != "eve"


def test_the_proxy_is_put_down_again_when_a_session_would_be_over(fresh: Desk) -> None:
    def came() -> int:
        before = fresh.lines()[-1].number
        assert fresh.proxy.get("/", headers={"Remote-User": "vera"}).status_code == 200
        return sum(line.kind == AuditKind.SIGNED_IN for line in fresh.lines(before))

    assert [came(), came()] == [1, 0]
    found = fresh.people.accounts.get("vera")
    fresh.citewell._store.people.note_signed_in("vera", found.signed_in_at - 12 * 3_600)
    assert [came(), came()] == [1, 0]


@pytest.mark.parametrize(
    ("headers", "counted"),
    [(WRONG_KEY, ["refused"] * 30 + ["too_many"]), (OLD_TOKEN, ["widget_token"] * 30 + ["too_many"])],
    ids=["keys", "tokens"],
)
def test_who_guesses_does_not_fill_the_log(fresh: Desk, headers: dict[str, str], counted: list[str]) -> None:
    before = fresh.lines()[-1].number
    for _ in range(40):
        assert fresh.client.post("/api/v1/ask", json=QUESTION, headers=headers).status_code in (401, 429)
    assert [line.facts["reason"] for line in fresh.lines(before)] == counted


def test_the_log_is_whole_after_all_this(desk: Desk) -> None:
    assert desk.citewell.audit.check().is_sound
    raw = b"".join(path.read_bytes() for path in desk.citewell.audit.folder.glob("*.jsonl"))
    for secret in (PASSWORD, KEY, "x" * 43, QUESTION["question"], "192.0.2", "127.0.0.1"):
        assert secret.encode() not in raw
