"""The sentences of the found passages, the one that answers first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from rag.answer.extract import extract
from rag.answer.question import Question, analyse_question
from rag.answer.word_weights import word_weights
from rag.records import Extract, Hit, SentenceKind
from tests.support.scenes import Line, Page

HARBOUR = Page(
    "harbour",
    Line("Harbour", kind=SentenceKind.HEADING),
    "The harbour of Norwick lies behind two stone walls.",
    "It was opened on 3 May 1912 by Jane Calder, the mayor of Norwick.",
    "Building the harbour cost the town 40,000 pounds.",
    "The harbour was closed in winter because ice blocked the entrance.",
    "Boats moor along the inner wall.",
    Line("Photo: the harbour was opened by Tom Reed in 1999.", kind=SentenceKind.CREDIT),
)


def ask(text: str) -> Question:
    return analyse_question(text, max_chars=1_000)


def extracts(question: str, hits: Sequence[Hit], frequencies: Mapping[str, int] | None = None) -> list[Extract]:
    asked = ask(question)
    return extract(asked, hits, word_weights(asked, frequencies or {}, 10))


@pytest.mark.parametrize(
    ("question", "sentence", "highlight"),
    [
        pytest.param("When was the harbour opened?", 2, "3 May 1912", id="when"),
        pytest.param("Who opened the harbour?", 2, "Jane Calder", id="who"),
        pytest.param("How much did building the harbour cost?", 3, "40,000 pounds", id="how much"),
        pytest.param("Why was the harbour closed?", 4, "because", id="why"),
        pytest.param("Where do boats moor?", 5, "Boats moor along the inner wall.", id="where, without a name"),
    ],
)
def test_the_sentence_that_answers_comes_first(question: str, sentence: int, highlight: str) -> None:
    best = extracts(question, [HARBOUR.hit()])[0]
    assert best.sentence.text == HARBOUR.lines[sentence].text
    assert best.highlight.of(HARBOUR.text) == highlight


def test_every_quotable_sentence_comes_out_once_and_nothing_else_does() -> None:
    found = extracts("Who opened the harbour?", [HARBOUR.hit()])
    assert sorted(e.sentence.position for e in found) == [1, 2, 3, 4, 5]


def test_extracts_are_in_order_of_score() -> None:
    scores = [e.score for e in extracts("Who opened the harbour?", [HARBOUR.hit()])]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


def test_a_sentence_in_two_passages_counts_once_where_it_scores_best() -> None:
    """Alone in its passage the sentence has no neighbour that names the harbour."""
    hits = [HARBOUR.hit(2, 3, chunk_id=1), HARBOUR.hit(1, 4, chunk_id=2)]
    question = "Who opened the harbour of Norwick?"
    both = [e for e in extracts(question, hits) if e.sentence.position == 2]
    apart = [e for hit in hits for e in extracts(question, [hit]) if e.sentence.position == 2]
    assert len(both) == 1
    assert both[0].hit.chunk.id == max(apart, key=lambda e: e.score).hit.chunk.id


def test_the_same_sentence_in_two_documents_is_two_extracts() -> None:
    twin = Page("twin", HARBOUR.lines[2])
    found = extracts("Who opened the harbour?", [HARBOUR.hit(), twin.hit(chunk_id=2)])
    ids = {e.hit.chunk.source.id for e in found if e.sentence.text == HARBOUR.lines[2].text}
    assert ids == {"harbour", "twin"}


def test_ties_keep_the_order_of_the_text() -> None:
    page = Page("same", "Rope is sold.", "Salt is sold.", "Soap is sold.", "Coal is sold.", "Corn is sold.")
    inner = [e.sentence.position for e in extracts("Who opened it?", [page.hit()]) if e.sentence.position in (1, 2, 3)]
    assert inner == [1, 2, 3]


def test_the_highlight_lies_inside_the_sentence() -> None:
    for question in ("Who opened it?", "When was it opened?", "Is it open?", "Why is it closed?"):
        for found in extracts(question, [HARBOUR.hit()]):
            assert found.sentence.span.start <= found.highlight.start
            assert found.highlight.end <= found.sentence.span.end


def test_a_question_of_no_known_kind_marks_the_whole_sentence() -> None:
    best = extracts("Is the harbour closed in winter?", [HARBOUR.hit()])[0]
    assert best.highlight == best.sentence.span


def test_no_hits_give_no_extracts() -> None:
    assert extracts("Who opened the harbour?", []) == []


def test_a_passage_without_quotable_sentences_gives_no_extracts() -> None:
    assert extracts("Who opened the harbour?", [HARBOUR.hit(6)]) == []


@pytest.mark.parametrize(
    ("question", "found"), [("Πότε άνοιξε το λιμάνι;", 0), ("Wann öffnete der Hafen?", 5), ("1912?", 5)]
)
def test_a_sentence_in_another_script_than_the_question_is_no_extract(question: str, found: int) -> None:
    assert len(extracts(question, [HARBOUR.hit()])) == found


def test_the_same_question_gives_the_same_extracts() -> None:
    assert extracts("Who opened it?", [HARBOUR.hit()]) == extracts("Who opened it?", [HARBOUR.hit()])


def test_a_passage_that_scored_nothing_is_read_all_the_same() -> None:
    assert len(extracts("Who opened it?", [HARBOUR.hit(score=0.0)])) == 5


def test_what_repeats_the_question_is_not_quoted_and_does_not_help_what_stands_beside_it() -> None:
    """As if the passage had the other sentence alone."""
    asked = "When was the harbour of Norwick opened?"
    beside = Page("list", asked, "That is settled on page nine of the register.").hit()
    alone = Page("list", "That is settled on page nine of the register.").hit()
    (found,), (expected,) = extracts(asked, [beside]), extracts(asked, [alone])
    assert (found.sentence.text, found.features) == (expected.sentence.text, expected.features)
