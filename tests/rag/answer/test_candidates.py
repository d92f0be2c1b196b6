"""What a sentence holds that could answer: found by kind, inside the sentence, in linear time."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.candidates import find_candidates, has_pattern
from rag.answer.question import Expects, Question, analyse_question
from tests.support.effort import grows_at_most

ASKING = {
    Expects.TIME: "When?",
    Expects.PERSON: "Who?",
    Expects.PLACE: "Where?",
    Expects.AMOUNT: "How many?",
    Expects.MONEY: "How much money?",
    Expects.DURATION: "How long?",
    Expects.REASON: "Why?",
    Expects.MANNER: "How?",
}
TABLE = [
    (Expects.TIME, "It opened on 3 May 1912, they said.", ["3 May 1912"]),
    (Expects.TIME, "It opened on Wednesday, January 5th, 2011.", ["Wednesday, January 5th, 2011"]),
    (Expects.TIME, "It opened on March 2, 1950 and shut in June.", ["March 2, 1950", "June"]),
    (Expects.TIME, "In May the board may meet.", ["May"]),
    (Expects.TIME, "On Monday it stayed shut until 2024.", ["Monday", "2024"]),
    (Expects.TIME, "The 19th century mill fell in the twentieth century.", ["19th century", "twentieth century"]),
    (Expects.TIME, "It began in the early 1900s, or in mid-1912.", ["early 1900s", "mid-1912"]),
    (Expects.TIME, "It was rebuilt in the 1950s.", ["the 1950s"]),
    (Expects.TIME, "It closed two years ago, and again last spring.", ["two years ago", "last spring"]),
    (Expects.TIME, "They met at 5 p.m. yesterday, not at 10:30 am.", ["5 p.m.", "yesterday", "10:30 am"]),
    (Expects.TIME, "The city fell in 44 BC.", ["44 BC"]),
    (Expects.TIME, "No date is known.", []),
    (Expects.PERSON, "It was opened by Jane van der Berg of the Board.", ["Jane van der Berg of the Board"]),
    (Expects.PERSON, "Mr. O'Neill met J. R. Jones.", ["Mr. O'Neill", "J. R. Jones"]),
    (Expects.PERSON, "It was \u00c9mile's idea.", ["\u00c9mile's"]),
    (Expects.PERSON, "It was closed by the iPhone user.", []),
    (Expects.PLACE, "It sank in the North Sea near Den Helder.", ["North Sea", "Den Helder"]),
    (Expects.PLACE, "From Paris it went to London.", ["Paris", "London"]),
    (Expects.PLACE, "In it lay deep water.", []),
    (Expects.AMOUNT, "There were twenty-five boats and 1,250.5 nets.", ["twenty-five", "1,250.5"]),
    (Expects.AMOUNT, "About 40 percent, or 3.5 million, left.", ["40 percent", "3.5 million"]),
    (Expects.AMOUNT, "It sails once a day.", ["once"]),
    (Expects.AMOUNT, "All boats left.", []),
    (Expects.MONEY, "It cost $3.5 million, then \u20ac40 and US$ 5m.", ["$3.5 million", "\u20ac40", "US$ 5m"]),
    (Expects.MONEY, "They paid 9 billion yen and two million dollars.", ["9 billion yen", "two million dollars"]),
    (Expects.MONEY, "In 1912 it cost a lot.", []),
    (Expects.DURATION, "It lasted three weeks, from 1912 to 1915.", ["three weeks", "1912 to 1915"]),
    (Expects.DURATION, "It is a ten-minute walk.", ["ten-minute"]),
    (Expects.DURATION, "It lasted long.", []),
    (Expects.REASON, "It closed because of ice, to avoid harm.", ["because", "to avoid"]),
    (Expects.REASON, "Due to fog it closed.", ["Due to"]),
    (Expects.REASON, "It closed.", []),
    (Expects.MANNER, "It was slowly repaired with rope.", ["slowly", "with rope"]),
    (Expects.MANNER, "It broke.", []),
]  # fmt: skip


def ask(text: str) -> Question:
    return analyse_question(text, max_chars=1_000)


def found(question: str, sentence: str) -> list[str]:
    return [span.of(sentence) for span in find_candidates(ask(question), sentence)]


@pytest.mark.parametrize(("kind", "question"), ASKING.items(), ids=lambda value: str(value))
def test_the_questions_of_this_file_ask_for_their_kind(kind: Expects, question: str) -> None:
    assert ask(question).expects is kind


@pytest.mark.parametrize(
    ("kind", "sentence", "expected"), [pytest.param(*row, id=f"{row[0].value}-{row[1]}") for row in TABLE]
)
def test_candidates_are_of_the_kind_asked_for(kind: Expects, sentence: str, expected: list[str]) -> None:
    assert found(ASKING[kind], sentence) == expected


def test_what_the_question_says_already_is_no_candidate() -> None:
    sentence = "The Harbour Board met Jane Jones in 1912 and in 1913."
    assert found("Who met the Harbour Board?", sentence) == ["Jane Jones"]
    assert found("Who met Jane Jones?", sentence) == ["The Harbour Board"]
    assert found("When in 1912 did they meet?", sentence) == ["1913"]


@pytest.mark.parametrize("question", ["What is it?", "Is it open?"])
def test_a_question_without_a_pattern_has_no_candidates_and_says_so(question: str) -> None:
    assert not has_pattern(ask(question))
    assert found(question, "Jane Jones paid $5 in London in 1912.") == []


@pytest.mark.parametrize("question", ASKING.values())
def test_the_other_kinds_have_a_pattern(question: str) -> None:
    assert has_pattern(ask(question))


PIECES = st.sampled_from(["A", "a", " ", "1", ",", ".", "-", "May ", "the ", "of ", "in ", "one ", "$", "\u2019", "\n"])


@given(st.sampled_from(list(ASKING.values())), st.text() | st.lists(PIECES, max_size=60).map("".join))
def test_candidates_lie_inside_any_text_in_order_without_overlap(question: str, sentence: str) -> None:
    spans = find_candidates(ask(question), sentence)
    assert all(span.end <= len(sentence) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@given(st.sampled_from([Expects.TIME, Expects.PERSON, Expects.PLACE, Expects.AMOUNT]), st.lists(PIECES).map("".join))
def test_candidates_begin_and_end_with_something_visible(kind: Expects, sentence: str) -> None:
    assert all(text == text.strip() for text in found(ASKING[kind], sentence))


@pytest.mark.parametrize(
    "unit", ["x", "1", " ", "A", "1,", "1 ", "A ", "A.", "A\u2019", "one ", "in the ", "May ", "-"]
)
def test_time_grows_with_length_and_not_with_its_square(unit: str) -> None:
    """Sixteen times the text may take sixteen times as long; 64 leaves room for noise, the square would be 256."""
    for question in ASKING.values():
        asked = ask(question)

        def find(characters: int, number: int, asked: Question = asked) -> None:
            find_candidates(asked, f"{(unit * characters)[:characters]}{number}")

        grows_at_most(64, partial(find, 2_000), partial(find, 32_000))
