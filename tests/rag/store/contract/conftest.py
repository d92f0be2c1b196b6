"""What every implementation of the store is tested with: add it to OPENERS, and it must pass all that is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rag.store.base import Store
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.stores import MODEL

OPENERS: dict[str, Callable[[Path], Store]] = {"sqlite": SqliteStore.open}


@pytest.fixture(params=OPENERS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same data once more with each call, as another process would."""
    with ExitStack() as closing:

        def open_again() -> Store:
            store = OPENERS[request.param](tmp_path / "data")
            closing.callback(store.close)
            return store

        yield open_again


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    """An empty store that is bound to a model."""
    store = opened()
    store.bind_model(MODEL)
    return store
