"""The commands about what is kept of a person. No model is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rag.access.actor import acting_as
from rag.app import Citewell
from rag.cli.console import BY_COMMAND, AsJson, DataDir, err, make_settings, out, print_json
from rag.disk import storage_error
from rag.errors import InputError, StorageError
from rag.render import to_json

privacy = typer.Typer(help="What is kept of a person: given out, and deleted.", no_args_is_help=True)

PersonArgument = Annotated[str, typer.Argument(help="What the person signs in with, or a pseudonym of the audit log.")]


@privacy.command("export")
def export_person(
    person: PersonArgument,
    target: Annotated[Path | None, typer.Argument(help="The file to write; without it, the output.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write all that is kept of a person as one JSON object. It holds no password and no key."""
    from rag.render.shapes import ConversationExportBody, body_of  # here: no other command needs the library behind it

    with acting_as(BY_COMMAND), Citewell.privacy_of(make_settings(data_dir)) as privacy_service:
        found = privacy_service.export(person)
    body = found.body(lambda conversation: body_of(ConversationExportBody, conversation))
    if target is None:
        print_json(body)
        return
    _write(target, to_json(body) + "\n")
    if as_json:
        print_json({"file": str(target), **found.counts})
    else:
        err.print(Text(f"{target}: {_listed(found.counts)}."))


@privacy.command("erase")
def erase_person(
    person: PersonArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete all that is kept of a person. In the audit log what they did stays, and nobody can tell who it was."""
    if not yes and not typer.confirm(f"Delete {person}, and all that is kept of them, for good?", err=True):
        raise InputError("Nothing was deleted.")
    with acting_as(BY_COMMAND), Citewell.privacy_of(make_settings(data_dir)) as privacy_service:
        counts = privacy_service.erase(person)
    if as_json:
        print_json(counts)
    else:
        out.print(Text(f"Deleted of {person}: {_listed(counts)}. Lines of the audit log stay, of a pseudonym."))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _write(target: Path, text: str) -> None:
    """Write a new file for this user alone. Raises StorageError."""
    try:
        target.touch(mode=0o600, exist_ok=False)
        target.write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise StorageError(f"{target} is there already; name a file that is not.") from error
    except OSError as error:
        raise storage_error(error, target) from error
