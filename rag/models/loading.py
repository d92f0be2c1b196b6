"""The models of one data directory, loaded side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rag.models.catalogue import load_model
from rag.models.embedder import Embedder, OnnxEmbedder
from rag.models.reader import Reader
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """The models to embed and to read with; without a reader, sentences are scored without one."""

    embedder: Embedder
    reader: Reader | None


def load_models(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    reader: Reader | None = None,
    progress: Callable[[str], None] | None = None,
    exports: Path | None = None,
) -> LoadedModels:
    """The models of the settings, or those given in their place. `exports` is the folder of exported models.

    Raises ModelUnavailable and what writing an export raises.
    """
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(Reader.load) if settings.reader and reader is None else None
        if embedder is None:
            folder = exports or settings.data_dir / "models"
            embedder = OnnxEmbedder(load_model(settings.model, folder, progress=progress))
        if reading is not None:
            reader = reading.result()
    return LoadedModels(embedder, reader if settings.reader else None)
