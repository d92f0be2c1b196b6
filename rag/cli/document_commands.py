"""The commands that bring documents in, list them and take them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rag.cli.console import AsJson, DataDir, Model, bar, err, opened, out, print_json, say_interrupted
from rag.ingest.results import IngestResult
from rag.records import Access
from rag.store.base import FileRecord, IngestStatus

_UNLIMITED = 10_000  # columns


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders. Folders are searched for readable files.")],
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Read documents, or what has changed of them, into the data directory."""
    done: list[IngestResult] = []
    try:
        with (
            opened(data_dir, create=True, model=model) as citewell,
            bar("Reading") as tick,
            bar("Recognising pages") as recognised,
        ):
            citewell.documents.on_recognised(recognised)

            def on_result(result: IngestResult, number: int, total: int) -> None:
                done.append(result)
                tick(number, total)

            citewell.documents.ingest(paths, on_result=on_result)
            by_others = citewell.documents.read_by_others
    except KeyboardInterrupt:
        stored = sum(result.status is not IngestStatus.FAILED for result in done)
        say_interrupted(f"Stored so far: {stored}. Run the same command again for the rest.")
        raise
    failed = sum(result.status is IngestStatus.FAILED for result in done)
    if as_json:
        from rag.render.shapes import FileResultListBody, body_of  # here: only JSON needs the library behind it

        print_json(body_of(FileResultListBody, {"results": done}))
    else:
        _print_results(done)
        if by_others:
            out.print(f"{by_others:,} of these files were read and embedded by other nodes.")
    if failed:
        raise typer.Exit(1)


def documents(
    failed: Annotated[bool, typer.Option("--failed", help="List the files that could not be read, and why.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the documents."""
    with opened(data_dir) as citewell:
        if failed:
            _print_failed(citewell.documents.failed_files(), as_json=as_json)
            return
        found = citewell.documents.all(access=Access.everything())
    if as_json:
        from rag.render.shapes import DocumentListBody, body_of  # here: only JSON needs the library behind it

        print_json(body_of(DocumentListBody, {"documents": found}))
        return
    table = Table(box=None, pad_edge=False)
    for column, justify in (("id", "left"), ("title", "left"), ("sentences", "right"), ("passages", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type] # two of the allowed words
    table.add_column("from", overflow="fold")
    for info in found:
        cells = (info.source.id, info.source.title, str(info.sentences), str(info.chunks), info.source.location)
        table.add_row(*(escape(cell) for cell in cells))
    if not found:
        out.print('No documents yet. Add some with "rag ingest PATH".')
        return
    # Where another program reads them, a line for each document, however long.
    (out if out.is_terminal else Console(width=_UNLIMITED)).print(table)


def remove(
    document_id: Annotated[str, typer.Argument(help='The id that "rag documents" shows.')],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete a document. Nothing of it can be quoted afterwards."""
    with opened(data_dir) as citewell:
        citewell.documents.remove(document_id)
    if as_json:
        print_json({"id": document_id, "status": "removed"})
    else:
        out.print(Text(f"Removed {document_id}."))


def _print_failed(files: Sequence[FileRecord], *, as_json: bool) -> None:
    """A line for each file that did not become a document: when it was tried, and why not."""
    if as_json:
        print_json({"failed": [{"location": f.location, "error": f.error, "tried_at": f.read_at} for f in files]})
        return
    for file in files:
        out.print(Text(f"{file.read_at}  {file.error}"))
    if not files:
        out.print("No file has failed.")


def _print_results(results: Sequence[IngestResult]) -> None:
    """A line for each document that is new, changed or failed, its warnings, and a summary."""
    for result in results:
        if result.status is IngestStatus.FAILED:
            err.print(Text(f"failed     {result.error}", style="red"))
        elif result.status is not IngestStatus.UNCHANGED:
            pages = f"{result.pages} pages, " if result.pages else ""
            counts = f"{pages}{result.sentences} sentences, {result.chunks} passages, {result.seconds:.1f} s"
            out.print(Text(f"{result.status.value:<10} {result.location} ({counts})"))
        for warning in result.warnings:
            err.print(Text(f"  warning: {result.location}: {warning}", style="yellow"))
    counted = {status: sum(result.status is status for result in results) for status in IngestStatus}
    out.print(", ".join(f"{number} {status.value}" for status, number in counted.items() if number) or "Nothing to do.")
