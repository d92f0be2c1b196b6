"""Every language of the interface has every text, with the same placeholders and all its plural forms."""

from __future__ import annotations

import re

import pytest
from babel import Locale

from web.i18n import Texts, languages

ENGLISH = languages()["en"].texts
# Texts with a {count}: those that English has a form for one and a form for others of.
COUNTED = sorted(base for key in ENGLISH if (base := key.removesuffix(".one")) != key and f"{base}.other" in ENGLISH)


@pytest.fixture(params=sorted(languages()))
def texts(request: pytest.FixtureRequest) -> Texts:
    return languages()[request.param]


def plain(keys: dict[str, str]) -> set[str]:
    """The keys of texts that count nothing."""
    return {key for key in keys if not is_form(key)}


def is_form(key: str) -> bool:
    """Whether a key is one form of a counted text."""
    base, _, form = key.rpartition(".")
    return base in COUNTED and form in ("zero", "one", "two", "few", "many", "other")


def test_there_are_seven_languages() -> None:
    assert sorted(languages()) == ["de", "en", "es", "fr", "it", "nl", "pl"]


def test_a_language_has_every_text_and_no_other(texts: Texts) -> None:
    assert plain(texts.texts) == plain(ENGLISH)


def test_a_counted_text_has_the_forms_of_its_language(texts: Texts) -> None:
    rule = Locale(texts.language).plural_form
    wanted = {rule(count) for count in range(1_000)} | {rule(count * 1_000) for count in range(1, 1_000)} | {"other"}
    for base in COUNTED:
        forms = {key.rpartition(".")[2] for key in texts.texts if is_form(key) and key.rpartition(".")[0] == base}
        assert forms == wanted, base


def test_a_text_has_the_placeholders_of_the_english_one(texts: Texts) -> None:
    for key, text in texts.texts.items():
        like = ENGLISH.get(key) or ENGLISH[f"{key.rpartition('.')[0]}.other"]
        assert sorted(set(re.findall(r"{\w+}", text))) == sorted(set(re.findall(r"{\w+}", like))), key


def test_a_text_marks_as_much_as_the_english_one(texts: Texts) -> None:
    for key, text in texts.texts.items():
        like = ENGLISH.get(key) or ENGLISH[f"{key.rpartition('.')[0]}.other"]
        assert [text.count(mark) for mark in "*`"] == [like.count(mark) for mark in "*`"], key


def test_names_of_settings_and_commands_are_not_translated(texts: Texts) -> None:
    names = re.compile(r"CITEWELL_\w+(?:=\w+)?|`rag [a-z]+|--[a-z]+|/api/\S+|glossary\.csv")
    for key in plain(ENGLISH):
        assert names.findall(texts.texts[key]) == names.findall(ENGLISH[key]), key


def test_a_text_is_not_left_in_english(texts: Texts) -> None:
    """Long ones at least; short ones may well be the same in two languages."""
    if texts.language != "en":
        assert [key for key, text in texts.texts.items() if len(text) > 20 and text == ENGLISH.get(key)] == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", ["1 Seite", "2 Seiten", "5 Seiten", "22 Seiten", "1.234 Seiten"]),
        ("en", ["1 page", "2 pages", "5 pages", "22 pages", "1,234 pages"]),
        ("es", ["1 página", "2 páginas", "5 páginas", "22 páginas", "1.234 páginas"]),
        ("fr", ["1 page", "2 pages", "5 pages", "22 pages", "1\u202f234 pages"]),
        ("it", ["1 pagina", "2 pagine", "5 pagine", "22 pagine", "1.234 pagine"]),
        ("nl", ["1 pagina", "2 pagina’s", "5 pagina’s", "22 pagina’s", "1.234 pagina’s"]),
        ("pl", ["1 strona", "2 strony", "5 stron", "22 strony", "1\u00a0234 strony"]),
    ],
)
def test_pages_are_counted_as_people_say_it(language: str, said: list[str]) -> None:
    assert [languages()[language]("count.pages", count=count) for count in (1, 2, 5, 22, 1234)] == said
