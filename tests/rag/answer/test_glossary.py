"""A glossary: read from a file, and found in questions."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from rag.answer.glossary import Alternative, BadLine, Entry, Glossary, read_glossary, wordings
from rag.answer.glossary_file import GlossaryFile

SICK = ("Entgeltfortzahlung", "statutory sickness payment")
GLOSSARY = read_glossary(
    b"Entgeltfortzahlung|statutory sickness payment,sick pay,sickness money\nannual leave,holidays|time off"
)


def said(question: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(a.said, a.instead) for a in GLOSSARY.alternatives(question)]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        pytest.param("leave,holidays", [Entry(1, ("leave",), ("holidays",))], id="two columns"),
        pytest.param("leave , holidays ", [Entry(1, ("leave",), ("holidays",))], id="white space"),
        pytest.param("leave,holidays,days off", [Entry(1, ("leave",), ("holidays", "days off"))], id="more columns"),
        pytest.param("a1|b1,c1|d1|c1", [Entry(1, ("a1", "b1"), ("c1", "d1"))], id="bars, and one twice"),
        pytest.param("Urlaub;Ferien, frei", [Entry(1, ("Urlaub",), ("Ferien, frei",))], id="semicolons"),
        pytest.param("x1;y1,z1\na1,b1", [Entry(1, ("x1;y1",), ("z1",)), Entry(2, ("a1",), ("b1",))], id="not in all"),
        pytest.param('"leave, paid","holidays"', [Entry(1, ("leave, paid",), ("holidays",))], id="quotation marks"),
        pytest.param("\ufeffleave,holidays\r\n", [Entry(1, ("leave",), ("holidays",))], id="as Excel writes it"),
        pytest.param("# ours, theirs\n\n ,\nleave,holidays", [Entry(4, ("leave",), ("holidays",))], id="not read"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_a_line_has_the_documents_words_and_what_people_say(text: str, entries: list[Entry]) -> None:
    read = read_glossary(text.encode())
    assert (list(read.entries), read.bad) == (entries, ())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param(b"leave", "has one column", id="one column"),
        pytest.param(b"leave,", "has one column", id="an empty one"),
        pytest.param(b",leave", "has one column", id="an empty first one"),
        pytest.param(b"|,leave", "has one column", id="nothing between bars"),
        pytest.param(b'"leave,holidays', "has a quotation mark that is not closed", id="a quotation mark"),
        pytest.param(b"leave,what is", "has 'what is', in which there is nothing to look for", id="no content"),
        pytest.param(b"leave,???", "has '???', in which there is nothing to look for", id="no letters"),
        pytest.param(b"leave,F\xfcrsorge", "is not UTF-8", id="another encoding"),
        pytest.param(b"leave," + b"x" * 201, "has 201 characters in one place", id="too long"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_the_others_hold(line: bytes, problem: str) -> None:
    read = read_glossary(b"pump,motor\n" + line + b"\nvalve,tap")
    assert [entry.documents for entry in read.entries] == [("pump",), ("valve",)]
    assert [bad.line for bad in read.bad] == [2]
    assert read.bad[0].problem.startswith(problem)


def test_lines_beyond_ten_thousand_are_told_of_once() -> None:
    read = read_glossary(b"\n".join(b"w%d,v%d" % (n, n) for n in range(10_002)))
    assert len(read.entries) == 10_000
    assert read.bad == (BadLine(10_001, "is beyond the first 10,000 lines, which alone are read"),)


def test_what_people_say_is_found_in_any_form() -> None:
    assert said("How much SICK PAYS do I get?") == [("SICK PAYS", SICK)]
    assert said("Time off in May, and Holiday?") == [("Time off", ("annual leave",)), ("Holiday", ("annual leave",))]
    assert said("Is my pay late? I was sick.") == []


def test_it_is_found_where_it_stands_in_the_text() -> None:
    assert GLOSSARY.alternatives("Émile’s sick pay") == (Alternative("sick pay", 8, 16, SICK),)


def test_of_two_that_overlap_the_longer_one_counts() -> None:
    glossary = read_glossary(b"pay slip,pay\nsickness payment,sick pay")
    assert [a.said for a in glossary.alternatives("sick pay and pay")] == ["sick pay", "pay"]


def test_lines_for_the_same_word_come_together() -> None:
    glossary = read_glossary(b"leave,holidays\nUrlaub,holiday\nleave,Holidays")
    assert [a.instead for a in glossary.alternatives("my holiday")] == [("leave", "Urlaub")]


def test_a_question_that_has_the_documents_words_needs_no_others() -> None:
    assert said("Is annual leave more than holidays?") == []
    assert said("Is Entgeltfortzahlung sick pay?") == [("sick pay", ("statutory sickness payment",))]


def test_the_documents_words_are_put_in_side_by_side() -> None:
    question = "Is sick pay taxed on holidays?"
    assert wordings(question, GLOSSARY.alternatives(question)) == [
        "Is Entgeltfortzahlung taxed on annual leave?",
        "Is statutory sickness payment taxed on annual leave?",
    ]
    assert wordings(question, ()) == []


class TestTheFile:
    def test_without_one_there_is_no_glossary(self, tmp_path: Path) -> None:
        assert GlossaryFile(tmp_path / "glossary.csv").current() == Glossary()

    def test_what_it_says_holds_from_the_next_question(self, tmp_path: Path) -> None:
        path = tmp_path / "glossary.csv"
        file = GlossaryFile(path)
        path.write_text("leave,holidays", encoding="utf-8")
        first = file.current()
        assert [entry.people for entry in first.entries] == [("holidays",)]
        assert file.current() is first
        path.write_text("leave,vacations", encoding="utf-8")
        os.utime(path, ns=(1, 1))  # as much text at another time
        assert [entry.people for entry in file.current().entries] == [("vacations",)]
        path.unlink()
        assert file.current() == Glossary()

    def test_bad_lines_are_in_the_log_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path = tmp_path / "glossary.csv"
        path.write_text("leave\npump,motor", encoding="utf-8")
        file = GlossaryFile(path)
        with caplog.at_level(logging.WARNING, "citewell.glossary"):
            assert len(file.current().entries) == len(file.current().entries) == 1
        assert [record.getMessage().partition(" has")[0] for record in caplog.records] == [f"{path}: line 1"]

    def test_one_that_is_no_file_is_none(self, tmp_path: Path) -> None:
        assert GlossaryFile(tmp_path).current() == Glossary()

    def test_one_that_is_far_too_large_is_not_used(self, tmp_path: Path) -> None:
        path = tmp_path / "glossary.csv"
        path.write_bytes(b"leave,holidays\n" + b"#" * 8_000_000)
        assert GlossaryFile(path).current() == Glossary()
