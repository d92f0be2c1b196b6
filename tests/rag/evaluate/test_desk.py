"""Gold lines are found in what was read from their file, and collections that are none are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluate.desk import DeskCase, GoldLine, bare, match, read_collection, read_collections
from rag.records import SentenceKind
from tests.support.scenes import Line, Page


def collection(folder: Path, *lines: Mapping[str, object]) -> Path:
    (folder / "docs").mkdir(parents=True)
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


ASKED = {"file": "a.md", "question": "How long?", "sentence": "- Four weeks.", "words": "Four weeks"}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param("- **Ask** [the desk](desk.md), first", "ask the desk first", id="list item, bold, link"),
        pytest.param("12. See [[Policies]](#policies) now", "see policies now", id="number, link in brackets"),
        pytest.param("Read [the guide][2] and ![a map](map.png).", "read the guide and a map", id="reference, picture"),
        pytest.param("| Fire | all&nbsp;staff | `yearly` |", "fire all staff yearly", id="table row, entity, code"),
        pytest.param("- [x] Badge<br>returned", "badge returned", id="task, tag"),
        pytest.param("Le caf\u00e9\n  ferme", "le cafe ferme", id="accent, line end"),
        pytest.param("***", "", id="nothing but markup"),
    ],
)
def test_markdown_is_folded_to_its_words(raw: str, words: str) -> None:
    assert bare(raw) == words


RULES = Page(
    "rules",
    Line("Leave", kind=SentenceKind.HEADING),
    "Dogs stay outside.",
    "Cats may come in, and dogs stay outside.",
    "Valid from May.",
    "It is kept by the staff office on floor two.",
    "Course: Fire; Who: all; How often: yearly",
    "Course: Fire and rescue; Who: all who drive; How often: twice yearly",
)


@pytest.mark.parametrize(
    ("raw", "words", "said"),
    [
        pytest.param("- *Dogs* stay outside.", "outside", ["Dogs stay outside."], id="the sentence itself"),
        pytest.param("cats may come in", "in", ["Cats may come in, and dogs stay outside."], id="a part of it"),
        pytest.param(
            "Valid from May. It is kept by the staff office on floor two.",
            "floor two",
            ["It is kept by the staff office on floor two."],
            id="two sentences, the one with the words",
        ),
        pytest.param(
            "Valid from May. It is kept by the staff office on floor two.",
            "May. It is kept",
            ["It is kept by the staff office on floor two."],
            id="words over both: those that are long enough",
        ),
        pytest.param(
            "| Fire | all | yearly |", "yearly", ["Course: Fire; Who: all; How often: yearly"], id="a table row"
        ),
        pytest.param("| yearly | all | Fire |", "yearly", [], id="cells in another order"),
        pytest.param("all Fire", "Fire", [], id="words in another order, no table"),
        pytest.param("# Leave", "Leave", [], id="a heading is never quoted"),
        pytest.param("---", "", [], id="no words at all"),
    ],
)
def test_a_gold_line_is_found_in_what_was_read(raw: str, words: str, said: list[str]) -> None:
    assert [span.of(RULES.text) for span in match(GoldLine("rules.md", raw, words), RULES.sentences())] == said


def test_a_line_that_stands_twice_is_right_at_both_places() -> None:
    page = Page("lists", "At most five days.", "Of these two.", "At most five days.")
    assert [span.start for span in match(GoldLine("l.md", "- At most five days.", "five"), page.sentences())] == [0, 33]


def test_a_question_is_plain_when_six_in_ten_of_its_content_stems_stand_in_its_line() -> None:
    """Of "renew", "old", "badge", "card", "fee" three stand in the first line, .6, and two in the second, .4."""
    question = "What is the fee for renewing an old badge card?"
    plain = DeskCase(1, question, (GoldLine("a.md", "Fees: a badge is renewed for £5.", "£5"),))
    everyday = DeskCase(1, question, (), tempting="A badge has a fee.")
    assert (plain.is_plain, everyday.is_plain) == (True, False)
    assert not DeskCase(1, "How is it?", (GoldLine("a.md", "It is so.", "so"),)).is_plain


def test_a_collection_is_read_with_everything_that_a_line_may_have(tmp_path: Path) -> None:
    also = {"file": "b.md", "sentence": "A month, nearly.", "words": "A month"}
    folder = collection(
        tmp_path / "shop",
        {**ASKED, "also": [also], "more": ["- Longer on request."], "kind": "when"},
        {**ASKED, "question": "How long for staff?", "words": None},
    )
    found = read_collection(folder)
    assert (found.name, found.docs) == ("shop", folder / "docs")
    assert found.cases == (
        DeskCase(
            1,
            "How long?",
            (GoldLine("a.md", "- Four weeks.", "Four weeks"), GoldLine("b.md", "A month, nearly.", "A month")),
            kind="when",
        ),
        DeskCase(2, "How long for staff?", (), tempting="- Four weeks."),
    )
    assert [case.is_answerable for case in found.cases] == [True, False]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({**ASKED, "question": " "}, id="empty question"),
        pytest.param({**ASKED, "sentence": None}, id="no sentence"),
        pytest.param({"question": "How long?", "sentence": "x"}, id="no words"),
        pytest.param(["How long?"], id="a list"),
    ],
)
def test_a_line_of_another_form_is_refused_by_its_number(tmp_path: Path, line: object) -> None:
    folder = collection(tmp_path / "shop", ASKED, line)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(InputError, match=r"questions\.jsonl, line 2: expected an object"):
        read_collection(folder)


def test_what_is_no_collection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no desk collection"):
        read_collection(tmp_path)
    with pytest.raises(InputError, match="holds no question"):
        read_collection(collection(tmp_path / "empty"))


def test_two_collections_of_one_name_are_refused(tmp_path: Path) -> None:
    folders = [collection(tmp_path / "old" / "shop", ASKED), collection(tmp_path / "new" / "shop", ASKED)]
    with pytest.raises(InputError, match="Two folders are called shop"):
        read_collections(folders)
