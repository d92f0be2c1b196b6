"""What all commands share: the two streams, the common options, a pipeline to work with, progress."""

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

from rag import render
from rag.pipeline import Pipeline
from rag.settings import Settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept. Default: $CITEWELL_DATA_DIR or .citewell")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object.")]
Model = Annotated[str | None, typer.Option(help="A sentence-transformers model: name or folder.")]


def make_settings(data_dir: Path | None, **options: Any) -> Settings:
    """The settings of the environment; what is given here and not None wins. Raises InvalidSetting."""
    return Settings.from_env(os.environ, data_dir=data_dir, **options)


@contextmanager
def opened(data_dir: Path | None, *, create: bool = False, model: str | None = None) -> Iterator[Pipeline]:
    """The pipeline of the settings, closed afterwards."""
    with open_pipeline(make_settings(data_dir, model=model), create=create) as pipeline:
        yield pipeline


def open_pipeline(settings: Settings, *, create: bool = False, models: Path | None = None) -> Pipeline:
    """The pipeline of the settings, to be closed by the caller; a first export of the model is told on the way."""
    return Pipeline.open(settings, create=create, progress=say, models=models)


def say(line: str) -> None:
    """Tell the user something on the error stream: the output may be piped."""
    err.print(Text(line))


def print_json(body: object) -> None:
    """Exactly the body that REST gives, on one line."""
    sys.stdout.write(render.to_json(body) + "\n")


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on the error stream that appears when there is something to show."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(label, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)
