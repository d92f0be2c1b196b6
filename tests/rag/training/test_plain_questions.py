"""Plain questions name their answers by place, so that no sentence of a document is copied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from rag.evaluate.desk import DeskCollection, GoldLine
from rag.training.plain_questions import FOLDER, plain_collection


@pytest.fixture
def collection(tmp_path: Path) -> DeskCollection:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "keys.md").write_text("# Keys\n\nAsk the porter. He keeps the keys.\n", encoding="utf-8")
    return DeskCollection("lodge", tmp_path / "docs", ())


def write(folder: Path, *lines: Mapping[str, object]) -> Path:
    (folder / "lodge.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


def test_an_answer_is_what_stands_at_its_place(collection: DeskCollection, tmp_path: Path) -> None:
    asked = {"question": "Who keeps the keys?", "answers": [["keys.md", 3, 16, 34]]}
    found = plain_collection(collection, write(tmp_path, asked, {"question": "Who paints the keys?", "answers": []}))
    assert found is not None
    assert [case.gold for case in found.cases] == [(GoldLine("keys.md", "He keeps the keys.", ""),), ()]
    assert found.docs == collection.docs


def test_a_collection_without_plain_questions_has_none(collection: DeskCollection, tmp_path: Path) -> None:
    assert plain_collection(collection, tmp_path) is None


@pytest.mark.parametrize("place", [["keys.md", 9, 0, 3], ["keys.md", 3, 16, 99], ["keys.md", 0, 0, 1]])
def test_a_place_that_the_document_does_not_have(
    place: list[object], collection: DeskCollection, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="it is another version"):
        plain_collection(collection, write(tmp_path, {"question": "Who?", "answers": [place]}))


def test_the_questions_differ_and_are_questions() -> None:
    lines = [line for path in FOLDER.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    asked = [json.loads(line)["question"] for line in lines]
    assert len(asked) == len(set(asked)) == 435
    assert all(question == question.strip() and len(question.split()) >= 3 for question in asked)
