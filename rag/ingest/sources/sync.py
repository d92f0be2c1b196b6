"""Folders and what the store has from under them, brought together: new, changed, moved and deleted files.

A folder that is missing, cannot be listed or is suddenly empty removes nothing: a share that is not mounted looks like
that. Neither are many documents removed at once without leave.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from rag import read
from rag.errors import DocumentNotFound, InputError, InvalidSetting
from rag.ingest.results import IngestResult, OnResult, SyncReport
from rag.ingest.sources.folder import FoundFile, list_folder
from rag.ingest.sources.intake import INSIDE, Intake, Tools
from rag.ingest.sources.missing import MissingFiles
from rag.ingest.sources.patterns import Patterns
from rag.ingest.sources.prefetch import Prefetch
from rag.store.base import UNTRUSTED, IngestStatus, KnownFile

MAX_REMOVED = 0.5


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How folders are brought together with the store."""

    include: tuple[str, ...] = ()  # patterns as in .gitignore: only files that match one, if there are any
    exclude: tuple[str, ...] = ()  # likewise: none of the files that match
    max_removed: float = MAX_REMOVED  # of the documents from under a folder, the share that may be removed at once
    retry: bool = False  # try files again that failed and have not changed
    dry_run: bool = False  # change nothing, and only say what would be done

    def __post_init__(self) -> None:
        if not 0 <= self.max_removed <= 1:
            raise InvalidSetting(f"max_removed is {self.max_removed}; expected a share, 0 to 1.")


@dataclass(slots=True)
class _Side:
    """One folder: what it holds, what the store has from it, and what is wrong with it."""

    folder: Path
    known: dict[bytes, KnownFile] = field(default_factory=dict)
    files: list[FoundFile] = field(default_factory=list)
    unlisted: tuple[bytes, ...] = ()
    results: list[IngestResult] = field(default_factory=list)
    is_empty: bool = False
    problem: str = ""

    def is_hidden(self, path: bytes) -> bool:
        """Whether a path lies where the folder could not be looked into, so that nothing is known of it."""
        return bool(self.problem) or any(path == top or path.startswith(top + b"/") for top in self.unlisted)


def sync_folders(
    folders: Sequence[Path],
    tools: Tools,
    options: SyncOptions,
    *,
    leave_out: Path | None = None,
    on_result: OnResult | None = None,
) -> SyncReport:
    """Bring the store to what `folders` hold now; afterwards it has from them what it would have from a first sync.

    Files that are what they were when they were read last are not opened, and bytes that were read are not read
    again. `leave_out` is a folder to pass over wherever it lies. Raises StorageError when nothing more can be written.
    """
    patterns = Patterns.of(options.include, options.exclude)
    sides = [_look(folder, tools, patterns, leave_out) for folder in _distinct(folders)]
    known = {path: file for side in sides for path, file in side.known.items()}
    todo, same = _sort(sides, known, tools.read_with, retry=options.retry)
    present = same | {found.key for found in todo}
    gone = _gone(sides, present, {found.key for found in todo if found.is_archive})
    report = _Report(known, options, on_result, total=len(todo))
    for side in sides:
        for result in side.results:
            report.add(result)
    # Where documents have lost their files, a new file may be one of those, moved, and need not be read at all.
    may_be_moved = bool(gone.rest())
    with Prefetch(tools, [] if options.dry_run or may_be_moved else todo) as ahead:
        reading = replace(tools, read=ahead.read)
        intake = Intake(reading, known.get, report.add, retry=options.retry, dry_run=options.dry_run, gone=gone)
        for number, found in enumerate(todo, start=1):
            report.number = number
            ahead.reach(number - 1)
            intake.take(found)
    intake.finish()
    report.count_same(same)
    for side in sides:
        _remove(side, gone, intake, same, tools, report)
    return report.finished(sides, tools)


def _distinct(folders: Sequence[Path]) -> list[Path]:
    """The folders as absolute paths, each once. Raises InvalidSetting for one inside another."""
    found = list(dict.fromkeys(read.absolute_path(folder) for folder in folders))
    for inner in found:
        for outer in found:
            if outer in inner.parents:
                raise InvalidSetting(
                    f"{read.printable(inner)} lies in {read.printable(outer)}; name the outer one alone."
                )
    return found


def _look(folder: Path, tools: Tools, patterns: Patterns, leave_out: Path | None) -> _Side:
    """What a folder holds and what the store has from it."""
    top = os.fsencode(folder).rstrip(b"/") + b"/"
    shown = read.printable(folder).rstrip("/") + "/"
    side = _Side(folder)
    for file in tools.store.known_files(top, shown):
        named = _named(file)
        if named is not None:
            side.known[named.record.path] = named
    try:
        listing = list_folder(folder, patterns, leave_out=leave_out, known=tools.media_types)
    except InputError as error:
        side.problem = f"{str(error).removesuffix('.')}. Nothing that was read from it is removed."
        return side
    side.files, side.is_empty = listing.files, not listing.files
    side.unlisted = tuple(os.fsencode(path) for path in listing.unlisted)
    side.results = [
        IngestResult(read.printable(path), IngestStatus.FAILED, error=why) for path, why in listing.unlisted.items()
    ]
    return side


def _named(file: KnownFile) -> KnownFile | None:
    """The file with its path; None of a document that is under the folder by its location alone, and made elsewhere."""
    if file.record.path:
        return file
    path = os.fsencode(file.record.location)
    own = file.source is not None and file.source.id == read.id_of(path)
    return replace(file, record=replace(file.record, path=path)) if own else None


def _sort(
    sides: Sequence[_Side], known: dict[bytes, KnownFile], read_with: str, *, retry: bool
) -> tuple[list[FoundFile], set[bytes]]:
    """The files to look into, and the paths of those that are what they were, entries of archives included."""
    todo: list[FoundFile] = []
    same: set[bytes] = set()
    for side in sides:
        inside = {
            top: list(paths) for top, paths in groupby((p for p in sorted(side.known) if INSIDE in p), _archive_of)
        }
        for found in side.files:
            entries = inside.get(found.key, [])
            # An entry of another stamp was in an earlier archive of that name, and is yet to be removed.
            if _has_stamp(known.get(found.key), found, read_with, retry=retry) and all(
                known[path].record.stamp == found.stamp and _is_same(known[path], read_with, retry=retry)
                for path in entries
            ):
                # What came of an archive that is damaged by now is no longer in it.
                same.update([found.key] if known[found.key].record.error else [found.key, *entries])
            else:
                todo.append(found)
    return todo, same


def _archive_of(path: bytes) -> bytes:
    return path.partition(INSIDE)[0]


def _has_stamp(file: KnownFile | None, found: FoundFile, read_with: str, *, retry: bool) -> bool:
    """Whether a file is the one that was read, and what became of it still stands."""
    if file is None or found.stamp == UNTRUSTED or file.record.stamp != found.stamp:
        return False
    if found.is_archive:
        return file.record.read_with == read_with and not (file.record.error and retry)
    return _is_same(file, read_with, retry=retry)


def _is_same(file: KnownFile | None, read_with: str, *, retry: bool) -> bool:
    """Whether the document that came of a file is there, or the reason why none did still holds."""
    if file is None:
        return False
    if file.record.error:
        return not retry and file.record.read_with == read_with
    is_there = file.source is not None and file.content_sha256 == file.record.content_sha256
    return is_there and file.record.read_with == read_with


def _gone(sides: Sequence[_Side], present: set[bytes], archives: set[bytes]) -> MissingFiles:
    """The documents whose files are not there, and those in archives that are yet to be looked into."""
    files: list[KnownFile] = []
    inside: list[KnownFile] = []
    for side in sides:
        for path, file in side.known.items():
            if path in present or side.is_hidden(path):
                continue
            (inside if _archive_of(path) in archives else files).append(file)
    return MissingFiles(files, inside)


def _remove(side: _Side, gone: MissingFiles, intake: Intake, same: set[bytes], tools: Tools, report: _Report) -> None:
    """Remove the documents whose files are gone or cannot be read any more, unless there are suspiciously many."""
    lost = {file.record.path for file in gone.rest()}
    # Files that were read once and fail now: what they said is no longer there to be checked.
    refused = {path for path in side.known if path in intake.refused}
    refused |= {path for path, file in side.known.items() if path in same and file.record.error}
    stored = [path for path, file in side.known.items() if file.source is not None]
    doomed = [path for path in stored if path in lost or path in refused]
    why_not = _too_many(side, len(doomed), len(stored), report.options.max_removed)
    if why_not:
        report.hold(why_not, [side.known[path] for path in doomed])
        return
    for path in doomed:
        report.add(_remove_one(side.known[path], path in refused, tools, dry_run=report.options.dry_run))
    there = same | intake.seen
    failures = [path for path, file in side.known.items() if file.source is None and path not in there]
    forgotten = [path for path in failures if not side.is_hidden(path)]
    if forgotten and not report.options.dry_run:
        tools.store.remember_files([], gone=forgotten)


def _too_many(side: _Side, doomed: int, stored: int, allowed: float) -> str:
    """Why the documents of a folder are not removed; "" when they may be."""
    where = read.printable(side.folder)
    if doomed and side.is_empty and allowed < 1:
        return (
            f"{where} has no file that can be read, but {stored} documents came from it. Nothing is removed, in case it"
            " is a disk or share that is not mounted; if it is meant, sync again with --max-removed 1."
        )
    if doomed > allowed * stored:
        return (
            f"{where}: {doomed} of its {stored} documents would be removed, more than the share of {allowed:g} that is"
            f" allowed. None is; if it is meant, sync again with --max-removed {min(1, doomed / stored + 0.01):.2g}."
        )
    return ""


def _remove_one(file: KnownFile, refused: bool, tools: Tools, *, dry_run: bool) -> IngestResult:
    """Delete the document of a file; the failure of one that is there stays remembered."""
    source = file.source
    assert source is not None  # noqa: S101 - only what is stored is removed
    if not dry_run:
        failure = tools.store.known_file(file.record.path) if refused else None
        with suppress(DocumentNotFound):  # someone removed it while this sync let others write
            tools.store.delete_document(source.id, file=failure.record if failure else None)
    return IngestResult(source.location, IngestStatus.REMOVED, source.id)


class _Report:
    """What a sync did so far."""

    def __init__(
        self, known: dict[bytes, KnownFile], options: SyncOptions, on_result: OnResult | None, *, total: int
    ) -> None:
        self.options = options
        self.number = 0  # of the file at hand, of `total`
        self._known = known
        self._errors = {file.record.location: file.record.error for file in known.values()}
        self._on_result = on_result
        self._total = total
        self._results: list[IngestResult] = []
        self._unchanged = 0
        self._failed_before = 0
        self._kept: list[str] = []
        self._problems: list[str] = []

    def add(self, result: IngestResult) -> None:
        """Take in what came of a file, and tell of it."""
        failed = result.status is IngestStatus.FAILED
        if result.status is IngestStatus.UNCHANGED:
            self._unchanged += 1
        elif failed and not self.options.retry and self._errors.get(result.location) == result.error:
            self._failed_before += 1
        else:
            self._results.append(result)
        if self._on_result is not None:
            self._on_result(result, self.number, self._total)

    def count_same(self, paths: Iterable[bytes]) -> None:
        """Count the files that were not looked into."""
        for path in paths:
            record = self._known[path].record
            self._failed_before += bool(record.error)
            self._unchanged += not record.error and bool(record.document_id)

    def hold(self, why: str, files: Sequence[KnownFile]) -> None:
        """Note documents that were not removed."""
        self._problems.append(why)
        self._kept += [file.source.location for file in files if file.source is not None]

    def finished(self, sides: Sequence[_Side], tools: Tools) -> SyncReport:
        """The report, with the documents under the folders that are duplicates."""
        tops = tuple(read.printable(side.folder).rstrip("/") + "/" for side in sides)
        groups = groupby(tools.store.same_content(), lambda pair: pair[0])
        alike = [tuple(location for _, location in group) for _, group in groups]
        return SyncReport(
            results=tuple(self._results),
            unchanged=self._unchanged,
            failed_before=self._failed_before,
            duplicates=tuple(sorted(group for group in alike if any(name.startswith(tops) for name in group))),
            kept=tuple(self._kept),
            problems=(*(side.problem for side in sides if side.problem), *self._problems),
            dry_run=self.options.dry_run,
        )
