"""What the drivers share: each puts one program behind the same few lines of JSON, or behind HTTP.

A driver is run by the Python of its own environment, so nothing but the standard library is imported here. It says on
its first line of output that it is ready, then answers each line of input with one line:

    {"ask": "Who signed?", "read": 5}
    {"text": ..., "places": [[passage, start, end]], "stages": {...}, "seconds": ...}

`read` is the number of passages to read, left out for the program's own default. Offsets are code points in the
passage's text. Whatever the program prints itself goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, TextIO


@dataclass(frozen=True)
class Passage:
    """A text that can be found, under its id."""

    id: str
    text: str


@dataclass(frozen=True)
class Place:
    """Where an answer stands: code points of a passage's text, end exclusive."""

    passage: str
    start: int
    end: int


@dataclass
class Reply:
    """An answer as a program gave it. Without places it has none; several are equally meant. Stages are in seconds."""

    text: str = ""
    places: list[Place] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)


class Engine(Protocol):
    """A program that answers from passages."""

    name: str
    packages: tuple[str, ...]  # whose versions say what was measured, besides torch and transformers
    reads: int  # passages that it reads by default

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Index the passages and keep the index in `folder`."""

    def load(self, folder: Path) -> None:
        """Take the index that `build` left in `folder`."""

    def ask(self, question: str, read: int) -> Reply:
        """The best answer from the `read` best passages."""


@dataclass(frozen=True)
class Models:
    """The folders of the weights, the same for all."""

    encoder: Path
    reader: Path


class EngineMaker(Protocol):
    """What makes an engine of the folders of its models: loading everything that an answer needs."""

    def __call__(self, models: Models) -> Engine:
        """The engine, ready to build or load an index."""


def drive(make: EngineMaker) -> None:
    """Read the arguments and serve until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--index", type=Path, required=True, help="folder that the index is kept in")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the embedding model")
    parser.add_argument("--reader", type=Path, required=True, help="folder of the question-answering model")
    parser.add_argument("--passages", type=Path, help="JSON list of {id, text}: build the index first")
    parser.add_argument("--port", type=int, help="serve POST /ask at this port instead of standard input")
    arguments = parser.parse_args()
    answers = _answers_apart()
    engine = make(Models(arguments.encoder, arguments.reader))
    ready: dict[str, Any] = {"ready": engine.name, "reads": engine.reads, "versions": _versions(engine.packages)}
    if arguments.passages:
        ready |= _build(engine, read_passages(arguments.passages), arguments.index)
    else:
        engine.load(arguments.index)
    _say(answers, ready)
    if arguments.port is None:
        serve_lines(engine, sys.stdin, answers)
    else:
        serve_http(engine, arguments.port)


def read_passages(path: Path) -> list[Passage]:
    """The passages of a JSON file."""
    return [Passage(item["id"], item["text"]) for item in json.loads(path.read_text(encoding="utf-8"))]


def serve_lines(engine: Engine, lines: TextIO, answers: TextIO) -> None:
    """Answer each line; a question that the program fails at gives {"error": ...}."""
    for line in lines:
        asked = json.loads(line)
        started = time.perf_counter()
        try:
            reply = engine.ask(asked["ask"], asked.get("read") or engine.reads)
        except Exception as error:  # noqa: BLE001 - whatever a program raises is a result to be counted
            _say(answers, {"error": repr(error), "seconds": time.perf_counter() - started})
            continue
        _say(answers, as_json(reply) | {"seconds": time.perf_counter() - started})


def serve_http(engine: Engine, port: int) -> None:
    """POST /ask {"question": ...} at 127.0.0.1, as such programs are served most simply: FastAPI and its threads."""
    import uvicorn
    from fastapi import Body, FastAPI

    app = FastAPI()

    @app.post("/ask")
    def ask(question: str = Body(embed=True)) -> dict[str, Any]:
        return as_json(engine.ask(question, engine.reads))

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def as_json(reply: Reply) -> dict[str, Any]:
    """A reply as it is sent."""
    places = [[place.passage, place.start, place.end] for place in reply.places]
    return {"text": reply.text, "places": places, "stages": reply.stages}


@contextmanager
def timed(stages: dict[str, float], name: str) -> Iterator[None]:
    """Add the seconds that the block takes to a stage."""
    started = time.perf_counter()
    yield
    stages[name] = stages.get(name, 0.0) + time.perf_counter() - started


def _build(engine: Engine, passages: list[Passage], folder: Path) -> dict[str, Any]:
    """Build an index; how many passages, and the seconds that it took without loading the models."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    engine.build(passages, folder)
    return {"passages": len(passages), "build_seconds": time.perf_counter() - started}


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of those that are installed."""
    installed = {}
    for package in (*packages, "torch", "transformers", "sentence-transformers"):
        with suppress(PackageNotFoundError):
            installed[package] = version(package)
    return installed


def _answers_apart() -> TextIO:
    """Standard output, for the answers alone: what is printed from now on goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()
