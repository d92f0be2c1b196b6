"""Files that other nodes read: the same documents and vectors as without them, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag import read
from rag.app import Citewell
from rag.errors import StorageUnreachable
from rag.ingest.prepare import Preparer
from rag.ingest.results import IngestResult
from rag.ingest.spread.helper import Helper
from rag.ingest.spread.parcel import pack, unpack
from rag.records import Document, Source
from rag.settings import Settings
from rag.store.base import IngestStatus
from tests.support.access import EVERYTHING
from tests.support.barrels import text_of, token
from tests.support.fakes import HashEmbedder
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_for

COUNT = 12


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as address:
        yield address


@pytest.fixture
def node(url: str, tmp_path: Path) -> Iterator[Citewell]:
    """The node that is told to bring documents in."""
    settings = Settings(data_dir=tmp_path / "node", database=url, reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as opened:
        yield opened


@pytest.fixture
def another(node: Citewell, tmp_path: Path) -> Iterator[Citewell]:
    settings = replace(node.settings, data_dir=tmp_path / "another")
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "papers"
    made.mkdir()
    for number in range(COUNT):
        (made / f"{number:02}.txt").write_text(text_of(number))
    return made


@pytest.fixture
def ended() -> list[str]:
    """How the jobs of the helper ended."""
    return []


@pytest.fixture
def helper(another: Citewell, ended: list[str]) -> Helper:
    made = another.documents.helper(ended.append)
    assert made is not None
    return made


def documents_of(citewell: Citewell) -> dict[str, tuple[Document, list[bytes]]]:
    """Each document by its id, with the vectors of its passages."""
    found = {}
    for info in citewell.documents.all(access=EVERYTHING):
        ids = citewell.store.chunk_ids(EVERYTHING, info.source.id)
        _, rows = citewell.store.chunk_vectors(EVERYTHING, ids)
        document = citewell.documents.get(info.source.id, access=EVERYTHING)
        found[info.source.id] = document, [row.tobytes() for row in rows]
    return found


def test_documents_that_another_node_has_read_are_what_they_are_without_it(
    node: Citewell, helper: Helper, ended: list[str], folder: Path, tmp_path: Path
) -> None:
    helper.start()
    assert wait_for(lambda: node.store.jobs is not None and node.store.jobs.helpers(helper._made_with) == 1)
    results = node.documents.ingest([folder], on_result=lambda *_: wait_for_one(ended))
    helper.stop()
    assert [(result.status, Path(result.location).name) for result in results] == [
        (IngestStatus.CREATED, f"{number:02}.txt") for number in range(COUNT)
    ]
    assert node.documents.read_by_others > 0
    assert set(ended) == {"made"}
    alone = Settings(data_dir=tmp_path / "alone", reader=False)
    with Citewell.open(alone, embedder=HashEmbedder(), create=True) as without:
        without.documents.ingest([folder])
        assert documents_of(node) == documents_of(without)


def wait_for_one(ended: list[str]) -> None:
    """Until the helper has done something, so that it is not too late for all of it on a busy machine."""
    assert wait_for(lambda: bool(ended))


def test_without_other_nodes_nothing_is_handed_out(
    node: Citewell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.store.jobs, "offer", None)
    results = node.documents.ingest([folder])
    assert [result.status for result in results] == [IngestStatus.CREATED] * COUNT


def test_a_node_that_takes_a_file_and_dies_costs_its_lease(
    node: Citewell, another: Citewell, helper: Helper, folder: Path
) -> None:
    jobs, own = another.store.jobs, node.store.jobs
    assert jobs is not None and own is not None
    jobs.take(helper._made_with)  # so that others know of it
    taken: list[str] = []

    def take_one(_: IngestResult, _number: int, _total: int) -> None:
        job = jobs.take(helper._made_with) if not taken else None
        if job is not None:
            taken.append(job.source.location)
            with node.store.connections.writing() as connection:  # type: ignore[attr-defined]
                connection.execute("UPDATE jobs SET lease_until = clock_timestamp() + interval '1 s'")

    results = node.documents.ingest([folder], on_result=take_one)
    assert len(taken) == 1
    assert [result.status for result in results] == [IngestStatus.CREATED] * COUNT
    assert len(documents_of(node)) == COUNT
    assert node.documents.read_by_others == 0
    assert jobs.take(helper._made_with) is None  # nothing is left behind


def test_a_file_that_cannot_be_read_fails_as_without_other_nodes(
    node: Citewell, helper: Helper, folder: Path, ended: list[str]
) -> None:
    (folder / "05.txt").write_bytes(b"   ")
    helper.help_once()
    results = node.documents.ingest([folder], on_result=lambda *_: help_all(helper))
    assert "refused" in ended
    assert [result.error for result in results if result.error] == [
        f"{folder}/05.txt: the file is empty; a document with text was expected"
    ]
    assert len(documents_of(node)) == COUNT - 1


def test_a_sync_is_helped_too_and_what_changed_meanwhile_is_read_as_it_is(
    node: Citewell, helper: Helper, folder: Path
) -> None:
    helper.help_once()

    def help_and_change(_: IngestResult, number: int, _total: int) -> None:
        help_all(helper)
        if number == 1:
            (folder / "06.txt").write_text(text_of(6, 1))

    report = node.documents.sync([folder], on_result=help_and_change)
    assert len(report.results) == COUNT
    assert node.documents.read_by_others > 0
    texts = [document.text for document, _ in documents_of(node).values()]
    assert [sum(token(6, version) in text for text in texts) for version in (0, 1)] == [0, 1]


def test_what_another_node_has_made_of_other_texts_is_not_used(node: Citewell, helper: Helper, folder: Path) -> None:
    helper._make = lambda data, source: other_text(data, source)
    helper.help_once()
    node.documents.ingest([folder], on_result=lambda *_: help_all(helper))
    assert node.documents.read_by_others == 0
    assert sorted(document.text for document, _ in documents_of(node).values()) == sorted(
        read.read_bytes(text_of(number).encode(), Source("a", "", "a")).text for number in range(COUNT)
    )


def help_all(helper: Helper) -> None:
    """All jobs that there are now are done."""
    while helper.help_once():
        pass


def other_text(data: bytes, source: Source) -> bytes:
    """The text of the file with the vectors of another one."""
    embedded = Preparer(HashEmbedder(), "en").embed(read.read_bytes(b"Ships waited outside.", source))
    return pack(read.read_bytes(data, source), embedded)


@pytest.mark.parametrize("damage", [lambda packed: packed[:-1], lambda packed: packed + b"x", lambda _: b"nonsense"])
def test_what_is_no_parcel_is_refused(damage: Callable[[bytes], bytes]) -> None:
    data, source = b"The harbour froze in January.", Source("a", "", "/harbour.txt")
    document = read.read_bytes(data, source)
    embedded = Preparer(HashEmbedder(), "en").embed(document)
    packed = pack(document, embedded)
    found, rows = unpack(packed, data, source)
    assert found == document
    assert np.array_equal(rows.rows, embedded.rows)
    with pytest.raises(ValueError, match=r"what another node has made of /harbour\.txt cannot be used"):
        unpack(damage(packed), data, source)


def test_a_helper_goes_on_when_the_database_was_away(
    node: Citewell, helper: Helper, ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    take = helper._jobs.take
    was_away: list[bool] = []

    def away_once(made_with: str) -> object:
        if not was_away:
            was_away.append(True)
            raise StorageUnreachable("The database is away.")
        return take(made_with)

    monkeypatch.setattr(helper._jobs, "take", away_once)
    helper.start()
    assert node.store.jobs is not None
    node.store.jobs.offer("key", Source("a", "", "/a.txt"), b"The harbour froze.", made_with=helper._made_with)
    assert wait_for(lambda: ended == ["made"])
    helper.stop()
