"""Sources of documents that are named in a file and followed: repositories, shares, wikis; rights included.

`citewell.toml` names them (`source_file`), each kind is one file (`git_source`, ...), and `source_sync` brings the
store to what one of them holds.
"""

from rag.sources.source_file import FILE_NAME, ConfiguredSource
from rag.sources.source_report import SourceReport, SourceState
from rag.sources.source_service import SourceCheck, SourceList, SourceService

__all__ = [
    "FILE_NAME",
    "ConfiguredSource",
    "SourceCheck",
    "SourceList",
    "SourceReport",
    "SourceService",
    "SourceState",
]
