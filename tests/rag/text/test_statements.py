"""Two sentences say the same when their content words and their numbers agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.statements import same_statement

TABLE = [
    ("The fund offered 9 billion yen.", "A fund offered 9 billion yen on Monday.", True, "a few words more"),
    ("The harbour was closed by ice.", "The harbour was closed by ice.", True, "word for word"),
    ("The harbours were closing.", "The harbour was closed.", True, "other forms of the words"),
    ("Ms Calder opened the new bridge.", "MS CALDER OPENED THE NEW BRIDGE!", True, "capitals and marks"),
    ("Caf\u00e9 Norwick reopened in June.", "Cafe Norwick reopened in June.", True, "accents"),
    ("Why?", "Why?", True, "no content words, but the same"),
    ("The fund offered 9 billion yen.", "The fund offered 8 billion yen.", False, "another number"),
    ("The fund offered 903.9 billion yen.", "The fund offered 903 billion yen.", False, "another fraction"),
    ("The fund offered 9 billion yen.", "The fund offered a billion yen.", False, "a number on one side"),
    ("The harbour was closed by ice.", "The harbour was built by monks.", False, "another verb"),
    (
        "A loan of a book from the hall lasts four weeks.",
        "A loan of a book from the hall lasts six weeks.",
        False,
        "words",
    ),
    ("Books of the hall may be renewed.", "Books of the hall may not be renewed.", False, "one denies it"),
    ("The rates office isn't open on Monday.", "The rates office is not open on Monday.", True, "both deny it"),
    ("The desk is open 24/7 in July.", "The desk is open 24/7 in July, too.", True, "a value that is not understood"),
    ("Ice.", "Ice closed the harbour of Norwick in the hard winter of that year.", False, "one is far longer"),
    ("Why?", "Who?", False, "no content words to compare"),
    ("", "The harbour was closed.", False, "nothing"),
]


@pytest.mark.parametrize(("one", "other", "expected"), [pytest.param(*row[:3], id=row[3]) for row in TABLE])
def test_sentences_that_say_the_same(one: str, other: str, expected: bool) -> None:
    assert same_statement(one, other) is expected
    assert same_statement(other, one) is expected


@given(st.text())
def test_a_sentence_says_the_same_as_itself(text: str) -> None:
    assert same_statement(text, text)
