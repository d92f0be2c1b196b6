"""A conversation as Markdown: rendered, it shows the words as they stand, and links to nothing but the cited places."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.records import Conversation, Turn
from rag.transcript import escaped, to_markdown

ADDRESS = "https://docs.example/"
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


def body(text: str, **more: Any) -> dict[str, Any]:
    """An answer with the text wherever a document or a person can put some."""
    citation = {
        "number": 1,
        "document": {"id": "a", "title": text, "url": "https://evil.example/"},
        "page": 4,
        "section": text,
        "link": LINK,
        "sha256": "ab" * 32,
        "removed": False,
    }
    return {
        "question": text,
        "stand_alone_question": text,
        "reason": None,
        "answer": {"sentences": [{"text": text, "citations": [1]}]},
        "citations": [citation],
        **more,
    }


def conversation(*shown: dict[str, Any], title: str = "Title") -> Conversation:
    turns = tuple(Turn(number, "2026-11-23T09:00:00+00:00", body) for number, body in enumerate(shown, 1))
    return Conversation("x" * 22, title, "2026-11-23T09:00:00+00:00", "", "", turns)


def rendered(markdown: str) -> str:
    """As GitHub and others render it: tables, strikethrough, and HTML that is let through."""
    return MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown)


def words_of(rendered: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", rendered)).split())


def check(text: str) -> None:
    page = rendered(to_markdown(conversation(body(text), title=text), ADDRESS))
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
    shown = body("The dome is cold.", question="Is it cold?", stand_alone_question="Is the dome cold?")
    assert to_markdown(conversation(shown, title="The dome"), ADDRESS) == (
        "# The dome\n\n## Is it cold?\n\nSearched for: Is the dome cold?\n\n> The dome is cold. \\[1\\]\n\n"
        f"1. The dome is cold., The dome is cold., page 4: <https://docs.example{LINK}>, SHA-256 {'ab' * 32}\n"
    )


def test_without_an_answer_it_says_why() -> None:
    shown = body("Why?", answer=None, citations=[], reason="not_in_documents", stand_alone_question=None)
    assert to_markdown(conversation(shown), ADDRESS).endswith("## Why?\n\nThe documents do not say.\n")


def test_what_was_removed_is_said_to_be() -> None:
    shown = body("", question="Why?", stand_alone_question=None)
    shown["citations"][0] |= {"removed": True, "document": {"id": "a", "title": "Rules"}}
    text = to_markdown(conversation(shown), ADDRESS)
    assert "> (removed) \\[1\\]" in text
    assert "1. Rules, page 4: <" in text
    assert text.endswith(">, the document was removed\n")


def test_several_sentences_are_paragraphs_of_one_quote() -> None:
    shown = body("One.")
    shown["answer"] = {"sentences": [{"text": "One.", "citations": [1]}, {"text": "Two.", "citations": [2, 3]}]}
    page = rendered(to_markdown(conversation(shown), ADDRESS))
    assert page.count("<blockquote>") == 1
    assert "<p>One. [1]</p>\n<p>Two. [2][3]</p>" in page
