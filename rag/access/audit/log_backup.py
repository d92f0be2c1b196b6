"""The audit log in a backup, and put back from one: no line is lost by it, and each says where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.access.audit import log_files
from rag.access.audit.chain import BrokenLine, read_line
from rag.disk import flush_directory, make_private_directory
from rag.store.backup_file import BackupFile

FOLDER = "audit"  # in the data directory
_PEOPLE = "people"


def log_to_keep(folder: Path) -> list[BackupFile]:
    """The files of the log, up to the line that is the last one now, and those of the persons in it.

    Nobody who adds lines waits while they are copied: what is added behind does not belong to them.
    """
    if not folder.is_dir():
        return []
    with log_files.locked(folder):
        lines = [BackupFile(f"{FOLDER}/{path.name}", path, path.stat().st_size) for path in log_files.log_files(folder)]
        small = [folder / "head", *sorted((folder / _PEOPLE).glob("*.json"))]
        others = [
            BackupFile(f"{FOLDER}/{path.relative_to(folder).as_posix()}", content := path.read_bytes(), len(content))
            for path in small
            if path.is_file()
        ]
    return lines + others


@dataclass(frozen=True, slots=True)
class PutBack:
    """What became of the log when a backup was put back."""

    log: str  # "none": the backup has none; "kept": the one that was there goes on; "restored": that of the backup does
    aside: Path | None = None  # where the one is now that was there
    last: int = 0  # number of its last line
    hash: str = ""


def put_log_back(kept: Path, live: Path, aside: Path) -> PutBack:
    """Make the log `kept`, of a backup, the one at `live`; one that is there and is no later state of it goes `aside`.

    A log that has gone on since the backup stays: what happened afterwards, or to whom, is not forgotten by putting an
    old state of the documents back. `aside` does not exist. Raises OSError.
    """
    there = log_files.read_head(live)
    of_backup = log_files.read_head(kept)
    if of_backup is None:
        return PutBack("none")
    if _has_line(live, of_backup.number, of_backup.hash):
        return PutBack("kept")
    found = None
    if live.exists():
        live.rename(aside)
        found = aside
    make_private_directory(live.parent)
    kept.rename(live)
    flush_directory(live.parent)
    return PutBack("restored", found, there.number if there else 0, there.hash if there else "")


def _has_line(folder: Path, number: int, digest: str) -> bool:
    """Whether the line of this number has this hash."""
    for path in reversed(log_files.log_files(folder)):
        for _, raw in log_files.lines_from(path):
            try:
                line = read_line(raw)
            except BrokenLine:
                continue
            if line.number > number:
                break  # it is in a file before this one
            if line.number == number:
                return line.hash == digest
    return False
