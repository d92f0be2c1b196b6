"""What was not answered: noted, kept only where wanted, grouped, asked again, forgotten."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import numpy as np
import pytest

from rag.app import Citewell
from rag.errors import InputError
from rag.insights.open_questions import OpenQuestion, UnansweredReport
from rag.insights.unanswered import MAX_ASKED_AGAIN, group_similar
from rag.models.exported import LoadedModel
from rag.render.examples import POSSIBLE
from rag.settings import Settings
from rag.store.sqlite.database import FILE_NAME
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.restart import restart

KNOWN = "How many days of paid leave does every employee get?"
UNKNOWN = "Who paints the lighthouse?"
ALSO_UNKNOWN = "Who paints the lighthouse now?"
OTHER = "Which trams stop at midnight?"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", reader=False, keep_questions_days=90)


def asked(citewell: Citewell, *questions: str) -> None:
    for question in questions:
        citewell.conversations.ask(question, access=EVERYTHING)


def days_ago(settings: Settings, days: int, question: str) -> None:
    """Let a question that was asked today have been asked before."""
    moment = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    connection = apsw.Connection(str(settings.data_dir / FILE_NAME))
    connection.execute("UPDATE questions SET asked_at = ? WHERE question = ?", (moment, question))
    connection.close()


def questions_of(report: UnansweredReport) -> list[list[str]]:
    return [[question.question for question in group.questions] for group in report.groups]


def open_question(report: UnansweredReport, text: str) -> OpenQuestion:
    return next(q for group in report.groups for q in group.questions if q.question == text)


def kept(settings: Settings) -> int:
    """How many askings are in the database."""
    connection = apsw.Connection(str(settings.data_dir / FILE_NAME), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute("SELECT count(*) FROM questions").get
    finally:
        connection.close()


class TestNoting:
    def test_outcomes_are_counted_for_the_day(self, citewell: Citewell) -> None:
        asked(citewell, KNOWN, KNOWN, UNKNOWN, "???")
        report = citewell.insights.unanswered(1)
        (today,) = report.per_day
        assert (today.day, today.answered, today.declined) == (datetime.now(UTC).date().isoformat(), 2, 2)
        assert report.reasons == {"not_a_question": 1, "not_found": 1}
        assert [(day.answered, day.declined) for day in report.per_day_before] == [(0, 0)]

    def test_what_was_possibly_answered_is_counted_as_its_own_kind(self, citewell: Citewell) -> None:
        citewell.insights.note(replace(POSSIBLE, question="Where is the dome?"))
        report = citewell.insights.unanswered(1)
        (today,) = report.per_day
        assert (today.asked, today.answered, today.possible, today.declined) == (1, 0, 1, 0)
        assert report.reasons == {}
        found = open_question(report, "Where is the dome?")
        assert (found.outcome, found.count, found.wrong) == ("possible", 1, 0)

    def test_texts_are_not_kept_unless_the_setting_says_so(self, settings: Settings, citewell: Citewell) -> None:
        restart(citewell, keep_questions_days=0)
        asked(citewell, UNKNOWN)
        report = citewell.insights.unanswered(1)
        assert (report.per_day[0].declined, report.groups) == (1, ())
        citewell.close()
        assert kept(settings) == 0
        assert b"lighthouse" not in (settings.data_dir / FILE_NAME).read_bytes()

    def test_a_question_without_anything_to_look_for_is_only_counted(
        self, settings: Settings, citewell: Citewell
    ) -> None:
        asked(citewell, "???")
        assert kept(settings) == 0

    def test_of_a_follow_up_what_was_searched_for_is_kept(self, citewell: Citewell) -> None:
        pending = citewell.questions.begin(UNKNOWN, access=EVERYTHING)
        answer = replace(pending.answer(), question="who?", stand_alone_question=UNKNOWN)
        citewell.insights.note(answer)
        assert questions_of(citewell.insights.unanswered(1)) == [[UNKNOWN]]

    def test_what_is_too_old_goes_with_the_next_question(self, settings: Settings, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN)
        days_ago(settings, 91, UNKNOWN)
        asked(citewell, OTHER)
        assert kept(settings) == 1

    def test_what_is_too_old_goes_when_the_list_is_looked_at(self, settings: Settings, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN, OTHER)
        days_ago(settings, 91, UNKNOWN)
        citewell.insights.unanswered(366)
        assert kept(settings) == 1

    def test_when_texts_are_no_longer_wanted_all_go(self, settings: Settings, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN, KNOWN)
        restart(citewell, keep_questions_days=0)
        asked(citewell, OTHER)
        assert kept(settings) == 0

    def test_a_store_that_cannot_be_written_costs_a_line_in_the_log(
        self, settings: Settings, citewell: Citewell, caplog: pytest.LogCaptureFixture
    ) -> None:
        pending = citewell.questions.begin(UNKNOWN, access=EVERYTHING)
        answer = pending.answer()
        (settings.data_dir / FILE_NAME).rename(settings.data_dir / "moved")
        with caplog.at_level(logging.WARNING, "citewell.unanswered"):
            citewell.insights.note(answer)
        assert "a question could not be counted" in caplog.text

    def test_half_of_a_surrogate_pair_is_kept_as_a_question_mark(self, citewell: Citewell) -> None:
        pending = citewell.questions.begin(UNKNOWN, access=EVERYTHING)
        citewell.insights.note(replace(pending.answer(), question="Who is \ud83d?"))
        assert questions_of(citewell.insights.unanswered(1)) == [["Who is ??"]]


class TestReport:
    def test_declined_questions_are_open_and_answered_ones_are_not(self, citewell: Citewell) -> None:
        asked(citewell, KNOWN, UNKNOWN, UNKNOWN, OTHER)
        report = citewell.insights.unanswered(7)
        assert questions_of(report) == [[UNKNOWN], [OTHER]]
        found = open_question(report, UNKNOWN)
        assert (found.count, found.before, found.outcome, found.up, found.down) == (2, 0, "not_found", 0, 0)

    def test_similar_questions_are_one_group_under_the_one_asked_most(self, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN, ALSO_UNKNOWN, ALSO_UNKNOWN, OTHER)
        report = citewell.insights.unanswered(7)
        assert questions_of(report) == [[ALSO_UNKNOWN, UNKNOWN], [OTHER]]
        assert [group.count for group in report.groups] == [3, 1]

    def test_an_answer_that_was_voted_down_is_open_with_what_was_said(self, citewell: Citewell) -> None:
        asked(citewell, KNOWN)
        citewell.conversations.add_feedback(
            citewell.questions.ask(KNOWN, access=EVERYTHING).id,
            access=EVERYTHING,
            relevance="not_relevant",
            comment=" \u202eNot for\x07trainees.\n",
        )
        citewell.conversations.add_feedback(
            citewell.questions.ask(KNOWN, access=EVERYTHING).id,
            access=EVERYTHING,
            relevance="not_relevant",
            comment="No.",
        )
        citewell.conversations.add_feedback(
            citewell.questions.ask(KNOWN, access=EVERYTHING).id, access=EVERYTHING, relevance="relevant"
        )
        report = citewell.insights.unanswered(7)
        found = open_question(report, KNOWN)
        assert (found.outcome, found.up, found.down) == ("answered", 1, 2)
        assert found.comments == ("No.", "Not for trainees.")
        assert report.per_day[-1].voted_down == 2

    def test_one_vote_against_an_answer_weighs_as_much_as_one_declined_question(self, citewell: Citewell) -> None:
        asked(citewell, *[KNOWN] * 5, UNKNOWN, UNKNOWN)
        citewell.conversations.add_feedback(
            citewell.questions.ask(KNOWN, access=EVERYTHING).id, access=EVERYTHING, relevance="not_relevant"
        )
        assert questions_of(citewell.insights.unanswered(7)) == [[UNKNOWN], [KNOWN]]

    def test_askings_before_the_period_are_told_apart(self, settings: Settings, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN, UNKNOWN)
        days_ago(settings, 8, UNKNOWN)
        asked(citewell, UNKNOWN)
        found = open_question(citewell.insights.unanswered(7), UNKNOWN)
        assert (found.count, found.before) == (1, 2)

    def test_a_question_of_an_earlier_period_only_is_not_listed(self, settings: Settings, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN)
        days_ago(settings, 8, UNKNOWN)
        assert citewell.insights.unanswered(7).groups == ()

    def test_every_day_is_there_today_last(self, citewell: Citewell) -> None:
        days = [day.day for day in citewell.insights.unanswered(30).per_day]
        today = datetime.now(UTC).date()
        assert days == [(today - timedelta(days=back)).isoformat() for back in range(29, -1, -1)]

    @pytest.mark.parametrize("days", [0, -1, 367])
    def test_a_period_out_of_range_is_an_error(self, citewell: Citewell, days: int) -> None:
        with pytest.raises(InputError, match="expected 1 to 366"):
            citewell.insights.unanswered(days)


class TestAskingAgain:
    def test_what_is_answered_now_leaves_the_list(self, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN, UNKNOWN, OTHER)
        ids = [open_question(citewell.insights.unanswered(7), text).id for text in (UNKNOWN, OTHER)]
        citewell.documents.put_file("lighthouse.txt", b"Ms Aune paints the lighthouse every spring.")
        first, second = citewell.insights.ask_again(ids, access=EVERYTHING)
        assert first.answer.sentences[0].text == "Ms Aune paints the lighthouse every spring."
        assert (first.id, second.id, second.answer.sentences) == (*ids, ())
        assert questions_of(citewell.insights.unanswered(7)) == [[OTHER]]

    def test_the_counts_of_the_days_stay(self, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN)
        before = citewell.insights.unanswered(7).per_day
        citewell.documents.put_file("lighthouse.txt", b"Ms Aune paints the lighthouse every spring.")
        citewell.insights.ask_again([open_question(citewell.insights.unanswered(7), UNKNOWN).id], access=EVERYTHING)
        assert citewell.insights.unanswered(7).per_day == before

    def test_what_was_voted_down_stays_open_however_it_is_answered(self, citewell: Citewell) -> None:
        asked(citewell, KNOWN)
        citewell.conversations.add_feedback(
            citewell.questions.ask(KNOWN, access=EVERYTHING).id, access=EVERYTHING, relevance="not_relevant"
        )
        citewell.documents.put_file("lighthouse.txt", b"Ms Aune paints the lighthouse every spring.")
        (again,) = citewell.insights.ask_again(
            [open_question(citewell.insights.unanswered(7), KNOWN).id], access=EVERYTHING
        )
        assert again.answer.sentences
        assert questions_of(citewell.insights.unanswered(7)) == [[KNOWN]]

    def test_an_id_that_is_not_there_is_left_out(self, citewell: Citewell) -> None:
        assert citewell.insights.ask_again([7, 2**62], access=EVERYTHING) == []

    def test_more_than_fifty_at_once_are_refused(self, citewell: Citewell) -> None:
        with pytest.raises(InputError, match="51 questions"):
            citewell.insights.ask_again(range(MAX_ASKED_AGAIN + 1), access=EVERYTHING)


class TestForgetting:
    def test_dismissing_forgets_everybody_who_asked_the_same(self, settings: Settings, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN, UNKNOWN, OTHER)
        citewell.insights.dismiss([open_question(citewell.insights.unanswered(7), UNKNOWN).id])
        assert questions_of(citewell.insights.unanswered(7)) == [[OTHER]]
        assert kept(settings) == 1

    def test_nothing_that_was_typed_is_left_in_the_files(self, settings: Settings, citewell: Citewell) -> None:
        asked(citewell, UNKNOWN, KNOWN)
        citewell.conversations.add_feedback(
            citewell.questions.ask(KNOWN, access=EVERYTHING).id,
            access=EVERYTHING,
            relevance="not_relevant",
            comment="Zanzibar",
        )
        citewell.insights.forget_all()
        report = citewell.insights.unanswered(7)
        assert (report.groups, report.per_day[-1].declined, report.per_day[-1].voted_down) == ((), 1, 1)
        citewell.close()
        stored = b"".join(path.read_bytes() for path in settings.data_dir.glob(f"{FILE_NAME}*"))
        assert b"lighthouse?" not in stored
        assert b"Zanzibar" not in stored


class TestGrouping:
    def test_each_joins_the_nearest_leader_it_is_near_enough_to(self) -> None:
        """Cosines to the first: .8, .5, 1. The third leads a group, as .5 < .7.

        The second is nearer to the third (.92), but has joined by then: groups are made in one pass.
        """
        angles = np.array([0.0, np.arccos(0.8), np.arccos(0.5), 0.0])
        vectors = list(np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32))
        assert group_similar(vectors, threshold=0.7) == [[0, 1, 3], [2]]

    def test_none_are_no_groups(self) -> None:
        assert group_similar([]) == []

    def test_every_position_is_in_one_group(self) -> None:
        rows = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        groups = group_similar(list(rows))
        assert sorted(position for group in groups for position in group) == list(range(60))
        assert all(float(rows[group[0]] @ rows[other]) >= 0.65 for group in groups for other in group[1:])

    @pytest.mark.model
    @pytest.mark.parametrize(
        ("questions", "groups"),
        [
            pytest.param(["How do I reset my password?", "I forgot my password"], 1, id="the same in other words"),
            pytest.param(
                ["What is the notice period?", "How long is the notice period?"], 1, id="nearly the same words"
            ),
            pytest.param(["Who approves travel expenses?", "When does the canteen open?"], 2, id="different things"),
        ],
    )
    def test_real_vectors_tell_what_belongs_together(
        self, real_model: LoadedModel, questions: Sequence[str], groups: int
    ) -> None:
        from rag.models.embedder import OnnxEmbedder

        vectors = OnnxEmbedder(real_model).embed(questions)
        assert len(group_similar(list(vectors))) == groups


def test_a_question_whose_text_is_not_kept_is_embedded_once(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, embedded = HashEmbedder(), []
    settings = replace(settings, keep_questions_days=0)
    with Citewell.open(settings, embedder=embedder, create=True) as citewell:
        citewell.documents.ingest([library])
        embed = embedder.embed_question
        monkeypatch.setattr(embedder, "embed_question", lambda text: embedded.append(text) or embed(text))
        for _ in range(2):  # the second time the answer is remembered
            citewell.conversations.ask(UNKNOWN, access=EVERYTHING)
        (today,) = citewell.insights.unanswered(1).per_day
    assert embedded == [UNKNOWN]
    assert today.asked == 2
