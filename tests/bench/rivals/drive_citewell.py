"""Citewell itself behind the same lines: the library at its default settings, run by its own Python.

Two settings differ: the least confidence is 0, so that it always answers, as the others do; and no answers are
remembered, because some questions are asked twice, first to warm up.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from driving import Models, Passage, Place, Reply, drive

from rag import app
from rag.models.catalogue import load_model
from rag.models.embedder import OnnxEmbedder
from rag.records import Block, BlockKind, Document, Source, Span
from rag.settings import BUNDLED_MODEL, Settings
from tests.support.access import EVERYTHING


class Citewell:
    """The encoder is the same, found by its name; the reader is the one that the others' was made from.

    The encoder's export to ONNX is made once for a machine, and kept beside the converted reader.
    """

    name = "citewell"
    packages = ("citewell", "onnxruntime", "faiss-cpu")
    reads = Settings().passages

    def __init__(self, models: Models) -> None:
        self._embedder = OnnxEmbedder(load_model(BUNDLED_MODEL, models.reader.parent / "citewell-models"))

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Store each passage as a document, committed by itself."""
        self._open(folder, create=True)
        self._citewell.documents.add([_document(passage) for passage in passages])

    def load(self, folder: Path) -> None:
        """Open the data directory."""
        self._open(folder, create=False)

    def ask(self, question: str, read: int) -> Reply:
        """The first citation of the answer."""
        del read
        answer = self._citewell.questions.ask(question, access=EVERYTHING)
        stages = {name: ms / 1000 for name, ms in answer.timings_ms.items() if name != "total"}
        if not answer.citations:
            return Reply(stages=stages)
        place = answer.citations[0].place
        return Reply(answer.citations[0].quote, [Place(place.source.id, place.span.start, place.span.end)], stages)

    def _open(self, folder: Path, *, create: bool) -> None:
        settings = Settings(data_dir=folder, answer_confidence=0.0, min_confidence=0.0, remembered_answers=0)
        self._citewell = app.Citewell.open(settings, embedder=self._embedder, create=create)


def _document(passage: Passage) -> Document:
    """A passage with its text untouched, a block for each line; no title, as the others are given none."""
    blocks, start = [], 0
    for line in passage.text.split("\n"):
        if line.strip():
            blocks.append(Block(Span(start, start + len(line)), BlockKind.PARAGRAPH))
        start += len(line) + 1
    sha256 = hashlib.sha256(passage.text.encode()).hexdigest()
    source = Source(passage.id, "untitled", f"api:{passage.id}")
    return Document(source, passage.text, tuple(blocks), sha256, sha256)


if __name__ == "__main__":
    drive(Citewell)
