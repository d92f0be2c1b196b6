"""Documents that contradict each other, from files to the answer, the REST response and the printed lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.records import Answer
from tests.support.access import EVERYTHING
from tests.support.hash_cli import Rag
from tests.support.servers import client_of, web_settings

QUESTION = "How much is the day ticket for the pool?"
OLD = "A day ticket for the pool costs 8 euros."
NEW = "The day ticket for the pool is 9 euros."
YEARS = {"old": 1_700_000_000, "new": 1_760_000_000}  # November 2023 and October 2025
DATES = {"old": "2023-11-14", "new": "2025-10-09"}


def write(folder: Path, name: str, text: str, *, year: str) -> Path:
    """A file of one sentence that was last changed in that year."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.txt"
    path.write_text(f"{text}\n", encoding="utf-8")
    os.utime(path, (YEARS[year], YEARS[year]))
    return path


@pytest.fixture
def asking(empty_citewell: Citewell) -> Citewell:
    """A citewell without documents that shows whatever comes nearest."""
    object.__setattr__(empty_citewell.settings, "answer_confidence", 0.0)
    object.__setattr__(empty_citewell.settings, "min_confidence", 0.0)
    return empty_citewell


def words_of(answer: Answer) -> list[str]:
    """The words that state each value."""
    assert answer.disagreement
    return [value.span.of(answer.sentences[value.sentence].text) for value in answer.disagreement.values]


@pytest.mark.parametrize("newer", ["nine", "eight"])
def test_the_newest_file_comes_first_whichever_it_is(asking: Citewell, tmp_path: Path, newer: str) -> None:
    eight, nine = ("new", "old") if newer == "eight" else ("old", "new")
    asking.documents.ingest([write(tmp_path, "prices-1", OLD, year=eight), write(tmp_path, "prices-2", NEW, year=nine)])
    answer = asking.questions.ask(QUESTION, access=EVERYTHING)
    first, second = (NEW, OLD) if newer == "nine" else (OLD, NEW)
    assert [sentence.text for sentence in answer.sentences] == [first, second]
    assert words_of(answer) == (["9 euros", "8 euros"] if newer == "nine" else ["8 euros", "9 euros"])
    assert answer.highlight
    assert answer.highlight.span.of(first) == words_of(answer)[0]
    assert answer.disagreement
    assert [value.dated[:10] for value in answer.disagreement.values] == [DATES["new"], DATES["old"]]
    assert [citation.quote for citation in answer.citations] == [first, second]


def test_a_third_file_that_agrees_is_named_with_the_one_it_agrees_with(asking: Citewell, tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "prices-1", OLD, year="old"),
        write(tmp_path, "prices-2", NEW, year="new"),
        write(tmp_path, "prices-3", "A day ticket for the pool is 8 euros.", year="old"),
    ]
    asking.documents.ingest(paths)
    answer = asking.questions.ask(QUESTION, access=EVERYTHING)
    assert words_of(answer) == ["9 euros", "8 euros"]
    assert [len(citation.also_in) for citation in answer.citations] == [0, 1]


def test_with_room_for_one_sentence_nothing_is_compared(asking: Citewell, tmp_path: Path) -> None:
    asking.documents.ingest(
        [write(tmp_path, "prices-1", OLD, year="old"), write(tmp_path, "prices-2", NEW, year="new")]
    )
    answer = asking.questions.ask(QUESTION, max_sentences=1, access=EVERYTHING)
    assert (len(answer.sentences), answer.disagreement) == (1, None)


def test_one_document_alone_never_disagrees(asking: Citewell, tmp_path: Path) -> None:
    asking.documents.ingest([write(tmp_path, "both", f"{OLD}\n\n{NEW}", year="old")])
    answer = asking.questions.ask(QUESTION, access=EVERYTHING)
    assert answer.sentences
    assert answer.disagreement is None


def test_rest_says_what_disagrees_and_how_old_it_is(asking: Citewell, tmp_path: Path) -> None:
    asking.documents.ingest(
        [write(tmp_path, "prices-1", OLD, year="old"), write(tmp_path, "prices-2", NEW, year="new")]
    )
    with client_of(web_settings(asking), asking) as client:
        found = client.post("/api/v1/ask", json={"question": QUESTION}).json()["answer"]
    nine, eight = NEW.index("9 euros"), OLD.index("8 euros")
    assert found["disagreement"] == {
        "values": [
            {"sentence": 0, "start": nine, "end": nine + 7, "citation": 1, "dated": "2025-10-09T08:53:20+00:00"},
            {"sentence": 1, "start": eight, "end": eight + 7, "citation": 2, "dated": "2023-11-14T22:13:20+00:00"},
        ]
    }


@pytest.mark.parametrize(
    ("second_year", "said"),
    [("new", "The documents disagree: newest first.\n"), ("old", "The documents disagree.\n")],
    ids=["different dates", "the same date"],
)
def test_ask_prints_that_the_documents_disagree_and_their_dates(
    rag: Rag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second_year: str, said: str
) -> None:
    monkeypatch.setenv("CITEWELL_ANSWER_CONFIDENCE", "0")
    monkeypatch.setenv("CITEWELL_MIN_CONFIDENCE", "0")
    monkeypatch.setenv("CITEWELL_READER", "false")
    files = tmp_path / "files"
    one, two = write(files, "prices-1", OLD, year="old"), write(files, "prices-2", NEW, year=second_year)
    assert rag("ingest", files).code == 0
    printed = rag("ask", QUESTION).out
    assert printed.count(said) == 1
    assert f"{one}, {DATES['old']}\n" in printed
    assert f"{two}, {DATES[second_year]}\n" in printed


def test_ask_prints_no_note_when_there_is_one_document(
    rag: Rag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEWELL_ANSWER_CONFIDENCE", "0")
    monkeypatch.setenv("CITEWELL_MIN_CONFIDENCE", "0")
    monkeypatch.setenv("CITEWELL_READER", "false")
    assert rag("ingest", write(tmp_path / "files", "prices-1", OLD, year="old")).code == 0
    printed = rag("ask", QUESTION).out
    assert OLD in printed
    assert "disagree" not in printed
