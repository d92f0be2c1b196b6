"""What every implementation of the store is tested with: add it to ADDRESSES, and it must pass all that is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rag.app.store_opening import open_store
from rag.settings import Settings
from rag.store.base import Store
from tests.support.postgres import PostgresServer
from tests.support.stores import MODEL


@contextmanager
def sqlite_address(_: pytest.FixtureRequest) -> Iterator[str]:
    yield ""


@contextmanager
def postgres_address(request: pytest.FixtureRequest) -> Iterator[str]:
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


# The setting that names the database, for as long as a test uses it.
ADDRESSES = {"sqlite": sqlite_address, "postgres": postgres_address}


@pytest.fixture(params=ADDRESSES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same data once more with each call, as another process would."""
    with ADDRESSES[request.param](request) as database, ExitStack() as closing:
        settings = Settings(data_dir=tmp_path / "data", database=database)

        def open_again() -> Store:
            store = open_store(settings)
            closing.callback(store.close)
            return store

        yield open_again


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    """An empty store that is bound to a model."""
    store = opened()
    store.bind_model(MODEL)
    return store
