"""What the encoder of questions learns from: a collection's passages as vectors, and for each question the right ones.

A collection is ingested by the program itself, so a question is put beside all passages that it would be put beside in
use, with what words say of each (`rag/answer/retrieve.py`). That takes a while; the outcome is kept beside the run.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from rag.answer.question import clean_question, take_apart
from rag.answer.retrieve import word_scores
from rag.app import Citewell
from rag.evaluate.cases import read_squad
from rag.evaluate.desk import read_collection
from rag.evaluate.desk_run import StoredLines, holds_gold
from rag.models.embedder import Embedder
from rag.records import Access, Span
from rag.records.arrays import FloatMatrix, FloatVector, IntVector
from rag.settings import Settings

QuotePlace = tuple[str, Span]  # the id of a document, and where in its text the answer stands


@dataclass(frozen=True, slots=True)
class QuestionExample:
    """A question, the passages that answer it, and what its words add to the score of some passages.

    Passages are counted from 0; `worded` and `word_scores` have the same shape, (n,).
    """

    text: str
    right: tuple[int, ...]
    worded: IntVector
    word_scores: FloatVector


@dataclass(frozen=True, slots=True)
class Corpus:
    """A collection as vectors, with its answerable questions.

    `passages` has the shape (passages, dimension), `sentences`, those that can be quoted, (sentences, dimension);
    `passage_of` says for each sentence which passage it is of.
    """

    name: str
    passages: FloatMatrix
    sentences: FloatMatrix
    passage_of: IntVector
    questions: tuple[QuestionExample, ...]


def desk_corpus(folder: Path, kept: Path, embedder: Embedder) -> Corpus:
    """The desk collection in `folder`, from what was kept of it in the folder `kept`, or made and kept there."""
    collection = read_collection(folder)

    def ingest(citewell: Citewell) -> list[tuple[str, list[QuotePlace]]]:
        citewell.documents.ingest([collection.docs])
        lines = StoredLines(citewell, collection.docs)
        return [(case.question, [p for line in case.gold for p in lines.places_of(line)]) for case in collection.cases]

    return _kept_or_made(collection.name, kept, ingest, embedder)


def squad_corpus(path: Path, kept: Path, embedder: Embedder, *, paragraphs: int) -> Corpus:
    """At most so many paragraphs of a SQuAD file, chosen at random but always the same, with their questions."""

    def ingest(citewell: Citewell) -> list[tuple[str, list[QuotePlace]]]:
        documents, cases = read_squad(path)
        documents = random.Random(0).sample(documents, min(paragraphs, len(documents)))
        citewell.documents.add(documents)
        ids = {document.source.id for document in documents}
        return [
            (case.question, [(case.document_id, span) for span in case.places])
            for case in cases
            if case.document_id in ids
        ]

    return _kept_or_made(path.stem, kept, ingest, embedder)


def _kept_or_made(
    name: str, kept: Path, ingest: Callable[[Citewell], list[tuple[str, list[QuotePlace]]]], embedder: Embedder
) -> Corpus:
    path = kept / f"{name}.safetensors"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="citewell-") as apart:
            settings = replace(Settings(), data_dir=Path(apart), reader=False)
            with Citewell.open(settings, create=True, embedder=embedder) as citewell:
                corpus = _read(name, citewell, ingest(citewell))
        _keep(path, corpus)
        print(f"{name}: {len(corpus.passages)} passages, {len(corpus.questions)} questions", flush=True)
    return _kept(path)


def _read(name: str, citewell: Citewell, asked: Iterable[tuple[str, list[QuotePlace]]]) -> Corpus:
    """The corpus in a data directory. Questions without a passage that answers are left out."""
    access, store, index = Access.everything(), citewell.store, citewell.index.current()
    with store.snapshot():
        every = [i for info in store.documents(access) for i in store.chunk_ids(access, info.source.id)]
        ids, passages = store.chunk_vectors(access, sorted(every))
        number = {i: place for place, i in enumerate(ids.tolist())}
        of, _, sentences = store.sentence_vectors(access, ids.tolist())
        chunks = store.chunks(access, ids.tolist())
        examples = []
        for question, places in asked:
            right = [number[i] for i, chunk in chunks.items() if holds_gold(chunk.source.id, chunk.span, places)]
            taken = take_apart(clean_question(question, max_chars=citewell.settings.max_question_chars))
            if not right or not taken.is_searchable:
                continue
            scores = word_scores(taken, chunks=len(every), store=store, index=index, access=access)
            worded = np.array([number[i] for i in scores], dtype=np.int64)
            added = np.array(list(scores.values()), dtype=np.float32)
            examples.append(QuestionExample(taken.text, tuple(right), worded, added))
    passage_of = np.array([number[i] for i in of.tolist()], dtype=np.int64)
    return Corpus(name, passages, sentences, passage_of, tuple(examples))


def _keep(path: Path, corpus: Corpus) -> None:
    questions = corpus.questions
    texts = json.dumps([[one.text, one.right] for one in questions], ensure_ascii=False)
    tensors = {
        "passages": corpus.passages,
        "sentences": corpus.sentences,
        "passage_of": corpus.passage_of,
        "worded": np.concatenate([np.zeros(0, dtype=np.int64), *(one.worded for one in questions)]),
        "word_scores": np.concatenate([np.zeros(0, dtype=np.float32), *(one.word_scores for one in questions)]),
        "counts": np.array([len(one.worded) for one in questions], dtype=np.int64),
        "texts": np.frombuffer(texts.encode(), dtype=np.uint8),
    }
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path)


def _kept(path: Path) -> Corpus:
    data = load_file(path)
    ends = np.cumsum(data["counts"])[:-1]
    worded, scores = np.split(data["worded"], ends), np.split(data["word_scores"], ends)
    questions = tuple(
        QuestionExample(text, tuple(right), own, added)
        for (text, right), own, added in zip(json.loads(data["texts"].tobytes()), worded, scores, strict=True)
    )
    return Corpus(path.stem, data["passages"], data["sentences"], data["passage_of"], questions)
