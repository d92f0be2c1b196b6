"""The command that puts a backup to the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rag.access.actor import acting_as
from rag.app.drill import Drill, newest_backup
from rag.cli.console import BY_COMMAND, AsJson, DataDir, make_settings, open_citewell
from rag.cli.maintain_command import show_report
from rag.errors import IndexMissing
from rag.settings import Settings


def drill(
    backup: Annotated[
        Path | None, typer.Argument(help="A backup. Default: the newest one in CITEWELL_BACKUP_FOLDER.")
    ] = None,
    question: Annotated[
        str, typer.Option(help="What to ask it. Default: a sentence of one of its documents, which must be found.")
    ] = "",
    identity: Annotated[
        Path | None, typer.Option(help="The file with the secret key. Default: CITEWELL_BACKUP_IDENTITY.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a folder that is deleted again, verify it, compare it with today, and ask it something.

    What is there is not touched, and a server may go on. Where there is no data directory, as on another machine,
    there is nothing to compare with. Exits with 1 when the backup is not worth what it should be.
    """
    settings = make_settings(data_dir, backup_identity=identity)
    with acting_as(BY_COMMAND), _prepared(backup or newest_backup(settings), settings, question) as prepared:
        report = prepared.run()
    show_report(report, as_json=as_json)


@contextmanager
def _prepared(backup: Path, settings: Settings, question: str) -> Iterator[Drill]:
    """With the documents of now and their models, where there are any."""
    try:
        today = open_citewell(settings)
    except IndexMissing:
        yield Drill(
            backup,
            settings,
            lambda folder: open_citewell(replace(settings, data_dir=folder, database="")),
            None,
            question,
        )
        return
    with today:
        yield Drill(backup, settings, today.beside, today, question)
