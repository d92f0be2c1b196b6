"""`rag glossary`, and what a glossary makes of an answer, over the test library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.hash_cli import Rag

QUESTION = "When was the harbour at Westerholm opened?"


@pytest.fixture(autouse=True)
def _without_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEWELL_READER", "false")


@pytest.fixture
def written(ingested: Rag, tmp_path: Path) -> Callable[[str], Rag]:
    def write(text: str) -> Rag:
        (tmp_path / "data" / "glossary.csv").write_text(text, encoding="utf-8")
        return ingested

    return write


def test_an_answer_says_what_was_looked_for_besides(written: Callable[[str], Rag]) -> None:
    rag = written("paid leave,holidays|vacation")
    ran = rag("ask", "How many days of vacation does every employee have a year?", "--max-sentences", 1)
    assert ran.out.startswith("Every employee has 28 days of paid leave a year. [1]\n")
    assert ran.out.endswith("\nAlso looked for: paid leave\n")
    assert "Also looked for" not in rag("ask", QUESTION).out


def test_without_a_file_there_is_nothing_to_check(ingested: Rag, tmp_path: Path) -> None:
    ran = ingested("glossary", "check")
    assert ran.code == 1
    assert f"There is no glossary at {tmp_path / 'data' / 'glossary.csv'}." in ran.err.replace("\n", " ")


def test_a_good_one_is_counted(written: Callable[[str], Rag], tmp_path: Path) -> None:
    ran = written("leave,holidays\nberth,mooring")("glossary", "check")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"2 lines are in use, from {tmp_path / 'data' / 'glossary.csv'}\n"


def test_bad_lines_are_an_error_and_words_that_no_document_has_are_not(written: Callable[[str], Rag]) -> None:
    rag = written("leave,holidays\nlighthouse,beacon\nleave")
    ran = rag("glossary", "check", "--json")
    assert ran.code == 1
    assert [(finding["line"], finding["is_used"]) for finding in ran.json["findings"]] == [(2, True), (3, False)]
    assert 'has "lighthouse", which stands in no document' in ran.json["findings"][0]["problem"]
    assert rag("glossary", "check").out.splitlines()[1].endswith("(not used)")


def test_suggestions_need_the_texts_of_questions(ingested: Rag) -> None:
    ran = ingested("glossary", "suggest")
    assert (ran.code, ran.err) == (0, "")
    assert "CITEWELL_KEEP_QUESTIONS_DAYS" in ran.out


def test_what_was_asked_in_other_words_is_listed_with_the_nearest_that_there_are(
    ingested: Rag, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CITEWELL_KEEP_QUESTIONS_DAYS", "90")
    settings = Settings(data_dir=tmp_path / "data", reader=False, keep_questions_days=90, min_confidence=1)
    with Citewell.open(settings, embedder=HashEmbedder(name=Settings().model)) as citewell:
        for question in ("How much sabbatical leave is there?", "Who takes a sabbatical?"):
            citewell.conversations.ask(question, access=EVERYTHING)
    (word,) = ingested("glossary", "suggest", "--json").json["words"]
    assert (word["word"], word["asked"], len(word["questions"]), len(word["nearest"])) == ("sabbatical", 2, 2, 3)
    assert ingested("glossary", "suggest").out.startswith("sabbatical (asked 2 times); near it: ")


def test_asking_for_suggestions_without_the_setting_deletes_no_question(ingested: Rag, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", reader=False, keep_questions_days=90)
    with Citewell.open(settings, embedder=HashEmbedder(name=Settings().model)) as citewell:
        citewell.conversations.ask("Who takes a sabbatical?", access=EVERYTHING)
        ingested("glossary", "suggest")
        assert len(citewell.insights.unanswered(1).groups) == 1
