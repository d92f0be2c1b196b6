"""What can be measured of a data directory at any moment without reading it: sizes, room, sessions."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from rag.app.maintenance_report import MaintenanceReport, last_report
from rag.disk import bytes_under
from rag.index.live import LiveIndex
from rag.read.sandbox.restrict import missing_protections
from rag.records import Access
from rag.store.base import Store


@dataclass(frozen=True, slots=True)
class Measurements:
    """One moment of a data directory. Numbers are of all that is there, whoever may read it."""

    documents: int
    passages: int
    database_bytes: int  # its write-ahead log included
    index_bytes: int  # all generations that are still there
    disk_free_bytes: int  # for this user, where the data directory lies
    disk_size_bytes: int
    degraded: bool  # passages are found by words alone
    sessions: int  # of people who are signed in
    maintained: MaintenanceReport | None  # the last run of `rag maintain`
    missing_protections: int  # which the process that reads files does without on this machine


def measure(store: Store, index: LiveIndex, data_dir: Path) -> Measurements:
    """The numbers of now. Raises StorageError when the database cannot be read."""
    documents, _, passages = store.counts(Access.everything())
    disk = shutil.disk_usage(data_dir)
    return Measurements(
        documents=documents,
        passages=passages,
        database_bytes=store.size(),
        index_bytes=bytes_under(index.folder),
        disk_free_bytes=disk.free,
        disk_size_bytes=disk.total,
        degraded=index.current() is None,
        sessions=store.people.count_sessions(int(time.time())),
        maintained=last_report(data_dir),
        missing_protections=len(missing_protections()),
    )
