"""A share that the system has mounted: a folder, whose files are read by whom the system lets read them."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.records import ALONE
from rag.store.base import IngestStatus
from tests.support.access import EVERYTHING
from tests.support.folders import LONG_AGO, Sync
from tests.support.source_scenes import Holding, first_holding, interrupt_after, next_holding, write_all

OWNER = f"{ALONE}{pwd.getpwuid(os.getuid()).pw_name}"


@pytest.fixture
def share(empty_citewell: Citewell, docs: Path) -> Path:
    """The folder, below one that nobody but the owner may enter, with a rule that lets the system say who reads."""
    docs.parent.chmod(0o700)
    rules = f"[[rule]]\nsource = '{docs}/'\ngroups = 'posix'\n"
    (empty_citewell.settings.data_dir / "access.toml").write_text(rules, encoding="utf-8")
    return docs


def hold(share: Path, holding: Holding) -> None:
    """Let the share hold exactly these files, last changed so long ago that what is known of them is not opened."""
    write_all(share, holding)
    for path in holding:
        os.utime(share / path, ns=(LONG_AGO, LONG_AGO))


def stored(citewell: Citewell, share: Path) -> Holding:
    """The bytes that are stored, by path in the share."""
    return {
        Path(info.source.location).relative_to(share).as_posix(): citewell.documents.original(
            info.source.id, access=EVERYTHING
        ).data
        for info in citewell.documents.all(access=EVERYTHING)
    }


def ids_and_readers(citewell: Citewell, share: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """The id of each document, and who may read it, by path in the share."""
    every = citewell.store.all_groups(EVERYTHING)
    return {Path(given.location).relative_to(share).as_posix(): (given.document_id, given.groups) for given in every}


def test_what_is_stored_is_what_the_share_holds_before_and_after_a_change(
    empty_citewell: Citewell, share: Path, sync: Sync
) -> None:
    """Cut short on the way, and gone on with; the owner of ten files may not read them any more."""
    before = first_holding()
    hold(share, before)
    assert {result.status for result in sync().results} == {IngestStatus.CREATED}
    assert stored(empty_citewell, share) == before
    known = ids_and_readers(empty_citewell, share)
    assert {groups for _, groups in known.values()} == {frozenset({OWNER})}
    after = next_holding(before)
    hold(share, after)
    closed = {path for path in after if path.startswith("folder 9/")}
    for path in closed:
        (share / path).chmod(0)
    with pytest.raises(KeyboardInterrupt):
        empty_citewell.documents.sync([share], on_result=interrupt_after(33))
    report = sync()
    assert (report.problems, report.failed_before, report.kept) == ((), 0, ())
    assert stored(empty_citewell, share) == after
    now = ids_and_readers(empty_citewell, share)
    assert {path: groups for path, (_, groups) in now.items()} == {
        path: frozenset() if path in closed else frozenset({OWNER}) for path in after
    }
    assert len(closed) == 10
    moved = [path for path in after if path.startswith("moved/")]
    assert [now[path][0] for path in moved] == [known[path.removeprefix("moved/")][0] for path in moved]
    assert [check for check in empty_citewell.maintenance.check() if not check.ok] == []


def test_a_share_that_is_not_mounted_removes_nothing(empty_citewell: Citewell, share: Path, sync: Sync) -> None:
    before = first_holding(10)
    hold(share, before)
    sync()
    write_all(share, {})
    assert len(sync().kept) == 10
    assert stored(empty_citewell, share) == before
