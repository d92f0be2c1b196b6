"""Nodes over one PostgreSQL database: `rag serve` as processes, with the stand-in for the model."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.hash_cli import COMMAND
from tests.support.places import ROOT
from tests.support.ports import free_port
from tests.support.processes import environment, wait_for

_SECONDS = 300  # for an answer: longer than a node waits for a database that went away


@dataclass(frozen=True, slots=True)
class Reply:
    """What a node answered."""

    status: int
    retry_after: str | None
    media_type: str
    body: Any

    @property
    def is_put_off(self) -> bool:
        """Whether it says, as it should, that the database is away for a while or somebody else writes."""
        return (
            self.status == 503
            and self.retry_after is not None
            and self.media_type == "application/problem+json"
            and self.body["type"].endswith((":storage-unreachable", ":storage-busy"))
        )


@dataclass(frozen=True, slots=True)
class NodeProcess:
    """A node that runs."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    data: Path

    def call(self, method: str, path: str, body: bytes | None = None, media_type: str = "text/plain") -> Reply:
        """What it answers. Raises ConnectionError, HTTPException where it has gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": media_type} if body is not None else {})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        found = response.headers.get_content_type()
        body = json.loads(text) if text and found.endswith("json") else None
        return Reply(response.status, response.headers["Retry-After"], found, body)

    def put(self, name: str, text: str) -> Reply:
        return self.call("PUT", f"/api/v1/documents/{name}", text.encode())

    def delete(self, name: str) -> Reply:
        return self.call("DELETE", f"/api/v1/documents/{name}")

    def search(self, question: str) -> Reply:
        return self.call("GET", f"/api/v1/search?q={quote(question)}")

    def ask(self, question: str) -> Reply:
        return self.call("POST", "/api/v1/ask", json.dumps({"question": question}).encode(), "application/json")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-2_000:]
        try:
            return self.call("GET", "/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False


@contextmanager
def node_processes(folder: Path, database: str, count: int, **settings: object) -> Iterator[list[NodeProcess]]:
    """So many nodes with their data and their logs in `folder`, for as long as the block runs; ready when it begins."""
    with ExitStack() as running:
        nodes = [running.enter_context(_started(folder / f"node{n}", database, settings)) for n in range(count)]
        for node in nodes:
            assert wait_for(node.is_ready), node.log.read_text(errors="replace")[-2_000:]
        yield nodes


@contextmanager
def _started(folder: Path, database: str, settings: Mapping[str, object]) -> Iterator[NodeProcess]:
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "log"
    given = {"database": database, "reader": "false", "questions_per_minute": 10**6, "reads_per_minute": 10**6}
    names = {f"CITEWELL_{name.upper()}": str(value) for name, value in {**given, **settings}.items()}
    with log.open("ab") as written:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--data-dir", str(folder / "data"), "--port", str(port)],
            cwd=ROOT,
            env=environment() | names,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        yield NodeProcess(port, process, log, folder / "data")
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()
            process.wait()
