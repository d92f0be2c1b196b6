"""Two servers of PostgreSQL, of which one has each commit before it is acknowledged, and what an operator does there.

The primary can be killed, the standby promoted, and the one that died made a standby of the other.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.support.postgres import NOBODY, copied_programs
from tests.support.processes import wait_for

_DATABASE = "citewell"
_OPTIONS = (
    *("listen_addresses=", "shared_buffers=32MB", "max_connections=100", "autovacuum=off"),
    *("wal_level=replica", "hot_standby=on", "max_wal_senders=4", "wal_keep_size=512MB"),
    *("max_wal_size=256MB", "min_wal_size=5MB", "wal_retrieve_retry_interval=500ms"),
    # What a killed server leaves of this lies in its folder, not on the machine.
    "dynamic_shared_memory_type=mmap",
)
_QUICK = ("fsync=off", "full_page_writes=off")
_REMOVE = 0  # IPC_RMID


class PostgresPair:
    """A primary and its standby, each in a folder with its socket."""

    def __init__(self, folder: Path, programs: Path, *, is_durable: bool) -> None:
        """`programs` are copied where another user may start them. Not `is_durable`: nothing waits for the disk."""
        self._options = _OPTIONS if is_durable else (*_OPTIONS, *_QUICK)
        self._user: dict[str, Any] = {}
        self._programs = programs
        self._folders = (folder / "a", folder / "b")
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}
        for place in self._folders:
            place.mkdir(mode=0o755)
        if os.geteuid() == 0:
            self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            self._programs = copied_programs(programs, folder / "packages")
            for place in (folder, *self._folders):
                shutil.chown(place, NOBODY, NOBODY)
            folder.chmod(0o755)
        self.primary, self.standby = self._folders

    def address(self, *folders: Path, database: str = _DATABASE) -> str:
        """That of both servers, for a client that wants the one that takes changes; or of those in these folders."""
        hosts = ",".join(map(str, folders or self._folders))
        return f"postgresql://citewell@/{database}?host={hosts}"

    def make_database(self, name: str = _DATABASE) -> str:
        """The address of a new database with nothing in it."""
        with psycopg.connect(self.address(self.primary, database="postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0".encode())
        return self.address(database=name)

    def start(self) -> None:
        """Both run, and what the primary acknowledges the standby has."""
        made = ("--pgdata", self.primary / "data", "--username", "citewell", "--auth", "trust")
        self._run("initdb", *made, "--no-sync", "--wal-segsize", "1")
        self.serve(self.primary)
        self.make_database()
        self.rebuild()

    def kill(self, folder: Path) -> None:
        """Kill the server of this folder with all its processes, as when its machine fails."""
        process = self._processes.pop(folder)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        process.wait()
        assert wait_for(lambda: not any(_is_alive(int(child)) for child in children))

    def promote(self) -> None:
        """The standby takes changes, and waits for no other before it acknowledges them."""
        self.primary, self.standby = self.standby, self.primary
        with (self.primary / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write("synchronous_standby_names = ''\n")
        with psycopg.connect(self.address(self.primary), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
            assert connection.execute("SELECT pg_promote(true, 600)").fetchone() == (True,)

    @property
    def has_standby(self) -> bool:
        return self.standby in self._processes

    def rebuild(self) -> None:
        """The other server is made anew from the primary, which from now on acknowledges what both have."""
        data = self.standby / "data"
        _forget_memory(data)
        shutil.rmtree(data, ignore_errors=True)
        source = f"host={self.primary} user=citewell"
        self._run("pg_basebackup", "--pgdata", data, "--dbname", source, "-R", "--checkpoint", "fast", "--no-sync")
        self.serve(self.standby)
        with psycopg.connect(self.address(self.primary), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            reached = connection.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
            assert reached is not None
            caught_up = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND flush_lsn >= %s::pg_lsn"
            assert wait_for(lambda: connection.execute(caught_up, reached).fetchone() is not None)

    def serve_apart(self, folder: Path) -> None:
        """Start the standby of this folder, which gets nothing more from the primary."""
        with (folder / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write("primary_conninfo = ''\n")
        self.serve(folder)

    def stop(self) -> None:
        """Neither runs any more."""
        for process in self._processes.values():
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        for process in self._processes.values():
            try:
                process.wait(60)
            finally:
                process.kill()
                process.wait()
        for folder in self._folders:
            _forget_memory(folder / "data")

    def serve(self, folder: Path) -> None:
        """Start the server of this folder, which answers by then."""
        program = self._programs / "bin" / "postgres"
        options = [part for option in self._options for part in ("-c", option)]
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [program, "-D", folder / "data", "-k", folder, *options],
                cwd=folder,
                stdout=log,
                stderr=log,
                **self._user,
            )
        self._processes[folder] = process

        def answers() -> bool:
            assert process.poll() is None, (folder / "log").read_text(errors="replace")[-2_000:]
            try:
                psycopg.connect(self.address(folder, database="postgres")).close()
            except psycopg.OperationalError:
                return False
            return True

        assert wait_for(answers), (folder / "log").read_text(errors="replace")[-2_000:]

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._programs / "bin" / program, *arguments]
        cwd = self.primary.parent
        ran = subprocess.run(command, cwd=cwd, capture_output=True, check=False, timeout=300, **self._user)
        assert ran.returncode == 0, ran.stderr.decode(errors="replace")


@contextmanager
def postgres_pair(programs: Path, *, is_durable: bool = False) -> Iterator[PostgresPair]:
    """A pair for as long as the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="citewell-pg-"))
    pair = PostgresPair(folder, programs, is_durable=is_durable)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    """Whether a process runs; one that waits for its parent to ask how it ended does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _forget_memory(data: Path) -> None:
    """Give the system back the piece of shared memory that a killed server has left, which its folder names."""
    with suppress(FileNotFoundError, IndexError, ValueError):
        number = int((data / "postmaster.pid").read_text().splitlines()[6].split()[1])
        forget: Callable[..., int] = ctypes.CDLL(None).shmctl
        forget(number, _REMOVE, None)
