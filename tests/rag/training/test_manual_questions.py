"""Questions to manuals name their answers by place, so that no sentence of a manual is copied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.training.manual_documents import MANUALS
from rag.training.manual_questions import FOLDER, HANDBOOKS, checksum, main, write_questions

KEYS = "Ask the porter. He keeps\nthe keys.\n\n- Bring a card.\n"
KEPT = ["keys.md", 16, 34, 19, 34]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "keys.md").write_text(KEYS, encoding="utf-8")
    (tmp_path / "docs" / "more.md").write_text("He has the keys.\n", encoding="utf-8")
    return tmp_path


def write(folder: Path, item: dict[str, Any]) -> Path:
    path = folder / "lodge.jsonl"
    path.write_text(json.dumps({"question": "Who?", "kind": "everyday", **item}), encoding="utf-8")
    return path


def test_an_answer_is_what_stands_at_its_place(folder: Path) -> None:
    sentences = ["He keeps the keys.", "He has the keys.", "Bring a card."]
    item = {"answers": [KEPT, ["more.md", 0, 16, 3, 15]], "more": [["keys.md", 38, 51]], "check": checksum(sentences)}
    assert write_questions(write(folder, item), folder) == 1
    assert json.loads((folder / "questions.jsonl").read_text(encoding="utf-8")) == {
        "file": "keys.md",
        "sentence": "He keeps the keys.",
        "words": "keeps the keys.",
        "question": "Who?",
        "kind": "everyday",
        "more": ["Bring a card."],
        "also": [{"file": "more.md", "sentence": "He has the keys.", "words": "has the keys"}],
    }


def test_a_question_without_an_answer_names_what_tempts(folder: Path) -> None:
    item = {"answers": [], "tempting": [["keys.md", 0, 15]], "check": checksum(["Ask the porter."])}
    write_questions(write(folder, item), folder)
    written = json.loads((folder / "questions.jsonl").read_text(encoding="utf-8"))
    assert (written["sentence"], written["words"]) == ("Ask the porter.", None)


@pytest.mark.parametrize("place", [["keys.md", 15, 33, 19, 33], ["gone.md", 16, 34, 19, 34]])
def test_another_version_of_a_document_is_refused(place: list[Any], folder: Path) -> None:
    item = {"answers": [place], "check": checksum(["He keeps the keys."])}
    with pytest.raises(ValueError, match=r'has other text than when "Who\?" was written .*: take the version'):
        write_questions(write(folder, item), folder)


def test_a_file_in_a_folder_below_is_found(folder: Path) -> None:
    (folder / "docs" / "lodge").mkdir()
    (folder / "docs" / "lodge" / "bell.md").write_text("Ring twice.\n", encoding="utf-8")
    item = {"answers": [["lodge/bell.md", 0, 11, 0, 10]], "check": checksum(["Ring twice."])}
    write_questions(write(folder, item), folder)
    assert json.loads((folder / "questions.jsonl").read_text(encoding="utf-8"))["words"] == "Ring twice"


def test_a_handbook_whose_documents_are_not_there_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["", "--packages", str(tmp_path), "--out", str(tmp_path), "nist"])
    main()
    assert capsys.readouterr().out == (
        f"nist: left out, because no package has it: put its documents into {tmp_path / 'nist' / 'docs'}\n"
    )
    assert not (tmp_path / "nist").exists()


def test_the_questions_differ_and_belong_to_manuals_that_can_be_made_or_to_handbooks() -> None:
    manuals, handbooks = sorted(FOLDER.glob("*.jsonl")), sorted(HANDBOOKS.glob("*.jsonl"))
    assert [file.stem for file in manuals] == sorted(MANUALS)
    readme = (HANDBOOKS / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{file.stem}` |" in readme for file in handbooks)
    files = (*manuals, *handbooks)
    asked = [json.loads(line)["question"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(asked) == len(set(asked)) > 16_000
