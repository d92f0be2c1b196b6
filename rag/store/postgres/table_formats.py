"""The formats of the tables: made, brought up to date under a lock, and what a server must have for them."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import errors

from rag.errors import IndexMissing, StorageDamaged, StorageError, StorageTooNew
from rag.store.postgres.advisory_lock import FORMAT
from rag.store.postgres.postgres_errors import said

# Where all tables are, beside whatever else is in the database.
SCHEMA = "citewell"
# Statements that lead to each format from the one before. One that was released is never changed.
FORMATS: Mapping[int, Path] = MappingProxyType(
    {number: Path(__file__).parent / f"format_{number}.sql" for number in (1, 2, 3, 4)}
)
# The format that this version of the program reads and writes.
POSTGRES_FORMAT = max(FORMATS)

_OLDEST_SERVER = 150_000
_OLDEST_VECTOR = (0, 5, 0)


def refuse_unusable(connection: psycopg.Connection[tuple[Any, ...]], place: str) -> None:
    """Raise StorageError for a server that is too old, or a database that does not hold UTF-8."""
    version = connection.info.server_version
    if version < _OLDEST_SERVER:
        raise StorageError(
            f"{place} is served by PostgreSQL {version // 10_000}; expected 15 or later. Update the server."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StorageError(
            f"{place} holds text as {encoding}; expected UTF8. Make another database: CREATE DATABASE citewell ENCODING"
            " 'UTF8' TEMPLATE template0."
        )


def bring_up_to_date(
    connection: psycopg.Connection[tuple[Any, ...]], place: str, *, create: bool, is_only_a_look: bool = False
) -> str:
    """The id of the database, once its tables are those of today; with `create`, they are made where there are none.

    With `is_only_a_look` nothing is changed. Raises IndexMissing where there are none, StorageTooNew, StorageDamaged,
    and StorageError where pgvector is missing.
    """
    found = _format_of(connection)
    if found is None and not create:
        raise IndexMissing(
            f"{place} holds no documents yet: there are no tables of Citewell in it. Add some first, with"
            " `rag ingest FILE...`, or name another database."
        )
    if not is_only_a_look and (found is None or found < POSTGRES_FORMAT):
        with connection.transaction():
            connection.execute(f"SELECT pg_advisory_xact_lock({FORMAT})".encode())
            _have_vectors(connection, place)
            _upgrade(connection, _format_of(connection) or 0)
        found = POSTGRES_FORMAT
    _refuse_format(found, place)
    row = connection.execute(f"SELECT value FROM {SCHEMA}.meta WHERE name = 'database_id'".encode()).fetchone()  # noqa: S608 - constant
    if row is None:
        raise StorageDamaged(f"{place} has no id in its table {SCHEMA}.meta. Restore it from a backup.")
    return str(json.loads(row[0]))


def refuse_newer(connection: psycopg.Connection[tuple[Any, ...]], place: str) -> None:
    """Raise StorageTooNew where the tables are those of a newer program; they are there and in the search path."""
    row = connection.execute("SELECT value::int FROM meta WHERE name = 'format'").fetchone()
    _refuse_format(None if row is None else int(row[0]), place)


def _refuse_format(found: int | None, place: str) -> None:
    if found is not None and found > POSTGRES_FORMAT:
        raise StorageTooNew(
            f"{place} has format {found}; this version of the program knows format {POSTGRES_FORMAT}. Update the"
            " program, or name another database."
        )


def _format_of(connection: psycopg.Connection[tuple[Any, ...]]) -> int | None:
    """The format of the tables that are there; None where there are none."""
    there = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.meta",)).fetchone()
    if there == (None,):
        return None
    row = connection.execute(f"SELECT value FROM {SCHEMA}.meta WHERE name = 'format'".encode()).fetchone()  # noqa: S608 - constant
    return int(row[0]) if row else None


def _upgrade(connection: psycopg.Connection[tuple[Any, ...]], version: int) -> None:
    """Lead from this format to today's; from 0 on the tables are made."""
    if version == 0:
        _have_schema(connection)
    while version < POSTGRES_FORMAT:  # unless another node was faster
        version += 1
        connection.execute(FORMATS[version].read_bytes())
    if _is_new(connection):
        begin_tables(connection)
    connection.execute("UPDATE meta SET value = %s WHERE name = 'format'", (str(version),))


def _have_schema(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """See that the schema is there. One that is needs no right to make another, which even IF NOT EXISTS asks for."""
    if connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone() == (None,):
        connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())


def _is_new(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    return connection.execute("SELECT 1 FROM meta WHERE name = 'format'").fetchone() is None


def begin_tables(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Write what stands in the tables of today's format from the beginning; the database gets an id of its own."""
    facts = {"database_id": str(uuid.uuid4()), "change_number": 0, "format": POSTGRES_FORMAT}
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO meta VALUES (%s, %s)", [(name, json.dumps(fact)) for name, fact in facts.items()])
    cursor.executemany("INSERT INTO totals VALUES (%s, 0)", [("documents",), ("sentences",), ("chunks",)])
    cursor.execute("INSERT INTO changes VALUES (0, %s)", (secrets.randbits(62),))


def _have_vectors(connection: psycopg.Connection[tuple[Any, ...]], place: str) -> None:
    """See that pgvector is there, and new enough; it is switched on where this role may."""
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
    except errors.InsufficientPrivilege as error:
        raise StorageError(
            f"{place} has no pgvector, and this role may not switch it on. As an owner of the database: CREATE"
            " EXTENSION vector SCHEMA public."
        ) from error
    except (errors.UndefinedFile, errors.FeatureNotSupported) as error:
        raise StorageError(
            f"{place} has no pgvector: {said(error)}. Install it on the machine of the database, on Debian as"
            " postgresql-15-pgvector."
        ) from error
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    version = str(row[0]) if row else ""
    if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) < _OLDEST_VECTOR:
        raise StorageError(
            f"{place} has pgvector {version}; expected 0.5.0 or later. Update it, then: ALTER EXTENSION vector UPDATE."
        )
