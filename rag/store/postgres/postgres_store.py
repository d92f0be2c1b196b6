"""The store in a PostgreSQL database: the methods of `rag.store.base.Store`, which says what each gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from rag.errors import StorageDamaged, StorageError
from rag.records import Access, Document, GivenBy, ModelIdentity, Passage, Sentence, SentenceKind
from rag.records.arrays import FloatMatrix, IntVector
from rag.store.backup_file import FilesBeside, nothing_beside
from rag.store.base import (
    Check,
    DocumentGroups,
    FileRecord,
    IngestStatus,
    SiteThreshold,
    document_not_found,
)
from rag.store.fitting import check_places, checked_vectors
from rag.store.given_groups import groups_after, taken_back
from rag.store.postgres import (
    access_tables,
    document_tables,
    file_tables,
    meta_tables,
    question_tables,
    soundness,
    version_tables,
    word_tables,
)
from rag.store.postgres.conversation_tables import PostgresConversations, pg_erase_document
from rag.store.postgres.job_tables import PostgresJobs
from rag.store.postgres.people_tables import PostgresPeople
from rag.store.postgres.postgres_connections import Connections, Hold, PgConnection
from rag.store.postgres.postgres_tables import PostgresTables
from rag.store.postgres.question_tables import PostgresQuestionLog
from rag.store.postgres.row_values import first, one
from rag.store.standing import SUMS, Standing, Standings, standing_of
from rag.store.stems import phrase_of, text_stems
from rag.store.table_copy import RowSource

# Writes the rows of a store and the files beside it to a new file, whose size in bytes it gives.
WriteBackup = Callable[[RowSource, Path, FilesBeside], int]
P = ParamSpec("P")
T = TypeVar("T")

# What deleting leaves dead rows in, whose words are gone from the files when they have been cleared away.
_CLEARED = (
    "VACUUM documents, blocks, sentences, chunks, chunk_words, versions, originals, turns, feedback, questions, jobs"
)


def _reading(read: Callable[Concatenate[PgConnection, P], T]) -> Callable[Concatenate[PostgresStore, P], T]:
    """The method that calls `read` in a transaction of its own. What `read` gives must not need the connection."""

    @wraps(read)
    def method(store: PostgresStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with store.connections.reading() as connection:
            return read(connection, *args, **kwargs)

    return method


def _reading_for(
    read: Callable[Concatenate[PgConnection, P], T],
) -> Callable[Concatenate[PostgresStore, Access, P], T]:
    """The same for a method that reads for a person, through the views of what they may read."""

    @wraps(read)
    def method(store: PostgresStore, access: Access, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with store.connections.reading(access) as connection:
            return read(connection, *args, **kwargs)

    return method


class PostgresStore:
    """An open database. Open it after a fork, not before."""

    def __init__(self, connections: Connections, write_backup: WriteBackup | None) -> None:
        self.connections = connections
        self.tables = PostgresTables(connections)
        self._write_backup = write_backup
        self.database_id = connections.database_id
        self._standings = Standings()
        self.questions = PostgresQuestionLog(connections)
        self.people = PostgresPeople(connections)
        self.jobs = PostgresJobs(connections)

    @classmethod
    def open(cls, url: str, *, create: bool = True, write_backup: WriteBackup | None = None) -> PostgresStore:
        """The store in the database at `url`; with `create`, its tables are made where there are none.

        `write_backup` writes what `back_up` gives. Raises IndexMissing without `create`.
        """
        return cls(Connections(url, create=create), write_backup)

    def close(self) -> None:
        if self.connections.is_closed:
            return
        with suppress(StorageError), self.connections.writing() as connection:
            meta_tables.forget_node(connection, self.connections.name)
        self.connections.close()

    def conversations_of(self, access: Access) -> PostgresConversations:
        return PostgresConversations(self.connections, access)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # One moment
    change_number = _reading(meta_tables.pg_change_number)
    # Documents
    stored_hash = _reading(document_tables.pg_stored_hash)
    is_stored = _reading(document_tables.pg_is_stored)
    documents = _reading_for(document_tables.pg_documents)
    document = _reading_for(document_tables.pg_document)
    document_info = _reading_for(document_tables.pg_document_info)
    sentences = _reading_for(document_tables.pg_sentences)
    page_at = _reading_for(document_tables.pg_page_at)
    lead_in = _reading_for(document_tables.pg_lead_in)
    list_items = _reading_for(document_tables.pg_list_items)
    original = _reading_for(version_tables.pg_original)
    describe_original = _reading_for(version_tables.pg_describe_original)
    original_part = _reading_for(version_tables.pg_original_part)
    original_sha256 = _reading_for(version_tables.pg_original_sha256)
    versions = _reading_for(version_tables.pg_versions)
    version = _reading_for(version_tables.pg_version)
    # Passages
    chunks = _reading_for(document_tables.pg_chunks)
    chunk_ids = _reading_for(document_tables.pg_chunk_ids)
    texts = _reading_for(document_tables.pg_texts)
    chunk_vectors = _reading_for(document_tables.pg_chunk_vectors)
    sentence_vectors = _reading_for(document_tables.pg_sentence_vectors)
    search_words = _reading_for(word_tables.pg_search_words)
    chunk_frequencies = _reading_for(word_tables.pg_chunk_frequencies)
    phrase_counts = _reading_for(word_tables.pg_phrase_counts)
    threshold = _reading(meta_tables.pg_threshold)
    # What an index is made from
    model = _reading(meta_tables.pg_model)
    change_token = _reading(meta_tables.pg_change_token)
    all_chunk_ids = _reading(document_tables.pg_all_chunk_ids)
    some_chunk_vectors = _reading(document_tables.pg_some_chunk_vectors)
    # Who may read what
    groups = _reading_for(access_tables.pg_groups)
    all_groups = _reading_for(access_tables.pg_all_groups)
    permitted_sets = _reading(access_tables.pg_permitted_sets)
    groups_changes = _reading(access_tables.pg_groups_changes)
    applied_rules = _reading(access_tables.pg_applied_rules)
    denies_by_default = _reading(access_tables.pg_denies_by_default)
    sets_of_chunks = _reading(access_tables.pg_sets_of_chunks)
    # Files
    known_file = _reading(file_tables.pg_file)
    known_files = _reading(file_tables.pg_files)
    document_at = _reading(file_tables.pg_document_at)
    failed_files = _reading(file_tables.pg_failed)
    owner_of = _reading(file_tables.pg_owner_of)
    same_content = _reading(file_tables.pg_same_content)
    feedback_of = _reading(question_tables.pg_feedback_of)

    def word_stems(self, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return {word: phrase_of(word) for word in words}

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.connections.reading():
            yield

    def removed_since(self, number: int) -> IntVector:
        with self.connections.reading() as connection:
            removed = meta_tables.pg_removed_since(connection, number)
            reached = meta_tables.pg_change_number(connection)
        # Whoever asks this takes it in: from here on the log is kept for them.
        with self.connections.writing() as connection:
            meta_tables.note_node(connection, self.connections.name, reached)
        return removed

    def counts(self, access: Access) -> tuple[int, int, int]:
        with self.connections.reading(access) as connection:
            if access.reads_everything:
                return document_tables.pg_counts(connection)
            found = self._standing(connection, access)
            return found.documents, found.sentences, found.chunks

    def content_number(self, access: Access) -> int:
        if access.reads_everything:
            return self.change_number()
        with self.connections.reading(access) as connection:
            return self._standing(connection, access).number

    def content_state(self, access: Access) -> tuple[int, ...]:
        if access.reads_everything:
            return (self.change_number(),)
        with self.connections.reading(access) as connection:
            return self._standing(connection, access).state

    def _standing(self, connection: PgConnection, access: Access) -> Standing:
        """That of whoever asks, who may not read everything, and reads through this connection."""
        number = meta_tables.pg_change_number(connection)
        return self._standings.of(number, access.names, lambda: standing_of(first(connection, SUMS)))

    def bind_model(self, identity: ModelIdentity) -> None:
        if self.model() != identity:
            with self._changing() as connection:
                meta_tables.pg_bind_model(connection, identity, self.connections.place)

    def write_lock(self) -> AbstractContextManager[None]:
        return self.connections.write_lock.held()

    def confirm_write_lock(self) -> None:
        self.connections.write_lock.confirm()

    @contextmanager
    def _changing(self, *, is_made: Callable[[PgConnection], bool] | None = None) -> Iterator[PgConnection]:
        """A transaction that changes documents, which one process of all nodes does at a time.

        `is_made` tells whether the change is there, as `Connections.writing` asks it.
        """
        with (
            self.connections.write_lock.held(),
            self.connections.writing(Hold.DOCUMENTS_CHANGE, is_made=is_made) as connection,
        ):
            yield connection

    def put_document(
        self,
        document: Document,
        sentences: Sequence[Sentence],
        sentence_vectors: FloatMatrix,
        passages: Sequence[Passage],
        passage_vectors: FloatMatrix,
        *,
        file: FileRecord | None = None,
        keep_versions: int = 0,
        original: bytes | None = None,
        groups: Collection[str] = (),
        given_by: GivenBy = GivenBy.RULE,
        rules: str = "",
    ) -> IngestStatus:
        with self._changing(is_made=lambda other: document_tables.pg_is_stored(other, document)) as connection:
            if document_tables.pg_is_stored(connection, document):
                return IngestStatus.UNCHANGED
            bound = meta_tables.pg_model(connection)
            if bound is None:
                raise ValueError("no model is bound; call bind_model before the first put_document")
            statements = sum(sentence.kind is SentenceKind.STATEMENT for sentence in sentences)
            sentence_rows = checked_vectors("sentence_vectors", sentence_vectors, statements, bound.dimension)
            passage_rows = checked_vectors("passage_vectors", passage_vectors, len(passages), bound.dimension)
            check_places(document, sentences, passages)
            document_id = document.source.id
            version_tables.pg_keep_version(
                connection, document_id, new_sha256=document.text_sha256, at_most=keep_versions
            )
            before = access_tables.pg_said_of(connection, document_id)
            created_at = document_tables.pg_remove_document(connection, document_id)
            number = document_tables.pg_insert_document(connection, document, created_at=created_at)
            if original is not None:
                version_tables.pg_insert_original(connection, number, original, document.content_sha256)
            document_tables.pg_insert_sentences(connection, number, document.text, sentences, sentence_rows)
            ids = document_tables.pg_insert_chunks(connection, number, document.text, passages, passage_rows)
            word_tables.pg_insert_words(connection, ids, [passage.search_text for passage in passages])
            now = groups_after(before, DocumentGroups(document_id, frozenset(groups), given_by))
            access_tables.pg_write_access(connection, number, now)
            if now.given_by is GivenBy.RULE:
                access_tables.pg_came_by(connection, rules)
            file_tables.pg_write_files(connection, [file] if file else [])
            meta_tables.pg_count_change(connection)
        return IngestStatus.CREATED if created_at is None else IngestStatus.UPDATED

    def add_original(self, document: Document, data: bytes) -> None:
        with self._changing() as connection:
            if document_tables.pg_is_stored(connection, document):
                version_tables.pg_add_original(connection, document, data)

    def delete_document(self, document_id: str, *, file: FileRecord | None = None) -> None:
        with self._changing(
            is_made=lambda other: document_tables.pg_stored_hash(other, document_id) is None
        ) as connection:
            if document_tables.pg_remove_document(connection, document_id) is None:
                raise document_not_found(document_id)
            version_tables.pg_forget_versions(connection, document_id)
            pg_erase_document(connection, document_id)
            file_tables.pg_forget_document(connection, document_id)
            file_tables.pg_write_files(connection, [file] if file else [])
            meta_tables.pg_count_change(connection)

    def set_groups(self, changes: Iterable[DocumentGroups], *, rules: str | None = None) -> int:
        # Not `_changing`: who may read what is changed at once, also while another node brings documents in.
        with self.connections.writing(Hold.DOCUMENTS_CHANGE) as connection:
            changed = access_tables.pg_change_groups(connection, changes, groups_after)
            if rules is not None:
                access_tables.pg_apply_rules(connection, rules)
            if changed:
                meta_tables.pg_count_change(connection)
        return changed

    def take_groups_back(self, giver: GivenBy, by_rules: Iterable[DocumentGroups]) -> int:
        with self.connections.writing(Hold.DOCUMENTS_CHANGE) as connection:
            changed = access_tables.pg_change_groups(connection, by_rules, taken_back(giver))
            if changed:
                meta_tables.pg_count_change(connection)
        return changed

    def deny_by_default(self, *, is_on: bool) -> None:
        with self.connections.writing() as connection:
            access_tables.pg_deny_by_default(connection, is_on=is_on)

    def remember_files(
        self,
        records: Sequence[FileRecord],
        *,
        relocated: Sequence[tuple[str, str, str]] = (),
        gone: Sequence[bytes] = (),
    ) -> None:
        with self._changing() as connection:
            file_tables.pg_forget_files(connection, gone)
            file_tables.pg_write_files(connection, records)
            for document_id, location, modified_at in relocated:
                file_tables.pg_relocate(connection, document_id, location, modified_at)
            if relocated:
                meta_tables.pg_count_change(connection)

    def chunk_blocks(
        self, *, above: int = 0, size: int = 10_000
    ) -> Iterator[tuple[IntVector, FloatMatrix, list[list[str]], list[str]]]:
        with self.connections.reading() as connection:
            for ids, vectors, texts in document_tables.pg_chunk_blocks(connection, above=above, size=size):
                yield ids, vectors, list(text_stems(texts)), list(texts)

    def forget_changes_before(self, number: int) -> None:
        with self._changing() as connection:
            meta_tables.pg_forget_before(connection, number, self.connections.name)

    def set_threshold(self, threshold: SiteThreshold | None) -> None:
        with self._changing() as connection:
            meta_tables.pg_write_threshold(connection, threshold)

    def add_feedback(
        self,
        answer_id: str,
        question: str | None,
        relevance: str,
        citation_number: int | None,
        comment: str,
        person: str = "",
    ) -> int:
        if relevance not in ("relevant", "not_relevant"):
            raise ValueError(f'relevance is {relevance!r}; expected "relevant" or "not_relevant"')
        feedback_id = 0

        def is_made(other: PgConnection) -> bool:
            return question_tables.pg_has_feedback(other, feedback_id, answer_id, relevance, person)

        with self.connections.writing(is_made=is_made) as connection:
            feedback_id = question_tables.pg_add_feedback(
                connection, answer_id, question, relevance, citation_number, comment, person
            )
        return feedback_id

    def forget_feedback(self, person: str) -> int:
        with self.connections.writing(
            is_made=lambda other: not question_tables.pg_feedback_of(other, person)
        ) as connection:
            return question_tables.pg_forget_feedback(connection, person)

    def expire_feedback(self, keep_since: str | None) -> int:
        return question_tables.pg_expire_feedback(self.connections, keep_since)

    def confirm_usable(self) -> None:
        self.connections.confirm_usable()

    def merge_log(self) -> int:
        self.connections.aside(_CLEARED)
        return 0

    def size(self) -> int:
        with self.connections.reading() as connection:
            return int(one(connection, "SELECT pg_database_size(current_database())"))

    def back_up(self, target: Path, files: FilesBeside = nothing_beside) -> int:
        if self._write_backup is None:
            raise ValueError("the store was opened without what writes a backup")
        with self.snapshot():
            return self._write_backup(self.tables, target, files)

    def check(self) -> list[Check]:
        found = []
        try:
            with self.connections.reading() as connection:
                dimension = meta_tables.pg_dimension(connection)
                found.append(soundness.pg_check_rows(connection))
                found.append(soundness.pg_check_texts(connection))
                found.append(soundness.pg_check_originals(connection))
                found.append(soundness.pg_check_vectors(connection, dimension))
                found.append(soundness.pg_check_words(connection))
        except StorageDamaged as error:
            found.append(Check("database", False, str(error)))
        return found

    def rebuild_words(self) -> None:
        with self._changing() as connection:
            word_tables.pg_rebuild_words(connection)
            document_tables.pg_count_again(connection)
