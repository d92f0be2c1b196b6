"""The seed article and its questions are what they claim to be: data only, nothing of the library is imported."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARTICLE = ROOT / "seeds" / "eu-japan-technology.md"
QUESTIONS = ROOT / "seeds" / "questions.jsonl"
# The hash of every run of seven words of the article that the seed article retells, which is not ours to publish.
ORIGINAL_RUNS = ROOT / "tests" / "data" / "scraped" / "original_runs.txt"

ANSWERABLE_KINDS = {"who", "when", "where", "how much", "why", "how", "which", "what", "yes_no"}
UNANSWERABLE_KINDS = {"near_miss", "neighbouring", "off_topic"}
LONGEST_SHARED_RUN = 6  # words; a longer run shared with the original counts as copied
NAMES = ("European Union Commissioner for the Internal Market",)  # titles that cannot be said in other words


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case; "903.9" and "Breton's" are one word each."""
    return re.findall(r"\w+(?:[.']\w+)*", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def runs_of(text: str, length: int) -> set[str]:
    """Every run of `length` words."""
    words = words_of(text)
    return {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)}


def hash_of(run: str) -> str:
    return hashlib.sha256(run.encode()).hexdigest()[:12]


ARTICLE_TEXT = ARTICLE.read_text(encoding="utf-8")
ENTRIES: list[dict[str, Any]] = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
ANSWERABLE = [entry for entry in ENTRIES if entry["answers"]]
UNANSWERABLE = [entry for entry in ENTRIES if not entry["answers"]]


def test_there_are_enough_questions_of_both_sorts() -> None:
    assert len(ANSWERABLE) >= 48
    assert len(UNANSWERABLE) >= 32


def test_ids_and_questions_are_unique() -> None:
    for field in ("id", "question"):
        assert [value for value, count in Counter(entry[field] for entry in ENTRIES).items() if count > 1] == []


def test_ids_tell_answerable_from_unanswerable() -> None:
    assert [entry["id"] for entry in ENTRIES if entry["id"][0] != ("a" if entry["answers"] else "u")] == []


def test_every_answerable_kind_occurs_at_least_four_times() -> None:
    kinds = Counter(entry["kind"] for entry in ANSWERABLE)
    assert set(kinds) == ANSWERABLE_KINDS
    assert min(kinds.values()) >= 4


def test_unanswerable_questions_have_no_sentence_and_half_are_near_misses() -> None:
    kinds = Counter(entry["kind"] for entry in UNANSWERABLE)
    assert set(kinds) == UNANSWERABLE_KINDS
    assert 2 * kinds["near_miss"] >= len(UNANSWERABLE)
    assert [entry["id"] for entry in UNANSWERABLE if "sentence" in entry or "also" in entry] == []


@pytest.mark.parametrize("entry", ANSWERABLE, ids=lambda entry: str(entry["id"]))
def test_sentence_is_in_the_article_once_and_holds_each_answer(entry: dict[str, Any]) -> None:
    assert ARTICLE_TEXT.count(entry["sentence"]) == 1
    assert [answer for answer in entry["answers"] if answer not in entry["sentence"]] == []


@pytest.mark.parametrize("entry", ANSWERABLE, ids=lambda entry: str(entry["id"]))
def test_other_sentences_that_answer_are_in_the_article_once(entry: dict[str, Any]) -> None:
    others = entry.get("also", [])
    assert entry["sentence"] not in others
    assert [ARTICLE_TEXT.count(sentence) for sentence in others] == [1] * len(others)


def test_no_question_is_worded_as_the_article_is() -> None:
    retold = runs_of(ARTICLE_TEXT, LONGEST_SHARED_RUN + 1)
    copied = {entry["id"]: runs_of(entry["question"], LONGEST_SHARED_RUN + 1) & retold for entry in ENTRIES}
    assert {name: runs for name, runs in copied.items() if runs} == {}


def test_at_least_half_of_the_questions_are_paraphrased() -> None:
    """At most a third of a paraphrased question's longer words, those of four letters or more, are in its sentence."""
    paraphrased = 0
    for entry in ANSWERABLE:
        asked, said = ({word for word in words_of(entry[key]) if len(word) >= 4} for key in ("question", "sentence"))
        paraphrased += 3 * len(asked & said) <= len(asked)
    assert 2 * paraphrased >= len(ANSWERABLE)


def test_the_three_suggested_questions_come_first_and_differ_in_kind() -> None:
    assert [entry["id"] for entry in ENTRIES if entry.get("suggested")] == ["a01", "a02", "a03"]
    assert [entry["kind"] for entry in ENTRIES[:3]] == ["how much", "who", "why"]


def test_article_has_a_title_sections_and_no_markup_inside_sentences() -> None:
    headings = re.findall(r"^(#+) ", ARTICLE_TEXT, flags=re.MULTILINE)
    assert headings[0] == "#"
    assert set(headings[1:]) == {"##"}
    body = re.sub(r"^#+ .*$", "", ARTICLE_TEXT, flags=re.MULTILINE)
    assert re.findall(r"[*_`\[\]<>|\\]", body) == []


def test_article_shares_no_long_run_of_words_with_the_original() -> None:
    allowed = {" ".join(words_of(name)) for name in NAMES}
    original = set(ORIGINAL_RUNS.read_text().split())
    assert {hash_of(name) for name in allowed} <= original  # the hashes are those of the same words
    assert {run for run in runs_of(ARTICLE_TEXT, LONGEST_SHARED_RUN + 1) if hash_of(run) in original} == allowed
