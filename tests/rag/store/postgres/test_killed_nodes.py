"""Two nodes as processes over one database: what one takes the other has, and what the death of one costs."""

from __future__ import annotations

import http.client
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rag.app import Citewell
from rag.settings import BUNDLED_MODEL, Settings
from rag.store.postgres.table_formats import POSTGRES_FORMAT
from tests.support.access import EVERYTHING
from tests.support.barrels import text_of, token
from tests.support.fakes import HashEmbedder
from tests.support.node_processes import NodeProcess, Reply, node_processes
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_for

pytestmark = pytest.mark.crash

LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database with empty tables."""
    with postgres.database() as address:
        yield address


def look(folder: Path, url: str) -> dict[str, str]:
    """The text of each document, all of which are sound, and no lock is held any more."""

    def is_free() -> bool:
        with psycopg.connect(url) as connection:
            return connection.execute(LOCKS).fetchone() == (0,)

    assert wait_for(is_free)
    settings = Settings(data_dir=folder / "looked-at", database=url, reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(name=BUNDLED_MODEL), create=False) as citewell:
        citewell.maintenance.rebuild()
        assert [check for check in citewell.maintenance.check() if not check.ok] == []
        infos = citewell.documents.all(access=EVERYTHING)
        return {info.source.id: citewell.documents.get(info.source.id, access=EVERYTHING).text for info in infos}


class Puts:
    """One after the other, documents through one node, until it has gone or enough are there."""

    def __init__(self, node: NodeProcess, name: str) -> None:
        self.node = node
        self.name = name
        self.taken: dict[str, str] = {}  # by what was acknowledged
        self.others: list[Reply] = []
        self.last: tuple[str, str] = ("", "")
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            self.last = (f"{self.name}{number}", text_of(number))
            try:
                reply = self.node.put(*self.last)
            except (OSError, http.client.HTTPException):
                return
            if reply.status == 201:
                self.taken[self.last[0]] = self.last[1]
            else:
                self.others.append(reply)

    def end(self) -> None:
        self.ended.set()
        self.thread.join()


@pytest.fixture(scope="module")
def both(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[NodeProcess, NodeProcess, str]]:
    """Two nodes that stay, and the address of their database."""
    with postgres.database() as url, node_processes(tmp_path_factory.mktemp("both"), url, 2) as (first, second):
        yield first, second, url


def finds(node: NodeProcess, number: int, version: int = 0) -> bool:
    """Whether the next question to a node finds the version of a document."""
    word = token(number, version)
    reply = node.search(f"Which place is called {word}?")
    assert reply.status == 200, reply
    return any(word in passage["text"] for passage in reply.body["passages"])


def test_what_one_node_took_the_next_question_to_another_knows(both: tuple[NodeProcess, NodeProcess, str]) -> None:
    first, second, _ = both
    for number in range(5):
        assert first.put(f"d{number}", text_of(number, 0)).status == 201
        assert finds(second, number, 0)
        assert first.put(f"d{number}", text_of(number, 1)).status == 200
        assert (finds(second, number, 0), finds(second, number, 1)) == (False, True)
        assert first.delete(f"d{number}").status == 204
        assert not finds(second, number, 1)


def test_a_node_of_an_older_release_changes_nothing_in_newer_tables_and_is_not_ready(
    both: tuple[NodeProcess, NodeProcess, str],
) -> None:
    node, _, url = both
    assert node.put("old", text_of(7)).status == 201
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE citewell.meta SET value = '99' WHERE name = 'format'")
    try:
        refused = [node.put("new", text_of(8)), node.put("old", text_of(8)), node.delete("old")]
        assert [(reply.status, reply.body["type"]) for reply in refused] == [
            (503, "urn:citewell:problem:storage-too-new")
        ] * 3
        assert not node.is_ready()
        assert finds(node, 7)
    finally:
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE citewell.meta SET value = %s WHERE name = 'format'", (str(POSTGRES_FORMAT),))
    assert node.is_ready()
    assert node.put("old", text_of(8)).status == 200


def test_a_node_that_ends_costs_what_it_was_about_and_nothing_of_the_other(url: str, tmp_path: Path) -> None:
    """One is killed while both write, then the other is told to stop while it writes."""
    with node_processes(tmp_path, url, 2) as (first, second):
        one, other = Puts(first, "a"), Puts(second, "b")
        try:
            for puts in (one, other):
                puts.thread.start()
            assert wait_for(lambda: min(len(one.taken), len(other.taken)) >= 2)
            first.process.send_signal(signal.SIGKILL)
            one.thread.join()
            before = len(other.taken)
            assert wait_for(lambda: len(other.taken) >= before + 3)
            second.process.send_signal(signal.SIGTERM)
            other.thread.join()
        finally:
            one.end()
            other.end()
        second.process.wait(200)
        assert [reply for reply in (*one.others, *other.others) if not reply.is_put_off] == []
        assert "Traceback" not in second.log.read_text(errors="replace")
    stored = look(tmp_path, url)
    in_flight = {name: text for name, text in (one.last, other.last) if name in stored}
    assert stored == {**one.taken, **other.taken, **in_flight}
