"""The client asks a running service, with threads and with asyncio, and says what is wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rag.app import Citewell
from rag.client import AsyncClient, Client, ClientError, RequestRefused, ServiceUnreachable
from rag.client.answer_record import answer_of
from rag.render import plain_text
from rag.render.examples import ANSWER, NO_ANSWER, POSSIBLE
from rag.render.shapes import AnswerBody, body_of
from rag.store.base import Reply
from tests.support import questions
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import serving
from web.settings import WebSettings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(ScriptedCitewell(WebSettings(data_dir=tmp_path_factory.mktemp("client")))) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def answering(respond: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server that is none of ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_question_its_citations_and_the_documents(server: str) -> None:
    with Client(server, key="any") as client:
        answer = client.ask(questions.ANSWERED)
        assert answer["status"] == "answered"
        (citation,) = answer["citations"]
        assert citation["quote"] == questions.QUOTE
        text = client.document_text(citation["document"]["id"], sha256=citation["sha256"])
        assert text[citation["start"] : citation["end"]] == questions.QUOTE
        assert client.search("mirror", limit=2)["passages"][0]["text"]
        assert [document["id"] for document in client.documents()["documents"]] == ["observatory", "newsletter"]
        assert client.document("newsletter")["title"] == "Spring newsletter"
        assert client.feedback(answer["id"], "relevant") is None
        assert client.me()["method"] == "single-user"


def test_a_follow_up(server: str) -> None:
    with Client(server) as client:
        before = client.ask(questions.ANSWERED, keep=True)
        assert client.ask(questions.FOLLOW_UP, conversation_id=before["conversation_id"])["stand_alone_question"]
        history = [{"question": questions.ANSWERED, "quotes": [questions.QUOTE], "topics": []}]
        assert client.ask(questions.FOLLOW_UP, history=history)["stand_alone_question"] == questions.STAND_ALONE  # type: ignore[arg-type] # a plain dict


def test_several_questions_at_once_with_asyncio(server: str) -> None:
    async def ask() -> list[str]:
        async with AsyncClient(server) as client:
            answers = await asyncio.gather(*(client.ask(q) for q in (questions.ANSWERED, questions.UNKNOWN)))
        return [answer["status"] for answer in answers]

    assert asyncio.run(ask()) == ["answered", "no_answer"]


def test_documents_are_put_checked_and_removed(citewell: Citewell) -> None:
    with serving(citewell) as port, Client(f"http://127.0.0.1:{port}/") as client:
        stored = client.put_document(
            "fines", b"A fine is paid at the desk.", media_type="text/plain", title="Fines & more"
        )
        assert (stored["status"], client.document("fines")["title"]) == ("created", "Fines & more")
        body = client.document("fines")
        citation = {"document": {"id": "fines"}, "sha256": body["text_sha256"], "start": 0, "end": 6, "quote": "A fine"}
        assert client.verify(citation)["status"] == "match"  # type: ignore[arg-type] # what is needed of one
        assert client.delete_document("fines") is None
        with pytest.raises(RequestRefused, match="no document has the id 'fines'") as error:
            client.document("fines")
    assert (error.value.status, error.value.kind) == (404, "urn:citewell:problem:document-not-found")


def test_what_is_wrong_with_a_request_is_named(server: str) -> None:
    with Client(server) as client, pytest.raises(RequestRefused) as error:
        client.ask("Why?", max_sentences=0)
    assert (error.value.status, [each["field"] for each in error.value.errors]) == (422, ["max_sentences"])


@pytest.mark.parametrize(
    "address",
    [
        "citewell.example",
        "ftp://citewell.example",
        "https://",
        "https://me:secret@citewell.example",
        "https://a.example/?x=1",
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ClientError, match="expected one like"):
        Client(address)


def test_a_key_is_not_sent_where_it_could_be_read_on_the_way() -> None:
    with pytest.raises(ClientError, match="expected https"):
        Client("http://citewell.example", key="secret")


def test_where_nothing_answers() -> None:
    with Client("http://127.0.0.1:1") as client, pytest.raises(ServiceUnreachable, match="does the service run there"):
        client.me()


@pytest.mark.parametrize(("status", "headers"), [(302, {"Location": "https://sso.example/"}), (200, {}), (502, {})])
def test_where_something_else_answers(status: int, headers: dict[str, str]) -> None:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"Content-Type": "text/html", "Content-Length": "2"} | headers).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(b"ok")

    told = f"answered {status}.*which is not Citewell's"
    with answering(respond) as address, Client(address) as client, pytest.raises(ServiceUnreachable, match=told):
        client.me()


def test_who_has_to_wait_asks_again_when_told_and_gives_up_at_last() -> None:
    asked = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        body = b'{"type": "about:blank", "detail": "Too many.", "status": 429}'
        request.send_response(429)
        for name, value in {
            "Content-Type": "application/problem+json",
            "Retry-After": "0",
            "Content-Length": str(len(body)),
        }.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    with answering(respond) as address, Client(address) as client, pytest.raises(RequestRefused, match="Too many"):
        client.me()
    assert len(asked) == 4


@pytest.mark.parametrize("answer", [ANSWER, POSSIBLE, NO_ANSWER], ids=lambda answer: str(answer.status))
def test_what_came_is_shown_as_what_was_found_here(answer: object) -> None:
    body = body_of(AnswerBody, Reply(answer))  # type: ignore[arg-type] # an answer
    made = answer_of(body, "https://docs.example/")  # type: ignore[arg-type] # its body
    assert plain_text(made).text == plain_text(answer).text  # type: ignore[arg-type] # an answer
    assert body_of(AnswerBody, Reply(made)) | {"citations": [], "passages": []} == body | {
        "citations": [],
        "passages": [],
    }
