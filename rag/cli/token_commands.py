"""The commands about keys for programs: personal access tokens, and keys of services. No model is loaded."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from rag.access.actor import acting_as
from rag.app import Citewell, KeyRecord, Scope
from rag.cli.console import BY_COMMAND, AsJson, DataDir, make_settings, out, print_json, say

tokens = typer.Typer(help="Keys for programs: what each may do, and until when.", no_args_is_help=True)

HolderArgument = Annotated[str, typer.Argument(help="The person or service whose keys they are.")]


@tokens.command()
def add(
    name: HolderArgument,
    purpose: Annotated[str, typer.Argument(help="What the key is for. Two may have the same, for a change.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            "--scope", metavar="SCOPE", help="read, write, manage or audit. May be given again. Default: read"
        ),
    ] = None,
    days: Annotated[int, typer.Option(help="Until it ends.")] = 90,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: it is kept nowhere."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        made = found.keys.add(found.accounts.get(name).name, purpose, scope or [Scope.READ], days=days)
    if as_json:
        print_json(_body(made.record) | {"key": made.text})
    else:
        say(f"A key of {made.record.person} for {made.record.name}, until {_moment(made.record.ends_at)}:")
        sys.stdout.write(f"{made.text}\n")


@tokens.command("list")
def list_keys(name: HolderArgument, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the keys of somebody, without the keys themselves."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        keys = found.keys.of(found.accounts.get(name).name)
    if as_json:
        print_json({"tokens": [_body(key) for key in keys]})
        return
    for key in keys:
        used = f"used {_moment(key.used_at)}" if key.used_at else "never used"
        scopes = ", ".join(sorted(key.scopes))
        out.print(Text(f"{key.id} {key.name}: {scopes}; until {_moment(key.ends_at)}; {used}"))


@tokens.command()
def remove(
    name: HolderArgument,
    token_id: Annotated[str, typer.Argument(help="The id that `rag tokens list` shows.")],
    data_dir: DataDir = None,
) -> None:
    """Delete a key: it is refused from the next request on."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        found.keys.remove(found.accounts.get(name).name, token_id)
    out.print(Text(f"{token_id} is removed."))


def _body(key: KeyRecord) -> dict[str, Any]:
    return {
        "id": key.id,
        "person": key.person,
        "purpose": key.name,
        "scopes": sorted(key.scopes),
        "created_at": _moment(key.created_at),
        "ends_at": _moment(key.ends_at),
        "used_at": _moment(key.used_at) if key.used_at else None,
    }


def _moment(seconds: int) -> str:
    """ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
