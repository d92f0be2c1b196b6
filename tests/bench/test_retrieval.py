"""The figures of the benchmark, on documents small enough to rank by eye."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from rag.read import read_bytes
from rag.records import Document, Source, Span
from tests.bench import retrieval
from tests.bench.judged import Choice, Collection, PlacedQuestion
from tests.bench.retrieval import measure_choices, measure_collection, measure_places, table
from tests.support.fakes import HashEmbedder

TEXTS = {
    "wall": "The harbour wall was built of granite.",
    "ice": "The harbour was closed by ice for eleven days.",
    "mill": "The mill grinds corn.",
}
# The ranking for each is plain from the words they share: wall, ice, mill; ice, wall, mill.
ASKS_FOR_WALL = "Is the harbour wall built of granite?"
ASKS_FOR_ICE = "Was the harbour closed by ice for days?"


def documents() -> list[Document]:
    return [read_bytes(text.encode(), Source(name, name.title(), f"api:{name}")) for name, text in TEXTS.items()]


def test_documents_count_by_rank_and_what_is_missing_counts_as_missed() -> None:
    """First question: the relevant one is second, nDCG 1 / log2(3). Second: first, of two, the other one is nowhere.

    So nDCG is 1 / (1 + 1 / log2(3)) there, and its recall one half.
    """
    collection = Collection(
        documents(),
        {"1": ASKS_FOR_WALL, "2": ASKS_FOR_ICE},
        {"1": frozenset({"ice"}), "2": frozenset({"ice", "nowhere"})},
    )
    found = measure_collection(collection, HashEmbedder())
    second = 1 / math.log2(3)
    assert (found["documents"], found["questions"]) == (3, 2)
    assert found["nDCG@10"] == pytest.approx((second + 1 / (1 + second)) / 2, abs=1e-4)
    assert found["R@10"] == found["R@100"] == 0.75


def test_a_question_that_finds_nothing_counts_as_zero() -> None:
    """ "?" holds nothing to search for; the other question is answered at the first place."""
    collection = Collection(
        documents(), {"1": "?", "2": ASKS_FOR_ICE}, {"1": frozenset({"ice"}), "2": frozenset({"ice"})}
    )
    assert measure_collection(collection, HashEmbedder())["nDCG@10"] == 0.5


def test_a_document_ranks_where_its_best_passage_ranks() -> None:
    """Two long documents of many passages each; the answer stands in one passage of the second."""
    padding = "Corn is ground by the mill and by the mill again. " * 40
    both = [
        read_bytes(text.encode(), Source(name, name.title(), f"api:{name}"))
        for name, text in (("dull", padding), ("right", padding + TEXTS["ice"] + " " + padding))
    ]
    found = measure_collection(Collection(both, {"1": ASKS_FOR_ICE}, {"1": frozenset({"right"})}), HashEmbedder())
    assert found["nDCG@10"] == 1.0


def test_a_passage_is_right_when_it_holds_a_place_of_the_right_document() -> None:
    """The first question finds its passage first; the second asks for the wall and its answer is ice: second.

    The third finds the wall first, and the place that it names lies beyond that text: never. RR is (1 + 1/2 + 0) / 3.
    """
    found = measure_places(
        documents(),
        [
            PlacedQuestion(ASKS_FOR_WALL, "wall", (Span(30, 37),)),
            PlacedQuestion(ASKS_FOR_WALL, "ice", (Span(26, 29),)),
            PlacedQuestion(ASKS_FOR_WALL, "wall", (Span(30, 90),)),
        ],
        HashEmbedder(),
    )
    assert (found["Success@1"], found["Success@2"], found["Success@20"]) == (0.3333, 0.6667, 0.6667)
    assert found["RR"] == 0.5


@pytest.mark.parametrize("are_neighbours", [True, False])
def test_candidates_are_ranked_by_their_extracts(are_neighbours: bool) -> None:
    """First question: right at places 1 and 3 of three, AP (1/1 + 2/3) / 2, RR 1. Second: right at 2, both 1/2."""
    wall, ice, mill = TEXTS.values()
    choices = [
        Choice(ASKS_FOR_ICE, "Harbour", ((mill, True), (wall, False), (ice, True))),
        Choice(ASKS_FOR_WALL, "Harbour", ((ice, True), (wall, False), (mill, False))),
        Choice(ASKS_FOR_ICE, "Harbour", ((ice, True),)),
    ]
    found = measure_choices(choices, HashEmbedder(), reader=None, are_neighbours=are_neighbours)
    assert found == {"questions": 2, "AP": pytest.approx((5 / 6 + 1 / 2) / 2, abs=1e-4), "RR": 0.75}


def test_the_table_has_a_row_for_each_set() -> None:
    assert table({"one": {"questions": 2, "RR": 0.75}}) == [
        "| set | figures |",
        "|---|---|",
        "| one | questions 2, RR 0.75 |",
    ]


def run_main(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["retrieval", *arguments])
    retrieval.main()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((), "no set was given", id="nothing"),
        pytest.param(("--wikiqa", "nowhere.tsv"), "nowhere.tsv cannot be read", id="a missing file"),
    ],
)
def test_what_cannot_be_measured_is_said(
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run_main(*arguments, monkeypatch=monkeypatch)
    assert message in capsys.readouterr().err


@pytest.mark.model
def test_the_command_prints_a_table_and_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [{"text": "granite", "answer_start": 30}]
    paragraph = {"context": TEXTS["wall"], "qas": [{"question": ASKS_FOR_WALL, "id": "1", "answers": answers}]}
    path = tmp_path / "walls.json"
    path.write_text(json.dumps({"data": [{"title": "Wall", "paragraphs": [paragraph]}]}), encoding="utf-8")
    run_main("--squad", str(path), "--json", str(tmp_path / "figures.json"), monkeypatch=monkeypatch)
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["walls"]["Success@1"] == 1.0
    assert "| walls | documents 1, questions 1," in capsys.readouterr().out
