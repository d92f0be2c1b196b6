"""A mail, from whatever file it came, laid out: who wrote to whom and when, the words, earlier and attached mails.

The signature is kept, at the end and under its own heading: it is where a telephone number or an office is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from itertools import groupby

from lxml import etree

from rag.read.canonical import clean_text
from rag.read.html.elements import read_blocks
from rag.read.html.html_reader import parse_whole
from rag.read.layout import Content, Layout
from rag.read.mail.quoted import bare, label
from rag.read.plain import mark_plain
from rag.records import Block, BlockKind

MAX_DEPTH = 3  # of mails attached to mails
_MAX_LEVEL = 6
_MAX_NAMED = 20
_FIELDS = (("From", "from"), ("To", "to"), ("Cc", "cc"), ("Date", "date"), ("ISO date", "iso date"))
_MAX_FIELD_CHARS = 1_000
_CUT_FIELD = f"of a list of recipients only the first {_MAX_FIELD_CHARS:,} characters were read"
_MAX_BODY_CHARS = 5_000_000  # of one text of a mail; 25 s where every second line is quoted
_CUT_BODY = f"of a text in it only the first {_MAX_BODY_CHARS:,} characters were read"

# Private to this file: where the blocks of a quote in HTML begin and end. Taken out of the mail's own words first.
_BEGIN, _END = "\ue000", "\ue001"
_QUOTES = "//body//blockquote[@type='cite' or contains(@class, 'gmail_quote') or contains(@class, 'protonmail_quote')]"
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_TABLE_PARTS = ("table", "tbody", "thead", "tfoot", "tr", "td", "th")
_MAX_CELL_CHARS = 300


@dataclass(frozen=True, slots=True)
class MailBlock:
    """A block of a mail's body before it is laid out; `part` is as in `earlier.label`, `number` counts the parts."""

    kind: BlockKind
    text: str
    level: int = 0
    part: str = ""
    number: int = 0

    def numbered(self, number: int) -> MailBlock:
        """The same piece in another part of the body."""
        return replace(self, number=number)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as a reader found it. `fields` are "From", "To", "Cc" and "Date" with their words, those that it has."""

    subject: str
    fields: tuple[tuple[str, str], ...]
    body: tuple[MailBlock, ...]
    attached: tuple[Mail, ...] = ()
    unread: tuple[str, ...] = ()  # names of attachments
    warnings: tuple[str, ...] = ()


def write_mail(mail: Mail) -> Content:
    """The mail as blocks; its subject is the title and the first heading, that of an attached mail one below it."""
    layout = Layout()
    _add_mail(layout, mail, 1)
    mails = [mail]
    for inner in mails:
        mails.extend(inner.attached)
    warnings = [warning for inner in mails for warning in inner.warnings]
    unread = [name for inner in mails for name in inner.unread]
    if unread:
        some = ", ".join(unread[:_MAX_NAMED]) + (" and others" if len(unread) > _MAX_NAMED else "")
        is_one = len(unread) == 1
        warnings.append(f"{len(unread)} {'attachment was' if is_one else 'attachments were'} not read: {some}")
    return layout.content(title=mail.subject, warnings=tuple(dict.fromkeys(warnings)))


def head_fields(words: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The fields of a mail from its headers "from", "to", "cc", "date" and "iso date", and a warning about long ones.

    A date stands as it is written and, where it can be understood, in ISO 8601.
    """
    if words.get("date") and not words.get("iso date"):
        words = {**words, "iso date": iso_date(words["date"])}
    fields: list[tuple[str, str]] = []
    warnings: tuple[str, ...] = ()
    for name, key in _FIELDS:
        value = " ".join(words.get(key, "").split())
        if len(value) > _MAX_FIELD_CHARS:
            value = value[:_MAX_FIELD_CHARS].rpartition(",")[0] or value[:_MAX_FIELD_CHARS]
            warnings = (_CUT_FIELD,)
        if value:
            fields.append((name, value))
    return tuple(fields), warnings


def plain_body(text: str) -> tuple[tuple[MailBlock, ...], tuple[str, ...]]:
    """The pieces of a body in plain text, and warnings. No line is a heading: "Dear Anna" would look like one."""
    text, warnings = _bounded(text)
    lines = text.split("\n")
    pieces: list[MailBlock] = []
    for (part, number), group in groupby(zip(label(lines), lines, strict=True), key=lambda pair: pair[0]):
        content = mark_plain("\n".join(bare(line, part) for _, line in group))
        for block in content.blocks:
            is_heading = block.kind is BlockKind.HEADING
            kind, level = (BlockKind.PARAGRAPH, 0) if is_heading else (block.kind, block.level)
            pieces.append(MailBlock(kind, block.span.of(content.text), level, part, number))
    return tuple(pieces), warnings


def html_body(text: str) -> tuple[tuple[MailBlock, ...], tuple[str, ...]]:
    """The pieces of a body in HTML, and warnings. A mail is all content: nothing is taken for a menu.

    Raises UnreadableDocument for a text without an element.
    """
    text, warnings = _bounded(text)
    page, cut = parse_whole(text.replace(_BEGIN, "").replace(_END, ""))
    for styled in page.xpath("//body//*[@style]"):
        if _HIDDEN.search(styled.get("style")):
            styled.drop_tree()
    _open_layout_tables(page)
    _mark_quotes(page)
    content = read_blocks(page, is_part=True)
    found: list[tuple[Block, str]] = []
    lines: list[str] = []
    depth = 0
    for block in content.blocks:
        words = block.span.of(content.text)
        depth = max(0, depth + (words == _BEGIN) - (words == _END))
        words = words.replace(_BEGIN, "").replace(_END, "")
        if words.strip():
            found.append((block, words))
            lines.append(("> " if depth else "") + " ".join(words.split()))  # ">" is how a quote in plain text is told
    pieces = [
        MailBlock(block.kind, bare(words, part), block.level, part, number)
        for (block, words), (part, number) in zip(found, label(lines), strict=True)
    ]
    return tuple(pieces), warnings + cut


def iso_date(written: str) -> str:
    """A mail's date in ISO 8601, with its time zone where it has one; "" when it is none.

    "Tue, 3 Jun 2025 14:05:00 +0200" -> "2025-06-03T14:05:00+02:00"
    """
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return parsedate_to_datetime(written).isoformat()
    return ""


def _add_mail(layout: Layout, mail: Mail, level: int) -> None:
    layout.add(BlockKind.HEADING, mail.subject, level=min(level, _MAX_LEVEL))
    layout.add_table([name for name, _ in mail.fields], [[value for _, value in mail.fields]])
    number = -1
    for piece in mail.body:
        if piece.number != number and piece.part:
            layout.add(BlockKind.HEADING, piece.part, level=min(level + 1, _MAX_LEVEL))
        number = piece.number
        if piece.kind is BlockKind.HEADING:
            layout.add(piece.kind, piece.text, level=min(level + 1 + piece.level, _MAX_LEVEL))
        else:
            layout.add(piece.kind, piece.text, level=piece.level)
    for inner in mail.attached:
        _add_mail(layout, inner, level + 1)


def _bounded(text: str) -> tuple[str, tuple[str, ...]]:
    """The canonical text, cut at a line's end when it is over _MAX_BODY_CHARS, and warnings about what was dropped."""
    text, warnings = clean_text(text)
    if len(text) <= _MAX_BODY_CHARS:
        return text, warnings
    text = text[:_MAX_BODY_CHARS]
    return text.rpartition("\n")[0] or text, (*warnings, _CUT_BODY)


def _open_layout_tables(page: etree._Element) -> None:
    """Make plain divisions of the tables that only place things on the page; those of rows and columns stay."""
    inside = 0  # tables of data
    for event, element in list(etree.iterwalk(page, events=("start", "end"), tag=_TABLE_PARTS)):
        if event == "end":
            inside -= inside > 0 and element.tag == "table"
        elif inside or (element.tag == "table" and _is_data(element)):
            inside += element.tag == "table"
        else:
            element.tag = "div"


def _is_data(table: etree._Element) -> bool:
    if table.get("role") in ("presentation", "none") or next(table.iterdescendants("table"), None) is not None:
        return False
    rows = [list(row.iterchildren("td", "th")) for row in table.iter("tr")]
    cells = [cell for row in rows for cell in row]
    is_long = any(len("".join(cell.itertext())) > _MAX_CELL_CHARS for cell in cells)
    return len(rows) > 1 and max(map(len, rows)) > 1 and not is_long


def _mark_quotes(page: etree._Element) -> None:
    for quote in page.xpath(_QUOTES):
        for mark, add in ((_BEGIN, quote.addprevious), (_END, quote.addnext)):
            paragraph = page.makeelement("p")
            paragraph.text = mark
            add(paragraph)
