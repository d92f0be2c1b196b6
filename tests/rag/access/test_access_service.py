"""The rules, applied to documents that are stored, that come, and that are set by hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag.access.access_service import Applied
from rag.app import Citewell
from rag.errors import DocumentNotFound, InvalidSetting
from rag.records import Access, GivenBy
from rag.settings import Settings
from rag.store.base import DocumentGroups
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder

ANN = Access("ann", frozenset({"staff"}))
BOB = Access("bob", frozenset())
OLD = 1_700_000_000


@pytest.fixture
def write(settings: Settings) -> Callable[[str], None]:
    """Writes the file of rules, each time with another time, long ago: it is known by that, not by luck."""
    times = iter(range(OLD, OLD + 1_000))

    def write(text: str) -> None:
        path = settings.data_dir / "access.toml"
        path.write_text(text)
        os.utime(path, (next(times),) * 2)

    return write


def rule(source: str, *groups: str) -> str:
    return f"[[rule]]\nsource = '{source}'\ngroups = {list(groups)}\n"


def put(citewell: Citewell, *document_ids: str) -> None:
    for document_id in document_ids:
        citewell.documents.put(document_id, f"The {document_id} is open.".encode(), media_type="text/plain")


def seen(citewell: Citewell, access: Access) -> list[str]:
    """What somebody sees at the next question."""
    citewell.access.refresh()
    return [info.source.id for info in citewell.documents.all(access=access)]


def test_without_rules_everything_is_everybodys_as_it_was(empty_citewell: Citewell) -> None:
    put(empty_citewell, "ferry")
    assert (seen(empty_citewell, BOB), empty_citewell.access.apply()) == (["ferry"], Applied(1, 0))


def test_once_people_sign_in_nobody_reads_what_no_rule_is_for(
    empty_citewell: Citewell, settings: Settings, embedder: HashEmbedder
) -> None:
    put(empty_citewell, "gate")
    empty_citewell.access.deny_by_default(is_on=True)
    with Citewell.open(settings, embedder=embedder) as another:  # as a command beside the server
        put(another, "ferry")
    assert (seen(empty_citewell, BOB), seen(empty_citewell, EVERYTHING)) == (["gate"], ["ferry", "gate"])
    empty_citewell.access.deny_by_default(is_on=False)
    put(empty_citewell, "plan")
    assert seen(empty_citewell, BOB) == ["gate", "plan"]


def test_rules_hold_from_the_next_question(empty_citewell: Citewell, write: Callable[[str], None]) -> None:
    put(empty_citewell, "ferry", "gate")
    write(rule("api:ferry", "staff"))
    assert (seen(empty_citewell, ANN), seen(empty_citewell, BOB)) == (["ferry"], [])
    write(rule("api:ferry", "board") + rule("api:*", "everybody"))
    assert (seen(empty_citewell, ANN), seen(empty_citewell, BOB)) == (["gate"], ["gate"])
    put(empty_citewell, "plan")
    assert seen(empty_citewell, BOB) == ["gate", "plan"]


def test_a_document_that_came_by_rules_of_before_is_put_right(
    empty_citewell: Citewell, settings: Settings, embedder: HashEmbedder, write: Callable[[str], None]
) -> None:
    write(rule("api:*", "everybody"))
    assert seen(empty_citewell, BOB) == []
    with Citewell.open(settings, embedder=embedder) as other:
        write(rule("api:*", "staff"))
        assert seen(other, BOB) == []
        # As if it had been looked up just before the file changed.
        empty_citewell.access._current = lambda: None  # type: ignore[method-assign]
        put(empty_citewell, "ferry")
        assert seen(other, BOB) == []
        assert seen(other, ANN) == ["ferry"]


def test_rules_that_make_no_sense_change_nothing_and_are_told_of(
    empty_citewell: Citewell, write: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    write(rule("api:*", "staff"))
    put(empty_citewell, "ferry")
    write("[[rule]")
    assert (seen(empty_citewell, ANN), seen(empty_citewell, BOB)) == (["ferry"], [])
    put(empty_citewell, "gate")
    assert (seen(empty_citewell, ANN), seen(empty_citewell, BOB)) == (["ferry", "gate"], [])
    assert [record.getMessage() for record in caplog.records if "no TOML" in record.getMessage()]
    with pytest.raises(InvalidSetting, match="no TOML"):
        empty_citewell.access.apply()
    assert "no TOML" in empty_citewell.access.overview().error


def test_rules_that_never_made_sense_give_nothing_to_anybody(
    empty_citewell: Citewell, write: Callable[[str], None]
) -> None:
    write("[[rule]")
    put(empty_citewell, "ferry")
    assert seen(empty_citewell, BOB) == []
    write(rule("api:*", "everybody"))
    assert seen(empty_citewell, BOB) == ["ferry"]


def test_a_file_that_is_taken_away_opens_nothing(
    empty_citewell: Citewell, settings: Settings, write: Callable[[str], None]
) -> None:
    put(empty_citewell, "ferry")
    write(rule("api:*", "staff"))
    assert seen(empty_citewell, BOB) == []
    (settings.data_dir / "access.toml").unlink()
    assert (seen(empty_citewell, BOB), seen(empty_citewell, ANN)) == ([], ["ferry"])


def test_what_is_set_by_hand_wins_until_it_is_given_back(
    empty_citewell: Citewell, write: Callable[[str], None]
) -> None:
    put(empty_citewell, "ferry", "gate")
    write(rule("api:*", "staff"))
    empty_citewell.access.set_groups("ferry", ["everybody"], access=EVERYTHING)
    assert seen(empty_citewell, BOB) == ["ferry"]
    write(rule("api:*", "board"))
    assert (seen(empty_citewell, BOB), seen(empty_citewell, ANN)) == (["ferry"], ["ferry"])
    found = empty_citewell.access.set_groups("ferry", None, access=EVERYTHING)
    assert (found.groups, found.given_by, seen(empty_citewell, BOB)) == ({"board"}, GivenBy.RULE, [])
    with pytest.raises(InvalidSetting, match="without spaces"):
        empty_citewell.access.set_groups("ferry", [" "], access=EVERYTHING)
    for access, document_id in ((ANN, "ferry"), (EVERYTHING, "absent")):
        with pytest.raises(DocumentNotFound, match=document_id):
            empty_citewell.access.set_groups(document_id, ["staff"], access=access)


def test_what_its_source_says_counts_when_what_was_set_by_hand_is_given_back(
    empty_citewell: Citewell, write: Callable[[str], None]
) -> None:
    put(empty_citewell, "ferry")
    write(rule("api:*", "everybody"))

    def source_says(*groups: str) -> None:
        empty_citewell.store.set_groups([DocumentGroups("ferry", frozenset(groups), GivenBy.SOURCE)])

    source_says("board")
    empty_citewell.access.set_groups("ferry", ["staff"], access=EVERYTHING)
    source_says("audit")
    assert (seen(empty_citewell, ANN), empty_citewell.access.groups_given_back("ferry")) == (["ferry"], {"audit"})
    found = empty_citewell.access.explain(ANN, "ferry")
    assert (found.given_by, found.groups, found.source_groups) == (GivenBy.HAND, {"staff"}, {"audit"})
    back = empty_citewell.access.set_groups("ferry", None, access=EVERYTHING)
    assert (back.groups, back.given_by, seen(empty_citewell, ANN)) == ({"audit"}, GivenBy.SOURCE, [])
    empty_citewell.access.apply()
    overview = empty_citewell.access.overview()
    assert (overview.by_hand, overview.by_source, overview.rules[0].documents) == (0, 1, 0)


def test_a_document_may_come_with_its_groups(empty_citewell: Citewell, write: Callable[[str], None]) -> None:
    write(rule("api:*", "everybody"))
    for _ in range(2):
        empty_citewell.documents.put("ferry", b"It leaves at six.", media_type="text/plain", groups=["staff"])
    assert (seen(empty_citewell, BOB), seen(empty_citewell, ANN)) == ([], ["ferry"])


def test_files_have_the_groups_of_their_place_and_of_the_system(
    empty_citewell: Citewell, tmp_path: Path, write: Callable[[str], None]
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "ferry.md").write_text("# Ferry\n\nIt leaves at six.")
    write(rule(f"{folder}/", "staff"))
    empty_citewell.documents.sync([folder])
    assert (len(seen(empty_citewell, ANN)), seen(empty_citewell, BOB)) == (1, [])
    (folder / "ferry.md").rename(folder / "boat.md")
    write(rule(f"{folder}/boat.md", "everybody"))
    empty_citewell.documents.sync([folder])
    assert len(seen(empty_citewell, BOB)) == 1
    write(f"[[rule]]\nsource = '{folder}/'\ngroups = 'posix'\n")
    (folder / "boat.md").chmod(0)
    assert (seen(empty_citewell, BOB), seen(empty_citewell, ANN)) == ([], [])


def test_what_changes_rights_is_put_down(
    settings: Settings, embedder: HashEmbedder, write: Callable[[str], None]
) -> None:
    with Citewell.open(replace(settings, audit="on"), embedder=embedder, create=True) as citewell:
        put(citewell, "ferry")
        write(rule("api:ferry", "staff"))
        citewell.access.refresh()
        citewell.access.set_groups("ferry", ["board"], access=EVERYTHING)
        found = [entry for entry in citewell.audit.entries() if entry.kind == "rules_changed"]
    assert [dict(entry.facts) for entry in found] == [
        {"sha256": found[0].facts["sha256"], "before": "", "rules": 1},
        {"document": "ferry", "groups": ["board"], "groups_before": ["staff"]},
    ]


def test_it_is_explained_who_may_read_what_and_why(empty_citewell: Citewell, write: Callable[[str], None]) -> None:
    put(empty_citewell, "ferry", "gate", "plan")
    write(rule("api:ferry", "staff", "board") + rule("api:gate"))
    empty_citewell.access.set_groups("plan", ["everybody"], access=EVERYTHING)
    empty_citewell.access.refresh()
    found = empty_citewell.access.explain(ANN, "ferry")
    assert (found.through, found.groups, found.given_by) == ({"staff"}, {"staff", "board"}, GivenBy.RULE)
    assert found.rule
    assert (found.rule.number, found.location) == (1, "api:ferry")
    assert empty_citewell.access.explain(BOB, "ferry").through == frozenset()
    by_hand = empty_citewell.access.explain(BOB, "plan")
    assert (by_hand.through, by_hand.given_by, by_hand.rule) == ({"everybody"}, GivenBy.HAND, None)
    overview = empty_citewell.access.overview()
    assert [(used.rule.number, used.documents) for used in overview.rules] == [(1, 1), (2, 1)]
    assert (overview.by_hand, overview.by_source, overview.unmatched, overview.unreadable) == (1, 0, 0, 1)
    assert overview.groups == (("board", 1), ("everybody", 1), ("staff", 1))
