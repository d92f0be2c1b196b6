"""A question is cleaned, taken apart, and told by the kind of thing that would answer it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.question import Expects, Question, analyse_question
from rag.errors import InvalidQuestion

EXPECTATIONS = {
    Expects.PERSON: [
        "Who founded the harbour company?",
        "Who's the chair of the board?",
        "Whom did the council appoint?",
        "Whose idea was the bridge?",
        "To whom was the prize given?",
        "Which president signed the treaty?",
        "Which French scientist discovered it?",
        "What is the name of the author?",
        "By whom was the mill built?",
        "Do you know who built it?",
        "Who built the tower where the bell hangs?",
    ],
    Expects.TIME: [
        "When was the bridge opened?",
        "When did the talks begin?",
        "In what year did the fund open?",
        "What year was it?",
        "On which day does the office close?",
        "Which century saw the flood?",
        "How long ago was the mill built?",
        "What date was agreed?",
        "What time does the ferry leave?",
        "Until when is the road closed?",
        "Since when has the factory been closed?",
        "Can you tell me when the bridge opened?",
    ],
    Expects.PLACE: [
        "Where is the lighthouse?",
        "Where did the ship sink?",
        "In which city was the treaty signed?",
        "What country exports the most tin?",
        "Which river flows through the town?",
        "In what state is the park?",
        "Is it known where the ship sank?",
    ],
    Expects.AMOUNT: [
        "How many boats were lost?",
        "How much water does the tank hold?",
        "How far is the island from the coast?",
        "How tall is the tower?",
        "How often does the ferry sail?",
        "What percentage of the votes did she win?",
        "What is the population of the island?",
        "What was the number of visitors?",
        "What share of the market does it hold?",
    ],
    Expects.MONEY: [
        "How much did the bridge cost?",
        "How much money was raised?",
        "How much did the fund offer for the company?",
        "How much was paid for the painting?",
        "How much does a ticket cost?",
        "What was the price of the ticket?",
        "What did the repair cost?",
        "What is the fee?",
        "How much is the company worth?",
        "How expensive is a ticket?",
        "What does it cost?",
    ],
    Expects.DURATION: [
        "How long did the strike last?",
        "How long is the lease?",
        "How old is the tree?",
        "For how long was the harbour closed?",
    ],
    Expects.REASON: [
        "Why was the harbour closed?",
        "What caused the fire?",
        "What led to the strike?",
        "What was the reason for the delay?",
        "For what reason did she resign?",
        "For what purpose was it built?",
        "How come the road is closed?",
        "What are the causes of the decline?",
    ],
    Expects.MANNER: [
        "How was the bridge repaired?",
        "How does the lock work?",
        "How do I reset the pump?",
        "How did she travel when the road was closed?",
    ],
    Expects.CHOICE: [
        "Is the harbour open?",
        "Did the council approve the plan?",
        "Can dogs board the ferry?",
        "Has the museum reopened?",
        "Was the bridge built when the war ended?",
        "Did she resign because of the fire?",
        "Does the museum that shows where the ship sank charge entry?",
        "Do people know who built it?",
    ],
    Expects.THING: [
        "What is a lock?",
        "What did JSR receive?",
        "Which tools are needed?",
        "Name the largest port.",
        "What does the company make?",
        "harbour opening hours",
        "What happened when the dam broke?",
        "What did the man who built the mill grow?",
        "What is the time limit?",
        "What do people eat there?",
        "What did the president say?",
        "What did the city council decide?",
        "Which company did the president visit?",
        "What company does she lead?",
        "What is the state of the talks?",
    ],
}


def analyse(text: str) -> Question:
    return analyse_question(text, max_chars=1_000)


@pytest.mark.parametrize(
    ("text", "expects"),
    [
        pytest.param(text, expects, id=f"{expects.value}-{text}")
        for expects, texts in EXPECTATIONS.items()
        for text in texts
    ],
)
def test_a_question_tells_what_kind_of_thing_would_answer_it(text: str, expects: Expects) -> None:
    assert analyse(text).expects is expects
    assert analyse(text.upper()).expects is expects


def test_every_kind_has_questions() -> None:
    assert set(EXPECTATIONS) == set(Expects)


def test_a_question_is_taken_apart() -> None:
    question = analyse(
        "When did the \N{LATIN CAPITAL LETTER E WITH ACUTE}mile Bridge's 2 towers reach 103.5 metres, and towers fall?"
    )
    assert question.words == ("emile", "bridge", "2", "towers", "reach", "103.5", "metres", "fall")
    assert question.stems == ("emil", "bridg", "2", "tower", "reach", "103.5", "metr", "fall")
    assert question.names == {"emil", "bridg"}
    assert question.numbers == {"2", "103.5"}
    assert question.is_searchable


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("Harbour tolls?", set(), id="the first word may be written large for its place alone"),
        pytest.param("what did JSR receive?", {"jsr"}, id="capitals"),
        pytest.param("Who met Jean-Paul O'Neill?", {"jean", "paul", "o", "neill"}, id="parts of a name"),
        pytest.param("When did I meet The Board?", {"board"}, id="function words are no names"),
        pytest.param("Where is \N{LATIN CAPITAL LETTER O WITH DIAERESIS}rebro?", {"orebro"}, id="accents are folded"),
    ],
)
def test_words_written_large_are_names(text: str, names: set[str]) -> None:
    assert analyse(text).names == names


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("  Who\n\tcame?  ", "Who came?", id="white space"),
        pytest.param("Who\x00came\x07?", "Who came ?", id="control characters"),
        pytest.param("Who\u2028came\u2029?", "Who came ?", id="line and paragraph separators"),
        pytest.param("\ufeffWho\u200b came?\u202e", "Who came?", id="format characters"),
        pytest.param("Who\ud800 came?", "Who came?", id="half a surrogate pair"),
        pytest.param("Cafe\u0301?", "Caf\u00e9?", id="combining marks are composed"),
        pytest.param("Who\u00a0came?", "Who came?", id="a space that does not break"),
        pytest.param("Who \N{ROMAN NUMERAL TWO} came?", "Who \N{ROMAN NUMERAL TWO} came?", id="nothing else changes"),
    ],
)
def test_the_text_is_cleaned(text: str, cleaned: str) -> None:
    assert analyse(text).text == cleaned


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("?!...", id="marks"),
        pytest.param("😀 👍🏽", id="emoji"),
        pytest.param("Who is it, and why?", id="function words"),
        pytest.param('"*" - ()', id="query syntax"),
    ],
)
def test_nothing_can_be_searched_for_without_content_words(text: str) -> None:
    question = analyse(text)
    assert not question.is_searchable
    assert (question.words, question.stems, question.names, question.numbers) == ((), (), frozenset(), frozenset())


@pytest.mark.parametrize("text", ["JSR?", "1912", "東京はどこですか"])
def test_one_content_word_can_be_searched_for(text: str) -> None:
    assert analyse(text).is_searchable


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\x00\x01", "\u200b\ufeff"], ids=ascii)
def test_an_empty_question_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuestion) as caught:
        analyse(text)
    assert str(caught.value) == "The question is empty. Type a question about the documents."


def test_a_question_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert analyse_question("x" * 1_000, max_chars=1_000).text == "x" * 1_000
    with pytest.raises(InvalidQuestion) as caught:
        analyse_question("x" * 1_001, max_chars=1_000)
    assert str(caught.value) == "The question has 1,001 characters; at most 1,000 are read. Shorten it."


@given(st.text(min_size=1, max_size=200))
def test_any_text_is_analysed_or_refused_as_empty(text: str) -> None:
    try:
        question = analyse(text)
    except InvalidQuestion:
        assert not any(unicodedata.category(c)[0] in "LNPS" for c in text)
        return
    assert question.text == analyse(question.text).text
    assert question.text.encode("utf-8")
    assert len(question.words) == len(set(question.words)) == len(question.stems)
    assert question.numbers <= set(question.words)
