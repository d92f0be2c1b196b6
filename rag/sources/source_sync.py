"""One source and what the store has from it, brought together: new, changed, moved and deleted documents, and rights.

What is stored stays unless the source says otherwise and says it whole: nothing is removed after a listing that broke
off, that was cut, or that is suddenly empty. Each document is committed by itself, so that a run that is killed is gone
on with by the next one, which compares everything again and reads only what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from rag import read
from rag.errors import DocumentNotFound, DocumentTooLarge, FetchFailed, InputError
from rag.ingest.results import IngestResult, OnResult
from rag.ingest.sources.intake import Intake, Item, Tools
from rag.ingest.sources.missing import MissingFiles
from rag.records import Access, GivenBy
from rag.sources.document_source import DocumentSource, SourceEntry, SourceListing, shown_name, why_not_path
from rag.sources.pace import Pace, SourceTimeOver
from rag.sources.source_file import ConfiguredSource
from rag.store.base import DocumentGroups, IngestStatus, KnownFile

# A block inside which documents are changed.
Changing = Callable[[], AbstractContextManager[object]]
# Puts down that other groups may read a document now: its id, the groups before, and those of now.
RecordGroups = Callable[[str, frozenset[str], frozenset[str]], None]

_EVERYTHING = Access.everything()
# Documents and bytes that are held before they are stored.
_BATCH = 20
_BATCH_BYTES = 20_000_000
# So many failures one after the other are taken for a source that is down.
_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class SyncingTools:
    """What a sync needs besides the source."""

    tools: Tools
    changing: Changing
    record_groups: RecordGroups
    pace: Pace
    on_result: OnResult | None = None
    dry_run: bool = False
    retry: bool = False  # try again what could not be read and is what it was


@dataclass(slots=True)
class SourceOutcome:
    """What a sync did so far."""

    results: list[IngestResult] = field(default_factory=list)  # all but the unchanged ones
    unchanged: int = 0
    rights_changed: int = 0
    failed_before: int = 0
    problems: list[str] = field(default_factory=list)
    cursor: str = ""  # of the state that all of it was taken in from; "" where some of it is missing

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left undone. What no reader can read is not undone: trying again changes nothing."""
        return not self.problems and not any(result.status is IngestStatus.FAILED for result in self.results)


def sync_source(
    source: DocumentSource, configured: ConfiguredSource, given: SyncingTools, *, since: str
) -> SourceOutcome:
    """Bring the store to what `source` holds now; `since` is the cursor of the state that was taken in as a whole.

    A failure of the source is told in the outcome. Raises StorageError when nothing more can be written.
    """
    run = _Run(configured, given)
    try:
        listing = source.list(since)
    except InputError as error:
        run.outcome.problems.append(f"{error}. What was read from it before stays.")
        return run.outcome
    if listing.is_unchanged:
        run.outcome.unchanged = sum(file.source is not None for file in run.known.values())
        run.outcome.cursor = listing.cursor
        return run.outcome
    run.take(listing)
    run.narrow_rights()
    run.read_from(source)
    run.remove()
    run.give_rights()
    if run.outcome.is_whole and run.has_listed_all:
        run.outcome.cursor = listing.cursor
    return run.outcome


class _Run:
    """One sync of one source."""

    def __init__(self, configured: ConfiguredSource, given: SyncingTools) -> None:
        self.outcome = SourceOutcome()
        self.entries: dict[bytes, SourceEntry] = {}
        self.has_listed_all = False
        self._configured = configured
        self._given = given
        self._tools = given.tools
        self._patterns = configured.patterns
        self._prefix = configured.prefix
        files = self._tools.store.known_files(self._prefix.encode(), self._prefix)
        self.known = {file.record.path: file for file in files if file.record.path}
        self._read_with = self._tools.read_with
        self._todo: list[bytes] = []
        self._has_read_all = False
        self._gone = MissingFiles()
        self._is_partial = False
        self._staying: dict[bytes, KnownFile] = {}  # what is not listed any more and stays all the same
        self._moved: dict[bytes, KnownFile] = {}  # by its new path, what the source says that a document was before
        self._unreadable: set[bytes] = set()  # whose bytes were had and are no document
        self._rights_changed: set[str] = set()
        self._done = 0

    # -- what the source says that it has -----------------------------------------------------------------------------

    def take(self, listing: SourceListing) -> None:
        """Take in the listing, as far as it goes and can be used."""
        most = self._configured.limit("max_documents")
        unusable: list[str] = []
        try:
            for entry in listing.entries:
                self._given.pace.left()
                why_not = why_not_path(entry.path)
                if why_not:
                    unusable.append(f"{shown_name(entry.path)}: {why_not}")
                    if len(unusable) > most:
                        raise FetchFailed(f"it lists more than {most:,} names that cannot be used")
                    continue
                if self._is_passed_over(entry):
                    continue
                key = self._key(entry)
                if key in self.entries:
                    unusable.append(f"{shown_name(entry.path)}: it is listed twice; the first one is taken")
                    if len(unusable) > most:
                        raise FetchFailed("it lists the same names again and again")
                    continue
                if len(self.entries) >= most:
                    raise FetchFailed(f"it lists more than the {most:,} documents that are taken; raise max_documents")
                self.entries[key] = entry
            self.has_listed_all = True
        except InputError as error:
            self.outcome.problems.append(f"The listing is not complete: {error}. Nothing is removed.")
        if unusable:
            self.outcome.problems.append(f"{len(unusable):,} names cannot be used, the first: {unusable[0]}.")
        self._is_partial = listing.is_partial
        if self._is_partial:
            self._staying = {path: file for path, file in self.known.items() if path not in self.entries}
            self.outcome.unchanged += sum(file.source is not None for file in self._staying.values())
        elif self.has_listed_all:
            self._gone = MissingFiles(file for path, file in self.known.items() if path not in self.entries)
        for key, entry in self.entries.items():
            if self._is_same(entry, self.known.get(key)):
                failed = bool(self.known[key].record.error)
                self.outcome.failed_before += failed
                self.outcome.unchanged += not failed
            else:
                self._todo.append(key)
        self._find_moved()

    def _find_moved(self) -> None:
        """See which of the new documents are those that are gone, by what the source calls them."""
        gone = {file.record.stamp.inode: file for file in self._gone.rest()}
        for key in self._todo:
            entry, file = self.entries[key], self.known.get(key)
            if entry.identity and (file is None or file.source is None):
                was = gone.pop(entry.stamp.inode, None)
                if was is not None:
                    self._moved[key] = was

    def _is_passed_over(self, entry: SourceEntry) -> bool:
        """Whether an entry is none of the wanted documents: hidden, of a format without a reader, or left out."""
        is_hidden = any(part.startswith(".") for part in entry.path.split("/"))
        is_readable = entry.media_type or PurePosixPath(entry.path).suffix.lower() in self._tools.media_types
        return is_hidden or not is_readable or self._patterns.leaves_out(entry.path, is_folder=False)

    def _is_same(self, entry: SourceEntry, file: KnownFile | None) -> bool:
        """Whether this version of a document is the one that was read last, and what became of it still stands."""
        if file is None or file.record.stamp != entry.stamp or file.record.read_with != self._read_with:
            return False
        if file.record.error:
            return not self._given.retry and file.source is None
        is_there = file.source is not None and file.content_sha256 == file.record.content_sha256
        return is_there and file.source is not None and file.source.location == self._location(entry)

    # -- bytes --------------------------------------------------------------------------------------------------------

    def read_from(self, source: DocumentSource) -> None:
        """Read what is new or changed, and store it a few at a time."""
        waiting: list[tuple[SourceEntry, bytes | InputError]] = []
        held = in_a_row = 0
        for number, key in enumerate(self._todo):
            entry = self.entries[key]
            found: bytes | InputError
            try:
                found = self._bytes_of(entry, source)
                in_a_row = 0
            except SourceTimeOver as error:
                self._stop(len(self._todo) - number, str(error))
                break
            except InputError as error:
                found = error
                in_a_row += not isinstance(error, DocumentTooLarge)
            waiting.append((entry, found))
            held += len(found) if isinstance(found, bytes) else 0
            if len(waiting) >= _BATCH or held >= _BATCH_BYTES:
                self._store(waiting)
                waiting, held = [], 0
            if in_a_row >= _IN_A_ROW and number + 1 < len(self._todo):
                self._stop(len(self._todo) - number - 1, f"{in_a_row} documents failed one after the other")
                break
        else:
            self._has_read_all = True
        self._store(waiting)

    def _bytes_of(self, entry: SourceEntry, source: DocumentSource) -> bytes:
        """The bytes of one entry. Raises InputError."""
        most = self._tools.max_bytes
        was = self._moved.get(self._key(entry))
        if was is not None and was.source is not None and was.record.stamp == entry.stamp:
            # The same document in the same version, elsewhere: what is kept of it need not be asked for.
            kept = self._tools.store.original(_EVERYTHING, was.source.id)
            if kept is not None and kept[1] == was.record.content_sha256:
                return kept[2]
        if entry.size is not None and entry.size > most:
            raise read.too_large(self._location(entry), entry.size, most)
        data = source.read(entry, most)
        if len(data) > most:
            raise read.too_large(self._location(entry), len(data), most)
        return data

    def _stop(self, left: int, why: str) -> None:
        self.outcome.problems.append(
            f"{left:,} documents were not read: {why}. They are read the next time, and nothing is removed before."
        )

    def _store(self, waiting: Sequence[tuple[SourceEntry, bytes | InputError]]) -> None:
        """Store what was read, each document with the groups that may read it."""
        if not waiting:
            return
        given = self._given
        with given.changing():
            known = self._tools.store.known_file
            intake = Intake(self._tools, known, self._tell, retry=True, dry_run=given.dry_run, gone=self._gone)
            for entry, found in waiting:
                key, location = self._key(entry), self._location(entry)
                self._done += 1
                if isinstance(found, InputError):
                    intake.fail(key, location, found)
                    continue
                media_type = entry.media_type or read.media_type_of(entry.path, self._tools.media_types)
                was = self._moved[key].record.path if key in self._moved else b""
                intake.take_bytes(Item(key, location, media_type, entry.stamp, entry.modified_at, was), found)
            intake.finish()
            read_wrongly = {self._key(entry) for entry, found in waiting if not isinstance(found, InputError)}
            self._unreadable |= intake.refused & read_wrongly
            stored = (entry for entry, found in waiting if not isinstance(found, InputError))
            self._set_groups((entry, self._tools.store.known_file(self._key(entry))) for entry in stored)

    def _tell(self, result: IngestResult) -> None:
        if result.status is IngestStatus.UNCHANGED:
            self.outcome.unchanged += 1
        else:
            self.outcome.results.append(result)
        if self._given.on_result is not None:
            self._given.on_result(result, self._done, len(self._todo))

    # -- what is gone -------------------------------------------------------------------------------------------------

    def remove(self) -> None:
        """Remove the documents that the source does not have any more, unless there are suspiciously many."""
        if self._is_partial or not (self.has_listed_all and self._has_read_all):
            return
        lost = {file.record.path for file in self._gone.rest()}
        stored = [path for path, file in self.known.items() if file.source is not None]
        doomed = [path for path in stored if path in lost or path in self._unreadable]
        why_not = self._too_many(len(doomed), len(stored))
        if why_not:
            self.outcome.problems.append(why_not)
            return
        forgotten = [p for p, file in self.known.items() if file.source is None and p not in self.entries]
        if not doomed and not forgotten:
            return
        with self._given.changing():
            for path in doomed:
                self._remove_one(self.known[path])
            if forgotten and not self._given.dry_run:
                self._tools.store.remember_files([], gone=forgotten)

    def _remove_one(self, file: KnownFile) -> None:
        source = file.source
        assert source is not None  # noqa: S101 - only what is stored is removed
        if not self._given.dry_run:
            failure = self._tools.store.known_file(file.record.path) if file.record.path in self._unreadable else None
            with suppress(DocumentNotFound):  # somebody removed it meanwhile
                self._tools.store.delete_document(source.id, file=failure.record if failure else None)
        self._tell(IngestResult(source.location, IngestStatus.REMOVED, source.id))

    def _too_many(self, doomed: int, stored: int) -> str:
        """Why the documents of a source are not removed; "" when they may be."""
        allowed = self._configured.max_removed
        if doomed and not self.entries and allowed < 1:
            return (
                f"It lists nothing, but {stored} documents came from it. Nothing is removed, in case it is damaged; if"
                " it is meant, set max_removed to 1 once."
            )
        if doomed > allowed * stored:
            return (
                f"{doomed} of its {stored} documents would be removed, more than the share of {allowed:g} that is"
                " allowed. None is; if it is meant, raise max_removed."
            )
        return ""

    # -- rights -------------------------------------------------------------------------------------------------------

    def narrow_rights(self) -> None:
        """Take rights away first. They are widened when the bytes are there that they are meant for.

        The new text of a document may be fit for more readers because of what is no longer in it.
        """
        narrowed = self._staying_readers()
        for key, entry in self.entries.items():
            file = self._moved.get(key) or self.known.get(key)
            if entry.readers is not None and file is not None and file.source is not None:
                narrowed[file.source.id] = entry.readers
        self._change_groups(narrowed, is_narrowing=True)

    def give_rights(self) -> None:
        """Let the documents that are what they were be read by whom the source says now; the others are by now."""
        todo = set(self._todo)
        self._set_groups((entry, self.known[key]) for key, entry in self.entries.items() if key not in todo)
        self._change_groups(self._staying_readers())

    def _staying_readers(self) -> dict[str, frozenset[str]]:
        """The groups of each document that is not listed and stays, where the file says any."""
        groups = self._configured.groups_of
        paths = {path: path.decode().removeprefix(self._prefix) for path in self._staying}
        found = {file.source.id: groups(paths[path]) for path, file in self._staying.items() if file.source is not None}
        return {document_id: readers for document_id, readers in found.items() if readers is not None}

    def _set_groups(self, entries: Iterable[tuple[SourceEntry, KnownFile | None]]) -> None:
        wanted = {}
        for entry, file in entries:
            if (
                entry.readers is not None
                and file is not None
                and file.source is not None
                and self._is_same(entry, file)
            ):
                wanted[file.source.id] = entry.readers
        self._change_groups(wanted)

    def _change_groups(self, wanted: Mapping[str, frozenset[str]], *, is_narrowing: bool = False) -> None:
        """Say that each of these documents may be read by its groups; with `is_narrowing` only by those of before.

        What somebody set by hand stays, and what is said here is kept for when it is taken back.
        """
        changes, changed, before = [], [], {}
        for document_id, groups in wanted.items():
            now = self._tools.store.groups(_EVERYTHING, document_id)
            if now is None:
                continue
            is_by_hand = now.given_by is GivenBy.HAND
            if now.source_groups is None and is_narrowing and is_by_hand:
                continue
            said = now.groups if now.source_groups is None else now.source_groups
            change = DocumentGroups(document_id, groups & said if is_narrowing else groups, GivenBy.SOURCE)
            if change.groups != said or (not is_narrowing and now.source_groups is None):
                changes.append(change)
            if change.groups != now.groups and not is_by_hand:
                changed.append(change)
                before[document_id] = now.groups
        self._rights_changed |= {change.document_id for change in changed}
        self.outcome.rights_changed = len(self._rights_changed)
        if changes and not self._given.dry_run:
            self._tools.store.set_groups(changes)
            for change in changed:
                self._given.record_groups(change.document_id, before[change.document_id], change.groups)

    # -- names --------------------------------------------------------------------------------------------------------

    def _key(self, entry: SourceEntry) -> bytes:
        """An entry as the store remembers it, among files, whose paths begin with a slash."""
        return f"{self._prefix}{entry.path}".encode()

    def _location(self, entry: SourceEntry) -> str:
        """The same for people: its page, where it has one."""
        return entry.address or f"{self._prefix}{entry.path}"
