"""What keeps a data directory from answering questions, or from taking documents, in words for whoever reads a probe.

The words name neither paths nor numbers: strangers may ask whether a service is ready.
"""

from __future__ import annotations

import os
from pathlib import Path

from rag.errors import StorageError, StorageReadOnly, StorageTooNew, StorageUnreachable
from rag.store.base import HealthProblem, Stops

_DEGRADED = HealthProblem(
    "index",
    Stops.NOTHING,
    "The vector index is being rebuilt; passages are found by words alone until it is done.",
)
_DISK_FULL = HealthProblem(
    "disk",
    Stops.CHANGES,
    "The disk with the data directory is nearly full. Free some space; questions are answered meanwhile.",
)
_READ_ONLY = HealthProblem(
    "read_only",
    Stops.CHANGES,
    "The data directory cannot be written. Make it writable for the user of the service; questions are answered"
    " meanwhile.",
)
_TOO_NEW = HealthProblem(
    "format",
    Stops.ANSWERS,
    "A newer version of the program has upgraded the database. Start the service again with that version.",
)
_UNREADABLE = HealthProblem(
    "database",
    Stops.ANSWERS,
    "The database cannot be read. The log of the service says why; `rag verify` checks it.",
)

_UNREACHABLE = HealthProblem(
    "unreachable",
    Stops.ANSWERS,
    "The database cannot be reached. It is asked again all the time; the log of the service says why.",
)


# The names of all problems there are.
NAMES = tuple(problem.name for problem in (_DEGRADED, _DISK_FULL, _READ_ONLY, _TOO_NEW, _UNREADABLE, _UNREACHABLE))


def problem_of_storage(error: StorageError) -> HealthProblem:
    """What is wrong where reading from the database raises this."""
    if isinstance(error, StorageTooNew):
        return _TOO_NEW
    if isinstance(error, StorageUnreachable):
        return _UNREACHABLE
    return _READ_ONLY if isinstance(error, StorageReadOnly) else _UNREADABLE


def find_problems(
    *, degraded: bool, disk_free_bytes: int, least_free_bytes: int, is_writable: bool
) -> tuple[HealthProblem, ...]:
    """The problems of a database that can be read."""
    found = []
    if degraded:
        found.append(_DEGRADED)
    if disk_free_bytes < least_free_bytes:
        found.append(_DISK_FULL)
    if not is_writable:
        found.append(_READ_ONLY)
    return tuple(found)


def can_be_written(data_dir: Path) -> bool:
    """Whether this user may write there, as far as can be told without writing."""
    return os.access(data_dir, os.W_OK | os.X_OK)
