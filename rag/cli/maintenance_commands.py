"""The commands that look after a data directory."""

from __future__ import annotations

from collections.abc import Sequence
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
    err,
    make_settings,
    open_citewell,
    opened,
    out,
    print_json,
    say,
)
from rag.store.base import Check


def verify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Check the database, the word index and the vector index. Exits with 1 when something is damaged."""
    with opened(data_dir) as citewell:
        _report(citewell.maintenance.check(), as_json=as_json)


def rebuild(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make the word index and the vector index again from the database. Nothing is embedded again."""
    with opened(data_dir) as citewell:
        _report(citewell.maintenance.rebuild(), as_json=as_json)


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; there must be none of that name.")],
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(
            "--encrypt-to",
            metavar="KEY",
            help="A public key of age that may open it, age1...; can be repeated. Default: CITEWELL_BACKUP_RECIPIENTS.",
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write everything to one file, while questions are answered and documents added.

    That is documents, people and conversations, the rules of access, the glossary and the audit log. To encrypt it
    needs the program age; the secret key stays elsewhere.
    """
    with opened(data_dir) as citewell:
        recipients = encrypt_to or citewell.settings.backup_recipients
        size = citewell.maintenance.back_up(target, encrypt_to=recipients)
        documents = citewell.maintenance.health().documents
    if as_json:
        print_json({"file": str(target), "bytes": size, "documents": documents, "encrypted": bool(recipients)})
    else:
        sealed = ", encrypted" if recipients else ""
        out.print(Text(f"{target}: {documents:,} documents, {size:,} bytes, checked{sealed}."))


def restore(
    source: Annotated[Path, typer.Argument(help="A file that `rag backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where there is a database; it is set aside, not lost.")
    ] = False,
    identity: Annotated[
        Path | None,
        typer.Option(help="The file with the secret key of an encrypted one. Default: CITEWELL_BACKUP_IDENTITY."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup back, and make the indexes from it. Stop the server before, and start it again after.

    An audit log that has gone on since the backup stays as it is.
    """
    settings = make_settings(data_dir, backup_identity=identity)
    with acting_as(BY_COMMAND):
        restored = Citewell.restore(source, settings, replace=replace)
    for aside in restored.aside:
        say(f"What was there before is now in {aside}; delete it when you are sure.")
    if restored.log == "kept":
        say("The audit log goes on from where it was: the backup has nothing that it lacks.")
    with open_citewell(settings) as citewell:
        _report(citewell.maintenance.rebuild(), as_json=as_json)


def export_model(
    folder: Annotated[Path, typer.Argument(help="A new folder, to be copied to where the model is to be used.")],
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Write the embedding model as it is used, for a machine without the packages that exporting it needs."""
    size = Citewell.export_model(make_settings(None, model=model), folder, progress=say)
    if as_json:
        print_json({"folder": str(folder), "bytes": size})
    else:
        out.print(Text(f"{folder}: {size:,} bytes. Copy it, and set CITEWELL_MODEL to the folder it is then in."))


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
