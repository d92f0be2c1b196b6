from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.app import Citewell
from rag.records import Access
from rag.settings import Settings
from rag.training.question_examples import Corpus, QuestionExample, desk_corpus
from tests.support.fakes import HashEmbedder

torch = pytest.importorskip("torch")

from rag.training.question_training import _draws, loss, scores  # noqa: E402 - needs torch

YARD = """# The yard

Bicycles may be left in the covered yard until 20:00. The gate is then locked.

## Lorries

Lorries unload at the ramp. The horn stays silent.
"""
QUESTIONS: list[dict[str, str | None]] = [
    {"question": "Where do lorries unload?", "sentence": "Lorries unload at the ramp.", "words": "ramp"},
    {
        "question": "How long can my bike stay?",
        "sentence": "Bicycles may be left in the covered yard until 20:00.",
        "words": "until 20:00",
    },
    {"question": "Who locks the gate?", "sentence": "The gate is then locked.", "words": None},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "yard" / "docs").mkdir(parents=True)
    (tmp_path / "yard" / "docs" / "yard.md").write_text(YARD, encoding="utf-8")
    lines = [json.dumps({"file": "yard.md", **line}) for line in QUESTIONS]
    (tmp_path / "yard" / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "yard"


def test_what_is_learned_is_the_score_that_finds_passages(folder: Path, tmp_path: Path) -> None:
    embedder = HashEmbedder()
    corpus = desk_corpus(folder, tmp_path / "kept", embedder)
    asked = torch.from_numpy(np.stack([embedder.embed_question(one.text) for one in corpus.questions]))
    learned = scores(corpus, asked, corpus.questions)
    settings = replace(Settings(), data_dir=tmp_path / "data", reader=False)
    with Citewell.open(settings, create=True, embedder=embedder) as citewell:
        citewell.documents.ingest([folder / "docs"])
        for row, one in zip(learned, corpus.questions, strict=True):
            hits = citewell.questions.search(one.text, 10, access=Access.everything())
            assert sorted(row.tolist(), reverse=True) == pytest.approx([hit.score for hit in hits], abs=1e-5)


def test_only_answerable_questions_are_learned_from_each_with_its_passage(folder: Path, tmp_path: Path) -> None:
    corpus = desk_corpus(folder, tmp_path / "kept", HashEmbedder())
    assert [one.text for one in corpus.questions] == ["Where do lorries unload?", "How long can my bike stay?"]
    lorries, bicycles = (one.right for one in corpus.questions)
    assert (len(lorries), len(bicycles)) == (1, 1)
    assert lorries != bicycles


def test_a_corpus_is_read_back_as_it_was_kept(folder: Path, tmp_path: Path) -> None:
    made = desk_corpus(folder, tmp_path / "kept", HashEmbedder())
    (folder / "docs" / "yard.md").unlink()
    again = desk_corpus(folder, tmp_path / "kept", HashEmbedder())
    assert np.array_equal(made.passages, again.passages)
    assert np.array_equal(made.passage_of, again.passage_of)
    for one, other in zip(made.questions, again.questions, strict=True):
        assert (one.text, one.right) == (other.text, other.right)
        assert np.array_equal(one.worded, other.worded)
        assert np.array_equal(one.word_scores, other.word_scores)


def _question(text: str, right: Sequence[int]) -> QuestionExample:
    return QuestionExample(text, tuple(right), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


def test_the_loss_is_the_share_of_all_right_passages_together() -> None:
    found = torch.tensor([[0.0, 0.0, 0.0, 0.0]])
    assert loss(found, [_question("?", [0])]).item() == pytest.approx(math.log(4), abs=1e-6)
    assert loss(found, [_question("?", [0, 1])]).item() == pytest.approx(math.log(2), abs=1e-6)
    assert loss(torch.tensor([[9.0, 0.0, 0.0, 0.0]]), [_question("?", [0])]).item() == pytest.approx(0, abs=1e-6)


def test_no_question_comes_twice_before_all_have_come() -> None:
    questions = tuple(_question(str(number), [0]) for number in range(64))
    empty = np.zeros((1, 4), dtype=np.float32)
    corpus = Corpus("one", empty, empty, np.zeros(1, dtype=np.int64), questions)
    draws = _draws([corpus], [], random.Random(0))
    first, second, third = (next(draws)[1] for _ in range(3))
    assert {one.text for one in first + second} == {one.text for one in questions}
    assert third[0].text in {one.text for one in questions}
