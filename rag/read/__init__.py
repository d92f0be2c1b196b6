"""Files and bytes to documents. One format a file; `formats` says which file reads which format.

A new format is a new file here and a new row there. Knows nothing of sentences and fetches nothing: a link in a
document is not followed.
"""

from __future__ import annotations

from rag.read.document import absolute_path, id_of, media_type_of, read_bytes, read_document, title_from, uploaded
from rag.read.file_access import as_date, open_regular, printable, read_file, read_open, too_large, unreadable
from rag.read.formats import MEDIA_TYPES, WITH_PICTURES
from rag.read.version import reading_identity

__all__ = [
    "MEDIA_TYPES",
    "WITH_PICTURES",
    "absolute_path",
    "as_date",
    "id_of",
    "media_type_of",
    "open_regular",
    "printable",
    "read_bytes",
    "read_document",
    "read_file",
    "read_open",
    "reading_identity",
    "title_from",
    "too_large",
    "unreadable",
    "uploaded",
]
