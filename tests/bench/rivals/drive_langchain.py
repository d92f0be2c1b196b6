"""LangChain: FAISS and HuggingFaceEmbeddings. It has no reader; the passages found are read by transformers.

The `question-answering` pipeline that used to be put behind it is gone from transformers since 5.3; what its
documentation shows instead is done here: the model is called on all passages at once, and the best start and end of
them all are the answer.
"""

from __future__ import annotations

from pathlib import Path

import torch
from driving import Models, Passage, Place, Reply, drive, timed
from langchain_community.vectorstores import FAISS
from langchain_huggingface import HuggingFaceEmbeddings
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

_MAX_TOKENS = 384
_MAX_ANSWER_TOKENS = 30


class LangChain:
    """Everything at its defaults, but for the models."""

    name = "langchain"
    packages = ("langchain", "langchain-community", "langchain-huggingface", "faiss-cpu")
    reads = 4  # k of the vector store's searches

    def __init__(self, models: Models) -> None:
        self._embeddings = HuggingFaceEmbeddings(model_name=str(models.encoder))
        self._tokenizer = AutoTokenizer.from_pretrained(models.reader)
        self._model = AutoModelForQuestionAnswering.from_pretrained(models.reader).eval()

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Embed and store, then save."""
        ids = [passage.id for passage in passages]
        self._store = FAISS.from_texts([passage.text for passage in passages], self._embeddings, ids=ids)
        self._store.save_local(str(folder))

    def load(self, folder: Path) -> None:
        """Load what was saved: a pickle, which is safe because this program wrote it."""
        self._store = FAISS.load_local(str(folder), self._embeddings, allow_dangerous_deserialization=True)

    def ask(self, question: str, read: int) -> Reply:
        """The best span of all passages read."""
        stages: dict[str, float] = {}
        with timed(stages, "embed"):
            vector = self._embeddings.embed_query(question)
        with timed(stages, "retrieve"):
            found = self._store.similarity_search_by_vector(vector, k=read)
        with timed(stages, "read"):
            at, start, end = self._read(question, [document.page_content for document in found])
        text = found[at].page_content[start:end]
        return Reply(text, [Place(found[at].id, start, end)], stages)

    def _read(self, question: str, texts: list[str]) -> tuple[int, int, int]:
        """Which text holds the best span, and its characters there."""
        encoded = self._tokenizer(
            [question] * len(texts),
            texts,
            truncation="only_second",
            max_length=_MAX_TOKENS,
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = encoded.pop("offset_mapping")
        with torch.inference_mode():
            output = self._model(**encoded)
        inside = torch.tensor([[part == 1 for part in encoded.sequence_ids(row)] for row in range(len(texts))])
        starts = output.start_logits.masked_fill(~inside, float("-inf"))
        ends = output.end_logits.masked_fill(~inside, float("-inf"))
        tokens = starts.shape[1]
        allowed = torch.ones((tokens, tokens), dtype=torch.bool).triu().tril(_MAX_ANSWER_TOKENS - 1)
        pairs = (starts[:, :, None] + ends[:, None, :]).masked_fill(~allowed, float("-inf"))
        row, rest = divmod(int(pairs.argmax()), tokens * tokens)
        first, last = divmod(rest, tokens)
        return row, int(offsets[row, first, 0]), int(offsets[row, last, 1])


if __name__ == "__main__":
    drive(LangChain)
