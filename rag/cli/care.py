"""The commands that look after a data directory."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.text import Text

from rag.cli.console import AsJson, DataDir, err, opened, out, print_json
from rag.records import Check


def verify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Check the database, the word index and the vector index. Exits with 1 when something is damaged."""
    with opened(data_dir) as pipeline:
        _report(pipeline.check(), as_json=as_json)


def rebuild(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make the word index and the vector index again from the database. Nothing is embedded again."""
    with opened(data_dir) as pipeline:
        _report(pipeline.rebuild(), as_json=as_json)


def _report(checks: Sequence[Check], *, as_json: bool) -> None:
    """The checks, and exit code 1 when one did not hold."""
    if as_json:
        print_json({"checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks]})
    else:
        for check in checks:
            out.print(Text(f"{'ok' if check.ok else 'DAMAGED':<8} {check.name}: {check.detail}"))
    if not all(check.ok for check in checks):
        err.print('Something is damaged. "rag rebuild" makes the indexes again; the database itself needs a backup.')
        raise typer.Exit(1)
