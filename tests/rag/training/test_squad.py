from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from rag.training.example import PassageGroup
from rag.training.squad import SquadQuestion, read_squad_questions

WEIR = "The weir was built in 1911. It holds back the mill pond. A keeper opens the gate each spring."
NEAR = "The pond froze in 1929. Nobody could hold back the children."
FAR = "The church has two bells."


def squad_file(folder: Path, *questions: dict[str, Any], others: tuple[str, ...] = ()) -> Path:
    path = folder / "squad.json"
    paragraphs = [{"context": WEIR, "qas": list(questions)}, *({"context": text, "qas": []} for text in others)]
    path.write_text(json.dumps({"data": [{"title": "Old_mill", "paragraphs": paragraphs}]}))
    return path


def asked(question: str, *answers: tuple[str, int], **more: object) -> dict[str, Any]:
    return {"question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers], **more}


def groups(question: SquadQuestion, count: int = 60) -> list[PassageGroup]:
    return [question.draw(random.Random(seed)) for seed in range(count)]


def test_an_answer_lies_in_the_sentence_that_is_right(tmp_path: Path) -> None:
    (question,) = read_squad_questions(squad_file(tmp_path, asked(" What is held back? ", ("the mill pond", 42))))
    group = question.draw(random.Random(0))
    (passage,) = group.passages
    assert group.question == "What is held back?"
    assert passage.words is not None
    assert passage.words.of(WEIR) == "the mill pond"
    assert [passage.passage.sentences[i].of(WEIR) for i in passage.right] == ["It holds back the mill pond."]


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
    read = read_squad_questions(squad_file(tmp_path, question, asked("Which year?", ("1911", 22))))
    assert [one.question for one in read] == ["Which year?"]


def test_of_an_impossible_question_nothing_is_right_and_what_seems_so_is_kept(tmp_path: Path) -> None:
    seems = [{"text": "A keeper", "answer_start": WEIR.index("A keeper")}]
    question = asked("Who painted it?", is_impossible=True, plausible_answers=seems)
    plain = asked("Who sold it?", is_impossible=True)
    drawn = [one.draw(random.Random(0)).passages for one in read_squad_questions(squad_file(tmp_path, question, plain))]
    assert [(p.right, p.words, p.keep) for (p,) in drawn] == [(frozenset(), None, 2), (frozenset(), None, None)]


def test_half_of_the_time_the_title_of_the_article_stands_above(tmp_path: Path) -> None:
    (question,) = read_squad_questions(squad_file(tmp_path, asked("Which year?", ("1911", 22))))
    headings = [group.passages[0].passage.heading for group in groups(question)]
    assert set(headings) == {"", "Old mill"}
    assert 20 < headings.count("") < 40


def test_half_of_the_time_the_paragraph_of_the_article_nearest_to_the_question_is_beside(tmp_path: Path) -> None:
    path = squad_file(tmp_path, asked("What does it hold back?", ("the mill pond", 42)), others=(FAR, NEAR))
    (question,) = read_squad_questions(path)
    beside = [group.passages[1:] for group in groups(question)]
    assert {p.passage.text for passages in beside for p in passages} == {NEAR}
    assert all(not p.right for passages in beside for p in passages)
    assert 20 < sum(map(len, beside)) < 40


def test_a_paragraph_that_holds_the_answer_too_is_not_called_wrong(tmp_path: Path) -> None:
    path = squad_file(tmp_path, asked("Which year?", ("1911", 22)), others=("Also in 1911 the church was built.",))
    (question,) = read_squad_questions(path)
    assert all(len(group.passages) == 1 for group in groups(question))
