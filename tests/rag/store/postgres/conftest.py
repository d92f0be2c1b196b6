"""Stores over a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.store.postgres.postgres_store import PostgresStore
from tests.support.postgres import PostgresServer
from tests.support.stores import MODEL


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database with empty tables."""
    with postgres.database() as address:
        yield address


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    with PostgresStore.open(url) as opened:
        opened.bind_model(MODEL)
        yield opened


@pytest.fixture
def other(store: PostgresStore, url: str) -> Iterator[PostgresStore]:
    """Another node over the same database."""
    assert store.model() == MODEL
    with PostgresStore.open(url) as opened:
        yield opened
