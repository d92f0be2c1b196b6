"""RTF: its words by striprtf, in paragraphs; headings where the file marks them as parts of its outline.

Notes, which striprtf leaves out, come at the end of their section.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from striprtf import striprtf

from rag.errors import UnreadableDocument
from rag.read.canonical import clean_text
from rag.read.layout import Content, Layout
from rag.read.notes import Notes
from rag.read.tables import add_table
from rag.records import BlockKind

_MAX_RTF_BYTES = 20_000_000
# striprtf's time grows with the square of the list of fonts; 300 fonts take this many.
_MAX_FONTS_CHARS = 20_000
_FONTS = re.compile(r"\\fonttbl")
# striprtf looks for links in a time that grows with their cube. Without this word it reads a link as its words.
_FIELD = re.compile(r"\\field(?![a-z])", re.IGNORECASE)
# The outline's level of a paragraph becomes a character of the private use area with a digit: striprtf drops the mark.
_OUTLINE = re.compile(r"\\outlinelevel([0-8])(?!\d) ?")
_STYLES = re.compile(r"\\stylesheet")
_HEADING_STYLE = re.compile(r"\\s(\d{1,4})(?!\d)[^{}]{0,2000}[ ;](?:heading (\d)|(title));\}", re.IGNORECASE)
_MAX_STYLES_CHARS = 500_000
_MARK = "\ue000"
_MARKED = re.compile(f"(?:{_MARK}([0-8]))+")
_NOTE = re.compile(r"\{(?:\\\*)?\s*\\footnote(?![a-z])")
_MAX_NOTE_CHARS = 50_000
# Around the words of a note, likewise; then around its number.
_NOTE_BEGIN, _NOTE_END = "\ue001", "\ue002"
_NOTE_WORDS = re.compile(f"{_NOTE_BEGIN}([^{_NOTE_BEGIN}{_NOTE_END}]*){_NOTE_END}")
_ITEM = re.compile(r"[ \t]*(?:[\u2022\u00b7\u25aa\uf0b7\u2013*-]|\(?\d{1,3}[.)])[ \t]+(?=\S)")
_TITLE = re.compile(r"\\title (?P<title>[^{}\\]{1,300})\}")


def read_rtf(data: bytes) -> Content:
    """The paragraphs. Title: that of its properties. Raises UnreadableDocument for what is no RTF."""
    if not data.startswith(b"{\\rtf"):
        raise UnreadableDocument("it does not begin as RTF does; an RTF document was expected; get the file again")
    if len(data) > _MAX_RTF_BYTES:
        raise UnreadableDocument(f"it has {len(data):,} bytes, but {_MAX_RTF_BYTES:,} are read; save it as .docx")
    rtf = data.decode("latin-1")
    title = _TITLE.search(rtf[:100_000])
    layout, notes, texts = Layout(), Notes(), list[str]()
    words = words_of("".join(_mark_notes(_mark_headings(rtf))))

    def number(note: re.Match[str]) -> str:
        texts.append(_MARKED.sub("", note[1]))
        return f"{_NOTE_BEGIN}{len(texts) - 1}{_NOTE_END}"

    first, rows = "", list[list[str]]()
    for line in _NOTE_WORDS.sub(number, words).split("\n"):
        marked = _MARKED.search(line)
        before = notes.count
        text = _NOTE_WORDS.sub(lambda note: notes.refer(texts[int(note[1])]), _MARKED.sub("", line))
        if "|" in line and not marked:  # striprtf's mark between cells
            rows.append([cell.strip() for cell in text.rstrip("| ").split("|")])
            continue
        _add_table(layout, rows)
        rows = []
        if marked:
            notes.write(layout, up_to=before)
            first = first or (" ".join(text.split()) if marked[1] == "0" else "")
            layout.add(BlockKind.HEADING, text, level=int(marked[1]) + 1)
        elif item := _ITEM.match(text):
            layout.add(BlockKind.LIST_ITEM, text[item.end() :], level=1)
        else:
            layout.add(BlockKind.PARAGRAPH, text)
    _add_table(layout, rows)
    notes.write(layout)
    return layout.content(title=" ".join(clean_text(title["title"])[0].split()) if title else first)


def _add_table(layout: Layout, rows: list[list[str]]) -> None:
    if len(rows) > 1:
        add_table(layout, rows, max(map(len, rows)))
    elif rows:
        layout.add(BlockKind.PARAGRAPH, " | ".join(rows[0]))


def _mark_headings(rtf: str) -> str:
    """The same RTF with a mark before the words of each paragraph that has a heading's style or outline level."""
    start = _STYLES.search(rtf)
    levels: dict[str, int] = {}
    body = 0
    if start:
        body = _group_end(rtf, start.end(), _MAX_STYLES_CHARS)
        for number, level, _ in _HEADING_STYLE.findall(rtf, start.end(), body):
            levels[number] = int(level or 1) - 1
    if levels:
        styled = re.compile(rf"\\s({'|'.join(levels)})(?!\d) ?")
        rest = styled.sub(lambda style: f"{style[0]}\\u-8192?{levels[style[1]]} ", rtf[body:])
        rtf = rtf[:body] + rest
    return _OUTLINE.sub(r"\\u-8192?\1 ", rtf)


def _mark_notes(rtf: str) -> Iterator[str]:
    """The same RTF in pieces, with footnotes and endnotes as words of the text between two marks."""
    end = 0
    for note in _NOTE.finditer(rtf):
        if note.start() < end:  # inside another one
            continue
        close = _group_end(rtf, note.end(), _MAX_NOTE_CHARS)
        if rtf[close : close + 1] != "}":  # looking on for each that follows would take too long
            break
        yield f"{rtf[end : note.start()]}{{\\u-8191?{rtf[note.end() : close]}\\u-8190?}}"
        end = close + 1
    yield rtf[end:]


def words_of(rtf: str) -> str:
    """The words of RTF, whose bytes are given as characters, a line a paragraph. Raises UnreadableDocument."""
    fonts = _FONTS.search(rtf)
    if fonts and _group_end(rtf, fonts.end(), _MAX_FONTS_CHARS) - fonts.start() > _MAX_FONTS_CHARS:
        raise UnreadableDocument("its list of fonts is too long")
    convert: Callable[..., str] = striprtf.rtf_to_text
    try:
        text = convert(_FIELD.sub("", rtf), errors="replace")
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise UnreadableDocument("it is RTF that does not make sense") from error
    # RTF writes a character outside the basic plane as two halves.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _group_end(rtf: str, start: int, at_most: int) -> int:
    """Where the group ends that is open at `start`, looked for no further than `at_most` characters."""
    depth = 1
    for place in range(start, min(len(rtf), start + at_most + 1)):
        depth += (rtf[place] == "{") - (rtf[place] == "}")
        if not depth:
            return place
    return min(len(rtf), start + at_most + 1)
