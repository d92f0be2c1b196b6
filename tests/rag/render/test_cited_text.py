"""An answer as one text: its quotes stand where it says, word for word, and are found in it again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.records import AnswerSentence, Confidence, Disagreement, LeadIn, Span, StatedValue, Steps
from rag.render import markdown_text, plain_text, quotes_in
from rag.render.examples import ANSWER, NO_ANSWER, POSSIBLE

ADDRESS = "https://docs.example/"
HOSTILE = [
    "![x](https://evil.example/x.png)",
    "[click](https://evil.example) https://evil.example",
    "<img src=x onerror=alert(1)>",
    "# heading\n\n- item",
]


def quoting(*quotes: str) -> object:
    cited = tuple(replace(ANSWER.citations[0], number=n, quote=quote) for n, quote in enumerate(quotes, start=1))
    return replace(
        ANSWER, sentences=tuple(AnswerSentence(c.quote, (c.number,)) for c in cited), citations=cited, highlight=None
    )


def test_an_answer_is_what_it_is_elsewhere() -> None:
    made = plain_text(ANSWER)
    assert made.text == ANSWER.text == "A loan lasts four weeks. [1]"
    assert [(q.span, q.citation.number) for q in made.quotes] == [(Span(0, 24), 1)]


def test_what_a_quote_needs_stands_in_front_of_it() -> None:
    cited = replace(ANSWER.citations[0], lead_in=LeadIn(Span(0, 6), "Books:"))
    made = plain_text(replace(ANSWER, citations=(cited,)))
    assert made.text == "Books: A loan lasts four weeks. [1]"
    assert made.quotes[0].span.of(made.text) == "A loan lasts four weeks."


def test_a_sentence_with_two_sources_has_both() -> None:
    second = replace(ANSWER.citations[0], number=2)
    both = replace(
        ANSWER, sentences=(AnswerSentence("A loan lasts four weeks.", (1, 2)),), citations=(*ANSWER.citations, second)
    )
    made = plain_text(both)
    assert made.text == "A loan lasts four weeks. [1][2]"
    assert [q.citation.number for q in made.quotes] == [1, 2]


def test_what_may_answer_says_so_and_how_likely_each_is() -> None:
    made = plain_text(POSSIBLE)
    assert made.text == (
        "This may answer it.\n\n"
        "You may not take home: journals of the current year [1], possibly right (44%)\n\n"
        "Older journals may be borrowed for a week. [2], possibly right (21%)"
    )
    assert [q.span.of(made.text) for q in made.quotes] == [c.quote for c in POSSIBLE.citations]


def test_not_to_find_is_said_in_fixed_words() -> None:
    assert plain_text(NO_ANSWER).text == markdown_text(NO_ANSWER, ADDRESS).text == "I did not find it in 185 documents."


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (("2026-01-01", "2025-01-01"), "The documents disagree: newest first."),
        (("2026-01-01", "2026-01-01"), "The documents disagree."),
    ],
)
def test_disagreement_and_left_out_steps_are_told(dates: tuple[str, str], words: str) -> None:
    values = tuple(StatedValue(0, Span(0, 1), 1, dated) for dated in dates)
    steps = Steps(ANSWER.citations[0].place, count=7, shown=3)
    told = plain_text(replace(ANSWER, disagreement=Disagreement(values), steps=steps))
    assert told.text == f"{ANSWER.text}\n\n{words}\n\n3 of 7 steps."


def test_the_quote_of_a_removed_document_leaves_its_mark_and_no_place() -> None:
    removed = replace(ANSWER, sentences=(AnswerSentence("", (1,)),), citations=(ANSWER.citations[0].without_words(),))
    assert (plain_text(removed).text.strip(), plain_text(removed).quotes) == ("[1]", ())


@pytest.mark.parametrize("quote", HOSTILE)
def test_in_markdown_a_quote_is_shown_as_it_stands_and_only_sources_are_links(quote: str) -> None:
    made = markdown_text(quoting(quote), ADDRESS)  # type: ignore[arg-type] # an answer
    html = MarkdownIt("commonmark", {"html": True}).render(made.text)
    assert html.count("href=") == html.count('href="https://docs.example/documents/library-rules') == 1
    assert not any(tag in html for tag in ("<img", "<h1", "<ul"))


@given(st.lists(st.text(min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=4))
def test_every_quote_stands_word_for_word_at_its_place(quotes: list[str]) -> None:
    made = plain_text(quoting(*quotes))  # type: ignore[arg-type] # an answer
    assert [q.span.of(made.text) for q in made.quotes] == quotes
    assert "".join(made.parts) == made.text


@given(st.lists(st.from_regex(r"[A-Z][a-z*_#<>.:/ ]{0,40}[a-z.]", fullmatch=True), min_size=1, max_size=4))
def test_quotes_are_found_again_in_either_text(quotes: list[str]) -> None:
    answer = quoting(*quotes)
    assert quotes_in(plain_text(answer).text) == tuple(quotes)  # type: ignore[arg-type] # an answer
    words = [" ".join(quote.split()) for quote in quotes]
    assert [" ".join(q.split()) for q in quotes_in(markdown_text(answer, ADDRESS).text)] == words  # type: ignore[arg-type] # an answer


def test_there_are_no_quotes_in_what_only_may_answer_or_was_not_found() -> None:
    assert [quotes_in(plain_text(answer).text) for answer in (POSSIBLE, NO_ANSWER)] == [(), ()]
    assert quotes_in("[1]" * 5) == quotes_in("") == ()


def test_a_confidence_is_written_where_there_is_one() -> None:
    sure = replace(POSSIBLE, citations=(replace(POSSIBLE.citations[1], number=1, confidence=Confidence(0.9, "high")),))
    assert plain_text(sure).text.endswith("for a week. [1], very likely right (90%)")
