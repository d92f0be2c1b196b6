"""What a backup holds beside the database, and a data directory made of a backup."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.access import access_rules
from rag.access.audit.log_backup import FOLDER, log_to_keep, put_log_back
from rag.answer.glossary_file import GLOSSARY_NAME
from rag.disk import flush_directory, storage_error
from rag.sources import FILE_NAME as SOURCES_NAME
from rag.store.backup_file import BackupFile

# Writes the files that a backup keeps below a folder; makes its database that of a data directory, and gives the path
# of the one that was there.
ExtractFiles = Callable[[Path, Path], None]
RestoreDatabase = Callable[[Path, Path], Path | None]

# What people write into the data directory by hand.
_WRITTEN = (access_rules.FILE_NAME, GLOSSARY_NAME, SOURCES_NAME)


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a data directory when a backup was put back."""

    aside: tuple[Path, ...]  # where that is now which was there before
    files: tuple[str, ...]  # of those that lie beside the database, the ones that are back
    log: str  # of the audit log: see `PutBack`
    facts: Mapping[str, Any]  # what the audit log is to be told


def files_to_keep(data_dir: Path) -> Sequence[BackupFile]:
    """The rules, the glossary, the file of sources and the audit log of a data directory, as far as they are there.

    Not the secrets that tokens of the widget and sign-ins on their way are signed with: they are made anew.
    """
    found = []
    for name in _WRITTEN:
        with suppress(FileNotFoundError):
            content = (data_dir / name).read_bytes()
            found.append(BackupFile(name, content, len(content)))
    return [*found, *log_to_keep(data_dir / FOLDER)]


def put_back(backup: Path, data_dir: Path, *, extract: ExtractFiles, restore: RestoreDatabase) -> Restored:
    """Make a backup the content of the data directory; what was there is set aside.

    `extract` and `restore` are those of the store. Raises InputError for what is no backup, StorageError for a damaged
    one; until the database is in its place, the directory is what it was. After a crash behind that, it can be done
    again.
    """
    data_dir = data_dir.absolute()
    kept = data_dir / f".restored-{uuid.uuid4().hex[:8]}"
    stamp = f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:4]}"
    try:
        extract(backup, kept)
        database = restore(backup, data_dir)
        written = [
            (name, _put_file(kept / name, data_dir / name, stamp)) for name in _WRITTEN if (kept / name).exists()
        ]
        log = put_log_back(kept / FOLDER, data_dir / FOLDER, data_dir / f"{stamp}-{FOLDER}")
        flush_directory(data_dir)
    except OSError as error:
        raise storage_error(error, data_dir) from error
    finally:
        shutil.rmtree(kept, ignore_errors=True)
    names = [*(name for name, _ in written), *([FOLDER] if log.log == "restored" else [])]
    asides = [database, *(aside for _, aside in written), log.aside]
    facts: dict[str, Any] = {"files": names, "log": log.log}
    if log.aside is not None:  # how the log ended that was there
        facts |= {"before": log.last, "before_hash": log.hash}
    return Restored(tuple(aside for aside in asides if aside is not None), tuple(names), log.log, facts)


def _put_file(new: Path, live: Path, stamp: str) -> Path | None:
    """Put a file in the place of another one; where that is then, None where there was none, or the same."""
    if live.exists() and live.read_bytes() == new.read_bytes():
        return None
    aside = None
    if live.exists():
        aside = live.with_name(f"{stamp}-{live.name}")
        os.link(live, aside)
    new.replace(live)
    return aside
