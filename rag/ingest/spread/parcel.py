"""What a node has made of a file for another one, as bytes: the text with its layout, and the vectors."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from rag import read
from rag.ingest.prepare import Embedded
from rag.read.layout import Content
from rag.read.sandbox.protocol import BrokenFrame, pack_content, read_frame, unpack_content, write_frame
from rag.records import Document, Source

# PostgreSQL takes no message of a gigabyte, and what is packed is in memory a few times.
MOST_BYTES = 200_000_000
_PLAIN = np.dtype("<f4")


def pack(document: Document, embedded: Embedded) -> bytes:
    """Both as bytes. What is no part of the file, as its place, whoever asked for it knows."""
    content = Content(document.text, document.blocks, document.source.title, document.warnings)
    packed = BytesIO()
    write_frame(packed, *pack_content(content))
    head = {"texts_sha256": embedded.texts_sha256, "shape": embedded.rows.shape}
    write_frame(packed, head, embedded.rows.astype(_PLAIN).tobytes())
    return packed.getvalue()


def unpack(packed: bytes, data: bytes, source: Source) -> tuple[Document, Embedded]:
    """The document that was packed, as it is read from `data`, and its vectors. Raises ValueError for what is none."""
    stream = BytesIO(packed)
    try:
        text = read_frame(stream, max_bytes=MOST_BYTES)
        vectors = read_frame(stream, max_bytes=MOST_BYTES)
        if text is None or vectors is None or stream.read(1):
            raise ValueError("no document with its vectors")
        content = unpack_content(*text)
        head, body = vectors
        count, dimension = head["shape"]
        rows = np.frombuffer(body, _PLAIN).astype(np.float32).reshape(int(count), int(dimension))
        embedded = Embedded(str(head["texts_sha256"]), rows)
    except (BrokenFrame, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"what another node has made of {source.location} cannot be used: {error}") from error
    return read.read_bytes(data, source, parse=lambda _data, _media_type: content), embedded
