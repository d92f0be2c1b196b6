"""The store's public face: each method is one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import apsw
import numpy as np

from rag.errors import ModelMismatch, StorageDamaged, StorageReadOnly
from rag.records import (
    Check,
    Chunk,
    Document,
    DocumentInfo,
    FileRecord,
    IngestStatus,
    KnownFile,
    ModelIdentity,
    Passage,
    Sentence,
    SentenceKind,
    SiteThreshold,
    Source,
    StoredSentence,
    Version,
)
from rag.store import changes, checks, conversations, files, originals, rows, versions, word_index
from rag.store.backup import back_up
from rag.store.conversations import Conversations
from rag.store.database import Database
from rag.store.questions import Questions
from rag.store.rows import FloatMatrix, IntVector


class Store:
    """An open data directory. Threads may read at once and write in turn; other processes may read.

    Any method may raise a StorageError that says why the files cannot be used as asked. A change that a method has
    returned from is on the disk; one that raised has left nothing behind.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.database_id = database.database_id
        self.questions = Questions(database)
        self.conversations = Conversations(database)

    @classmethod
    def open(cls, data_dir: Path, *, create: bool = True) -> Store:
        """The store in `data_dir`; with `create`, a new one where there is none. Raises IndexMissing otherwise."""
        return cls(Database(data_dir, create=create))

    def close(self) -> None:
        """Give back every file handle. Closing twice is no error; using a closed store is a ValueError."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def change_number(self) -> int:
        """How many changes to the documents have been committed so far, by any process."""
        with self._database.reading() as connection:
            return changes.change_number(connection)

    def model(self) -> ModelIdentity | None:
        """The embedding model that the vectors are of, or None before the first `bind_model`."""
        with self._database.reading() as connection:
            return _model(connection)

    def bind_model(self, identity: ModelIdentity) -> None:
        """Record the model whose vectors are stored here, once for all. Raises ModelMismatch for another one."""
        if self.model() != identity:
            with self._changing() as connection:
                bound = _model(connection)
                if bound is None:
                    value = json.dumps(asdict(identity))
                    connection.execute("INSERT INTO meta (name, value) VALUES ('model', ?)", (value,))
                elif bound != identity:
                    raise ModelMismatch(
                        f"{self._database.path} has vectors of the model {_name(bound)}; this is {_name(identity)}."
                        " Use that model, or ingest the documents into another data directory."
                    )

    def write_lock(self) -> AbstractContextManager[None]:
        """Keep other processes from writing while the block runs; reentrant, and threads of one store take turns.

        Raises StorageBusy at once when another process has it. Methods that change documents take it themselves.
        """
        return self._database.write_lock.held()

    def confirm_write_lock(self) -> None:
        """Raise StorageBusy when the lock is held here, but someone removed its file, so that others may write too."""
        self._database.write_lock.confirm()

    @contextmanager
    def _changing(self) -> Iterator[apsw.Connection]:
        """A transaction that changes documents, which one process does at a time."""
        with self._database.write_lock.held(), self._database.writing() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything that this thread reads in the block belongs to one moment, whatever is committed meanwhile."""
        with self._database.reading():
            yield

    def stored_hash(self, document_id: str) -> str | None:
        """The SHA-256 of the bytes that this document was read from, or None when it is not there."""
        with self._database.reading() as connection:
            found: str | None = connection.execute(
                "SELECT content_sha256 FROM documents WHERE id = ?", (rows.storable(document_id),)
            ).get
            return found

    def is_stored(self, document: Document) -> bool:
        """Whether exactly this document is there: the same bytes, text, title and location."""
        with self._database.reading() as connection:
            return rows.is_stored(connection, document)

    def put_document(
        self,
        document: Document,
        sentences: Sequence[Sentence],
        sentence_vectors: FloatMatrix,
        passages: Sequence[Passage],
        passage_vectors: FloatMatrix,
        *,
        force: bool = False,
        file: FileRecord | None = None,
        keep_versions: int = 0,
        original: bytes | None = None,
    ) -> IngestStatus:
        """CREATED, UPDATED, or UNCHANGED: this very document is there already, and `force` is not set.

        `sentence_vectors` has one row for each STATEMENT among `sentences`, in order, `passage_vectors` one for each
        passage. Nothing of an older version is found any more, and its chunk ids are never used again; the last
        `keep_versions` texts are kept for citations of them. `file` is remembered in the same commit, unless the
        document is unchanged, and so is `original`, the bytes that the document was read from; that of an older
        version goes in any case. Raises ValueError when the parts do not fit together or no model is bound.
        """
        with self._changing() as connection:
            if not force and rows.is_stored(connection, document):
                return IngestStatus.UNCHANGED
            dimension = _bound_dimension(connection)
            statements = sum(sentence.kind is SentenceKind.STATEMENT for sentence in sentences)
            sentence_rows = _checked_vectors("sentence_vectors", sentence_vectors, statements, dimension)
            passage_rows = _checked_vectors("passage_vectors", passage_vectors, len(passages), dimension)
            _check_places(document, sentences, passages)
            versions.keep_version(
                connection, document.source.id, new_sha256=document.text_sha256, at_most=keep_versions
            )
            created_at = rows.remove_document(connection, document.source.id)
            number = rows.insert_document(connection, document, created_at=created_at)
            if original is not None:
                originals.insert_original(connection, number, original, document.content_sha256)
            rows.insert_sentences(connection, number, document.text, sentences, sentence_rows)
            rows.insert_chunks(connection, number, document.text, passages, passage_rows)
            files.write_files(connection, [file] if file else [])
            changes.count_change(connection)
        if created_at is None:
            return IngestStatus.CREATED
        self._database.empty_log()
        return IngestStatus.UPDATED

    def add_original(self, document: Document, data: bytes) -> None:
        """Keep the bytes of a document that is stored without them; nothing when it has some, or is another by now."""
        with self._changing() as connection:
            if rows.is_stored(connection, document):
                originals.add_original(connection, document, data)

    def delete_document(self, document_id: str, *, file: FileRecord | None = None) -> None:
        """Delete a document, its words, vectors and original included. Raises DocumentNotFound.

        Its text is gone from the files too, at the latest when the last reader that was under way has finished; from
        the conversations that are kept as well. The file that it came from is forgotten, or remembered as `file`.
        """
        with self._changing() as connection:
            if rows.remove_document(connection, document_id) is None:
                raise rows.not_found(document_id)
            versions.forget_versions(connection, document_id)
            conversations.erase_document(connection, document_id)
            files.forget_document(connection, document_id)
            files.write_files(connection, [file] if file else [])
            changes.count_change(connection)
        self._database.empty_log()

    def known_file(self, path: bytes) -> KnownFile | None:
        """What is known of one file, or entry of an archive; None of one that was never read."""
        with self._database.reading() as connection:
            return files.read_file(connection, path)

    def known_files(self, prefix: bytes, location: str) -> list[KnownFile]:
        """What the store has from under a folder, by path; last, with an empty path, what no file is remembered for.

        `prefix` is the folder's path with a slash at its end, `location` the same for people.
        """
        with self._database.reading() as connection:
            return [*files.read_files(connection, prefix), *files.read_unremembered(connection, location)]

    def failed_files(self) -> list[FileRecord]:
        """The files that did not become documents when they were last read, by path."""
        with self._database.reading() as connection:
            return files.read_failed(connection)

    def document_at(self, document_id: str, location: str) -> KnownFile | None:
        """What is known of a document with this id and location that no file is remembered for, if there is one."""
        with self._database.reading() as connection:
            found = files.read_unremembered(connection, location, document_id)
            return found[0] if found else None

    def owner_of(self, document_id: str) -> tuple[bytes, str] | None:
        """Path and location of what this document id belongs to, None for a free one; b"" when no file is known."""
        with self._database.reading() as connection:
            return files.owner_of(connection, document_id)

    def same_content(self) -> list[tuple[str, str]]:
        """SHA-256 and location of each document that was read from the same bytes as another one, sorted."""
        with self._database.reading() as connection:
            return files.same_content(connection)

    def remember_files(
        self,
        records: Sequence[FileRecord],
        *,
        relocated: Sequence[tuple[str, str, str]] = (),
        gone: Sequence[bytes] = (),
    ) -> None:
        """Remember `records`, forget the paths in `gone`, and give documents another location and time of change.

        `relocated` has their id, location and time. All in one commit; the text of a document never changes here.
        """
        with self._changing() as connection:
            files.forget_files(connection, gone)
            files.write_files(connection, records)
            for document_id, location, modified_at in relocated:
                files.relocate(connection, document_id, location, modified_at)
            if relocated:
                changes.count_change(connection)

    def documents(self) -> list[DocumentInfo]:
        """All documents without their text, by title, then id."""
        with self._database.reading() as connection:
            return rows.list_documents(connection)

    def document(self, document_id: str) -> Document:
        """The document as it was put. Raises DocumentNotFound."""
        with self._database.reading() as connection:
            return rows.read_document(connection, document_id)

    def original(self, document_id: str) -> tuple[Source, str, bytes] | None:
        """Source, SHA-256 and bytes of a document's original, None where none is kept. Raises DocumentNotFound."""
        with self._database.reading() as connection:
            return originals.read_original(connection, document_id)

    def original_sha256(self, document_id: str) -> str | None:
        """The SHA-256 of a document's original, None where none is kept. Raises DocumentNotFound."""
        with self._database.reading() as connection:
            return originals.original_sha256(connection, document_id)

    def page_at(self, document_id: str, offset: int) -> int | None:
        """The page on which the sentence begins that has the character at `offset`; None where none is known."""
        with self._database.reading() as connection:
            return rows.page_at(connection, document_id, offset)

    def versions(self, document_id: str) -> list[Version]:
        """The earlier versions of a document that are kept, newest first; none when there is no such document."""
        with self._database.reading() as connection:
            return versions.list_versions(connection, document_id)

    def version(self, document_id: str, sha256: str) -> tuple[Version, Document] | None:
        """The newest earlier version of a document whose text's SHA-256 begins with `sha256`, if it is kept."""
        with self._database.reading() as connection:
            return versions.read_version(connection, document_id, sha256)

    def sentences(self, document_id: str, *, at_most: int | None = None) -> list[StoredSentence]:
        """The sentences of a document in text order, or the first `at_most` of them. Raises DocumentNotFound."""
        with self._database.reading() as connection:
            return rows.read_sentences(connection, document_id, at_most)

    def chunks(self, ids: Sequence[int]) -> dict[int, Chunk]:
        """The chunks with these ids, with their sentences. An id that is not there (any more) is left out."""
        with self._database.reading() as connection:
            return rows.read_chunks(connection, ids)

    def chunk_ids(self, document_id: str) -> list[int]:
        """The ids of a document's chunks, ascending; none when there is no such document."""
        with self._database.reading() as connection:
            return rows.read_chunk_ids(connection, document_id)

    def sentence_vectors(self, chunk_ids: Sequence[int]) -> tuple[IntVector, IntVector, FloatMatrix]:
        """The sentences of these chunks that may be quoted, by chunk, then in order.

        Chunk ids and sentence ids, int64, each of shape (n,), and vectors, float32, shape (n, dimension).
        """
        with self._database.reading() as connection:
            return rows.read_sentence_vectors(connection, chunk_ids, _dimension(connection))

    def chunk_vectors(self, chunk_ids: Sequence[int]) -> tuple[IntVector, FloatMatrix]:
        """Those of these chunks that are there: ids, int64, ascending, (n,), and vectors, float32, (n, dimension)."""
        with self._database.reading() as connection:
            return rows.read_chunk_vectors(connection, chunk_ids, _dimension(connection))

    def some_chunk_vectors(self, count: int) -> FloatMatrix:
        """About `count` of the chunks' vectors, evenly from all, float32, shape (n, dimension)."""
        with self._database.reading() as connection:
            every = max(rows.counts(connection)[2] // max(count, 1), 1)
            return rows.read_some_chunk_vectors(connection, every, _dimension(connection))

    def chunk_blocks(
        self, *, above: int = 0, size: int = 10_000
    ) -> Iterator[tuple[IntVector, FloatMatrix, list[list[str]]]]:
        """The chunks with ids above a number, ascending, `size` at a time: ids, vectors, and the stems of each.

        Read them inside a `snapshot`: each block is read when it is asked for.
        """
        with self._database.reading() as connection:
            for ids, vectors, texts in rows.read_chunk_blocks(
                connection, _dimension(connection), above=above, size=size
            ):
                yield ids, vectors, list(word_index.stems_of(connection, texts))

    def all_chunk_ids(self) -> IntVector:
        """The ids of all chunks, int64, shape (n,), in no order."""
        with self._database.reading() as connection:
            return rows.read_all_chunk_ids(connection)

    def change_token(self, number: int) -> int | None:
        """What tells this change from any other of its number; None for one that is not (any more) in the log."""
        with self._database.reading() as connection:
            return changes.change_token(connection, number)

    def removed_since(self, number: int) -> IntVector:
        """The ids of the chunks that were removed after a change that has a token, int64, ascending, shape (n,)."""
        with self._database.reading() as connection:
            return changes.removed_since(connection, number)

    def forget_changes_before(self, number: int) -> None:
        """Shorten the log of changes: an index with all that was before this one is on the disk."""
        with self._database.write_lock.held(), self._database.writing() as connection:
            changes.forget_before(connection, number)

    def texts(self, document_ids: Sequence[str]) -> dict[str, str]:
        """The texts of these documents by id, of those that are there."""
        with self._database.reading() as connection:
            return rows.read_texts(connection, document_ids)

    def search_words(self, words: Sequence[str], k: int) -> list[tuple[int, float]]:
        """At most `k` chunk ids with their BM25 score for any of the words, best first, higher is better, ties by id.

        Words are plain text: nothing in them is an operator, and one without a letter or digit is passed over.
        """
        with self._database.reading() as connection:
            return word_index.search_words(connection, words, k)

    def chunk_frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """For each of the words, the number of chunks that hold it in any of its forms ("runs", "running")."""
        with self._database.reading() as connection:
            return word_index.chunk_frequencies(connection, words)

    def word_stems(self, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each of the words the stems that it comes down to in a text: none, one, or several in a row."""
        with self._database.reading() as connection:
            return word_index.word_stems(connection, words)

    def phrase_scores(self, word: str) -> dict[int, float]:
        """For each chunk that holds a word that comes down to several stems, what it adds to the BM25 score."""
        with self._database.reading() as connection:
            return word_index.phrase_scores(connection, word)

    def threshold(self) -> SiteThreshold | None:
        """The threshold that was fitted to this site's questions, or None."""
        with self._database.reading() as connection:
            value = connection.execute("SELECT value FROM meta WHERE name = 'threshold'").get
            return None if value is None else SiteThreshold(**json.loads(value))

    def set_threshold(self, threshold: SiteThreshold | None) -> None:
        """Keep the threshold in place of the one before; None forgets it. Changes no document."""
        with self._database.write_lock.held(), self._database.writing() as connection:
            connection.execute("DELETE FROM meta WHERE name = 'threshold'")
            if threshold is not None:
                value = json.dumps(asdict(threshold))
                connection.execute("INSERT INTO meta (name, value) VALUES ('threshold', ?)", (value,))

    def counts(self) -> tuple[int, int, int]:
        """The numbers of documents, sentences and chunks."""
        with self._database.reading() as connection:
            return rows.counts(connection)

    def add_feedback(
        self, answer_id: str, question: str | None, relevance: str, citation_number: int | None, comment: str
    ) -> int:
        """Keep what someone thinks of an answer; its id. `relevance` is "relevant" or "not_relevant".

        Changes no document, so it does not wait for the write lock and leaves the change number alone.
        """
        if relevance not in ("relevant", "not_relevant"):
            raise ValueError(f'relevance is {relevance!r}; expected "relevant" or "not_relevant"')
        with self._database.writing() as connection:
            feedback_id: int = connection.execute(
                "INSERT INTO feedback (answer_id, question, relevance, citation_number, comment, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    rows.storable(answer_id),
                    None if question is None else rows.storable(question),
                    relevance,
                    citation_number,
                    rows.storable(comment),
                    rows.now(),
                ),
            ).get
            return feedback_id

    def back_up(self, target: Path) -> int:
        """Write everything to the one file `target`; its size in bytes. See `rag.store.backup`."""
        return back_up(self._database, target)

    def check(self) -> list[Check]:
        """What was looked at and whether it held: pages, texts, originals, vectors, words. Reads the whole database."""
        found = []
        try:
            with self._database.reading() as connection:
                bound = _model(connection)
                found.append(checks.check_pages(connection))
                found.append(checks.check_texts(connection))
                found.append(checks.check_originals(connection))
                found.append(checks.check_vectors(connection, bound.dimension if bound else 0))
            with self._database.writing() as connection:
                found.append(checks.check_words(connection))
        except StorageReadOnly:
            found.append(Check("word index", True, "not compared: that needs a data directory that can be written"))
        except StorageDamaged as error:
            found.append(Check("database", False, str(error)))
        return found

    def rebuild_words(self) -> None:
        """Make the word index again from the chunks, and count all there is."""
        with self._changing() as connection:
            word_index.rebuild(connection)
            rows.count_again(connection)
        self._database.empty_log()


def _model(connection: apsw.Connection) -> ModelIdentity | None:
    """The model that is bound, or None."""
    value = connection.execute("SELECT value FROM meta WHERE name = 'model'").get
    return None if value is None else ModelIdentity(**json.loads(value))


def _dimension(connection: apsw.Connection) -> int:
    """The length of the vectors here; 0 before the first `bind_model`."""
    bound = _model(connection)
    return bound.dimension if bound else 0


def _name(model: ModelIdentity) -> str:
    """A model as people tell it from another."""
    return f"{model.name} ({model.dimension} dimensions, SHA-256 {model.sha256[:12]})"


def _bound_dimension(connection: apsw.Connection) -> int:
    """The length of the vectors that belong here. Raises ValueError before the first `bind_model`."""
    bound = _model(connection)
    if bound is None:
        raise ValueError("no model is bound; call bind_model before the first put_document")
    return bound.dimension


def _checked_vectors(name: str, vectors: FloatMatrix, count: int, dimension: int) -> FloatMatrix:
    """The vectors as float32. Raises ValueError unless they are finite and of shape (count, dimension)."""
    matrix = np.asarray(vectors, dtype=np.float32)
    if matrix.shape != (count, dimension) and (count or matrix.size):
        raise ValueError(f"{name} has shape {matrix.shape}; expected ({count}, {dimension})")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} has a value that is not a finite number")
    return matrix


def _check_places(document: Document, sentences: Sequence[Sentence], passages: Sequence[Passage]) -> None:
    """Raise ValueError when a sentence, or a passage, lies outside of what it is a part of."""
    end = len(document.text)
    for span in [*(sentence.span for sentence in sentences), *(passage.span for passage in passages)]:
        if span.end > end:
            raise ValueError(f"{span} ends after the text of {document.source.id}, which has {end} characters")
    for passage in passages:
        if not 0 <= passage.first < passage.last <= len(sentences):
            raise ValueError(f"a passage has sentences {passage.first} to {passage.last} of {len(sentences)}")
