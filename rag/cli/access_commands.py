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
from rag.records import Access
from rag.sources import SourceGroups

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
    """Say whether somebody may read a document, and which rule says so.

    Their groups are those that are known here, and those that are given.
    """
    with opened(data_dir) as citewell:
        citewell.access.refresh()
        found = citewell.access.explain(_reader(citewell, person, groups or ()), document)
        given = citewell.sources.groups_of(found.location) if found.by_hand else None
    if as_json:
        print_json(
            {
                "document_id": found.document_id,
                "may_read": found.may_read,
                "through": sorted(found.through),
                "groups": sorted(found.groups),
                "by_hand": found.by_hand,
                "rule": found.rule.number if found.rule else None,
                "source": given.source if given else None,
                "source_groups": sorted(given.groups) if given and given.groups is not None else None,
            }
        )
        return
    for line in _explanation_lines(person, found, given):
        out.print(Text(line))


@access.command("set")
def set_groups(
    document: Annotated[str, typer.Argument(help="The document's id, as `rag documents` lists it.")],
    groups: _Groups = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody but owners may read it.")] = False,
    by_rules: Annotated[bool, typer.Option("--by-rules", help="The rules decide about it again.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Say which groups may read one document, whatever the rules say, or give it back to the rules."""
    if sum((bool(groups), nobody, by_rules)) != 1:
        raise typer.BadParameter("expected one of --group, --nobody and --by-rules")
    with opened(data_dir) as citewell:
        chosen = None if by_rules else list(groups or ())
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
    lines.append(f"Set by hand: {overview.by_hand:,}. No rule fits: {overview.unmatched:,}.")
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
        "unmatched": overview.unmatched,
        "groups": dict(overview.groups),
        "unreadable": overview.unreadable,
    }


def _explanation_lines(person: str, found: Explanation, given: SourceGroups | None) -> list[str]:
    """Whether somebody may read a document, and why, for people."""
    may = f"may read it, as one of {_named(sorted(found.through))}" if found.through else "may not read it"
    if found.is_owner:
        may = "may read it, as every document, being an owner"
    why = _set_line(found, given)
    if found.rule is not None:
        why = f"{_rule_line(found.rule)}."
    elif not found.by_hand:
        why = "No rule fits it."
    return [
        f"{found.document_id}, from {found.location}",
        f"{person} {may}.",
        f"It may be read by {_named(sorted(found.groups))}. {why}",
        f"Groups of {person}: {_named(sorted(found.names))}.",
    ]


def _set_line(found: Explanation, given: SourceGroups | None) -> str:
    """Where groups come from that no rule gave: from the source, or from somebody who set them."""
    if given is None:
        return "That was set for this document alone."
    if given.groups is None:
        return f"The source {given.source} said so, if nobody set it for this document since the last sync."
    if given.groups == found.groups:
        return f"The source {given.source} gives it to them, as the file of sources says."
    return (
        f"That was set for this document alone, or the file was changed: the next sync of the source {given.source}"
        f" gives it to {_named(sorted(given.groups))}."
    )


def _rule_line(rule: Rule) -> str:
    """A rule in one line."""
    groups = "whoever the system lets read the file" if rule.is_posix else _named(sorted(rule.groups))
    return f"Rule {rule.number}, {', '.join(rule.sources)}: {groups}"


def _named(groups: Sequence[str]) -> str:
    """Groups in one line."""
    return ", ".join(groups) or "nobody but owners"
