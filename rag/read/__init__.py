"""Temporary."""

import hashlib
from pathlib import Path

from rag.errors import *
from rag.records import *

MEDIA_TYPES = {".md": "text/markdown", ".txt": "text/plain", ".html": "text/html"}


def find_files(paths):
    out = []
    for p in paths:
        if not p.exists():
            raise UnreadableDocument(f"{p} is not there")
        out += sorted(x for x in p.rglob("*") if x.suffix in MEDIA_TYPES) if p.is_dir() else [p]
    return out


def read_bytes(data, source):
    text = data.decode()
    blocks = []
    off = 0
    sec = []
    for line in text.split("\n"):
        if line.strip():
            st = len(line) - len(line.lstrip("#- "))
            k = BlockKind.HEADING if line.startswith("#") else BlockKind.PARAGRAPH
            if k is BlockKind.HEADING:
                lv = line.count("#")
                sec = sec[: lv - 1] + [line[st:]]
            blocks.append(Block(Span(off + st, off + len(line)), k, 0, " > ".join(sec)))
        off += len(line) + 1
    h = hashlib.sha256(data).hexdigest()
    src = Source(
        source.id, source.title or (sec[0] if sec else Path(source.location).stem), source.location, source.media_type
    )
    return Document(src, text, tuple(blocks), h, hashlib.sha256(text.encode()).hexdigest())


def read_document(path, *, max_bytes):
    if path.suffix not in MEDIA_TYPES:
        raise UnsupportedFormat(f"{path}: unsupported")
    return read_bytes(
        path.read_bytes(),
        Source(
            hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16],
            "",
            str(path.absolute()),
            MEDIA_TYPES[path.suffix],
        ),
    )


def too_large(a, b, c):
    return DocumentTooLarge(f"{a} {b} {c}")
