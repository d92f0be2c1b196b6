from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path

import apsw
import numpy as np
import pytest
from samples import MODEL, open_store, parts, put, unit_rows

from rag.errors import DocumentNotFound, IndexMissing, ModelMismatch, StorageError
from rag.records import Chunk, DocumentInfo, IngestStatus, SentenceKind, Source, Span, StoredSentence
from rag.store import Store
from rag.store.database import refuse_old_sqlite
from rag.words import plain_words, stem

LINES = ("The harbour froze in January.", "Ships waited outside.", "Naïve ☃ readers 😀 understood.")


@pytest.fixture
def store(tmp_path: Path):
    with open_store(tmp_path / "data") as opened:
        yield opened


def test_a_document_comes_back_as_it_was_put(store: Store) -> None:
    given = parts("a", *LINES)
    assert store.put_document(*given) == IngestStatus.CREATED
    assert store.document("a") == given.document
    assert store.sentences("a") == [
        StoredSentence(position + 1, position, s.span, s.kind, s.span.of(given.document.text), s.section, s.page)
        for position, s in enumerate(given.sentences)
    ]


def test_chunks_carry_their_sentences_and_missing_ids_are_absent(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    chunks = store.chunks([2, 1, 99])
    assert sorted(chunks) == [1, 2]
    sentences = store.sentences("a")
    assert [chunks[1].sentences, chunks[2].sentences] == [tuple(sentences[1:3]), tuple(sentences[3:4])]
    for chunk, passage in zip((chunks[1], chunks[2]), given.passages, strict=True):
        assert chunk.text == chunk.span.of(given.document.text)
        assert (chunk.source, chunk.text_sha256) == (given.document.source, given.document.text_sha256)
        assert (chunk.span, chunk.section, chunk.page) == (passage.span, passage.section, passage.page)
        assert chunk.updated_at == store.documents()[0].updated_at


def test_vectors_come_back_exactly_and_only_statements_have_one(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    ids, vectors = store.chunk_vectors(store.all_chunk_ids().tolist())
    assert (ids.dtype, ids.tolist(), vectors.dtype) == (np.int64, [1, 2], np.float32)
    np.testing.assert_array_equal(vectors, given.passage_vectors)
    chunks, sentences, found = store.sentence_vectors([2, 1, 99])
    quotable = {
        chunk.id: [s.id for s in chunk.sentences if s.kind is SentenceKind.STATEMENT] for chunk in ordered(store)
    }
    assert list(zip(chunks.tolist(), sentences.tolist(), strict=True)) == [
        (c, s) for c in quotable for s in quotable[c]
    ]
    np.testing.assert_array_equal(found, given.sentence_vectors)


def ordered(store: Store) -> list[Chunk]:
    """All chunks by their ids."""
    return [chunk for _, chunk in sorted(store.chunks(store.all_chunk_ids().tolist()).items())]


def test_chunks_come_in_blocks_with_their_vectors_and_stems(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    with store.snapshot():
        blocks = list(store.chunk_blocks(size=1))
        assert [ids.tolist() for ids, _, _ in store.chunk_blocks(above=1)] == [[2]]
    assert [ids.tolist() for ids, _, _ in blocks] == [[1], [2]]
    np.testing.assert_array_equal(np.concatenate([vectors for _, vectors, _ in blocks]), given.passage_vectors)
    texts = [passage.search_text for passage in given.passages]
    assert [stems for _, _, [stems] in blocks] == [[stem(word) for word in plain_words(text)] for text in texts]


def test_totals_that_are_wrong_are_found_and_counted_again(store: Store, tmp_path: Path) -> None:
    store.put_document(*parts("a", *LINES))
    before = store.counts()
    with apsw.Connection(str(next(tmp_path.rglob("citewell.sqlite")))) as connection:
        connection.execute("UPDATE totals SET count = 7 WHERE name = 'chunks'")
    wrong = [check.detail for check in store.check() if not check.ok]
    assert wrong == ["7 chunks are counted, and 2 are there; `rag rebuild` counts again"]
    store.rebuild_words()
    assert (store.counts(), [check for check in store.check() if not check.ok]) == (before, [])


def test_what_was_removed_since_a_change_is_known_until_it_is_forgotten(store: Store) -> None:
    tokens = [store.change_token(0)]
    for name in ("a", "b", "a"):
        store.put_document(*parts(name, f"The {name} was written at {len(tokens)} o'clock."))
        tokens.append(store.change_token(len(tokens)))
    store.delete_document("b")
    assert len({*tokens, None, store.change_token(4)}) == 6
    assert [store.removed_since(number).tolist() for number in range(5)] == [[1, 2], [1, 2], [1, 2], [2], []]
    store.forget_changes_before(3)
    assert [store.change_token(number) is None for number in range(6)] == [True, True, True, False, False, True]
    assert store.removed_since(3).tolist() == [2]


def test_an_empty_store_has_nothing_of_the_right_shape(store: Store) -> None:
    ids, vectors = store.chunk_vectors(store.all_chunk_ids().tolist())
    assert (ids.shape, vectors.shape) == ((0,), (0, MODEL.dimension))
    assert (store.counts(), store.documents(), store.chunks([1]), store.search_words(["a"], 5)) == (
        (0, 0, 0),
        [],
        {},
        [],
    )


def test_a_document_without_sentences_is_kept(store: Store) -> None:
    given = parts("a")
    no_vectors = np.zeros((0, MODEL.dimension), np.float32)
    assert store.put_document(given.document, [], no_vectors, [], no_vectors) == IngestStatus.CREATED
    assert (store.counts(), store.document("a")) == ((1, 0, 0), given.document)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, IngestStatus.UNCHANGED, id="same"),
        pytest.param({"warnings": ()}, IngestStatus.UNCHANGED, id="warnings"),
        pytest.param({"content_sha256": "cd" * 32}, IngestStatus.UPDATED, id="bytes"),
        pytest.param({"text_sha256": "cd" * 32}, IngestStatus.UPDATED, id="text"),
        pytest.param({"source": Source("a", "Another title", "/documents/a.txt")}, IngestStatus.UPDATED, id="title"),
        pytest.param({"source": Source("a", "Title of a", "/elsewhere/a.txt")}, IngestStatus.UPDATED, id="location"),
    ],
)
def test_only_a_document_that_differs_is_written_again(
    store: Store, changes: dict[str, object], expected: IngestStatus
) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    changed = given._replace(document=dataclasses.replace(given.document, **changes))
    assert store.put_document(*changed) == expected
    assert store.change_number() == (1 if expected is IngestStatus.UNCHANGED else 2)


def test_force_writes_an_unchanged_document_again(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    assert store.put_document(*given, force=True) == IngestStatus.UPDATED
    assert sorted(store.chunks(range(10))) == [3, 4]


def test_ids_are_never_used_again(store: Store) -> None:
    put(store, "a", *LINES)
    store.delete_document("a")
    put(store, "b", *LINES)
    assert store.chunk_vectors(store.all_chunk_ids().tolist())[0].tolist() == [3, 4]
    assert min(sentence.id for sentence in store.sentences("b")) == len(LINES) + 2


def test_a_new_version_replaces_the_old_one_whole(store: Store) -> None:
    put(store, "a", *LINES)
    created_at = store.documents()[0].created_at
    given = parts("a", "Nothing froze this year.")
    assert store.put_document(*given) == IngestStatus.UPDATED
    assert store.document("a") == given.document
    assert (store.counts(), store.search_words(["harbour"], 5)) == ((1, 2, 1), [])
    assert store.documents()[0].created_at == created_at


def test_each_change_counts_one_and_other_connections_see_it(store: Store, tmp_path: Path) -> None:
    with Store.open(tmp_path / "data") as other:
        assert other.change_number() == 0
        put(store, "a", *LINES)
        put(store, "b", *LINES)
        put(store, "b", *LINES)
        store.delete_document("a")
        store.add_feedback("answer", None, "relevant", None, "")
        assert (other.change_number(), store.change_number()) == (3, 3)
        assert other.database_id == store.database_id


def test_documents_are_listed_by_title_then_id(store: Store) -> None:
    for document_id, title in (("x", "B"), ("z", "A"), ("y", "A")):
        store.put_document(*parts(document_id, *LINES, title=title))
    listed = store.documents()
    assert [info.source.id for info in listed] == ["y", "z", "x"]
    document = store.document("y")
    assert listed[0] == DocumentInfo(
        source=document.source,
        content_sha256=document.content_sha256,
        text_sha256=document.text_sha256,
        characters=len(document.text),
        sentences=4,
        chunks=2,
        created_at=listed[0].created_at,
        updated_at=listed[0].created_at,
        warnings=("a warning",),
        pages=1,
    )


def test_the_stored_hash_is_that_of_the_bytes(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    assert (store.stored_hash("a"), store.stored_hash("b")) == (given.document.content_sha256, None)


@pytest.mark.parametrize("method", ["document", "sentences", "delete_document"])
def test_an_unknown_id_is_named(store: Store, method: str) -> None:
    for document_id in ("nobody", "", "\ud800", "a\0", "' OR 1=1 --"):
        with pytest.raises(DocumentNotFound) as caught:
            getattr(store, method)(document_id)
        assert str(caught.value).startswith(f"no document has the id {document_id!r}; `rag documents` lists")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"sentence_vectors": unit_rows(2)}, r"sentence_vectors has shape \(2, 4\); expected \(3, 4\)", id="rows"
        ),
        pytest.param(
            {"passage_vectors": unit_rows(2, 5)}, r"passage_vectors has shape \(2, 5\); expected \(2, 4\)", id="dim"
        ),
        pytest.param({"passage_vectors": np.full((2, 4), np.nan)}, "not a finite number", id="nan"),
        pytest.param({"sentences": []}, r"sentence_vectors has shape \(3, 4\); expected \(0, 4\)", id="no-sentences"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(store: Store, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        store.put_document(*parts("a", *LINES)._replace(**changes))
    assert (store.counts(), store.change_number()) == ((0, 0, 0), 0)


def test_a_place_outside_of_the_text_is_refused(store: Store) -> None:
    given = parts("a", *LINES)
    sentences = [*given.sentences[:-1], dataclasses.replace(given.sentences[-1], span=Span(3, 500))]
    with pytest.raises(ValueError, match="ends after the text of a"):
        store.put_document(*given._replace(sentences=sentences))
    passages = [given.passages[0], dataclasses.replace(given.passages[1], last=9)]
    with pytest.raises(ValueError, match="a passage has sentences 3 to 9 of 4"):
        store.put_document(*given._replace(passages=passages))


def test_a_put_that_fails_half_way_leaves_the_old_version(store: Store) -> None:
    put(store, "a", *LINES)
    given = parts("a", "Nothing froze this year.")
    passages = [dataclasses.replace(given.passages[0], search_text="half a pair \ud800")]
    with pytest.raises(UnicodeEncodeError):
        store.put_document(*given._replace(passages=passages))
    assert (store.counts(), store.change_number()) == ((1, 4, 2), 1)
    assert store.document("a") == parts("a", *LINES).document
    assert len(store.search_words(["harbour"], 5)) == 1


def test_feedback_does_not_wait_for_an_ingest(store: Store) -> None:
    with store.write_lock():
        thread = threading.Thread(target=store.add_feedback, args=("answer", None, "relevant", None, ""))
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_vectors_need_a_model_first(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, pytest.raises(ValueError, match="call bind_model"):
        put(store, "a", *LINES)


def test_a_store_is_bound_to_one_model(store: Store, tmp_path: Path) -> None:
    assert store.model() == MODEL
    store.bind_model(MODEL)
    other = dataclasses.replace(MODEL, name="other model", sha256="cd" * 32, dimension=8)
    with pytest.raises(
        ModelMismatch, match=r"of the model test model \(4 dim.*; this is other model \(8 dim.*another data"
    ):
        store.bind_model(other)
    with Store.open(tmp_path / "data") as again:
        assert again.model() == MODEL


def test_feedback_is_kept(store: Store, tmp_path: Path) -> None:
    assert store.add_feedback("first", "Why?", "relevant", 1, "yes") == 1
    assert store.add_feedback("second", None, "not_relevant", None, "half \ud83d") == 2
    with pytest.raises(ValueError, match="relevance is 'good'"):
        store.add_feedback("third", None, "good", None, "")
    with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
        rows = connection.execute(
            "SELECT answer_id, question, relevance, citation_number, comment FROM feedback"
        ).fetchall()
    assert rows == [("first", "Why?", "relevant", 1, "yes"), ("second", None, "not_relevant", None, "half ?")]


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        put(store, "a", *LINES)
        database_id = store.database_id
    with Store.open(tmp_path / "data", create=False) as store:
        assert (store.database_id, store.change_number(), store.counts()) == (database_id, 1, (1, 4, 2))
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["citewell.sqlite", "write.lock"]


def test_two_databases_have_different_ids(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a") as a, Store.open(tmp_path / "b") as b:
        assert a.database_id != b.database_id


def test_a_new_data_directory_is_private(tmp_path: Path) -> None:
    Store.open(tmp_path / "deep" / "data").close()
    assert (tmp_path / "deep" / "data").stat().st_mode & 0o777 == 0o700


def test_nothing_is_created_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"holds no documents yet.*rag ingest"):
        Store.open(tmp_path / "data", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    for call in (store.change_number, lambda: put(store, "a", *LINES)):
        with pytest.raises(ValueError, match="the store is closed"):
            call()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.9"])
def test_an_sqlite_that_loses_commits_is_refused(version: str) -> None:
    with pytest.raises(StorageError, match=rf"SQLite {version} can lose.*expected 3\.51\.3 or newer.*apsw"):
        refuse_old_sqlite(version)
    refuse_old_sqlite("3.51.3")


def test_commits_are_on_the_disk_before_they_are_acknowledged(store: Store) -> None:
    with store._database.writing() as connection:
        found = {
            name: connection.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_readers_and_a_writer_do_not_disturb_each_other(store: Store) -> None:
    """Every version of the document says its number in every sentence: a torn read would mix two, or lack some."""
    put(store, "a", *(f"Version 0 line x{line}." for line in range(6)))
    stop, problems, reads = threading.Event(), [], [0] * 4

    def versions(text: str) -> set[str]:
        return {word for word in text.split() if word.isdecimal()}

    def read(reader: int) -> None:
        while not stop.is_set():
            try:
                sentences = store.sentences("a")
                document = store.document("a")
                chunks = store.chunks([chunk_id for chunk_id, _ in store.search_words(["version"], 10)])
            except Exception as error:  # noqa: BLE001 - any error at all fails the test
                problems.append(repr(error))
                return
            if (len(sentences), len(document.blocks)) != (7, 7):
                problems.append(f"{len(sentences)} sentences, {len(document.blocks)} blocks")
            texts = ["\n".join(sentence.text for sentence in sentences), document.text]
            for chunk in chunks.values():
                texts.append(chunk.text)
                if chunk.text != "\n".join(sentence.text for sentence in chunk.sentences):
                    problems.append(str(chunk))
            problems.extend(text for text in texts if len(versions(text)) != 1)
            reads[reader] += 1

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(4)]
    for thread in threads:
        thread.start()
    end, version = time.monotonic() + 1.0, 0
    while time.monotonic() < end:
        version += 1
        put(store, "a", *(f"Version {version} line x{line}." for line in range(6)))
    stop.set()
    for thread in threads:
        thread.join()
    assert problems[:3] == []
    assert min(reads) > 0
    assert version > 1


def test_a_snapshot_stays_at_its_moment(store: Store) -> None:
    put(store, "a", *LINES)
    with store.snapshot():
        before = (store.change_number(), store.counts())
        thread = threading.Thread(target=put, args=(store, "b", *LINES))
        thread.start()
        thread.join()
        assert (store.change_number(), store.counts()) == before == (1, (1, 4, 2))
    assert (store.change_number(), store.counts()) == (2, (2, 8, 4))


def test_writing_threads_take_turns(store: Store) -> None:
    def write(name: str) -> None:
        for number in range(10):
            put(store, f"{name}{number}", *LINES)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (store.counts()[0], store.change_number()) == (30, 30)


def test_a_sound_database_passes_every_check(store: Store) -> None:
    put(store, "a", *LINES)
    assert [(check.name, check.ok) for check in store.check()] == [
        ("database", True),
        ("texts", True),
        ("originals", True),
        ("vectors", True),
        ("word index", True),
    ]


@pytest.mark.parametrize(
    ("damage", "name", "detail"),
    [
        pytest.param(
            "UPDATE sentences SET text = 'Ships sank.' WHERE position = 2",
            "texts",
            "1 sentences or chunks",
            id="sentence",
        ),
        pytest.param("UPDATE documents SET text = text || '!'", "texts", "not the one that was hashed", id="text"),
        pytest.param("DELETE FROM chunk_vectors WHERE chunk = 1", "vectors", "2 chunks have 1 vectors", id="missing"),
        pytest.param("UPDATE sentence_vectors SET vector = x'00'", "vectors", "3 have the wrong dimension", id="short"),
        pytest.param(
            "UPDATE sentence_vectors SET vector = x'0000803f0000803f0000000000000000' WHERE sentence = 2",
            "vectors",
            "1 are not of length 1",
            id="long",
        ),
        pytest.param(
            "INSERT INTO chunk_vectors VALUES (77, x'00000000000000000000000000000000')",
            "database",
            "a row of chunk_vectors belongs to no row of chunks",
            id="orphan",
        ),
    ],
)
def test_a_check_finds_rows_that_do_not_belong_together(
    store: Store, tmp_path: Path, damage: str, name: str, detail: str
) -> None:
    put(store, "a", *LINES)
    with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
        connection.execute(damage)
    found = {check.name: check for check in store.check()}
    assert not found[name].ok
    assert detail in found[name].detail


def test_a_chunk_cannot_be_changed_behind_the_word_index(store: Store, tmp_path: Path) -> None:
    put(store, "a", *LINES)
    connection = apsw.Connection(str(tmp_path / "data" / "citewell.sqlite"))
    with pytest.raises(apsw.ConstraintError, match="never updated"):
        connection.execute("UPDATE chunks SET search_text = ''")
    connection.close()
