"""Shared by all commands: the two streams, the common options, an open data directory, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from rag.access.actor import Actor, acting_as
from rag.app import Citewell
from rag.render import to_json
from rag.settings import Settings
from web.settings import WebSettings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept. Default: $CITEWELL_DATA_DIR or .citewell")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object.")]
# Who runs a command is not asked: whoever may read the data directory may do all that the commands do.
BY_COMMAND = Actor(method="cli")

Model = Annotated[str | None, typer.Option(help="A sentence-transformers model: name or folder.")]


def make_settings(data_dir: Path | None, **options: Any) -> WebSettings:
    """The settings of the environment; what is given here and not None wins. Raises InvalidSetting."""
    return WebSettings.from_env(os.environ, data_dir=data_dir, **options)


@contextmanager
def opened(data_dir: Path | None, *, create: bool = False, model: str | None = None) -> Iterator[Citewell]:
    """Citewell over the data directory of the settings, closed afterwards. What is done is put down as a command's."""
    settings = make_settings(data_dir, model=model)
    with acting_as(BY_COMMAND), open_citewell(settings, create=create) as citewell:
        yield citewell


def open_citewell(settings: Settings, *, create: bool = False, models: Path | None = None) -> Citewell:
    """Citewell over the data directory of the settings, to be closed by the caller. A first export is told of."""
    return Citewell.open(settings, create=create, progress=say, models=models)


def say(line: str) -> None:
    """Tell the user something on the error stream: the output may be piped."""
    err.print(Text(line))


def say_interrupted(line: str) -> None:
    """Tell the user something after Ctrl-C.

    Past the console: where the signal comes between two steps of its print, it holds back all that follows.
    """
    sys.stderr.write(line + "\n")


def print_json(body: object) -> None:
    """Exactly the body that REST gives, on one line."""
    sys.stdout.write(to_json(body) + "\n")


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on the error stream that appears when there is something to show."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(label, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)
