"""The places that documents come from: folders, files, archives and pages; the store is kept in step with them."""

from rag.ingest.sources.intake import Tools
from rag.ingest.sources.named import ingest_paths
from rag.ingest.sources.sync import MAX_REMOVED, SyncOptions, sync_folders

__all__ = ["MAX_REMOVED", "SyncOptions", "Tools", "ingest_paths", "sync_folders"]
