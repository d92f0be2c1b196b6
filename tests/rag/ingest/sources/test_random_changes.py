"""Whatever happens to a folder, after a sync the documents are those that a first ingest of the folder would give."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag.app import Citewell
from rag.ingest.results import IngestResult
from rag.ingest.sources import SyncOptions
from rag.ingest.sources.patterns import IGNORE_FILE
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.examples import fewer
from tests.support.fakes import HashEmbedder

TEXTS = [
    "The gate opens at eight in the morning.\n",
    "The gate opens at seven in the morning.\n",  # hardly longer
    "# Ferry\n\nThe ferry leaves at noon.\n",
    "The crane lifts nine tonnes.\n\nThe pump runs at night.\n",
    "",  # no document
    "\0\0\0\0",  # likewise
]
NAMES = [f"{folder}{name}" for folder in ("", "a/", "a/b/", "c/") for name in ("one.txt", "two.txt", "one.md", "x.zip")]
OPTIONS = SyncOptions(max_removed=1)

names = st.sampled_from(NAMES)
texts = st.sampled_from(TEXTS)


def open_citewell(folder: Path) -> Citewell:
    return Citewell.open(Settings(data_dir=folder, reader=False), embedder=HashEmbedder(), create=True)


def contents(citewell: Citewell) -> dict[str, tuple[Any, ...]]:
    """All that is stored of each document but its id and when it was stored, by its location."""
    found = {}
    for info in citewell.documents.all(access=EVERYTHING):
        document = citewell.documents.get(info.source.id, access=EVERYTHING)
        sentences = [(s.text, s.span, s.kind) for s in citewell.documents.sentences(info.source.id, access=EVERYTHING)]
        chunks = citewell._store.chunks(EVERYTHING, citewell._store.chunk_ids(EVERYTHING, info.source.id)).values()
        found[info.source.location] = (
            document.source.title,
            document.source.media_type,
            document.text,
            document.blocks,
            document.content_sha256,
            document.modified_at,
            document.warnings,
            sentences,
            [(chunk.text, chunk.span, chunk.section) for chunk in chunks],
        )
    return found


class Folder(RuleBasedStateMachine):
    """A folder that people work in, and Citewell, which follows."""

    @initialize()
    def start(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.top = Path(self.place.name)
        self.docs = self.top / "docs"
        self.docs.mkdir()
        self.citewell = open_citewell(self.top / "data")
        self.clock = 1_600_000_000_000_000_007
        self.ids: dict[str, str] = {}

    def stamp(self, path: Path) -> None:
        """Give a file a time of change of its own, long ago."""
        self.clock += 3_000_000_000
        os.utime(path, ns=(self.clock, self.clock))

    @rule(name=names, text=texts, entries=st.dictionaries(names, texts, max_size=3))
    def write(self, name: str, text: str, entries: dict[str, str]) -> None:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".zip" and text:
            with zipfile.ZipFile(path, "w") as packed:
                for inner, data in entries.items():
                    packed.writestr(zipfile.ZipInfo(inner), data)
        else:
            path.write_text(text, encoding="utf-8")
        self.stamp(path)

    @rule(name=names, other=names, keep=st.booleans())
    def move_or_copy(self, name: str, other: str, keep: bool) -> None:
        if (self.docs / name).exists() and name != other and Path(name).suffix == Path(other).suffix:
            (self.docs / other).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copy2 if keep else shutil.move)(self.docs / name, self.docs / other)

    @rule(name=st.sampled_from(NAMES[:-4]))
    def rename_to_another_format(self, name: str) -> None:
        path = self.docs / name
        if path.exists() and path.suffix != ".zip":
            path.rename(path.with_suffix(".md" if path.suffix == ".txt" else ".txt"))

    @rule(name=names)
    def delete(self, name: str) -> None:
        (self.docs / name).unlink(missing_ok=True)

    @rule(name=names)
    def touch(self, name: str) -> None:
        if (self.docs / name).exists():
            self.stamp(self.docs / name)

    @rule(folder=st.sampled_from(["a", "a/b", "c"]), other=st.sampled_from(["a", "c", "d"]))
    def move_a_folder(self, folder: str, other: str) -> None:
        if (self.docs / folder).is_dir() and not (self.docs / other).exists():
            (self.docs / folder).rename(self.docs / other)

    @rule(lines=st.sampled_from(["", "*.md\n", "a/\n", "!a/one.txt\n*.txt\n"]))
    def ignore(self, lines: str) -> None:
        (self.docs / IGNORE_FILE).write_text(lines, encoding="utf-8")

    @rule(name=names)
    def remove_the_document(self, name: str) -> None:
        for info in self.citewell.documents.all(access=EVERYTHING):
            if info.source.location == str(self.docs / name):
                self.citewell.documents.remove(info.source.id)
                del self.ids[info.source.location]

    @rule(names=st.lists(names, max_size=3))
    def ingest(self, names: list[str]) -> None:
        self.citewell.documents.ingest([self.docs / name for name in names if (self.docs / name).exists()])

    @rule()
    def reopen(self) -> None:
        self.citewell.close()
        self.citewell = open_citewell(self.top / "data")

    @rule(after=st.integers(1, 5))
    def sync_and_be_interrupted(self, after: int) -> None:
        left = after

        def stop(*_: IngestResult | int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        try:
            self.citewell.documents.sync([self.docs], OPTIONS, on_result=stop)
        except KeyboardInterrupt:
            assert [check for check in self.citewell.maintenance.check() if not check.ok] == []

    @rule(dry=st.booleans())
    def sync(self, dry: bool) -> None:
        if dry:
            before = contents(self.citewell)
            self.citewell.documents.sync([self.docs], SyncOptions(max_removed=1, dry_run=True))
            assert contents(self.citewell) == before
        self.citewell.documents.sync([self.docs], OPTIONS)
        with tempfile.TemporaryDirectory() as fresh, open_citewell(Path(fresh) / "data") as expected:
            results = expected.documents.ingest([self.docs])
            assert contents(self.citewell) == contents(expected)
            failed = {result.location for result in results if result.error}
            assert {file.location for file in self.citewell.documents.failed_files()} == failed
        again = self.citewell.documents.sync([self.docs], OPTIONS)
        assert (again.results, again.problems, again.failed_before) == ((), (), len(failed))
        assert again.unchanged == len(contents(self.citewell))

    @invariant()
    def a_document_that_stays_in_its_place_keeps_its_id(self) -> None:
        if hasattr(self, "citewell"):
            found = {info.source.location: info.source.id for info in self.citewell.documents.all(access=EVERYTHING)}
            assert len(found) == len(self.citewell.documents.all(access=EVERYTHING)), "one document for each place"
            assert {place: found[place] for place in self.ids if place in found} == {
                place: self.ids[place] for place in self.ids if place in found
            }
            self.ids = found

    def teardown(self) -> None:
        if hasattr(self, "citewell"):
            with self.place, self.citewell:
                self.sync(dry=False)
                assert [check for check in self.citewell.maintenance.check() if not check.ok] == []


Folder.TestCase.settings = fewer(4)
TestFolder = Folder.TestCase
