import pytest

from web.i18n import Texts, languages
from web.templating import straight, where


@pytest.mark.parametrize(
    ("section", "page", "words"),
    [
        ("Guide > Install", None, "Install"),
        ("Guide > Install > Linux", 3, "Install / Linux, page 3"),
        ("Guide", None, ""),
        ("Guide", 2, "page 2"),
        ("Install > Guide", None, "Install / Guide"),
        ("Guidelines > Install", None, "Guidelines / Install"),
        ("", None, ""),
    ],
)
def test_a_place_in_words_does_not_repeat_the_title(section: str, page: int | None, words: str) -> None:
    assert where({"document": {"title": "Guide"}, "section": section, "page": page}, languages()["en"]) == words


@pytest.mark.parametrize(
    ("language", "count", "form"),
    [
        ("en", 1, "one"),
        ("en", 0, "other"),
        ("en", 21, "other"),
        ("fr", 0, "one"),
        ("pl", 1, "one"),
        ("pl", 3, "few"),
        ("pl", 22, "few"),
        ("pl", 12, "many"),
        ("ar", 2, "two"),
    ],
)
def test_a_number_has_the_plural_form_of_its_language(language: str, count: int, form: str) -> None:
    forms = {f"pages.{name}": name for name in ("one", "two", "few", "many", "other")}
    assert Texts(language, forms)("pages", count=count) == form


def test_a_form_that_nobody_wrote_is_that_of_others() -> None:
    assert Texts("pl", {"pages.other": "stron", "alone": "sama"})("pages", count=3) == "stron"
    assert Texts("pl", {"pages.other": "stron", "alone": "sama"})("alone") == "sama"


def test_one_day_is_not_one_days() -> None:
    assert [languages()[name]("talks.expire", count=1).split(" after ")[0] for name in ("de", "en")] == [
        "Wird nach der letzten Frage noch 1 Tag aufbewahrt. Wer den Link hat, kann es öffnen.",
        "Kept for 1 day",
    ]


def test_a_name_is_not_read_in_another_order() -> None:
    assert straight("invoice\u202efdp.exe") == "invoicefdp.exe"
    assert straight("\u0628\u200d\u06cc\u200f.pdf") == "\u0628\u200d\u06cc\u200f.pdf"
