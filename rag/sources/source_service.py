"""The sources of one data directory: listed, tried, and brought in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from rag.errors import InputError, InvalidSetting
from rag.ingest.results import IngestResult, OnResult
from rag.ingest.sources import Tools
from rag.ingest.writer import Writer
from rag.records import Access, GivenBy
from rag.settings import Settings
from rag.sources.document_source import DocumentSource, SourceEntry, SourceListing, groups_in, why_not_path
from rag.sources.open_source import open_source
from rag.sources.pace import Pace
from rag.sources.source_file import FILE_NAME, ConfiguredSource, read_source_file
from rag.sources.source_report import (
    SourceFailure,
    SourceReport,
    SourceState,
    alone_with,
    load_state,
    save_state,
)
from rag.sources.source_sync import RecordGroups, SourceOutcome, SyncingTools, sync_source
from rag.store.base import DocumentGroups, IngestStatus, SourceStore

_EVERYTHING = Access.everything()


class SourceTools(Protocol):
    """What documents pass through on their way in, as `rag.documents.document_service.DocumentService` has it."""

    def tools(self, readers: Callable[[bytes], Collection[str] | None]) -> Tools:
        """The tools; `readers` says which groups may read what comes from a path, None where rules say it."""
        ...

    def told(self, result: IngestResult) -> None:
        """Put down what became of a document."""
        ...


class SourceRules(Protocol):
    """Who may read what, as `rag.access.access_service.AccessService` says it."""

    def groups_of(self, location: str) -> tuple[frozenset[str], str]:
        """The groups that may read a new document from this place, and what names the rules that say so."""
        ...

    def apply_again(self) -> None:
        """Look again at who may read what is stored."""
        ...


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A source that is named in the file, and what it brought when it ran last."""

    name: str
    kind: str
    succeeded_at: str  # ISO 8601, UTC: when all was well last; "" for never
    report: SourceReport | None  # None: it never ran


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """The sources, or why the file that names them cannot be used."""

    sources: tuple[ListedSource, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What a source says when it is asked, without anything being read or stored."""

    name: str
    documents: int  # that it lists, whether they are wanted or not
    error: str  # why it cannot be asked, or not to the end; "" when it can


class SourceList:
    """The sources that the file names. No model and no database is needed."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        """`environ` has the passwords of sources whose part of the file says so."""
        self._settings = settings
        self._environ = environ
        self._data_dir = settings.data_dir
        self.file = settings.sources or settings.data_dir / FILE_NAME

    def all(self) -> list[ListedSource]:
        """All of them, in the order of the file. Raises InvalidSetting for a file that makes no sense."""
        found = []
        for configured in read_source_file(self.file).values():
            state = load_state(self._data_dir, configured.name)
            found.append(ListedSource(configured.name, configured.kind, state.succeeded_at, state.report))
        return found

    def overview(self) -> SourceOverview:
        """The same, or why the file makes no sense."""
        try:
            return SourceOverview(tuple(self.all()))
        except InvalidSetting as error:
            return SourceOverview((), str(error))

    def check(self, name: str | None = None) -> Iterator[SourceCheck]:
        """What each source, or one, says when it is asked for its documents. Raises InvalidSetting."""
        for configured in self._chosen(name):
            documents = 0
            try:
                with alone_with(self._data_dir, configured.name), closing(self._open(configured)) as source:
                    for entry in _within(source.list("").entries, configured.limit("max_documents")):
                        documents += not why_not_path(entry.path)
            except InputError as error:
                yield SourceCheck(configured.name, documents, str(error))
            else:
                yield SourceCheck(configured.name, documents, "")

    def _chosen(self, name: str | None) -> list[ConfiguredSource]:
        """The sources of the file, or the one of a name. Raises InvalidSetting."""
        named = read_source_file(self.file)
        if not named:
            raise InvalidSetting(f"No source is named: {self.file} is not there, or has no [source.NAME].")
        if name is None:
            return list(named.values())
        if name not in named:
            raise InvalidSetting(f"{self.file} has no source {name!r}; it has {', '.join(named)}.")
        return [named[name]]

    def _pace(self, configured: ConfiguredSource) -> Pace:
        return Pace(per_second=configured.limit("requests_per_second"), seconds=60 * configured.limit("max_minutes"))

    def _open(self, configured: ConfiguredSource, pace: Pace | None = None) -> DocumentSource:
        password = configured.password(self._environ)
        return open_source(configured, pace or self._pace(configured), self._settings, password)


class SourceService(SourceList):
    """The same, and the store that is kept in step with them."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        store: SourceStore,
        writer: Writer,
        documents: SourceTools,
        rules: SourceRules,
        record_groups: RecordGroups,
    ) -> None:
        """`record_groups` puts down that a source gave a document to other groups."""
        super().__init__(settings, environ)
        self._store = store
        self._writer = writer
        self._documents = documents
        self._rules = rules
        self._record_groups = record_groups

    def sync(
        self,
        name: str | None = None,
        *,
        dry_run: bool = False,
        retry: bool = False,
        on_result: OnResult | None = None,
    ) -> Iterator[tuple[str, SourceReport]]:
        """Bring in what each source, or one, holds now; its name and what was done, one source after the other.

        A source that fails does not keep the others from their turn, and is told in its report. Raises InvalidSetting
        for a file that makes no sense, StorageBusy while another process writes, and StorageError when nothing more
        can be written.
        """
        for configured in self._chosen(name):
            with alone_with(self._data_dir, configured.name):
                yield configured.name, self._sync_one(configured, dry_run=dry_run, retry=retry, on_result=on_result)

    def _sync_one(
        self, configured: ConfiguredSource, *, dry_run: bool, retry: bool, on_result: OnResult | None
    ) -> SourceReport:
        state = load_state(self._data_dir, configured.name)
        started_at = _now()
        given: dict[bytes, frozenset[str]] = {}
        tools = self._documents.tools(given.get)
        taken_as = _digest(configured, tools)
        since = state.cursor if state.taken_as == taken_as and not retry else ""
        gives_rights = bool(configured.rights) or configured.groups is not None
        if state.has_rights and not gives_rights and not dry_run:
            self._take_rights_back(configured)
        if gives_rights and not state.has_rights and not dry_run:
            # First: should this be cut short, the next one still knows.
            state = replace(state, has_rights=True)
            save_state(self._data_dir, configured.name, state)

        def heard(result: IngestResult, number: int, total: int) -> None:
            if not dry_run:
                self._documents.told(result)
            if on_result is not None:
                on_result(result, number, total)

        pace = self._pace(configured)
        syncing = SyncingTools(
            tools,
            nullcontext if dry_run else self._writer.long,
            self._record_groups,
            pace,
            heard,
            dry_run=dry_run,
            retry=retry,
        )
        try:
            opened = self._open(configured, pace)
        except InputError as error:
            outcome = SourceOutcome(problems=[str(error)])
        else:
            with closing(_WithReaders(opened, configured, given)) as source:
                outcome = sync_source(source, configured, syncing, since=since)
        report = _report(outcome, started_at)
        if not dry_run:
            if not gives_rights:
                self._rules.apply_again()
            cursor = outcome.cursor if report.ok else ""
            succeeded_at = report.finished_at if report.ok else state.succeeded_at
            save_state(
                self._data_dir,
                configured.name,
                SourceState(cursor, taken_as, gives_rights, succeeded_at, report.told()),
            )
        return report

    def _take_rights_back(self, configured: ConfiguredSource) -> None:
        """Let rules say again who may read the documents of a source that says nothing of it any more."""
        prefix = configured.prefix
        stored = [file.source for file in self._store.known_files(prefix.encode(), prefix) if file.source is not None]
        by_rules = [DocumentGroups(source.id, self._rules.groups_of(source.location)[0]) for source in stored]
        self._store.take_groups_back(GivenBy.SOURCE, by_rules)


@dataclass(slots=True)
class _WithReaders:
    """A source whose entries say which groups of the site may read them, as it is written down."""

    source: DocumentSource
    configured: ConfiguredSource
    given: dict[bytes, frozenset[str]] = field(default_factory=dict)  # the groups of each path, filled as they come

    def list(self, since: str) -> SourceListing:
        listing = self.source.list(since)
        return replace(listing, entries=map(self._with_readers, listing.entries))

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        return self.source.read(entry, max_bytes)

    def close(self) -> None:
        self.source.close()

    def _with_readers(self, entry: SourceEntry) -> SourceEntry:
        readers = self.configured.groups_of(entry.path)
        if self.configured.rights:
            # A source that was to say it and says nothing of one document lets nobody read it.
            readers = groups_in(entry.readers or frozenset(), self.configured.group_map)
        if readers is not None:
            self.given.setdefault(f"{self.configured.prefix}{entry.path}".encode("utf-8", "replace"), readers)
        return replace(entry, readers=readers)


def _report(outcome: SourceOutcome, started_at: str) -> SourceReport:
    statuses = [result.status for result in outcome.results]
    failures = [
        SourceFailure(result.location, result.error or "")
        for result in outcome.results
        if result.status is IngestStatus.FAILED
    ]
    return SourceReport(
        started_at=started_at,
        finished_at=_now(),
        ok=outcome.is_whole,
        created=statuses.count(IngestStatus.CREATED),
        updated=statuses.count(IngestStatus.UPDATED),
        moved=statuses.count(IngestStatus.MOVED),
        removed=statuses.count(IngestStatus.REMOVED),
        unchanged=outcome.unchanged,
        rights_changed=outcome.rights_changed,
        failed=len(failures) + outcome.failed_before,
        failures=tuple(failures),
        problems=tuple(outcome.problems),
    )


def _within(entries: Iterator[SourceEntry], most: int) -> Iterator[SourceEntry]:
    """The entries, and an error for one too many."""
    for number, entry in enumerate(entries):
        if number >= most:
            raise InputError(f"it lists more than the {most:,} documents that are taken; raise max_documents")
        yield entry


def _digest(configured: ConfiguredSource, tools: Tools) -> str:
    """Another one where the same state of the source may have to be taken in otherwise."""
    # Not of the password: a new one does not change what is there.
    told = (
        configured.kind,
        sorted(configured.options.items()),
        [sorted(lines) if lines is not None else None for lines in configured.lines],
        sorted(configured.groups) if configured.groups is not None else None,
        sorted((folder, sorted(groups)) for folder, groups in configured.folder_groups.items()),
        configured.rights,
        sorted(configured.group_map.items()),
        sorted(configured.limits.items()),
        configured.max_removed,
        configured.user,
        tools.read_with,
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
