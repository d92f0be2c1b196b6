"""Files and what came of them: the columns that are read, the records that they make, and the values of a new row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.records import Source
from rag.store.base import UNTRUSTED, FileRecord, KnownFile, Stamp

NEW_FILE = "path, location, size, mtime_ns, inode, content_sha256, document_id, error, read_at, read_with"
FILE = ", ".join(f"f.{column}" for column in NEW_FILE.split(", "))
DOCUMENT = "d.id, d.title, d.location, d.media_type, d.content_sha256, d.modified_at"
KNOWN = f"SELECT {FILE}, {DOCUMENT} FROM files f LEFT JOIN documents d ON d.id = f.document_id"  # noqa: S608 - constants
SAME_CONTENT = (
    "SELECT content_sha256, location FROM documents WHERE content_sha256 IN"
    " (SELECT content_sha256 FROM documents GROUP BY content_sha256 HAVING count(*) > 1) ORDER BY 1, 2"
)


def unremembered_where(condition: str) -> str:
    """The statement for documents under a condition that no file is remembered for, by location."""
    return (
        f"SELECT {DOCUMENT} FROM documents d WHERE {condition}"  # noqa: S608 - constants
        " AND NOT EXISTS (SELECT 1 FROM files f WHERE f.document_id = d.id) ORDER BY d.location"
    )


def known_of(row: Sequence[Any]) -> KnownFile:
    """The record of a row that KNOWN gives."""
    record = file_of(row[:10])
    return KnownFile(record) if row[10] is None else KnownFile(record, *_document(row[10:]))


def unremembered_of(row: Sequence[Any]) -> KnownFile:
    """The record of a row with the columns of DOCUMENT; its path is empty."""
    return KnownFile(FileRecord(b"", row[2], UNTRUSTED, row[4], row[0], "", "", ""), *_document(row))


def file_of(row: Sequence[Any]) -> FileRecord:
    """The record of a row with the columns of FILE."""
    path, location, size, mtime_ns, inode, *rest = row
    return FileRecord(bytes(path), location, Stamp(size, mtime_ns, inode), *rest)


def file_values(record: FileRecord) -> tuple[Any, ...]:
    """What is written of a file: NEW_FILE."""
    stamp = record.stamp
    return (
        record.path,
        record.location,
        stamp.size,
        stamp.mtime_ns,
        stamp.inode,
        record.content_sha256,
        record.document_id,
        record.error,
        record.read_at,
        record.read_with,
    )


def _document(row: Sequence[Any]) -> tuple[Source, str, str]:
    return Source(*row[:4]), row[4], row[5]
