from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from rag.training.data import read_sentence_examples, read_squad_examples

WEIR = "The weir was built in 1911. It holds back the mill pond. A keeper opens the gate each spring."


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 # nothing is kept secret with it


def squad_file(folder: Path, *questions: dict[str, Any], context: str = WEIR) -> Path:
    path = folder / "squad.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]}))
    return path


def asked(question: str, *answers: tuple[str, int], **more: object) -> dict[str, Any]:
    return {"question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers], **more}


def test_an_answer_lies_in_the_sentence_that_the_example_names(tmp_path: Path) -> None:
    (read,) = read_squad_examples(squad_file(tmp_path, asked(" What is held back? ", ("the mill pond", 42))))
    assert read.question == "What is held back?"
    assert read.span is not None
    assert read.span.of(read.passage) == "the mill pond"
    assert read.sentences[read.answer].of(read.passage) == "It holds back the mill pond."


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(asked("When?", ("1911", 3)), id="answer not at its offset"),
        pytest.param(asked("When?", ("", 0)), id="empty answer"),
        pytest.param(asked("When?"), id="no answer, not called impossible"),
        pytest.param(asked("When?", ("1911", 5000)), id="offset beyond the passage"),
    ],
)
def test_a_question_without_a_usable_answer_is_left_out(tmp_path: Path, question: dict[str, Any]) -> None:
    kept = asked("Which year?", ("1911", 22))
    read = read_squad_examples(squad_file(tmp_path, question, kept))
    assert [e.question for e in read] == ["Which year?"]


def test_an_impossible_question_has_no_answer(tmp_path: Path) -> None:
    (read,) = read_squad_examples(squad_file(tmp_path, asked("Who painted it?", is_impossible=True)))
    assert (read.answer, read.span, read.around) == (-1, None, 0)


def test_what_only_looks_like_an_answer_is_where_a_long_passage_is_kept(tmp_path: Path) -> None:
    looks = [{"text": "A keeper", "answer_start": WEIR.index("A keeper")}]
    question = asked("Who painted the gate?", is_impossible=True, plausible_answers=looks)
    (read,) = read_squad_examples(squad_file(tmp_path, question))
    assert (read.answer, read.around) == (-1, 2)


def test_a_sentence_pair_becomes_a_passage_that_holds_its_sentence_among_others(tmp_path: Path) -> None:
    answers = [f"{place} has a bridge over the river." for place in ("Elm", "Oakham", "Ashby", "Birch", "Lindow")]
    path = tmp_path / "pairs.json"
    path.write_text(
        json.dumps({"questions": [f"Which bridge is in {a.split()[0]}?" for a in answers], "answers": answers})
    )
    read = read_sentence_examples(path, seeded(0))
    assert [e.sentences[e.answer].of(e.passage) for e in read] == answers
    for one in read:
        assert one.span is None
        assert sorted(s.of(one.passage) for s in one.sentences) == sorted(answers)


def test_pairs_whose_question_is_known_already_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "pairs.json"
    questions, answers = ["Where?", "When?", "Who?"], ["At the weir.", "In the spring.", "The keeper of the gate."]
    path.write_text(json.dumps({"questions": questions, "answers": answers}))
    read = read_sentence_examples(path, seeded(0), frozenset({"When?"}))
    assert [e.question for e in read] == ["Where?", "Who?"]
