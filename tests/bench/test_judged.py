"""Judged sets are read as their authors meant them. The files here are written by hand in the same layouts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.records import Span
from tests.bench.judged import (
    Choice,
    Collection,
    PlacedQuestion,
    read_cranfield,
    read_places,
    read_scifact,
    read_trecqa,
    read_wikiqa,
)


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def titles_and_texts(collection: Collection) -> dict[str, tuple[str, str]]:
    return {d.source.id: (d.source.title, d.text.strip()) for d in collection.documents}


def test_scifact_keeps_the_test_questions_that_have_a_relevant_document(tmp_path: Path) -> None:
    written(
        tmp_path,
        "corpus.jsonl",
        '{"_id": "10", "title": "Mills", "text": "A mill grinds corn."}',
        '{"_id": "11", "title": "Empty", "text": ""}',
    )
    written(
        tmp_path, "queries.jsonl", '{"_id": "1", "text": "Mills grind corn."}', '{"_id": "2", "text": "For training."}'
    )
    written(tmp_path, "qrels/test.tsv", "query-id\tcorpus-id\tscore", "1\t10\t1", "1\t12\t0")
    found = read_scifact(tmp_path)
    assert titles_and_texts(found) == {"10": ("Mills", "A mill grinds corn.")}
    assert found.questions == {"1": "Mills grind corn."}
    assert found.relevant == {"1": frozenset({"10"})}


def test_cranfield_queries_are_numbered_by_their_order_and_texts_lose_the_title_they_repeat(tmp_path: Path) -> None:
    written(
        tmp_path,
        "cran.all.1400.xml",
        "<doc>\n<docno>1</docno>\n<title>a wing in a\nslipstream .</title>\n<author>x</author>",
        "<text>a wing in a\nslipstream .\n  it was measured .</text>\n</doc>",
        "<doc>\n<docno>2</docno>\n<title>nothing .</title>\n<text></text>\n</doc>",
    )
    written(
        tmp_path,
        "cran.qry.xml",
        "<top>\n<num> 1</num>\n<title>\nwhat laws hold\n.\n</title>\n</top>",
        "<top>\n<num> 4</num>\n<title>\nwhat of heat .\n</title>\n</top>",
    )
    written(tmp_path, "cranqrel.trec.txt", "1 0 1 1", "1 0 2 1", "2 0 1 1", "2 0 2 0")
    found = read_cranfield(tmp_path)
    assert titles_and_texts(found) == {"1": ("a wing in a slipstream .", "it was measured .")}
    assert found.questions == {"1": "what laws hold .", "2": "what of heat ."}
    assert found.relevant == {"1": frozenset({"1", "2"}), "2": frozenset({"1"})}


def test_a_squad_file_gives_its_answerable_questions_with_places(tmp_path: Path) -> None:
    answerable = {"question": "Since when?", "id": "1", "answers": [{"text": "1900", "answer_start": 6}]}
    unanswerable = {"question": "Why?", "id": "2", "answers": [], "is_impossible": True}
    paragraph = {"context": "Since 1900 it stands.", "qas": [answerable, unanswerable]}
    path = written(tmp_path, "squad.json", json.dumps({"data": [{"title": "Mill", "paragraphs": [paragraph]}]}))
    documents, questions = read_places(path)
    assert [document.text for document in documents] == ["Since 1900 it stands."]
    assert questions == [PlacedQuestion("Since when?", documents[0].source.id, (Span(6, 10),))]


def test_wikiqa_candidates_keep_their_order_and_their_quotation_marks(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "wikiqa.tsv",
        "QuestionID\tQuestion\tDocumentID\tDocumentTitle\tSentenceID\tSentence\tLabel",
        'Q1\twhat is it\tD1\tMill\tD1-0\t"Mill" is a word .\t0',
        "Q1\twhat is it\tD1\tMill\tD1-1\tIt grinds corn .\t1",
        "Q2\twho is it\tD2\tTom\tD2-0\tNobody .\t0",
    )
    assert read_wikiqa(path) == [
        Choice("what is it", "Mill", (('"Mill" is a word .', False), ("It grinds corn .", True))),
        Choice("who is it", "Tom", (("Nobody .", False),)),
    ]


def test_trecqa_words_stand_in_the_first_row_of_each_element(tmp_path: Path) -> None:
    rows = ("Who\tbuilt\tit\t?", "WP\tVB\tPR\t.", "1\t2\t3\t4")
    path = written(
        tmp_path,
        "DEV.xml",
        *("<QApairs id='1.4'>", "<question>", *rows, "</question>"),
        *("<negative>", "Tom\tsaw\tit\t.", "NN\tVB\tPR\t.", "</negative>"),
        *("<positive>", "Ann\tbuilt\tit\t.", "NN\tVB\tPR\t.", "</positive>", "</QApairs>"),
    )
    assert read_trecqa(path) == [Choice("Who built it ?", "", (("Tom saw it .", False), ("Ann built it .", True)))]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([True, False], True, id="one right"),
        pytest.param([True], False, id="all right"),
        pytest.param([False], False, id="none right"),
    ],
)
def test_a_choice_decides_something_when_right_and_wrong_are_there(labels: list[bool], expected: bool) -> None:
    assert Choice("?", "", tuple(("x", label) for label in labels)).is_decisive is expected


@pytest.mark.parametrize("read", [read_scifact, read_cranfield, read_places, read_wikiqa, read_trecqa])
def test_a_missing_file_is_named(read: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        read(tmp_path / "nowhere")
