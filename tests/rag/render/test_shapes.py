import json
import math

import pytest

from rag.answer.verify import Verification, VerificationStatus
from rag.ingest.results import IngestResult
from rag.records import Source
from rag.render import examples, link_to, to_json
from rag.render.examples import ANSWER, POSSIBLE, responses
from rag.render.shapes import (
    AnswerBody,
    CitationBody,
    ConversationExportBody,
    DocumentBody,
    HealthBody,
    IngestBody,
    VerificationBody,
    body_of,
)
from rag.store.base import DocumentInfo, Health, IngestStatus
from tests.support.processes import run_python


def info_of(location: str) -> DocumentInfo:
    source = Source("a", "A", location)
    return DocumentInfo(source, "0" * 64, "1" * 64, 10, 2, 1, "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z", ("w",))


@pytest.mark.parametrize(
    ("location", "shown", "url"),
    [
        ("/srv/secret/handbook.md", "handbook.md", None),
        ("api:handbook", "api:handbook", None),
        ("https://docs.example/a?b=1", "https://docs.example/a?b=1", "https://docs.example/a?b=1"),
        ("HTTP://docs.example/", "HTTP://docs.example/", "HTTP://docs.example/"),
        ("javascript:alert(1)", "javascript:alert(1)", None),
        ("httpx://docs.example/", "httpx://docs.example/", None),
    ],
)
def test_a_folder_is_never_shown_and_only_web_addresses_are_links(location: str, shown: str, url: str | None) -> None:
    body = body_of(DocumentBody, info_of(location))
    assert (body["location"], body["url"]) == (shown, url)
    assert "/srv" not in to_json(body)


def test_a_link_names_the_place_and_the_text() -> None:
    digest = "0123456789abcdef" * 4
    assert link_to("a.b-c_1", 3, 9, digest) == "/documents/a.b-c_1?start=3&end=9&sha256=0123456789ab#cited"


def test_json_is_compact_keeps_characters_and_refuses_what_json_lacks() -> None:
    assert to_json({"a": "ü🔭\n", "b": [1.5, None]}) == '{"a":"ü🔭\\n","b":[1.5,null]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": math.inf})


def test_small_bodies_are_plain_values() -> None:
    bodies = [
        body_of(IngestBody, IngestResult("/a", IngestStatus.CREATED, "a", 3, 1, ("w",), seconds=0.5, pages=4)),
        body_of(VerificationBody, Verification(VerificationStatus.CHANGED, "a", None, still_present=True)),
        body_of(HealthBody, Health(True, False, "ready", 1, 2, 3, "model")),
    ]
    assert bodies == [
        {"id": "a", "status": "created", "pages": 4, "sentences": 3, "chunks": 1, "warnings": ["w"],
         "seconds": 0.5},
        {"status": "changed", "document_id": "a", "found": None, "still_present": True, "superseded_at": None},
        {
            "ready": True, "degraded": False, "detail": "ready", "documents": 1, "chunks": 2, "index_version": 3,
            "model": "model", "problems": [],
        },
    ]  # fmt: skip
    assert json.loads(to_json(bodies)) == bodies


def test_a_citation_has_every_field_of_its_record() -> None:
    (citation, _) = POSSIBLE.citations
    place, lead_in = citation.place, citation.lead_in
    assert lead_in is not None
    assert body_of(CitationBody, citation) == {
        "number": 1,
        "document": {"id": "library-rules", "title": "Library rules", "url": None},
        "page": None,
        "section": "Library rules > Reading room",
        "lead_in": {"text": "You may not take home:", "start": lead_in.span.start, "end": lead_in.span.end},
        "start": place.span.start,
        "end": place.span.end,
        "quote": "journals of the current year",
        "before": "- ",
        "after": "\n- atlases",
        "sha256": place.text_sha256,
        "link": link_to("library-rules", place.span.start, place.span.end, place.text_sha256),
        "also_in": [],
        "confidence": {"value": 0.44, "label": "low"},
        "recognised": None,
        "removed": False,
    }


def test_the_quotes_of_the_examples_stand_where_they_say() -> None:
    text = examples.TEXT
    for citation in (*ANSWER.citations, *POSSIBLE.citations):
        assert citation.place.span.of(text) == citation.quote
        assert citation.lead_in is None or citation.lead_in.span.of(text) == citation.lead_in.text
        assert text.endswith(citation.before, 0, citation.place.span.start)
        assert text.startswith(citation.after, citation.place.span.end)


def test_the_order_of_an_answers_fields_is_part_of_the_contract() -> None:
    (body, *_) = responses()["AnswerBody"]
    assert list(body) == [
        "id", "question", "status", "reason", "answer", "confidence", "citations", "passages", "stand_alone_question",
        "also_searched", "conversation_id", "turn", "documents", "index_version", "degraded", "timings_ms",
    ]  # fmt: skip
    assert list(body["passages"][0]) == [
        "document", "page", "section", "start", "end", "text", "score", "sha256", "link"
    ]  # fmt: skip


@pytest.mark.parametrize("body", responses()["AnswerBody"], ids=lambda body: body["status"])
def test_what_a_shape_gives_it_reads_again(body: dict) -> None:
    assert AnswerBody.model_validate(json.loads(to_json(body))).model_dump() == body


def test_an_unknown_field_is_refused() -> None:
    (body, *_) = responses()["AnswerBody"]
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        AnswerBody.model_validate(body | {"surprise": 1})


def test_an_export_names_no_conversation() -> None:
    assert examples.CONVERSATION.id not in to_json(body_of(ConversationExportBody, examples.CONVERSATION))


def test_asking_on_the_command_line_does_not_wait_for_the_shapes() -> None:
    """They need pydantic, which takes longer to import than an answer may take."""
    assert run_python("import sys, rag.cli; print('pydantic' in sys.modules)") == "False\n"
