from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from rag.training.base_weights import read_base
from rag.training.encoding import EncodedPassage
from rag.training.export import export
from rag.training.model import freeze, reader_of, run
from tests.support.tiny_reader import checkpoint, tensors_in, tiny_reader

PASSAGE = EncodedPassage(tuple(range(100, 112)), 4, 4, ((4, 11),), frozenset({0}), frozenset(), None)

pytestmark = pytest.mark.model


def graph(path: Path, nodes: list[onnx.NodeProto], constants: dict[str, npt.NDArray[Any]]) -> Path:
    inputs = [helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 2])]
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", inputs, [], tensors)), path)
    return path


def test_a_reader_of_ours_begins_where_it_ended(tmp_path: Path) -> None:
    model = tiny_reader()
    export([checkpoint(tmp_path / "run", model)], tmp_path / "out", quantise=False)
    found = read_base(tmp_path / "out" / "reader.onnx")
    expected = tensors_in(model)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    nodes = [
        helper.make_node("MatMulInteger", ["x", "MatMul_7_quantized", "", "MatMul_7_zero_point"], ["product"]),
        helper.make_node("Cast", ["product"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "MatMul_7_scale"], ["scaled"]),
        helper.make_node("Add", ["bert.pooler.dense.bias", "scaled"], ["out"]),
    ]
    constants: dict[str, npt.NDArray[Any]] = {
        "MatMul_7_quantized": np.array([[3, 1], [5, 7]], dtype=np.int8),
        "MatMul_7_scale": np.array(0.5, dtype=np.float32),
        "MatMul_7_zero_point": np.array(1, dtype=np.int8),
        "bert.pooler.dense.bias": np.array([0.25, 0.5], dtype=np.float32),
        "bert.embeddings.word_embeddings.weight_quantized": np.array([[10, 12]], dtype=np.uint8),
        "bert.embeddings.word_embeddings.weight_scale": np.array(0.1, dtype=np.float32),
        "bert.embeddings.word_embeddings.weight_zero_point": np.array(10, dtype=np.uint8),
        "classifier.weight": np.array([[2.0, 4.0]], dtype=np.float32),
        "classifier.bias": np.array([1.0], dtype=np.float32),
    }
    return graph(tmp_path / "classifier.onnx", nodes, constants)


def test_of_a_quantised_classifier_products_are_named_by_what_is_added_to_them(classifier: Path) -> None:
    """(3 - 1) * .5 = 1 and so on, and turned round: torch keeps (outputs, inputs)."""
    found = read_base(classifier)
    assert found["encoder.pooler.dense.weight"].tolist() == [[1.0, 2.0], [0.0, 3.0]]
    assert found["encoder.pooler.dense.bias"].tolist() == [0.25, 0.5]
    np.testing.assert_allclose(found["encoder.embeddings.word_embeddings.weight"], [[0.0, 0.2]], atol=1e-7)


def test_of_a_classifier_the_label_begins_both_scores_of_a_passage(classifier: Path) -> None:
    found = read_base(classifier)
    assert found["passage.weight"].tolist() == [[2.0, 4.0], [1.0, 2.0]]
    assert found["passage.bias"].tolist() == [1.0, 0.0]
    assert "scores.weight" not in found


def test_another_graph_is_refused(tmp_path: Path) -> None:
    other = graph(tmp_path / "other.onnx", [], {"w": np.zeros(2, dtype=np.float32)})
    with pytest.raises(ValueError, match=r"other\.onnx is neither a BertForSequenceClassification in ONNX nor a"):
        read_base(other)


def test_a_classifier_of_several_labels_is_refused(tmp_path: Path) -> None:
    labels = {"classifier.weight": np.zeros((2, 3), np.float32), "classifier.bias": np.zeros(2, np.float32)}
    with pytest.raises(ValueError, match="has 2 labels, expected one"):
        read_base(graph(tmp_path / "labels.onnx", [], labels))


def test_a_reader_takes_its_sizes_from_its_weights() -> None:
    tensors = tensors_in(tiny_reader())
    again = reader_of(tensors)
    assert (again.encoder.config.num_hidden_layers, again.encoder.config.intermediate_size) == (2, 32)
    assert all(np.array_equal(tensors[name], value) for name, value in tensors_in(again).items())


def test_only_the_head_for_tokens_may_begin_at_random() -> None:
    tensors = tensors_in(tiny_reader())
    del tensors["scores.weight"], tensors["scores.bias"]
    assert reader_of(tensors).scores.bias.tolist() == [0, 0, 0, 0]
    del tensors["passage.bias"]
    with pytest.raises(ValueError, match=r"missing \['passage.bias'\]"):
        reader_of(tensors)


def test_frozen_layers_do_not_learn() -> None:
    model = tiny_reader()
    freeze(model, 1)
    learning = {name for name, value in model.named_parameters() if value.requires_grad}
    assert not any("embeddings" in name or ".layer.0." in name for name in learning)
    assert any(".layer.1." in name for name in learning)


def test_padding_changes_no_score_and_the_order_stays() -> None:
    model = tiny_reader()
    long = EncodedPassage(tuple(range(200, 240)), 4, 4, (), frozenset(), frozenset(), None)
    with torch.no_grad():
        (alone,) = run(model, [PASSAGE])
        _, together = run(model, [long, PASSAGE])
    # The products are in bfloat16, of three digits.
    torch.testing.assert_close(together.tokens[:12], alone.tokens, atol=0.05, rtol=0.05)
    torch.testing.assert_close(together.passage, alone.passage, atol=0.05, rtol=0.05)
