from __future__ import annotations

import random

import pytest

from rag.records import Span
from rag.training.example import Example
from rag.training.unanswerable import (
    name_swapped,
    negated,
    sentence_removed,
    turned_round,
    with_unanswerables,
    word_swapped,
)

WEIR = "The weir was built in 1911. It holds back the mill pond. A keeper opens the gate each spring."
FERRY = "The ferry crosses the sound twice a day. Its crossing takes forty minutes. Bicycles travel free on the ferry."
LIGHTHOUSE = "The lighthouse was lit in 1874. Paraffin burned in its lamp. The lamp of the lighthouse now runs on gas."


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 # nothing is kept secret with it


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


def test_a_name_is_swapped_for_one_of_another_question_that_the_passage_lacks() -> None:
    elm = example("When did the town of Elm flood?", "Elm flooded in 1911. It is dry now.", "1911")
    oakham = example("When did the town of Oakham burn?", "Oakham burned in 1874. It is green now.", "1874")
    assert [e.question for e in name_swapped(elm, oakham, seeded(0))] == ["When did the town of Oakham flood?"]


def test_a_name_from_elsewhere_in_the_passage_is_preferred() -> None:
    elm = example("When did the town of Elm flood?", "Elm flooded in 1911. It lies below Ashby.", "1911")
    oakham = example("When did the town of Oakham burn?", "Oakham burned in 1874. It is green now.", "1874")
    assert [e.question for e in name_swapped(elm, oakham, seeded(0))] == ["When did the town of Ashby flood?"]


def test_a_number_is_swapped_for_one_of_as_many_digits() -> None:
    built = example("What was built in 1911?", "A weir was built in 1911. It has 12 gates. It fell in 1974.", "A weir")
    assert [e.question for e in name_swapped(built, built, seeded(0))] == ["What was built in 1974?"]


def test_a_word_is_swapped_for_one_with_its_ending() -> None:
    asked = example("Who is painting the gate?", "A keeper is painting the gate. It is green.", "A keeper")
    swapped = word_swapped(asked, "They were breaking the ice for hours.", seeded(0))
    assert [e.question for e in swapped] == ["Who is breaking the gate?"]


@pytest.mark.parametrize(
    ("question", "turned"),
    [
        ("What was the first gate?", ["What was the last gate?"]),
        ("How old is the gate?", []),
        ("Which gate increased the flow?", ["Which gate decreased the flow?"]),
        ("What is the gate made of?", []),
    ],
)
def test_a_question_is_turned_round_by_an_opposite(question: str, turned: list[str]) -> None:
    assert [e.question for e in turned_round(example(question, WEIR, "A keeper"))] == turned


def test_no_question_is_turned_round_whose_sentence_has_both_words() -> None:
    asked = example("What is the first gate?", "The first and the last gate are of oak. It lasts.", "oak")
    assert list(turned_round(asked)) == []


@pytest.mark.parametrize(
    ("question", "turned"),
    [
        ("When was the weir built?", ["When was not the weir built?"]),
        ("What did the keeper open?", ["What did the keeper not open?"]),
        ("What was never opened?", []),
        ("Name the keeper.", []),
    ],
)
def test_a_question_is_negated_once(question: str, turned: list[str]) -> None:
    assert [e.question for e in negated(example(question, WEIR, "A keeper"))] == turned


def test_a_passage_without_its_sentence_is_kept_around_the_gap() -> None:
    (made,) = sentence_removed(example("What is held back?", WEIR, "the mill pond"))
    assert made.passage == "The weir was built in 1911. A keeper opens the gate each spring."
    assert (made.answer, made.around) == (-1, 1)


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
