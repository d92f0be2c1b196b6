"""A quote is right at its place, and a collection is asked as a user would ask it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.answer.ask import Examination
from rag.app import Citewell
from rag.errors import InputError
from rag.evaluate.desk import DeskCase, GoldLine, read_collection, read_collections
from rag.evaluate.desk_run import judge, run_collection, run_collections
from rag.records import Answer, AnswerStatus, Citation, Confidence, Extract, Hit, Place, Span
from rag.settings import Settings
from tests.support.fakes import HashEmbedder
from tests.support.scenes import Page

LEAVE = Page("leave", "Leave is four weeks.", "Pets need a permit.", "At most five days.")
SICK = Page("sick", "Sick notes go to Ada.", "At most five days.", "A day begins at noon.")
ASKED = DeskCase(1, "How many days?", (GoldLine("sick.md", "At most five days.", "five"),))
# The second sentence of SICK.
GOLD = [("sick", SICK.sentences()[1].span)]


def place(page: Page, first: int, last: int | None = None) -> Place:
    sentences = page.sentences()
    return Place(page.source, "t" * 64, Span(sentences[first].span.start, sentences[last or first].span.end))


def cited(page: Page, position: int, *also_in: Place, worth: float | None = None) -> Citation:
    quoted = place(page, position)
    confidence = None if worth is None else Confidence(worth, "low")
    return Citation(1, quoted, quoted.span.of(page.text), "", "", also_in=also_in, confidence=confidence)


def examined(
    *citations: Citation,
    hits: tuple[Hit, ...] = (),
    best: tuple[Hit, int] | None = None,
    status: AnswerStatus = AnswerStatus.ANSWERED,
) -> Examination:
    confidence = Confidence(0.8, "high")
    answer = Answer("id", ASKED.question, status, None, (), None, confidence, citations, hits, 1)
    extracts: tuple[Extract, ...] = ()
    if best:
        sentence = best[0].chunk.sentences[best[1]]
        extracts = (Extract(best[0], sentence, sentence.span, 3.5),)
    return Examination(hits, extracts, {}, answer)


def test_the_same_words_elsewhere_are_not_right() -> None:
    outcome = judge(ASKED, GOLD, examined(cited(LEAVE, 2), best=(LEAVE.hit(), 2)), 1.0)
    assert (outcome.best_is_right, outcome.first_is_right, outcome.any_is_right) == (False, False, False)


def test_a_quote_at_its_place_is_right_first_or_further() -> None:
    outcome = judge(ASKED, GOLD, examined(cited(LEAVE, 0), cited(SICK, 1), best=(SICK.hit(), 1)), 1.0)
    assert (outcome.best_is_right, outcome.first_is_right, outcome.any_is_right) == (True, False, True)
    assert judge(ASKED, GOLD, examined(cited(SICK, 1)), 1.0).first_is_right


def test_a_quote_that_is_cited_at_the_gold_place_too_is_right() -> None:
    assert judge(ASKED, GOLD, examined(cited(LEAVE, 2, place(SICK, 1))), 1.0).first_is_right


def test_a_quote_that_contains_the_gold_line_is_right_and_a_part_of_it_is_not() -> None:
    long = place(SICK, 0, 1)
    whole = Citation(1, long, long.span.of(SICK.text), "", "")
    assert judge(ASKED, GOLD, examined(whole), 1.0).first_is_right
    assert not judge(ASKED, [("sick", long.span)], examined(cited(SICK, 1)), 1.0).first_is_right


def test_any_of_the_places_that_answer_is_right() -> None:
    assert judge(ASKED, [*GOLD, ("leave", LEAVE.sentences()[0].span)], examined(cited(LEAVE, 0)), 1.0).first_is_right


def test_the_rank_is_that_of_the_first_passage_with_the_gold_line_and_five_passages_are_kept() -> None:
    hits = (*(LEAVE.hit(chunk_id=number) for number in range(6)), SICK.hit(0, 1), SICK.hit(1), SICK.hit(0, 3))
    outcome = judge(ASKED, GOLD, examined(hits=hits, status=AnswerStatus.NO_ANSWER), 1.0)
    assert outcome.rank == 8
    assert [passage.right for passage in outcome.passages] == [False] * 5
    assert judge(ASKED, GOLD, examined(hits=hits[:7]), 1.0).rank is None


def test_quotes_have_their_own_confidence_where_they_have_one() -> None:
    possible = examined(cited(LEAVE, 0, worth=0.4), cited(SICK, 1, worth=0.3), status=AnswerStatus.POSSIBLE)
    assert [quote.score for quote in judge(ASKED, GOLD, possible, 1.0).shown] == [0.4, 0.3]
    assert judge(ASKED, GOLD, examined(cited(SICK, 1)), 1.0).shown[0].score == 0.8


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A collection of two documents in a folder below docs/, one in a format that cannot be read, three questions."""
    docs = tmp_path / "shop" / "docs" / "rules"
    docs.mkdir(parents=True)
    (docs / "loans.md").write_text("# Loans\n\n- A **ladder** may be lent for [four weeks](x.md).\n- Saws stay here.\n")
    (docs / "fees.md").write_text(
        "# Fees\n\n| Tool | Fee |\n|---|---|\n| Ladder | five crowns |\n| Saw | two crowns |\n"
    )
    (docs / "broken.pdf").write_bytes(b"no PDF")
    ladder = {"file": "rules/loans.md", "sentence": "- A **ladder** may be lent for [four weeks](x.md)."}
    fee = {"file": "rules/fees.md", "sentence": "| Ladder | five crowns |", "words": "five crowns"}
    gone = {"file": "rules/gone.md", "sentence": "Ladders: 5.", "words": "5"}
    lines = [
        {"question": "How long may a ladder be lent?", **ladder, "words": "four weeks"},
        {"question": "How many crowns is the fee for a ladder?", **fee, "also": [gone]},
        {"question": "Who painted the moon?", **ladder, "words": None},
    ]
    (tmp_path / "shop" / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "shop"


def test_a_collection_is_ingested_and_asked(empty_citewell: Citewell, shop: Path) -> None:
    told: list[tuple[int, int]] = []
    files: list[tuple[int, int]] = []
    run = run_collection(
        empty_citewell,
        read_collection(shop),
        indexing=lambda *counts: files.append(counts),
        progress=lambda *counts: told.append(counts),
    )
    assert (run.name, run.documents, told, files[-1]) == ("shop", 2, [(1, 3), (2, 3), (3, 3)], (3, 3))
    assert [result.location for result in run.unread] == [str(shop / "docs/rules/broken.pdf")]
    assert [(case.number, line.file) for case, line in run.unmatched] == [(2, "rules/gone.md")]
    assert [(o.best and o.best.text, o.best_is_right) for o in run.outcomes[:2]] == [
        ("A ladder may be lent for four weeks.", True),
        ("Tool: Ladder; Fee: five crowns", True),
    ]
    assert [o.rank for o in run.outcomes] == [1, 1, None]
    assert not run.outcomes[2].best_is_right


def test_each_collection_has_an_index_of_its_own(shop: Path, tmp_path: Path, settings: Settings) -> None:
    other = tmp_path / "other"
    (other / "docs").mkdir(parents=True)
    (other / "docs" / "moon.md").write_text("The moon was painted by Ada.\n")
    line = {"file": "moon.md", "question": "Who painted the moon?", "sentence": "The moon was painted by Ada."}
    (other / "questions.jsonl").write_text(json.dumps({**line, "words": "Ada"}))
    opened: list[Path] = []
    told: list[tuple[int, int]] = []

    def open_citewell(apart: Settings) -> Citewell:
        opened.append(apart.data_dir)
        return Citewell.open(apart, embedder=HashEmbedder(), create=True)

    runs = run_collections(
        read_collections([shop, other]), settings, open_citewell, progress=lambda *counts: told.append(counts)
    )
    assert [(run.name, run.documents) for run in runs] == [("shop", 2), ("other", 1)]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len({*opened, settings.data_dir}) == 3
    assert not any(folder.exists() for folder in opened)


def test_nothing_is_indexed_when_one_of_the_folders_is_no_collection(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no desk collection"):
        read_collections([shop, tmp_path / "absent"])
