"""From bytes to the canonical text: the one that is stored, pointed into and quoted, and never edited afterwards."""

from __future__ import annotations

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

from rag.errors import UnreadableDocument

# Longest first: the UTF-32 mark begins with the UTF-16 one.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC_NUMBERS = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
_TEXT_WANTED = "text was expected; convert it to plain text, Markdown or HTML first"

# Invisible in print, yet they break a search for the word they stand in. The joiners U+200C and U+200D stay: Persian,
# the scripts of India and emoji need them.
_ZERO_WIDTH = "\u200b\u2060\ufeff\u00ad"
_BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CONTROLS: dict[int, str | None] = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_CLEAN = _CONTROLS | {ord(c): None for c in _ZERO_WIDTH + _BIDI_CONTROLS} | {0x2028: "\n", 0x2029: "\n"}
_LINE_END = re.compile(r"\r\n?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BIDI = re.compile(f"[{_BIDI_CONTROLS}]")

# What Windows-1252 adds to ASCII in the prose of Western Europe. In other alphabets' bytes it shows as symbols inside
# words, or as words that are mostly accents.
_WESTERN_LETTERS = frozenset("äöüßÄÖÜàâçéèêëîïôùûÿœæÀÂÇÉÈÊËÎÏÔÙÛŒÆñÑáíóúÁÍÓÚåÅøØãõÃÕìò")
_WESTERN = _WESTERN_LETTERS | frozenset("“”„‘’‚‹›«»–—…•€£§°©®™·¿¡ºª²½¼¾×±µ´\xa0\xad")
_MAX_ACCENTED_SHARE = 0.3

# Random bytes hold one control character in ten; the few that stray into real texts become spaces.
_MAX_CONTROL_SHARE = 0.03
_MAX_STRAY_CONTROLS = 8
_CONTROL_BYTES = bytes(code for code in (*range(1, 9), *range(14, 27), *range(28, 32), 127))


def canonical_text(data: bytes, *, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The canonical text of a text file, and warnings about what had to be guessed or dropped.

    The encoding is that of the byte order mark, else UTF-8, also with a few broken bytes, else `declared` (what the
    document says of itself), else the likeliest one. Raises UnreadableDocument for what is not text, without naming the
    file.
    """
    text, warnings = decode(data, declared=declared)
    text, dropped = clean_text(text)
    return text, warnings + dropped


def clean_text(text: str) -> tuple[str, tuple[str, ...]]:
    """The text in NFC, without zero-width characters and controls; cleaning it again changes nothing.

    All line ends become line feeds; controls other than line feed and tab become spaces. Direction overrides can make
    a quote read otherwise than it is: they are dropped with a warning.
    """
    warnings = ("direction control characters were dropped",) if _BIDI.search(text) else ()
    text = _LINE_END.sub("\n", text).translate(_CLEAN)
    return unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", text)), warnings


def decode(data: bytes, *, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The characters of a text file, and a warning when the encoding was guessed."""
    for magic, kind in _MAGIC_NUMBERS:
        if data.startswith(magic):
            raise UnreadableDocument(f"it is {kind}; {_TEXT_WANTED}")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode_marked(data[len(mark) :], encoding)
    if b"\x00" in data:
        return _decode_unmarked_utf16(data)
    controls = len(data) - len(data.translate(None, _CONTROL_BYTES))
    if controls > _MAX_STRAY_CONTROLS and controls > len(data) * _MAX_CONTROL_SHARE:
        raise UnreadableDocument(f"it holds {controls} control characters, so it is not text; {_TEXT_WANTED}")
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        return _decode_damaged(data) or _decode_declared(data, declared) or _decode_guessed(data)


def _decode_marked(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"its byte order mark says {encoding.upper()}, but byte {error.start} does not fit; save it as UTF-8"
        ) from error


def _decode_unmarked_utf16(data: bytes) -> tuple[str, tuple[str, ...]]:
    """UTF-16 without a mark, told by NUL bytes that stand on one side of nearly every pair; else it is not text."""
    for encoding, high in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if len(data) % 2 == 0 and high.count(0) == data.count(0) > 0.5 * len(high):
            return data.decode(encoding, "replace"), (_guessed(encoding.upper()),)
    raise UnreadableDocument(f"it holds NUL bytes, so it is not text; {_TEXT_WANTED}")


def _decode_damaged(data: bytes) -> tuple[str, tuple[str, ...]] | None:
    """UTF-8 in which some bytes are broken, told by more characters that fit than do not; None for other encodings.

    In other encodings bytes fit together as UTF-8 by chance only. Guessed again as a whole, such a text would have
    every accent and quotation mark wrong for the sake of one byte.
    """
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    fitting = sum(character > "\x7f" for character in text) - broken
    if fitting <= broken:
        return None
    return text, (f"it is UTF-8 but for {broken} broken character(s), read as \ufffd; save it again to repair them",)


def _decode_declared(data: bytes, declared: str | None) -> tuple[str, tuple[str, ...]] | None:
    try:
        return (data.decode(declared), ()) if declared else None
    except (LookupError, ValueError):
        return None


def _decode_guessed(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Windows-1252 when all its characters are those of Western prose, else what charset-normalizer finds likeliest.

    charset-normalizer alone reads a short German or French text as Icelandic, Polish or worse.
    """
    text = _decode_western(data)
    if text is not None:
        return text, (_guessed("Windows-1252"),)
    best = from_bytes(data).best()
    if best is None:
        raise UnreadableDocument("its encoding is none that is known; save it as UTF-8")
    return str(best), (_guessed(best.encoding),)


def _decode_western(data: bytes) -> str | None:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    accented = sum(character in _WESTERN_LETTERS for character in text)
    foreign = sum(character > "\x7f" and character not in _WESTERN for character in text)
    letters = sum(character.isalpha() for character in text)
    return None if foreign or accented > _MAX_ACCENTED_SHARE * letters else text


def _guessed(encoding: str) -> str:
    return f"the encoding was guessed: {encoding}; save the file as UTF-8 to be sure"
