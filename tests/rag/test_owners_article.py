"""A scraped article with a photo credit, stutters and bullets that repeat its body: the first real input."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.pipeline import Pipeline
from rag.records import VerificationStatus

ARTICLE = Path(__file__).parents[3] / "shared" / "seeds" / "article.txt"
QUESTIONS = (
    "Who met the Japanese government on Monday?",
    "Which fund proposed to buy JSR?",
    "Who took the photograph of Angel Garcia for Bloomberg and Getty Images?",
    "What did the Netherlands announce last week?",
    "What does the EU seek to do about China?",
)

pytestmark = pytest.mark.skipif(not ARTICLE.exists(), reason="the article lies beside a checkout on some machines only")


@pytest.fixture
def article(empty_pipeline: Pipeline) -> Pipeline:
    (result,) = empty_pipeline.ingest([ARTICLE])
    assert result.error is None
    return empty_pipeline


def test_every_quote_is_exact_and_verifies(article: Pipeline) -> None:
    quotes = 0
    for question in QUESTIONS:
        for extract in article.examine(question, depth=10).extracts:
            text = article.document(extract.hit.chunk.source.id).text
            assert extract.sentence.span.of(text) == extract.sentence.text
        for citation in article.ask(question).citations:
            place = citation.place
            verified = article.verify(
                place.source.id,
                sha256=place.text_sha256,
                start=place.span.start,
                end=place.span.end,
                quote=citation.quote,
            )
            assert verified.status is VerificationStatus.MATCH
            quotes += 1
    assert quotes


def test_the_photo_credit_and_the_stutters_are_never_candidates(article: Pipeline) -> None:
    for question in QUESTIONS:
        texts = {extract.sentence.text for extract in article.examine(question, depth=10).extracts}
        assert texts
        assert not any("Getty" in text for text in texts)
        assert not texts & {"said.", ".", "said"}


def test_a_statement_that_stands_twice_is_cited_once(article: Pipeline) -> None:
    shown = 0
    for question in QUESTIONS:
        citations = article.ask(question).citations
        quotes = [citation.quote for citation in citations]
        assert len(set(quotes)) == len(quotes)
        shown += sum(len(citation.also_in) for citation in citations)
    assert shown, "the bullet and the body say the same: one of them is named in also_in"
