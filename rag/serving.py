"""The vector index in memory, kept in step with the store, and published to disk.

Questions use an immutable index and take a new one when the store has moved on. What is on disk saves building it at
the next start; when it is missing, damaged or behind, the store's vectors make it again and nothing is embedded.
"""

from __future__ import annotations

import threading
from pathlib import Path

from rag.errors import StorageError
from rag.generations import IndexDamaged, load_current, save_generation
from rag.index import VectorIndex, build_index, changed_index
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
        self._published = 0  # the change number of the generation on disk, as far as known; an empty store needs none
        self._notice = ""  # why the index on disk could not be used, for people

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
            if self._index is None:
                self._index = self._build()
            elif self._index.change_number != self._store.change_number():
                self._index = self._catch_up(self._index)
            return self._index

    def is_unpublished(self) -> bool:
        """Whether the store holds something that the generation on disk does not know of, or there is none for it."""
        return self._published != self._store.change_number()

    def publish(self) -> None:
        """Write the index of what the store holds now as a new generation, and serve it. The writer's lock is held."""
        with self._turn:
            index = self._index
            if index is None or not index.is_one_piece or index.change_number != self._store.change_number():
                self._index = index = self._build()
            save_generation(
                self._folder,
                index,
                database_id=self._store.database_id,
                model=self._model,
                confirm=self._store.confirm_write_lock,
            )
            self._published = index.change_number
            self._notice = ""

    def check(self) -> Check:
        """Whether the generation on disk is whole and has a vector for each passage."""
        try:
            ok, detail = self._compare()
        except (IndexDamaged, StorageError) as error:
            ok, detail = False, str(error)
        return Check("vector index", ok, detail)

    def close(self) -> None:
        """Wait for a rebuild that is under way."""
        rebuilding = self._rebuilding
        if rebuilding is not None:
            rebuilding.join()

    def _load_or_rebuild(self) -> None:
        """Take the generation on disk; when it turns out damaged, start making it again behind the questions."""
        try:
            index = load_current(self._folder, database_id=self._store.database_id, model=self._model)
        except IndexDamaged as error:
            self._notice = str(error)
            self._rebuilding = threading.Thread(target=self._rebuild, name="rebuild-index", daemon=True)
            self._rebuilding.start()
            return
        if index is not None:
            self._published = index.change_number
            # One that is behind is made anew: only of the store that is open here do we know that no id was used twice.
            self._index = index if index.change_number == self._store.change_number() else None

    def _rebuild(self) -> None:
        """Build from the store and serve. It reaches the disk with the next write, or with `rag rebuild`.

        When the store cannot be read, the next question tries again and gets the error.
        """
        try:
            self._index = self._build()
        except StorageError as error:
            self._notice = str(error)
        finally:
            self._rebuilding = None

    def _compare(self) -> tuple[bool, str]:
        """Whether the generation on disk holds what the store holds, and what was seen."""
        with self._store.snapshot():
            number = self._store.change_number()
            ids, vectors = self._store.chunk_vectors()
        index = load_current(self._folder, database_id=self._store.database_id, model=self._model)
        if index is None and self._notice:
            return False, f"{self._notice} None is on disk for {len(ids)} passages."
        if index is None:  # as after a crash: nothing is damaged, and the database has all that it is made of
            return True, f"none on disk for {len(ids)} passages; made from the database when opened"
        if index.change_number != number:
            return True, "whole, but behind the database; caught up when opened"
        if index.size != len(ids):
            return False, f"{index.size} vectors, {len(ids)} passages"
        # Two copies of every vector: a bit that has turned over in one of them shows.
        different = sum(not index.holds(int(i), vector) for i, vector in zip(ids, vectors, strict=True))
        if different:
            return False, f"{different} of {len(ids)} vectors are not those of the database; one of the two is damaged"
        return True, f"{index.size} vectors, {len(ids)} passages, the same as in the database"

    def _catch_up(self, index: VectorIndex) -> VectorIndex:
        """`index` with what changed in the store since. New chunks have ids above all that there were."""
        with self._store.snapshot():
            number = self._store.change_number()
            live = self._store.all_chunk_ids()
            ids, vectors = self._store.chunk_vectors(above=index.newest())
        return changed_index(index, live, ids, vectors.reshape(len(ids), index.dimension), change_number=number)

    def _build(self) -> VectorIndex:
        """An index of the vectors in the store. They are read in one snapshot, so number and content agree."""
        with self._store.snapshot():
            number = self._store.change_number()
            ids, vectors = self._store.chunk_vectors()
        # An empty store may not know its model yet; a question may meet its index all the same.
        return build_index(ids, vectors.reshape(len(ids), self._model.dimension), change_number=number)
