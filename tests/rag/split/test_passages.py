"""Passages hold every quotable sentence, in order, inside one section and inside the model's window."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.records import Block, BlockKind, Document, Passage, Sentence, SentenceKind, Source, Span
from rag.split.passages import chunk_sentences

STATEMENT, QUESTION = SentenceKind.STATEMENT, SentenceKind.QUESTION
# (words in the sentence, section, kind, page)
Row = tuple[int, str, SentenceKind, int | None]


def count_words(text: str) -> int:
    return len(text.split())


def a_document(rows: list[Row], title: str = "Title") -> tuple[Document, list[Sentence]]:
    """A document with a line for each row; the words of sentence 3 are "3a 3a 3a"."""
    sentences, lines, start = [], [], 0
    for number, (words, section, kind, page) in enumerate(rows):
        line = " ".join([f"{number}a"] * words)
        sentences.append(Sentence(Span(start, start + len(line)), kind, section, page))
        lines.append(line)
        start += len(line) + 1
    text = "\n".join(lines)
    blocks = (Block(Span(0, len(text)), BlockKind.PARAGRAPH),) if text else ()
    return Document(Source("d", title, "/d.txt"), text, blocks, "c" * 64, "t" * 64), sentences


def chunk(rows: list[Row], *, title: str = "Title", max_tokens: int = 20) -> list[Passage]:
    document, sentences = a_document(rows, title)
    return chunk_sentences(document, sentences, count_tokens=count_words, max_tokens=max_tokens)


def statements(*lengths: int, section: str = "") -> list[Row]:
    return [(words, section, STATEMENT, None) for words in lengths]


def ranges(passages: list[Passage]) -> list[tuple[int, int]]:
    return [(passage.first, passage.last) for passage in passages]


def test_a_passage_knows_its_place_and_what_is_searched() -> None:
    rows: list[Row] = [
        (1, "Guide", SentenceKind.HEADING, 7),
        (2, "Guide > Install", STATEMENT, 7),
        (1, "Guide > Install", STATEMENT, 8),
    ]
    assert chunk(rows) == [
        Passage(
            first=1,
            last=3,
            span=Span(3, 11),
            section="Guide > Install",
            page=7,
            search_text="Title\nGuide > Install\n1a 1a 2a",
        )
    ]


def test_a_document_without_sentences_has_no_passages() -> None:
    assert chunk([]) == []


def test_a_document_without_quotable_sentences_has_no_passages() -> None:
    assert chunk([(2, "", SentenceKind.HEADING, None), (1, "", SentenceKind.CREDIT, None)]) == []


def test_what_cannot_be_quoted_is_not_searched_either() -> None:
    rows = [*statements(2), (3, "", SentenceKind.CREDIT, None), *statements(2)]
    assert [p.search_text for p in chunk(rows)] == ["Title\n0a 0a 2a 2a"]


def test_sentences_that_fit_are_one_passage() -> None:
    """The window of 20 has 2 tokens for marks and 1 for the title: 17 are left."""
    assert ranges(chunk(statements(9, 8))) == [(0, 2)]


def test_one_token_more_makes_two_passages() -> None:
    assert ranges(chunk(statements(9, 9))) == [(0, 1), (1, 2)]


def test_passages_are_about_equally_long() -> None:
    """Eight sentences of 3 are 24 tokens for 17: two passages of 12, not one of 15 and one of 9."""
    assert ranges(chunk(statements(*[3] * 8))) == [(0, 4), (4, 8)]


def test_a_sentence_longer_than_the_window_is_a_passage_of_its_own() -> None:
    assert ranges(chunk(statements(2, 40, 2))) == [(0, 1), (1, 2), (2, 3)]


def test_a_section_ends_a_passage() -> None:
    rows = [*statements(2, 2, section="A"), *statements(2, section="B"), *statements(2, section="A")]
    assert [(p.first, p.last, p.section) for p in chunk(rows)] == [(0, 2, "A"), (2, 3, "B"), (3, 4, "A")]


def test_no_sentence_is_in_two_passages() -> None:
    """Six sentences of 6 for a window that has 17: two fit."""
    assert ranges(chunk(statements(*[6] * 6))) == [(0, 2), (2, 4), (4, 6)]


@pytest.mark.parametrize(
    ("title", "section", "heading"),
    [
        pytest.param("Guide", "", "Guide\n", id="no section"),
        pytest.param("Guide", "Install", "Guide\nInstall\n", id="title and section"),
        pytest.param("Guide", "Guide", "Guide\n", id="a section that is the title"),
        pytest.param("Guide", "Guide > Install > Linux", "Guide\nInstall > Linux\n", id="a section under the title"),
        pytest.param("", "Install", "Install\n", id="no title"),
        pytest.param("w " * 40 + "w", "Install", "Install\n", id="a title of 41 tokens would crowd out the text"),
        pytest.param("Guide", "w " * 40 + "w", "Guide\n", id="so would a section"),
        pytest.param(
            "Guide",
            "w " * 30 + "> Install > " + "v " * 37 + "> Linux",
            "Guide\n" + "v " * 37 + "> Linux\n",
            id="of a long path what stands nearest to the text",
        ),
    ],
)
def test_the_search_text_begins_with_title_and_section(title: str, section: str, heading: str) -> None:
    (passage,) = chunk(statements(1, section=section), title=title, max_tokens=128)
    assert passage.search_text == heading + "0a"


def test_a_question_is_searched_with_what_follows_it() -> None:
    rows: list[Row] = [(3, "", QUESTION, None), *statements(3, 3), (3, "", QUESTION, None), *statements(3, 3)]
    assert [p.search_text for p in chunk(rows, title="", max_tokens=11)] == [
        "0a 0a 0a 1a 1a 1a 2a 2a 2a",
        "3a 3a 3a 4a 4a 4a 5a 5a 5a",
    ]


def test_a_question_that_a_passage_would_end_with_begins_the_next_one() -> None:
    rows: list[Row] = [*statements(3, 3), (2, "", QUESTION, None), *statements(3, 3)]
    assert ranges(chunk(rows, title="", max_tokens=11)) == [(0, 2), (2, 5)]


def test_questions_alone_are_no_passage() -> None:
    assert chunk([(2, "", QUESTION, None), (3, "", QUESTION, None)]) == []


ROWS = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from(["", "A", "A > B"]),
        st.sampled_from([STATEMENT, STATEMENT, STATEMENT, SentenceKind.FRAGMENT, QUESTION]),
        st.just(None),
    ),
    max_size=25,
)


@given(ROWS, st.integers(8, 40))
def test_every_quotable_sentence_is_in_one_passage_and_passages_are_in_order(rows: list[Row], max_tokens: int) -> None:
    passages = chunk(rows, max_tokens=max_tokens)
    quotable = [i for i, row in enumerate(rows) if row[2] is STATEMENT]
    assert [i for p in passages for i in range(p.first, p.last) if i in quotable] == quotable
    assert all(one.first < other.first and one.last < other.last for one, other in pairwise(passages))


@given(ROWS, st.integers(8, 40))
def test_a_passage_keeps_to_one_section_and_to_the_window(rows: list[Row], max_tokens: int) -> None:
    document, sentences = a_document(rows)
    for passage in chunk(rows, max_tokens=max_tokens):
        inside = [s for s in sentences[passage.first : passage.last] if s.kind in (STATEMENT, QUESTION)]
        assert any(s.kind is STATEMENT for s in inside)
        assert {s.section for s in inside} == {passage.section}
        assert passage.span == Span(inside[0].span.start, inside[-1].span.end)
        assert passage.search_text.endswith(" ".join(s.span.of(document.text) for s in inside))
        # two tokens are the model's own marks
        assert count_words(passage.search_text) + 2 <= max_tokens or len(inside) == 1


def test_a_longer_title_leaves_less_room() -> None:
    rows = statements(8, 8)
    assert ranges(chunk(rows, title="one two")) == [(0, 2)]
    assert ranges(chunk(rows, title="one two three")) == [(0, 1), (1, 2)]


def test_the_same_sentences_give_the_same_passages() -> None:
    document, sentences = a_document(statements(5, 5, 5, 5))
    other = replace(document, source=replace(document.source, id="other"))
    given_both = [chunk_sentences(d, sentences, count_tokens=count_words, max_tokens=20) for d in (document, other)]
    assert given_both[0] == given_both[1]
