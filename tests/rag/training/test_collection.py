from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag.records.arrays import FloatVector
from rag.training.collection import load_collection, read_collection
from rag.training.labelled_collection import DeskQuestion, LabelledCollection
from tests.support.fakes import HashEmbedder

YARD = """# The yard

## Bicycles

Bicycles may be left in the [covered yard](map.md) until 20:00. The gate is then locked.

## Lorries

Lorries unload at the ramp. You may not:

- sound the horn
- leave the engine **running**
"""
HALL = """# The hall

The hall is open to bicycles until 18:00. Concerts begin at 19:30.
"""
LINES = [
    {
        "file": "yard.md",
        "question": "How long can my bike stay?",
        "sentence": "Bicycles may be left in the [covered yard](map.md) until 20:00.",
        "words": "until 20:00",
        "more": ["The gate is then locked."],
        "also": [{"file": "hall.md", "sentence": "The hall is open to bicycles until 18:00.", "words": "until 18:00"}],
    },
    {
        "file": "yard.md",
        "question": "Must I switch the lorry off?",
        "sentence": "- leave the engine **running**",
        "words": "leave the engine **running**",
        "more": ["You may not:"],
    },
    {
        "file": "hall.md",
        "question": "Which concerts begin there?",
        "sentence": "Concerts begin at 19:30.",
        "words": None,
    },
    {"file": "hall.md", "question": "Who sweeps?", "sentence": "Nobody wrote this.", "words": None},
]


class NoEmbedder(HashEmbedder):
    """One that must not be asked."""

    def embed_question(self, question: str) -> FloatVector:
        raise AssertionError(question)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "house" / "docs"
    docs.mkdir(parents=True)
    (docs / "yard.md").write_text(YARD)
    (docs / "hall.md").write_text(HALL)
    (docs.parent / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return docs.parent


def said(collection: LabelledCollection, places: Sequence[tuple[int, int]]) -> list[str]:
    passages = collection.passages
    return [passages[p].sentences[s].of(passages[p].text) for p, s in places]


def asked_in(collection: LabelledCollection, question: str) -> DeskQuestion:
    return next(asked for asked in collection.questions if asked.question == question)


def test_lines_of_raw_markdown_are_found_in_the_passages_that_the_program_makes(folder: Path) -> None:
    collection = read_collection(folder, HashEmbedder())
    bike = asked_in(collection, "How long can my bike stay?")
    lorry = asked_in(collection, "Must I switch the lorry off?")
    assert said(collection, bike.right) == [
        "Bicycles may be left in the covered yard until 20:00.",
        "The hall is open to bicycles until 18:00.",
    ]
    assert said(collection, bike.more) == ["The gate is then locked."]
    assert said(collection, lorry.right) == ["leave the engine running"]
    assert said(collection, lorry.more) == ["You may not:"]
    assert collection.passages[bike.right[0][0]].heading == "The yard > Bicycles"


def test_a_question_without_an_answer_has_a_tempting_place_and_nothing_right(folder: Path) -> None:
    collection = read_collection(folder, HashEmbedder())
    concerts = asked_in(collection, "Which concerts begin there?")
    assert said(collection, concerts.tempting) == ["Concerts begin at 19:30."]
    assert (concerts.right, concerts.more, concerts.words) == ((), (), "")


def test_a_question_whose_line_is_not_in_what_was_read_is_counted_as_lost(folder: Path) -> None:
    collection = read_collection(folder, HashEmbedder())
    assert (len(collection.questions), collection.lost) == (3, 1)


def test_a_folder_none_of_whose_lines_is_found_is_refused(folder: Path) -> None:
    (folder / "questions.jsonl").write_text(json.dumps(LINES[3]))
    with pytest.raises(ValueError, match=r"house: no line of questions\.jsonl was found in what was read"):
        read_collection(folder, HashEmbedder())


def test_for_each_question_the_program_searches_its_own_passages(folder: Path, tmp_path: Path) -> None:
    collection = load_collection(folder, tmp_path / "kept", HashEmbedder())
    concerts = asked_in(collection, "Which concerts begin there?")
    assert collection.passages[concerts.found[0]].heading == "The hall"
    for asked in collection.questions:
        assert sorted(asked.found) == list(range(len(collection.passages)))


def test_what_was_made_is_kept_until_the_folder_changes(folder: Path, tmp_path: Path) -> None:
    made = load_collection(folder, tmp_path / "kept", HashEmbedder())
    assert load_collection(folder, tmp_path / "kept", NoEmbedder()) == made
    (folder / "docs" / "hall.md").write_text(HALL + "\nThe hall was built in 1911.\n")
    assert len(load_collection(folder, tmp_path / "kept", HashEmbedder()).passages) == len(made.passages)
    (folder / "docs" / "hall.md").write_text(HALL + "\n## Age\n\nThe hall was built in 1911.\n")
    assert len(load_collection(folder, tmp_path / "kept", HashEmbedder()).passages) == len(made.passages) + 1


def test_with_a_passage_that_answers_wrong_ones_are_drawn_and_none_that_belongs(folder: Path, tmp_path: Path) -> None:
    collection = load_collection(folder, tmp_path / "kept", HashEmbedder())
    (draw,) = (draw for asked, draw in collection.draws() if asked.question == "How long can my bike stay?")
    drawn = [draw(random.Random(seed)) for seed in range(40)]
    first = Counter(group.passages[0].passage.heading for group in drawn)
    wrong = {p.passage.heading for group in drawn for p in group.passages[1:]}
    assert set(first) == {"The yard > Bicycles", "The hall"}
    assert wrong == {"The yard > Lorries"}
    for group in drawn:
        assert [bool(passage.right) for passage in group.passages] == [True, False]
        right = group.passages[0]
        assert right.words is None or right.words.of(right.passage.text) == "until 20:00"


def test_without_an_answer_the_tempting_passage_is_drawn_and_mostly_a_second_one(folder: Path, tmp_path: Path) -> None:
    collection = load_collection(folder, tmp_path / "kept", HashEmbedder())
    (draw,) = (draw for asked, draw in collection.draws() if not asked.right)
    drawn = [draw(random.Random(seed)) for seed in range(100)]
    assert {group.passages[0].passage.heading for group in drawn} == {"The hall"}
    assert all(not passage.right for group in drawn for passage in group.passages)
    assert 55 < sum(len(group.passages) == 2 for group in drawn) < 85


def test_better_wrong_passages_are_drawn_more_often(folder: Path, tmp_path: Path) -> None:
    """At rank 0 and 1 by 1/2 and 1/3: three in five."""
    collection = load_collection(folder, tmp_path / "kept", HashEmbedder())
    (number,) = (i for i, passage in enumerate(collection.passages) if passage.heading == "The hall")
    others = [i for i in range(len(collection.passages)) if i != number]
    asked = DeskQuestion("What?", "", ((number, 0),), (), (), (number, *others))
    collection = replace(collection, questions=(asked,))
    ((_, draw),) = collection.draws()
    second = Counter(draw(random.Random(seed)).passages[1].passage.heading for seed in range(500))
    assert 270 < second[collection.passages[others[0]].heading] < 330
