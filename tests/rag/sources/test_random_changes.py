"""Whatever happens to a folder, after a sync the documents are those that a first ingest of the folder would give."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from fakes import HashEmbedder
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag.pipeline import Pipeline
from rag.records import IngestResult
from rag.settings import Settings
from rag.sources import SyncOptions
from rag.sources.patterns import IGNORE_FILE

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


def open_pipeline(folder: Path) -> Pipeline:
    return Pipeline.open(Settings(data_dir=folder, reader=False), embedder=HashEmbedder(), create=True)


def contents(pipeline: Pipeline) -> dict[str, tuple[Any, ...]]:
    """All that is stored of each document but its id and when it was stored, by its location."""
    found = {}
    for info in pipeline.documents():
        document = pipeline.document(info.source.id)
        sentences = [(s.text, s.span, s.kind) for s in pipeline.sentences(info.source.id)]
        chunks = pipeline._store.chunks(pipeline._store.chunk_ids(info.source.id)).values()
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
    """A folder that people work in, and a pipeline that follows."""

    @initialize()
    def start(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.top = Path(self.place.name)
        self.docs = self.top / "docs"
        self.docs.mkdir()
        self.pipeline = open_pipeline(self.top / "data")
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
        for info in self.pipeline.documents():
            if info.source.location == str(self.docs / name):
                self.pipeline.remove(info.source.id)
                del self.ids[info.source.location]

    @rule(names=st.lists(names, max_size=3))
    def ingest(self, names: list[str]) -> None:
        self.pipeline.ingest([self.docs / name for name in names if (self.docs / name).exists()])

    @rule()
    def reopen(self) -> None:
        self.pipeline.close()
        self.pipeline = open_pipeline(self.top / "data")

    @rule(after=st.integers(1, 5))
    def sync_and_be_interrupted(self, after: int) -> None:
        left = after

        def stop(*_: IngestResult | int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        try:
            self.pipeline.sync([self.docs], OPTIONS, on_result=stop)
        except KeyboardInterrupt:
            assert [check for check in self.pipeline.check() if not check.ok] == []

    @rule(dry=st.booleans())
    def sync(self, dry: bool) -> None:
        if dry:
            before = contents(self.pipeline)
            self.pipeline.sync([self.docs], SyncOptions(max_removed=1, dry_run=True))
            assert contents(self.pipeline) == before
        self.pipeline.sync([self.docs], OPTIONS)
        with tempfile.TemporaryDirectory() as fresh, open_pipeline(Path(fresh) / "data") as expected:
            results = expected.ingest([self.docs])
            assert contents(self.pipeline) == contents(expected)
            failed = {result.location for result in results if result.error}
            assert {file.location for file in self.pipeline.failed_files()} == failed
        again = self.pipeline.sync([self.docs], OPTIONS)
        assert (again.results, again.problems, again.failed_before) == ((), (), len(failed))
        assert again.unchanged == len(contents(self.pipeline))

    @invariant()
    def a_document_that_stays_in_its_place_keeps_its_id(self) -> None:
        if hasattr(self, "pipeline"):
            found = {info.source.location: info.source.id for info in self.pipeline.documents()}
            assert len(found) == len(self.pipeline.documents()), "one document for each place"
            assert {place: found[place] for place in self.ids if place in found} == {
                place: self.ids[place] for place in self.ids if place in found
            }
            self.ids = found

    def teardown(self) -> None:
        if hasattr(self, "pipeline"):
            with self.place, self.pipeline:
                self.sync(dry=False)
                assert [check for check in self.pipeline.check() if not check.ok] == []


Folder.TestCase.settings = hypothesis_settings(deadline=None, max_examples=150, stateful_step_count=25)
TestFolder = Folder.TestCase
