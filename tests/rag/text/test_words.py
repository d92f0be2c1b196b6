"""What should compare as equal does, and numbers stay whole."""

from __future__ import annotations

import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.words import (
    content_stems,
    fold,
    index_stems,
    is_function_word,
    plain_words,
    scripts_of,
    stem,
    stem_in,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            "\N{LATIN CAPITAL LETTER E WITH ACUTE}mile's 903.9 yen", ["emile", "s", "903.9", "yen"], id="docstring"
        ),
        pytest.param("The harbour, closed.", ["the", "harbour", "closed"], id="marks fall away"),
        pytest.param(
            "9 of 903.9 and 1,234,567.50", ["9", "of", "903.9", "and", "1,234,567.50"], id="numbers are whole"
        ),
        pytest.param("in 1912, 1913.", ["in", "1912", "1913"], id="a mark after a number is not part of it"),
        pytest.param("well-known B2B", ["well", "known", "b2b"], id="a hyphen parts words, a digit does not"),
        pytest.param("Breton\N{RIGHT SINGLE QUOTATION MARK}s", ["breton", "s"], id="a curly possessive"),
        pytest.param("nai\u0308ve na\u00efve", ["naive", "naive"], id="composed and decomposed are the same"),
        pytest.param("Stra\N{LATIN SMALL LETTER SHARP S}e STRASSE", ["strasse", "strasse"], id="sharp s"),
        pytest.param("\ufb01sh \uff11\uff12", ["fish", "12"], id="ligatures and wide digits"),
        pytest.param("東京 Δέλτα", ["東京", "δελτα"], id="other scripts"),
        pytest.param("😀 -- !?", [], id="marks and emoji are no words"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert plain_words(text) == words


@given(st.one_of(st.text(), st.text(st.characters(max_codepoint=0x17F)), st.text(st.characters(max_codepoint=0x7F))))
def test_folding_and_scripts_have_no_short_cut_that_can_be_seen(text: str) -> None:
    decomposed = unicodedata.normalize("NFKD", text)
    assert fold(text) == "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    letters = [c for c in unicodedata.normalize("NFKC", text) if c.isalpha()]
    assert scripts_of(text) == {unicodedata.name(c, c).split()[0] for c in letters}


@given(st.text())
def test_the_form_a_text_is_encoded_in_does_not_matter(text: str) -> None:
    assert plain_words(unicodedata.normalize("NFC", text)) == plain_words(unicodedata.normalize("NFD", text))


@given(st.text())
def test_words_are_in_order_in_the_folded_text(text: str) -> None:
    folded, at = fold(text), 0
    for word in plain_words(text):
        at = folded.index(word, at) + len(word)


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        pytest.param("When did Δέλτα open?", {"LATIN", "GREEK"}, id="two"),
        pytest.param("متى افتتح", {"ARABIC"}, id="arabic"),
        pytest.param("東京で", {"CJK", "HIRAGANA"}, id="japanese has several"),
        pytest.param("ｗｉｄｅ 𝐛𝐨𝐥𝐝 ﬁ é", {"LATIN"}, id="forms of one letter"),
        pytest.param("2009, 30 % ⚓", set(), id="no letters"),
    ],
)
def test_scripts_of_a_text(text: str, scripts: set[str]) -> None:
    assert scripts_of(text) == scripts


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        pytest.param(("announced", "announces", "announcing"), "announc", id="a regular verb"),
        pytest.param(("harbours", "harbour"), "harbour", id="a plural"),
        pytest.param(("1912",), "1912", id="a number stays"),
        pytest.param(("東京",), "東京", id="another script stays"),
    ],
)
def test_forms_of_one_word_have_one_stem(forms: tuple[str, ...], expected: str) -> None:
    assert {stem(form) for form in forms} == {expected}


def test_a_text_too_long_to_be_remembered_has_its_stems_all_the_same() -> None:
    assert content_stems("The boats were closed. " * 100) == ("boat", "close") * 100


def test_threads_that_stem_at_once_get_the_stems_of_one_alone() -> None:
    words = [f"{start}{end}" for start in ("harbour", "relat", "hop") for end in ("fulness", "ational", "ies", "ing")]
    expected = [stem(word) for word in words]
    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: [stem.__wrapped__(word) for word in words], range(200)))
    finally:
        sys.setswitchinterval(often)
    assert found == [expected] * 200


def test_content_stems_are_in_order_with_repeats_and_without_function_words() -> None:
    assert content_stems("The boats and the boat of 1912 were closed.") == ("boat", "boat", "1912", "close")


@pytest.mark.parametrize("word", ["the", "who", "when", "does", "s", "t", "please"])
def test_a_function_word_carries_no_content(word: str) -> None:
    assert is_function_word(word)


@pytest.mark.parametrize("word", ["harbour", "1912", "chair", "first", "year"])
def test_other_words_do(word: str) -> None:
    assert not is_function_word(word)


@pytest.mark.parametrize(
    ("language", "text", "stems"),
    [
        ("de", "Die Schlüssel der Häuser", ("schlussel", "haus")),
        ("de", "Das Haus und sein Schlüssel", ("haus", "schlussel")),
        ("fr", "Les clés installées dans les maisons", ("cle", "install", "maison")),
        ("es", "¿Dónde están las casas antiguas?", ("cas", "antigu")),
        ("it", "Le case che sono state vendute", ("cas", "vend")),
        ("nl", "De huizen die verkocht worden", ("huis", "verkocht")),
        ("ja", "部屋の鍵です", ("部屋", "屋の", "の鍵", "鍵て")),
        ("zh", "什么是内核模块", ("么是", "是内", "内核", "核模", "模块")),
        ("ja", "USBメモリ", ("usb", "メモ", "モリ")),
        ("zh", "门", ("门",)),
    ],
)
def test_words_of_other_languages_have_the_stems_of_theirs(language: str, text: str, stems: tuple[str, ...]) -> None:
    assert content_stems(text, language) == stems


def test_all_words_of_a_passage_are_indexed_also_those_that_carry_nothing() -> None:
    assert index_stems("Die Häuser der Stadt", "de") == ["die", "haus", "der", "stadt"]
    assert index_stems("部屋です", "ja") == ["部屋", "屋て", "てす"]


def test_a_language_without_rules_keeps_its_words() -> None:
    assert (stem_in("ja", "メモ"), stem_in("en", "Announced"), stem_in("pl", "drzwi")) == ("メモ", "announc", "drzwi")
