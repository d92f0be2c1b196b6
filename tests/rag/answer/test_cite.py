"""A citation is copied by offset, and its context shows whole words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.cite import cite, place_of
from rag.records import Chunk, Citation, Place, Source, Span

SOURCE = Source("d", "Title", "/d.txt")
CONTEXT = 120


def place(start: int, end: int) -> Place:
    return Place(SOURCE, "t" * 64, Span(start, end), "Section", 3)


def test_a_citation_holds_the_quote_its_place_and_what_stands_around() -> None:
    text = "It rained. The harbour closed. It opened again."
    elsewhere = (place(40, 50),)
    assert cite(2, text, place(11, 30), elsewhere) == Citation(
        number=2,
        place=place(11, 30),
        quote="The harbour closed.",
        before="It rained. ",
        after=" It opened again.",
        also_in=elsewhere,
    )


def test_at_the_edges_of_a_document_nothing_stands_around() -> None:
    citation = cite(1, "All of it.", place(0, 10))
    assert (citation.before, citation.quote, citation.after) == ("", "All of it.", "")


def test_long_context_is_cut_between_words() -> None:
    """Words of 10 characters with a space: 120 characters hold ten whole ones (110) and part of another."""
    words = "abcdefghij " * 20
    text = words + "QUOTE" + " abcdefghij" * 20
    citation = cite(1, text, place(len(words), len(words) + 5))
    assert citation.before == "abcdefghij " * 10
    assert citation.after == " abcdefghij" * 10


def test_context_is_also_cut_at_line_ends() -> None:
    lines = "abcdefghij\n" * 20
    citation = cite(1, lines + "QUOTE" + "\nabcdefghij" * 20, place(len(lines), len(lines) + 5))
    assert citation.before == "abcdefghij\n" * 10
    assert citation.after == "\nabcdefghij" * 10


@pytest.mark.parametrize("extra", [0, 1], ids=["all of the context fits", "one character too many"])
def test_context_without_white_space_is_cut_anywhere(extra: int) -> None:
    side = "x" * (CONTEXT + extra)
    citation = cite(1, f"{side}QUOTE{side}", place(len(side), len(side) + 5))
    assert (citation.before, citation.after) == ("x" * CONTEXT, "x" * CONTEXT)


def test_context_that_reaches_the_edge_is_not_cut() -> None:
    side = "word " * 24
    assert len(side) == CONTEXT
    citation = cite(1, f"{side}QUOTE{side[::-1]}", place(len(side), len(side) + 5))
    assert (citation.before, citation.after) == (side, side[::-1])


@given(st.text(min_size=1), st.data())
def test_a_quote_is_what_stands_at_its_place_with_its_context_beside_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    citation = cite(1, text, place(start, end))
    assert citation.quote == text[start:end]
    assert text[:start].endswith(citation.before)
    assert text[end:].startswith(citation.after)
    assert max(len(citation.before), len(citation.after)) <= CONTEXT


def test_a_place_names_the_document_and_the_version_that_a_passage_came_from() -> None:
    chunk = Chunk(5, SOURCE, "t" * 64, Span(0, 50), "x" * 50, "Section", 3, ())
    assert place_of(chunk, Span(11, 30), section="Section", page=3) == place(11, 30)
