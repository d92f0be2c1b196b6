"""Random changes to the store, beside a plain dictionary that must agree with it after each."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rag.store.base import IngestStatus
from tests.support.access import EVERYTHING
from tests.support.examples import fewer
from tests.support.stores import open_store, parts

IDS = st.sampled_from(["a", "b", "c"])
WORDS = ["harbour", "ice", "tide"]
LINES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), min_size=1, max_size=5)


class StoreAndDictionary(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="citewell-test-"))
        self.store = open_store(self.directory / "data")
        self.expected: dict[str, list[str]] = {}
        self.changes = 0
        self.ids_seen: set[int] = set()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.directory)

    @rule(document_id=IDS, lines=LINES)
    def put(self, document_id: str, lines: list[str]) -> None:
        status = self.store.put_document(*parts(document_id, *lines))
        before = self.expected.get(document_id)
        assert status == (
            IngestStatus.CREATED
            if before is None
            else IngestStatus.UNCHANGED
            if before == lines
            else IngestStatus.UPDATED
        )
        if before != lines:
            self.changes += 1
            new_ids = {i for i, chunk in self.chunks().items() if chunk.source.id == document_id}
            assert not new_ids & self.ids_seen
        self.expected[document_id] = lines

    @rule(document_id=IDS)
    def delete(self, document_id: str) -> None:
        if document_id in self.expected:
            self.store.delete_document(document_id)
            del self.expected[document_id]
            self.changes += 1

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(self.directory / "data")

    @rule()
    def rebuild(self) -> None:
        self.store.rebuild_words()

    def chunks(self) -> dict:
        return self.store.chunks(EVERYTHING, range(1, 500))

    @invariant()
    def agrees(self) -> None:
        chunks = self.chunks()
        self.ids_seen |= set(chunks)
        wanted = {name: parts(name, *lines) for name, lines in self.expected.items()}
        assert self.store.counts(EVERYTHING) == (
            len(wanted),
            sum(len(given.sentences) for given in wanted.values()),
            sum(len(given.passages) for given in wanted.values()),
        )
        assert self.store.change_number() == self.changes
        for name, given in wanted.items():
            assert self.store.document(EVERYTHING, name) == given.document
            own = [chunk for _, chunk in sorted(chunks.items()) if chunk.source.id == name]
            assert [chunk.text for chunk in own] == [p.span.of(given.document.text) for p in given.passages]
        for word in WORDS:
            holders = {chunk_id for chunk_id, chunk in chunks.items() if word in chunk.text.split()}
            assert {chunk_id for chunk_id, _ in self.store.search_words(EVERYTHING, [word], 100)} == holders
            assert self.store.chunk_frequencies(EVERYTHING, [word]) == {word: len(holders)}
        ids, vectors = self.store.chunk_vectors(EVERYTHING, self.store.all_chunk_ids().tolist())
        assert ids.tolist() == sorted(chunks)
        assert np.isfinite(vectors).all()
        assert [check.name for check in self.store.check() if not check.ok] == []


TestStoreAndDictionary = StoreAndDictionary.TestCase
TestStoreAndDictionary.settings = fewer(5)
