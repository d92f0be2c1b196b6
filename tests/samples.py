"""Small documents for the tests of the store and the index, and a way to run Python in a process of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.records import (
    Block,
    BlockKind,
    Document,
    IngestStatus,
    ModelIdentity,
    Passage,
    Sentence,
    SentenceKind,
    Source,
    Span,
)
from rag.store import Store

MODEL = ModelIdentity(name="test model", sha256="ab" * 32, dimension=4)
ROOT = Path(__file__).parent.parent
# SQL that takes a database of format 6 back to the tables of format 5, and on to those of format 4.
WITHOUT_LOG = (
    "DROP TABLE changes; DROP TABLE removed_chunks; DROP TABLE totals; DROP TRIGGER chunk_removal_noted;"
    " DROP TRIGGER document_counted; DROP TRIGGER document_discounted; DROP TRIGGER sentence_counted;"
    " DROP TRIGGER sentence_discounted; DROP TRIGGER chunk_counted; DROP TRIGGER chunk_discounted"
)
WITHOUT_TALK = (
    f"{WITHOUT_LOG}; DROP TABLE turn_documents; DROP TABLE turns; DROP TABLE conversations;"
    " DROP TABLE questions; DROP TABLE outcomes"
)


class Parts(NamedTuple):
    """The arguments of Store.put_document."""

    document: Document
    sentences: list[Sentence]
    sentence_vectors: npt.NDArray[np.float32]
    passages: list[Passage]
    passage_vectors: npt.NDArray[np.float32]


def unit_rows(count: int, dimension: int = MODEL.dimension, *, seed: int = 0) -> npt.NDArray[np.float32]:
    """Random unit rows, the same for the same seed."""
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def parts(document_id: str, *lines: str, title: str = "", seed: int = 0) -> Parts:
    """A document with a heading (its id) and one sentence a line; every two sentences are a passage."""
    text = "\n".join((document_id, *lines))
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append(Span(start, start + len(line)))
        start += len(line) + 1
    kinds = [SentenceKind.HEADING] + [SentenceKind.STATEMENT] * len(lines)
    sentences = [Sentence(span, kind, document_id, 1) for span, kind in zip(spans, kinds, strict=True)]
    passages = []
    for first in range(1, len(sentences), 2):
        last = min(first + 2, len(sentences))
        span = Span(spans[first].start, spans[last - 1].end)
        passages.append(Passage(first, last, span, document_id, 1, f"{document_id} {span.of(text)}"))
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Parts(
        Document(
            source=Source(document_id, title or f"Title of {document_id}", f"/documents/{document_id}.txt"),
            text=text,
            blocks=tuple(
                Block(span, BlockKind.PARAGRAPH if place else BlockKind.HEADING, 0 if place else 1, document_id)
                for place, span in enumerate(spans)
            ),
            content_sha256=sha256,
            text_sha256=sha256,
            warnings=("a warning",),
        ),
        sentences,
        unit_rows(len(lines), seed=seed),
        passages,
        unit_rows(len(passages), seed=seed + 1),
    )


def open_store(data_dir: Path) -> Store:
    """A store that is bound to MODEL."""
    store = Store.open(data_dir)
    store.bind_model(MODEL)
    return store


def put(store: Store, document_id: str, *lines: str) -> IngestStatus:
    """Put the document of `parts`."""
    return store.put_document(*parts(document_id, *lines))


def python_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs `code`, which may import the project and the tests' modules."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(code: str, *arguments: object) -> str:
    """What `code` prints. Fails the test when it exits with another status than 0, or does not within a minute."""
    process = python_process(code, *arguments)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output
