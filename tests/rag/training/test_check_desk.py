from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.training import check_desk

ROOT = Path(check_desk.__file__).parent / "desk"
RULE = "- Bicycles may be left in the yard until 20:00."
ASKED = {
    "file": "yard.md",
    "question": "How long can my bike stay?",
    "sentence": RULE,
    "words": "until 20:00",
    "kind": "may",
}


def collection(folder: Path, *lines: dict[str, Any] | str) -> Path:
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "yard.md").write_text(f"# The yard\n\nIn the yard:\n{RULE}\nIt is locked\nat night.\n")
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "questions.jsonl").write_text(text + "\n")
    return folder


@pytest.mark.parametrize("folder", sorted(path for path in ROOT.iterdir() if path.is_dir()), ids=lambda path: path.name)
def test_the_open_set_is_without_a_mistake(folder: Path) -> None:
    assert list(check_desk.problems(folder)) == []


def test_a_line_that_stands_in_its_file_is_right_also_across_the_end_of_a_line(tmp_path: Path) -> None:
    night = {"file": "yard.md", "question": "Open at night?", "sentence": "It is locked at night.", "words": "locked"}
    whole = {**ASKED, "more": ["In the yard:"], "also": [{k: night[k] for k in ("file", "sentence", "words")}]}
    assert list(check_desk.problems(collection(tmp_path, whole, {**night, "words": None}))) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"file": "hall.md"}, "there is no file hall.md"),
        ({"question": " "}, "question is missing"),
        ({"sentence": "Bikes.", "words": None}, "the sentence does not stand in yard.md: 'Bikes.'"),
        ({"words": "until 21:00"}, "the words do not stand in the sentence: 'until 21:00'"),
        ({"more": ["In the hall:"]}, "more does not stand in yard.md: 'In the hall:'"),
        ({"also": [{**ASKED, "words": "at 20:00"}]}, "also: the words do not stand in the sentence: 'at 20:00'"),
        ({"words": None, "more": ["In the yard:"]}, "more and also belong to questions that have an answer"),
    ],
    ids=["file", "question", "sentence", "words", "more", "also", "more-without-answer"],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    other = {**ASKED, "question": "Until when can I leave my bike?"}
    folder = collection(tmp_path / "yard", other, {**ASKED, **change})
    assert next(check_desk.problems(folder)) == f"yard:2: {problem}"


def test_a_line_without_words_is_a_mistake(tmp_path: Path) -> None:
    asked = {name: value for name, value in ASKED.items() if name != "words"}
    (found,) = check_desk.problems(collection(tmp_path, asked))
    assert found.endswith("words is missing; null says that nothing answers")


def test_a_line_that_is_no_json_and_a_question_asked_twice_are_mistakes(tmp_path: Path) -> None:
    folder = collection(tmp_path / "yard", ASKED, "{", {**ASKED, "question": ASKED["question"].upper()})
    no_json, again = check_desk.problems(folder)
    assert no_json.startswith("yard:2: not JSON: ")
    assert again == "yard:3: the question of line 1 again"


def test_a_folder_is_counted_and_the_kinds_over_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = collection(tmp_path / "yard", ASKED, {**ASKED, "question": "Which bikes?", "words": None})
    assert check_desk.main([str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "yard: 1 documents, 1 with an answer, 1 without",
        "together: 1 with an answer, 1 without",
        "  may: 1 with, 1 without",
    ]


def test_a_mistake_in_one_folder_does_not_hide_the_counts_of_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = collection(tmp_path / "wrong", {**ASKED, "words": "never"})
    right = collection(tmp_path / "right", ASKED)
    assert check_desk.main([str(wrong), str(right)]) == 1
    out = capsys.readouterr().out
    assert "wrong:1: the words do not stand in the sentence: 'never'" in out
    assert "right: 1 documents, 1 with an answer, 0 without" in out
