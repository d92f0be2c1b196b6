"""Plain text: paragraphs, list items and headings, told by lines alone. The text itself stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.read.canonical import canonical_text
from rag.read.layout import Content, Outline
from rag.records import BlockKind, Span

# A bullet, "1." or "1)", "(a)" or "(iv)": then white space, then the item.
_BULLET = re.compile(r"[ \t]*[-*•‣◦▪·–—][ \t]+(?=\S)")
_COUNTER = re.compile(r"[ \t]*(?:\d{1,3}[.)]|\((?:[a-z]|\d{1,3}|[ivx]{1,5})\)|[a-z]\))[ \t]+(?=\S)")
_UNDERLINE = re.compile(r"[ \t]*(?:(=)={2,}|-{3,})[ \t]*")
_NUMBERED_TITLE = re.compile(r"[ \t]*(\d{1,2}(?:\.\d{1,2}){0,3})\.?[ \t]+(?=[^\W\d_])")
_FINAL_MARKS = ".!?:;,…"

_MAX_TITLE_CHARS = 80
_MAX_TITLE_WORDS = 10
_MIN_CAPITALS = 4
_ITEM_INDENT = 2

# A text is hard-wrapped when most lines that have a next one end within this many columns of the longest, which is
# no longer than a screen is wide, and some next lines start in the middle of a sentence, in lower case.
_MAX_WRAP_COLUMNS = 120
_MIN_WRAP_COLUMNS = 40
_RAGGED_COLUMNS = 20
_MIN_FULL_SHARE = 0.7
_MIN_LOWER_SHARE = 0.25
_MIN_WRAPPED_LINES = 3


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text.rstrip())


def read_plain(data: bytes) -> Content:
    """The text as it is, marked up. A first line that is clearly a heading is the title."""
    return mark_plain(*canonical_text(data))


def mark_plain(text: str, warnings: tuple[str, ...] = ()) -> Content:
    """The same for a text that is canonical already."""
    stanzas = list(_stanzas(text))
    columns = _wrap_columns(stanzas)
    outline = Outline()
    for number, stanza in enumerate(stanzas):
        following = stanzas[number + 1] if number + 1 < len(stanzas) else []
        taken = _add_heading(outline, stanza, following, is_first=number == 0)
        _add_body(outline, text, stanza[taken:], columns)
    first = outline.blocks[0] if outline.blocks else None
    title = first.span.of(text) if first and first.kind is BlockKind.HEADING else ""
    return Content(text, tuple(outline.blocks), title, warnings)


def _stanzas(text: str) -> Iterator[list[_Line]]:
    """Runs of lines without a blank one between them."""
    stanza: list[_Line] = []
    start = 0
    for line in text.split("\n"):
        if line.strip():
            stanza.append(_Line(start, line))
        elif stanza:
            yield stanza
            stanza = []
        start += len(line) + 1
    if stanza:
        yield stanza


def _add_heading(outline: Outline, stanza: Sequence[_Line], following: Sequence[_Line], *, is_first: bool) -> int:
    """Add the heading that a stanza starts with, if it clearly does; the number of lines it takes, 0 for none.

    Levels: a title on the first line of the file and "===" are 1, "---" and CAPITALS 2, "1. Scope" 2, "1.1 Aim" 3.
    """
    line = stanza[0]
    underline = _UNDERLINE.fullmatch(stanza[1].text) if len(stanza) > 1 else None
    if underline and len(line.text) <= _MAX_TITLE_CHARS and not _marker(line.text):
        level = 1 if underline[1] else 2
    else:
        level = _heading_level(stanza, following, is_first=is_first)
    if not level:
        return 0
    outline.add(Span(line.start + _indent(line.text), line.end), BlockKind.HEADING, line.text, level=level)
    return 2 if underline else 1


def _heading_level(stanza: Sequence[_Line], following: Sequence[_Line], *, is_first: bool) -> int:
    """The level of a short first line that stands out without an underline; 0 when it is no heading."""
    line, below = stanza[0].text, stanza[1:] or following
    if not below or not _is_short(line) or _BULLET.match(line):
        return 0
    is_alone = len(stanza) == 1
    if numbered := _NUMBERED_TITLE.match(line):
        # A numbered line right above another one is an item of a list that is set wide.
        is_item = "." not in numbered[1] and _NUMBERED_TITLE.match(below[0].text)
        return 0 if is_item or not is_alone else 2 + numbered[1].count(".")
    if _is_capitals(line) and not _is_capitals(below[0].text):
        return 1 if is_first else 2
    return 1 if is_first and is_alone and not _COUNTER.match(line) else 0


def _is_short(line: str) -> bool:
    line = line.strip()
    return (
        len(line) <= _MAX_TITLE_CHARS
        and len(line.split()) <= _MAX_TITLE_WORDS
        and line[-1] not in _FINAL_MARKS
        and any(character.isalpha() for character in line)
    )


def _is_capitals(line: str) -> bool:
    return line.isupper() and sum(character.isalpha() for character in line) >= _MIN_CAPITALS


def _add_body(outline: Outline, text: str, lines: Sequence[_Line], columns: int) -> None:
    """Add what follows the heading: list items, and paragraphs of one line or, where it is wrapped, of several."""
    start, kind, level = 0, BlockKind.PARAGRAPH, 0
    hang: int | None = None  # columns: how far the marker of the item we are in is indented
    previous: _Line | None = None
    for line in lines:
        marker = _marker(line.text) if _may_be_item(line.text, previous, kind) else None
        if previous is not None and (marker or not _is_continued(previous, line, columns, hang)):
            _add_block(outline, text, Span(start, previous.end), kind, level)
            previous = None
        if previous is None:
            kind = BlockKind.LIST_ITEM if marker else BlockKind.PARAGRAPH
            hang = _indent(line.text) if marker else None
            level = 1 + _indent(line.text.expandtabs()) // _ITEM_INDENT if marker else 0
            start = line.start + (marker.end() if marker else _indent(line.text))
        previous = line
    if previous is not None:
        _add_block(outline, text, Span(start, previous.end), kind, level)


def _add_block(outline: Outline, text: str, span: Span, kind: BlockKind, level: int) -> None:
    outline.add(span, kind, span.of(text), level=level)


def _marker(line: str) -> re.Match[str] | None:
    return _BULLET.match(line) or _COUNTER.match(line)


def _may_be_item(line: str, previous: _Line | None, kind: BlockKind) -> bool:
    """Whether a marker at the start of this line can be one: in a wrapped paragraph a number may begin a line."""
    if previous is None or kind is BlockKind.LIST_ITEM or _BULLET.match(line):
        return True
    return previous.text.rstrip()[-1] in _FINAL_MARKS


def _is_continued(line: _Line, following: _Line, columns: int, hang: int | None) -> bool:
    """Whether the next line goes on with this one: the next word did not fit, or a sentence is cut in the middle.

    `hang` is the indent of the list item we are in: whatever is indented further belongs to it.
    """
    text, word = line.text.rstrip(), following.text.split(None, 1)[0]
    if len(text) > _MAX_WRAP_COLUMNS:
        return False
    if hang is not None and _indent(following.text) > hang:
        return True
    if columns and len(text) + 1 + len(word) > columns:
        return True
    # One line that juts out, an indent or a long address, must not make the others look short.
    is_full = columns > 0 and len(text) >= columns - _RAGGED_COLUMNS
    return len(text) >= _MIN_WRAP_COLUMNS and (is_full or word[0].islower()) and text[-1] not in ".!?:;"


def _wrap_columns(stanzas: Sequence[Sequence[_Line]]) -> int:
    """The column at which the whole text is wrapped, 0 when each line is a paragraph of its own."""
    full = [
        (len(line.text.rstrip()), following.text)
        for stanza in stanzas
        for line, following in pairwise(stanza)
        if not _marker(following.text)
    ]
    columns = max((length for length, _ in full), default=0)
    if len(full) < _MIN_WRAPPED_LINES or not _MIN_WRAP_COLUMNS <= columns <= _MAX_WRAP_COLUMNS:
        return 0
    near = sum(length >= columns - _RAGGED_COLUMNS for length, _ in full)
    lower = sum(following.lstrip()[0].islower() for _, following in full)
    is_wrapped = near >= _MIN_FULL_SHARE * len(full) and lower >= _MIN_LOWER_SHARE * len(full)
    return columns if is_wrapped else 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
