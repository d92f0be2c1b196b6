"""Documents that three nodes bring in together, as processes, of which some are killed over it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.support.barrels import text_of, token
from tests.support.hash_cli import COMMAND
from tests.support.node_processes import NodeProcess, node_processes
from tests.support.places import ROOT
from tests.support.postgres import PostgresServer
from tests.support.processes import environment, wait_for

pytestmark = pytest.mark.crash

COUNT = 10
# So many more sentences keep a node busy for as long as it takes to see that it is.
LONG = "\n\n".join(
    f"Hall {number} of the mill holds {3 * number} sacks of rye and {number} of oats." for number in range(150)
)
# A process that has taken a job and is not done with it.
AT_WORK = "SELECT taken_by FROM citewell.jobs WHERE claim <> '' AND outcome IS NULL"
CONNECTED = "SELECT application_name FROM pg_stat_activity"
STORED = "SELECT location FROM citewell.documents ORDER BY location"


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "papers"
    made.mkdir()
    for number in range(COUNT):
        (made / f"{number:02}.txt").write_text(f"{text_of(number)}\n\n{LONG}")
    return made


@contextmanager
def ingesting(folder: Path, url: str, data: Path) -> Iterator[subprocess.Popen[str]]:
    """The command that brings the folder in."""
    process = subprocess.Popen(
        [*COMMAND, "ingest", str(folder), "--data-dir", str(data)],
        cwd=ROOT,
        env=environment() | {"CITEWELL_DATABASE": url, "CITEWELL_READER": "false"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def rows(url: str, statement: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(statement.encode()).fetchall()]


def is_at_work(node: NodeProcess, url: str) -> bool:
    return any(f":{node.process.pid}:" in name for name in rows(url, AT_WORK))


def helpers(url: str) -> int:
    return len(rows(url, "SELECT name FROM citewell.helpers"))


def is_found(node: NodeProcess, number: int) -> bool:
    word = token(number)
    reply = node.search(f"Which place is called {word}?")
    assert reply.status == 200, reply
    return any(word in passage["text"] for passage in reply.body["passages"])


def test_each_document_is_stored_once_though_a_node_is_killed_over_one(url: str, folder: Path, tmp_path: Path) -> None:
    with node_processes(tmp_path, url, 3) as nodes:
        assert wait_for(lambda: helpers(url) == 3)
        with ingesting(folder, url, tmp_path / "told") as command:
            assert wait_for(lambda: is_at_work(nodes[0], url))
            nodes[0].process.send_signal(signal.SIGKILL)
            said, _ = command.communicate(timeout=600)
        assert command.returncode == 0, said
        assert f"{COUNT} created" in said
        assert "were read and embedded by other nodes" in said
        assert rows(url, STORED) == [f"{folder}/{number:02}.txt" for number in range(COUNT)]
        assert rows(url, "SELECT key FROM citewell.jobs") == []
        for node in nodes[1:]:
            assert [number for number in range(COUNT) if not is_found(node, number)] == []


def test_a_command_that_is_killed_goes_on_where_it_was_and_stores_each_document_once(
    url: str, folder: Path, tmp_path: Path
) -> None:
    with node_processes(tmp_path, url, 2) as nodes:
        assert wait_for(lambda: helpers(url) == 2)
        with ingesting(folder, url, tmp_path / "told") as command:
            assert wait_for(lambda: len(rows(url, STORED)) >= 2)
            command.send_signal(signal.SIGKILL)
            command.wait()
        mark = f":{command.pid}:"
        # The server may be at its last commit.
        assert wait_for(lambda: not any(mark in name for name in rows(url, CONNECTED)))
        before = len(rows(url, STORED))
        assert before < COUNT
        with ingesting(folder, url, tmp_path / "told") as command:
            said, _ = command.communicate(timeout=600)
        assert command.returncode == 0, said
        assert rows(url, STORED) == [f"{folder}/{number:02}.txt" for number in range(COUNT)]
        assert f"{COUNT - before} created, {before} unchanged" in said
        for node in nodes:
            assert [number for number in range(COUNT) if not is_found(node, number)] == []
