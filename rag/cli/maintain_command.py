"""The command that looks after a data directory every night."""

from __future__ import annotations

import typer
from rich.text import Text

from rag.app.maintain import maintain as look_after
from rag.cli.console import AsJson, DataDir, opened, out, print_json


def maintain(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Verify, delete what is over its time, merge the log, back up, and report; also while the server runs.

    The settings say how long things are kept, and where backups go (CITEWELL_BACKUP_FOLDER, CITEWELL_KEEP_BACKUPS).
    Exits with 1 when something is damaged or could not be done.
    """
    with opened(data_dir) as citewell:
        report = look_after(citewell)
    if as_json:
        print_json(report.body())
    else:
        for step in report.steps:
            out.print(Text(f"{'ok' if step.ok else 'WRONG':<6} {step.name}: {step.detail} ({step.seconds:.1f} s)"))
    if not report.ok:
        raise typer.Exit(1)
