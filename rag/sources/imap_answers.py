"""What an IMAP server answers (RFC 9051, and RFC 3501 before it), taken apart: words, lists, bytes of a told length.

A keyword of a message may be called "UID", and a folder anything: nothing is looked for in the middle of an answer.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from rag.errors import FetchFailed
from rag.ingest.sources.web.urls import shown

# As imaplib gives them: a line, or a line that ends in a number of bytes, with those bytes.
ImapPiece = bytes | tuple[bytes, bytes] | None
# A word, a list, or NIL.
ImapPart = bytes | Sequence["ImapPart"] | None

_TOKEN = re.compile(rb'[ \r\n]+|[()]|"(?:[^"\\]|\\.)*"|[^\s()"]+', re.DOTALL)
_MARK = re.compile(rb"\{[0-9]+\}\s*$")
_MAX_DEPTH = 20
_NUMBER = re.compile(rb"[0-9]{1,20}")
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-|&")


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder as it is listed."""

    name: str  # as the server writes it: what it is asked by
    path: str  # as people read it, with slashes; "" where the name is none that can be read
    marks: frozenset[str]  # what the server says about it, in small letters: "\\trash", "\\noselect"


@dataclass(frozen=True, slots=True)
class MailState:
    """What names the state of a folder."""

    validity: int  # another one when the messages were numbered anew
    next_number: int
    messages: int
    newest_change: int  # flags among them; 0 where the server does not count changes


@dataclass(frozen=True, slots=True)
class ListedMail:
    """A message as it is listed."""

    number: int  # its UID, which stays as long as the validity of its folder does
    size: int
    arrived_at: str  # ISO 8601, UTC; "" where it is not said
    is_deleted: bool  # marked as such, and not yet taken away
    identity: str  # the same in whatever folder it is; "" on servers without such names


def answers_in(pieces: Sequence[ImapPiece]) -> Iterator[list[ImapPiece]]:
    """The pieces of one answer after the other: after bytes of a told length the answer goes on."""
    answer: list[ImapPiece] = []
    for piece in pieces:
        answer.append(piece)
        if not isinstance(piece, tuple):
            yield answer
            answer = []


def parse_answer(pieces: Sequence[ImapPiece]) -> list[ImapPart]:
    """The words of an answer, lists in lists. Raises FetchFailed."""
    open_lists: list[list[ImapPart]] = [[]]
    for piece in pieces:
        line, literal = piece if isinstance(piece, tuple) else (piece or b"", None)
        if literal is not None:
            line = _MARK.sub(b"", line)
        end = 0
        for found in _TOKEN.finditer(line):
            if found.start() != end:
                break
            end = found.end()
            _take(found[0], open_lists, line)
        if end != len(line):
            raise _odd(line)
        if literal is not None:
            open_lists[-1].append(literal)
    if len(open_lists) != 1:
        raise _odd(b"an answer that breaks off")
    return open_lists[0]


def _take(token: bytes, open_lists: list[list[ImapPart]], line: bytes) -> None:
    if token == b"(":
        inner: list[ImapPart] = []
        open_lists[-1].append(inner)
        open_lists.append(inner)
        if len(open_lists) > _MAX_DEPTH:
            raise _odd(line)
    elif token == b")":
        open_lists.pop()
        if not open_lists:
            raise _odd(line)
    elif token.startswith(b'"'):
        open_lists[-1].append(re.sub(rb"\\(.)", rb"\1", token[1:-1], flags=re.DOTALL))
    elif not token.isspace():
        open_lists[-1].append(None if token.upper() == b"NIL" else token)


def pairs_in(parts: object) -> Mapping[str, ImapPart]:
    """A list of names, each with what follows it. Raises FetchFailed."""
    if not isinstance(parts, list) or len(parts) % 2 or not all(isinstance(name, bytes) for name in parts[::2]):
        raise _odd(repr(parts)[:200].encode())
    return {name.decode("latin-1").upper(): value for name, value in zip(parts[::2], parts[1::2], strict=True)}


def number_in(part: object) -> int:
    """A whole number. Raises FetchFailed."""
    if not isinstance(part, bytes) or not _NUMBER.fullmatch(part):
        raise _odd(repr(part)[:200].encode())
    return int(part)


def folder_in(pieces: Sequence[ImapPiece]) -> MailFolder:
    """A folder, as LIST names it, with marks, what divides names, and its own. Raises FetchFailed."""
    parts = parse_answer(pieces)
    marks, separator, name = parts[:3] if len(parts) >= 3 else (None, None, None)
    if not isinstance(marks, list) or not isinstance(name, bytes) or not isinstance(separator, bytes | None):
        raise _odd(repr(parts)[:200].encode())
    words = frozenset(mark.decode("latin-1").lower() for mark in marks if isinstance(mark, bytes))
    plain = name.decode("latin-1")
    if not (plain.isascii() and plain.isprintable()):
        return MailFolder(plain, "", words)
    divider = separator.decode("latin-1") if separator else ""
    try:
        steps = [read_folder_name(step) for step in (plain.split(divider) if divider else [plain])]
    except ValueError:
        steps = [""]
    # A slash inside a name would make two folders of one.
    is_plain = all(step and "/" not in step for step in steps)
    return MailFolder(plain, "/".join(steps) if is_plain else "", words)


def read_folder_name(written: str) -> str:
    """The name of a folder as people read it: "Caf&AOk-" is "Café". Raises ValueError for what is none.

    Source: RFC 3501, 5.1.3, "modified UTF-7".
    """

    def decode(found: re.Match[str]) -> str:
        if found[1] is None:
            raise ValueError(written)
        if not found[1]:
            return "&"
        data = found[1].replace(",", "/")
        return b64decode(data + "=" * (-len(data) % 4), validate=True).decode("utf-16-be")

    return _SHIFTED.sub(decode, written)


def state_in(pieces: Sequence[ImapPiece]) -> MailState:
    """The state of a folder, as STATUS says it. Raises FetchFailed."""
    parts = parse_answer(pieces)
    found = pairs_in(parts[-1] if len(parts) == 2 else None)
    changes = found.get("HIGHESTMODSEQ", b"0")
    validity, upcoming, messages = (number_in(found.get(name)) for name in ("UIDVALIDITY", "UIDNEXT", "MESSAGES"))
    return MailState(validity, upcoming, messages, number_in(changes))


def rights_in(pieces: Sequence[ImapPiece]) -> Mapping[str, str]:
    """Who may do what with a folder, as GETACL says it (RFC 4314): names, each with letters. Raises FetchFailed."""
    parts = parse_answer(pieces)[1:]
    words = [part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes)]
    if len(words) != len(parts) or len(parts) % 2:
        raise _odd(repr(parts)[:200].encode())
    return dict(zip(words[::2], words[1::2], strict=True))


def listed_mail_in(found: Mapping[str, ImapPart]) -> ListedMail:
    """A message, as FETCH names it. Raises FetchFailed."""
    flags, date, identity = found.get("FLAGS"), found.get("INTERNALDATE"), found.get("EMAILID")
    if not isinstance(flags, list):
        raise _odd(b"a message without flags")
    name = identity[0] if isinstance(identity, list) and identity else None
    return ListedMail(
        number_in(found.get("UID")),
        number_in(found.get("RFC822.SIZE")),
        _moment(date),
        any(isinstance(flag, bytes) and flag.lower() == b"\\deleted" for flag in flags),
        name.decode("latin-1") if isinstance(name, bytes) else "",
    )


def _moment(written: object) -> str:
    """A date like "28-Nov-2026 08:00:00 +0100" in ISO 8601, in UTC; "" for what is none."""
    try:
        found = parsedate_to_datetime(written.decode("ascii")) if isinstance(written, bytes) else None
        return found.astimezone(UTC).isoformat(timespec="seconds") if found is not None and found.tzinfo else ""
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _odd(line: bytes) -> FetchFailed:
    return FetchFailed(f"the server answers what is no IMAP: {shown(line[:200].decode('latin-1'))}")
