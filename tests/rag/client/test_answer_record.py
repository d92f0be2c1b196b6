"""An answer that went through REST is the answer again, every field of its citations included."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace

import pytest

from rag.client.answer_record import answer_of
from rag.records import Citation, Confidence, LeadIn, Place, Source, Span
from rag.render.examples import ANSWER
from rag.render.shapes import AnswerBody, body_of
from rag.store.base import Reply

SERVER = "https://citewell.example/"
SHA256 = "5" * 64
TEXT = "Whoever is ill: the head nurse is told before eight."
SOURCE = Source("ward", "Ward rules", "https://intranet.example/ward", "text/html")
PLACE = Place(SOURCE, SHA256, Span(16, len(TEXT)), "Ward rules > Illness", 3)
CITATION = Citation(
    1,
    PLACE,
    TEXT[16:],
    before=TEXT[:16],
    after=" Nobody else.",
    also_in=(replace(PLACE, span=Span(300, 336), page=None),),
    lead_in=LeadIn(Span(0, 15), TEXT[:15]),
    confidence=Confidence(0.25, "low"),
    recognised=0.94,
)


def through_rest(citation: Citation) -> Citation:
    """The citation as a client gets it. Of documents with an address of their own the place is the same."""
    body = body_of(AnswerBody, Reply(replace(ANSWER, citations=(citation,))))
    (got,) = answer_of(json.loads(json.dumps(body)), SERVER).citations
    return got


def without_media_type(place: Place) -> Place:
    return replace(place, source=replace(place.source, media_type="text/plain"))


@pytest.mark.parametrize("field", [field.name for field in fields(Citation)])
def test_every_field_of_a_citation_comes_back(field: str) -> None:
    defaults = {each.name: each.default for each in fields(Citation) if each.default is not MISSING}
    value = getattr(CITATION, field)
    assert value != defaults.get(field), "give CITATION another value than that of a citation without the field"
    if field == "place":
        value = without_media_type(value)
    elif field == "also_in":
        value = tuple(map(without_media_type, value))
    assert getattr(through_rest(CITATION), field) == value


def test_a_citation_without_what_it_need_not_have_comes_back() -> None:
    bare = replace(CITATION, also_in=(), lead_in=None, confidence=None, recognised=None)
    assert through_rest(bare) == replace(bare, place=without_media_type(PLACE))
