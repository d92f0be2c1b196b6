import json

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from rag.answer.verify import VerificationStatus
from rag.app import Citewell
from rag.render import to_json
from rag.render.shapes import AnswerBody, body_of
from rag.store.base import Reply
from tests.support.access import EVERYTHING
from tests.support.examples import fewer
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import EVENTS, read_events, without_timings

MIRROR = {"question": "How big is the mirror?"}
POSSIBLE = "How far does it see?"


def ask(client: TestClient, question: str, **more: object) -> dict:
    response = client.post("/api/v1/ask", json={"question": question, **more})
    assert response.status_code == 200, response.text
    return response.json()


class TestAsk:
    def test_an_answer_has_the_documented_shape(self, scripted_client: TestClient) -> None:
        body = ask(scripted_client, "How big is the mirror?")
        assert list(body) == [
            "id", "question", "status", "reason", "answer", "confidence", "citations", "passages",
            "stand_alone_question", "also_searched", "conversation_id", "turn", "documents", "index_version",
            "degraded", "timings_ms",
        ]  # fmt: skip
        quote = "The main telescope has a mirror 76 centimetres across."
        assert body["status"] == "answered"
        assert body["answer"] == {
            "text": f"{quote} [1]",
            "sentences": [{"text": quote, "citations": [1]}],
            "highlight": {"sentence": 0, "start": 32, "end": 46},
            "disagreement": None,
            "steps": None,
        }
        assert body["confidence"] == {"value": 0.88, "label": "high"}
        citation = body["citations"][0]
        assert citation["document"] == {"id": "observatory", "title": "The hill observatory", "url": None}
        digits = citation["sha256"][:12]
        assert citation["link"] == (
            f"/documents/observatory?start={citation['start']}&end={citation['end']}&sha256={digits}#cited"
        )

    def test_a_disagreement_points_at_the_value_in_each_sentence(self, scripted_client: TestClient) -> None:
        body = ask(scripted_client, "How long do the tours last?")
        sentences = body["answer"]["sentences"]
        values = body["answer"]["disagreement"]["values"]
        assert list(values[0]) == ["sentence", "start", "end", "citation", "dated"]
        words = [sentences[value["sentence"]]["text"][value["start"] : value["end"]] for value in values]
        assert words == ["sixty minutes", "ninety minutes"]
        assert [sentences[value["sentence"]]["citations"] for value in values] == [[v["citation"]] for v in values]
        assert [value["dated"][:4] for value in values] == ["2026", "2024"]

    def test_every_quote_stands_at_its_offsets_in_the_text_that_is_served(self, client: TestClient) -> None:
        quoted = 0
        for passage in client.get("/api/v1/search", params={"q": "harbour leave pump", "k": 20}).json()["passages"]:
            text = client.get(f"/api/v1/documents/{passage['document']['id']}/text").text
            assert text[passage["start"] : passage["end"]] == passage["text"]
            for citation in ask(client, f"What about {passage['text'][:60]}?")["citations"]:
                text = client.get(f"/api/v1/documents/{citation['document']['id']}/text").text
                assert text[citation["start"] : citation["end"]] == citation["quote"]
                quoted += 1
        assert quoted > 0

    def test_offsets_count_code_points(self, scripted_client: TestClient) -> None:
        body = ask(scripted_client, "What is painted on the pier?")
        text = scripted_client.get("/api/v1/documents/observatory/text").text
        citation = body["citations"][0]
        assert text[citation["start"] : citation["end"]] == citation["quote"] == "Its motto is “per aspera 🔭 ad astra”"
        highlight = body["answer"]["highlight"]
        assert citation["quote"][highlight["start"] : highlight["end"]] == "🔭 ad astra"

    def test_quotes_that_may_answer_are_full_citations_each_with_its_confidence(
        self, scripted_client: TestClient
    ) -> None:
        body = scripted_client.post("/api/v1/ask", json={"question": POSSIBLE}).json()
        assert (body["status"], body["reason"], body["answer"], body["documents"]) == ("possible", None, None, 2)
        assert [citation["number"] for citation in body["citations"]] == [1, 2, 3]
        assert [citation["confidence"] for citation in body["citations"]] == [
            {"value": 0.55, "label": "medium"},
            {"value": 0.31, "label": "low"},
            {"value": 0.12, "label": "very_low"},
        ]
        text = scripted_client.get("/api/v1/documents/observatory/text").text
        for citation in body["citations"]:
            assert text[citation["start"] : citation["end"]] == citation["quote"]
            lead_in = citation["lead_in"]
            assert lead_in is None or text[lead_in["start"] : lead_in["end"]] == lead_in["text"]
        assert body["citations"][0]["lead_in"]["text"].startswith("The main telescope")

    def test_the_text_of_an_answer_has_its_lead_in_and_its_sentence_is_the_quote_alone(
        self, scripted_client: TestClient
    ) -> None:
        body = scripted_client.post("/api/v1/ask", json={"question": "What should I wear?"}).json()
        quote = "The dome is never heated, because warm air blurs the image."
        assert body["answer"]["text"] == f"Bring a warm coat. {quote} [1]"
        assert [sentence["text"] for sentence in body["answer"]["sentences"]] == [quote]

    @pytest.mark.parametrize(
        ("question", "reason"),
        [
            ("Who sweeps the paths?", "not_found"),
            ("???", "not_a_question"),
        ],
    )
    def test_no_answer_is_a_result_with_its_reason_and_the_passages(
        self, scripted_client: TestClient, question: str, reason: str
    ) -> None:
        body = ask(scripted_client, question)
        assert (body["status"], body["reason"], body["answer"], body["citations"]) == ("no_answer", reason, None, [])
        assert len(body["passages"]) == 5

    def test_without_documents_the_reason_is_no_documents(self, empty_client: TestClient) -> None:
        assert ask(empty_client, "Where is the harbour?")["reason"] == "no_documents"

    def test_the_same_question_gives_the_same_bytes_but_for_the_timings(self, client: TestClient) -> None:
        bodies = [ask(client, "Where is the harbour?") for _ in range(3)]
        assert without_timings(bodies[0]) == without_timings(bodies[1]) == without_timings(bodies[2])

    def test_the_body_is_what_the_command_line_prints(
        self, scripted_client: TestClient, scripted: ScriptedCitewell
    ) -> None:
        response = scripted_client.post("/api/v1/ask", json=MIRROR)
        printed = to_json(body_of(AnswerBody, Reply(scripted.questions.ask(MIRROR["question"], access=EVERYTHING))))
        assert response.text == printed

    def test_max_sentences_shortens_the_answer(self, scripted_client: TestClient) -> None:
        body = ask(scripted_client, "When is the dome open to visitors?", max_sentences=1)
        assert len(body["answer"]["sentences"]) == 1

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "question"),
            ({"question": 7}, "question"),
            ({"question": "Why?", "max_sentences": 0}, "max_sentences"),
            ({"question": "Why?", "colour": "red"}, "colour"),
            ({"question": "Why?", "conversation_id": "x" * 65}, "conversation_id"),
            ({"question": "Why?", "conversation_id": 7}, "conversation_id"),
            ({"question": "Why?", "request_id": "a b"}, "request_id"),
            ({"question": "Why?", "request_id": "a" * 65}, "request_id"),
            ({"question": "Why?", "keep": "often"}, "keep"),
            ({"question": "Why?", "history": [{"question": "x"}] * 11}, "history"),
            ({"question": "Why?", "history": [{"question": "x" * 4_001}]}, "history.question"),
            ({"question": "Why?", "history": [{"quotes": []}]}, "history.question"),
            ({"question": "Why?", "history": [{"question": "x", "quotes": ["y"] * 11}]}, "history.quotes"),
        ],
        ids=[
            *("missing", "not-text", "no-sentences", "unknown", "long-conversation", "number", "odd-request"),
            *("long-request", "keep", "long-history", "long-earlier", "no-earlier", "many-quotes"),
        ],
    )
    def test_an_invalid_field_is_named(self, scripted_client: TestClient, body: dict, field: str) -> None:
        response = scripted_client.post("/api/v1/ask", json=body)
        assert response.status_code == 422
        assert [error["field"] for error in response.json()["errors"]] == [field]

    @pytest.mark.parametrize("question", ["", "   ", "x" * 10_000], ids=["empty", "blank", "too-long"])
    def test_a_question_that_cannot_be_asked_is_422(self, client: TestClient, question: str) -> None:
        response = client.post("/api/v1/ask", json={"question": question})
        assert response.status_code == 422
        assert response.json()["type"] == "urn:citewell:problem:invalid-question"

    @pytest.mark.parametrize(
        "body",
        [
            b'{"question": "\\u0000 what \\u0007 is \\u001b this?"}',
            b'{"question": "\\ud800 alone"}',
            '{"question": "🔭🔭🔭?"}'.encode(),
            b'{"question": "NEAR(\\"a\\" *) AND - ^ col: OR"}',
            '{"question": "Где гавань?"}'.encode(),
            b'{"question": ',
            b"[]",
            b"\xff\xfe\x00",
            b'{"question": NaN}',
        ],
        ids=["control", "surrogate", "emoji", "operators", "cyrillic", "cut", "list", "not-utf8", "nan"],
    )
    def test_odd_bodies_are_answered_or_refused_but_never_an_error(self, client: TestClient, body: bytes) -> None:
        response = client.post("/api/v1/ask", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (200, 400, 422), response.text


@fewer(2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_asked_and_searched(client: TestClient, text: str) -> None:
    """Lone surrogates included: json.dumps writes them as escapes, which a request may hold."""
    body = json.dumps({"question": text}).encode()
    asked = client.post("/api/v1/ask", content=body, headers={"Content-Type": "application/json"})
    assert asked.status_code in (200, 422), asked.text
    found = client.get("/api/v1/search", params={"q": text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")})
    assert found.status_code in (200, 422), found.text


class TestEventStream:
    def test_events_come_in_order_and_done_carries_the_answer(self, scripted_client: TestClient) -> None:
        question = {"question": "When is the dome open to visitors?"}
        response = scripted_client.post("/api/v1/ask", json=question, headers=EVENTS)
        assert response.headers["content-type"].startswith("text/event-stream")
        events = read_events(response.text)
        assert [name for name, _ in events] == ["passages", "citations", "sentence", "sentence", "done"]
        body = scripted_client.post("/api/v1/ask", json=question).json()
        data = dict(events)
        assert without_timings(data["done"]) == without_timings(body)
        assert data["passages"] == body["passages"]
        assert data["citations"] == body["citations"]
        assert [event for name, event in events if name == "sentence"] == body["answer"]["sentences"]

    def test_quotes_that_may_answer_are_no_sentences(self, scripted_client: TestClient) -> None:
        events = read_events(scripted_client.post("/api/v1/ask", json={"question": POSSIBLE}, headers=EVENTS).text)
        assert [name for name, _ in events] == ["passages", "citations", "done"]
        assert events[1][1] == events[2][1]["citations"]

    def test_no_answer_has_no_sentence(self, scripted_client: TestClient) -> None:
        question = {"question": "Who sweeps the paths?"}
        events = read_events(scripted_client.post("/api/v1/ask", json=question, headers=EVENTS).text)
        assert [name for name, _ in events] == ["passages", "citations", "done"]
        assert events[-1][1]["status"] == "no_answer"

    def test_an_invalid_question_still_has_its_status(self, client: TestClient) -> None:
        response = client.post("/api/v1/ask", json={"question": " "}, headers=EVENTS)
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"


class TestSearch:
    def test_passages_come_best_first(self, client: TestClient) -> None:
        passages = client.get("/api/v1/search", params={"q": "harbour", "k": 2}).json()["passages"]
        assert len(passages) == 2
        assert passages[0]["score"] >= passages[1]["score"]

    @pytest.mark.parametrize("k", ["0", "101", "many"])
    def test_k_out_of_range_is_named(self, client: TestClient, k: str) -> None:
        response = client.get("/api/v1/search", params={"q": "harbour", "k": k})
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == "k"

    def test_q_is_required(self, client: TestClient) -> None:
        assert client.get("/api/v1/search").json()["errors"][0]["field"] == "q"


class TestVerify:
    @pytest.fixture
    def citation(self, client: TestClient) -> dict:
        passage = client.get("/api/v1/search", params={"q": "harbour"}).json()["passages"][0]
        return {
            "document_id": passage["document"]["id"],
            "sha256": passage["sha256"],
            "start": passage["start"],
            "end": passage["end"],
            "quote": passage["text"],
        }

    def check(self, client: TestClient, citation: dict) -> dict:
        response = client.post("/api/v1/verify", json=citation)
        assert response.status_code == 200, response.text
        return response.json()

    def test_a_true_citation_matches(self, client: TestClient, citation: dict) -> None:
        assert self.check(client, citation) == {
            "status": VerificationStatus.MATCH,
            "document_id": citation["document_id"],
            "found": citation["quote"],
            "still_present": None,
            "superseded_at": None,
        }

    def test_an_altered_quote_does_not(self, client: TestClient, citation: dict) -> None:
        answer = self.check(client, citation | {"quote": "Something else."})
        assert (answer["status"], answer["found"]) == ("mismatch", citation["quote"])

    def test_another_text_is_changed_and_says_whether_the_quote_is_still_there(
        self, client: TestClient, citation: dict
    ) -> None:
        answer = self.check(client, citation | {"sha256": "0" * 64})
        assert (answer["status"], answer["found"], answer["still_present"]) == ("changed", None, True)

    def test_a_document_that_is_not_there_is_gone(self, client: TestClient, citation: dict) -> None:
        assert self.check(client, citation | {"document_id": "nothing"})["status"] == "gone"


class TestFeedback:
    def test_it_is_kept(self, scripted_client: TestClient, scripted: ScriptedCitewell) -> None:
        response = scripted_client.post("/api/v1/feedback", json={"id": "abc", "relevance": "not_relevant"})
        assert (response.status_code, response.content) == (204, b"")
        assert scripted.store.feedback == [("abc", "not_relevant")]

    def test_the_store_takes_it(self, client: TestClient) -> None:
        given = {"id": "abc", "relevance": "relevant", "citation_number": 1, "comment": "Just what I needed."}
        assert client.post("/api/v1/feedback", json=given).status_code == 204

    def test_an_unknown_relevance_is_named(self, client: TestClient) -> None:
        response = client.post("/api/v1/feedback", json={"id": "abc", "relevance": "great"})
        assert response.json()["errors"][0]["field"] == "relevance"


class TestHealth:
    def test_alive(self, client: TestClient) -> None:
        assert [client.get(path).json() for path in ("/healthz", "/livez")] == [{"alive": True}] * 2

    def test_ready_counts_the_documents(self, client: TestClient, citewell: Citewell) -> None:
        body = client.get("/readyz").json()
        assert (body["ready"], body["degraded"], body["documents"]) == (
            True,
            False,
            len(citewell.documents.all(access=EVERYTHING)),
        )

    def test_degraded_is_ready_and_says_so(self, scripted_client: TestClient, scripted: ScriptedCitewell) -> None:
        scripted.questions.degraded = True
        response = scripted_client.get("/readyz")
        assert (response.status_code, response.json()["degraded"]) == (200, True)

    def test_not_ready_is_503(self, scripted_client: TestClient, scripted: ScriptedCitewell) -> None:
        scripted.maintenance.ready = False
        response = scripted_client.get("/readyz")
        assert (response.status_code, response.json()["detail"]) == (503, "starting")
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/api/v1/ask", '{"question": "\\ud800"}'),
        ("/api/v1/ask", '{"question": "Why?", "history": [{"question": "a", "quotes": ["\\udfff"]}]}'),
        ("/api/v1/feedback", '{"id": "\\ud800", "relevance": "relevant"}'),
        ("/api/v1/feedback", '{"id": "a", "relevance": "relevant", "citation_number": 9223372036854775808}'),
        (
            "/api/v1/verify",
            '{"document_id": "\\ud800", "sha256": "' + "0" * 64 + '", "start": 0, "end": 1, "quote": "q"}',
        ),
    ],
    ids=["question", "history", "answer", "number", "document"],
)
def test_what_no_database_can_keep_is_422(client: TestClient, path: str, sent: str) -> None:
    response = client.post(path, content=sent, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
