"""The command that moves everything into another kind of store."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from rag.app.store_moving import move_store
from rag.cli.console import AsJson, DataDir, make_settings, out, print_json, say


def migrate_store(
    to: Annotated[
        str, typer.Option(help="The empty PostgreSQL database, as postgresql://USER@HOST/DATABASE, or data directory.")
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Move documents, people, conversations and questions to another database, and compare checksums.

    Stop every server first. What was broken off goes on when the same command is given again. The source stays as it
    is, and so do the files beside it: rules, glossary, audit log.
    """
    sums = move_store(make_settings(data_dir), to, counted=None if as_json else _tell)
    if as_json:
        print_json({"tables": [{"table": one.table, "rows": one.rows, "sha256": one.sha256} for one in sums]})
    else:
        rows = sum(one.rows for one in sums)
        out.print(Text(f"{rows:,} rows of {len(sums)} tables are there, with the same checksums."))


def _tell(table: str, rows: int) -> None:
    say(f"{table}: {rows:,} rows")
