"""Two documents disagree when they say the same but for the value that answers, and not before."""

from __future__ import annotations

import pytest

from rag.answer.candidates import find_candidates
from rag.answer.disagreement import find_disagreement
from rag.answer.question import analyse_question
from rag.records import Extract, Span
from tests.support.scenes import Page

FEE = "How much is the day ticket for the pool?"
LOAN = "How long may a book be kept?"
HOURS = "When does the reading room open?"
DEADLINE = "When is the deadline for applications?"
CHAIR = "Who is the chair of the rowing club?"
# Question, a sentence of one document, a sentence of another, whether they disagree.
TABLE = [
    (FEE, "A day ticket for the pool costs 8 euros.", "The day ticket for the pool is 9 euros.", True),
    (FEE, "A day ticket for the pool costs 1,200 yen.", "A day ticket for the pool costs 1 300 yen.", True),
    (FEE, "A day ticket for the pool costs 1,200 yen.", "A day ticket for the pool costs 1 200 yen.", False),
    (FEE, "A day ticket for the pool costs 8 euros.", "A day ticket for the pool costs 4 euros for children.", False),
    (FEE, "A day ticket for the pool costs 8 euros.", "A day ticket for the pool costs 8 dollars.", False),
    (FEE, "A day ticket for the pool costs 8 euros.", "A day ticket for the pool cost 7 euros in 2019.", False),
    (FEE, "A day ticket for the pool costs 8 euros.", "A day ticket for the pool will be 9 euros.", False),
    (FEE, "A day ticket for the pool costs 8 euros.", "A week ticket for the pool costs 30 euros.", False),
    (FEE, "It costs 8 euros for a day ticket.", "It costs 9 euros for a day ticket.", False),
    (LOAN, "A book may be kept for four weeks.", "A book may be kept for six weeks.", True),
    (LOAN, "A book may be kept for two weeks.", "A book may be kept for 14 days.", False),
    (LOAN, "A book may be kept for four weeks.", "A book may be kept for a month.", False),
    (LOAN, "A book may be kept for four weeks.", "A new book may be kept for one week.", False),
    (LOAN, "A book may be kept for at most four weeks.", "A book may be kept for at least two weeks.", False),
    (LOAN, "A book may be kept for up to four weeks.", "A book may be kept for at most three weeks.", True),
    (LOAN, "A book may be kept for about 20 days.", "A book may be kept for about 22 days.", False),
    (HOURS, "The reading room opens at 9 a.m.", "The reading room opens at 10 a.m.", True),
    (HOURS, "The reading room opens at 9 a.m.", "The reading room opens at 9:00.", False),
    (HOURS, "The reading room opens at 9 a.m.", "The reading room closes at 5 p.m.", False),
    (HOURS, "The reading room is open from 9 a.m.", "The reading room is open until 5 p.m.", False),
    (HOURS, "The reading room is open from 9 am to 5 pm.", "The reading room is open from 10 am to 6 pm.", True),
    (HOURS, "The reading room opens at 9 am on Mondays.", "The reading room opens at 11 am on Sundays.", False),
    (
        DEADLINE,
        "The deadline for applications is 3 March 2024.",
        "The deadline for applications is 4 April 2024.",
        True,
    ),
    (
        DEADLINE,
        "The deadline for applications is 3 March 2024.",
        "The deadline for applications is March 3, 2024.",
        False,
    ),
    (
        DEADLINE,
        "The deadline for applications is 3 March 2024.",
        "The deadline for applications is in March 2024.",
        False,
    ),
    (DEADLINE, "The next deadline for applications is 3 March.", "The next deadline for applications is 4 May.", False),
    (CHAIR, "The chair of the rowing club is Jane Calder.", "The chair of the rowing club is Tom Reed.", True),
    (CHAIR, "The chair of the rowing club is Jane Calder.", "The chair of the rowing club is Mrs Calder.", False),
    (CHAIR, "The chair of the rowing club was Jane Calder.", "The chair of the rowing club is Tom Reed.", False),
    ("What share of members voted?", "Of all members, 40 percent voted.", "Of all members, 45 per cent voted.", True),
    ("What share of members voted?", "Of all members, 40 percent voted.", "Of all members, 40 % voted.", False),
    ("How many did Norwick score?", "Norwick beat Calder by 3 goals.", "Calder beat Norwick by 2 goals.", False),
    ("How high is the old tower?", "The old tower is 30 metres high.", "The old tower is 32 metres tall.", True),
    (
        "Why is the old tower closed?",
        "The old tower is closed for 3 days.",
        "The old tower is closed for 4 days.",
        False,
    ),
]


def an_extract(question: str, page: Page, score: float) -> Extract:
    """The page's first sentence, marked as it is without a reader."""
    hit = page.hit()
    sentence = hit.chunk.sentences[0]
    spans = find_candidates(analyse_question(question, max_chars=200), sentence.text)
    marked = spans[0] if spans else Span(0, len(sentence.text))
    return Extract(hit, sentence, marked, score)


def stated(question: str, *pages: Page) -> list[list[str]]:
    """The words of each value's claims."""
    extracts = [an_extract(question, page, -float(rank)) for rank, page in enumerate(pages)]
    found = find_disagreement(analyse_question(question, max_chars=200), extracts)
    return [[claim.span.of(claim.text) for claim in claims] for claims in found]


@pytest.mark.parametrize(("question", "one", "other", "expected"), TABLE, ids=[f"{r[1]} {r[2]}" for r in TABLE])
def test_two_documents_disagree(question: str, one: str, other: str, expected: bool) -> None:
    assert bool(stated(question, Page("a", one), Page("b", other))) is expected
    assert bool(stated(question, Page("b", other), Page("a", one))) is expected


def test_one_document_does_not_disagree_with_itself() -> None:
    one, other = TABLE[0][1:3]
    assert stated(FEE, Page("a", one), Page("a", other)) == []


def test_documents_about_different_things_do_not_disagree() -> None:
    one, other = TABLE[0][1:3]
    assert stated(FEE, Page("a", one, title="Norwick"), Page("b", other, title="Calder")) == []
    assert stated(FEE, Page("a", one, title="Old guide"), Page("b", other, title="Visitor handbook"))


def test_claims_are_brought_together_by_value_the_best_first() -> None:
    one, other = TABLE[0][1:3]
    assert stated(FEE, Page("a", one), Page("b", other), Page("c", one)) == [["8 euros", "8 euros"], ["9 euros"]]
