"""Writes mails as Outlook saves them: no library does. [MS-CFB] for the file, [MS-OXMSG] for what is in it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

SECTOR, SMALL, CUTOFF = 512, 64, 4_096
FREE, END, TABLE, TABLE_OF_TABLES, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFF
FIRST_TABLES, TABLES_IN_A_SECTOR = 109, 127
TEXT, TEXT8, BINARY, OBJECT, NUMBER, BOOLEAN, TIME = 0x001F, 0x001E, 0x0102, 0x000D, 0x0003, 0x000B, 0x0040
Tree = Mapping[str, Any]  # names to bytes (a stream) or to a Tree (a folder)


def compound(tree: Tree) -> bytes:
    """A compound file of 512-byte sectors."""
    entries: list[list[Any]] = [["Root Entry", 5, NONE, NONE, NONE, END, 0]]
    large: list[bytes] = []  # sectors
    table: list[int] = []
    small = bytearray()
    small_table: list[int] = []

    def place(data: bytes, size: int, chain: list[int]) -> int:
        first, count = len(chain), -(-len(data) // size)
        chain.extend([*range(first + 1, first + count), END][:count])
        return first if count else END

    def put(data: bytes) -> int:
        large.extend(data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR))
        return place(data, SECTOR, table)

    def add(folder: Tree) -> int:
        """Add the entries of a folder and give back the one in the middle: the names are a balanced tree."""
        numbers: dict[str, int] = {}
        names = sorted(folder, key=lambda name: (len(name), name.upper()))
        for name in names:
            content = folder[name]
            numbers[name] = len(entries)
            if isinstance(content, bytes):
                if len(content) >= CUTOFF:
                    start = put(content)
                else:
                    start = place(content, SMALL, small_table)
                    small.extend(content.ljust(-(-len(content) // SMALL) * SMALL, b"\0"))
                entries.append([name, 2, NONE, NONE, NONE, start, len(content)])
            else:
                entries.append([name, 1, NONE, NONE, NONE, 0, 0])
                entries[numbers[name]][4] = add(content)

        def balance(some: Sequence[str]) -> int:
            if not some:
                return NONE
            middle = len(some) // 2
            entry = entries[numbers[some[middle]]]
            entry[2], entry[3] = balance(some[:middle]), balance(some[middle + 1 :])
            return numbers[some[middle]]

        return balance(names)

    entries[0][4] = add(tree)
    entries[0][5], entries[0][6] = put(bytes(small)), len(small)
    small_first = put(struct.pack(f"<{len(small_table)}I", *small_table))
    directory = put(b"".join(map(_entry, entries)))
    count = more = 0
    while count * SECTOR // 4 < len(table) + count + more:
        count += 1
        more = max(0, -(-(count - FIRST_TABLES) // TABLES_IN_A_SECTOR))
    tables = list(range(len(table), len(table) + count))
    tables += [FREE] * (FIRST_TABLES + more * TABLES_IN_A_SECTOR - count)
    numbers = [*table, *[TABLE] * count, *[TABLE_OF_TABLES] * more]
    numbers += [FREE] * (count * SECTOR // 4 - len(numbers))
    header = struct.pack("<8s16x5H6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6)
    small_count = -(-len(small_table) * 4 // SECTOR)
    first_more = len(table) + count
    header += struct.pack(
        "<4x8I", count, directory, 0, CUTOFF, small_first, small_count, first_more if more else END, more
    )
    header += struct.pack(f"<{FIRST_TABLES}I", *tables[:FIRST_TABLES])
    tail = struct.pack(f"<{len(numbers)}I", *numbers)
    for number in range(more):
        at = FIRST_TABLES + number * TABLES_IN_A_SECTOR
        following = first_more + number + 1 if number + 1 < more else END
        tail += struct.pack("<128I", *tables[at : at + TABLES_IN_A_SECTOR], following)
    return header + b"".join(large) + tail


def _entry(entry: Sequence[Any]) -> bytes:
    name, kind, left, right, child, start, size = entry
    words = name.encode("utf-16-le")
    return struct.pack("<64sHBB3I36xIQ", words, len(words) + 2, kind, 1, left, right, child, start, size)


def properties(values: Mapping[int, Any], head: bytes, *, encoding: str = "") -> dict[str, Any]:
    """The streams of a mail, recipient or attachment. With an `encoding` its texts are of 8 bits."""
    streams: dict[str, Any] = {}
    records = head
    for number, value in values.items():
        payload = bytes(8)
        match value:
            case bool():
                kind, payload = BOOLEAN, struct.pack("<?7x", value)
            case int():
                kind, payload = NUMBER, struct.pack("<I4x", value)
            case datetime():
                ticks = round((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7
                kind, payload = TIME, struct.pack("<Q", ticks)
            case str():
                kind, data = (TEXT8, value.encode(encoding)) if encoding else (TEXT, value.encode("utf-16-le"))
            case bytes():
                kind, data = BINARY, value
            case _:
                kind, data = OBJECT, value
        if kind not in (BOOLEAN, NUMBER, TIME):
            streams[f"__substg1.0_{number:04X}{kind:04X}"] = data
            payload = struct.pack("<I4x", len(data))
        records += struct.pack("<2HI", kind, number, 6) + payload
    return streams | {"__properties_version1.0": records}


def mail(
    values: Mapping[int, Any],
    *,
    recipients: Sequence[Mapping[int, Any]] = (),
    attachments: Sequence[Mapping[int, Any]] = (),
    is_inner: bool = False,
    encoding: str = "",
) -> dict[str, Any]:
    """The streams and folders of a mail; an attachment of OBJECT data is a mail made with `is_inner`."""
    counts = struct.pack("<8x4I", len(recipients), len(attachments), len(recipients), len(attachments))
    tree = properties(values, counts if is_inner else counts + bytes(8), encoding=encoding)
    for kind, parts in (("recip", recipients), ("attach", attachments)):
        for number, part in enumerate(parts):
            tree[f"__{kind}_version1.0_#{number:08X}"] = properties(part, bytes(8), encoding=encoding)
    return tree


CLASS, SUBJECT, HEADERS, SENT, BODY, HTML, RTF = 0x001A, 0x0037, 0x007D, 0x0039, 0x1000, 0x1013, 0x1009
SENDER, SENDER_ADDRESS, SENDER_SMTP, DISPLAY_TO = 0x0C1A, 0x0C1F, 0x5D01, 0x0E04
NAME, ADDRESS, SMTP, ROLE = 0x3001, 0x3003, 0x39FE, 0x0C15
DATA, SHORT_NAME, LONG_NAME, METHOD, HIDDEN = 0x3701, 0x3704, 0x3707, 0x3705, 0x7FFE
MESSAGE_PAGE, BODY_PAGE = 0x3FFD, 0x3FDE
MOMENT = datetime(2025, 6, 3, 12, 5, tzinfo=UTC)

VALUES: dict[int, Any] = {
    CLASS: "IPM.Note",
    SUBJECT: "Pump 4",
    SENDER: "Anna Berg",
    SENDER_SMTP: "anna@example.org",
    SENT: MOMENT,
    BODY: "The pump is red.\r\n\r\n> Is it?\r\n",
}


def outlook(values: dict[int, Any] | None = None, **parts: Any) -> bytes:
    """A mail with some of VALUES changed, or left out where they are None."""
    changed = VALUES | (values or {})
    return compound(mail({key: value for key, value in changed.items() if value is not None}, **parts))
