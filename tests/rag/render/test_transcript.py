"""A conversation as Markdown: rendered, it shows the words as they stand, and links to nothing but the cited places."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Citation,
    Confidence,
    LeadIn,
    NoAnswerReason,
    Place,
    Source,
    Span,
    Steps,
)
from rag.render.transcript import escaped, to_markdown
from rag.store.base import Conversation, Turn

ADDRESS = "https://docs.example/"
SHA256 = "0123456789ab" + "0" * 52
LINK = "/documents/a?start=1&end=9&sha256=0123456789ab#cited"
HOSTILE = [
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<https://evil.example>",
    "https://evil.example www.evil.example mail@evil.example",
    "[a]: https://evil.example",
    "[a][b]",
    "`code` **bold** _x_ ~~gone~~ | a | b |",
    "# heading",
    "1. item",
    "- item",
    "+ item",
    "=====",
    "-----",
    "> quote",
    "    indented",
    "```\nfence",
    "&lt;b&gt; &#60;",
    "a\\",
    "line\n\n# two\r\n<b>\u2028x\u0085y",
    "$x$ @name ^1 {a}",
    "]] )) `",
]


def answer_of(text: str, **more: Any) -> Answer:
    """An answer with the text wherever a document or a person can put some."""
    answer = Answer(
        id="",
        question=text,
        status=AnswerStatus.ANSWERED,
        reason=None,
        sentences=(AnswerSentence(text, (1,)),),
        highlight=None,
        confidence=Confidence(0.9, "high"),
        citations=(citation_of(text),),
        passages=(),
        index_version=1,
        stand_alone_question=text,
    )
    return replace(answer, **more)


def citation_of(text: str, title: str = "") -> Citation:
    place = Place(Source("a", title or text, "https://evil.example/"), SHA256, Span(1, 9), text, 4)
    return Citation(1, place, text, "", "")


def conversation(*answers: Answer, title: str = "Title") -> Conversation:
    turns = tuple(Turn(number, "2026-11-23T09:00:00+00:00", answer) for number, answer in enumerate(answers, 1))
    return Conversation("x" * 22, title, "2026-11-23T09:00:00+00:00", "", "", turns)


def rendered(markdown: str) -> str:
    """As GitHub and others render it: tables, strikethrough, and HTML that is let through."""
    return MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown)


def words_of(rendered: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", rendered)).split())


def check(text: str) -> None:
    page = rendered(to_markdown(conversation(answer_of(text), title=text), ADDRESS))
    tags = set(re.findall(r"<(/?\w+)", page))
    assert tags <= {f"{end}{tag}" for end in ("", "/") for tag in ("h1", "h2", "p", "blockquote", "ol", "li", "a")}
    assert re.findall(r'(?:href|src)="([^"]*)"', page) == [html.escape(f"https://docs.example{LINK}")]
    assert page.count("<h1>") == page.count("<h2>") == page.count("<ol>") == page.count("<blockquote>") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_nothing_but_text(text: str) -> None:
    check(text)
    assert words_of(rendered(escaped(text))) == " ".join(text.split())


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_is_shown_as_it_stands(text: str) -> None:
    check(text)
    assert words_of(rendered(f"> {escaped(text)}")).split() == text.split()


@given(st.text(st.sampled_from("[]()<>!`*_~\\&#|:/.-+=1a \n@w"), max_size=30))
def test_any_marks_are_shown_as_they_stand(text: str) -> None:
    check(text)
    assert words_of(rendered(f"> {escaped(text)}")).split() == text.split()


@pytest.mark.parametrize(
    "text", ["https://evil.example/a", "http://evil.example", "www.evil.example", "a@evil.example"]
)
def test_no_address_stands_in_one_piece(text: str) -> None:
    """Programs that look for addresses without any marks find none."""
    assert not re.search(r"https?://|www\.\w|\w@\w", escaped(text))


def test_ordinary_words_are_left_alone() -> None:
    text = 'A berth costs 25 euros (in summer), "half" of it - or less - in winter; see page 7.'
    assert escaped(text) == text


def test_questions_sentences_and_sources_have_their_places() -> None:
    answer = answer_of("The dome is cold.", question="Is it cold?", stand_alone_question="Is the dome cold?")
    assert to_markdown(conversation(answer, title="The dome"), ADDRESS) == (
        "# The dome\n\n## Is it cold?\n\nSearched for: Is the dome cold?\n\n> The dome is cold. \\[1\\]\n\n"
        f"1. The dome is cold., The dome is cold., page 4: <https://docs.example{LINK}>, SHA-256 {SHA256}\n"
    )


def test_without_an_answer_it_says_why() -> None:
    nothing = {"sentences": (), "citations": (), "stand_alone_question": None}
    answer = answer_of("Why?", status=AnswerStatus.NO_ANSWER, reason=NoAnswerReason.NO_DOCUMENTS, **nothing)
    assert to_markdown(conversation(answer), ADDRESS).endswith("## Why?\n\nThere were no documents to search.\n")


def test_what_was_not_found_is_said_with_the_number_of_documents_if_that_was_kept() -> None:
    nothing = {"sentences": (), "citations": (), "stand_alone_question": None}
    answer = answer_of("Why?", status=AnswerStatus.NO_ANSWER, reason=NoAnswerReason.NOT_FOUND, **nothing)
    assert to_markdown(conversation(answer), ADDRESS).endswith("\n\nI did not find it.\n")
    some = replace(answer, documents=1_850)
    assert to_markdown(conversation(some), ADDRESS).endswith("\n\nI did not find it in 1,850 documents.\n")
    one = replace(answer, documents=1)
    assert to_markdown(conversation(one), ADDRESS).endswith("\n\nI did not find it in 1 document.\n")


def test_quotes_that_may_answer_are_given_as_such_with_their_lead_ins() -> None:
    citation = replace(
        citation_of("dogs", title="Rules"),
        lead_in=LeadIn(Span(0, 14), "You may bring:"),
        confidence=Confidence(0.4, "low"),
    )
    answer = answer_of(
        "Why?", status=AnswerStatus.POSSIBLE, sentences=(), citations=(citation,), stand_alone_question=None
    )
    assert to_markdown(conversation(answer), ADDRESS).endswith(
        "## Why?\n\nThis may answer it.\n\n> You may bring: dogs \\[1\\]\n\n"
        f"1. Rules, dogs, page 4: <https://docs.example{LINK}>, SHA-256 {SHA256}, possibly right (40%)\n"
    )


def test_of_a_quote_that_was_recognised_on_a_scan_it_is_said_how_surely() -> None:
    answer = answer_of("dogs", citations=(replace(citation_of("dogs"), recognised=0.94),))
    assert to_markdown(conversation(answer), ADDRESS).endswith(
        f"SHA-256 {SHA256}, recognised from a scan (94% sure): compare it with the page's picture\n"
    )


def test_a_sentence_follows_its_lead_in() -> None:
    citation = replace(citation_of("dogs"), lead_in=LeadIn(Span(0, 14), "You may bring:"))
    text = to_markdown(conversation(answer_of("dogs", citations=(citation,))), ADDRESS)
    assert "\n> You may bring: dogs \\[1\\]\n" in text


def test_what_was_removed_is_said_to_be() -> None:
    gone = citation_of("Words.", title="Rules").without_words()
    answer = answer_of("", question="Why?", stand_alone_question=None, citations=(gone,))
    text = to_markdown(conversation(answer), ADDRESS)
    assert "> (removed) \\[1\\]" in text
    assert "1. Rules, page 4: <" in text
    assert text.endswith(">, the document was removed\n")


def test_several_sentences_are_paragraphs_of_one_quote() -> None:
    answer = answer_of("One.", sentences=(AnswerSentence("One.", (1,)), AnswerSentence("Two.", (2, 3))))
    page = rendered(to_markdown(conversation(answer), ADDRESS))
    assert page.count("<blockquote>") == 1
    assert "<p>One. [1]</p>\n<p>Two. [2][3]</p>" in page


def test_what_was_looked_for_besides_and_the_rest_of_a_list_are_told() -> None:
    answer = answer_of("dogs", citations=(citation_of("dogs"),), also_searched=("guide *dogs*", "pets"))
    answer = replace(answer, steps=Steps(answer.citations[0].place, 7, 3))
    text = to_markdown(conversation(answer), ADDRESS)
    assert "\n\nAlso looked for: guide \\*dogs\\*, pets\n\n" in text
    assert f"\n\n3 of 7 steps; all: <https://docs.example{LINK}>\n\n1. " in text
