"""The commands that say who may read which documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from rag.access.access_rules import Rule
from rag.access.access_service import Explanation, Overview
from rag.access.identity import Role
from rag.app import Citewell
from rag.cli.console import AsJson, DataDir, opened, out, print_json
from rag.errors import PersonNotFound
from rag.records import Access, GivenBy

access = typer.Typer(
    help="Who may read which documents: the rules in access.toml, and what they do.", no_args_is_help=True
)

_Groups = Annotated[list[str] | None, typer.Option("--group", help="A group; give it several times for several.")]


@access.command()
def show(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the rules, how many documents each decides about, and how many each group may read."""
    with opened(data_dir) as citewell:
        overview = citewell.access.overview()
    if as_json:
        print_json(_overview_body(overview))
        return
    for line in _overview_lines(overview):
        out.print(Text(line))


@access.command()
def apply(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Apply the rules to all documents now, and what the system says of files. A server does this when they change."""
    with opened(data_dir) as citewell:
        applied = citewell.access.apply()
    if as_json:
        print_json({"documents": applied.documents, "changed": applied.changed})
    else:
        out.print(Text(f"Other groups may read {applied.changed:,} of {applied.documents:,} documents now."))


@access.command()
def explain(
    person: Annotated[str, typer.Argument(help="The name that somebody signs in with.")],
    document: Annotated[str, typer.Argument(help="The document's id, as `rag documents` lists it.")],
    groups: _Groups = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say whether somebody may read a document, and who says so: which rule, the source, or somebody by hand.

    Their groups are those that are known here, and those that are given.
    """
    with opened(data_dir) as citewell:
        citewell.access.refresh()
        found = citewell.access.explain(_reader(citewell, person, groups or ()), document)
    if as_json:
        print_json(
            {
                "document_id": found.document_id,
                "may_read": found.may_read,
                "through": sorted(found.through),
                "groups": sorted(found.groups),
                "given_by": found.given_by,
                "rule": found.rule.number if found.rule else None,
                "source_groups": None if found.source_groups is None else sorted(found.source_groups),
            }
        )
        return
    for line in _explanation_lines(person, found):
        out.print(Text(line))


@access.command("set")
def set_groups(
    document: Annotated[str, typer.Argument(help="The document's id, as `rag documents` lists it.")],
    groups: _Groups = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody but owners may read it.")] = False,
    give_back: Annotated[
        bool, typer.Option("--give-back", help="What its source says counts again, or where it says nothing the rules.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Say which groups may read one document, whatever its source or the rules say, or take that back."""
    if sum((bool(groups), nobody, give_back)) != 1:
        raise typer.BadParameter("expected one of --group, --nobody and --give-back")
    with opened(data_dir) as citewell:
        chosen = None if give_back else list(groups or ())
        found = citewell.access.set_groups(document, chosen, access=Access.everything())
    out.print(Text(f"{document} may be read by {_named(sorted(found.groups))}."))


def _reader(citewell: Citewell, name: str, groups: Sequence[str]) -> Access:
    """What somebody may read; of whom nobody has heard here, by the groups that are given."""
    given = frozenset(groups)
    try:
        person = citewell.people.accounts.get(name)
    except PersonNotFound:
        return Access(name, given)
    return Access(person.name, person.groups | given, reads_everything=Role.OWNER in person.roles)


def _overview_lines(overview: Overview) -> list[str]:
    """The overview for people."""
    lines = [f"Rules: {overview.file}"]
    if overview.error:
        lines.append(f"They are not in use: {overview.error}")
    elif not overview.rules:
        lines.append("There are none: new documents are everybody's, and nobody's where people sign in.")
    lines += [f"  {_rule_line(used.rule)}: {used.documents:,} documents" for used in overview.rules]
    lines.append(
        f"Set by hand: {overview.by_hand:,}. Said by their source: {overview.by_source:,}. No rule fits:"
        f" {overview.unmatched:,}."
    )
    lines += [f"  {group}: reads {documents:,}" for group, documents in overview.groups]
    lines.append(f"Read by nobody but owners: {overview.unreadable:,}.")
    return lines


def _overview_body(overview: Overview) -> dict[str, object]:
    """The overview as JSON."""
    return {
        "file": str(overview.file),
        "error": overview.error or None,
        "rules": [
            {
                "number": used.rule.number,
                "sources": list(used.rule.sources),
                "groups": "posix" if used.rule.is_posix else sorted(used.rule.groups),
                "documents": used.documents,
            }
            for used in overview.rules
        ],
        "by_hand": overview.by_hand,
        "by_source": overview.by_source,
        "unmatched": overview.unmatched,
        "groups": dict(overview.groups),
        "unreadable": overview.unreadable,
    }


def _explanation_lines(person: str, found: Explanation) -> list[str]:
    """Whether somebody may read a document, and why, for people."""
    may = f"may read it, as one of {_named(sorted(found.through))}" if found.through else "may not read it"
    if found.is_owner:
        may = "may read it, as every document, being an owner"
    return [
        f"{found.document_id}, from {found.location}",
        f"{person} {may}.",
        f"It may be read by {_named(sorted(found.groups))}. {_giver_line(found)}",
        f"Groups of {person}: {_named(sorted(found.names))}.",
    ]


def _giver_line(found: Explanation) -> str:
    """Who gave a document its groups."""
    if found.given_by is GivenBy.SOURCE:
        return "Its source says so."
    if found.given_by is GivenBy.HAND:
        said = "" if found.source_groups is None else f" Its source says {_named(sorted(found.source_groups))}."
        return f"Somebody set that for this document alone.{said}"
    return "No rule fits it." if found.rule is None else f"{_rule_line(found.rule)}."


def _rule_line(rule: Rule) -> str:
    """A rule in one line."""
    groups = "whoever the system lets read the file" if rule.is_posix else _named(sorted(rule.groups))
    return f"Rule {rule.number}, {', '.join(rule.sources)}: {groups}"


def _named(groups: Sequence[str]) -> str:
    """Groups in one line."""
    return ", ".join(groups) or "nobody but owners"
