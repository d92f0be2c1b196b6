"""Products of bytes are those of arithmetic on every processor, the one that runs this test among them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from rag.models import exact
from rag.models.exact import exact_graph, with_unsigned_weights
from rag.models.graph import Array, Graph, Linear
from rag.models.runtime import open_session

ROWS, INPUTS, OUTPUTS = 64, 384, 128


def write_product(path: Path, weight: Array, scale: Array | None) -> Path:
    """A graph with one product, without a summand."""
    graph = Graph()
    graph.linear("x", [Linear(weight, np.zeros(weight.shape[1], np.float32), scale)], "y")
    of_floats = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, ROWS, size])
        for name, size in (("x", weight.shape[0]), ("y", weight.shape[1]))
    ]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    made = helper.make_graph(graph.nodes, "product", of_floats[:1], of_floats[1:], constants)
    domains = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(made, opset_imports=domains, ir_version=10), path)
    return path


def by_arithmetic(values: Array, weight: Array, scale: Array) -> Array:
    """What the product is when the values are brought to bytes and nothing else is lost."""
    step = (values.max() - values.min()) / np.float32(255)
    zero = np.rint(-values.min() / step)
    in_bytes = np.clip(np.rint(values / step) + zero, 0, 255)
    return np.asarray((in_bytes - zero) @ weight.astype(np.float64) * step * scale)


@pytest.fixture
def product(tmp_path: Path) -> tuple[Path, Array, Array]:
    """A graph, values for it on both sides of zero, and what comes out. Sums of two products need 17 bits here."""
    rng = np.random.default_rng(0)
    weight = rng.integers(-127, 128, (INPUTS, OUTPUTS)).astype(np.int8)
    scale = rng.uniform(0.5, 1.5, OUTPUTS).astype(np.float32)
    values = rng.uniform(-1, 1, (1, ROWS, INPUTS)).astype(np.float32)
    return write_product(tmp_path / "product.onnx", weight, scale), values, by_arithmetic(values, weight, scale)


def test_a_session_multiplies_bytes_exactly(product: tuple[Path, Array, Array]) -> None:
    graph, values, expected = product
    assert np.allclose(open_session(graph).run(None, {"x": values})[0], expected, atol=0.01)


def test_unsigned_weights_give_the_same(product: tuple[Path, Array, Array], monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor that needs them, whichever this is."""
    graph, values, expected = product
    monkeypatch.setattr(exact, "adds_bytes_exactly", lambda: False)
    with exact_graph(graph) as path:
        assert isinstance(path, Path)
        assert path != graph
    assert not path.exists()
    assert np.allclose(open_session(graph).run(None, {"x": values})[0], expected, atol=0.01)


def test_a_graph_without_bytes_stays_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = write_product(tmp_path / "floats.onnx", np.ones((INPUTS, OUTPUTS), np.float32), None)
    monkeypatch.setattr(exact, "adds_bytes_exactly", lambda: False)
    with exact_graph(graph) as path:
        assert path == graph


def test_weights_are_raised_together_with_their_zero(product: tuple[Path, Array, Array]) -> None:
    graph, _, _ = product
    before, after = onnx.load(graph), onnx.load_from_string(with_unsigned_weights(graph))
    values = [
        {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer} for model in (before, after)
    ]
    for name in ("y.weight", "y.zero"):
        assert values[1][name].dtype == np.uint8
        assert np.array_equal(values[1][name].astype(int) - 128, values[0][name].astype(int))


def test_without_room_for_a_temporary_file_it_is_opened_from_memory(
    product: tuple[Path, Array, Array], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, values, expected = product
    monkeypatch.setattr(exact, "adds_bytes_exactly", lambda: False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with exact_graph(graph) as given:
        assert isinstance(given, bytes)
    assert np.allclose(open_session(graph).run(None, {"x": values})[0], expected, atol=0.01)
