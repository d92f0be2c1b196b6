"""A question that is asked again has the same answer, and never one of documents that have changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import HashEmbedder

from rag import render
from rag.errors import InvalidQuestion
from rag.pipeline import Pipeline
from rag.records import Answer, Exchange
from rag.remembered import Asked, Remembered
from rag.settings import Settings

QUESTION = "When does the harbour open?"


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    settings = Settings(data_dir=tmp_path / "data", reader=False, min_confidence=0)
    with Pipeline.open(settings, embedder=HashEmbedder(), create=True) as pipeline:
        put(pipeline, "The harbour opens at six in the morning.")
        yield pipeline


def put(pipeline: Pipeline, text: str) -> None:
    pipeline.put_document("hours", text.encode(), media_type="text/plain")


def body(answer: Answer) -> dict[str, object]:
    """All that is shown of an answer but the time it took."""
    return {**render.answer_body(answer), "timings_ms": None}


def is_remembered(answer: Answer) -> bool:
    return "cache" in answer.timings_ms


def test_the_same_question_again_is_remembered_and_has_the_same_answer(pipeline: Pipeline) -> None:
    first, again = pipeline.ask(QUESTION), pipeline.ask(QUESTION)
    assert (is_remembered(first), is_remembered(again)) == (False, True)
    assert body(first) == body(again)
    assert first.citations
    steps = list(pipeline.ask_in_steps(QUESTION))
    assert (steps[0], len(steps)) == (QUESTION, 3)


def test_a_change_of_the_documents_forgets_it(pipeline: Pipeline) -> None:
    pipeline.ask(QUESTION)
    put(pipeline, "The harbour opens at noon.")
    changed = pipeline.ask(QUESTION)
    assert not is_remembered(changed)
    assert [citation.quote for citation in changed.citations] == ["The harbour opens at noon."]
    pipeline.remove("hours")
    gone = pipeline.ask(QUESTION)
    assert (is_remembered(gone), gone.citations) == (False, ())


def test_a_change_by_another_process_forgets_it(pipeline: Pipeline) -> None:
    pipeline.ask(QUESTION)
    with Pipeline.open(pipeline.settings, embedder=HashEmbedder()) as other:
        put(other, "The harbour opens at noon.")
    changed = pipeline.ask(QUESTION)
    assert [citation.quote for citation in changed.citations] == ["The harbour opens at noon."]


def test_another_threshold_forgets_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", reader=False)
    with Pipeline.open(settings, embedder=HashEmbedder(), create=True) as pipeline:
        put(pipeline, "The harbour opens at six in the morning.")
        pipeline.set_threshold(0.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
        assert pipeline.ask(QUESTION).citations
        pipeline.set_threshold(1.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
        refused = pipeline.ask(QUESTION)
        assert (is_remembered(refused), refused.citations) == (False, ())


def test_a_threshold_that_changes_while_an_answer_is_made_is_not_taken_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "data", reader=False)
    with Pipeline.open(settings, embedder=HashEmbedder(), create=True) as pipeline:
        put(pipeline, "The harbour opens at six in the morning.")
        pipeline.set_threshold(0.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
        low, find = pipeline.threshold(), pipeline._find

        def find_later(*given: object, **more: object) -> object:
            pipeline.set_threshold(1.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
            return find(*given, **more)

        monkeypatch.setattr(pipeline, "_find", find_later)
        assert pipeline.ask(QUESTION).citations == ()
        monkeypatch.undo()
        pipeline._store.set_threshold(low)
        assert pipeline.ask(QUESTION).citations


def test_what_else_an_answer_depends_on_is_asked_apart(pipeline: Pipeline) -> None:
    pipeline.ask(QUESTION)
    history = (Exchange("Where is the harbour?", ("The harbour is in the north.",)),)
    others = [
        pipeline.ask(QUESTION, max_sentences=1),
        pipeline.ask(QUESTION, principals=["staff"]),
        pipeline.ask(QUESTION, principals=[]),
        pipeline.ask(QUESTION, history=history),
        pipeline.ask("When does the harbour close?"),
    ]
    assert [is_remembered(answer) for answer in others] == [False] * 5
    assert is_remembered(pipeline.ask(QUESTION, history=history))


def test_nothing_is_remembered_where_the_settings_say_so(pipeline: Pipeline) -> None:
    settings = dataclasses.replace(pipeline.settings, remembered_answers=0)
    with Pipeline.open(settings, embedder=HashEmbedder()) as other:
        assert not any(is_remembered(other.ask(QUESTION)) for _ in range(3))


def test_a_question_that_cannot_be_asked_is_refused_each_time(pipeline: Pipeline) -> None:
    for _ in range(2):
        with pytest.raises(InvalidQuestion):
            pipeline.ask(" ")


def test_the_one_asked_for_the_longest_time_ago_makes_room(pipeline: Pipeline) -> None:
    answer = pipeline.ask(QUESTION)
    kept = Remembered(2)
    for name in ("a", "b"):
        kept.keep(name, Asked(name, (), answer))
    assert kept.get("a") is not None
    kept.keep("c", Asked("c", (), answer))
    assert [kept.get(name) is not None for name in ("a", "b", "c")] == [True, False, True]
