"""The server keeps folders in step while it answers."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rag.app import Citewell
from rag.cli.follow_folders import following
from rag.errors import InputError
from rag.ingest.results import IngestResult
from tests.support.access import EVERYTHING
from tests.support.folders import write
from tests.support.hash_cli import COMMAND
from tests.support.ports import free_port
from tests.support.processes import environment, wait_for


def test_documents_come_and_go_while_it_is_open(empty_citewell: Citewell, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "gate.txt", "The gate opens at eight.\n")
    with following(empty_citewell, [docs]):
        assert wait_for(lambda: len(empty_citewell.documents.all(access=EVERYTHING)) == 1)
        write(docs / "ferry.txt", "The ferry leaves at noon.\n", at=None)
        assert wait_for(lambda: len(empty_citewell.documents.all(access=EVERYTHING)) == 2)
        (docs / "gate.txt").unlink()
        assert wait_for(
            lambda: [info.source.title for info in empty_citewell.documents.all(access=EVERYTHING)] == ["ferry"]
        )
    assert "watch" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_in_the_middle_of_a_synchronisation_and_keeps_what_was_done(
    empty_citewell: Citewell, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    for number in range(400):
        write(docs / f"{number}.txt", f"The gate {number} opens at eight.\n")
    with following(empty_citewell, [docs]):
        assert wait_for(lambda: len(empty_citewell.documents.all(access=EVERYTHING)) > 0)
    assert 0 < len(empty_citewell.documents.all(access=EVERYTHING)) < 400
    assert all(check.ok for check in empty_citewell.maintenance.check())


def test_documents_are_added_and_removed_by_others_in_the_middle_of_a_synchronisation(
    empty_citewell: Citewell, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    for number in range(30):
        write(docs / f"{number:02}.txt", f"Shed {number} holds tar.\n")
    at_work, go_on = threading.Event(), threading.Event()
    seen = 0
    at_the_twentieth: set[str] = set()

    def wait_at_the_tenth(*_: IngestResult | int) -> None:
        nonlocal seen
        seen += 1
        if seen == 10:
            at_work.set()
            assert go_on.wait(200)
        if seen == 20:
            at_the_twentieth.update(info.source.title for info in empty_citewell.documents.all(access=EVERYTHING))

    with ThreadPoolExecutor() as pool:
        sync = pool.submit(lambda: empty_citewell.documents.sync([docs], on_result=wait_at_the_tenth))
        assert at_work.wait(200)
        first = next(info.source for info in empty_citewell.documents.all(access=EVERYTHING))
        tasks: list[Future[Any]] = [
            pool.submit(empty_citewell.documents.put_file, "gate.txt", b"The gate is green."),
            pool.submit(empty_citewell.documents.remove, first.id),
        ]
        assert wait_for(lambda: len(empty_citewell.documents._writer._queue._errands) == len(tasks))
        go_on.set()
        assert [task.exception(10) for task in tasks] == [None, None]
        assert len(sync.result(200).results) == 30
    assert "gate" in at_the_twentieth
    assert first.title not in at_the_twentieth
    assert len(empty_citewell.documents.all(access=EVERYTHING)) == 30
    assert [check for check in empty_citewell.maintenance.check() if not check.ok] == []
    assert [r.status.value for r in empty_citewell.documents.sync([docs]).results] == ["created"], (
        "its file is still there"
    )


def test_nothing_is_started_for_no_folder(empty_citewell: Citewell) -> None:
    with following(empty_citewell, []):
        assert "watch" not in {thread.name for thread in threading.enumerate()}


def test_a_folder_that_is_not_there_is_an_error(empty_citewell: Citewell, tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="missing is no folder that can be watched"),
        following(empty_citewell, [tmp_path / "missing"]),
    ):
        pass


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`rag serve --watch docs` as a process."""
    write(tmp_path / "docs" / "gate.txt", "The gate opens at eight.\n")
    write(tmp_path / "docs" / "bad<b>.txt", "")
    command = [*COMMAND, "serve", "--watch", tmp_path / "docs", "--data-dir", tmp_path / "data", "--port", port]
    with subprocess.Popen(list(map(str, command)), env=environment(), stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_the_server_reads_the_folder_and_tells_of_what_failed(
    server: subprocess.Popen[str], port: int, tmp_path: Path
) -> None:
    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
            return str(response.read().decode())

    def failed() -> list[dict[str, str]]:
        try:
            return list(json.loads(get("/api/v1/files/failed"))["failed"])
        except OSError:  # not up yet
            return []

    assert wait_for(lambda: bool(failed()))
    assert [(file["location"], file["error"]) for file in failed()] == [
        ("bad<b>.txt", "the file is empty; a document with text was expected")
    ]
    assert wait_for(lambda: "gate</a>" in get("/documents"))
    page = get("/documents")
    assert "1 file could not be read" in page
    assert "bad&lt;b&gt;.txt</bdi>" in page
    assert "the file is empty" in page
    assert str(tmp_path) not in page
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=200)
    assert server.returncode in (0, 130)
    assert "1 created, 1 failed" in errors
    assert "Traceback" not in errors
