"""Suggested questions: made by rules, asked, kept when the sentence they came from answers; in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import InputError
from rag.insights.suggestions import Suggestion, Suggestions
from rag.insights.suggestions.choose import SHOWN, candidates
from rag.insights.suggestions.rule_table import QuestionKind
from rag.insights.suggestions.rules import question_in, questions_of
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.restart import restart


def small(word: str) -> bool | None:
    """As of a document that writes everything small but names it knows."""
    return word not in ("Warsaw", "Harvard", "Westerholm", "Thierry", "Breton")


def made(sentence: str, in_lower_case: Callable[[str], bool | None] = small) -> list[str]:
    return [m.question for m in questions_of(sentence, in_lower_case=in_lower_case)]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The harbour at Westerholm was opened in 1887 after six years of work.", "When was the harbour at Westerholm opened?"),  # noqa: E501 - a row reads best as one line
        ("Harvard was formed in 1636 by vote of the court.", "When was Harvard formed?"),
        ("The council joined the union of cities in May 1998.", "When did the council join the union of cities?"),
        ("The old bridge collapsed in 1902 under a train.", "When did the old bridge collapse?"),
        ("The café on the pier is open from May to September.", "When is the café on the pier open?"),
        ("A loan lasts four weeks.", "How long does a loan last?"),
        ("The warranty runs for 24 months from the date of delivery.", "How long does the warranty run?"),
        ("Warsaw was occupied by Germany for six years.", "How long was Warsaw occupied by Germany?"),
        ("A president is elected by the judges for three years.", "For how long is a president elected by the judges?"),
        ("Each claim must be submitted within 60 days of the end of the journey.", "How soon must each claim be submitted?"),  # noqa: E501 - as above
        ("Tickets are sent out two weeks before the event.", "How long before the event are tickets sent out?"),
        ("Filters in the well are cleaned every Monday.", "How often are filters in the well cleaned?"),
        ("The motor may be started no more than twelve times in an hour.", "How often may the motor be started?"),
        ("A berth in the harbour costs 25 euros a night in summer.", "How much does a berth in the harbour cost?"),
        ("The clearance of the ring is 0.3 mm when new.", "What is the clearance of the ring?"),
        ("Every employee has 28 days of paid leave a year.", "How many days of paid leave does every employee have?"),
        ("Parents may take up to 14 months of parental leave.", "How many months of parental leave may parents take?"),
        ("About 300 boats use the harbour each year.", "How many boats use the harbour each year?"),
        ("Thierry Breton, who leads policy at the union, says that talks go on.", "Who leads policy at the union?"),
        ("The parliament building was designed by the Normans.", "Who designed the parliament building?"),
        ("The fund is managed by a board of seven people.", "Who manages the fund?"),
        ("The trip must be approved by the head of service.", "Who must approve the trip?"),
        ("The serial number is stamped on the plate.", "Where is the serial number stamped?"),
        ("The dome is never heated, because warm air blurs the image.", "Why is the dome never heated?"),
        ("A yellow lamp means that a filter is blocked.", "What does a yellow lamp mean?"),
        ("The council plans to build a second bridge over the river.", "What does the council plan to do?"),
        ("A decision problem is a special type of problem with two answers.", "What is a decision problem?"),
        ("The Vistula River is the longest of the rivers in the country.", "What is the Vistula River?"),
    ],
)  # fmt: skip
def test_a_sentence_gives_its_question(sentence: str, question: str) -> None:
    assert made(sentence)[:1] == ([question] if question else [])


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("It was opened in 1887 after six years of work.", id="a pronoun as subject"),
        pytest.param("This policy was adopted in 1998 by the council.", id="a pointer as subject"),
        pytest.param("In winter the harbour was closed in 1929 for repairs.", id="the subject does not come first"),
        pytest.param("Its gate was built in 1929 of oak and iron.", id="somebody's, but whose?"),
        pytest.param("The building was a school for the poor of the town.", id="which building?"),
        pytest.param("Thierry Breton was a student of law for some years.", id="a person, but what is he?"),
        pytest.param("The gate was delivered, and the pier was built in 1930.", id="two clauses"),
        pytest.param("The church was established by Royal Charter long ago.", id="by nobody"),
        pytest.param("The study is based on four interactions in nature.", id="on is no place here"),
        pytest.param("The same office was opened in 1887 by the guild.", id="the same as what?"),
        pytest.param("Islamism is a controversial concept in many places.", id="no definition"),
        pytest.param("The “old” harbour was opened in 1887 by the guild.", id="quotation marks"),
        pytest.param("The harbour (new) was opened in 1887 by the guild.", id="brackets"),
        pytest.param("Was the harbour opened in 1887 by the guild?", id="a question"),
        pytest.param("три моста были построены в 1887 году.", id="another language"),
        pytest.param("A.", id="hardly anything"),
    ],
)
def test_what_would_not_read_well_gives_no_question(sentence: str) -> None:
    assert made(sentence) == []


@pytest.mark.parametrize(
    ("written_small", "question"),
    [(True, ["How long are seals kept in stock?"]), (False, ["How long are Seals kept in stock?"]), (None, [])],
)
def test_the_document_says_whether_a_word_is_a_name(written_small: bool | None, question: list[str]) -> None:
    assert made("Seals are kept in stock for two years.", lambda _: written_small)[:1] == question


def test_the_words_that_answer_are_known() -> None:
    (first, *_) = questions_of("The harbour at Westerholm was opened in 1887.", in_lower_case=small)
    assert (first.kind, first.answer) == (QuestionKind.WHEN, "in 1887")


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("How do I renew a loan?", "How do I renew a loan?"),
        ("Can I pay by card?", "Can I pay by card?"),
        ("Opening hours", None),
        ("Really?", None),
        ("The loan: how long?", None),
    ],
)
def test_only_a_heading_that_is_a_question_is_one(heading: str, question: str | None) -> None:
    assert question_in(heading) == question


def known_after_work(citewell: Citewell) -> list[str]:
    citewell.insights.suggestions(access=EVERYTHING)
    citewell.insights.wait_for_suggestions(access=EVERYTHING)
    return citewell.insights.suggestions(access=EVERYTHING)


class TestOfDocuments:
    def test_each_is_answered_with_a_sentence_of_another_document(self, citewell: Citewell) -> None:
        found = known_after_work(citewell)
        answers = [citewell.questions.ask(question, access=EVERYTHING) for question in found]
        documents = [answer.citations[0].place.source.id for answer in answers]
        assert len(found) == 3
        assert sorted(documents) == sorted(info.source.id for info in citewell.documents.all(access=EVERYTHING))

    def test_the_same_documents_give_the_same(self, citewell: Citewell, settings: Settings) -> None:
        found = known_after_work(citewell)
        citewell.close()
        with Citewell.open(settings, embedder=HashEmbedder()) as again:
            assert known_after_work(again) == found

    def test_one_document_may_give_three_of_different_kinds(self, empty_citewell: Citewell, library: Path) -> None:
        empty_citewell.documents.ingest([library / "harbour.md"])
        found = known_after_work(empty_citewell)
        assert len(found) == 3
        assert len({" ".join(question.split()[:2]) for question in found}) == 3

    def test_never_more_than_five(self, empty_citewell: Citewell) -> None:
        texts = (
            "The mill on the hill was opened in 1887.",
            "A berth in the harbour costs 25 euros.",
            "The serial number is stamped on the plate.",
            "Every employee has 28 days of paid leave a year.",
            "The fund is managed by a board of seven people.",
            "The dome is never heated, because warm air blurs the image.",
            "A yellow lamp means that a valve is blocked.",
        )
        for number, text in enumerate(texts):
            empty_citewell.documents.put_file(f"{number}.txt", text.encode())
        assert len(list(candidates(empty_citewell._store, access=EVERYTHING))) == len(texts)
        assert len(known_after_work(empty_citewell)) == SHOWN

    def test_two_that_ask_for_nearly_the_same_are_one(self, empty_citewell: Citewell) -> None:
        for thing in ("mill", "bridge"):
            text = f"The {thing} at Westerholm was opened in 1887."
            empty_citewell.documents.put_file(f"{thing}.txt", text.encode())
        assert len(known_after_work(empty_citewell)) == 1

    def test_a_heading_is_asked_when_its_section_answers(self, empty_citewell: Citewell) -> None:
        text = b"# Loans\n\n## How long does a loan last?\n\nFor four weeks, a loan does last that long.\n"
        empty_citewell.documents.put_file("loans.md", text)
        (candidate,) = [
            c for c in candidates(empty_citewell._store, access=EVERYTHING) if c.made.kind is QuestionKind.HEADING
        ]
        assert candidate.made.question == "How long does a loan last?"
        assert known_after_work(empty_citewell) == ["How long does a loan last?"]

    def test_what_is_not_answered_by_its_sentence_is_not_offered(self, empty_citewell: Citewell) -> None:
        empty_citewell.documents.put_file("a.txt", b"The harbour at Westerholm was opened in 1887.")
        (only,) = list(candidates(empty_citewell._store, access=EVERYTHING))[:1]
        restart(empty_citewell, min_confidence=1.0)
        assert only.made.question == "When was the harbour at Westerholm opened?"
        assert known_after_work(empty_citewell) == []

    def test_no_documents_give_none(self, empty_citewell: Citewell) -> None:
        assert known_after_work(empty_citewell) == []

    def test_rules_are_for_english_only(self, citewell: Citewell) -> None:
        restart(citewell, language="de")
        assert known_after_work(citewell) == []

    def test_a_deleted_document_is_suggested_no_more_at_once(self, citewell: Citewell) -> None:
        found = known_after_work(citewell)
        gone = citewell.questions.ask(found[0], access=EVERYTHING).citations[0].place.source.id
        citewell.documents.remove(gone)
        assert citewell.insights.suggestions(access=EVERYTHING) == found[1:]

    def test_new_documents_give_new_ones(self, empty_citewell: Citewell) -> None:
        assert known_after_work(empty_citewell) == []
        empty_citewell.documents.put_file("a.txt", b"The harbour at Westerholm was opened in 1887.")
        assert known_after_work(empty_citewell) == ["When was the harbour at Westerholm opened?"]


class TestListed:
    def test_the_settings_file_wins(self, citewell: Citewell, tmp_path: Path) -> None:
        lines = [
            '{"question": "How many days of paid leave does every employee get?", "suggested": true}',
            '{"question": "Who paints the lighthouse?", "suggested": true}',
            '{"question": "What does a berth cost in summer?"}',
        ]
        file = tmp_path / "questions.jsonl"
        file.write_text("\n".join(lines), encoding="utf-8")
        restart(citewell, suggestions=file)
        assert known_after_work(citewell) == ["How many days of paid leave does every employee get?"]

    @pytest.mark.parametrize("content", ["[1]", "{", None])
    def test_a_file_that_cannot_be_read_is_told_in_the_log(
        self, citewell: Citewell, tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        file = tmp_path / "questions.jsonl"
        if content is not None:
            file.write_text(content, encoding="utf-8")
        restart(citewell, suggestions=file)
        with caplog.at_level(logging.WARNING, "citewell.suggest"):
            assert known_after_work(citewell) == []
        assert str(file) in caplog.text


class TestInTheBackground:
    @pytest.fixture
    def holding(self) -> Iterator[tuple[Suggestions, threading.Event, list[str]]]:
        """Suggestions whose making waits for an event, and a note of what happened."""
        release, notes = threading.Event(), []

        def find(is_stopping: Callable[[], bool]) -> list[Suggestion]:
            notes.append(threading.current_thread().name)
            while not release.wait(0.01):
                if is_stopping():
                    notes.append("stopped")
                    return []
            return [Suggestion("Why?")]

        suggestions = Suggestions(find, state=lambda: 1, is_there=lambda _: True)
        yield suggestions, release, notes
        suggestions.close()

    def test_nobody_waits(self, holding: tuple[Suggestions, threading.Event, list[str]]) -> None:
        suggestions, release, notes = holding
        assert [suggestions.known(), suggestions.known()] == [[], []]
        release.set()
        suggestions.wait()
        assert suggestions.known() == ["Why?"]
        assert notes == ["suggestions"]

    def test_closing_stops_it(self, holding: tuple[Suggestions, threading.Event, list[str]]) -> None:
        suggestions, _, notes = holding
        suggestions.known()
        suggestions.close()
        assert notes == ["suggestions", "stopped"]
        assert suggestions.known() == []
        assert len(notes) == 2

    def test_an_error_is_not_met_again_until_something_changes(self) -> None:
        tried = []

        def find(_: Callable[[], bool]) -> list[Suggestion]:
            tried.append(1)
            raise InputError("no such file")

        suggestions = Suggestions(find, state=lambda: 1, is_there=lambda _: True)
        for _ in range(3):
            assert suggestions.known() == []
            suggestions.wait()
        assert len(tried) == 1

    def test_opening_begins_nothing(self, citewell: Citewell) -> None:
        citewell.questions.ask("How many days of paid leave does every employee get?", access=EVERYTHING)
        assert not citewell.insights._suggestions
        assert "suggestions" not in [thread.name for thread in threading.enumerate()]
