"""The language of a text is told where it can be, and English is not given up lightly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.language import language_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is the key to the boat house?", "en"),
        ("Wo liegt der Schlüssel zum Bootshaus?", "de"),
        ("Wie startet man den Motor des Bootes?", "de"),
        ("Waar ligt de sleutel van het botenhuis?", "nl"),
        ("Où se trouve la clé du hangar à bateaux ?", "fr"),
        ("¿Cuánta agua necesita el barco?", "es"),
        ("Come si accende il motore con un solo cavo?", "it"),
        ("Gdzie jest klucz do hangaru i kto go ma?", "pl"),
        ("ボートの鍵はどこにありますか。", "ja"),
        ("船库的钥匙在哪里？", "zh"),
    ],
)
def test_the_language_of_a_question_is_told(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        "Rio de Janeiro",
        "Die casting temperature",
        "La Paz, Los Angeles",
        "Привет, как дела",
        "swap /dev/sda1",
    ],
)
def test_what_is_too_short_or_of_no_known_language_is_none(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Who won the race of Le Mans, and what is La Sarthe?",
        "The casting die must not be opened in der Halle.",
        "What does the word 東京 mean?",
    ],
)
def test_english_with_words_of_another_language_is_english(text: str) -> None:
    assert language_of(text) == "en"


def test_no_question_about_the_seeds_is_taken_for_another_language() -> None:
    lines = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    assert {language_of(json.loads(line)["question"]) for line in lines} <= {"en", None}


def test_the_questions_of_the_bench_are_told_apart() -> None:
    lines = (ROOT / "tests" / "data" / "bench" / "installation_guide.jsonl").read_text(encoding="utf-8").splitlines()
    told = {(name, language_of(text)) for line in lines for name, text in json.loads(line).items() if name != "section"}
    assert told == {(name, name[:2]) for name in ("de", "en", "es", "fr", "it", "ja", "nl", "zh_CN")}


@given(st.text())
def test_any_text_has_one_language_or_none(text: str) -> None:
    assert language_of(text) == language_of(text)
    assert language_of(text) in {None, "de", "en", "es", "fr", "it", "ja", "nl", "pl", "zh"}
