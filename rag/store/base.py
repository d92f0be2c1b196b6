"""What the rest of the library knows of the store: the records that it keeps, and what can be asked of it.

`rag/store/sqlite/` and `rag/store/postgres/` implement it; `tests/rag/store/contract/` tests that each does.

Rules for all methods: each is one transaction. A change that a method has returned from is on the disk, one that raised
has left nothing behind. Any of them may raise a StorageError that says why the data cannot be used as asked; an error
of the database underneath never gets out.

A method that reads for a person takes first who that is, and gives nothing of what they may not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from rag.errors import ConversationFull, ConversationNotFound, DocumentNotFound
from rag.records import (
    Access,
    Answer,
    Chunk,
    Document,
    GivenBy,
    ModelIdentity,
    Passage,
    Sentence,
    Source,
    Span,
    StoredSentence,
)
from rag.records.arrays import FloatMatrix, FloatVector, IntVector
from rag.store.backup_file import FilesBeside, nothing_beside
from rag.store.job_store import JobStore
from rag.store.people_store import PeopleStore


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a file is known to be unchanged without opening it. Only ever compared."""

    size: int
    mtime_ns: int
    inode: int


# Equal to no file's: what carries it is looked into again.
UNTRUSTED = Stamp(-1, 0, 0)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file, or an entry of an archive, as it was when it was last read, and what came of it."""

    path: bytes  # absolute; for an entry the archive's path, a zero byte and the entry's name
    location: str  # the same for people: "/docs/a.md", "/docs/old.zip!/inner/a.md"
    stamp: Stamp
    content_sha256: str  # "" for an archive, and where the bytes could not be had
    document_id: str  # of the document that it became or would become; "" for an archive
    error: str  # why it did not become one; "" when it did
    read_at: str  # ISO 8601, UTC
    read_with: str  # names readers and settings of that time: under others the file is read again

    @property
    def reason(self) -> str:
        """The error without the location in front of it."""
        return self.error.removeprefix(f"{self.location}: ")


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the store has from one file: the record, and the document as it stands now, if there is one."""

    record: FileRecord
    source: Source | None = None
    content_sha256: str = ""  # of the stored document
    modified_at: str = ""  # likewise


class IngestStatus(StrEnum):
    """What became of one document."""

    CREATED = "created"
    UPDATED = "updated"
    MOVED = "moved"  # the same bytes, found in another place: the id stays
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A stored document without its text, for lists."""

    source: Source
    content_sha256: str
    text_sha256: str
    characters: int
    sentences: int
    chunks: int
    created_at: str  # ISO 8601, UTC
    updated_at: str
    warnings: tuple[str, ...] = ()
    pages: int | None = None  # the last one that has a sentence, in formats with pages, slides or sheets


@dataclass(frozen=True, slots=True)
class DocumentGroups:
    """Which groups may read a document, and who said so."""

    document_id: str
    groups: frozenset[str]  # none: nobody but whoever may read everything
    given_by: GivenBy = GivenBy.RULE
    location: str = field(default="", compare=False)  # where it came from, when it is read from the store
    # Those that its source says, also where others were set by hand; None where no source says any. From the store too.
    source_groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier text of a document, without the text."""

    text_sha256: str
    title: str
    characters: int
    stored_at: str  # ISO 8601, UTC
    superseded_at: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation that is kept, and its answer."""

    number: int  # in the conversation, from 1
    asked_at: str  # ISO 8601, UTC
    answer: Answer  # as it was shown, but for the words of documents that were deleted since
    relevance: str | None = None  # what somebody thought of it: "relevant" or "not_relevant"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it is given to a person: by itself, or as a turn of the conversation that keeps it."""

    answer: Answer
    conversation_id: str | None = None
    turn: int | None = None  # from 1


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions that were asked one after the other, and their answers, as whoever opens it may see them."""

    id: str  # 22 characters of [A-Za-z0-9_-]: 128 bits of chance
    title: str
    created_at: str  # ISO 8601, UTC
    updated_at: str  # of the last turn
    expires_at: str  # when it is deleted, unless there is another turn
    turns: tuple[Turn, ...] = ()  # in order
    shared_with: str = ""  # the group that may open it too, told to its owner


@dataclass(frozen=True, slots=True)
class SiteThreshold:
    """The confidence from which on one answer is given, as `rag calibrate` fitted it to a site's own questions."""

    value: float  # 0..1
    max_wrong: float  # the share of wrong answers that was allowed
    questions: int
    answered: int  # of them, at this threshold
    wrong: int  # of those
    fitted_for: str  # what gives the confidence: models, reader and regression; for another one it means nothing
    fitted_at: str  # ISO 8601, UTC
    possible: float = 1.0  # the confidence under which nothing is quoted; 1.0: as high as `value`

    @property
    def quoted_from(self) -> float:
        """The confidence under which nothing is quoted, which is never above the one from which on one is answered."""
        return min(self.value, self.possible)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `rag verify`: what was checked, whether it held, and what was seen."""

    name: str
    ok: bool
    detail: str


class Stops(StrEnum):
    """What a problem keeps the program from."""

    ANSWERS = "answers"
    CHANGES = "changes"  # documents and conversations cannot be stored; questions are answered
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class HealthProblem:
    """Something that is wrong now: a name for programs, what it stops, and words for people."""

    name: str
    stops: Stops
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether questions can be answered now, and how well."""

    ready: bool
    degraded: bool
    detail: str
    documents: int
    chunks: int
    index_version: int
    model: str
    problems: tuple[HealthProblem, ...] = ()


# Days: further than a date may be counted from.
_LONGEST = 36_500
# Within this time of its last turn a conversation is found by the request that started it.
_REPEATED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long conversations are kept, seen from one moment."""

    days: int  # after the last turn; 0 keeps none
    now: datetime  # UTC

    @property
    def moment(self) -> str:
        """Now, as it is stored: ISO 8601, UTC, to the second."""
        return _iso(self.now)

    @property
    def live_since(self) -> str | None:
        """A conversation whose last turn is older than this has expired; None: all have."""
        return _iso(self.now - self._span()) if self.days else None

    @property
    def repeated_since(self) -> str | None:
        """One whose last turn is older than this is not found by the request that started it; None: none is."""
        return max(self.live_since, _iso(self.now - _REPEATED_WITHIN)) if self.live_since else None

    def expires_at(self, updated_at: str) -> str:
        """When a conversation expires whose last turn was then."""
        return _iso(datetime.fromisoformat(updated_at) + self._span())

    def _span(self) -> timedelta:
        return timedelta(days=min(self.days, _LONGEST))


@dataclass(frozen=True, slots=True)
class NewTurn:
    """An answer to be kept: in the conversation it belongs to, or in a new one."""

    conversation_id: str | None
    request_id: str  # of the client; or ""
    answer: Answer
    new_id: str  # of the conversation that is started without one
    title: str  # likewise
    as_of: int  # the number of changes to the documents when the earlier turns were read


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """One question as it was asked once."""

    answer_id: str
    question: str  # as it was searched for
    outcome: str  # "answered", "possible", or the reason why there was no answer
    confidence: float
    index_version: int
    asked_at: str  # ISO 8601, UTC


@dataclass(frozen=True, slots=True)
class DistinctQuestion:
    """A kept question with all its askings since a moment, and the votes on their answers."""

    id: int  # of the latest asking
    latest: LoggedQuestion
    moments: tuple[str, ...]  # of all its askings, oldest first
    up: int
    down: int
    comments: tuple[str, ...]  # newest first


def document_not_found(document_id: str) -> DocumentNotFound:
    """The error for an id that no document has."""
    return DocumentNotFound(f"no document has the id {document_id!r}; `rag documents` lists those there are.")


def conversation_not_found() -> ConversationNotFound:
    """The error for an id that no conversation has, or none any more. It does not repeat the id: that is a key."""
    return ConversationNotFound("There is no such conversation: it was deleted, or its time is over. Start a new one.")


def conversation_full(turns: int) -> ConversationFull:
    """The error for one question more than a conversation may have."""
    return ConversationFull(
        f"This conversation has {turns} questions, which is the most that one may have. Start a new one."
    )


class Snapshots(Protocol):
    """What belongs to one moment of the documents."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything that this thread reads in the block belongs to one moment, whatever is committed meanwhile."""

    def change_number(self) -> int:
        """How many changes to the documents have been committed so far, by any process."""

    def counts(self, access: Access) -> tuple[int, int, int]:
        """The numbers of documents, sentences and chunks."""

    def content_number(self, access: Access) -> int:
        """Stands for what may be read, in texts, titles and places: the same for the same, whatever else is stored.

        For whoever may read everything it is `change_number`; for others it has no order, is 0 where they may read
        nothing, and below 2 ** 53.
        """

    def content_state(self, access: Access) -> tuple[int, ...]:
        """The same to tell moments apart: what is remembered with it may be used as long as it stays."""


class DocumentStore(Snapshots, Protocol):
    """Documents with their sentences, earlier texts and original bytes."""

    def stored_hash(self, document_id: str) -> str | None:
        """The SHA-256 of the bytes that this document was read from, or None when it is not there."""

    def is_stored(self, document: Document) -> bool:
        """Whether exactly this document is there: the same bytes, text, title and location."""

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
        """CREATED, UPDATED, or UNCHANGED: this very document is there already.

        `sentence_vectors` has one row for each STATEMENT among `sentences`, in order, `passage_vectors` one for each
        passage. Nothing of an older version is found any more, and its chunk ids are never used again; the last
        `keep_versions` texts are kept for citations of them. `file` is remembered in the same commit, unless the
        document is unchanged, and so is `original`, the bytes that the document was read from; that of an older
        version goes in any case.

        `groups` may read it, and with none only who may read everything; where rules give them, they are `rules`. What
        was said of the document before and counts more, as `set_groups` has it, stays. Raises ValueError when the
        parts do not fit together or no model is bound.
        """

    def add_original(self, document: Document, data: bytes) -> None:
        """Keep the bytes of a document that is stored without them; nothing when it has some, or is another by now."""

    def delete_document(self, document_id: str, *, file: FileRecord | None = None) -> None:
        """Delete a document, its words, vectors and original included. Raises DocumentNotFound.

        Its text is gone from the files too, at the latest when the last reader that was under way has finished; from
        the conversations that are kept as well. The file that it came from is forgotten, or remembered as `file`.
        """

    def documents(self, access: Access) -> list[DocumentInfo]:
        """All documents without their text, by title, then id."""

    def document(self, access: Access, document_id: str) -> Document:
        """The document as it was put. Raises DocumentNotFound."""

    def document_info(self, access: Access, document_id: str) -> DocumentInfo:
        """One document without its text. Raises DocumentNotFound."""

    def sentences(self, access: Access, document_id: str, *, at_most: int | None = None) -> list[StoredSentence]:
        """The sentences of a document in text order, or the first `at_most` of them. Raises DocumentNotFound."""

    def page_at(self, access: Access, document_id: str, offset: int) -> int | None:
        """The page on which the sentence begins that has the character at `offset`; None where none is known."""

    def lead_in(self, access: Access, document_id: str, text_sha256: str, offset: int) -> Span | None:
        """Where the sentence stands that announces the list which has an item at `offset` ("You may not:").

        None where there is no list item, where nothing that ends with a colon stands above it, and when the document
        has another text by now than the one with that SHA-256.
        """

    def list_items(self, access: Access, document_id: str, text_sha256: str, offset: int) -> tuple[Span, ...]:
        """The items of the list that the character at `offset` is in, or that follows its paragraph, in order.

        Items that are nested in others are not among them, unless `offset` is in one: then its neighbours are. Empty
        where there is no list, and when the document has another text by now than the one with that SHA-256.
        """

    def original(self, access: Access, document_id: str) -> tuple[Source, str, bytes] | None:
        """Source, SHA-256 and bytes of a document's original, None where none is kept. Raises DocumentNotFound."""

    def describe_original(self, access: Access, document_id: str) -> tuple[Source, str, int] | None:
        """Source, SHA-256 and length in bytes of an original, without reading it. Otherwise as `original`."""

    def original_part(self, access: Access, document_id: str, sha256: str, start: int, length: int) -> bytes:
        """At most `length` bytes of the original with that SHA-256, from `start` on; none when it is not there."""

    def original_sha256(self, access: Access, document_id: str) -> str | None:
        """The SHA-256 of a document's original, None where none is kept. Raises DocumentNotFound."""

    def versions(self, access: Access, document_id: str) -> list[Version]:
        """The earlier versions of a document that are kept, newest first; none when there is no such document."""

    def version(self, access: Access, document_id: str, sha256: str) -> tuple[Version, Document] | None:
        """The newest earlier version of a document whose text's SHA-256 begins with `sha256`, if it is kept."""


class PassageStore(Snapshots, Protocol):
    """Passages, which the store calls chunks, as a question needs them: their words, vectors and sentences."""

    def chunks(self, access: Access, ids: Sequence[int]) -> dict[int, Chunk]:
        """The chunks with these ids, with their sentences. An id that is not there (any more) is left out."""

    def chunk_ids(self, access: Access, document_id: str) -> list[int]:
        """The ids of a document's chunks, ascending; none when there is no such document."""

    def texts(self, access: Access, document_ids: Sequence[str]) -> dict[str, str]:
        """The texts of these documents by id, of those that are there."""

    def chunk_vectors(self, access: Access, chunk_ids: Sequence[int]) -> tuple[IntVector, FloatMatrix]:
        """Those of these chunks that are there: ids, int64, ascending, (n,), and vectors, float32, (n, dimension).

        One whose vector has another length, which is damage, is left out.
        """

    def sentence_vectors(self, access: Access, chunk_ids: Sequence[int]) -> tuple[IntVector, IntVector, FloatMatrix]:
        """The sentences of these chunks that may be quoted, by chunk, then in order.

        Chunk ids and sentence ids, int64, each of shape (n,), and vectors, float32, shape (n, dimension).
        """

    def search_words(self, access: Access, words: Sequence[str], k: int) -> list[tuple[int, float]]:
        """At most `k` chunk ids with their BM25 score for any of the words, best first, higher is better, ties by id.

        Words are plain text: nothing in them is an operator, and one without a letter or digit is passed over.
        """

    def chunk_frequencies(self, access: Access, words: Sequence[str]) -> dict[str, int]:
        """For each of the words, the number of chunks that hold it in any of its forms ("runs", "running")."""

    def word_stems(self, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each of the words the stems that it comes down to in a text: none, one, or several in a row."""

    def phrase_counts(self, access: Access, word: str) -> dict[int, int]:
        """For each chunk that holds a word that comes down to several stems, how often it does."""

    def threshold(self) -> SiteThreshold | None:
        """The threshold that was fitted to this site's questions, or None."""


class AccessStore(Protocol):
    """Which groups may read which document."""

    def groups(self, access: Access, document_id: str) -> DocumentGroups | None:
        """The groups of one document; None where there is no such document."""

    def all_groups(self, access: Access) -> list[DocumentGroups]:
        """The groups of all documents, by id."""

    def set_groups(self, changes: Iterable[DocumentGroups], *, rules: str | None = None) -> int:
        """Let documents be read by these groups; how many of them had others, which is one change together.

        A document that is not there is passed over. What is set by hand counts over what a source says, and that over
        rules: what counts less changes nothing, but what a source says is kept for when the other is taken back. With
        `rules`, whatever names these rules, they are applied then. Does not wait for the write lock, as who may read
        what must not.
        """

    def take_groups_back(self, giver: GivenBy, by_rules: Iterable[DocumentGroups]) -> int:
        """Let what was set by hand for documents, or what their source says, count no more; otherwise as `set_groups`.

        Then it counts what their source says, where it says any, else these groups, which rules give.
        """

    def denies_by_default(self) -> bool:
        """Whether nobody may read a new document that no rule is for."""

    def deny_by_default(self, *, is_on: bool) -> None:
        """Keep whether that is so."""

    def applied_rules(self) -> str:
        """What names the rules that hold for every document; "" for none, "?" where a document came by other ones."""


class IndexSource(Snapshots, Protocol):
    """What an index is made from and kept in step with: the chunks, and the log of changes to them."""

    def permitted_sets(self, access: Access) -> frozenset[int]:
        """The numbers of the sets of groups by which `access` may read; what it says of everything is passed over.

        Documents that the same groups may read have one set; a number never comes to mean another one.
        """

    def sets_of_chunks(self, *, above: int = 0) -> tuple[IntVector, IntVector]:
        """The ids of the chunks with ids above a number, ascending, and the set of each, int64, each of shape (n,)."""

    def groups_changes(self) -> int:
        """How often the groups of chunks that are stored have been changed."""

    @property
    def database_id(self) -> str:
        """Made at random with the database; tells the index of another one apart."""

    def change_token(self, number: int) -> int | None:
        """What tells this change from any other of its number; None for one that is not (any more) in the log."""

    def removed_since(self, number: int) -> IntVector:
        """The ids of the chunks that were removed after a change that has a token, int64, ascending, shape (n,)."""

    def forget_changes_before(self, number: int) -> None:
        """Shorten the log of changes: an index with all that was before this one is on the disk."""

    def all_chunk_ids(self) -> IntVector:
        """The ids of all chunks, int64, shape (n,), in no order."""

    def chunk_vectors(self, access: Access, chunk_ids: Sequence[int]) -> tuple[IntVector, FloatMatrix]:
        """As in PassageStore."""

    def some_chunk_vectors(self, count: int) -> FloatMatrix:
        """About `count` of the chunks' vectors, evenly from all, float32, shape (n, dimension)."""

    def chunk_blocks(
        self, *, above: int = 0, size: int = 10_000
    ) -> Iterator[tuple[IntVector, FloatMatrix, list[list[str]], list[str]]]:
        """The chunks with ids above a number, ascending, `size` at a time: ids, vectors, English stems, search texts.

        Read them inside a `snapshot`: each block is read when it is asked for.
        """

    def confirm_write_lock(self) -> None:
        """Raise StorageBusy when the lock is held here, but someone removed its file, so that others may write too."""


class FileLedger(Protocol):
    """What each file was when it was last read, and which document came of it."""

    def known_file(self, path: bytes) -> KnownFile | None:
        """What is known of one file, or entry of an archive; None of one that was never read."""

    def known_files(self, prefix: bytes, location: str) -> list[KnownFile]:
        """What the store has from under a folder, by path; last, with an empty path, what no file is remembered for.

        `prefix` is the folder's path with a slash at its end, `location` the same for people.
        """

    def document_at(self, document_id: str, location: str) -> KnownFile | None:
        """What is known of a document with this id and location that no file is remembered for, if there is one."""

    def failed_files(self) -> list[FileRecord]:
        """The files that did not become documents when they were last read, by path."""

    def owner_of(self, document_id: str) -> tuple[bytes, str] | None:
        """Path and location of what this document id belongs to, None for a free one; b"" when no file is known."""

    def same_content(self) -> list[tuple[str, str]]:
        """SHA-256 and location of each document that was read from the same bytes as another one, sorted."""

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


class SourceStore(DocumentStore, AccessStore, FileLedger, Protocol):
    """What bringing documents in needs: they and the files that they come from change in one commit."""


@dataclass(frozen=True, slots=True)
class ConversationHead:
    """A conversation as a list shows it."""

    id: str
    title: str
    created_at: str
    updated_at: str
    expires_at: str
    shared_with: str  # the group that may open it too; "" for none


@dataclass(frozen=True, slots=True)
class FeedbackRecord:
    """What somebody thought of an answer."""

    answer_id: str
    relevance: str  # "relevant" or "not_relevant"
    citation_number: int | None  # where it was said of one citation
    comment: str
    created_at: str


class ConversationStore(Protocol):
    """Conversations as they were shown, for one who asks: another's is not found, unless it is shared with them.

    Words of documents that they may not read, or no more, are left out. One that is shared with them they can open and
    follow up, and not change. No method waits for the write lock, or counts as a change of documents.
    """

    def heads(self, keeping: RetentionPolicy, *, at_most: int) -> list[ConversationHead]:
        """Their own conversations, the one asked in last first."""

    def share(self, conversation_id: str, group: str, keeping: RetentionPolicy) -> bool:
        """Let a group open an own conversation too, in place of any other; "" takes that back. Whether there is one."""

    def find(self, conversation_id: str, keeping: RetentionPolicy, *, last: int | None = None) -> Conversation | None:
        """A conversation that has not expired, with all its turns or the `last` few; None without one."""

    def find_repeated(
        self, conversation_id: str | None, request_id: str, keeping: RetentionPolicy
    ) -> tuple[str, Turn] | None:
        """The turn that this request has made before, and the id of its conversation; None without one.

        Without an id it is the first turn of a conversation of the last day.
        """

    def add(self, given: NewTurn, keeping: RetentionPolicy, *, at_most: int, started: bool) -> tuple[str, Turn]:
        """Keep an answer, and give back its turn and the id of the conversation.

        When its request has made one before, that is it, and nothing is added; with `started`, that may be the first
        turn of a conversation that the client knows nothing of. Words of documents that were deleted since they were
        read are left out. Raises ConversationNotFound, and ConversationFull when it has `at_most` turns.
        """

    def rename(self, conversation_id: str, title: str, keeping: RetentionPolicy) -> Conversation | None:
        """Give a conversation another title, and give it back without its turns; None without one."""

    def rate(self, conversation_id: str, number: int, relevance: str, keeping: RetentionPolicy) -> None:
        """Keep with a turn what somebody thought of its answer. Raises ConversationNotFound for it too."""

    def delete(self, conversation_id: str, keeping: RetentionPolicy) -> bool:
        """Delete a conversation; whether there was one. Its words are gone from the files too."""

    def expire(self, keeping: RetentionPolicy) -> int:
        """Delete the conversations that have expired, and give their number. Writes nothing where there are none."""

    def shrink(self, most_bytes: int) -> int:
        """Where all answers together take more bytes, delete conversations until they take nine tenths of that.

        First go those that have been without a question for longest. Gives their number.
        """


class QuestionLog(Protocol):
    """Questions and how they ended. No method waits for the write lock, or counts as a change of documents."""

    def note(self, asking: LoggedQuestion, vector: FloatVector | None, *, keep_since: str | None) -> None:
        """Count the outcome for its day, keep the question, and delete those that were asked before `keep_since`.

        With None nothing is kept, and what was kept earlier is deleted.
        """

    def expire(self, keep_since: str | None) -> None:
        """Delete the questions that were asked before a moment, or with None all of them."""

    def outcomes(self, since: str) -> dict[str, dict[str, int]]:
        """For each day from `since` on that has any, how many questions ended how."""

    def votes_against(self, since: str) -> dict[str, int]:
        """For each day from `since` on that has any, how many votes were given against an answer."""

    def wordings(self, since: str) -> list[DistinctQuestion]:
        """The kept questions since a moment, the one asked last first. The same letter by letter is one wording."""

    def vectors(self, ids: Sequence[int]) -> dict[int, FloatVector]:
        """The vectors of the questions with these ids, float32, shape (dimension,)."""

    def texts(self, ids: Sequence[int]) -> dict[int, str]:
        """The questions with these ids, those that are there."""

    def answered_now(self, question: str, *, answer_id: str, confidence: float, index_version: int) -> None:
        """Of every declined asking of this wording, that it is answered by now. What was voted down stays so."""

    def forget(self, wordings: Sequence[str]) -> None:
        """Delete all askings of these wordings, and the comments on their answers."""

    def forget_all(self) -> None:
        """Delete every kept question and every comment on an answer. Votes and the counts of the days stay."""


class Store(SourceStore, PassageStore, IndexSource, Protocol):
    """All of it, open. Threads may read at once and write in turn; other processes may read."""

    def conversations_of(self, access: Access) -> ConversationStore:
        """The conversations of whoever asks, and those that are shared with one of their groups."""

    @property
    def people(self) -> PeopleStore:
        """Who may sign in."""

    @property
    def questions(self) -> QuestionLog:
        """The questions that were asked."""

    @property
    def jobs(self) -> JobStore | None:
        """Files that nodes hand to each other to be read and embedded; None where there can be one node only."""

    def close(self) -> None:
        """Give back every file handle. Closing twice is no error; using a closed store is a ValueError."""

    def model(self) -> ModelIdentity | None:
        """The embedding model that the vectors are of, or None before the first `bind_model`."""

    def bind_model(self, identity: ModelIdentity) -> None:
        """Record the model whose vectors are stored here, once for all. Raises ModelMismatch for another one."""

    def write_lock(self) -> AbstractContextManager[None]:
        """Keep other processes from writing while the block runs; reentrant, and threads of one store take turns.

        Raises StorageBusy at once when another process has it. Methods that change documents take it themselves.
        """

    def set_threshold(self, threshold: SiteThreshold | None) -> None:
        """Keep the threshold in place of the one before; None forgets it. Changes no document."""

    def add_feedback(
        self,
        answer_id: str,
        question: str | None,
        relevance: str,
        citation_number: int | None,
        comment: str,
        person: str = "",
    ) -> int:
        """Keep what someone thinks of an answer; its id. `relevance` is "relevant" or "not_relevant".

        `person` is whose it is, "" for nobody in particular. Changes no document, so it does not wait for the write
        lock and leaves the change number alone.
        """

    def feedback_of(self, person: str) -> list[FeedbackRecord]:
        """What a person thought of answers, oldest first; nothing for "", who is nobody in particular."""

    def forget_feedback(self, person: str) -> int:
        """Delete what a person thought of answers, and give how many there were; its words are gone from the files."""

    def expire_feedback(self, keep_since: str | None) -> int:
        """Delete votes and comments that were given before a moment, or with None all, and give their number.

        Writes nothing where there are none.
        """

    def confirm_usable(self) -> None:
        """Raise StorageTooNew, or another StorageError, when the database is not (any more) one that this can read."""

    def merge_log(self) -> int:
        """Merge what was written lately into the main file, and give how many bytes are left for another time."""

    def size(self) -> int:
        """Bytes that it takes on the disk, what is not yet merged included."""

    def back_up(self, target: Path, files: FilesBeside = nothing_beside) -> int:
        """Write everything, as of one moment, to the one new file `target`, with these files; its size in bytes."""

    def check(self) -> list[Check]:
        """What was looked at and whether it held: pages, texts, originals, vectors, words. Reads the whole database."""

    def rebuild_words(self) -> None:
        """Make the word index again from the chunks, and count all there is."""


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
