"""The one place that builds the parts and joins them: ingest documents, answer questions, keep conversations.

Safe to use from several threads: questions run side by side, writers one after the other. Another process may write
to the same data directory meanwhile; the vector index in memory is replaced when the store has moved on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from rag.calibration import identity
from rag.embed import Embedder
from rag.errors import ModelMismatch
from rag.exports import carry
from rag.models import load_model
from rag.originals import Originals
from rag.pipeline.care import Care
from rag.pipeline.documents import Documents
from rag.pipeline.loading import load_models
from rag.pipeline.owner import Owner
from rag.pipeline.talk import Step, Talk
from rag.read.apart import Limits, Parser
from rag.reader import Reader
from rag.remembered import Remembered
from rag.serving import ServingIndex
from rag.settings import Settings
from rag.store import Store, restore
from rag.suggest import Suggestions
from rag.turns import Turns

__all__ = ["Pipeline", "Step"]

Progress = Callable[[str], None]


class Pipeline(Documents, Talk, Owner, Care):
    """Ingest and ask over one data directory."""

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, reader: Reader | None) -> None:
        """Use `Pipeline.open`; this only takes the parts. Without `reader`, sentences are scored without one."""
        self.settings = settings
        self._store = store
        self._embedder = embedder
        self._reader = reader
        self._index = ServingIndex(store, settings.data_dir / "index", embedder.identity)
        self._confidence_of = identity(embedder.identity.sha256, reader.sha256 if reader else "")
        self._parse = Parser(Limits(settings.read_seconds, settings.read_megabytes))
        self._originals = Originals(store, self._parse)
        self._turns = Turns()
        self._remembered = Remembered(settings.remembered_answers)
        self._suggestions = Suggestions(self._suggest, state=self._suggested_for, is_there=self._is_there)

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        reader: Reader | None = None,
        create: bool = False,
        progress: Progress | None = None,
        models: Path | None = None,
    ) -> Pipeline:
        """A pipeline over `settings.data_dir`; with `create` an empty directory is made ready, else IndexMissing.

        Without `embedder` the model of the settings is loaded, and exported the first time; exports are kept in
        `models`, by default a folder of the data directory. `reader` reads in place of the shipped one, unless the
        settings want none. Raises ModelMismatch when the directory was indexed with another model, and the errors of
        the store and of the model.
        """
        store = Store.open(settings.data_dir, create=create)
        try:
            loaded = load_models(settings, embedder=embedder, reader=reader, progress=progress, exports=models)
            embedder = loaded.embedder
            known = store.model()
            if known is not None and known.sha256 != embedder.identity.sha256:
                raise ModelMismatch(
                    f"The index in {settings.data_dir} was made with the model {known.name} ({known.sha256[:12]}...), "
                    f"and the settings name {embedder.identity.name} ({embedder.identity.sha256[:12]}...). Vectors of "
                    f"two models do not compare: set the first one again, or ingest into a new data directory."
                )
            pipeline = cls(settings, store, embedder, loaded.reader)
            pipeline._index.current()
        except BaseException:
            store.close()
            raise
        return pipeline

    def close(self) -> None:
        """Let go of the database. The pipeline cannot be used afterwards."""
        self._suggestions.close()
        self._parse.close()
        self._index.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def restore(backup: Path, data_dir: Path, *, replace: bool = False) -> Path | None:
        """Make a backup the content of `data_dir`; with `replace` also where there is one, which is set aside.

        Gives the path of what was set aside. Raises InputError for what is no backup, StorageError for a damaged one.
        """
        return restore(backup, data_dir, replace=replace)

    @staticmethod
    def export_model(settings: Settings, folder: Path, *, progress: Progress | None = None) -> int:
        """Write the model of the settings into the new `folder`, to be carried elsewhere; its size in bytes.

        Raises InputError when something is there already, ModelUnavailable, StorageError.
        """
        with TemporaryDirectory(prefix="citewell-") as apart:
            return carry(load_model(settings.model, Path(apart), progress=progress), folder)
