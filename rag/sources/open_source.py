"""The kinds of sources: which file of this folder asks which kind, imported when there is one to ask."""

from __future__ import annotations

from rag.settings import Settings
from rag.sources.document_source import DocumentSource
from rag.sources.pace import Pace
from rag.sources.source_file import ConfiguredSource
from rag.sources.source_report import FOLDER


def open_source(configured: ConfiguredSource, pace: Pace, settings: Settings, password: str) -> DocumentSource:
    """A source as it is written down, ready to be asked. Raises InvalidSetting."""
    if configured.kind == "git":
        from rag.sources.git_source import GitSource  # here: each kind needs a library or a program of its own

        copy = settings.data_dir.absolute() / FOLDER / f"{configured.name}.git"
        return GitSource(configured, copy, pace, password=password)
    raise ValueError(f"no source of the kind {configured.kind}")
