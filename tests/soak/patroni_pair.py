"""Two servers of PostgreSQL that Patroni looks after, with etcd: the file of deploy/postgres, at addresses here.

Needs Debian's etcd-server, and Patroni as a command that another user may start.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import yaml  # type: ignore[import-untyped] # it comes with huggingface_hub, without types

from tests.support.places import ROOT
from tests.support.ports import free_ports
from tests.support.postgres import NOBODY, copied_programs

_FILE = ROOT / "deploy" / "postgres" / "patroni.yaml"
_SECONDS = 300.0
_DATABASE = "citewell"


class PatroniPair:
    """A primary and its standby, which take each other's place by themselves."""

    def __init__(self, folder: Path, programs: Path, patroni: Sequence[str], etcd: str) -> None:
        self._folder = folder
        self._programs = programs
        self._patroni = list(patroni)
        self._etcd = etcd
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            self._programs = copied_programs(programs, folder / "packages")
        self.primary, self.standby = folder / "a", folder / "b"
        self._ports = free_ports(6)
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}
        for place in (self.primary, self.standby, folder / "etcd"):
            place.mkdir(mode=0o755)
            if self._user:
                shutil.chown(place, NOBODY, NOBODY)

    @property
    def address(self) -> str:
        hosts = ",".join(f"127.0.0.1:{self._database_port(folder)}" for folder in (self.primary, self.standby))
        return f"postgresql://citewell@{hosts}/{_DATABASE}"

    def start(self) -> None:
        """Both run, and what the primary acknowledges the standby has."""
        client, peer = self._ports[:2]
        options = {
            "--data-dir": self._folder / "etcd" / "data",
            "--listen-client-urls": f"http://127.0.0.1:{client}",
            "--advertise-client-urls": f"http://127.0.0.1:{client}",
            "--listen-peer-urls": f"http://127.0.0.1:{peer}",
        }
        self._run(self._folder / "etcd", [self._etcd, *(str(part) for option in options.items() for part in option)])
        self._look_after(self.primary)
        _until(lambda: self._says(self.primary, "primary"), "no primary")
        one = f"postgresql://citewell@127.0.0.1:{self._database_port(self.primary)}/postgres"
        with psycopg.connect(one, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_DATABASE} ENCODING 'UTF8' TEMPLATE template0".encode())
        self.rebuild()

    def kill(self, folder: Path) -> None:
        """Kill the server of this folder and its Patroni, with all their processes, as when the machine fails."""
        process = self._processes.pop(folder)
        process.kill()
        process.wait()
        with suppress(FileNotFoundError, ProcessLookupError):  # it has not begun, or has ended already
            number = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
            children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
            for killed in (number, *map(int, children)):
                with suppress(ProcessLookupError):
                    os.kill(killed, signal.SIGKILL)

    def promote(self) -> None:
        """Wait until Patroni has made the standby the primary."""
        self.primary, self.standby = self.standby, self.primary
        _until(lambda: self._says(self.primary, "primary"), "the standby was not promoted")

    def rebuild(self) -> None:
        """The other one is looked after again, and has what is acknowledged from then on."""
        self._look_after(self.standby)
        _until(lambda: self._says(self.standby, "sync"), "the other one did not become a synchronous standby")

    def stop(self) -> None:
        """Nothing runs any more."""
        for folder in (self.primary, self.standby):
            if folder in self._processes:
                self.kill(folder)
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _database_port(self, folder: Path) -> int:
        return self._ports[2 if folder.name == "a" else 3]

    def _says(self, folder: Path, what: str) -> bool:
        """Whether Patroni answers that its server is this."""
        port = self._ports[4 if folder.name == "a" else 5]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{what}", timeout=20):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def _look_after(self, folder: Path) -> None:
        text = _FILE.read_text(encoding="utf-8")
        settings = _here(
            yaml.safe_load(text),
            folder,
            self._programs / "bin",
            etcd=f"127.0.0.1:{self._ports[0]}",
            database=f"127.0.0.1:{self._database_port(folder)}",
            rest=f"127.0.0.1:{self._ports[4 if folder.name == 'a' else 5]}",
        )
        (folder / "patroni.yaml").write_text(yaml.safe_dump(settings))
        self._run(folder, [*self._patroni, str(folder / "patroni.yaml")])

    def _run(self, folder: Path, command: Sequence[str]) -> None:
        with (folder / "log").open("ab") as log:
            self._processes[folder] = subprocess.Popen(
                command, cwd=folder, env={**os.environ, "HOME": str(folder)}, stdout=log, stderr=log, **self._user
            )


def _here(
    settings: dict[str, Any], folder: Path, programs: Path, *, etcd: str, database: str, rest: str
) -> Mapping[str, Any]:
    """The settings of the file with names, places and addresses of this machine, where nobody needs a password."""
    settings["name"] = folder.name
    settings["restapi"] = {"listen": rest, "connect_address": rest}
    settings["etcd3"]["hosts"] = [etcd]
    del settings["watchdog"]
    parameters = settings["bootstrap"]["dcs"]["postgresql"]["parameters"]
    for name in ("ssl", "ssl_cert_file", "ssl_key_file"):  # the server of the package has no TLS
        del parameters[name]
    parameters |= {"shared_buffers": "32MB", "dynamic_shared_memory_type": "mmap"}
    settings["postgresql"] |= {
        "listen": database,
        "connect_address": database,
        "data_dir": str(folder / "data"),
        "bin_dir": str(programs),
        "pgpass": str(folder / "pgpass"),
        "parameters": {"unix_socket_directories": str(folder)},
        "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
    }
    settings["postgresql"]["authentication"]["superuser"]["username"] = "citewell"
    return settings


def _until(holds: Any, otherwise: str) -> None:
    """Return as soon as `holds` is true; RuntimeError after five minutes."""
    until = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > until:
            raise RuntimeError(otherwise)
        time.sleep(0.1)


@contextmanager
def patroni_pair(programs: Path, patroni: Sequence[str]) -> Iterator[PatroniPair]:
    """A pair for as long as the block runs. Raises RuntimeError where etcd is not installed."""
    etcd = shutil.which("etcd")
    if etcd is None:
        raise RuntimeError("no etcd for Patroni: apt-get install etcd-server")
    folder = Path(tempfile.mkdtemp(prefix="citewell-patroni-"))
    folder.chmod(0o755)
    pair = PatroniPair(folder, programs, patroni, etcd)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()
        shutil.rmtree(folder, ignore_errors=True)
