"""The commands about the sources that `citewell.toml` names: repositories, shares and wikis that are followed."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.text import Text

from rag.cli.console import AsJson, DataDir, Model, bar, err, make_settings, opened, out, print_json
from rag.ingest.results import IngestResult
from rag.sources import SourceList, SourceReport

sources = typer.Typer(help="Sources of documents that citewell.toml names.", no_args_is_help=True)

OneName = Annotated[str | None, typer.Argument(help="Of one source. Default: all of them", metavar="NAME")]

_MANY = 5  # failures that are named on the terminal; JSON has those that are kept


@sources.command("list")
def list_sources(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the sources, when each was all right last, and what it brought then."""
    found = SourceList(make_settings(data_dir), os.environ)
    listed = found.all()
    if as_json:
        from rag.render.shapes import SourceListBody, body_of  # here: only JSON needs the library behind it

        print_json(body_of(SourceListBody, found.overview()))
        return
    for each in listed:
        when = f"all well at {each.succeeded_at}" if each.succeeded_at else "never all well"
        out.print(Text(f"{each.name} ({each.kind}): {when}"))
        if each.report is not None:
            _print_report(each.name, each.report)
    if not listed:
        out.print(Text(f"No source is named: {found.file} is not there, or has no [source.NAME]."))


@sources.command()
def check(name: OneName = None, data_dir: DataDir = None) -> None:
    """Ask each source what it has, and store nothing."""
    all_well = True
    for found in SourceList(make_settings(data_dir), os.environ).check(name):
        if found.error:
            all_well = False
            err.print(Text(f"{found.name}: {found.error}", style="red"))
        else:
            out.print(Text(f"{found.name}: {found.documents} files"))
    if not all_well:
        raise typer.Exit(1)


@sources.command()
def sync(
    name: OneName = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read, but change nothing; say what would be done.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again what could not be read and has not changed.")
    ] = False,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Bring the documents to what the sources hold now: new, changed, moved, deleted, and who may read them."""
    reports: dict[str, SourceReport] = {}
    with bar("Reading") as tick, opened(data_dir, create=not dry_run, model=model) as citewell:

        def on_result(_: IngestResult, number: int, total: int) -> None:
            tick(number, total)

        for source, report in citewell.sources.sync(name, dry_run=dry_run, retry=retry, on_result=on_result):
            reports[source] = report
            if not as_json:
                _print_report(source, report, dry_run=dry_run)
    if as_json:
        from rag.render.shapes import SourceReportListBody, body_of  # as above

        told = [{"name": source, "dry_run": dry_run, "report": report} for source, report in reports.items()]
        print_json(body_of(SourceReportListBody, {"reports": told}))
    if not all(report.ok for report in reports.values()):
        raise typer.Exit(1)


def _print_report(name: str, report: SourceReport, *, dry_run: bool = False) -> None:
    """A line of what was done, and one for each thing that went wrong."""
    counts = {
        "created": report.created,
        "updated": report.updated,
        "moved": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "with other readers": report.rights_changed,
        "failed": report.failed,
    }
    summary = ", ".join(f"{number} {label}" for label, number in counts.items() if number) or "nothing to do"
    out.print(Text(f"{name}: {'would be: ' if dry_run else ''}{summary}"))
    for failure in report.failures[:_MANY]:
        err.print(Text(f"  failed: {failure.error}", style="red"))
    if len(report.failures) > _MANY:
        err.print(Text(f"  and {report.failed - _MANY} more", style="red"))
    for problem in report.problems:
        err.print(Text(f"  {problem}", style="red"))
