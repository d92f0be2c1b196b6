"""The index in memory, kept in step with the store, and published to disk.

Questions use an immutable index and take a new one when the store has moved on: what came since stands in small parts
beside a large one that is memory-mapped. A generation on disk saves making that one at the next start. It is written
anew only when much has changed; one that is behind is caught up with the store's log of changes, and what is missing
or damaged is made from the store, where nothing need be embedded again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rag.errors import StorageError
from rag.index import PassageBatch, SearchIndex, build_index, changed_index, compacted
from rag.index.generations import Generation, IndexDamaged, load_current, save_generation
from rag.index.permitted import PermittedIndexes
from rag.index.search_index import FEW
from rag.records import Access, ModelIdentity
from rag.store.base import Check, IndexSource
from rag.text.language import language_of
from rag.text.words import index_stems

# Vectors of the database that are compared at once with those of the index.
_COMPARED = 10_000
# Cosine of a vector with itself as a clustered index keeps it, a byte a number: more is damage.
_LIKE_ITSELF = 0.99


class LiveIndex:
    """The index of one data directory. Safe to use from several threads."""

    def __init__(self, store: IndexSource, folder: Path, model: ModelIdentity) -> None:
        self._store = store
        self._permitted = PermittedIndexes(store)
        self._folder = folder
        self._model = model
        self._index: SearchIndex | None = None
        self._turn = threading.Lock()
        self._rebuilding: threading.Thread | None = None
        self._published: int | None = None  # the change number of the generation on disk, as far as known
        self._notice = ""  # why the index on disk could not be used, for people

    @property
    def folder(self) -> Path:
        """Where its generations lie."""
        return self._folder

    def current(self) -> SearchIndex | None:
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

    def permitted(self, access: Access) -> SearchIndex | None:
        """`current` with nothing but what `access` allows to be read."""
        index = self.current()
        return index if index is None or access.reads_everything else self._permitted.of(index, access)

    def is_unpublished(self) -> bool:
        """Whether the next start would have much to do: there is no generation on disk, or it is far behind.

        A small one is written after every change; one of a million passages is not.
        """
        if self._published == self._store.change_number():
            return False
        index = self.current()
        return index is None or self._published is None or index.is_outgrown or index.size <= FEW

    def publish(self, *, anew: bool = False) -> None:
        """Write the index of what the store holds now as a new generation, and serve it. The writer's lock is held.

        It is made of the one in memory where that will do, and with `anew` from the store alone.
        """
        with self._turn:
            index = self._build() if anew or self._index is None else self._whole(self._index)
            token = self._store.change_token(index.change_number)
            save_generation(
                self._folder,
                index,
                database_id=self._store.database_id,
                model=self._model,
                token=token or 0,
                confirm=self._store.confirm_write_lock,
            )
            self._store.forget_changes_before(index.change_number)
            self._published = index.change_number
            self._notice = ""
            self._index = index
            self._take_published(index)

    def check(self) -> Check:
        """Whether the generation on disk is whole and has a vector for each passage."""
        try:
            ok, detail = self._compare()
        except (IndexDamaged, StorageError) as error:
            ok, detail = False, str(error)
        return Check("vector index", ok, detail)

    def close(self) -> None:
        """Wait for a rebuild that is under way, and let the index go: its files stay open as long as it is held."""
        rebuilding = self._rebuilding
        if rebuilding is not None:
            rebuilding.join()
        self._index = None
        self._permitted.forget()

    def _load_or_rebuild(self) -> None:
        """Take the generation on disk; when it turns out damaged, start making it again behind the questions."""
        try:
            saved = self._load()
        except IndexDamaged as error:
            self._notice = str(error)
            self._rebuilding = threading.Thread(target=self._rebuild, name="rebuild-index", daemon=True)
            self._rebuilding.start()
            return
        if saved is not None:
            self._published = saved.index.change_number
            self._index = saved.index

    def _load(self) -> Generation | None:
        """The generation on disk, unless there is none or the store went another way since it was made."""
        saved = load_current(self._folder, database_id=self._store.database_id, model=self._model)
        if saved is None or saved.token != self._store.change_token(saved.index.change_number):
            return None
        return saved

    def _take_published(self, index: SearchIndex) -> None:
        """Serve what was just written from its file, where it takes no memory of its own, if it reads back."""
        try:
            saved = self._load()
        except (IndexDamaged, StorageError):
            return  # the next start will tell
        if saved is not None and saved.index.change_number == index.change_number:
            self._index = saved.index

    def _whole(self, index: SearchIndex) -> SearchIndex:
        """`index`, caught up, in one piece."""
        if index.change_number != self._store.change_number():
            index = self._catch_up(index)
        return compacted(index) or self._build()

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
            count = len(self._store.all_chunk_ids())
            saved = load_current(self._folder, database_id=self._store.database_id, model=self._model)
            if saved is None and self._notice:
                return False, f"{self._notice} None is on disk for {count} passages."
            if saved is None:  # as after a crash: nothing is damaged, and the database has all that it is made of
                return True, f"none on disk for {count} passages; made from the database when opened"
            index = saved.index
            if index.change_number != number:
                return True, "whole, but behind the database; caught up when opened"
            if index.size != count:
                return False, f"{index.size} vectors, {count} passages"
            # Two copies of every vector: a bit that has turned over in one of them shows.
            different = self._different(index)
        if different:
            return False, f"{different} of {count} vectors are not those of the database; one of the two is damaged"
        return True, f"{index.size} vectors, {count} passages, the same as in the database"

    def _different(self, index: SearchIndex) -> int:
        """How many vectors of an index in one piece are not those of the database, as exactly as it keeps them."""
        (part,) = index.parts
        kept = part.vectors.decoded()
        there = part.ids if part.gone is None else part.ids[~part.gone]
        different = len(there)
        for start in range(0, len(there), _COMPARED):
            ids, vectors = self._store.chunk_vectors(Access.everything(), there[start : start + _COMPARED].tolist())
            rows = np.searchsorted(part.ids, ids)
            if part.vectors.is_exact:
                same = (kept[rows].view(np.uint32) == vectors.view(np.uint32)).all(axis=1)
            else:
                same = np.einsum("ij,ij->i", kept[rows], vectors) > _LIKE_ITSELF
            different -= int(same.sum())
        return different

    def _catch_up(self, index: SearchIndex) -> SearchIndex:
        """`index` with what changed in the store since. New chunks have ids above all that there were."""
        newer = self._newer(index)
        with self._store.snapshot():
            number = self._store.change_number()
            base = next((one for one in newer if self._store.change_token(one.change_number) is not None), None)
            if base is None:
                # The log has been shortened beyond what we have, or the store has lost what we have: then the numbers
                # of lost chunks may by now be those of others, which others may read.
                self._permitted.forget()
                return self._build()
            block = _joined(self._blocks(above=base.newest()), self._model.dimension)
            gone = self._store.removed_since(base.change_number)
        return changed_index(base, gone, block, change_number=number)

    def _newer(self, index: SearchIndex) -> list[SearchIndex]:
        """What may be caught up from, best first: ours, unless it is outgrown and another process wrote a newer one."""
        is_known = self._store.change_token(index.change_number) is not None
        if is_known and not index.is_outgrown:
            return [index]
        try:
            saved = self._load()
        except (IndexDamaged, StorageError):
            saved = None
        if saved is None or (self._published is not None and saved.index.change_number <= self._published):
            return [index]
        self._published = saved.index.change_number
        return [saved.index, index]

    def _build(self) -> SearchIndex:
        """An index of what is in the store, read in one snapshot, so number and content agree."""
        with self._store.snapshot():
            number = self._store.change_number()
            count = self._store.counts(Access.everything())[2]
            # An empty store may not know its model yet; a question may meet its index all the same.
            return build_index(
                count,
                self._model.dimension,
                self._blocks(above=0),
                self._store.some_chunk_vectors,
                change_number=number,
            )

    def _blocks(self, *, above: int) -> Iterator[PassageBatch]:
        """The passages of the store with ids above a number, in blocks."""
        for ids, vectors, stems, texts in self._store.chunk_blocks(above=above):
            yield PassageBatch(ids, vectors, [_stems_in(*both) for both in zip(texts, stems, strict=True)])


def _stems_in(text: str, english: list[str]) -> list[str]:
    """The stems of a passage by the rules of its language; `english` are those by the rules of English."""
    language = language_of(text) or "en"
    return english if language == "en" else index_stems(text, language)


def _joined(blocks: Iterator[PassageBatch], dimension: int) -> PassageBatch:
    """One block of several."""
    found = list(blocks)
    return PassageBatch(
        np.concatenate([np.empty(0, np.int64), *(block.ids for block in found)]),
        np.concatenate([np.empty((0, dimension), np.float32), *(block.vectors for block in found)]),
        [row for block in found for row in block.stems],
    )
