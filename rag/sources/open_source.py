"""The kinds of sources: which file of this folder asks which kind, imported when there is one to ask."""

from __future__ import annotations

from rag.settings import Settings
from rag.sources.document_source import DocumentSource
from rag.sources.pace import Pace
from rag.sources.source_file import ConfiguredSource
from rag.sources.source_report import FOLDER


def open_source(configured: ConfiguredSource, pace: Pace, settings: Settings, password: str) -> DocumentSource:
    """A source as it is written down, ready to be asked. Raises InvalidSetting."""
    folder = settings.data_dir.absolute() / FOLDER
    # Imported here: each kind needs a library or a program of its own.
    if configured.kind == "git":
        from rag.sources.git_source import GitSource

        return GitSource(configured, folder / f"{configured.name}.git", pace, password=password)
    if configured.kind == "webdav":
        from rag.sources.webdav_source import WebdavSource

        memory = folder / f"{configured.name}.folders.json"
        return WebdavSource(configured, memory, pace, settings, password=password)
    if configured.kind == "feed":
        from rag.sources.feed_source import FeedSource

        return FeedSource(configured, pace, settings, password=password)
    if configured.kind == "mediawiki":
        from rag.sources.mediawiki_source import MediawikiSource

        return MediawikiSource(configured, pace, settings, password=password)
    if configured.kind == "dokuwiki":
        from rag.sources.dokuwiki_source import DokuwikiSource

        return DokuwikiSource(configured, pace, settings, password=password)
    if configured.kind == "imap":
        from rag.sources.imap_source import ImapSource

        return ImapSource(configured, pace, settings, password=password)
    if configured.kind == "s3":
        from rag.sources.s3_source import S3Source

        return S3Source(configured, pace, settings, password=password)
    raise ValueError(f"no source of the kind {configured.kind}")
