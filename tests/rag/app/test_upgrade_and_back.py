"""A data directory of an earlier release is used as any other, and what going back to that release means."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from rag.app import Citewell
from rag.app.maintain import maintain
from rag.errors import StorageTooNew
from rag.records import Access
from rag.store.sqlite.upgrades import SCHEMA_VERSION
from tests.support.fakes import HashEmbedder
from tests.support.places import DATA
from web.settings import WebSettings

RELEASE = DATA / "releases" / "0.1.0" / "citewell.sqlite.gz"
EVERYTHING = Access.everything()
# The format of 0.1.0. It refuses any that is higher before it reads or writes anything else, as today's program does.
FORMAT = 6


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A backup by that release: it wrote the database alone."""
    path = tmp_path / "before.sqlite"
    path.write_bytes(gzip.decompress(RELEASE.read_bytes()))
    return path


@pytest.fixture
def upgraded(before: Path, settings: WebSettings, embedder: HashEmbedder) -> Iterator[Citewell]:
    settings.data_dir.mkdir()
    (settings.data_dir / "citewell.sqlite").write_bytes(before.read_bytes())
    with Citewell.open(settings, embedder=embedder) as citewell:
        yield citewell


def format_of(path: Path) -> int:
    with apsw.Connection(path.as_uri() + "?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI) as it:
        found: int = it.pragma("user_version")
    it.close()
    return found


def texts(citewell: Citewell) -> dict[str, str]:
    return {info.source.id: info.text_sha256 for info in citewell.documents.all(access=EVERYTHING)}


def test_it_is_searched_asked_added_to_looked_after_and_backed_up(upgraded: Citewell, tmp_path: Path) -> None:
    hits = upgraded.questions.search("What does a berth cost a night?", access=EVERYTHING)
    assert any("A berth costs 25 euros a night." in hit.chunk.text for hit in hits)
    upgraded.documents.put("tides", b"The tide tables hang beside the door of the office.", media_type="text/plain")
    upgraded.conversations.ask("Where do the tide tables hang?", access=EVERYTHING, keep=True)
    upgraded.documents.remove("harbour")
    checks = {step.name: step.ok for step in maintain(upgraded).steps}
    assert checks["verify"] and checks["checkpoint"]
    upgraded.maintenance.back_up(tmp_path / "after.sqlite")
    assert format_of(tmp_path / "after.sqlite") == SCHEMA_VERSION > FORMAT


def test_what_that_release_looks_at_first_tells_it_to_refuse(upgraded: Citewell, before: Path) -> None:
    upgraded.store.merge_log()
    assert (format_of(before), format_of(upgraded.settings.data_dir / "citewell.sqlite")) == (FORMAT, SCHEMA_VERSION)


def test_todays_program_refuses_what_a_later_one_has_opened_and_changes_nothing(
    settings: WebSettings, embedder: HashEmbedder, before: Path
) -> None:
    settings.data_dir.mkdir()
    path = settings.data_dir / "citewell.sqlite"
    path.write_bytes(before.read_bytes())
    with apsw.Connection(str(path)) as connection:
        connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    found = path.read_bytes()
    with pytest.raises(StorageTooNew, match=f"has format {SCHEMA_VERSION + 1}; this version .* knows format"):
        Citewell.open(settings, embedder=embedder)
    assert path.read_bytes() == found
    assert [entry.name for entry in settings.data_dir.iterdir() if not entry.name.endswith(("-wal", "-shm"))] == [
        "citewell.sqlite"
    ]
    with pytest.raises(StorageTooNew, match="Update the program first"):
        Citewell.restore(path, replace(settings, data_dir=settings.data_dir.parent / "there"))


def test_a_backup_of_before_is_put_back_and_what_was_there_can_be_had_again(
    upgraded: Citewell, before: Path, embedder: HashEmbedder
) -> None:
    old = texts(upgraded)
    upgraded.documents.put("tides", b"The tide tables hang beside the door of the office.", media_type="text/plain")
    new, settings = texts(upgraded), upgraded.settings
    upgraded.close()
    (aside,) = Citewell.restore(before, settings, replace=True).aside
    with Citewell.open(settings, embedder=embedder) as back:
        assert texts(back) == old
    assert format_of(aside) == SCHEMA_VERSION
    Citewell.restore(aside, settings, replace=True)
    with Citewell.open(settings, embedder=embedder) as again:
        assert texts(again) == new != old
