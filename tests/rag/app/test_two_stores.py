"""The same documents in both kinds of store: the same answers, over several nodes too, and moved there and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.app.store_moving import move_store
from rag.app.store_opening import open_store
from rag.errors import InputError, ModelMismatch, StorageBusy, StorageError
from rag.records import Access, Answer, GivenBy
from rag.settings import Settings
from rag.store.base import DocumentGroups
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.postgres import PostgresServer
from tests.support.stores import MODEL

ANN = Access("ann", frozenset({"staff"}))
NOBODY = Access("", frozenset())
TEXTS = {
    "harbour": "The harbour froze in January. Ships waited outside for nine days.\n\nThe ice was 1.5 metres thick.",
    "loans": "A loan lasts four weeks. It can be renewed twice, unless somebody waits for the book.",
    "salaries": "Salaries are paid on the 25th. Whoever joins in May is paid in June.",
    "rules": "Visitors may not:\n\n- run in the hall\n- bring bicycles inside\n\nThe hall closes at 18:00.",
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
QUESTIONS = (
    *("When did the harbour freeze?", "How long did ships wait?", "How thick was the ice?", "1.5 metres"),
    *("How long does a loan last?", "How often can a loan be renewed?", "When are salaries paid?"),
    *("When is somebody paid who joins in May?", "What may visitors not do?", "When does the hall close?"),
    *("Who was the first queen of Mars?", "ice"),
)


def asked(citewell: Citewell, access: Access) -> list[Answer]:
    """The answers to QUESTIONS."""
    return [citewell.questions.ask(question, access=access) for question in QUESTIONS]


def written(answers: list[Answer]) -> str:
    """Answers to the last bit of every score, without what differs from one time to the next."""
    return MOMENT.sub("", repr([replace(answer, id="", timings_ms={}) for answer in answers]))


def fill(citewell: Citewell, folder: Path) -> None:
    """Bring TEXTS in, and let Ann read two of them."""
    if not folder.exists():  # the same files for every store: their times are part of a document
        folder.mkdir()
        for name, text in TEXTS.items():
            (folder / f"{name}.md").write_text(text)
    citewell.documents.ingest([folder])
    for info in citewell.store.documents(EVERYTHING):
        groups = frozenset({"staff"}) if Path(info.source.location).stem in ("harbour", "rules") else frozenset()
        citewell.store.set_groups([DocumentGroups(info.source.id, groups, GivenBy.HAND)])


def opened(data_dir: Path, database: str = "") -> Citewell:
    settings = Settings(data_dir=data_dir, database=database, reader=False)
    return Citewell.open(settings, embedder=HashEmbedder(), create=True)


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as address:
        yield address


def test_answers_are_the_same_on_both_stores_for_whoever_asks(url: str, tmp_path: Path) -> None:
    with opened(tmp_path / "embedded") as embedded, opened(tmp_path / "node", url) as shared:
        for citewell in (embedded, shared):
            fill(citewell, tmp_path / "documents")
        for access in (EVERYTHING, ANN, NOBODY):
            assert written(asked(shared, access)) == written(asked(embedded, access))
        cited = [{c.place.source.title for a in asked(shared, who) for c in a.citations} for who in (EVERYTHING, ANN)]
        assert (len(cited[0]), len(cited[1])) == (4, 2)
        assert not any(answer.citations or answer.passages for answer in asked(shared, NOBODY))


def test_answers_by_words_alone_are_the_same_on_both_stores(url: str, tmp_path: Path) -> None:
    """As while the vector index is being made again: then the store finds the passages."""
    words = ["harbour", "1.5", "ice", "the", "loan", "paid", "can't", "hall", "the"]
    with opened(tmp_path / "embedded") as embedded, opened(tmp_path / "node", url) as shared:
        for citewell in (embedded, shared):
            fill(citewell, tmp_path / "documents")
        for access in (EVERYTHING, ANN, NOBODY):
            found = [
                (
                    one.store.search_words(access, words, 20),
                    one.store.chunk_frequencies(access, words),
                    one.store.phrase_counts(access, "1.5"),
                    one.store.word_stems(words),
                    one.store.counts(access),
                    one.store.content_number(access),
                )
                for one in (embedded, shared)
            ]
            assert found[0] == found[1]


def test_what_one_node_stores_the_other_answers_from(url: str, tmp_path: Path) -> None:
    with opened(tmp_path / "first", url) as first, opened(tmp_path / "second", url) as second:
        assert asked(second, EVERYTHING)[0].citations == ()
        fill(first, tmp_path / "documents")
        assert written(asked(second, EVERYTHING)) == written(asked(first, EVERYTHING))
        assert asked(second, EVERYTHING)[0].citations[0].quote == "The harbour froze in January."
        (harbour,) = (i.source.id for i in second.store.documents(ANN) if "harbour" in i.source.location)
        second.store.set_groups([DocumentGroups(harbour, frozenset({"board"}), GivenBy.HAND)])
        assert asked(first, ANN)[0].citations == ()
        second.documents.remove(harbour)
        assert asked(first, EVERYTHING)[0].citations == ()
        assert [check.name for check in first.maintenance.check() if not check.ok] == []


def test_everything_of_the_database_is_in_a_backup_that_is_put_back_into_a_directory(url: str, tmp_path: Path) -> None:
    with opened(tmp_path / "node", url) as shared:
        fill(shared, tmp_path / "documents")
        before = written(asked(shared, ANN))
        shared.maintenance.back_up(tmp_path / "backup")
    with pytest.raises(InputError, match="restored by its own means"):
        Citewell.restore(tmp_path / "backup", Settings(data_dir=tmp_path / "back", database=url))
    Citewell.restore(tmp_path / "backup", Settings(data_dir=tmp_path / "back"))
    with opened(tmp_path / "back") as restored:
        assert written(asked(restored, ANN)) == before
        assert [check.name for check in restored.maintenance.check() if not check.ok] == []


def test_a_directory_is_moved_into_a_database_and_back(url: str, tmp_path: Path) -> None:
    embedded = Settings(data_dir=tmp_path / "embedded", reader=False)
    with opened(embedded.data_dir) as citewell:
        fill(citewell, tmp_path / "documents")
        before = written(asked(citewell, ANN))
        numbers = [one.id for one in citewell.store.sentences(EVERYTHING, citewell.store.documents(ANN)[0].source.id)]
    there = move_store(embedded, url)
    shared = Settings(data_dir=tmp_path / "node", database=url, reader=False)
    back = move_store(shared, str(tmp_path / "back"))
    assert there == back
    assert sum(one.rows for one in there) > 50
    for data_dir, database in ((shared.data_dir, url), (tmp_path / "back", "")):
        with opened(data_dir, database) as citewell:
            assert written(asked(citewell, ANN)) == before
            assert [check.name for check in citewell.maintenance.check() if not check.ok] == []
            first = citewell.store.documents(ANN)[0].source.id
            assert [one.id for one in citewell.store.sentences(EVERYTHING, first)] == numbers
            (tmp_path / "documents" / "new.md").write_text("The lighthouse is 40 metres high.")
            citewell.documents.ingest([tmp_path / "documents" / "new.md"])
            answer = citewell.questions.ask("How high is the lighthouse?", access=EVERYTHING)
            assert [citation.quote for citation in answer.citations] == ["The lighthouse is 40 metres high."]


class BrokenOff(Exception):
    """As when the command is interrupted."""


def test_a_move_that_is_broken_off_is_no_store_and_goes_on(url: str, tmp_path: Path) -> None:
    embedded = Settings(data_dir=tmp_path / "embedded", reader=False)
    with opened(embedded.data_dir) as citewell:
        fill(citewell, tmp_path / "documents")
    seen: list[str] = []

    def break_off(table: str, _: int) -> None:
        seen.append(table)
        if table == "sentences":
            raise BrokenOff

    with pytest.raises(BrokenOff):
        move_store(embedded, url, counted=break_off)
    with pytest.raises(StorageError, match="only half moved"):
        open_store(Settings(data_dir=tmp_path / "node", database=url))
    resumed: list[str] = []
    move_store(embedded, url, counted=lambda table, _: resumed.append(table))
    assert not set(seen) & set(resumed)
    assert "sentence_vectors" in resumed
    with closing(open_store(Settings(data_dir=tmp_path / "node", database=url))) as store:
        assert store.counts(EVERYTHING)[0] == len(TEXTS)


def test_a_target_that_holds_something_or_is_for_another_model_is_refused(url: str, tmp_path: Path) -> None:
    embedded = Settings(data_dir=tmp_path / "embedded", reader=False)
    with opened(embedded.data_dir) as citewell:
        fill(citewell, tmp_path / "documents")
    with pytest.raises(InputError, match="where the documents are already"):
        move_store(embedded, str(embedded.data_dir))
    with closing(open_store(Settings(data_dir=tmp_path / "node", database=url))) as store:
        store.bind_model(MODEL)
    with pytest.raises(ModelMismatch, match=r"of the model test model \(.*and these are of hash"):
        move_store(embedded, url)
    with closing(open_store(Settings(data_dir=tmp_path / "filled"))) as store:
        store.add_feedback("answer", None, "relevant", None, "")
    with pytest.raises(InputError, match="is not empty: it holds feedback"):
        move_store(embedded, str(tmp_path / "filled"))


def test_nothing_is_moved_while_somebody_writes(url: str, tmp_path: Path) -> None:
    embedded = Settings(data_dir=tmp_path / "embedded", reader=False)
    opened(embedded.data_dir).close()
    with (
        closing(open_store(Settings(data_dir=tmp_path / "node", database=url))) as node,
        node.write_lock(),
        pytest.raises(StorageBusy, match="is writing to the PostgreSQL database"),
    ):
        move_store(embedded, url)
