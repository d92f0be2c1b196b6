"""A scraped article with a photo credit, stutters and bullets that repeat its body."""

from __future__ import annotations

import pytest

from rag.answer.verify import VerificationStatus
from rag.app import Citewell
from tests.support.access import EVERYTHING
from tests.support.articles import SCRAPED_ARTICLES, ScrapedArticle


@pytest.fixture(params=SCRAPED_ARTICLES, ids=lambda article: article.credit)
def article(request: pytest.FixtureRequest) -> ScrapedArticle:
    found: ScrapedArticle = request.param
    return found


@pytest.fixture
def citewell(empty_citewell: Citewell, article: ScrapedArticle) -> Citewell:
    (result,) = empty_citewell.documents.ingest([article.path])
    assert result.error is None
    return empty_citewell


def test_every_quote_is_exact_and_verifies(citewell: Citewell, article: ScrapedArticle) -> None:
    quotes = 0
    for question in article.questions:
        for extract in citewell.questions.examine(question, depth=10, access=EVERYTHING).extracts:
            text = citewell.documents.get(extract.hit.chunk.source.id, access=EVERYTHING).text
            assert extract.sentence.span.of(text) == extract.sentence.text
        for citation in citewell.questions.ask(question, access=EVERYTHING).citations:
            place = citation.place
            verified = citewell.questions.verify(
                place.source.id,
                sha256=place.text_sha256,
                start=place.span.start,
                end=place.span.end,
                quote=citation.quote,
                access=EVERYTHING,
            )
            assert verified.status is VerificationStatus.MATCH
            quotes += 1
    assert quotes


def test_the_photo_credit_and_the_stutters_are_never_candidates(citewell: Citewell, article: ScrapedArticle) -> None:
    for question in article.questions:
        texts = {
            extract.sentence.text
            for extract in citewell.questions.examine(question, depth=10, access=EVERYTHING).extracts
        }
        assert texts
        assert not any(article.credit in text for text in texts)
        assert not texts & {"said.", ".", "said"}


def test_a_statement_that_stands_twice_is_cited_once(citewell: Citewell, article: ScrapedArticle) -> None:
    shown = 0
    for question in article.questions:
        citations = citewell.questions.ask(question, access=EVERYTHING).citations
        quotes = [citation.quote for citation in citations]
        assert len(set(quotes)) == len(quotes)
        shown += sum(len(citation.also_in) for citation in citations)
    assert shown, "the bullet and the body say the same: one of them is named in also_in"
