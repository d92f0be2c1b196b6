"""A document that was read, made ready to be stored: sentences, passages and their vectors.

It can be prepared ahead, by another thread, while the documents before it are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock

from rag.arrays import FloatMatrix
from rag.models.embedder import Embedder
from rag.records import Document, Passage, Sentence, SentenceKind
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
        made = self._prepare(document)
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
        sentences = split_document(document, language=language_of(document.text) or self._language)
        passages = chunk_sentences(
            document,
            sentences,
            count_tokens=self._embedder.count_tokens,
            max_tokens=self._embedder.max_tokens,
        )
        quotable = [s.span.of(document.text) for s in sentences if s.kind is SentenceKind.STATEMENT]
        # Together, so that the cores are idle at the end of one list and not of two.
        rows = self._embedder.embed([*quotable, *(passage.search_text for passage in passages)])
        return Prepared(sentences, rows[: len(quotable)], passages, rows[len(quotable) :])
