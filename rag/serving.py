"""The vector index in memory, kept in step with the store, and published to disk.

Questions use an immutable index and take a new one when the store has moved on. What is on disk saves building it at
the next start; when it is missing, damaged or behind, the store's vectors make it again and nothing is embedded.
"""

from __future__ import annotations

import threading
from pathlib import Path

from rag.index import IndexDamaged, VectorIndex, build_index, load_current, save_generation
from rag.records import Check, ModelIdentity
from rag.store import Store


class ServingIndex:
    """The index of one data directory. Safe to use from several threads."""

    def __init__(self, store: Store, folder: Path, model: ModelIdentity) -> None:
        self._store = store
        self._folder = folder
        self._model = model
        self._index: VectorIndex | None = None
        self._turn = threading.Lock()
        self._rebuilding: threading.Thread | None = None
        self.notice = ""  # why the index on disk could not be used, for people

    def current(self) -> VectorIndex | None:
        """An index of what the store holds now; None while a damaged one is being rebuilt."""
        index = self._index
        if index is not None and index.change_number == self._store.change_number():
            return index
        with self._turn:
            if self._index is None and self._rebuilding is None:
                self._load_or_rebuild()
            if self._rebuilding is not None:
                return self._index
            number = self._store.change_number()
            if self._index is None or self._index.change_number != number:
                self._index = self._build()
            return self._index

    def publish(self) -> None:
        """Write the index of what the store holds now as a new generation, and serve it. The writer's lock is held."""
        with self._turn:
            if self._index is None or self._index.change_number != self._store.change_number():
                self._index = self._build()
            save_generation(self._folder, self._index, database_id=self._store.database_id, model=self._model)

    def check(self) -> Check:
        """Whether the generation on disk is whole and has a vector for each passage."""
        ids, _ = self._store.chunk_vectors()
        try:
            index = load_current(self._folder, database_id=self._store.database_id, model=self._model)
        except IndexDamaged as error:
            return Check("vector index", ok=False, detail=str(error))
        if index is None:
            return Check("vector index", ok=len(ids) == 0, detail=f"none on disk for {len(ids)} passages")
        if index.change_number != self._store.change_number():
            return Check("vector index", ok=True, detail="whole, but behind the database; caught up when opened")
        return Check("vector index", ok=index.size == len(ids), detail=f"{index.size} vectors, {len(ids)} passages")

    def close(self) -> None:
        """Wait for a rebuild that is under way."""
        if self._rebuilding is not None:
            self._rebuilding.join()

    def _load_or_rebuild(self) -> None:
        """Take the generation on disk; when it turns out damaged, start making it again behind the questions."""
        try:
            self._index = load_current(self._folder, database_id=self._store.database_id, model=self._model)
        except IndexDamaged as error:
            self.notice = str(error)
            self._rebuilding = threading.Thread(target=self._rebuild, name="rebuild-index", daemon=True)
            self._rebuilding.start()

    def _rebuild(self) -> None:
        """Build from the store and serve. It reaches the disk with the next write, or with `rag rebuild`."""
        self._index = self._build()
        self._rebuilding = None

    def _build(self) -> VectorIndex:
        """An index of the vectors in the store. They are read in one snapshot, so number and content agree."""
        with self._store.snapshot():
            number = self._store.change_number()
            ids, vectors = self._store.chunk_vectors()
        return build_index(ids, vectors, change_number=number)
