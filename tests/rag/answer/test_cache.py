"""A question that is asked again has the same answer, and never one of documents that have changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.answer.cache import AnswerCache, CachedAnswer
from rag.app import Citewell
from rag.errors import InvalidQuestion
from rag.records import Answer, Exchange
from rag.render.shapes import AnswerBody, body_of
from rag.settings import Settings
from rag.store.base import Reply
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder

QUESTION = "When does the harbour open?"


@pytest.fixture
def citewell(tmp_path: Path) -> Iterator[Citewell]:
    settings = Settings(data_dir=tmp_path / "data", reader=False, answer_confidence=0, min_confidence=0)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        put(citewell, "The harbour opens at six in the morning.")
        yield citewell


def put(citewell: Citewell, text: str) -> None:
    citewell.documents.put("hours", text.encode(), media_type="text/plain")


def body(answer: Answer) -> dict[str, object]:
    """All that is shown of an answer but the time it took."""
    return {**body_of(AnswerBody, Reply(answer)), "timings_ms": None}


def is_remembered(answer: Answer) -> bool:
    return "cache" in answer.timings_ms


def test_the_same_question_again_is_remembered_and_has_the_same_answer(citewell: Citewell) -> None:
    first, again = (
        citewell.questions.ask(QUESTION, access=EVERYTHING),
        citewell.questions.ask(QUESTION, access=EVERYTHING),
    )
    assert (is_remembered(first), is_remembered(again)) == (False, True)
    assert body(first) == body(again)
    assert first.citations
    pending = citewell.questions.begin(QUESTION, access=EVERYTHING)
    assert (pending.question, pending.searched) == (QUESTION, QUESTION)
    assert pending.passages == first.passages


def test_a_change_of_the_documents_forgets_it(citewell: Citewell) -> None:
    citewell.questions.ask(QUESTION, access=EVERYTHING)
    put(citewell, "The harbour opens at noon.")
    changed = citewell.questions.ask(QUESTION, access=EVERYTHING)
    assert not is_remembered(changed)
    assert [citation.quote for citation in changed.citations] == ["The harbour opens at noon."]
    citewell.documents.remove("hours")
    gone = citewell.questions.ask(QUESTION, access=EVERYTHING)
    assert (is_remembered(gone), gone.citations) == (False, ())


def test_a_change_by_another_process_forgets_it(citewell: Citewell) -> None:
    citewell.questions.ask(QUESTION, access=EVERYTHING)
    with Citewell.open(citewell.settings, embedder=HashEmbedder()) as other:
        put(other, "The harbour opens at noon.")
    changed = citewell.questions.ask(QUESTION, access=EVERYTHING)
    assert [citation.quote for citation in changed.citations] == ["The harbour opens at noon."]


def test_another_threshold_forgets_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        put(citewell, "The harbour opens at six in the morning.")
        citewell.maintenance.set_threshold(0.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
        assert citewell.questions.ask(QUESTION, access=EVERYTHING).citations
        citewell.maintenance.set_threshold(1.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
        refused = citewell.questions.ask(QUESTION, access=EVERYTHING)
        assert (is_remembered(refused), refused.citations) == (False, ())


def test_a_threshold_that_changes_while_an_answer_is_made_is_not_taken_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "data", reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        put(citewell, "The harbour opens at six in the morning.")
        citewell.maintenance.set_threshold(0.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
        low, find = citewell.maintenance.threshold(), citewell.questions._find

        def find_later(*given: Any, **more: Any) -> object:
            citewell.maintenance.set_threshold(1.0, max_wrong=0.5, questions=9, answered=9, wrong=0)
            return find(*given, **more)

        monkeypatch.setattr(citewell.questions, "_find", find_later)
        assert citewell.questions.ask(QUESTION, access=EVERYTHING).citations == ()
        monkeypatch.undo()
        citewell._store.set_threshold(low)
        assert citewell.questions.ask(QUESTION, access=EVERYTHING).citations


def test_what_else_an_answer_depends_on_is_asked_apart(citewell: Citewell) -> None:
    citewell.questions.ask(QUESTION, access=EVERYTHING)
    history = (Exchange("Where is the harbour?", ("The harbour is in the north.",)),)
    others = [
        citewell.questions.ask(QUESTION, max_sentences=1, access=EVERYTHING),
        citewell.questions.ask(QUESTION, history=history, access=EVERYTHING),
        citewell.questions.ask("When does the harbour close?", access=EVERYTHING),
    ]
    assert [is_remembered(answer) for answer in others] == [False] * 3
    assert is_remembered(citewell.questions.ask(QUESTION, history=history, access=EVERYTHING))


def test_nothing_is_remembered_where_the_settings_say_so(citewell: Citewell) -> None:
    settings = dataclasses.replace(citewell.settings, remembered_answers=0)
    with Citewell.open(settings, embedder=HashEmbedder()) as other:
        assert not any(is_remembered(other.questions.ask(QUESTION, access=EVERYTHING)) for _ in range(3))


def test_a_question_that_cannot_be_asked_is_refused_each_time(citewell: Citewell) -> None:
    for _ in range(2):
        with pytest.raises(InvalidQuestion):
            citewell.questions.ask(" ", access=EVERYTHING)


def test_the_one_asked_for_the_longest_time_ago_makes_room(citewell: Citewell) -> None:
    answer = citewell.questions.ask(QUESTION, access=EVERYTHING)
    kept = AnswerCache(2)
    for name in ("a", "b"):
        kept.keep(name, CachedAnswer(name, (), answer))
    assert kept.get("a") is not None
    kept.keep("c", CachedAnswer("c", (), answer))
    assert [kept.get(name) is not None for name in ("a", "b", "c")] == [True, False, True]
