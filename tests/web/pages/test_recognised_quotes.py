"""A quote that was recognised on a scan says so, wherever it is shown, with the way to the picture of its page."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag.app import Citewell
from rag.records import Block, BlockKind, Document, RecognisedWord, Source, Span
from rag.render.outcomes import recognised_words
from tests.support.fakes import HashEmbedder
from tests.support.servers import client_of
from web.settings import WebSettings

QUOTE = "The pier closes at nine in the evening."
QUESTION = "When does the pier close?"
_SHA256 = hashlib.sha256(QUOTE.encode()).hexdigest()


def scan() -> Document:
    """A page on which every word was recognised, with a confidence of .94."""
    spans = [Span(found.start(), found.end()) for found in re.finditer(r"\S+", QUOTE)]
    words = tuple(RecognisedWord(span, 0.94, (0.1, 0.1, 0.2, 0.2)) for span in spans)
    block = Block(Span(0, len(QUOTE)), BlockKind.PARAGRAPH, page=1, recognised=words)
    return Document(Source("notice", "Notice", "api:notice", "application/pdf"), QUOTE, (block,), "1" * 64, _SHA256)


@pytest.fixture(params=[0.0, 1.0], ids=["answered", "possible"])
def asked(settings: WebSettings, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """A service that gives everything it finds as an answer, or as one that may be one."""
    settings = replace(settings, answer_confidence=request.param, min_confidence=0.0)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.documents.add([scan()])
        with client_of(settings, citewell) as client:
            yield client


def test_the_page_says_so_and_leads_to_the_picture(asked: TestClient) -> None:
    page = asked.get("/", params={"q": QUESTION}).text
    (line,) = re.findall(r'<p class="cw-recognised">(.*?)</p>', page)
    words, link, name = re.fullmatch(r'(.*) <a href="(.*?)">(.*)</a>', line).groups()  # type: ignore[union-attr]
    assert (words, name) == ("Recognised from a scan (94% sure).", "Compare it with the page’s picture")
    assert html.unescape(link).startswith("/documents/notice?start=0&end=39&sha256=")


def test_it_is_said_in_the_language_of_the_page(asked: TestClient) -> None:
    page = asked.get("/", params={"q": QUESTION}, headers={"Accept-Language": "de"}).text
    assert "Aus einem Scan erkannt (zu 94\xa0% sicher)." in page.replace(" %", "\xa0%")


def test_rest_gives_the_confidence_of_the_recognition(asked: TestClient) -> None:
    body = asked.post("/api/v1/ask", json={"question": QUESTION}).json()
    assert [(citation["quote"], citation["recognised"]) for citation in body["citations"]] == [(QUOTE, 0.94)]


def test_programs_that_speak_openai_get_it_with_the_answer(asked: TestClient) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    body = asked.post("/v1/chat/completions", json={"model": "citewell", "messages": messages}).json()
    assert [citation["recognised"] for citation in body["citewell"]["citations"]] == [0.94]


def test_a_quote_that_the_file_has_as_text_says_nothing() -> None:
    assert recognised_words(None) == ""
    assert recognised_words(0.937) == "recognised from a scan (94% sure): compare it with the page's picture"
