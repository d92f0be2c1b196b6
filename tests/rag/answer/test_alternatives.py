"""A question some words of which the documents have others for: its vector, its BM25, and how it is read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from rag.answer.alternatives import as_documents_say, embed_wordings, looked_for, scored_by_words, with_alternatives
from rag.answer.glossary import Glossary, read_glossary
from rag.answer.question import Question, analyse_question
from rag.records import Chunk, Hit, Source, Span
from tests.support.fakes import HashEmbedder

GLOSSARY = read_glossary(b"Entgeltfortzahlung|statutory sickness payment,sick pay\nannual leave,holidays")
ASKED = "How much sick pay in May?"


def question_of(text: str, glossary: Glossary = GLOSSARY) -> Question:
    return with_alternatives(analyse_question(text, max_chars=200), glossary)


def weight(found: int) -> float:
    """Of a word that `found` of 100 passages hold: N = 150."""
    return math.log(1 + (150 - found + 0.5) / (found + 0.5))


class Words:
    """BM25 of passages by the words that they are given to hold, the weight of each, once."""

    def __init__(self, passages: Mapping[int, Sequence[str]], frequencies: Mapping[str, int]) -> None:
        self.passages, self.frequencies = passages, frequencies

    def __call__(self, words: Sequence[str], most: int) -> tuple[dict[int, float], dict[str, int]]:
        scores = {i: sum(weight(self.frequencies[w]) for w in words if w in held) for i, held in self.passages.items()}
        best = sorted((pair for pair in scores.items() if pair[1]), key=lambda pair: (-pair[1], pair[0]))
        return dict(best[:most]), {word: self.frequencies.get(word, 0) for word in words}


FREQUENCIES = {"sick": 10, "pay": 20, "may": 30, "entgeltfortzahlung": 1, "statutory": 4, "sickness": 6, "payment": 9}


def scored(passages: Mapping[int, Sequence[str]], text: str = "How much sick pay in the spring?") -> dict[int, float]:
    found, _ = scored_by_words(question_of(text), 100, Words(passages, {**FREQUENCIES, "spring": 8}), 10)
    return {i: round(score, 6) for i, score in found.items()}


def test_a_question_without_words_of_the_glossary_is_what_it_was() -> None:
    plain = analyse_question("Who paints the lighthouse?", max_chars=100)
    assert with_alternatives(plain, GLOSSARY) is plain
    assert with_alternatives(plain, Glossary()) is plain
    assert as_documents_say(plain, []) is plain
    assert looked_for(plain) == ()
    embedder = HashEmbedder()
    assert embed_wordings(plain, embedder.embed_question).tobytes() == embedder.embed_question(plain.text).tobytes()


def test_what_is_looked_for_besides_is_named_once() -> None:
    assert looked_for(question_of("sick pay, or sick pay on holidays")) == (
        "Entgeltfortzahlung",
        "statutory sickness payment",
        "annual leave",
    )


def test_the_vector_lies_between_those_of_all_wordings() -> None:
    embed = HashEmbedder().embed_question
    texts = (ASKED, "How much Entgeltfortzahlung in May?", "How much statutory sickness payment in May?")
    between = np.sum([embed(text) for text in texts], axis=0)
    found = embed_wordings(question_of(ASKED), embed)
    assert found.dtype == np.float32
    assert found == pytest.approx(between / np.linalg.norm(between), abs=1e-6)


def test_another_wording_counts_for_as_much_as_the_word_that_was_asked() -> None:
    """Each passage holds one whole wording: none is worth more than "sick pay" itself."""
    asked = weight(10) + weight(20)
    passages = {1: ["sick", "pay"], 2: ["entgeltfortzahlung"], 3: ["statutory", "sickness", "payment"]}
    assert scored(passages) == dict.fromkeys(passages, round(asked, 6))


def test_the_best_wording_counts_and_not_the_sum() -> None:
    asked = weight(10) + weight(20)
    assert scored({1: ["sick", "pay", "entgeltfortzahlung", "payment"]}) == {1: round(asked, 6)}


def test_a_part_of_a_wording_counts_for_its_part() -> None:
    asked, other = weight(10) + weight(20), weight(4) + weight(6) + weight(9)
    found = scored({1: ["payment"], 2: ["payment", "pay"], 3: ["spring"], 4: ["spring", "entgeltfortzahlung"]})
    assert found == {
        4: round(asked + weight(8), 6),
        1: round(weight(9) / other * asked, 6),
        2: round(max(weight(9) / other * asked, weight(20)), 6),
        3: round(weight(8), 6),
    }


def test_frequencies_of_all_wordings_are_known_afterwards() -> None:
    _, frequencies = scored_by_words(question_of("sick pay spring"), 100, Words({}, {}), 10)
    assert set(frequencies) == {"sick", "pay", "spring", "entgeltfortzahlung", "statutory", "sickness", "payment"}


def a_hit(text: str, title: str = "Rules") -> Hit:
    return Hit(Chunk(1, Source("d", title, "/d.md"), "t", Span(0, len(text)), text, "", None, ()), 1.0)


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        pytest.param(["A statutory sickness payment is due."], "How much statutory sickness payment in May?", id="one"),
        pytest.param(
            ["No such thing.", "Die Entgeltfortzahlung endet."], "How much Entgeltfortzahlung in May?", id="2nd"
        ),
        pytest.param(["Sick pay ends.", "Die Entgeltfortzahlung endet."], ASKED, id="the question's own"),
        pytest.param(["A sickness is no payment."], ASKED, id="half of one"),
        pytest.param([], ASKED, id="no passages"),
    ],
)
def test_it_is_read_in_the_words_that_the_best_passage_has(texts: list[str], read: str) -> None:
    question = question_of(ASKED)
    found = as_documents_say(question, [a_hit(text) for text in texts])
    assert (found.text, found.expects, found.alternatives) == (read, question.expects, question.alternatives)


def test_a_title_holds_the_documents_words_too() -> None:
    assert as_documents_say(question_of("my holidays?"), [a_hit("24 days.", title="Annual leave")]).words == (
        "annual",
        "leave",
    )
