from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from rag.records import Span
from rag.training.data import Example, read_sentence_examples, read_squad_examples, with_unanswerables

WEIR = "The weir was built in 1911. It holds back the mill pond. A keeper opens the gate each spring."
FERRY = "The ferry crosses the sound twice a day. Its crossing takes forty minutes. Bicycles travel free on the ferry."
LIGHTHOUSE = "The lighthouse was lit in 1874. Paraffin burned in its lamp. The lamp of the lighthouse now runs on gas."


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 # nothing is kept secret with it


def squad_file(folder: Path, *questions: dict[str, Any], context: str = WEIR) -> Path:
    path = folder / "squad.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]}))
    return path


def asked(question: str, *answers: tuple[str, int], **more: object) -> dict[str, Any]:
    return {"question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers], **more}


def example(question: str, passage: str, answer: str) -> Example:
    """An example whose sentences end at full stops."""
    ends = [i + 1 for i, character in enumerate(passage) if character == "."]
    starts = [0, *(end + 1 for end in ends[:-1])]
    sentences = tuple(Span(a, b) for a, b in zip(starts, ends, strict=True))
    start = passage.index(answer)
    position = next(i for i, s in enumerate(sentences) if s.start <= start < s.end)
    return Example(question, passage, sentences, position, Span(start, start + len(answer)))


EXAMPLES = [
    example("When was the weir of Elm by the mill pond built?", WEIR, "1911"),
    example("Who opens the gate of the weir in spring?", WEIR, "A keeper"),
    example("How long does the crossing with the ferry take?", FERRY, "forty minutes"),
    example("What travels free on the ferry over the sound?", FERRY, "Bicycles"),
    example("When was the lamp of the Lindow lighthouse lit?", LIGHTHOUSE, "1874"),
    example("What burned in the lamp of the lighthouse?", LIGHTHOUSE, "Paraffin"),
]


def made_of(examples: list[Example], seeds: int = 40) -> list[Example]:
    """The unanswerable examples made with many seeds: each kind is made of a share of the questions only."""
    made = [e for seed in range(seeds) for e in with_unanswerables(examples, seeded(seed)) if e.answer < 0]
    assert made
    return made


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
    assert (read.answer, read.span) == (-1, None)


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


def test_all_given_examples_stay_among_those_returned() -> None:
    result = with_unanswerables(EXAMPLES, seeded(0))
    assert [e for e in EXAMPLES if e not in result] == []


def test_the_same_seed_gives_the_same_examples() -> None:
    assert with_unanswerables(EXAMPLES, seeded(3)) == with_unanswerables(EXAMPLES, seeded(3))


def test_each_kind_of_unanswerable_example_is_made() -> None:
    passages, questions = {e.passage for e in EXAMPLES}, {e.question for e in EXAMPLES}
    kinds = {(made.passage in passages, made.question in questions) for made in made_of(EXAMPLES)}
    # wrong passage; sentence removed; question swapped
    assert kinds == {(True, True), (False, True), (True, False)}


def test_no_unanswerable_passage_holds_the_answer_to_its_unchanged_question() -> None:
    answers = {e.question: e.span.of(e.passage) for e in EXAMPLES if e.span}
    unchanged = [made for made in made_of(EXAMPLES) if made.question in answers]
    assert [made for made in unchanged if answers[made.question].casefold() in made.passage.casefold()] == []


def test_the_sentences_of_every_made_example_are_whole() -> None:
    for made in made_of(EXAMPLES):
        assert [s.of(made.passage)[-1] for s in made.sentences] == ["."] * len(made.sentences)
        assert made.span is None


def test_a_swapped_question_differs_by_a_name_or_number_that_its_passage_lacks() -> None:
    pair = [
        example("When did the town of Elm flood?", "Elm flooded in 1911. It is dry now.", "1911"),
        example("When did the town of Oakham burn?", "Oakham burned in 1874. It is green now.", "1874"),
    ]
    questions = {made.question for made in made_of(pair)} - {e.question for e in pair}
    assert questions == {"When did the town of Oakham flood?", "When did the town of Elm burn?"}


def test_a_name_is_not_swapped_for_itself() -> None:
    pair = [
        example("When did the Elm Fair open?", "The fair opened in 1911. It is shut now.", "1911"),
        example("Where is the Elm Fair held?", "The fair is held in a barn. It is shut now.", "in a barn"),
    ]
    unchanged = {e.question: e.passage for e in pair}
    assert [made for made in made_of(pair) if unchanged.get(made.question) == made.passage] == []


def test_questions_that_all_lack_an_answer_are_returned_as_they_are() -> None:
    lacking = [Example("Who painted it?", WEIR, (Span(0, 27),), -1)]
    assert with_unanswerables(lacking, seeded(0)) == lacking
