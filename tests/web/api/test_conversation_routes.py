"""Conversations over REST: kept, opened, renamed, deleted, exported; streams that are stopped, lost and found again."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import apsw
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from markdown_it import MarkdownIt

from rag.app import Citewell
from rag.errors import StorageDamaged
from rag.records import Answer, BlockKind
from tests.support.access import EVERYTHING
from tests.support.conversations import shown_in
from tests.support.processes import wait_for
from tests.support.scripted import ScriptedCitewell, ScriptedQuestions, make_document
from tests.support.servers import (
    EVENTS,
    SlowCitewell,
    ask_until,
    client_of,
    read_events,
    read_until,
    serving,
    without_timings,
)
from web.settings import WebSettings

MIRROR = "How big is the mirror?"
DOME = "When is the dome open to visitors?"
REQUEST = "0b9f7c52-5d2e-4c1b-9a57-3f8f6c1d2e70"
QUOTE = "The main telescope has a mirror 76 centimetres across."


def ask(client: TestClient, question: str = MIRROR, **more: object) -> dict:
    response = client.post("/api/v1/ask", json={"question": question, **more})
    assert response.status_code == 200, response.text
    return response.json()


def keep(client: TestClient, question: str = MIRROR, **more: object) -> dict:
    return ask(client, question, keep=True, **more)


def stream(client: TestClient, question: str = MIRROR, **more: object) -> list[tuple[str, Any]]:
    response = client.post("/api/v1/ask", json={"question": question, **more}, headers=EVENTS)
    assert response.status_code == 200, response.text
    return read_events(response.text)


def address_of(body: dict) -> str:
    return f"/api/v1/conversations/{body['conversation_id']}"


def problem(response: Response) -> tuple[int, str, str]:
    return response.status_code, response.headers["content-type"], response.json()["type"]


NOT_FOUND = (404, "application/problem+json", "urn:citewell:problem:conversation-not-found")


class TestAsking:
    def test_keep_starts_a_conversation_and_goes_on_with_it(self, scripted_client: TestClient) -> None:
        first = keep(scripted_client)
        second = keep(scripted_client, DOME, conversation_id=first["conversation_id"])
        assert re.fullmatch(r"[A-Za-z0-9_-]{22}", first["conversation_id"])
        assert (first["turn"], second["turn"]) == (1, 2)
        opened = scripted_client.get(address_of(first)).json()
        assert [turn["answer"] for turn in opened["turns"]] == [first, second]

    def test_without_it_an_answer_is_of_no_conversation(
        self, scripted_client: TestClient, scripted: ScriptedCitewell
    ) -> None:
        body = ask(scripted_client, request_id=REQUEST)
        assert (body["conversation_id"], body["turn"], scripted.kept.talks) == (None, None, {})

    def test_a_follow_up_is_understood_from_the_conversation(self, scripted_client: TestClient) -> None:
        first = keep(scripted_client, DOME)
        body = ask(scripted_client, "How wide is it?", conversation_id=first["conversation_id"])
        assert (body["question"], body["stand_alone_question"]) == ("How wide is it?", "How wide is the mirror?")
        assert (body["answer"]["text"], body["conversation_id"]) == (f"{QUOTE} [1]", None)

    def test_a_follow_up_is_understood_from_a_history(self, scripted_client: TestClient) -> None:
        history = [{"question": MIRROR, "quotes": [QUOTE], "topics": ["The hill observatory"]}]
        assert ask(scripted_client, "How wide is it?", history=history)["stand_alone_question"] is not None

    def test_a_corrected_question_is_taken_as_it_is(self, scripted_client: TestClient) -> None:
        first = keep(scripted_client, DOME)
        talk = first["conversation_id"]
        body = keep(scripted_client, "How wide is it?", conversation_id=talk, stand_alone=True)
        assert (body["stand_alone_question"], body["status"], body["turn"]) == (None, "no_answer", 2)

    @pytest.mark.parametrize("more", [{}, {"keep": True}, {"keep": True, "request_id": REQUEST}])
    @pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
    @pytest.mark.parametrize("talk", ["A" * 22, "", "\ud800", "é\0"])
    def test_an_unknown_conversation_is_404(self, client: TestClient, more: dict, accept: str, talk: str) -> None:
        body = json.dumps({"question": "Where is the harbour?", "conversation_id": talk, **more}).encode()
        headers = {"Accept": accept, "Content-Type": "application/json"}
        response = client.post("/api/v1/ask", content=body, headers=headers)
        assert response.status_code in ((404, 422) if talk == "\ud800" else (404,))
        assert response.headers["content-type"] == "application/problem+json"

    def test_a_conversation_and_a_history_are_422(self, scripted_client: TestClient) -> None:
        talk = keep(scripted_client)["conversation_id"]
        given = {"question": MIRROR, "conversation_id": talk, "history": [{"question": DOME}]}
        response = scripted_client.post("/api/v1/ask", json=given)
        assert (response.status_code, "a conversation has its own" in response.json()["detail"]) == (422, True)

    def test_a_full_conversation_is_422_and_says_what_to_do(
        self, scripted_client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.conversations.kept_conversations.MAX_TURNS", 1)
        talk = keep(scripted_client)["conversation_id"]
        given = {"question": DOME, "conversation_id": talk, "keep": True}
        for headers in ({}, EVENTS):
            response = scripted_client.post("/api/v1/ask", json=given, headers=headers)
            assert (response.status_code, "Start a new one." in response.json()["detail"]) == (422, True)

    def test_where_none_are_kept_the_answer_comes_without_one(self, settings: WebSettings) -> None:
        forgetful = ScriptedCitewell(replace(settings, keep_conversations_days=0))
        with client_of(forgetful.settings, forgetful) as client:
            body = keep(client)
            assert (body["status"], body["conversation_id"], body["turn"]) == ("answered", None, None)

    def test_each_question_is_noted_once(self, scripted_client: TestClient, scripted: ScriptedCitewell) -> None:
        ask(scripted_client)
        stream(scripted_client, DOME)
        keep(scripted_client, DOME, request_id=REQUEST)
        keep(scripted_client, DOME, request_id=REQUEST)
        scripted_client.get("/", params={"q": MIRROR})
        assert [answer.question for answer in scripted.insights.noted] == [MIRROR, DOME, DOME, MIRROR]


class TestStream:
    def test_a_kept_answer_comes_with_its_conversation_at_the_end(self, scripted_client: TestClient) -> None:
        events = stream(scripted_client, keep=True)
        assert [name for name, _ in events] == ["passages", "citations", "sentence", "done"]
        done = events[-1][1]
        assert scripted_client.get(address_of(done)).json()["turns"][0]["answer"] == done

    def test_what_was_understood_comes_first(self, scripted_client: TestClient) -> None:
        talk = keep(scripted_client, DOME)["conversation_id"]
        events = stream(scripted_client, "How wide is it?", conversation_id=talk, keep=True, request_id="a")
        asked = {"question": "How wide is it?", "stand_alone_question": "How wide is the mirror?"}
        assert events[0] == ("question", asked)
        assert stream(scripted_client, "How wide is it?", conversation_id=talk, keep=True, request_id="a") == events

    def test_the_same_request_again_has_the_same_events(self, scripted_client: TestClient) -> None:
        runs = [stream(scripted_client, DOME, keep=True, request_id=REQUEST) for _ in range(2)]
        assert runs[0] == runs[1]
        assert keep(scripted_client, DOME, request_id=REQUEST) == runs[0][-1][1]

    def test_an_error_on_the_way_is_the_last_event(self, settings: WebSettings) -> None:
        failing = ScriptedCitewell(settings, questions=FailsWhileAnswering)
        with client_of(settings, failing) as client:
            events = stream(client, keep=True)
        assert [name for name, _ in events] == ["passages", "error"]
        assert (events[-1][1]["status"], failing.kept.talks) == (503, {})


class FailsWhileAnswering(ScriptedQuestions):
    def reply(self, *_: object) -> Answer:
        raise StorageDamaged("a page does not read back")


class TestConnections:
    """Over a real server, with clients that hang up."""

    @pytest.fixture
    def slow(self, settings: WebSettings) -> SlowCitewell:
        return SlowCitewell(replace(settings, max_concurrent_questions=1))

    def request(self, **more: object) -> bytes:
        body = json.dumps({"question": MIRROR, "keep": True, **more}).encode()
        return (
            b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    def done(self, port: int, request: bytes) -> dict:
        """The answer at the end of the stream, when there is a place for it again."""
        found: list[str] = []

        def asked() -> bool:
            with socket.create_connection(("127.0.0.1", port), timeout=200) as connection:
                connection.sendall(request)
                received = read_until(connection, b"\r\n0\r\n\r\n").decode()
            found.extend(re.findall(r"event: done\ndata: (.*)\n", received))
            return bool(found) or "429" not in received

        assert wait_for(asked)
        return json.loads(found[0])

    def test_a_question_that_is_stopped_leaves_no_turn_and_frees_its_place(self, slow: SlowCitewell) -> None:
        with serving(slow) as port:
            with socket.create_connection(("127.0.0.1", port), timeout=200) as connection:
                connection.sendall(self.request())
                read_until(connection, b"event: passages")
                assert slow.started.wait(200)
            slow.go_on.set()
            received = ask_until(port, self.request(question=DOME), b"200 OK")
            assert b"200 OK" in received
        assert [shown_in(t.turns[0])["question"] for t in slow.kept.talks.values()] in ([], [DOME])

    def test_a_connection_that_is_lost_is_found_again_with_the_same_answer_and_one_turn(
        self, slow: SlowCitewell
    ) -> None:
        request = self.request(request_id=REQUEST)
        with serving(slow) as port:
            with socket.create_connection(("127.0.0.1", port), timeout=200) as connection:
                connection.sendall(request)
                read_until(connection, b"event: passages")
                assert slow.started.wait(200)
            slow.go_on.set()
            bodies = [self.done(port, request) for _ in range(2)]
        assert bodies[0] == bodies[1]
        assert bodies[0]["answer"]["text"] == f"{QUOTE} [1]"
        assert [len(talk.turns) for talk in slow.kept.talks.values()] == [1]


def test_the_same_request_at_the_same_moment_makes_one_turn(client: TestClient) -> None:
    barrier, bodies = threading.Barrier(6), []

    def send(accept: str) -> None:
        given = {"question": "Where were ships sent in 1929?", "keep": True, "request_id": REQUEST}
        barrier.wait()
        response = client.post("/api/v1/ask", json=given, headers={"Accept": accept})
        assert response.status_code == 200
        bodies.append(read_events(response.text)[-1][1] if "event" in accept else response.json())

    threads = [threading.Thread(target=send, args=(a,)) for a in ("application/json", "text/event-stream") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bodies) == 6
    assert all(body == bodies[0] for body in bodies)
    assert len(client.get(address_of(bodies[0])).json()["turns"]) == 1


class TestOpening:
    def test_it_has_the_documented_shape(self, scripted_client: TestClient) -> None:
        body = keep(scripted_client)
        opened = scripted_client.get(address_of(body))
        assert opened.headers["cache-control"] == "no-store"
        found = opened.json()
        assert list(found) == ["id", "title", "created_at", "updated_at", "expires_at", "turns"]
        assert list(found["turns"][0]) == ["number", "asked_at", "answer", "relevance"]
        assert (found["id"], found["title"]) == (body["conversation_id"], MIRROR)

    def test_the_real_store_keeps_what_was_shown(self, client: TestClient) -> None:
        body = keep(client, "When was the harbour at Westerholm opened?")
        alone = ask(client, "When was the harbour at Westerholm opened?")
        kept = client.get(address_of(body)).json()["turns"][0]["answer"]
        assert kept == body
        assert without_timings(kept | {"conversation_id": None, "turn": None}) == without_timings(alone)

    def test_nobody_is_given_a_list(self, scripted_client: TestClient) -> None:
        keep(scripted_client)
        for path in ("/api/v1/conversations", "/api/v1/conversations/"):
            assert scripted_client.get(path).status_code == 404

    @pytest.mark.parametrize("talk", ["A" * 22, "x", "%00", "..%2fdocuments", "é", "' OR 1=1"])
    def test_an_unknown_one_is_404_whatever_is_done(self, client: TestClient, talk: str) -> None:
        path = f"/api/v1/conversations/{talk}"
        if talk != "..%2fdocuments":
            assert problem(client.get(path)) == NOT_FOUND
            assert problem(client.patch(path, json={"title": "x"})) == NOT_FOUND
            assert problem(client.delete(path)) == NOT_FOUND
            assert problem(client.get(f"{path}/export")) == NOT_FOUND
        else:
            assert client.get(path).status_code == 404

    def test_an_error_does_not_repeat_the_id(self, client: TestClient) -> None:
        assert "A" * 22 not in client.get(f"/api/v1/conversations/{'A' * 22}").json()["detail"]

    def test_one_whose_time_is_over_is_404_and_gone(self, client: TestClient, citewell: Citewell) -> None:
        body = keep(client, "Where is the harbour?")
        make_old(citewell)
        assert problem(client.get(address_of(body))) == NOT_FOUND
        assert count(citewell) == 0

    def test_the_start_of_the_server_deletes_those_whose_time_is_over(
        self, settings: WebSettings, citewell: Citewell
    ) -> None:
        citewell.conversations.ask("Where is the harbour?", keep=True, access=EVERYTHING)
        make_old(citewell)
        assert count(citewell) == 1
        with client_of(settings, citewell) as client:
            assert client.get("/healthz").status_code == 200
            assert count(citewell) == 0


def make_old(citewell: Citewell) -> None:
    with closing(apsw.Connection(str(citewell.settings.data_dir / "citewell.sqlite"))) as connection:
        connection.execute("UPDATE conversations SET updated_at = '2020-01-01T00:00:00+00:00'")


def count(citewell: Citewell) -> int:
    with closing(apsw.Connection(str(citewell.settings.data_dir / "citewell.sqlite"))) as connection:
        return connection.execute("SELECT count(*) FROM conversations").get


class TestRenaming:
    def test_it_gives_the_conversation_without_its_turns(self, scripted_client: TestClient) -> None:
        body = keep(scripted_client)
        renamed = scripted_client.patch(address_of(body), json={"title": " A\x07 mirror\u202e "})
        assert (renamed.status_code, renamed.json()["title"], "turns" in renamed.json()) == (200, "A mirror", False)
        assert scripted_client.get(address_of(body)).json()["title"] == "A mirror"

    @pytest.mark.parametrize(
        "given", [{"title": ""}, {"title": "\x00"}, {"title": "x" * 201}, {"title": "x" * 1_001}, {"title": 7}, {}, []]
    )
    def test_a_title_that_will_not_do_is_422(self, scripted_client: TestClient, given: object) -> None:
        body = keep(scripted_client)
        assert scripted_client.patch(address_of(body), json=given).status_code == 422
        assert scripted_client.get(address_of(body)).json()["title"] == MIRROR

    def test_half_a_character_is_no_error(self, client: TestClient) -> None:
        body = keep(client, "Where is the harbour?")
        headers = {"Content-Type": "application/json"}
        response = client.patch(address_of(body), content=b'{"title": "a \\ud800"}', headers=headers)
        assert response.status_code in (200, 422)
        assert client.get(address_of(body)).status_code == 200

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
    def test_what_is_not_json_is_415(self, scripted_client: TestClient, kind: str) -> None:
        response = scripted_client.patch(
            "/api/v1/conversations/x", content=b'{"title": "x"}', headers={"Content-Type": kind}
        )
        assert response.status_code == 415

    def test_a_body_too_large_is_413(self, scripted_client: TestClient) -> None:
        response = scripted_client.patch("/api/v1/conversations/x", json={"title": "x" * 70_000})
        assert response.status_code == 413


class TestDeleting:
    def test_it_is_gone(self, client: TestClient) -> None:
        body = keep(client, "Where is the harbour?")
        response = client.delete(address_of(body))
        assert (response.status_code, response.content) == (204, b"")
        assert problem(client.get(address_of(body))) == NOT_FOUND
        assert problem(client.delete(address_of(body))) == NOT_FOUND

    def test_a_deleted_document_is_marked_in_its_citations(self, client: TestClient) -> None:
        body = keep(client, "When was the harbour at Westerholm opened?")
        document = body["citations"][0]["document"]
        client.delete(f"/api/v1/documents/{document['id']}")
        kept = client.get(address_of(body)).json()["turns"][0]["answer"]
        citation = kept["citations"][0]
        assert (citation["removed"], citation["quote"], citation["document"]) == (True, "", document)
        assert kept["answer"]["sentences"][0]["text"] == ""
        assert "guild" not in client.get(address_of(body)).text


class TestFeedback:
    def test_it_stands_with_the_turn(self, client: TestClient) -> None:
        body = keep(client, "Where is the harbour?")
        given = {"id": body["id"], "relevance": "not_relevant", "comment": "No.", "turn": 1}
        response = client.post("/api/v1/feedback", json=given | {"conversation_id": body["conversation_id"]})
        assert response.status_code == 204
        assert client.get(address_of(body)).json()["turns"][0]["relevance"] == "not_relevant"

    def test_of_a_turn_that_is_not_there_is_404(self, client: TestClient) -> None:
        body = keep(client, "Where is the harbour?")
        for talk, turn in ((body["conversation_id"], 2), ("A" * 22, 1)):
            given = {"id": body["id"], "relevance": "relevant", "conversation_id": talk, "turn": turn}
            assert problem(client.post("/api/v1/feedback", json=given)) == NOT_FOUND

    @pytest.mark.parametrize("half", [{"conversation_id": "A" * 22}, {"turn": 1}])
    def test_half_a_place_is_422(self, client: TestClient, half: dict) -> None:
        response = client.post("/api/v1/feedback", json={"id": "a", "relevance": "relevant", **half})
        assert (response.status_code, "give both, or neither" in response.json()["detail"]) == (422, True)


class TestExport:
    def test_as_markdown_it_is_a_file_with_links_to_this_service(self, scripted_client: TestClient) -> None:
        body = keep(scripted_client)
        keep(scripted_client, "Who sweeps the paths?", conversation_id=body["conversation_id"])
        response = scripted_client.get(f"{address_of(body)}/export")
        assert response.headers["content-type"] == "text/markdown"
        assert response.headers["content-disposition"] == 'attachment; filename="How big is the mirror.md"'
        assert "sandbox" in response.headers["content-security-policy"]
        citation = body["citations"][0]
        assert response.text == (
            f"# {MIRROR}\n\n## {MIRROR}\n\n> {QUOTE} \\[1\\]\n\n"
            f"1. The hill observatory, {citation['section'].replace('>', chr(92) + '>')}: "
            f"<http://localhost{citation['link']}>, SHA-256 {citation['sha256']}\n\n"
            "## Who sweeps the paths?\n\nI did not find it in 2 documents.\n"
        )

    @pytest.mark.parametrize("format", ["markdown", "json"])
    def test_it_does_not_hold_the_id(self, scripted_client: TestClient, format: str) -> None:  # noqa: A002 - as in the address
        body = keep(scripted_client)
        response = scripted_client.get(f"{address_of(body)}/export", params={"format": format})
        assert body["conversation_id"] not in response.text

    def test_as_json_it_is_what_was_shown(self, scripted_client: TestClient) -> None:
        body = keep(scripted_client)
        response = scripted_client.get(f"{address_of(body)}/export", params={"format": "json"})
        assert response.headers["content-type"] == "application/json"
        assert response.headers["content-disposition"] == 'attachment; filename="How big is the mirror.json"'
        exported = response.json()
        assert list(exported) == ["title", "created_at", "updated_at", "turns"]
        assert exported["turns"][0]["answer"] == body | {"conversation_id": None}

    @pytest.mark.parametrize(
        ("title", "name"),
        [
            ('a"b/../c', 'filename="a b. c.md"'),
            ("con", 'filename="_con.md"'),
            ("..", 'filename="document.md"'),
            ("日本", "filename*=UTF-8''%E6%97%A5%E6%9C%AC.md"),
        ],
    )
    def test_the_name_is_safe(self, scripted_client: TestClient, title: str, name: str) -> None:
        body = keep(scripted_client)
        scripted_client.patch(address_of(body), json={"title": title})
        header = scripted_client.get(f"{address_of(body)}/export").headers["content-disposition"]
        assert name in header

    @pytest.mark.parametrize("format", ["html", "", "Markdown"])
    def test_another_format_is_422(self, scripted_client: TestClient, format: str) -> None:  # noqa: A002 - as above
        response = scripted_client.get(f"{address_of(keep(scripted_client))}/export", params={"format": format})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "format")

    def test_hostile_words_make_nothing_but_text(self, scripted_client: TestClient, scripted: ScriptedCitewell) -> None:
        hostile = "<script>alert(1)</script> ![x](https://evil.example/x.png) [y](javascript:z)"
        text = f"# {hostile}\n\n{hostile} The main telescope has a mirror 76 centimetres across.\n"
        scripted.documents.library.clear()
        blocks = [(BlockKind.PARAGRAPH, 0, text)]
        scripted.documents.put(make_document("evil", hostile, blocks))
        body = keep(scripted_client)
        keep(scripted_client, hostile, conversation_id=body["conversation_id"])
        scripted_client.patch(address_of(body), json={"title": hostile})
        page = MarkdownIt("commonmark", {"html": True}).render(scripted_client.get(f"{address_of(body)}/export").text)
        assert set(re.findall(r"<(\w+)", page)) == {"h1", "h2", "p", "blockquote", "ol", "li", "a"}
        assert [link.split("?")[0] for link in re.findall(r'(?:href|src)="([^"]*)"', page)] == [
            "http://localhost/documents/evil"
        ]


@pytest.fixture
def talk(scripted_client: TestClient) -> str:
    return address_of(keep(scripted_client))


class TestOtherSites:
    @pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    def test_their_pages_change_nothing(
        self, scripted_client: TestClient, talk: str, method: str, headers: dict[str, str]
    ) -> None:
        response = scripted_client.request(method, talk, headers=headers, json={"title": "Mine"})
        assert response.status_code == 403
        assert scripted_client.get(talk).json()["title"] == MIRROR

    def test_a_listed_origin_may_rename(self, settings: WebSettings, scripted: ScriptedCitewell) -> None:
        origin = "https://intranet.example"
        with client_of(replace(settings, allowed_origins=(origin,)), scripted) as client:
            asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
            response = client.options("/api/v1/conversations/x", headers=asked)
            assert "PATCH" in response.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.get("/api/v1/conversations/x"),
        lambda client: client.patch("/api/v1/conversations/x", json={"title": "x"}),
        lambda client: client.delete("/api/v1/conversations/x"),
        lambda client: client.get("/api/v1/conversations/x/export"),
    ],
    ids=["open", "rename", "delete", "export"],
)
def test_the_third_in_a_minute_waits(
    settings: WebSettings, scripted: ScriptedCitewell, send: Callable[[TestClient], Response]
) -> None:
    with client_of(replace(settings, questions_per_minute=2), scripted) as client:
        assert [send(client).status_code for _ in range(3)] == [404, 404, 429]
