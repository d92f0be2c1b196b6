"""The commands that keep the documents in step with folders and with pages of the web."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rag.access.actor import acting_as
from rag.app import Citewell
from rag.cli.console import (
    BY_COMMAND,
    AsJson,
    DataDir,
    Model,
    bar,
    err,
    make_settings,
    open_citewell,
    opened,
    out,
    print_json,
    say,
    say_interrupted,
)
from rag.ingest.results import IngestResult, OnResult, SyncReport
from rag.ingest.sources import MAX_REMOVED, SyncOptions
from rag.ingest.sources.web import MAX_PAGES, FetchOptions
from rag.store.base import IngestStatus

Folders = Annotated[list[Path], typer.Argument(help="Folders of documents.", metavar="FOLDER...")]
Include = Annotated[
    list[str] | None, typer.Option(help="Only files that match this pattern, as in .gitignore. May be given again.")
]
Exclude = Annotated[list[str] | None, typer.Option(help="No files that match this pattern. May be given again.")]
MaxRemoved = Annotated[
    float, typer.Option(metavar="SHARE", help="Remove at most this share of the documents of a folder at once, 0 to 1.")
]

_MANY = 5  # locations that are named on the terminal; JSON has all


def sync(
    folders: Folders,
    include: Include = None,
    exclude: Exclude = None,
    max_removed: MaxRemoved = MAX_REMOVED,
    retry: Annotated[bool, typer.Option("--retry", help="Try files again that failed and have not changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")] = False,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Bring the documents to what folders hold now: new, changed, moved and deleted files."""
    options = SyncOptions(tuple(include or ()), tuple(exclude or ()), max_removed, retry=retry, dry_run=dry_run)
    with _counting("Reading") as on_result, opened(data_dir, create=not dry_run, model=model) as citewell:
        report = citewell.documents.sync(folders, options, on_result=on_result)
    _finish(report, as_json=as_json)


def watch(
    folders: Folders,
    include: Include = None,
    exclude: Exclude = None,
    max_removed: MaxRemoved = MAX_REMOVED,
    poll: Annotated[
        bool, typer.Option("--poll", help="Look through the folders, rather than let the system tell of changes.")
    ] = False,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Keep the documents in step with folders until Ctrl-C: a sync now, and one after each batch of changes."""
    from rag.ingest.sources.watch import watch_folders  # here: the other commands do not need the library behind it

    options = SyncOptions(tuple(include or ()), tuple(exclude or ()), max_removed)
    with opened(data_dir, create=True, model=model) as citewell:
        reports = watch_folders(
            folders,
            lambda changed: _sync_with_bar(citewell, changed, options),
            say=say,
            leave_out=citewell.settings.data_dir.absolute(),
            poll=poll,
        )
        is_first = True
        for report in reports:
            if as_json:
                _print_json(report)
                out.file.flush()
            elif is_first or report.results or report.problems:
                _print_report(report, log=True)
            if is_first:
                say("Watching for changes (stop with Ctrl-C).")
                is_first = False


def fetch(
    addresses: Annotated[list[str], typer.Argument(help="Addresses of pages, http or https.", metavar="URL...")],
    sitemap: Annotated[
        bool, typer.Option("--sitemap", help="The addresses are those of sitemaps; fetch the pages that they name.")
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST_OR_CIDR[:PORT]",
            help="Fetch from here too, though it is not public or not at port 80 or 443. May be given again; in place"
            " of CITEWELL_FETCH_ALLOW.",
        ),
    ] = None,
    max_pages: Annotated[int, typer.Option(metavar="NUMBER", help="Fetch at most so many pages of a sitemap.")] = (
        MAX_PAGES
    ),
    delete_missing: Annotated[
        bool, typer.Option("--delete-missing", help="Remove the documents of pages that are gone (404 or 410).")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fetch, but change nothing; say what would be done.")
    ] = False,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Read pages of the web, or what has changed of them, into the data directory."""
    options = FetchOptions(sitemap, max_pages, delete_missing, dry_run)
    settings = make_settings(data_dir, model=model, fetch_allow=tuple(allow) if allow else None)
    with (
        acting_as(BY_COMMAND),
        _counting("Fetching") as on_result,
        open_citewell(settings, create=not dry_run) as citewell,
    ):
        report = citewell.documents.fetch(addresses, options, on_result=on_result)
    _finish(report, as_json=as_json)


@contextmanager
def _counting(label: str) -> Iterator[OnResult]:
    """A progress bar, and what moves it. Ctrl-C says how many documents had been changed by then."""
    done = 0
    try:
        with bar(label) as tick:

            def on_result(result: IngestResult, number: int, total: int) -> None:
                nonlocal done
                done += result.status not in (IngestStatus.FAILED, IngestStatus.UNCHANGED)
                tick(number, total)

            yield on_result
    except KeyboardInterrupt:
        say_interrupted(f"Changed so far: {done}. Run the same command again for the rest.")
        raise


def _finish(report: SyncReport, *, as_json: bool) -> None:
    """Print a report, and end with status 1 where something is left undone."""
    if as_json:
        _print_json(report)
    else:
        _print_report(report)
    if report.problems or any(result.status is IngestStatus.FAILED for result in report.results):
        raise typer.Exit(1)


def _sync_with_bar(citewell: Citewell, folders: Sequence[Path], options: SyncOptions) -> SyncReport:
    with bar("Reading") as tick, bar("Recognising pages") as recognised:
        citewell.documents.on_recognised(recognised)
        return citewell.documents.sync(folders, options, on_result=lambda _, number, total: tick(number, total))


def _print_json(report: SyncReport) -> None:
    from rag.render.shapes import SyncBody, body_of  # here: only JSON needs the library behind it

    print_json(body_of(SyncBody, report))


def _print_report(report: SyncReport, *, log: bool = False) -> None:
    """A line for each document that changed or failed, what was left undone, and a summary; a `log` goes to stderr."""
    stream = err if log else out
    for result in report.results:
        if result.status is IngestStatus.FAILED:
            err.print(Text(f"failed     {result.error}", style="red"))
        else:
            origin = f" (from {result.previous})" if result.previous else ""
            stream.print(Text(f"{result.status.value:<10} {result.location}{origin}"))
        for warning in result.warnings:
            err.print(Text(f"  warning: {result.location}: {warning}", style="yellow"))
    for problem in report.problems:
        err.print(Text(problem, style="red"))
    for group in report.duplicates[:_MANY] if report.results else ():
        stream.print(Text(f"the same   {', '.join(group[:_MANY])}{', ...' if len(group) > _MANY else ''}"))
    statuses = [result.status for result in report.results]
    counts = {status.value: statuses.count(status) for status in IngestStatus}
    counts["unchanged"] = report.unchanged
    counts["failed before (rag documents --failed)"] = report.failed_before
    counts["kept"] = len(report.kept)
    counts["with the same content as another"] = sum(map(len, report.duplicates))
    summary = ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "Nothing to do."
    stream.print(Text(f"would be: {summary}" if report.dry_run and report.results else summary))
