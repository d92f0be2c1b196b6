"""Files and folders that are named once: each is opened, and nothing is taken for gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag import read
from rag.errors import InputError
from rag.ingest.results import IngestResult, OnResult
from rag.ingest.sources.folder import FoundFile, list_folder, named
from rag.ingest.sources.intake import Intake, Tools
from rag.ingest.sources.patterns import Patterns
from rag.ingest.sources.prefetch import Prefetch
from rag.store.base import IngestStatus


def ingest_paths(
    paths: Sequence[Path], tools: Tools, *, leave_out: Path | None = None, on_result: OnResult | None = None
) -> list[IngestResult]:
    """What became of each file under `paths`, in order; of an archive, of each entry. A failure never stops the rest.

    Named files are taken as they are, folders as `list_folder` lists them. Raises UnreadableDocument when a path does
    not exist, and StorageError when nothing more can be written.
    """
    found = _find(paths, leave_out, tools.media_types)
    results: list[IngestResult] = []

    number = 0  # of what is at hand

    def tell(result: IngestResult) -> None:
        results.append(result)
        if on_result is not None:
            on_result(result, number, found.total)

    for failure in found.unlisted:
        number += 1
        tell(failure)
    files = list(found.files.values())
    with Prefetch(tools, files) as ahead:
        intake = Intake(replace(tools, read=ahead.read), tools.store.known_file, tell, retry=True)
        for position, file in enumerate(files):
            ahead.reach(position)
            number += 1
            intake.take(file)
    intake.finish()
    return results


@dataclass(slots=True)
class _Named:
    """The files to read, each once, and the folders that cannot be listed."""

    files: dict[bytes, FoundFile] = field(default_factory=dict)
    unlisted: list[IngestResult] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.files) + len(self.unlisted)


def _find(paths: Sequence[Path], leave_out: Path | None, known: Collection[str]) -> _Named:
    found = _Named()
    for path in paths:
        if not _is_folder(path):
            file = named(path)
            found.files[file.key] = file
            continue
        try:
            listing = list_folder(path, Patterns(), leave_out=leave_out, known=known)
        except InputError as error:
            found.unlisted.append(IngestResult(read.printable(path), IngestStatus.FAILED, error=str(error)))
            continue
        for file in listing.files:
            found.files.setdefault(file.key, file)
        found.unlisted += [
            IngestResult(read.printable(folder), IngestStatus.FAILED, error=why)
            for folder, why in listing.unlisted.items()
        ]
    return found


def _is_folder(path: Path) -> bool:
    """Whether the path leads to a folder. Raises UnreadableDocument when there is nothing."""
    try:
        path.lstat()
        return path.is_dir()
    except OSError as error:
        raise read.unreadable(path, error) from error
