"""txtai: its embeddings database, and its RAG pipeline (the Extractor of old) over its extractive Questions pipeline.

The pipeline joins the passages to one context and reads that once, as far as the model's 512 tokens reach. It gives the
answer's words, not their place: all places where they stand in the passages that were read are given, so that none can
be held against it.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import torch
from driving import Models, Passage, Place, Reply, drive
from txtai import RAG, Embeddings
from txtai.pipeline import Questions


class Txtai:
    """Everything at its defaults, but for the models; texts are kept in its database."""

    name = "txtai"
    packages = ("txtai",)
    reads = 3  # context of RAG

    def __init__(self, models: Models) -> None:
        self._embeddings = Embeddings(path=str(models.encoder), content=True)
        self._questions = Questions(str(models.reader))
        # It takes the best token of all for the answer's start. Where that is the mark before the question, which a
        # reader trained on SQuAD 2 means as "no answer", it raises a TypeError: so the model is kept to the context.
        self._questions.model.register_forward_hook(_keep_to_context, with_kwargs=True)
        self._pipelines: dict[int, RAG] = {}
        self._found = threading.local()
        # Its database has one cursor for all threads: of 16 questions by eight threads three failed without this.
        self._searching = threading.Lock()

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Embed and store, then save."""
        self._embeddings.index((passage.id, passage.text, None) for passage in passages)
        self._embeddings.save(str(folder / "index"))

    def load(self, folder: Path) -> None:
        """Load what was saved."""
        self._embeddings.load(str(folder / "index"))

    def ask(self, question: str, read: int) -> Reply:
        """What the pipeline says, with every place at which it stands in what was read."""
        if read not in self._pipelines:
            self._pipelines[read] = RAG(self._search, self._questions, context=read, output="flatten")
        started = time.perf_counter()
        answer = self._pipelines[read](question)
        found, searching = self._found.last
        stages = {"embed and retrieve": searching, "read": time.perf_counter() - started - searching}
        if not answer:
            return Reply(stages=stages)
        return Reply(answer, [place for hit in found for place in _places(hit["id"], hit["text"], answer)], stages)

    def _search(self, queries: list[str], limit: int) -> list[list[dict[str, Any]]]:
        """The search of the embeddings database, remembered for this thread with the seconds that it took."""
        started = time.perf_counter()
        with self._searching:
            results: list[list[dict[str, Any]]] = self._embeddings.batchsearch(queries, limit)
        self._found.last = results[0], time.perf_counter() - started
        return results


def _places(passage: str, text: str, answer: str) -> list[Place]:
    places = []
    start = text.find(answer)
    while start >= 0:
        places.append(Place(passage, start, start + len(answer)))
        start = text.find(answer, start + 1)
    return places


def _keep_to_context(_: torch.nn.Module, __: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
    """Starts and ends anywhere but in the context become impossible; the last mark belongs to none."""
    outside = kwargs["token_type_ids"] == 0
    outside[:, -1] = True
    for scores in (output.start_logits, output.end_logits):
        scores.masked_fill_(outside, float("-inf"))
    return output


if __name__ == "__main__":
    drive(Txtai)
