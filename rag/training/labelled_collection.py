"""Labelled collections: passages of one organisation's documents, questions to them, and what is right.

`rag.training.collection` makes them with the program and keeps them in files; what stands here needs no more than
those files, so that a training can run where the program is not installed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rag.models.reader import ReadPassage
from rag.records import Span
from rag.training.example import Draw, LabelledPassage, PassageGroup

# Wrong passages are drawn from so many of the best, the better ones more often: for a question that is answered, and
# for one that is not.
_WRONG_FROM, _TEMPTING_FROM = 14, 8
_WRONG_PASSAGES = 2
# How often a question without an answer has a second passage.
_SECOND_PASSAGE = 0.7

SentencePlace = tuple[int, int]  # a passage of the collection, and a sentence of it


@dataclass(frozen=True, slots=True)
class DeskQuestion:
    """A question and where its answer stands. Without `right` nothing answers, and `tempting` only looks like it."""

    question: str
    words: str  # the answering words, as the file has them
    right: tuple[SentencePlace, ...]
    more: tuple[SentencePlace, ...]
    tempting: tuple[SentencePlace, ...]
    found: tuple[int, ...]  # the passages that were found, best first


@dataclass(frozen=True, slots=True)
class LabelledCollection:
    """The passages of one organisation's documents, and the questions to them."""

    name: str
    passages: tuple[ReadPassage, ...]
    questions: tuple[DeskQuestion, ...]
    lost: int  # questions left out, because their line was not found in what was read

    def draws(self) -> Iterator[tuple[DeskQuestion, Draw]]:
        """Each question with what draws passages for it."""
        for asked in self.questions:
            yield asked, partial(_draw, self, asked)

    def labelled(self, asked: DeskQuestion, number: int) -> LabelledPassage:
        """The passage of that number, with what is right in it for the question."""
        passage = self.passages[number]
        right, more, tempting = (
            frozenset(position for i, position in places if i == number)
            for places in (asked.right, asked.more, asked.tempting)
        )
        keep = min(right or tempting, default=None)
        return LabelledPassage(passage, right, more, _words_in(passage, sorted(right), asked.words), keep)


def kept_in(folder: Path) -> list[LabelledCollection]:
    """All collections that are kept in a folder. Raises FileNotFoundError when there is none."""
    found = [read_kept(path)[0] for path in sorted(folder.glob("*.json"))]
    if not found:
        raise FileNotFoundError(f"{folder} holds no collection that was kept: *.json was expected there")
    return found


def write_kept(collection: LabelledCollection, path: Path, **more: str) -> None:
    """Keep the collection in a file, with `more` beside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**more, **asdict(collection)}, ensure_ascii=False), encoding="utf-8")


def read_kept(path: Path) -> tuple[LabelledCollection, Mapping[str, str]]:
    """A collection that was kept, and what was kept beside."""
    data = json.loads(path.read_text(encoding="utf-8"))
    more = {name: value for name, value in data.items() if name not in LabelledCollection.__dataclass_fields__}
    return _from_json(data), more


def _draw(collection: LabelledCollection, asked: DeskQuestion, rng: random.Random) -> PassageGroup:
    """Passages for a question: one that answers and two wrong ones, or a tempting one and mostly a second one."""
    if asked.right:
        right = {passage for passage, _ in asked.right}
        known = right | {passage for passage, _ in asked.more}
        wrong = _drawn([i for i in asked.found[:_WRONG_FROM] if i not in known], _WRONG_PASSAGES, rng)
        chosen = [rng.choice(sorted(right)), *wrong]
    else:
        tempting = asked.tempting[0][0]
        others = [i for i in asked.found[:_TEMPTING_FROM] if i != tempting]
        chosen = [tempting, *(_drawn(others, 1, rng) if rng.random() < _SECOND_PASSAGE else [])]
    return PassageGroup(asked.question, tuple(collection.labelled(asked, number) for number in chosen))


def _drawn(ranked: Sequence[int], count: int, rng: random.Random) -> list[int]:
    """`count` of them, or all; one at rank r, from 0, is drawn as often as 1 / (r + 2) says."""
    rest = list(enumerate(ranked))
    drawn: list[int] = []
    while rest and len(drawn) < count:
        (pick,) = rng.choices(rest, [1 / (rank + 2) for rank, _ in rest])
        rest.remove(pick)
        drawn.append(pick[1])
    return drawn


def _words_in(passage: ReadPassage, sentences: Sequence[int], words: str) -> Span | None:
    """Where the answering words stand in one of these sentences; None where there are none, or Markdown hides them."""
    if not words:
        return None
    for span in (passage.sentences[i] for i in sentences):
        start = passage.text.find(words, span.start, span.end)
        if start >= 0:
            return Span(start, start + len(words))
    return None


def _from_json(data: dict[str, Any]) -> LabelledCollection:
    passages = tuple(
        ReadPassage(p["heading"], p["text"], tuple(Span(s["start"], s["end"]) for s in p["sentences"]))
        for p in data["passages"]
    )
    questions = tuple(
        DeskQuestion(
            question=q["question"],
            words=q["words"],
            right=_places(q["right"]),
            more=_places(q["more"]),
            tempting=_places(q["tempting"]),
            found=tuple(q["found"]),
        )
        for q in data["questions"]
    )
    return LabelledCollection(data["name"], passages, questions, data["lost"])


def _places(pairs: list[list[int]]) -> tuple[SentencePlace, ...]:
    return tuple((passage, sentence) for passage, sentence in pairs)
