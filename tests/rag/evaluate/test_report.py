"""The report page: what it says, that nothing in it runs, and that a place it cannot go to is found out first."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluate.cases import Case, Outcome
from rag.evaluate.desk import DeskCase, GoldLine
from rag.evaluate.desk_figures import summarise_desk
from rag.evaluate.desk_run import CollectionRun, DeskOutcome, PassageOfRun, Quote
from rag.evaluate.figures import summarise
from rag.evaluate.report import check_writable, render_desk, render_report, write_file
from rag.records import AnswerStatus

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
OUTCOMES = [
    Outcome(Case("Who built it?", answers=("a guild",)), True, True, 1, 0.9, 12.0, "A guild built it.", "A guild"),
    Outcome(Case(HOSTILE), True, False, None, 0.8, 14.0, HOSTILE, HOSTILE),
]


class Tags(HTMLParser):
    """Collects the names of the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def page(outcomes: list[Outcome]) -> str:
    return render_report(summarise(outcomes), title="seeds <1>", when=datetime(2026, 3, 1, 12, 30, tzinfo=UTC))


def test_the_page_says_the_figures_and_the_worst_case() -> None:
    text = page(OUTCOMES)
    assert "50.0\u202f%" in text  # wrong among what is shown
    assert "answered, and there is no answer" in text
    assert "2026-03-01 12:30 UTC" in text
    assert "seeds &lt;1&gt;" in text


def test_nothing_that_documents_or_questions_hold_becomes_markup() -> None:
    tags = Tags()
    tags.feed(page(OUTCOMES))
    assert tags.tags.isdisjoint({"script", "img", "iframe", "link"})
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("src", "href")}


def test_the_curve_has_a_point_for_each_step_of_coverage() -> None:
    curve = page(OUTCOMES).split('<polyline points="')[1].split('"')[0].split()
    assert len(curve) == 20
    assert curve[-1] == "280.0,132.0"  # all answered, half of them wrong


def test_a_run_without_anything_to_show_has_a_page_too() -> None:
    declined = Outcome(Case("Why?"), False, False, None, 0.0, 1.0, "")
    assert "None: everything shown was right" in page([declined])


@pytest.mark.parametrize(
    ("place", "message"),
    [
        pytest.param("", "is a folder", id="a folder"),
        pytest.param("absent/report.html", "there is no folder", id="in no folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, place: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_writable(tmp_path / place)


def test_a_report_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    check_writable(path)
    write_file(path, page(OUTCOMES))
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def desk_page(*outcomes: DeskOutcome, unmatched: tuple[tuple[DeskCase, GoldLine], ...] = ()) -> str:
    figures = summarise_desk([CollectionRun(HOSTILE, 1, outcomes, unmatched, ())])
    return render_desk(figures, title=HOSTILE, when=datetime(2026, 3, 1, 12, 30, tzinfo=UTC))


def desk_outcome(status: AnswerStatus, *shown: Quote, rank: int | None = None, answerable: bool = True) -> DeskOutcome:
    gold = (GoldLine("a.md", "Built by a guild.", HOSTILE),) if answerable else ()
    passage = PassageOfRun(HOSTILE, HOSTILE, HOSTILE, True, 1.5, 0.25, 3.0)
    case = DeskCase(7, HOSTILE, gold, tempting="" if answerable else HOSTILE, kind=HOSTILE)
    return DeskOutcome(case, status, 0.75, rank, Quote("A best sentence.", False, 2.0), shown, (passage,), 12.0)


def test_the_page_of_desk_questions_says_the_figures_and_each_worst_case_with_what_was_found() -> None:
    wrong = desk_outcome(AnswerStatus.ANSWERED, Quote("Another sentence.", False, 0.75), rank=3)
    text = desk_page(wrong, desk_outcome(AnswerStatus.NO_ANSWER), unmatched=((wrong.case, wrong.case.gold[0]),))
    assert "2 questions, 2 of them with an answer" in text
    assert "Answered, and the first quote is another sentence" in text
    assert "The right passage is at rank 3." in text
    assert "The right passage was not among the 20." in text
    assert "score 1.500, cosine 0.250, BM25" in text
    assert "Another sentence." in text  # shown
    assert "A best sentence." in text  # not shown
    assert "line 7, a.md: Built by a guild." in text  # not measured


def test_the_page_of_desk_questions_shows_no_markup_of_documents_and_no_figure_of_nothing() -> None:
    text = desk_page(desk_outcome(AnswerStatus.POSSIBLE, Quote(HOSTILE, False, 0.5), answerable=False))
    tags = Tags()
    tags.feed(text)
    assert tags.tags.isdisjoint({"script", "img", "iframe", "link"})
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("src", "href")}
    assert "<td>\u2013</td>" in text  # no answerable question, so no share of them


def test_the_page_of_a_faultless_desk_says_so() -> None:
    case = DeskCase(1, "Who built it?", (GoldLine("a.md", "A guild built it.", "A guild"),))
    right = Quote("A guild built it.", True, 0.9)
    outcome = DeskOutcome(case, AnswerStatus.ANSWERED, 0.9, 1, right, (right,), (), 12.0)
    assert "None: everything shown was right" in desk_page(outcome)
