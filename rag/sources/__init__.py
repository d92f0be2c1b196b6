"""Where documents come from: folders, files, archives and pages, and keeping the store in step with them."""

from rag.sources.ingest import ingest_paths
from rag.sources.intake import Tools
from rag.sources.sync import MAX_REMOVED, SyncOptions, sync_folders

__all__ = ["MAX_REMOVED", "SyncOptions", "Tools", "ingest_paths", "sync_folders"]
