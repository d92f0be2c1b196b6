import codecs
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UnreadableDocument
from rag.read.canonical import canonical_text, clean_text

GERMAN = "Die Wärmepumpe läuft über Nacht – größere Häuser brauchen „mehr“ Öl für 30 €."
FRENCH = "Le café est fermé à midi, mais l’hôtel reste ouvert. Ça coûte 5 € par élève."


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_byte_order_mark_tells_the_encoding(mark: bytes, encoding: str) -> None:
    assert canonical_text(mark + "Größe 🎉".encode(encoding)) == ("Größe 🎉", ())


def test_utf8_needs_no_mark_and_no_guess() -> None:
    assert canonical_text(GERMAN.encode()) == (GERMAN, ())


@pytest.mark.parametrize("text", [GERMAN, FRENCH, "Müller", "£5 – that’s “fine”."])
def test_western_text_in_windows_1252_is_read_with_a_warning(text: str) -> None:
    warning = "the encoding was guessed: Windows-1252; save the file as UTF-8 to be sure"
    assert canonical_text(text.encode("cp1252")) == (text, (warning,))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, как дела? Мы поехали домой вчера вечером.", "cp1251"),
        ("Καλημέρα κόσμε, τι κάνεις σήμερα;", "cp1253"),
        ("这是一个中文文档。今天天气很好，我们去公园。", "gb18030"),
        ("Zażółć gęślą jaźń. Łódź jest piękna.", "cp1250"),
        ("これは日本語の文章です。東京は大きい。", "shift_jis"),
    ],
)
def test_other_encodings_are_guessed_with_a_warning(text: str, encoding: str) -> None:
    found, warnings = canonical_text(text.encode(encoding))
    assert found == text
    assert [warning.split(":")[0] for warning in warnings] == ["the encoding was guessed"]


@pytest.mark.parametrize("text", [GERMAN, FRENCH, "He said “no”.", "Привет, как дела?", "これは日本語の文章です。"])
@pytest.mark.parametrize("broken", [b"\xff", b"\xe9 ", b"\xe2\x80"], ids=["stray", "windows_1252", "cut_short"])
def test_broken_bytes_in_utf8_harm_only_their_own_place(text: str, broken: bytes) -> None:
    found, warnings = canonical_text(text.encode() + b" " + broken)
    assert found.rstrip() == f"{text} \ufffd"
    assert warnings == ("it is UTF-8 but for 1 broken character(s), read as \ufffd; save it again to repair them",)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_guessed(encoding: str) -> None:
    found, warnings = canonical_text("It rained.\n".encode(encoding))
    assert found == "It rained.\n"
    assert warnings == (f"the encoding was guessed: {encoding.upper()}; save the file as UTF-8 to be sure",)


def test_declared_encoding_is_taken_when_it_is_not_utf8() -> None:
    assert canonical_text("Łódź".encode("iso-8859-2"), declared="iso-8859-2") == ("Łódź", ())
    assert canonical_text("Łódź".encode(), declared="iso-8859-2") == ("Łódź", ())


@pytest.mark.parametrize("declared", ["no-such-encoding", "hex", "rot13", "utf-8", "ascii"])
def test_declaration_that_does_not_fit_is_passed_over(declared: str) -> None:
    assert canonical_text("Müller".encode("cp1252"), declared=declared)[0] == "Müller"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"%PDF-1.7\n1 0 obj", "it is a PDF document"),
        (b"PK\x03\x04\x14\x00", "it is a zip archive or an Office document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "it is an old Office document"),
        (b"\x89PNG\r\n\x1a\n", "it is a PNG image"),
        (b"\xff\xd8\xff\xe0", "it is a JPEG image"),
        (b"GIF89a", "it is a GIF image"),
        (b"{\\rtf1 text}", "it is an RTF document"),
        (b"\x1f\x8b\x08\x00", "it is a gzip archive"),
        (b"\x7fELF\x02", "it is a program"),
        (b"text with a \x00 inside", "it holds NUL bytes, so it is not text"),
        (b"\x00" * 100, "it holds NUL bytes, so it is not text"),
        (bytes(range(1, 128)) * 3, "it holds 78 control characters, so it is not text"),
    ],
)
def test_binary_data_is_refused_with_what_it_is(data: bytes, found: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        canonical_text(data)
    assert str(caught.value) == f"{found}; text was expected; convert it to plain text, Markdown or HTML first"


def test_byte_order_mark_that_lies_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="says UTF-8, but byte 2 does not fit; save it as UTF-8"):
        canonical_text(codecs.BOM_UTF8 + b"ab\xff")


def test_word_that_begins_some_binary_files_is_text() -> None:
    assert canonical_text(b"RIFF is a word.") == ("RIFF is a word.", ())


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nb\rc\n\r\n", "a\nb\nc\n\n"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("ze\u200bro\ufeff wi\u2060dth soft\u00adhyphen", "zero width softhyphen"),
        ("نمی\u200cخواهم 👩\u200d🔬", "نمی\u200cخواهم 👩\u200d🔬"),
        ("a\x00b\x07c\x1bd\x7fe\x85f\x0cg", "a b c d e f g"),
        ("tab\tstays", "tab\tstays"),
        ("cafe\u0301", "café"),
        ("a\u00ad\u0301", "á"),
        ("\u212b", "Å"),
        ("half \ud800 pair", "half \ufffd pair"),
    ],
)
def test_text_is_cleaned(text: str, clean: str) -> None:
    assert clean_text(text) == (clean, ())


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_direction_control_is_dropped_with_a_warning(control: str) -> None:
    assert clean_text(f"pay {control}100 euros") == ("pay 100 euros", ("direction control characters were dropped",))


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    clean, _ = clean_text(text)
    assert clean_text(clean) == (clean, ())
    assert unicodedata.is_normalized("NFC", clean)


@given(st.binary(max_size=300))
def test_any_bytes_give_text_or_a_clear_error(data: bytes) -> None:
    try:
        text, _ = canonical_text(data)
    except UnreadableDocument as error:
        assert ";" in str(error)  # what was found; what to do
    else:
        assert text.encode().decode() == text
