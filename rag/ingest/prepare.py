"""A document that was read, made ready to be stored: sentences, passages and their vectors.

It can be prepared ahead, by another thread, while the documents before it are stored.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from threading import Lock

from rag.models.embedder import Embedder
from rag.records import Document, Passage, Sentence, SentenceKind
from rag.records.arrays import FloatMatrix
from rag.split import chunk_sentences, split_document
from rag.text.language import language_of

# Documents prepared ahead that are kept until their turn comes.
_KEPT_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is stored of a document: a row of `sentence_rows` for each statement, of `passage_rows` for each passage."""

    sentences: list[Sentence]
    sentence_rows: FloatMatrix
    passages: list[Passage]
    passage_rows: FloatMatrix


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of a document, for a node that splits it itself, and by what it knows that they are of the same."""

    texts_sha256: str
    rows: FloatMatrix  # one for each statement, then one for each passage


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a document was split into."""

    sentences: list[Sentence]
    passages: list[Passage]
    quotable: list[str]

    @property
    def texts(self) -> list[str]:
        """What is embedded, together, so that the cores are idle at the end of one list and not of two."""
        return [*self.quotable, *(passage.search_text for passage in self.passages)]

    @property
    def texts_sha256(self) -> str:
        return hashlib.sha256(json.dumps(self.texts).encode()).hexdigest()

    def with_rows(self, rows: FloatMatrix) -> Prepared:
        return Prepared(self.sentences, rows[: len(self.quotable)], self.passages, rows[len(self.quotable) :])


class Preparer:
    """Splits, chunks and embeds documents. Safe to use from several threads."""

    def __init__(self, embedder: Embedder, language: str) -> None:
        """`language` is that of documents whose text does not tell it, for sentence boundaries."""
        self._embedder = embedder
        self._language = language
        self._ahead: dict[str, tuple[Document, Prepared]] = {}
        self._lock = Lock()

    def prepare_ahead(self, document: Document) -> None:
        """Do now what `prepare` will be asked for later. When the document was last modified may not be known yet."""
        self._keep(document, self._prepare(document))

    def embed(self, document: Document) -> Embedded:
        """The vectors of a document, for another node."""
        parts = self._split(document)
        return Embedded(parts.texts_sha256, self._embedder.embed(parts.texts))

    def adopt(self, document: Document, embedded: Embedded) -> None:
        """Keep for `prepare` the vectors that another node has made of the document.

        Raises ValueError where they are those of other texts, as another version of the program may split it.
        """
        parts = self._split(document)
        expected = len(parts.texts), self._embedder.identity.dimension
        if (parts.texts_sha256, expected) != (embedded.texts_sha256, embedded.rows.shape):
            raise ValueError(f"vectors of {embedded.rows.shape[0]} other texts; expected those of {expected[0]}")
        self._keep(document, parts.with_rows(embedded.rows))

    def _keep(self, document: Document, made: Prepared) -> None:
        with self._lock:
            while len(self._ahead) >= _KEPT_AHEAD:
                del self._ahead[next(iter(self._ahead))]
            self._ahead[document.source.id] = document, made

    def prepare(self, document: Document) -> Prepared:
        """What is stored of the document, prepared now, unless exactly this one was prepared ahead."""
        with self._lock:
            known, made = self._ahead.pop(document.source.id, (None, None))
        if known is not None and made is not None and replace(known, modified_at=document.modified_at) == document:
            return made
        return self._prepare(document)

    def _prepare(self, document: Document) -> Prepared:
        parts = self._split(document)
        return parts.with_rows(self._embedder.embed(parts.texts))

    def _split(self, document: Document) -> _Parts:
        sentences = split_document(document, language=language_of(document.text) or self._language)
        passages = chunk_sentences(
            document,
            sentences,
            count_tokens=self._embedder.count_tokens,
            max_tokens=self._embedder.max_tokens,
        )
        quotable = [s.span.of(document.text) for s in sentences if s.kind is SentenceKind.STATEMENT]
        return _Parts(sentences, passages, quotable)
