"""Conversations: kept as they were shown, found again, and gone when their time is over."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import apsw
import pytest
from fakes import HashEmbedder
from samples import python_process, run_python
from talk import BERTH, HARBOUR, LEAVE, OPENED, REQUEST, document_of, is_on_disk, let_days_pass, sql

from rag import conversations
from rag.errors import ConversationFull, ConversationNotFound, InputError
from rag.pipeline import Pipeline
from rag.records import Exchange
from rag.settings import Settings


def without_timings(body: dict) -> dict:
    return {name: value for name, value in body.items() if name != "timings_ms"}


class TestKeeping:
    def test_an_answer_is_kept_as_it_was_shown(self, pipeline: Pipeline, keep: Callable) -> None:
        first = keep(HARBOUR)
        second = keep(BERTH, conversation_id=first["conversation_id"])
        opened = pipeline.conversation(first["conversation_id"])
        assert (first["turn"], second["turn"]) == (1, 2)
        assert second["conversation_id"] == first["conversation_id"]
        shown = [{**turn.shown, "conversation_id": opened.id, "turn": turn.number} for turn in opened.turns]
        assert shown == [first, second]
        assert list(shown[0]) == list(first), "the order of the fields too"
        assert first["answer"]["text"] == f"{OPENED} [1]"

    def test_a_kept_answer_is_that_of_a_question_by_itself(self, pipeline: Pipeline, keep: Callable) -> None:
        alone, kept = pipeline.converse(HARBOUR), keep(HARBOUR)
        assert (alone["conversation_id"], alone["turn"]) == (None, None)
        assert without_timings(kept | {"conversation_id": None, "turn": None}) == without_timings(alone)

    def test_without_keep_nothing_is_stored(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        answer = pipeline.converse(BERTH, conversation_id=conversation_id, request_id=REQUEST)
        assert (answer["conversation_id"], answer["turn"]) == (None, None)
        assert len(pipeline.conversation(conversation_id).turns) == 1

    def test_no_answer_is_kept_too(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep("Who sells gold teeth?")["conversation_id"]
        assert pipeline.conversation(conversation_id).turns[0].shown["reason"] == "not_in_documents"

    def test_an_id_is_128_bits_of_chance(self, keep: Callable) -> None:
        ids = {keep(HARBOUR)["conversation_id"] for _ in range(5)}
        assert len(ids) == 5
        assert all(
            len(i) == 22 and set(i) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
            for i in ids
        )

    def test_it_outlives_the_program(self, settings: Settings, keep: Callable, pipeline: Pipeline) -> None:
        kept = keep(HARBOUR)
        pipeline.close()
        with Pipeline.open(settings, embedder=HashEmbedder()) as again:
            assert again.conversation(kept["conversation_id"]).title == HARBOUR

    def test_keeping_does_not_wait_for_an_ingest_and_is_no_change(self, pipeline: Pipeline, keep: Callable) -> None:
        before, found = pipeline.health().index_version, []
        with pipeline._store.write_lock():
            thread = threading.Thread(target=lambda: found.append(keep(HARBOUR)))
            thread.start()
            thread.join(timeout=20)
        assert found[0]["turn"] == 1
        assert pipeline.health().index_version == before

    def test_a_full_conversation_says_to_start_a_new_one(
        self, pipeline: Pipeline, keep: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.conversations.MAX_TURNS", 2)
        conversation_id = keep(HARBOUR)["conversation_id"]
        keep(BERTH, conversation_id=conversation_id)
        with pytest.raises(ConversationFull, match=r"has 2 questions, which is the most .*Start a new one"):
            keep(HARBOUR, conversation_id=conversation_id)
        assert pipeline.converse(HARBOUR, conversation_id=conversation_id)["status"] == "answered", "only not kept"
        assert len(pipeline.conversation(conversation_id).turns) == 2

    @pytest.mark.parametrize("conversation_id", ["", "nobody", "A" * 22, "' OR 1=1 --", "\ud800", "a\0"])
    def test_an_unknown_id_is_not_found(self, pipeline: Pipeline, conversation_id: str) -> None:
        for call in (
            lambda: pipeline.conversation(conversation_id),
            lambda: pipeline.converse(HARBOUR, conversation_id=conversation_id),
            lambda: pipeline.converse(HARBOUR, conversation_id=conversation_id, keep=True, request_id=REQUEST),
            lambda: pipeline.rename_conversation(conversation_id, "Title"),
            lambda: pipeline.delete_conversation(conversation_id),
            lambda: pipeline.feedback("a", relevance="relevant", turn=(conversation_id, 1)),
        ):
            with pytest.raises(ConversationNotFound, match="no such conversation"):
                call()


class TestSameRequestAgain:
    def test_it_gives_the_same_answer_and_adds_nothing(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        first = keep(BERTH, conversation_id=conversation_id, request_id="two")
        pipeline.remove(document_of(first))
        again = keep(BERTH, conversation_id=conversation_id, request_id="two")
        assert (again["id"], again["turn"], again["timings_ms"]) == (first["id"], 2, first["timings_ms"])
        assert len(pipeline.conversation(conversation_id).turns) == 2

    def test_the_first_question_is_found_without_its_conversation(self, keep: Callable) -> None:
        assert keep(HARBOUR, request_id=REQUEST) == keep(HARBOUR, request_id=REQUEST)

    def test_a_request_id_that_can_be_guessed_opens_no_conversation(self, keep: Callable) -> None:
        for request_id in ("", "1", "x" * 21):
            ids = {keep(HARBOUR, request_id=request_id)["conversation_id"] for _ in range(2)}
            assert len(ids) == 2

    def test_a_day_later_the_first_question_starts_another_conversation(
        self, pipeline: Pipeline, keep: Callable
    ) -> None:
        first = keep(HARBOUR, request_id=REQUEST)["conversation_id"]
        let_days_pass(pipeline, first, 1.1)
        assert keep(HARBOUR, request_id=REQUEST)["conversation_id"] != first

    def test_a_later_turn_is_not_found_without_its_conversation(self, keep: Callable) -> None:
        first = keep(HARBOUR)["conversation_id"]
        keep(BERTH, conversation_id=first, request_id=REQUEST)
        assert keep(BERTH, request_id=REQUEST)["conversation_id"] != first

    def test_it_is_of_one_conversation(self, keep: Callable) -> None:
        first, second = keep(HARBOUR)["conversation_id"], keep(LEAVE)["conversation_id"]
        answers = [keep(BERTH, conversation_id=i, request_id="two") for i in (first, second)]
        assert [answer["conversation_id"] for answer in answers] == [first, second]

    def test_another_question_under_the_same_id_is_refused(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep(HARBOUR, request_id="one")["conversation_id"]
        with pytest.raises(InputError, match="request_id one was used for another question"):
            keep(BERTH, conversation_id=conversation_id, request_id="one")
        assert len(pipeline.conversation(conversation_id).turns) == 1

    @pytest.mark.parametrize("starts", [True, False], ids=["starts", "goes-on"])
    def test_at_the_same_moment_it_makes_one_turn(self, pipeline: Pipeline, keep: Callable, starts: bool) -> None:
        conversation_id = None if starts else keep(HARBOUR)["conversation_id"]
        barrier, answers = threading.Barrier(6), []

        def ask() -> None:
            barrier.wait()
            answers.append(keep(BERTH, conversation_id=conversation_id, request_id=REQUEST))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 6
        assert all(answer == answers[0] for answer in answers)
        opened = pipeline.conversation(answers[0]["conversation_id"])
        assert len(opened.turns) == (1 if starts else 2)
        assert sql(pipeline, "SELECT count(*) FROM conversations") == [(1,)]

    def test_threads_that_ask_in_one_conversation_get_numbers_of_their_own(
        self, pipeline: Pipeline, keep: Callable
    ) -> None:
        conversation_id, turns = keep(HARBOUR)["conversation_id"], []

        def ask() -> None:
            turns.extend(keep(BERTH, conversation_id=conversation_id)["turn"] for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(turns) == list(range(2, 22))
        assert [turn.number for turn in pipeline.conversation(conversation_id).turns] == list(range(1, 22))


class TestFollowUps:
    @pytest.fixture
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Exchange, ...]]:
        """The history of each question that had one."""
        given: list[tuple[Exchange, ...]] = []

        def filled_in(question: str, history: tuple[Exchange, ...]) -> str:
            given.append(tuple(history))
            return BERTH if question == "And a berth?" else question

        monkeypatch.setattr("rag.ask.stand_alone", filled_in)
        return given

    def test_a_follow_up_sees_what_was_asked_quoted_and_cited(self, keep: Callable, seen: list) -> None:
        first = keep(HARBOUR)
        second = keep("And a berth?", conversation_id=first["conversation_id"])
        assert seen == [(Exchange(HARBOUR, (OPENED,), ("The harbour at Westerholm", "Opening")),)]
        assert (second["question"], second["stand_alone_question"]) == ("And a berth?", BERTH)
        keep("Why?", conversation_id=first["conversation_id"])
        assert [exchange.question for exchange in seen[1]] == [HARBOUR, BERTH]

    def test_only_the_last_five_turns_are_seen(self, keep: Callable, seen: list) -> None:
        conversation_id = keep("Who sells gold teeth?")["conversation_id"]
        for number in range(6):
            keep(f"What opened in {1880 + number}?", conversation_id=conversation_id)
        assert [exchange.question for exchange in seen[-1]] == [f"What opened in {1880 + n}?" for n in range(5)]

    def test_a_history_of_the_clients_own_is_seen_and_only_its_end(self, pipeline: Pipeline, seen: list) -> None:
        history = [Exchange(f"Question {number}?") for number in range(8)]
        assert pipeline.converse("And a berth?", history=history)["stand_alone_question"] == BERTH
        assert seen == [tuple(history[-5:])]

    def test_a_question_that_was_corrected_is_taken_as_it_is(self, keep: Callable, seen: list) -> None:
        first = keep(HARBOUR)
        second = keep("And a berth?", conversation_id=first["conversation_id"], stand_alone=True)
        assert (seen, second["stand_alone_question"], second["turn"]) == ([], None, 2)

    def test_a_conversation_and_a_history_are_refused(self, pipeline: Pipeline, keep: Callable) -> None:
        with pytest.raises(InputError, match="a conversation has its own"):
            pipeline.converse("Why?", conversation_id=keep(HARBOUR)["conversation_id"], history=[Exchange(HARBOUR)])

    def test_nothing_of_a_removed_document_is_seen(self, pipeline: Pipeline, keep: Callable, seen: list) -> None:
        first = keep(HARBOUR)
        pipeline.remove(document_of(first))
        keep("And a berth?", conversation_id=first["conversation_id"])
        assert seen == [(Exchange(HARBOUR),)]

    @pytest.mark.usefixtures("seen")
    def test_the_steps_say_first_what_is_searched_for(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        steps = list(pipeline.converse_in_steps("And  a berth?", conversation_id=conversation_id))
        assert steps[0] == ("question", {"question": "And a berth?", "stand_alone_question": BERTH})
        assert [name for name, _ in steps[:3]] == ["question", "passages", "citations"]
        steps = list(pipeline.converse_in_steps("Who  sells gold teeth?", conversation_id=conversation_id))
        assert [name for name, _ in steps] == ["passages", "citations", "done"]


class TestSteps:
    def test_who_stops_before_the_end_leaves_no_turn(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        taken = []
        for name, _ in pipeline.converse_in_steps(HARBOUR, conversation_id=conversation_id, keep=True):
            taken.append(name)
            if name == "sentence":
                break
        assert taken == ["passages", "citations", "sentence"]
        assert len(pipeline.conversation(conversation_id).turns) == 1

    def test_what_was_kept_comes_in_the_same_steps_again(self, pipeline: Pipeline) -> None:
        runs = [list(pipeline.converse_in_steps(HARBOUR, keep=True, request_id=REQUEST)) for _ in range(2)]
        assert runs[0] == runs[1]
        assert [name for name, _ in runs[0]] == ["passages", "citations", "sentence", "done"]
        done = runs[0][-1][1]
        assert (runs[0][0][1], runs[0][1][1]) == (done["passages"], done["citations"])


class TestNotKept:
    """An answer that cannot be kept still comes, as that of no conversation."""

    def test_where_the_settings_keep_none(self, settings: Settings, pipeline: Pipeline, keep: Callable) -> None:
        kept = keep(HARBOUR)["conversation_id"]
        pipeline.settings = replace(settings, keep_conversations_days=0)
        answer = keep(HARBOUR, request_id=REQUEST)
        assert (answer["status"], answer["conversation_id"], answer["turn"]) == ("answered", None, None)
        with pytest.raises(ConversationNotFound):
            pipeline.conversation(kept)
        assert sql(pipeline, "SELECT count(*) FROM conversations") == [(0,)]

    def test_when_it_was_deleted_meanwhile(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        steps = pipeline.converse_in_steps(BERTH, conversation_id=conversation_id, keep=True)
        next(steps)
        pipeline.delete_conversation(conversation_id)
        *_, (_, body) = steps
        assert (body["status"], body["conversation_id"], body["turn"]) == ("answered", None, None)
        assert sql(pipeline, "SELECT count(*) FROM conversations") == [(0,)]

    def test_while_another_program_keeps_the_database_locked(
        self, pipeline: Pipeline, keep: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.store.database._BUSY_TIMEOUT", 50)
        other = apsw.Connection(str(pipeline.settings.data_dir / "citewell.sqlite"))
        other.execute("BEGIN IMMEDIATE")
        pipeline._store._database._writer = None  # so that it is opened with that patience
        answer = keep(HARBOUR)
        assert (answer["answer"]["text"], answer["conversation_id"]) == (f"{OPENED} [1]", None)
        other.execute("ROLLBACK")
        other.close()
        assert keep(HARBOUR)["turn"] == 1

    def test_when_the_disk_is_full(self, tmp_path: Path, library: Path) -> None:
        output = run_python(_FULL, tmp_path / "data", library)
        assert output == "answered None None\nanswered True 1\n"

    def test_in_a_directory_that_cannot_be_written(self, library: Path) -> None:
        if os.getuid() != 0:
            pytest.skip("needs a second user")
        top = Path(tempfile.mkdtemp(prefix="citewell-test-"))
        try:
            top.chmod(0o755)
            shutil.copytree(library, top / "library")
            assert run_python(_READ_ONLY, top / "data", top / "library") == "answered None None StorageReadOnly\n"
        finally:
            shutil.rmtree(top)


_FULL = """
import resource, sys
from pathlib import Path
from fakes import HashEmbedder
from rag.pipeline import Pipeline
from rag.settings import Settings
data, library = Path(sys.argv[1]), Path(sys.argv[2])
question = "When was the harbour at Westerholm opened?"
with Pipeline.open(Settings(data_dir=data, reader=False), embedder=HashEmbedder(), create=True) as pipeline:
    pipeline.ingest([library])
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
    body = pipeline.converse(question, keep=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(body["status"], body["conversation_id"], body["turn"])
    body = pipeline.converse(question, keep=True)
    print(body["status"], len(body["conversation_id"]) == 22, body["turn"])
"""

_READ_ONLY = """
import os, sys
from pathlib import Path
import rag.pipeline
from fakes import HashEmbedder, ReadsHere
from rag.errors import RagError
from rag.pipeline import Pipeline
from rag.settings import Settings
rag.pipeline.Parser = ReadsHere
data, library = Path(sys.argv[1]), Path(sys.argv[2])
settings = Settings(data_dir=data, reader=False)
question = "When was the harbour at Westerholm opened?"
with Pipeline.open(settings, embedder=HashEmbedder(), create=True) as pipeline:
    pipeline.ingest([library])
    conversation_id = pipeline.converse(question, keep=True)["conversation_id"]
for path in [*data.rglob("*")]:
    path.chmod(0o555 if path.is_dir() else 0o444)
data.chmod(0o555)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with Pipeline.open(settings, embedder=HashEmbedder()) as pipeline:
    assert pipeline.conversation(conversation_id).turns[0].shown["status"] == "answered"
    body = pipeline.converse(question, conversation_id=conversation_id, keep=True)
    try:
        pipeline.delete_conversation(conversation_id)
    except RagError as error:
        print(body["status"], body["conversation_id"], body["turn"], type(error).__name__)
"""


class TestTime:
    def test_it_is_kept_for_the_days_of_the_settings(self, pipeline: Pipeline, keep: Callable) -> None:
        opened = pipeline.conversation(keep(HARBOUR)["conversation_id"])
        assert opened.created_at == opened.updated_at
        days = datetime.fromisoformat(opened.expires_at) - datetime.fromisoformat(opened.updated_at)
        assert days == timedelta(days=30)

    def test_another_question_makes_it_stay_longer_and_another_title_does_not(
        self, pipeline: Pipeline, keep: Callable
    ) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        let_days_pass(pipeline, conversation_id, 29)
        before = pipeline.conversation(conversation_id)
        assert pipeline.rename_conversation(conversation_id, "Harbour").expires_at == before.expires_at
        keep(BERTH, conversation_id=conversation_id)
        after = pipeline.conversation(conversation_id)
        assert after.expires_at > before.expires_at
        assert after.created_at == before.created_at

    @pytest.mark.parametrize(
        "touch",
        [
            lambda pipeline, _: pipeline.forget_expired_conversations(),
            lambda pipeline, _: pipeline.converse(LEAVE, keep=True),
            lambda pipeline, other: pipeline.conversation(other),
            lambda pipeline, other: pipeline.rename_conversation(other, "Title"),
            lambda pipeline, other: pipeline.delete_conversation(other),
            lambda pipeline, other: pipeline.converse(LEAVE, conversation_id=other),
        ],
        ids=["start", "keep", "open", "rename", "delete", "follow-up"],
    )
    def test_when_it_is_over_any_touch_deletes_it_for_good(
        self, pipeline: Pipeline, keep: Callable, touch: Callable[[Pipeline, str], object]
    ) -> None:
        old, other = keep("What about Quagmirebirds?")["conversation_id"], keep(LEAVE)["conversation_id"]
        let_days_pass(pipeline, old, 30.1)
        touch(pipeline, other)
        assert sql(pipeline, "SELECT count(*) FROM conversations WHERE id = ?", old) == [(0,)]
        assert not is_on_disk(pipeline, b"Quagmirebirds")
        with pytest.raises(ConversationNotFound):
            pipeline.conversation(old)

    @pytest.mark.parametrize("days", [10_000, 10**12])
    def test_it_may_be_kept_as_good_as_for_ever(
        self, settings: Settings, pipeline: Pipeline, keep: Callable, days: int
    ) -> None:
        pipeline.settings = replace(settings, keep_conversations_days=days)
        kept = keep(HARBOUR)["conversation_id"]
        let_days_pass(pipeline, kept, 9_000)
        assert pipeline.conversation(kept).title == HARBOUR


class TestTitles:
    @pytest.mark.parametrize(
        ("question", "title"),
        [
            ("Why?", "Why?"),
            ("  When\n was\tit  opened? ", "When was it opened?"),
            ("a" * 60, "a" * 60),
            ("a" * 61, "a" * 58 + " …"),
            ("word " * 12 + "end", "word " * 11 + "…"),
            ("How much is a parcel " + "far " * 12, "How much is a parcel " + "far " * 9 + "…"),
            ("\u202eesrever\u0007", "esrever"),
            ("\u200b\u202e", "…"),
            ("\u200d", "…"),
            ("👩\u200d🔬 laboratory?", "👩\u200d🔬 laboratory?"),
        ],
    )  # fmt: skip
    def test_the_first_question_is_the_title_shortened_at_a_word(self, question: str, title: str) -> None:
        assert conversations.first_title(question) == title

    def test_a_title_is_cleaned(self, pipeline: Pipeline, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        renamed = pipeline.rename_conversation(conversation_id, " Har\x00bour\u202e \ud800 dues\n")
        assert (renamed.title, renamed.turns) == ("Har bour dues", ())
        assert pipeline.conversation(conversation_id).title == "Har bour dues"

    @pytest.mark.parametrize(
        ("title", "length"), [("", 0), (" \n", 0), ("\u202e\x00", 0), ("\u200d", 0), ("x" * 201, 201)]
    )
    def test_a_title_that_will_not_do_is_refused(
        self, pipeline: Pipeline, keep: Callable, title: str, length: int
    ) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        with pytest.raises(InputError, match=f"has {length} characters; expected 1 to 200"):
            pipeline.rename_conversation(conversation_id, title)
        assert pipeline.conversation(conversation_id).title == HARBOUR


class TestFeedback:
    def test_it_stands_with_its_turn_and_the_last_word_counts(self, pipeline: Pipeline, keep: Callable) -> None:
        first = keep(HARBOUR)
        talk = first["conversation_id"]
        keep(BERTH, conversation_id=talk)
        for relevance in ("relevant", "not_relevant"):
            pipeline.feedback(first["id"], relevance=relevance, comment="Hm.", turn=(talk, 1))
        assert [turn.relevance for turn in pipeline.conversation(talk).turns] == ["not_relevant", None]
        rows = sql(pipeline, "SELECT answer_id, question, relevance, comment FROM feedback")
        assert rows == [(first["id"], None, r, "Hm.") for r in ("relevant", "not_relevant")]

    def test_of_one_citation_it_is_not_that_of_the_turn(self, pipeline: Pipeline, keep: Callable) -> None:
        first = keep(HARBOUR)
        talk = first["conversation_id"]
        pipeline.feedback(first["id"], relevance="not_relevant", citation_number=1, turn=(talk, 1))
        assert pipeline.conversation(talk).turns[0].relevance is None

    def test_of_a_turn_that_is_not_there_it_is_refused_and_not_kept(self, pipeline: Pipeline, keep: Callable) -> None:
        talk = keep(HARBOUR)["conversation_id"]
        with pytest.raises(ConversationNotFound, match="has no question 2"):
            pipeline.feedback("a", relevance="relevant", turn=(talk, 2))
        assert sql(pipeline, "SELECT count(*) FROM feedback") == [(0,)]


KEEP_FOR_EVER = """
import sys
from pathlib import Path
from fakes import HashEmbedder
from rag.pipeline import Pipeline
from rag.settings import Settings
with Pipeline.open(Settings(data_dir=Path(sys.argv[1]), reader=False), embedder=HashEmbedder()) as pipeline:
    talk = None
    while True:
        body = pipeline.converse("When was the harbour at Westerholm opened?", conversation_id=talk, keep=True)
        talk = body["conversation_id"]
        print(talk, body["turn"], flush=True)
"""


def test_what_was_answered_as_kept_survives_a_kill(pipeline: Pipeline) -> None:
    with python_process(KEEP_FOR_EVER, pipeline.settings.data_dir) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.kill()
        rest, _ = process.communicate(timeout=60)
    talk, turn = [line for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith("\n")][-1].split()
    assert len(pipeline.conversation(talk).turns) in (int(turn), int(turn) + 1)
