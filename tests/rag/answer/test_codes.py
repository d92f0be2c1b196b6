"""Codes in questions and quotes: which is which, and when a quote is about another one."""

from __future__ import annotations

import pytest

from rag.answer.codes import Code, codes_in, is_about_another_code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("The pump shows E02.", [Code("e", "02")]),
        ("form f-2 and QI\u201121", [Code("f", "2"), Code("qi", "21")]),
        ("W-07E holds at Elm Cross", [Code("w", "07e")]),
        ("In 2024 we paid £300 for 10am flights, room 1.04, DN 300", []),
        ("", []),
    ],
)
def test_a_code_is_letters_and_a_number_without_a_space(text: str, codes: list[Code]) -> None:
    assert codes_in(text) == codes


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("The pump shows E02. For how long does it run on?", "Code: E09; What to do: the pump runs on for 24 hours"),
        ("what does e-5 mean", "Display: E4; Meaning: Service needed"),
        ("Does CR-2 hold for cars?", "Motor claims follow CR-3."),
    ],
)
def test_a_quote_with_another_code_of_the_same_letters_is_about_that_one(question: str, quote: str) -> None:
    assert is_about_another_code(question, "Rules > Codes", quote)


@pytest.mark.parametrize(
    ("question", "heading", "quote"),
    [
        ("What does E02 mean?", "Codes", "Code: E02; Meaning: Dry running, seldom E09"),
        ("How are amounts written in PX3?", "PX3", "PX2 had the sign behind the amount."),
        ("Does W-07 hold at Elm Cross?", "Rules", "Elm Cross works by W-07E."),
        ("Where do I send form F-2?", "Forms", "Forms go to room 12."),
        ("Where do I send form F-2?", "Forms", "Order QI-21 says where forms go."),
        ("Where do I send the form?", "Forms", "Form F-2 goes to room 12."),
    ],
)
def test_any_other_quote_is_not(question: str, heading: str, quote: str) -> None:
    assert not is_about_another_code(question, heading, quote)
