"""`rag access`: the rules, what they do, and who may read a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hash_cli import Rag
from tests.support.sites import serving


@pytest.fixture
def ruled(ingested: Rag, tmp_path: Path) -> Callable[[str], Rag]:
    def write(text: str) -> Rag:
        (tmp_path / "data" / "access.toml").write_text(text, encoding="utf-8")
        return ingested

    return write


def first_id(rag: Rag) -> str:
    return str(rag("documents", "--json").json["documents"][0]["id"])


def test_without_rules_everything_is_everybodys(ingested: Rag) -> None:
    count = len(ingested("documents", "--json").json["documents"])
    shown = ingested("access", "show", "--json").json
    assert (shown["rules"], shown["groups"], shown["unreadable"]) == ([], {"everybody": count}, 0)
    assert "There are none" in ingested("access", "show").out
    assert ingested("access", "apply", "--json").json == {"documents": count, "changed": 0}


def test_rules_are_shown_and_applied(ruled: Callable[[str], Rag]) -> None:
    rag = ruled("[[rule]]\nsource = '**/*.md'\ngroups = ['staff']\n")
    applied = rag("access", "apply", "--json").json
    assert applied["changed"] == applied["documents"]
    shown = rag("access", "show", "--json").json
    used = shown["rules"][0]["documents"]
    assert used > 0
    assert (shown["groups"], shown["unmatched"], shown["unreadable"]) == (
        {"staff": used},
        applied["documents"] - used,
        applied["documents"] - used,
    )
    assert f"Rule 1, **/*.md: staff: {used} documents" in rag("access", "show").out


def test_rules_that_make_no_sense_are_told_of(ruled: Callable[[str], Rag]) -> None:
    rag = ruled("[[rule]]\nsource = 7\ngroups = []\n")
    ran = rag("access", "apply")
    assert ran.code == 2
    assert "rule 1 has the source 7" in ran.err.replace("\n", " ")
    assert "They are not in use: " in rag("access", "show").out


def test_it_is_explained_who_may_read_a_document(ruled: Callable[[str], Rag]) -> None:
    rag = ruled("[[rule]]\nsource = '**'\ngroups = ['staff']\n")
    document = first_id(rag)
    no = rag("access", "explain", "ann", document, "--json").json
    assert (no["may_read"], no["groups"], no["rule"]) == (False, ["staff"], 1)
    yes = rag("access", "explain", "ann", document, "--group", "staff")
    assert "ann may read it, as one of staff." in yes.out
    assert "Rule 1, **: staff." in yes.out
    assert rag("people", "add", "bea", "--role", "owner").code == 0
    assert "bea may read it, as every document, being an owner." in rag("access", "explain", "bea", document).out
    assert rag("access", "explain", "ann", "absent").code == 1


def test_one_document_gets_groups_of_its_own(ruled: Callable[[str], Rag]) -> None:
    rag = ruled("[[rule]]\nsource = '**'\ngroups = ['staff']\n")
    document = first_id(rag)
    assert rag("access", "set", document, "--group", "board", "--group", "ann").out == (
        f"{document} may be read by ann, board.\n"
    )
    assert rag("access", "explain", "ann", document, "--json").json["given_by"] == "hand"
    assert rag("access", "set", document, "--nobody").out == f"{document} may be read by nobody but owners.\n"
    assert rag("access", "set", document, "--give-back").out == f"{document} may be read by staff.\n"
    assert rag("access", "set", document, "--nobody", "--give-back").code == 2
    assert rag("access", "set", document).code == 2


LISTED = "<ListBucketResult><Contents><Key>Board/a.md</Key><ETag>1</ETag><Size>15</Size></Contents></ListBucketResult>"


def test_groups_that_a_source_gave_are_said_to_be_the_sources(ingested: Rag, tmp_path: Path) -> None:
    file = tmp_path / "data" / "citewell.toml"
    with serving() as site:
        site.page("/rules?encoding-type=url&list-type=2&max-keys=1000&prefix=", LISTED)
        site.page("/rules/Board/a.md", "# A\n\nIt opens.\n")
        written = f'[source.files]\nkind = "s3"\nurl = "{site.url()}"\nbucket = "rules"\n'
        file.write_text(f'{written}groups = ["staff"]\nfolder_groups = {{ Board = ["board"] }}\n')
        assert ingested("sources", "sync").code == 0
    every = ingested("documents", "--json").json["documents"]
    (document,) = (each["id"] for each in every if each["location"] == "source:files/Board/a.md")

    def told() -> tuple[str, str, list[str] | None]:
        line = ingested("access", "explain", "ann", document).out.replace("\n", " ")
        found = ingested("access", "explain", "ann", document, "--json").json
        return (
            line.partition("It may be read by ")[2].partition(" Groups of ann")[0],
            found["given_by"],
            found["source_groups"],
        )

    by_source = ("board. Its source says so.", "source", ["board"])
    assert told() == by_source
    shown = ingested("access", "show", "--json").json
    assert (shown["by_hand"], shown["by_source"]) == (0, 1)
    ingested("access", "set", document, "--group", "audit")
    assert told() == (
        "audit. Somebody set that for this document alone. Its source says board.",
        "hand",
        ["board"],
    )
    assert "Set by hand: 1. Said by their source: 0." in ingested("access", "show").out
    assert ingested("access", "set", document, "--give-back").out == f"{document} may be read by board.\n"
    assert told() == by_source
