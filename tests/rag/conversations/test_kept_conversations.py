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

from rag.app import Citewell
from rag.conversations import kept_conversations
from rag.errors import ConversationFull, ConversationNotFound, InputError
from rag.records import Exchange
from rag.settings import Settings
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.conversations import (
    BERTH,
    HARBOUR,
    LEAVE,
    OPENED,
    REQUEST,
    ask,
    document_of,
    is_on_disk,
    let_days_pass,
    shown_in,
    sql,
)
from tests.support.fakes import HashEmbedder
from tests.support.processes import python_process, run_python
from tests.support.restart import restart


def without_timings(body: dict) -> dict:
    return {name: value for name, value in body.items() if name != "timings_ms"}


class TestKeeping:
    def test_an_answer_is_kept_as_it_was_shown(self, citewell: Citewell, keep: Callable) -> None:
        first = keep(HARBOUR)
        second = keep(BERTH, conversation_id=first["conversation_id"])
        opened = citewell.conversations.get(first["conversation_id"], access=EVERYTHING)
        assert (first["turn"], second["turn"]) == (1, 2)
        assert second["conversation_id"] == first["conversation_id"]
        shown = [{**shown_in(turn), "conversation_id": opened.id, "turn": turn.number} for turn in opened.turns]
        assert shown == [first, second]
        assert list(shown[0]) == list(first), "the order of the fields too"
        assert first["answer"]["text"] == f"{OPENED} [1]"

    def test_a_kept_answer_is_that_of_a_question_by_itself(self, citewell: Citewell, keep: Callable) -> None:
        alone, kept = ask(citewell, HARBOUR), keep(HARBOUR)
        assert (alone["conversation_id"], alone["turn"]) == (None, None)
        assert without_timings(kept | {"conversation_id": None, "turn": None}) == without_timings(alone)

    def test_without_keep_nothing_is_stored(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        answer = ask(citewell, BERTH, conversation_id=conversation_id, request_id=REQUEST)
        assert (answer["conversation_id"], answer["turn"]) == (None, None)
        assert len(citewell.conversations.get(conversation_id, access=EVERYTHING).turns) == 1

    def test_no_answer_is_kept_too(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep("Who sells gold teeth?")["conversation_id"]
        assert (
            shown_in(citewell.conversations.get(conversation_id, access=EVERYTHING).turns[0])["reason"] == "not_found"
        )

    def test_an_id_is_128_bits_of_chance(self, keep: Callable) -> None:
        ids = {keep(HARBOUR)["conversation_id"] for _ in range(5)}
        assert len(ids) == 5
        assert all(
            len(i) == 22 and set(i) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
            for i in ids
        )

    def test_it_outlives_the_program(self, settings: Settings, keep: Callable, citewell: Citewell) -> None:
        kept = keep(HARBOUR)
        citewell.close()
        with Citewell.open(settings, embedder=HashEmbedder()) as again:
            assert again.conversations.get(kept["conversation_id"], access=EVERYTHING).title == HARBOUR

    def test_keeping_does_not_wait_for_an_ingest_and_is_no_change(self, citewell: Citewell, keep: Callable) -> None:
        before, found = citewell.maintenance.health().index_version, []
        with citewell._store.write_lock():
            thread = threading.Thread(target=lambda: found.append(keep(HARBOUR)))
            thread.start()
            thread.join(timeout=200)
        assert found[0]["turn"] == 1
        assert citewell.maintenance.health().index_version == before

    def test_a_full_conversation_says_to_start_a_new_one(
        self, citewell: Citewell, keep: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.conversations.kept_conversations.MAX_TURNS", 2)
        conversation_id = keep(HARBOUR)["conversation_id"]
        keep(BERTH, conversation_id=conversation_id)
        with pytest.raises(ConversationFull, match=r"has 2 questions, which is the most .*Start a new one"):
            keep(HARBOUR, conversation_id=conversation_id)
        assert ask(citewell, HARBOUR, conversation_id=conversation_id)["status"] == "answered", "only not kept"
        assert len(citewell.conversations.get(conversation_id, access=EVERYTHING).turns) == 2

    @pytest.mark.parametrize("conversation_id", ["", "nobody", "A" * 22, "' OR 1=1 --", "\ud800", "a\0"])
    def test_an_unknown_id_is_not_found(self, citewell: Citewell, conversation_id: str) -> None:
        for call in (
            lambda: citewell.conversations.get(conversation_id, access=EVERYTHING),
            lambda: ask(citewell, HARBOUR, conversation_id=conversation_id),
            lambda: ask(citewell, HARBOUR, conversation_id=conversation_id, keep=True, request_id=REQUEST),
            lambda: citewell.conversations.rename(conversation_id, "Title", access=EVERYTHING),
            lambda: citewell.conversations.delete(conversation_id, access=EVERYTHING),
            lambda: citewell.conversations.add_feedback(
                "a", relevance="relevant", turn=(conversation_id, 1), access=EVERYTHING
            ),
        ):
            with pytest.raises(ConversationNotFound, match="no such conversation"):
                call()


class TestSameRequestAgain:
    def test_it_gives_the_same_answer_and_adds_nothing(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        first = keep(BERTH, conversation_id=conversation_id, request_id="two")
        citewell.documents.remove(document_of(first))
        again = keep(BERTH, conversation_id=conversation_id, request_id="two")
        assert (again["id"], again["turn"], again["timings_ms"]) == (first["id"], 2, first["timings_ms"])
        assert len(citewell.conversations.get(conversation_id, access=EVERYTHING).turns) == 2

    def test_the_first_question_is_found_without_its_conversation(self, keep: Callable) -> None:
        assert keep(HARBOUR, request_id=REQUEST) == keep(HARBOUR, request_id=REQUEST)

    def test_a_request_id_that_was_guessed_elsewhere_opens_no_conversation(self, citewell: Citewell) -> None:
        """Whatever it is made of: a counter that looks like chance is none."""

        def started(client: str, conversation_id: str | None = None) -> str:
            answered = citewell.conversations.ask(
                HARBOUR,
                access=EVERYTHING,
                keep=True,
                request_id=REQUEST,
                client=client,
                conversation_id=conversation_id,
            )
            assert answered.conversation_id is not None
            return answered.conversation_id

        first = started("192.0.2.1")
        assert started("192.0.2.1") == first
        assert started("192.0.2.2") != first
        assert started("192.0.2.1", conversation_id=first) == first
        assert len(citewell.conversations.get(first, access=EVERYTHING).turns) == 1

    def test_a_request_id_that_can_be_guessed_opens_no_conversation(self, keep: Callable) -> None:
        for request_id in ("", "1", "x" * 21, "x" * 22, "ab" * 20):
            ids = {keep(HARBOUR, request_id=request_id)["conversation_id"] for _ in range(2)}
            assert len(ids) == 2

    def test_a_day_later_the_first_question_starts_another_conversation(
        self, citewell: Citewell, keep: Callable
    ) -> None:
        first = keep(HARBOUR, request_id=REQUEST)["conversation_id"]
        let_days_pass(citewell, first, 1.1)
        assert keep(HARBOUR, request_id=REQUEST)["conversation_id"] != first

    def test_a_later_turn_is_not_found_without_its_conversation(self, keep: Callable) -> None:
        first = keep(HARBOUR)["conversation_id"]
        keep(BERTH, conversation_id=first, request_id=REQUEST)
        assert keep(BERTH, request_id=REQUEST)["conversation_id"] != first

    def test_it_is_of_one_conversation(self, keep: Callable) -> None:
        first, second = keep(HARBOUR)["conversation_id"], keep(LEAVE)["conversation_id"]
        answers = [keep(BERTH, conversation_id=i, request_id="two") for i in (first, second)]
        assert [answer["conversation_id"] for answer in answers] == [first, second]

    def test_another_question_under_the_same_id_is_refused(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep(HARBOUR, request_id="one")["conversation_id"]
        with pytest.raises(InputError, match="request_id one was used for another question"):
            keep(BERTH, conversation_id=conversation_id, request_id="one")
        assert len(citewell.conversations.get(conversation_id, access=EVERYTHING).turns) == 1

    @pytest.mark.parametrize("starts", [True, False], ids=["starts", "goes-on"])
    def test_at_the_same_moment_it_makes_one_turn(self, citewell: Citewell, keep: Callable, starts: bool) -> None:
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
        opened = citewell.conversations.get(answers[0]["conversation_id"], access=EVERYTHING)
        assert len(opened.turns) == (1 if starts else 2)
        assert sql(citewell, "SELECT count(*) FROM conversations") == [(1,)]

    def test_threads_that_ask_in_one_conversation_get_numbers_of_their_own(
        self, citewell: Citewell, keep: Callable
    ) -> None:
        conversation_id, turns = keep(HARBOUR)["conversation_id"], list[int]()

        def ask() -> None:
            turns.extend(keep(BERTH, conversation_id=conversation_id)["turn"] for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(turns) == list(range(2, 22))
        assert [turn.number for turn in citewell.conversations.get(conversation_id, access=EVERYTHING).turns] == list(
            range(1, 22)
        )


class TestFollowUps:
    @pytest.fixture
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Exchange, ...]]:
        """The history of each question that had one."""
        given: list[tuple[Exchange, ...]] = []

        def filled_in(question: str, history: tuple[Exchange, ...]) -> str:
            given.append(tuple(history))
            return BERTH if question == "And a berth?" else question

        monkeypatch.setattr("rag.answer.ask.stand_alone", filled_in)
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

    def test_a_history_of_the_clients_own_is_seen_and_only_its_end(self, citewell: Citewell, seen: list) -> None:
        history = [Exchange(f"Question {number}?") for number in range(8)]
        assert ask(citewell, "And a berth?", history=history)["stand_alone_question"] == BERTH
        assert seen == [tuple(history[-5:])]

    def test_a_question_that_was_corrected_is_taken_as_it_is(self, keep: Callable, seen: list) -> None:
        first = keep(HARBOUR)
        second = keep("And a berth?", conversation_id=first["conversation_id"], stand_alone=True)
        assert (seen, second["stand_alone_question"], second["turn"]) == ([], None, 2)

    def test_a_conversation_and_a_history_are_refused(self, citewell: Citewell, keep: Callable) -> None:
        with pytest.raises(InputError, match="a conversation has its own"):
            ask(citewell, "Why?", conversation_id=keep(HARBOUR)["conversation_id"], history=[Exchange(HARBOUR)])

    def test_nothing_of_a_removed_document_is_seen(self, citewell: Citewell, keep: Callable, seen: list) -> None:
        first = keep(HARBOUR)
        citewell.documents.remove(document_of(first))
        keep("And a berth?", conversation_id=first["conversation_id"])
        assert seen == [(Exchange(HARBOUR),)]

    @pytest.mark.usefixtures("seen")
    def test_the_steps_say_first_what_is_searched_for(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        pending = citewell.conversations.begin("And  a berth?", conversation_id=conversation_id, access=EVERYTHING)
        assert (pending.question, pending.searched) == ("And a berth?", BERTH)
        pending = citewell.conversations.begin(
            "Who  sells gold teeth?", conversation_id=conversation_id, access=EVERYTHING
        )
        assert (pending.question, pending.searched) == ("Who sells gold teeth?", "Who sells gold teeth?")


class TestSteps:
    def test_who_stops_before_the_end_leaves_no_turn(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        answered = citewell.conversations.begin(
            HARBOUR, conversation_id=conversation_id, keep=True, access=EVERYTHING
        ).answer()
        assert answered.answer.text == f"{OPENED} [1]"
        assert len(citewell.conversations.get(conversation_id, access=EVERYTHING).turns) == 1

    def test_what_was_kept_comes_in_the_same_steps_again(self, citewell: Citewell) -> None:
        first = citewell.conversations.begin(HARBOUR, keep=True, request_id=REQUEST, access=EVERYTHING)
        done = first.answer().keep()
        again = citewell.conversations.begin(HARBOUR, keep=True, request_id=REQUEST, access=EVERYTHING)
        assert (again.question, again.searched) == (first.question, first.searched)
        assert again.passages == done.answer.passages
        assert again.answer().keep() == done
        assert again.answer().answer == done.answer


class TestNotKept:
    """An answer that cannot be kept still comes, as that of no conversation."""

    def test_where_the_settings_keep_none(self, settings: Settings, citewell: Citewell, keep: Callable) -> None:
        kept = keep(HARBOUR)["conversation_id"]
        with Citewell.open(replace(settings, keep_conversations_days=0), embedder=HashEmbedder()) as other:
            answer = ask(other, HARBOUR, keep=True, request_id=REQUEST)
            assert (answer["status"], answer["conversation_id"], answer["turn"]) == ("answered", None, None)
            with pytest.raises(ConversationNotFound):
                other.conversations.get(kept, access=EVERYTHING)
        assert sql(citewell, "SELECT count(*) FROM conversations") == [(0,)]

    def test_when_it_was_deleted_meanwhile(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        pending = citewell.conversations.begin(BERTH, conversation_id=conversation_id, keep=True, access=EVERYTHING)
        citewell.conversations.delete(conversation_id, access=EVERYTHING)
        reply = pending.answer().keep()
        assert (reply.answer.status, reply.conversation_id, reply.turn) == ("answered", None, None)
        assert sql(citewell, "SELECT count(*) FROM conversations") == [(0,)]

    def test_while_another_program_keeps_the_database_locked(
        self, citewell: Citewell, keep: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.store.sqlite.database._BUSY_TIMEOUT", 50)
        other = apsw.Connection(str(citewell.settings.data_dir / "citewell.sqlite"))
        other.execute("BEGIN IMMEDIATE")
        store = citewell._store
        assert isinstance(store, SqliteStore)
        store.database._writer = None  # so that it is opened with that patience
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
from tests.support.conversations import ask, shown_in
from tests.support.fakes import HashEmbedder
from rag.app import Citewell
from rag.settings import Settings
data, library = Path(sys.argv[1]), Path(sys.argv[2])
question = "When was the harbour at Westerholm opened?"
with Citewell.open(Settings(data_dir=data, reader=False), embedder=HashEmbedder(), create=True) as citewell:
    citewell.documents.ingest([library])
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
    body = ask(citewell, question, keep=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(body["status"], body["conversation_id"], body["turn"])
    body = ask(citewell, question, keep=True)
    print(body["status"], len(body["conversation_id"]) == 22, body["turn"])
"""

_READ_ONLY = """
import os, sys
from pathlib import Path
import rag.app.citewell
from tests.support.access import EVERYTHING
from tests.support.conversations import ask, shown_in
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder, ReadsHere
from rag.errors import RagError
from rag.app import Citewell
from rag.settings import Settings
rag.app.citewell.Parser = ReadsHere
data, library = Path(sys.argv[1]), Path(sys.argv[2])
settings = Settings(data_dir=data, reader=False)
question = "When was the harbour at Westerholm opened?"
with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
    citewell.documents.ingest([library])
    conversation_id = ask(citewell, question, keep=True)["conversation_id"]
for path in [*data.rglob("*")]:
    path.chmod(0o555 if path.is_dir() else 0o444)
data.chmod(0o555)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with Citewell.open(settings, embedder=HashEmbedder()) as citewell:
    assert shown_in(citewell.conversations.get(conversation_id, access=EVERYTHING).turns[0])["status"] == "answered"
    body = ask(citewell, question, conversation_id=conversation_id, keep=True)
    try:
        citewell.conversations.delete(conversation_id, access=EVERYTHING)
    except RagError as error:
        print(body["status"], body["conversation_id"], body["turn"], type(error).__name__)
"""


class TestTime:
    def test_it_is_kept_for_the_days_of_the_settings(self, citewell: Citewell, keep: Callable) -> None:
        opened = citewell.conversations.get(keep(HARBOUR)["conversation_id"], access=EVERYTHING)
        assert opened.created_at == opened.updated_at
        days = datetime.fromisoformat(opened.expires_at) - datetime.fromisoformat(opened.updated_at)
        assert days == timedelta(days=30)

    def test_another_question_makes_it_stay_longer_and_another_title_does_not(
        self, citewell: Citewell, keep: Callable
    ) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        let_days_pass(citewell, conversation_id, 29)
        before = citewell.conversations.get(conversation_id, access=EVERYTHING)
        assert (
            citewell.conversations.rename(conversation_id, "Harbour", access=EVERYTHING).expires_at == before.expires_at
        )
        keep(BERTH, conversation_id=conversation_id)
        after = citewell.conversations.get(conversation_id, access=EVERYTHING)
        assert after.expires_at > before.expires_at
        assert after.created_at == before.created_at

    @pytest.mark.parametrize(
        "touch",
        [
            lambda citewell, _: citewell.conversations.forget_expired(),
            lambda citewell, _: ask(citewell, LEAVE, keep=True),
            lambda citewell, other: citewell.conversations.get(other, access=EVERYTHING),
            lambda citewell, other: citewell.conversations.rename(other, "Title", access=EVERYTHING),
            lambda citewell, other: citewell.conversations.delete(other, access=EVERYTHING),
            lambda citewell, other: ask(citewell, LEAVE, conversation_id=other),
        ],
        ids=["start", "keep", "open", "rename", "delete", "follow-up"],
    )
    def test_when_it_is_over_any_touch_deletes_it_for_good(
        self, citewell: Citewell, keep: Callable, touch: Callable[[Citewell, str], object]
    ) -> None:
        old, other = keep("What about Quagmirebirds?")["conversation_id"], keep(LEAVE)["conversation_id"]
        let_days_pass(citewell, old, 30.1)
        touch(citewell, other)
        assert sql(citewell, "SELECT count(*) FROM conversations WHERE id = ?", old) == [(0,)]
        assert not is_on_disk(citewell, b"Quagmirebirds")
        with pytest.raises(ConversationNotFound):
            citewell.conversations.get(old, access=EVERYTHING)

    @pytest.mark.parametrize("days", [10_000, 10**12])
    def test_it_may_be_kept_as_good_as_for_ever(self, citewell: Citewell, keep: Callable, days: int) -> None:
        restart(citewell, keep_conversations_days=days)
        kept = keep(HARBOUR)["conversation_id"]
        let_days_pass(citewell, kept, 9_000)
        assert citewell.conversations.get(kept, access=EVERYTHING).title == HARBOUR


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
        assert kept_conversations.first_title(question) == title

    def test_a_title_is_cleaned(self, citewell: Citewell, keep: Callable) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        renamed = citewell.conversations.rename(conversation_id, " Har\x00bour\u202e \ud800 dues\n", access=EVERYTHING)
        assert (renamed.title, renamed.turns) == ("Har bour dues", ())
        assert citewell.conversations.get(conversation_id, access=EVERYTHING).title == "Har bour dues"

    @pytest.mark.parametrize(
        ("title", "length"), [("", 0), (" \n", 0), ("\u202e\x00", 0), ("\u200d", 0), ("x" * 201, 201)]
    )
    def test_a_title_that_will_not_do_is_refused(
        self, citewell: Citewell, keep: Callable, title: str, length: int
    ) -> None:
        conversation_id = keep(HARBOUR)["conversation_id"]
        with pytest.raises(InputError, match=f"has {length} characters; expected 1 to 200"):
            citewell.conversations.rename(conversation_id, title, access=EVERYTHING)
        assert citewell.conversations.get(conversation_id, access=EVERYTHING).title == HARBOUR


class TestFeedback:
    def test_it_stands_with_its_turn_and_the_last_word_counts(self, citewell: Citewell, keep: Callable) -> None:
        first = keep(HARBOUR)
        talk = first["conversation_id"]
        keep(BERTH, conversation_id=talk)
        for relevance in ("relevant", "not_relevant"):
            citewell.conversations.add_feedback(
                first["id"], relevance=relevance, comment="Hm.", turn=(talk, 1), access=EVERYTHING
            )
        assert [turn.relevance for turn in citewell.conversations.get(talk, access=EVERYTHING).turns] == [
            "not_relevant",
            None,
        ]
        rows = sql(citewell, "SELECT answer_id, question, relevance, comment FROM feedback")
        assert rows == [(first["id"], None, r, "Hm.") for r in ("relevant", "not_relevant")]

    def test_of_one_citation_it_is_not_that_of_the_turn(self, citewell: Citewell, keep: Callable) -> None:
        first = keep(HARBOUR)
        talk = first["conversation_id"]
        citewell.conversations.add_feedback(
            first["id"], relevance="not_relevant", citation_number=1, turn=(talk, 1), access=EVERYTHING
        )
        assert citewell.conversations.get(talk, access=EVERYTHING).turns[0].relevance is None

    def test_of_a_turn_that_is_not_there_it_is_refused_and_not_kept(self, citewell: Citewell, keep: Callable) -> None:
        talk = keep(HARBOUR)["conversation_id"]
        with pytest.raises(ConversationNotFound, match="has no question 2"):
            citewell.conversations.add_feedback("a", relevance="relevant", turn=(talk, 2), access=EVERYTHING)
        assert sql(citewell, "SELECT count(*) FROM feedback") == [(0,)]


KEEP_FOR_EVER = """
import sys
from pathlib import Path
from tests.support.conversations import ask, shown_in
from tests.support.fakes import HashEmbedder
from rag.app import Citewell
from rag.settings import Settings
with Citewell.open(Settings(data_dir=Path(sys.argv[1]), reader=False), embedder=HashEmbedder()) as citewell:
    talk = None
    while True:
        body = ask(citewell, "When was the harbour at Westerholm opened?", conversation_id=talk, keep=True)
        talk = body["conversation_id"]
        print(talk, body["turn"], flush=True)
"""


def test_what_was_answered_as_kept_survives_a_kill(citewell: Citewell) -> None:
    with python_process(KEEP_FOR_EVER, citewell.settings.data_dir) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.kill()
        rest, _ = process.communicate(timeout=200)
    talk, turn = [line for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith("\n")][-1].split()
    assert len(citewell.conversations.get(talk, access=EVERYTHING).turns) in (int(turn), int(turn) + 1)


def test_all_conversations_together_take_no_more_room_than_they_are_given(citewell: Citewell, keep: Callable) -> None:
    """A look is taken at the first answer after a start, and then now and then."""
    restart(citewell, max_conversations_megabytes=1)
    first = keep(HARBOUR)["conversation_id"]
    with apsw.Connection(str(citewell.settings.data_dir / "citewell.sqlite")) as database:
        database.execute("UPDATE turns SET answer = answer || ?", (" " * 1_000_000,))
    second = keep(HARBOUR)["conversation_id"]
    assert citewell.conversations.get(first, access=EVERYTHING).id == first, "not at each answer"
    restart(citewell, max_conversations_megabytes=1)
    third = keep(HARBOUR)["conversation_id"]
    with pytest.raises(ConversationNotFound):
        citewell.conversations.get(first, access=EVERYTHING)
    for each in (second, third):
        assert citewell.conversations.get(each, access=EVERYTHING).id == each
