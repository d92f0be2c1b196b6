"""Facts about the whole database, by name: the model that its vectors are of, and the threshold of its site.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import apsw

from rag.records import ModelIdentity
from rag.store.base import SiteThreshold
from rag.store.fitting import check_model


def read_model(connection: apsw.Connection) -> ModelIdentity | None:
    """The model that is bound, or None."""
    value = connection.execute("SELECT value FROM meta WHERE name = 'model'").get
    return None if value is None else ModelIdentity(**json.loads(value))


def dimension(connection: apsw.Connection) -> int:
    """The length of the vectors here; 0 before a model is bound."""
    bound = read_model(connection)
    return bound.dimension if bound else 0


def bind_model(connection: apsw.Connection, identity: ModelIdentity, path: Path) -> None:
    """Record the model of the database at `path`, unless it is recorded already. Raises ModelMismatch for another."""
    bound = read_model(connection)
    if bound is None:
        value = json.dumps(asdict(identity))
        connection.execute("INSERT INTO meta (name, value) VALUES ('model', ?)", (value,))
    else:
        check_model(bound, identity, path, "data directory")


def fact(connection: apsw.Connection, name: str) -> int | str | None:
    """What is written down under a name; None where nothing is."""
    found: int | str | None = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).get
    return found


def change_fact(connection: apsw.Connection, name: str, value: int | str) -> None:
    """Write a value down under a name, in place of the one before."""
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def read_threshold(connection: apsw.Connection) -> SiteThreshold | None:
    """The threshold that was fitted to this site's questions, or None."""
    value = connection.execute("SELECT value FROM meta WHERE name = 'threshold'").get
    return None if value is None else SiteThreshold(**json.loads(value))


def write_threshold(connection: apsw.Connection, threshold: SiteThreshold | None) -> None:
    """Keep the threshold in place of the one before; None forgets it."""
    connection.execute("DELETE FROM meta WHERE name = 'threshold'")
    if threshold is not None:
        value = json.dumps(asdict(threshold))
        connection.execute("INSERT INTO meta (name, value) VALUES ('threshold', ?)", (value,))
