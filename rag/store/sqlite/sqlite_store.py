"""The store in one SQLite file: the methods of `rag.store.base.Store`, which says what each gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import apsw

from rag.errors import StorageDamaged, StorageReadOnly
from rag.records import Access, Document, GivenBy, ModelIdentity, Passage, Sentence, SentenceKind
from rag.records.arrays import FloatMatrix, IntVector
from rag.store.backup_file import FilesBeside, nothing_beside
from rag.store.base import (
    Check,
    DocumentGroups,
    FeedbackRecord,
    FileRecord,
    IngestStatus,
    SiteThreshold,
    document_not_found,
)
from rag.store.fitting import check_places, checked_vectors
from rag.store.given_groups import groups_after, taken_back
from rag.store.sqlite import (
    access_rows,
    change_log,
    checks,
    conversation_rows,
    document_rows,
    file_rows,
    full_text,
    meta_rows,
    original_rows,
    question_log,
    version_rows,
)
from rag.store.sqlite.backup import back_up
from rag.store.sqlite.conversation_rows import SqliteConversations
from rag.store.sqlite.database import Database
from rag.store.sqlite.people_rows import SqlitePeople
from rag.store.sqlite.question_log import SqliteQuestionLog
from rag.store.sqlite.readable import reading_as
from rag.store.standing import SUMS, Standing, Standings, standing_of
from rag.store.stems import text_stems

P = ParamSpec("P")
T = TypeVar("T")


def _reading(read: Callable[Concatenate[apsw.Connection, P], T]) -> Callable[Concatenate[SqliteStore, P], T]:
    """The method that calls `read` in a transaction of its own. What `read` gives must not need the connection."""

    @wraps(read)
    def method(store: SqliteStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with store.database.reading() as connection:
            return read(connection, *args, **kwargs)

    return method


def _reading_for(
    read: Callable[Concatenate[apsw.Connection, P], T],
) -> Callable[Concatenate[SqliteStore, Access, P], T]:
    """The same for a method that reads for a person, through the views of what they may read."""

    @wraps(read)
    def method(store: SqliteStore, access: Access, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with store.database.reading() as connection, reading_as(connection, access):
            return read(connection, *args, **kwargs)

    return method


class SqliteStore:
    """An open data directory with its database. Open it after a fork, not before."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.database_id = database.database_id
        self._standings = Standings()
        self.questions = SqliteQuestionLog(database)
        self.people = SqlitePeople(database)
        self.jobs = None  # one machine has nobody to hand files to

    @classmethod
    def open(cls, data_dir: Path, *, create: bool = True) -> SqliteStore:
        """The store in `data_dir`; with `create`, a new one where there is none. Raises IndexMissing otherwise."""
        return cls(Database(data_dir, create=create))

    def close(self) -> None:
        self.database.close()

    def conversations_of(self, access: Access) -> SqliteConversations:
        return SqliteConversations(self.database, access)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # One moment
    change_number = _reading(change_log.change_number)
    # Documents
    stored_hash = _reading(document_rows.stored_hash)
    is_stored = _reading(document_rows.is_stored)
    documents = _reading_for(document_rows.list_documents)
    document = _reading_for(document_rows.read_document)
    document_info = _reading_for(document_rows.read_document_info)
    sentences = _reading_for(document_rows.read_sentences)
    page_at = _reading_for(document_rows.page_at)
    lead_in = _reading_for(document_rows.read_lead_in)
    list_items = _reading_for(document_rows.read_list_items)
    original = _reading_for(original_rows.read_original)
    describe_original = _reading_for(original_rows.describe_original)
    original_part = _reading_for(original_rows.read_original_part)
    original_sha256 = _reading_for(original_rows.original_sha256)
    versions = _reading_for(version_rows.list_versions)
    version = _reading_for(version_rows.read_version)
    # Passages
    chunks = _reading_for(document_rows.read_chunks)
    chunk_ids = _reading_for(document_rows.read_chunk_ids)
    texts = _reading_for(document_rows.read_texts)
    chunk_vectors = _reading_for(document_rows.read_chunk_vectors)
    sentence_vectors = _reading_for(document_rows.read_sentence_vectors)
    search_words = _reading_for(full_text.search_words)
    chunk_frequencies = _reading_for(full_text.chunk_frequencies)
    word_stems = _reading(full_text.word_stems)
    phrase_counts = _reading_for(full_text.phrase_counts)
    threshold = _reading(meta_rows.read_threshold)
    # What an index is made from
    model = _reading(meta_rows.read_model)
    change_token = _reading(change_log.change_token)
    removed_since = _reading(change_log.removed_since)
    all_chunk_ids = _reading(document_rows.read_all_chunk_ids)
    some_chunk_vectors = _reading(document_rows.read_some_chunk_vectors)
    # Who may read what
    groups = _reading_for(access_rows.read_groups)
    all_groups = _reading_for(access_rows.read_all_groups)
    permitted_sets = _reading(access_rows.permitted_sets)
    groups_changes = _reading(access_rows.groups_changes)
    applied_rules = _reading(access_rows.applied_rules)
    denies_by_default = _reading(access_rows.denies_by_default)
    sets_of_chunks = _reading(access_rows.sets_of_chunks)
    # Files
    known_file = _reading(file_rows.read_file)
    known_files = _reading(file_rows.read_files)
    document_at = _reading(file_rows.document_at)
    failed_files = _reading(file_rows.read_failed)
    owner_of = _reading(file_rows.owner_of)
    same_content = _reading(file_rows.same_content)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.database.reading():
            yield

    def counts(self, access: Access) -> tuple[int, int, int]:
        with self.database.reading() as connection:
            if access.reads_everything:
                return document_rows.counts(connection)
            found = self._standing(connection, access)
            return found.documents, found.sentences, found.chunks

    def content_number(self, access: Access) -> int:
        if access.reads_everything:
            return self.change_number()
        with self.database.reading() as connection:
            return self._standing(connection, access).number

    def content_state(self, access: Access) -> tuple[int, ...]:
        if access.reads_everything:
            return (self.change_number(),)
        with self.database.reading() as connection:
            return self._standing(connection, access).state

    def _standing(self, connection: apsw.Connection, access: Access) -> Standing:
        """That of whoever asks, who may not read everything."""

        def add_up() -> Standing:
            with reading_as(connection, access):
                return standing_of(connection.execute(SUMS).fetchone())

        return self._standings.of(change_log.change_number(connection), access.names, add_up)

    def bind_model(self, identity: ModelIdentity) -> None:
        if self.model() != identity:
            with self._changing() as connection:
                meta_rows.bind_model(connection, identity, self.database.path)

    def write_lock(self) -> AbstractContextManager[None]:
        return self.database.write_lock.held()

    def confirm_write_lock(self) -> None:
        self.database.write_lock.confirm()

    @contextmanager
    def _changing(self) -> Iterator[apsw.Connection]:
        """A transaction that changes documents, which one process does at a time."""
        with self.database.write_lock.held(), self.database.writing() as connection:
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
        with self._changing() as connection:
            if document_rows.is_stored(connection, document):
                return IngestStatus.UNCHANGED
            dimension = _bound_dimension(connection)
            statements = sum(sentence.kind is SentenceKind.STATEMENT for sentence in sentences)
            sentence_rows = checked_vectors("sentence_vectors", sentence_vectors, statements, dimension)
            passage_rows = checked_vectors("passage_vectors", passage_vectors, len(passages), dimension)
            check_places(document, sentences, passages)
            version_rows.keep_version(
                connection, document.source.id, new_sha256=document.text_sha256, at_most=keep_versions
            )
            before = access_rows.said_of(connection, document.source.id)
            created_at = document_rows.remove_document(connection, document.source.id)
            number = document_rows.insert_document(connection, document, created_at=created_at)
            if original is not None:
                original_rows.insert_original(connection, number, original, document.content_sha256)
            document_rows.insert_sentences(connection, number, document.text, sentences, sentence_rows)
            document_rows.insert_chunks(connection, number, document.text, passages, passage_rows)
            now = groups_after(before, DocumentGroups(document.source.id, frozenset(groups), given_by))
            access_rows.write_access(connection, number, now)
            if now.given_by is GivenBy.RULE:
                access_rows.came_by(connection, rules)
            file_rows.write_files(connection, [file] if file else [])
            change_log.count_change(connection)
        if created_at is None:
            return IngestStatus.CREATED
        self.database.empty_log()
        return IngestStatus.UPDATED

    def add_original(self, document: Document, data: bytes) -> None:
        with self._changing() as connection:
            if document_rows.is_stored(connection, document):
                original_rows.add_original(connection, document, data)

    def delete_document(self, document_id: str, *, file: FileRecord | None = None) -> None:
        with self._changing() as connection:
            if document_rows.remove_document(connection, document_id) is None:
                raise document_not_found(document_id)
            version_rows.forget_versions(connection, document_id)
            conversation_rows.erase_document(connection, document_id)
            file_rows.forget_document(connection, document_id)
            file_rows.write_files(connection, [file] if file else [])
            change_log.count_change(connection)
        self.database.empty_log()

    def set_groups(self, changes: Iterable[DocumentGroups], *, rules: str | None = None) -> int:
        # Not `_changing`: who may read what is changed at once, also while another process brings documents in.
        with self.database.writing() as connection:
            changed = access_rows.change_groups(connection, changes, groups_after)
            if rules is not None:
                access_rows.apply_rules(connection, rules)
            if changed:
                change_log.count_change(connection)
        return changed

    def take_groups_back(self, giver: GivenBy, by_rules: Iterable[DocumentGroups]) -> int:
        with self.database.writing() as connection:
            changed = access_rows.change_groups(connection, by_rules, taken_back(giver))
            if changed:
                change_log.count_change(connection)
        return changed

    def deny_by_default(self, *, is_on: bool) -> None:
        with self.database.writing() as connection:
            access_rows.deny_by_default(connection, is_on=is_on)

    def remember_files(
        self,
        records: Sequence[FileRecord],
        *,
        relocated: Sequence[tuple[str, str, str]] = (),
        gone: Sequence[bytes] = (),
    ) -> None:
        with self._changing() as connection:
            file_rows.forget_files(connection, gone)
            file_rows.write_files(connection, records)
            for document_id, location, modified_at in relocated:
                file_rows.relocate(connection, document_id, location, modified_at)
            if relocated:
                change_log.count_change(connection)

    def chunk_blocks(
        self, *, above: int = 0, size: int = 10_000
    ) -> Iterator[tuple[IntVector, FloatMatrix, list[list[str]], list[str]]]:
        with self.database.reading() as connection:
            for ids, vectors, texts in document_rows.read_chunk_blocks(connection, above=above, size=size):
                yield ids, vectors, list(text_stems(texts)), list(texts)

    def forget_changes_before(self, number: int) -> None:
        with self._changing() as connection:
            change_log.forget_before(connection, number)

    def set_threshold(self, threshold: SiteThreshold | None) -> None:
        with self._changing() as connection:
            meta_rows.write_threshold(connection, threshold)

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
        with self.database.writing() as connection:
            return question_log.add_feedback(
                connection, answer_id, question, relevance, citation_number, comment, person
            )

    def feedback_of(self, person: str) -> list[FeedbackRecord]:
        return question_log.feedback_of(self.database, person)

    def forget_feedback(self, person: str) -> int:
        return question_log.forget_feedback(self.database, person)

    def expire_feedback(self, keep_since: str | None) -> int:
        return question_log.expire_feedback(self.database, keep_since)

    def confirm_usable(self) -> None:
        self.database.confirm_usable()

    def merge_log(self) -> int:
        return self.database.merge_log()

    def size(self) -> int:
        return self.database.size()

    def back_up(self, target: Path, files: FilesBeside = nothing_beside) -> int:
        return back_up(self.database, target, files)

    def check(self) -> list[Check]:
        found = []
        try:
            with self.database.reading() as connection:
                dimension = meta_rows.dimension(connection)
                found.append(checks.check_pages(connection))
                found.append(checks.check_texts(connection))
                found.append(checks.check_originals(connection))
                found.append(checks.check_vectors(connection, dimension))
            with self.database.writing() as connection:
                found.append(checks.check_words(connection))
        except StorageReadOnly:
            found.append(Check("word index", True, "not compared: that needs a data directory that can be written"))
        except StorageDamaged as error:
            found.append(Check("database", False, str(error)))
        return found

    def rebuild_words(self) -> None:
        with self._changing() as connection:
            full_text.rebuild(connection)
            document_rows.count_again(connection)
        self.database.empty_log()


def _bound_dimension(connection: apsw.Connection) -> int:
    """The length of the vectors that belong here. Raises ValueError before the first `bind_model`."""
    bound = meta_rows.read_model(connection)
    if bound is None:
        raise ValueError("no model is bound; call bind_model before the first put_document")
    return bound.dimension
