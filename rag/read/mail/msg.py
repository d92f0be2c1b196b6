"""Mails as Outlook saves them (.msg, [MS-OXMSG]): the same document as the same mail in a .eml file.

Where the mail still has the headers it came with, they say who wrote to whom and when; else Outlook's own fields do.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from rag.errors import UnreadableDocument
from rag.read.canonical import decode
from rag.read.layout import Content
from rag.read.mail.compound import Compound, Folder, in_order
from rag.read.mail.message import MAX_DEPTH, Mail, MailBlock, head_fields, html_body, plain_body, write_mail
from rag.read.mail.mime import decode_words, read_headers
from rag.read.mail.packed_rtf import packed_text

_PROPERTIES = "__properties_version1.0"
_RECIPIENT, _ATTACHMENT = "__recip_version1.0_", "__attach_version1.0_"
# Bytes before the records in the properties of a file, of a mail in a mail, of an attachment or a recipient.
_FILE_HEAD, _MAIL_HEAD, _OTHER_HEAD = 32, 24, 8
_TEXT, _TEXT8, _BINARY, _OBJECT = "001F", "001E", "0102", "000D"

_CLASS, _SUBJECT, _HEADERS, _SENT, _RECEIVED = 0x001A, 0x0037, 0x007D, 0x0039, 0x0E06
_BODY, _HTML, _RTF, _CODE_PAGE, _BODY_CODE_PAGE = 0x1000, 0x1013, 0x1009, 0x3FFD, 0x3FDE
_SENDER_NAME, _SENDER_SMTP, _SENDER_ADDRESS, _ON_BEHALF_NAME = 0x0C1A, 0x5D01, 0x0C1F, 0x0042
_NAME, _SMTP, _ADDRESS, _ROLE, _DISPLAY_TO, _DISPLAY_CC = 0x3001, 0x39FE, 0x3003, 0x0C15, 0x0E04, 0x0E03
_LONG_FILE_NAME, _FILE_NAME, _DATA, _IS_HIDDEN = 0x3707, 0x3704, 0x3701, 0x7FFE
_TO, _CC = 1, 2

_CODE_PAGES = {65001: "utf-8", 20127: "ascii", 28591: "iso-8859-1", 28605: "iso-8859-15", 20866: "koi8-r"}
_CODE_PAGES |= {21866: "koi8-u", 50220: "iso-2022-jp", 51932: "euc-jp", 51949: "euc-kr", 54936: "gb18030"}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_MAX_BODY_BYTES = 20_000_000
_MAX_WORDS_BYTES = 1_000_000
_MAX_PEOPLE = 500
_MAX_MAILS = 100


def read_msg(data: bytes) -> Content:
    """The mail. Title: its subject.

    Raises UnreadableDocument for what is no mail of Outlook, is damaged, or is encrypted.
    """
    file = Compound(data)
    if _PROPERTIES not in file.root.streams:
        raise UnreadableDocument("it is no mail but another document in a compound file; save it in a newer format")
    reader = _MsgReader(file)
    mail = reader.mail(file.root, _FILE_HEAD)
    kind = _Properties(file, file.root, _FILE_HEAD).words(_CLASS).upper()
    if not mail.body and not mail.attached and ".SMIME" in kind:
        raise UnreadableDocument("the mail is encrypted, or signed as a whole; save it from Outlook as plain text")
    return write_mail(mail)


class _Properties:
    """What is known of a mail, an attachment or a recipient, by the numbers of [MS-OXPROPS]."""

    def __init__(self, file: Compound, folder: Folder, head: int) -> None:
        self._file = file
        self._folder = folder
        records = file.read(folder, _PROPERTIES, max_bytes=_MAX_WORDS_BYTES)[head:]
        found = struct.iter_unpack("<2H4x8s", records[: len(records) // 16 * 16])
        self._values: dict[int, bytes] = {number: value for _, number, value in found}
        self._encoding = self._code_page(_CODE_PAGE)
        self.body_encoding = self._code_page(_BODY_CODE_PAGE) or self._encoding

    def number(self, number: int) -> int:
        """A whole number, 0 when there is none."""
        return int(struct.unpack("<I4x", self._values.get(number, bytes(8)))[0])

    def time(self, number: int) -> str:
        """A time in ISO 8601, "" when there is none or it is no time."""
        ticks = int(struct.unpack("<Q", self._values.get(number, bytes(8)))[0])
        with suppress(OverflowError):
            return (_EPOCH + timedelta(seconds=ticks // 10**7)).isoformat() if ticks else ""
        return ""

    def words(self, number: int, *, is_body: bool = False) -> str:
        """A text, "" when there is none. Raises UnreadableDocument for one that is no text."""
        limit = _MAX_BODY_BYTES if is_body else _MAX_WORDS_BYTES
        if data := self._stream(number, _TEXT, limit):
            return data.decode("utf-16-le", "replace").rstrip("\0")
        data = self._stream(number, _TEXT8, limit).rstrip(b"\0")
        return decode(data, declared=(self.body_encoding if is_body else self._encoding) or None)[0]

    def data(self, number: int) -> bytes:
        """The bytes of a property that is no text, b"" when there are none."""
        return self._stream(number, _BINARY, _MAX_BODY_BYTES)

    def _stream(self, number: int, kind: str, limit: int) -> bytes:
        return self._file.read(self._folder, f"__substg1.0_{number:04X}{kind}", max_bytes=limit)

    def _code_page(self, number: int) -> str:
        found = self.number(number)
        return _CODE_PAGES.get(found, f"cp{found}") if found else ""


class _MsgReader:
    """Reads a mail and those attached to it, all together at most _MAX_MAILS."""

    def __init__(self, file: Compound) -> None:
        self._file = file
        self._mails = 0

    def mail(self, folder: Folder, head: int, depth: int = 0) -> Mail:
        """The mail in a folder, with those attached to it."""
        self._mails += 1
        found = _Properties(self._file, folder, head)
        body, warnings = _body(found)
        fields, cut = head_fields(self._head(folder, found))
        attached, unread, left_out = self._attachments(folder, depth)
        subject = " ".join(_words(found, _SUBJECT).split())
        return Mail(subject, fields, body, tuple(attached), tuple(unread), (*warnings, *cut, *left_out))

    def _head(self, folder: Folder, found: _Properties) -> dict[str, str]:
        """The words of From, To, Cc and Date, each from the mail's own headers where they have it."""
        headers = read_headers(_words(found, _HEADERS))
        head = {name: decode_words(value) for name, value in reversed(headers)}
        own = {"from": _sender(found), "iso date": found.time(_SENT) or found.time(_RECEIVED)}
        own |= {"to": _words(found, _DISPLAY_TO), "cc": _words(found, _DISPLAY_CC)}
        own |= self._recipients(folder)
        if head.get("date"):
            own.pop("iso date")
        return {name: head.get(name) or own.get(name, "") for name in ("from", "to", "cc", "date", "iso date")}

    def _recipients(self, folder: Folder) -> dict[str, str]:
        people: dict[str, list[str]] = {}
        for recipient in in_order(folder.folders, _RECIPIENT)[:_MAX_PEOPLE]:
            found = _Properties(self._file, recipient, _OTHER_HEAD)
            role = {_TO: "to", _CC: "cc"}.get(found.number(_ROLE), "")
            address = _person(_words(found, _NAME), _words(found, _SMTP) or _words(found, _ADDRESS))
            if role and address:
                people.setdefault(role, []).append(address)
        return {role: ", ".join(found) for role, found in people.items()}

    def _attachments(self, folder: Folder, depth: int) -> tuple[list[Mail], list[str], list[str]]:
        """Attached mails, the names of other attachments, and warnings."""
        attached: list[Mail] = []
        unread: list[str] = []
        warnings: list[str] = []
        for attachment in in_order(folder.folders, _ATTACHMENT):
            found = _Properties(self._file, attachment, _OTHER_HEAD)
            inner = attachment.folders.get(f"__substg1.0_{_DATA:04X}{_OBJECT}")
            if inner is not None and _PROPERTIES in inner.streams:
                if depth >= MAX_DEPTH or self._mails >= _MAX_MAILS:
                    warnings.append(f"mails attached more than {MAX_DEPTH} deep were left out")
                else:
                    attached.append(self.mail(inner, _MAIL_HEAD, depth + 1))
            elif not found.number(_IS_HIDDEN):  # hidden are the pictures among the words
                unread.append(_words(found, _LONG_FILE_NAME) or _words(found, _FILE_NAME) or "without a name")
        return attached, unread, warnings


def _body(found: _Properties) -> tuple[tuple[MailBlock, ...], tuple[str, ...]]:
    """The pieces of the body, of its plain text, else of its HTML, else of its RTF; and warnings."""
    try:
        if (text := found.words(_BODY, is_body=True)).strip():
            return plain_body(text)
        if page := found.data(_HTML):
            text, warnings = decode(page, declared=found.body_encoding or None)
            pieces, cut = html_body(text)
            return pieces, warnings + cut
        if (text := found.words(_HTML, is_body=True)).strip():
            return html_body(text)
        if packed := found.data(_RTF):
            return plain_body(packed_text(packed))
    except UnreadableDocument as error:
        return (), (f"the body was left out: {error}",)
    return (), ()


def _words(found: _Properties, number: int) -> str:
    """A text that the mail can do without; "" for one that is no text."""
    with suppress(UnreadableDocument):
        return found.words(number)
    return ""


def _sender(found: _Properties) -> str:
    address = _words(found, _SENDER_SMTP) or _words(found, _SENDER_ADDRESS)
    return _person(_words(found, _SENDER_NAME) or _words(found, _ON_BEHALF_NAME), address)


def _person(name: str, address: str) -> str:
    """A name and an address as headers have them; an address of Exchange, "/o=...", says nothing to people."""
    name = name.strip().strip("'\"")
    address = address.strip() if "@" in address else ""
    if not name or not address or name == address:
        return name or address
    return f"{name} <{address}>"
