"""The encoder of questions that goes with the bundled embedding model.

Documents are embedded by the bundled model as it is; questions by a copy of it that was trained to put an employee's
question near the passage that answers it, in those same vectors. So a question in everyday words finds what the
documents say in theirs, and no site has to embed its documents again.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from rag.models.exported import check_shipped
from rag.records import ModelIdentity

_FOLDER = Path(__file__).parent / "weights"


@cache
def question_graph(model: ModelIdentity, folder: Path = _FOLDER) -> Path | None:
    """The graph in ONNX that embeds questions for `model`, token ids to unit rows; None where there is none for it.

    Raises ModelUnavailable when the file is missing or damaged.
    """
    described = folder / "question-encoder.json"
    if not described.exists():
        return None
    known = json.loads(described.read_text(encoding="utf-8"))
    if known["model_sha256"] != model.sha256:
        return None
    graph = folder / "question-encoder.onnx"
    check_shipped(graph, known["sha256"], f"The file {graph.name}, which embeds questions,")
    return graph
