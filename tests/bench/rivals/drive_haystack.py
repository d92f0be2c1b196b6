"""Haystack: FAISS document store, sentence-transformers embedders, the extractive reader of `transformers-haystack`.

Its components are called one after the other, which is what its Pipeline does, so that each can be timed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from driving import Models, Passage, Place, Reply, drive, timed
from haystack import Document
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.readers.transformers import TransformersExtractiveReader
from haystack_integrations.components.retrievers.faiss import FAISSEmbeddingRetriever
from haystack_integrations.document_stores.faiss import FAISSDocumentStore

_DIMENSIONS = 384


class Haystack:
    """Everything at its defaults, but for the models and the size of their vectors."""

    name = "haystack"
    packages = ("haystack-ai", "faiss-haystack", "transformers-haystack", "sentence-transformers-haystack")
    reads = 10  # top_k of the retriever

    def __init__(self, models: Models) -> None:
        self._encoder = str(models.encoder)
        self._question_embedder = SentenceTransformersTextEmbedder(model=self._encoder, progress_bar=False)
        self._question_embedder.warm_up()
        self._reader = TransformersExtractiveReader(model=models.reader)
        self._reader.warm_up()
        # It never passes token types, which RoBERTa has none of and BERT was trained with; so the model is given them.
        separator = self._reader.tokenizer.sep_token_id
        self._reader.model.register_forward_pre_hook(
            lambda _, args, kwargs: (args, _with_types(kwargs, separator)), with_kwargs=True
        )

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Embed and store, then save the store."""
        embedder = SentenceTransformersDocumentEmbedder(model=self._encoder, progress_bar=False)
        documents = [Document(id=passage.id, content=passage.text) for passage in passages]
        store = FAISSDocumentStore(embedding_dim=_DIMENSIONS)
        store.write_documents(embedder.run(documents)["documents"])
        store.save(folder / "store")
        self._retriever = FAISSEmbeddingRetriever(document_store=store)

    def load(self, folder: Path) -> None:
        """Load the saved store."""
        store = FAISSDocumentStore(index_path=str(folder / "store"), embedding_dim=_DIMENSIONS)
        self._retriever = FAISSEmbeddingRetriever(document_store=store)

    def ask(self, question: str, read: int) -> Reply:
        """The best of the reader's answers; it also gives one of no text, for none, which is passed over."""
        stages: dict[str, float] = {}
        with timed(stages, "embed"):
            vector = self._question_embedder.run(text=question)["embedding"]
        with timed(stages, "retrieve"):
            found = self._retriever.run(query_embedding=vector, top_k=read)["documents"]
        with timed(stages, "read"):
            answers = self._reader.run(query=question, documents=found)["answers"]
        best = next((answer for answer in answers if answer.data), None)
        if best is None or best.document is None or best.document_offset is None:
            return Reply(stages=stages)
        place = Place(best.document.id, best.document_offset.start, best.document_offset.end)
        return Reply(best.data, [place], stages)


def _with_types(kwargs: dict[str, Any], separator: int) -> dict[str, Any]:
    """The arguments of the model with 1 for each token behind the first separator; (rows, tokens)."""
    ids: torch.Tensor = kwargs["input_ids"]
    behind = (ids == separator).cumsum(dim=1) - (ids == separator).long()
    return kwargs | {"token_type_ids": (behind > 0).long() * kwargs["attention_mask"]}


if __name__ == "__main__":
    drive(Haystack)
