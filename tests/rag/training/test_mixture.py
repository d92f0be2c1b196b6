from __future__ import annotations

import json
import random
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from rag.models.reader import ReadPassage
from rag.records import Span
from rag.training.encoding import EncodedGroup, load_tokenizer
from rag.training.example import Draw, LabelledPassage, PassageGroup
from rag.training.labelled_collection import DeskQuestion, LabelledCollection
from rag.training.mixture import Kind, batches, kinds_of

FILES = ("near-miss.json", "squad-train-part.json", "new_wiki_v1.0.json", "reddit_v1.0.json", "policyqa.json")
SENTENCE = "It is open all day."


def draw_of(question: str, text: str = SENTENCE) -> Draw:
    passage = LabelledPassage(ReadPassage("", text, (Span(0, len(text)),)), frozenset({0}))
    return lambda _: PassageGroup(question, (passage,))


def questions_in(groups: list[EncodedGroup]) -> list[str]:
    tokenizer = load_tokenizer()
    return [tokenizer.decode(list(g.passages[0].ids[1 : g.passages[0].second_part - 1])) for g in groups]


def collection(count: int, passages: int = 1) -> LabelledCollection:
    asked = [
        DeskQuestion(f"Where is room {i}?", "", ((0, 0),) if i % 2 else (), (), ((0, 0),), (0,)) for i in range(count)
    ]
    passage = ReadPassage("", SENTENCE, (Span(0, len(SENTENCE)),))
    return LabelledCollection("hall", (passage,) * passages, tuple(asked), 0)


def data_folder(folder: Path) -> Path:
    answered = {"question": "When?", "answers": [{"text": "all day", "answer_start": SENTENCE.index("all day")}]}
    impossible = {"question": "Why?", "is_impossible": True}
    for name in FILES:
        paragraphs = [{"context": SENTENCE, "qas": [answered, impossible]}]
        (folder / name).write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    return folder


def test_the_shares_of_all_kinds_make_one(tmp_path: Path) -> None:
    kinds = kinds_of([collection(4), collection(6, passages=300)], data_folder(tmp_path))
    assert [(kind.name, kind.share, len(kind.draws)) for kind in kinds] == [
        ("desk, large, answered", 0.32, 3),
        ("desk, large, not answered", 0.17, 3),
        ("desk, small, answered", 0.12, 2),
        ("desk, small, not answered", 0.08, 2),
        ("near-miss, answered", 0.05, 1),
        ("near-miss, not answered", 0.06, 1),
        ("squad-train-part", 0.12, 2),
        ("new_wiki_v1.0, reddit_v1.0", 0.04, 4),
        ("policyqa", 0.04, 2),
    ]
    assert sum(kind.share for kind in kinds) == pytest.approx(1)


def test_a_part_of_the_desk_questions_is_always_the_same_and_lies_in_a_larger_part() -> None:
    def part(share: float) -> set[str]:
        kinds = kinds_of([collection(200)], None, desk_share=share)
        return {draw(random.Random(0)).question for kind in kinds for draw in kind.draws}

    quarter, half = part(0.25), part(0.5)
    assert quarter == part(0.25)
    assert quarter < half
    assert 70 < len(half) < 130


def test_without_a_question_a_training_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no question to learn from: name collections with --desk"):
        kinds_of([], None)


def test_kinds_come_by_their_shares_however_many_questions_they_have() -> None:
    few = Kind("few", 0.75, (draw_of("few"),))
    many = Kind("many", 0.25, tuple(draw_of("many") for _ in range(500)))
    drawn = [g for batch in islice(batches([few, many], load_tokenizer(), random.Random(0), size=8), 50) for g in batch]
    counted = Counter(questions_in(drawn))
    assert counted.total() == 400
    assert 270 < counted["few"] < 330


def test_no_question_of_a_kind_comes_twice_before_all_have_come() -> None:
    kind = Kind("rooms", 1.0, tuple(draw_of(f"room {i}") for i in range(16)))
    drawn = [g for batch in islice(batches([kind], load_tokenizer(), random.Random(0), size=2), 16) for g in batch]
    asked = questions_in(drawn)
    # Two rounds: they are put in order of length together, and all are of one length.
    assert Counter(asked) == Counter({f"room {i}": 2 for i in range(16)})


def test_of_some_questions_the_hardest_is_learned_from() -> None:
    kind = Kind("rooms", 1.0, tuple(draw_of(f"room {i}") for i in range(8)))

    def weigh(group: EncodedGroup) -> tuple[EncodedGroup, float]:
        return group, float(questions_in([group])[0].removeprefix("room "))

    drawn = batches([kind], load_tokenizer(), random.Random(0), size=8, hardest_of=8, weigh=weigh)
    assert questions_in(next(drawn)) == ["room 7"] * 8


def test_a_batch_is_of_like_length() -> None:
    long = " ".join([SENTENCE] * 20)
    kind = Kind("rooms", 1.0, (draw_of("long", long), draw_of("short")))
    drawn = list(islice(batches([kind], load_tokenizer(), random.Random(0), size=4), 8))
    assert [len(batch) for batch in drawn] == [4] * 8
    assert all(len({group.longest for group in batch}) == 1 for batch in drawn)


def test_questions_that_can_never_be_learned_from_end_the_training_with_a_word() -> None:
    unseen = Kind("unseen", 1.0, (draw_of("room", "\u200b"),))
    with pytest.raises(ValueError, match="no question can be learned from"):
        next(batches([unseen], load_tokenizer(), random.Random(0), size=1))
