from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.access.people import People
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.people import Clock, quick_people


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(tmp_path) as store:
        yield store


@pytest.fixture
def people(store: SqliteStore, clock: Clock) -> People:
    return quick_people(store.people, clock)
