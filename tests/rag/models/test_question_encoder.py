from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelUnavailable
from rag.models.embedder import OnnxEmbedder
from rag.models.exported import LoadedModel
from rag.models.question_encoder import question_graph
from rag.models.reader import WEIGHTS_FOLDER
from rag.records import ModelIdentity

pytestmark = pytest.mark.model
QUESTION = "Where do I hand in my laptop on my last day?"


def test_questions_to_the_bundled_model_have_an_encoder_of_their_own(real_model: LoadedModel) -> None:
    embedder = OnnxEmbedder(real_model)
    asked, (said,) = embedder.embed_question(QUESTION), embedder.embed([QUESTION])
    assert float(np.linalg.norm(asked)) == pytest.approx(1.0, abs=1e-5)
    assert 0.5 < float(asked @ said) < 0.99


def test_an_everyday_question_comes_nearer_to_the_passage_that_answers_it(real_model: LoadedModel) -> None:
    embedder = OnnxEmbedder(real_model)
    answers, other = embedder.embed(
        ["Equipment is returned to the service desk before the contract ends.", "Laptops have a lock and a bag."]
    )
    asked, (said,) = embedder.embed_question(QUESTION), embedder.embed([QUESTION])
    assert asked @ answers - asked @ other > said @ answers - said @ other


def test_another_model_embeds_its_questions_itself(real_model: LoadedModel) -> None:
    other = replace(real_model, identity=ModelIdentity("other", "0" * 64, real_model.identity.dimension))
    embedder = OnnxEmbedder(other)
    assert np.array_equal(embedder.embed_question(QUESTION), embedder.embed([QUESTION])[0])


def test_a_damaged_encoder_is_refused(real_model: LoadedModel, tmp_path: Path) -> None:
    for name in ("question-encoder.json", "question-encoder.onnx"):
        shutil.copy(WEIGHTS_FOLDER / name, tmp_path)
    assert question_graph(real_model.identity, tmp_path) == tmp_path / "question-encoder.onnx"
    with (tmp_path / "question-encoder.onnx").open("ab") as file:
        file.write(b"x")
    question_graph.cache_clear()
    with pytest.raises(ModelUnavailable, match=r"question-encoder.onnx.*missing or damaged.*Install Citewell again"):
        question_graph(real_model.identity, tmp_path)


def test_without_one_the_model_embeds_its_questions_itself(real_model: LoadedModel, tmp_path: Path) -> None:
    assert question_graph(real_model.identity, tmp_path) is None
