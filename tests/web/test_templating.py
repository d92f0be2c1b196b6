import pytest

from web.language import languages
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


def test_a_name_is_not_read_in_another_order() -> None:
    assert straight("invoice\u202efdp.exe") == "invoicefdp.exe"
    assert straight("\u0628\u200d\u06cc\u200f.pdf") == "\u0628\u200d\u06cc\u200f.pdf"
