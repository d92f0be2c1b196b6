"""The command that looks after a data directory every night."""

from __future__ import annotations

import typer
from rich.text import Text

from rag.app.maintain import maintain as look_after
from rag.app.maintenance_report import MaintenanceReport
from rag.cli.console import AsJson, DataDir, opened, out, print_json


def maintain(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Verify, delete what is over its time, merge the log, back up, and report; also while the server runs.

    The settings say how long things are kept, and where backups go (CITEWELL_BACKUP_FOLDER, CITEWELL_KEEP_BACKUPS), to
    whom they are encrypted (CITEWELL_BACKUP_RECIPIENTS) and whether each is tried (CITEWELL_DRILL_BACKUPS).
    Exits with 1 when something is damaged or could not be done.
    """
    with opened(data_dir) as citewell:
        report = look_after(citewell)
    show_report(report, as_json=as_json)


def show_report(report: MaintenanceReport, *, as_json: bool) -> None:
    """What was done, step by step, and exit code 1 when something did not go well."""
    if as_json:
        print_json(report.body())
    else:
        for step in report.steps:
            out.print(Text(f"{'ok' if step.ok else 'WRONG':<6} {step.name}: {step.detail} ({step.seconds:.1f} s)"))
    if not report.ok:
        raise typer.Exit(1)
