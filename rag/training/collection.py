"""Desk collections as the reader learns from them: passages as the program makes and finds them, and what is right.

A folder of `docs/` and `questions.jsonl` is read, split and searched by the program itself, so that wrong passages are
those that it would find. That takes seconds a folder; the outcome is kept in a file beside the run.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag.answer.rescore import heading_of
from rag.app import Citewell
from rag.errors import UnreadableDocument
from rag.evaluate.desk import GoldLine, match
from rag.models.catalogue import load_model
from rag.models.embedder import Embedder, OnnxEmbedder
from rag.models.reader import ReadPassage
from rag.read import read_document
from rag.records import Access, Hit, SentenceKind, Span, StoredSentence
from rag.settings import Settings
from rag.split import chunk_sentences, split_document
from rag.training.labelled_collection import DeskQuestion, LabelledCollection, SentencePlace, read_kept, write_kept

# Passages that are looked at for a question, and the best of them, which are kept.
_LOOKED_AT, _FOUND = 100, 20
# What BM25 counts for beside the two cosines, when wrong passages are put in order.
_BM25 = 0.015
# Part of the hash of what a file was made of: raise it when collections are made in another way.
_FORMAT = 1


def load_embedder() -> Embedder:
    """The embedder that says how long passages may be, and finds them: that of the settings."""
    settings = Settings.from_env(os.environ)
    return OnnxEmbedder(load_model(settings.model, settings.data_dir / "models"))


def load_collection(folder: Path, kept: Path, embedder: Embedder) -> LabelledCollection:
    """The collection in `folder`, from the file that was kept of it in the folder `kept`, or made and kept there.

    Raises what `read_collection` raises.
    """
    path, made_of = kept / f"{folder.name}.json", _hash(folder)
    if path.exists():
        collection, more = read_kept(path)
        if more["made_of"] == made_of:
            return collection
    collection = read_collection(folder, embedder)
    found = _found(folder, collection, embedder)
    questions = tuple(replace(asked, found=hits) for asked, hits in zip(collection.questions, found, strict=True))
    collection = replace(collection, questions=questions)
    write_kept(collection, path, made_of=made_of)
    return collection


def read_collection(folder: Path, embedder: Embedder) -> LabelledCollection:
    """The collection in `folder`, nothing searched for yet. `embedder` says how long a passage may be.

    Files that cannot be read as documents are left out. Raises OSError for a folder of another kind, and ValueError
    when nothing in docs/ has the line of any question.
    """
    files = [file for path in _documents(folder) if (file := _readable(path, folder / "docs", embedder))]
    begins: dict[str, int] = {}
    passages: list[ReadPassage] = []
    for file in files:
        begins[file.name] = len(passages)
        passages += file.passages
    lines = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    by_name = {file.name: file for file in files}
    asked = [_asked(line, by_name, begins) for line in lines]
    questions = tuple(one for one in asked if one)
    if not questions:
        raise ValueError(f"{folder}: no line of questions.jsonl was found in what was read of docs/")
    return LabelledCollection(folder.name, tuple(passages), questions, len(lines) - len(questions))


@dataclass(frozen=True, slots=True)
class _File:
    """A document, split, and the passage and place in it of each quotable sentence, by where the sentence begins."""

    name: str  # below docs/
    sentences: tuple[StoredSentence, ...]
    passages: tuple[ReadPassage, ...]
    places: dict[int, SentencePlace]

    @classmethod
    def read(cls, path: Path, docs: Path, embedder: Embedder) -> _File:
        """The document at `path`."""
        settings = Settings()
        document = read_document(path, max_bytes=settings.max_document_bytes)
        sentences = split_document(document, language=settings.language)
        places: dict[int, SentencePlace] = {}
        passages = []
        count, longest = embedder.count_tokens, embedder.max_tokens
        for number, passage in enumerate(chunk_sentences(document, sentences, count_tokens=count, max_tokens=longest)):
            begin = passage.span.start
            quotable = [s.span for s in sentences[passage.first : passage.last] if s.kind is SentenceKind.STATEMENT]
            places |= {span.start: (number, position) for position, span in enumerate(quotable)}
            shifted = tuple(Span(span.start - begin, span.end - begin) for span in quotable)
            heading = heading_of(document.source.title, passage.section)
            passages.append(ReadPassage(heading, passage.span.of(document.text), shifted))
        stored = tuple(
            StoredSentence(number, number, s.span, s.kind, s.span.of(document.text))
            for number, s in enumerate(sentences)
        )
        return cls(path.relative_to(docs).as_posix(), stored, tuple(passages), places)


def _readable(path: Path, docs: Path, embedder: Embedder) -> _File | None:
    """The document at `path`; None for one that the program does not take in, such as an empty file."""
    try:
        return _File.read(path, docs, embedder)
    except UnreadableDocument as error:
        print(f"left out: {error}", flush=True)
        return None


def _asked(line: dict[str, Any], files: dict[str, _File], begins: dict[str, int]) -> DeskQuestion | None:
    """A line of questions.jsonl; None when the sentence that it names was not found."""

    def places(name: str, sentence: str, words: str = "") -> tuple[SentencePlace, ...]:
        file = files.get(name)
        if file is None:
            return ()
        found = [file.places[span.start] for span in match(GoldLine(name, sentence, words), file.sentences)]
        return tuple((begins[name] + passage, position) for passage, position in found)

    words = line["words"] or ""
    named = places(line["file"], line["sentence"], words)
    if not named:
        return None
    if line["words"] is None:
        return DeskQuestion(line["question"], "", (), (), named, ())
    also = [place for x in line.get("also", []) for place in places(x["file"], x["sentence"], x["words"] or "")]
    more = [place for sentence in line.get("more", []) for place in places(line["file"], sentence)]
    return DeskQuestion(
        line["question"], words, tuple(dict.fromkeys((*named, *also))), tuple(dict.fromkeys(more)), (), ()
    )


def _found(folder: Path, collection: LabelledCollection, embedder: Embedder) -> Iterator[tuple[int, ...]]:
    """For each question of the collection the passages that are found for it, best first."""
    numbers = {(passage.heading, passage.text): number for number, passage in enumerate(collection.passages)}
    with tempfile.TemporaryDirectory(prefix="citewell-") as apart:
        settings = replace(Settings(), data_dir=Path(apart), reader=False)
        with Citewell.open(settings, create=True, embedder=embedder) as citewell:
            citewell.documents.ingest([folder / "docs"])
            for asked in collection.questions:
                hits = citewell.questions.search(asked.question, _LOOKED_AT, access=Access.everything())
                best = sorted(hits, key=_order)[:_FOUND]
                chunks = [(heading_of(hit.chunk.source.title, hit.chunk.section), hit.chunk.text) for hit in best]
                yield tuple(numbers[chunk] for chunk in chunks)


def _order(hit: Hit) -> float:
    return -(hit.dense + max(hit.similarities, default=0.0) + _BM25 * hit.bm25)


def _documents(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "docs").rglob("*") if path.is_file())


def _hash(folder: Path) -> str:
    """The SHA-256 of all that a collection is made of."""
    whole = hashlib.sha256(str(_FORMAT).encode())
    for path in (*_documents(folder), folder / "questions.jsonl"):
        whole.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()
