"""Texts become unit vectors: the real model's are its own, and the fake keeps the same contract."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from rag.models.catalogue import find_model, load_model
from rag.models.embedder import Embedder, OnnxEmbedder
from rag.models.exported import LoadedModel
from rag.models.graph import embedder_graph
from rag.models.pretrained import Pretrained
from rag.records.arrays import FloatMatrix, FloatVector
from rag.settings import BUNDLED_MODEL
from tests.support.fakes import HashEmbedder
from tests.support.processes import run_python

TEXTS = [
    "Where was the harbour?",
    "",
    "The lighthouse keeper wrote the log each night, in ink, by lamplight.",
    "word " * 400,
    "東京 😀 e\u0301",
    *(f"Boat {number} came in." + " It left again." * (number % 7) for number in range(60)),
]


@pytest.fixture(params=[pytest.param("hash"), pytest.param("onnx", marks=pytest.mark.model)])
def any_embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hash":
        return HashEmbedder()
    return OnnxEmbedder(request.getfixturevalue("real_model"))


def test_rows_are_float32_and_have_length_one(any_embedder: Embedder) -> None:
    rows = any_embedder.embed(TEXTS)
    assert (rows.shape, rows.dtype) == ((len(TEXTS), any_embedder.identity.dimension), np.float32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_rows_are_in_the_order_of_the_texts_whatever_their_lengths(any_embedder: Embedder) -> None:
    rows = any_embedder.embed(TEXTS)
    alone = np.concatenate([any_embedder.embed([text]) for text in TEXTS[:12]])
    assert np.array_equal(rows[:12], alone), "no bit depends on the texts beside it"
    assert np.array_equal(any_embedder.embed(TEXTS[::-1])[::-1], rows)


def test_no_texts_give_no_rows(any_embedder: Embedder) -> None:
    assert any_embedder.embed([]).shape == (0, any_embedder.identity.dimension)


def test_a_question_is_one_unit_vector_near_the_same_words(any_embedder: Embedder) -> None:
    vector = any_embedder.embed_question("Where was the harbour?")
    assert (vector.shape, vector.dtype) == ((any_embedder.identity.dimension,), np.float32)
    assert int(np.argmax(any_embedder.embed(TEXTS) @ vector)) == 0


def test_the_same_question_gives_the_same_bits(any_embedder: Embedder) -> None:
    first = any_embedder.embed_question("When did the boat come in?").tobytes()
    any_embedder.embed(TEXTS[:3])
    assert any_embedder.embed_question("When did the boat come in?").tobytes() == first


def test_progress_counts_up_to_the_number_of_texts(any_embedder: Embedder) -> None:
    done: list[int] = []
    any_embedder.embed(TEXTS, on_done=done.append)
    assert done[-1] == len(TEXTS)
    assert done == sorted(set(done))


def test_tokens_are_counted_without_marks_and_without_a_limit(any_embedder: Embedder) -> None:
    assert any_embedder.count_tokens("") == 0
    assert any_embedder.count_tokens("harbour") >= 1
    assert any_embedder.count_tokens("word " * 1_000) == 1_000


@pytest.mark.model
def test_a_text_is_cut_off_at_the_window(real_model: LoadedModel) -> None:
    """The window is 256 tokens, two of them marks: of "word word ..." 254 words are read."""
    embedder = OnnxEmbedder(real_model)
    whole, cut, shorter = embedder.embed(["word " * 254 + "lighthouse", "word " * 254, "word " * 253 + "lighthouse"])
    np.testing.assert_allclose(whole, cut, atol=1e-6)
    assert float(whole @ shorter) < 0.9999


@pytest.mark.model
def test_vectors_are_near_those_of_sentence_transformers_and_with_its_weights_unrounded_the_same(
    real_model: LoadedModel, tmp_path: Path
) -> None:
    expected = encode_in_another_process(find_model(BUNDLED_MODEL), tmp_path)
    cosines = np.sum(OnnxEmbedder(real_model).embed(TEXTS) * expected, axis=1)
    assert min(cosine for cosine, text in zip(cosines, TEXTS, strict=True) if text) > 0.995
    assert cosines.min() > 0.98, "of the empty text"
    weights = Pretrained(find_model(BUNDLED_MODEL))
    onnx.save(embedder_graph(weights, weights.words(), weights.places(), dimension=384), tmp_path / "float32.onnx")
    exact = OnnxEmbedder(replace(real_model, graph=tmp_path / "float32.onnx"))
    np.testing.assert_allclose(exact.embed(TEXTS), expected, atol=1e-5)


@pytest.mark.model
def test_a_text_that_comes_again_is_not_computed_again(real_model: LoadedModel) -> None:
    """Nor is it where it stands twice in one call; a passage too long to repeat is."""
    embedder = CountingEmbedder(real_model)
    first = embedder.embed(["All rights reserved.", "A boat.", "All rights reserved."])
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(embedder.embed(["All rights reserved."])[0], first[0])
    assert embedder.computed == 2
    embedder.embed(["word " * 100])
    embedder.embed(["word " * 100])
    assert embedder.computed == 4


class CountingEmbedder(OnnxEmbedder):
    """Counts how often the model runs."""

    computed = 0

    def _vector(self, text: str) -> FloatVector:
        self.computed += 1
        return super()._vector(text)


MAKE_SMALL_MODEL = """
import json, sys, warnings
warnings.simplefilter("ignore")
from sentence_transformers import SentenceTransformer, models
from transformers import BertConfig, BertModel, BertTokenizerFast
import torch
torch.manual_seed(7)
config = BertConfig(vocab_size=30_522, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
BertModel(config).save_pretrained(sys.argv[2])
BertTokenizerFast.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2])
word = models.Transformer(sys.argv[2], max_seq_length=16)
prompts = {"query": "question: ", "document": "passage: "}
model = SentenceTransformer(modules=[word, models.Pooling(32, "cls")], prompts=prompts, device="cpu")
model.save_pretrained(sys.argv[2], safe_serialization=True)
"""


@pytest.mark.model
def test_a_model_in_a_folder_brings_its_own_window_pooling_and_prompts(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    run_python(MAKE_SMALL_MODEL, find_model(BUNDLED_MODEL), folder)
    model = load_model(str(folder), tmp_path / "cache")
    assert (model.identity.name, model.identity.dimension, model.max_tokens) == (str(folder), 32, 16)
    assert (model.question_prompt, model.passage_prompt) == ("question: ", "passage: ")
    embedder = OnnxEmbedder(model)
    expected = encode_in_another_process(folder, tmp_path, prompt="passage: ")
    np.testing.assert_allclose(embedder.embed(TEXTS), expected, atol=1e-5)
    asked = encode_in_another_process(folder, tmp_path, prompt="question: ")[0]
    np.testing.assert_allclose(embedder.embed_question(TEXTS[0]), asked, atol=1e-5)


def encode_in_another_process(folder: Path, work: Path, *, prompt: str = "") -> FloatMatrix:
    """What sentence-transformers itself gives for TEXTS; torch stays out of the process that runs the tests."""
    code = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu", local_files_only=True)
rows = model.encode(json.loads(sys.argv[4]), prompt=sys.argv[3] or None, normalize_embeddings=True, batch_size=1)
np.save(sys.argv[2], rows)
"""
    run_python(code, folder, work / "rows.npy", prompt, json.dumps(TEXTS))
    rows: FloatMatrix = np.load(work / "rows.npy")
    return rows
