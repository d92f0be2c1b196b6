import json
import math

import pytest

from rag import render
from rag.records import DocumentInfo, Health, IngestResult, IngestStatus, Source, Span, Verification, VerificationStatus


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
    body = render.document_body(info_of(location))
    assert (body["location"], body["url"]) == (shown, url)
    assert "/srv" not in render.to_json(body)


def test_a_link_names_the_place_and_the_text() -> None:
    digest = "0123456789abcdef" * 4
    assert render.link_to("a.b-c_1", Span(3, 9), digest) == "/documents/a.b-c_1?start=3&end=9&sha256=0123456789ab#cited"


def test_json_is_compact_keeps_characters_and_refuses_what_json_lacks() -> None:
    assert render.to_json({"a": "ü🔭\n", "b": [1.5, None]}) == '{"a":"ü🔭\\n","b":[1.5,null]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        render.to_json({"a": math.inf})


def test_small_bodies_are_plain_values() -> None:
    bodies = [
        render.ingest_body(IngestResult("/a", IngestStatus.CREATED, "a", 3, 1, ("w",), seconds=0.5, pages=4)),
        render.verification_body(Verification(VerificationStatus.CHANGED, "a", None, still_present=True)),
        render.health_body(Health(True, False, "ready", 1, 2, 3, "model")),
    ]
    assert bodies == [
        {"id": "a", "status": "created", "pages": 4, "sentences": 3, "chunks": 1, "warnings": ["w"],
         "seconds": 0.5},
        {"status": "changed", "document_id": "a", "found": None, "still_present": True, "superseded_at": None},
        {
            "ready": True, "degraded": False, "detail": "ready", "documents": 1, "chunks": 2, "index_version": 3,
            "model": "model",
        },
    ]  # fmt: skip
    assert json.loads(render.to_json(bodies)) == bodies
