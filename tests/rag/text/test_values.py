"""Values are found in a text however they are written, and compared without claiming more than they say."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.values import Value, ValueKind, find_values

FOUND = [
    ("1 200 euros, 1,200 EUR, \u20ac1200", ["1 200 euros", "1,200 EUR", "\u20ac1200"], ValueKind.MONEY),
    (
        "3 March 2024, March 3, 2024, 3rd of March 2024",
        ["3 March 2024", "March 3, 2024", "3rd of March 2024"],
        ValueKind.DATE,
    ),
    ("Open since 1999 and in March.", ["1999", "March"], ValueKind.DATE),
    ("from 9 am to 5:30 p.m. or noon", ["9 am", "5:30 p.m.", "noon"], ValueKind.TIME),
    ("9:00-17:30", ["9:00", "17:30"], ValueKind.TIME),
    (
        "two weeks, 14 days, 2.5kg, 12 % and twice",
        ["two weeks", "14 days", "2.5kg", "12 %", "twice"],
        ValueKind.MEASURE,
    ),
    ("the third floor, the 3rd", ["third", "3rd"], ValueKind.ORDINAL),
    ("twelve books, 1,000,000 pages, 1.2 million words", ["twelve", "1,000,000", "1.2 million"], ValueKind.NUMBER),
    ("on 03/04/2024", ["03/04/2024"], ValueKind.UNCLEAR),
    ("They may march on; X100 and 1.2.3 are codes.", [], ValueKind.NUMBER),
]
PAIRS = [
    ("1 200 euros", "1,200 euros", True),
    ("1.200 euros", "1200 euros", True),
    ("8 euros", "8.50 euros", False),
    ("$3 million", "$3m", True),
    ("12 %", "12 per cent", True),
    ("12 %", "13 percent", False),
    ("1.2 million", "1,204,000", True),
    ("1.2 million", "1,304,000", False),
    ("two weeks", "14 days", True),
    ("two weeks", "15 days", False),
    ("1.2 m", "120 cm", True),
    ("3 March 2024", "March 3, 2024", True),
    ("3 March 2024", "March 2024", True),
    ("3 March 2024", "4 March", False),
    ("9 am", "9:00", True),
    ("9 am", "9 pm", False),
    ("9 am", "09:30", False),
]


def only(text: str) -> Value:
    (value,) = find_values(text)
    return value


@pytest.mark.parametrize(("text", "words", "kind"), FOUND, ids=[row[0] for row in FOUND])
def test_values_are_found(text: str, words: list[str], kind: ValueKind) -> None:
    values = find_values(text)
    assert [value.span.of(text) for value in values] == words
    assert {value.kind for value in values} <= {kind}


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_values_that_may_be_the_same_agree(one: str, other: str, expected: bool) -> None:
    assert only(one).compares_with(only(other))
    assert only(one).agrees_with(only(other)) is only(other).agrees_with(only(one)) is expected


@pytest.mark.parametrize(("one", "other"), [("8 euros", "8 dollars"), ("4 weeks", "1 month"), ("8", "8 kg")])
def test_values_of_different_units_do_not_compare(one: str, other: str) -> None:
    assert not only(one).compares_with(only(other))


def test_an_estimate_may_be_a_fifth_off() -> None:
    assert only("1,000").agrees_with(only("1,200"), is_about=True)
    assert not only("1,000").agrees_with(only("1,300"), is_about=True)


@given(st.text())
def test_values_lie_in_the_text_in_order_and_agree_with_themselves(text: str) -> None:
    values = find_values(text)
    assert all(one.span.end <= other.span.start for one, other in pairwise(values))
    assert all(
        value.span.end <= len(text) and value.agrees_with(value) for value in values if value.kind != ValueKind.UNCLEAR
    )
