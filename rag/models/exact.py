"""Products of bytes that come out alike on every processor.

A product multiplies inputs in unsigned bytes by weights in signed ones. Processors with an instruction for that (VNNI,
and all ARM) add the products exactly. Other x86 processors add two products in sixteen bits, and what does not fit is
cut off: the reader then says something else than where it was measured. Two unsigned bytes they multiply exactly. So
there weights, and the zero they are counted from, are raised by 128, which changes no product, and takes a seventh
more time.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np

# Processors that need no help, by `platform.machine`, and the flags in Linux's list of those of x86 that need none.
_ARM = ("aarch64", "arm64")
_FLAGS = {"avx512_vnni", "avx_vnni"}
_OPERATOR = b"DynamicQuantizeMatMul"
# The inputs of that operator which are in signed bytes: the weights, and their zero.
_SIGNED = (1, 3)
_HALF = np.uint8(0x80)


@contextmanager
def exact_graph(graph: Path) -> Iterator[Path | bytes]:
    """What a session over the graph in ONNX is to be opened with: the file itself, or one with unsigned weights.

    The latter goes with the context. Where no temporary file can be written it is the bytes, of which a session keeps a
    copy as long as it lives.
    """
    if adds_bytes_exactly() or not _multiplies_bytes(graph):
        yield graph
        return
    content = with_unsigned_weights(graph)
    with ExitStack() as stack:
        given: Path | bytes = content
        with suppress(OSError):
            file = stack.enter_context(NamedTemporaryFile(suffix=graph.suffix))
            file.write(content)
            file.flush()
            given = Path(file.name)
        yield given


@cache
def adds_bytes_exactly() -> bool:
    """Whether this processor adds products of an unsigned and a signed byte exactly; no where it is not known."""
    if platform.machine() in _ARM:
        return True
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    return any(not _FLAGS.isdisjoint(line.split()) for line in lines if line.startswith("flags"))


def _multiplies_bytes(graph: Path) -> bool:
    with graph.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return content.find(_OPERATOR) >= 0


def with_unsigned_weights(graph: Path) -> bytes:
    """The graph in which every product of bytes has unsigned weights; its outputs are the same."""
    import onnx  # slow to import, and most processors do not need it

    model = onnx.load(graph)
    names = {node.input[i] for node in model.graph.node if node.op_type == _OPERATOR.decode() for i in _SIGNED}
    for constant in model.graph.initializer:
        if constant.name in names and constant.data_type == onnx.TensorProto.INT8:
            constant.raw_data = (np.frombuffer(constant.raw_data, np.uint8) ^ _HALF).tobytes()
            constant.data_type = onnx.TensorProto.UINT8
    content: bytes = model.SerializeToString()
    return content
