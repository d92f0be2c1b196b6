"""The commands about who may sign in: people and services, their groups and roles. No model is loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from rag.access.actor import acting_as
from rag.access.identity import Role
from rag.app import Citewell, Person
from rag.cli.console import BY_COMMAND, AsJson, DataDir, make_settings, out, print_json
from rag.errors import InputError

people = typer.Typer(help="Who may sign in, with which roles and groups.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="What the person signs in with.")]
GroupOption = Annotated[
    list[str] | None, typer.Option("--group", help="A group that they are in. May be given again. Default: none")
]
RoleOption = Annotated[
    list[Role] | None,
    typer.Option(
        "--role", metavar="ROLE", help="reader, editor, owner or auditor. May be given again. Default: reader"
    ),
]
EditsOption = Annotated[
    list[str] | None,
    typer.Option("--edits", help="A group whose documents they change as an editor. May be given again. Default: none"),
]
ShownAsOption = Annotated[str, typer.Option("--shown-as", help="Their name for people.")]
MailOption = Annotated[str, typer.Option(help="Their address.")]


@people.command()
def add(
    name: NameArgument,
    group: GroupOption = None,
    role: RoleOption = None,
    edits: EditsOption = None,
    shown_as: ShownAsOption = "",
    mail: MailOption = "",
    service: Annotated[
        bool, typer.Option("--service", help="A program: it has keys (rag tokens add), and no password.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add somebody. They cannot sign in before they are invited, or come by single sign-on."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        person = found.accounts.add(
            name,
            shown_as=shown_as,
            mail=mail,
            roles=role or [Role.READER],
            groups=group or [],
            edits=edits or [],
            is_service=service,
        )
    _show(person, as_json=as_json)


@people.command()
def invite(
    name: NameArgument,
    owner: Annotated[bool, typer.Option("--owner", help="Make them an owner, as the first one has to be.")] = False,
    group: GroupOption = None,
    days: Annotated[int, typer.Option(help="How long the link holds.")] = 3,
    address: Annotated[
        str, typer.Option(help="Of this service, as people reach it. Default: http://127.0.0.1:8000")
    ] = "http://127.0.0.1:8000",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Print a link on which somebody chooses a password. Who is not there yet is added. An earlier link ends."""
    if not address.startswith(("http://", "https://")):
        raise InputError(f"address is {address!r}; expected one like https://citewell.example.")
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        accounts = found.accounts
        known = {person.name: person for person in accounts.all()}
        person = known.get(name.casefold())
        if person is None:
            accounts.add(name, roles=[Role.OWNER] if owner else [Role.READER], groups=group or [])
        else:
            if owner and Role.OWNER not in person.roles:
                accounts.set_roles(name, [*map(Role, person.roles), Role.OWNER], person.edits)
            if group:
                accounts.set_groups(name, accounts.own_groups(name) | set(group))
        invitation = accounts.invite(name, days=days)
    link = f"{address.rstrip('/')}{invitation.path}"
    until = _moment(invitation.ends_at)
    if as_json:
        print_json({"person": invitation.person, "link": link, "ends_at": until})
    else:
        out.print(Text(f"Send {invitation.person} this link. It holds until {until}, and once:\n{link}"))


@people.command("list")
def list_people(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List everybody, with roles and groups."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        everybody = found.accounts.all()
    if as_json:
        from rag.render.shapes import PersonListBody, body_of  # here: only JSON needs the library behind it

        print_json(body_of(PersonListBody, {"people": everybody}))
        return
    for person in everybody:
        out.print(Text(_line(person)))
    if not everybody:
        out.print('Nobody may sign in yet. "rag people invite NAME --owner" makes the first one.')


@people.command()
def suspend(name: NameArgument, data_dir: DataDir = None) -> None:
    """Keep somebody out from the next request on; sessions end, keys are refused."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        found.accounts.suspend(name)
    out.print(Text(f"{name} is suspended."))


@people.command()
def restore(name: NameArgument, data_dir: DataDir = None) -> None:
    """Let somebody in again who was suspended."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        found.accounts.restore(name)
    out.print(Text(f"{name} may sign in again."))


@people.command()
def remove(name: NameArgument, data_dir: DataDir = None) -> None:
    """Delete somebody, with sessions, keys and conversations, for good."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        found.accounts.remove(name)
    out.print(Text(f"{name} is removed."))


@people.command()
def groups(
    name: NameArgument,
    group: Annotated[list[str] | None, typer.Argument(help="The groups, in place of those of before.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put somebody into these groups and no others; those that single sign-on says stay."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        found.accounts.set_groups(name, group or [])
        person = found.accounts.get(name)
    _show(person, as_json=as_json)


@people.command()
def roles(
    name: NameArgument,
    role: Annotated[list[Role], typer.Argument(help="The roles, in place of those of before.")],
    edits: EditsOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody these roles and no others."""
    with acting_as(BY_COMMAND), Citewell.people_of(make_settings(data_dir)) as found:
        found.accounts.set_roles(name, role, edits or [])
        person = found.accounts.get(name)
    _show(person, as_json=as_json)


def _show(person: Person, *, as_json: bool) -> None:
    if as_json:
        from rag.render.shapes import PersonBody, body_of  # as above

        print_json(body_of(PersonBody, person))
    else:
        out.print(Text(_line(person)))


def _line(person: Person) -> str:
    """One line about a person: "ida  reader, editor of hr  groups: hr"."""
    edits = f" of {', '.join(sorted(person.edits))}" if person.edits else ""
    named = [f"{role}{edits}" if role == Role.EDITOR else role for role in Role if role in person.roles]
    notes = [
        *(["a service"] if person.is_service else []),
        *(["suspended"] if person.suspended else []),
        *(["no password yet"] if not person.has_password and not person.is_service else []),
    ]
    shown = f" ({person.shown_as})" if person.shown_as else ""
    in_groups = f"; groups: {', '.join(sorted(person.groups))}" if person.groups else ""
    return f"{person.name}{shown}: {', '.join(named) or 'no role'}{in_groups}" + "".join(f"; {note}" for note in notes)


def _moment(seconds: int) -> str:
    """ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
