"""Plain questions to a desk collection: in `rag/training/plain`, which says what they are for."""

from __future__ import annotations

import json
from pathlib import Path

from rag.evaluate.desk import DeskCase, DeskCollection, GoldLine

FOLDER = Path(__file__).parent / "plain"


def plain_collection(collection: DeskCollection, folder: Path = FOLDER) -> DeskCollection | None:
    """The same documents with the plain questions to them; None when there are none for a collection of its name.

    Raises ValueError when an answer is named that its document does not have.
    """
    path = folder / f"{collection.name}.jsonl"
    if not path.is_file():
        return None
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        item = json.loads(line)
        gold = tuple(_gold(collection.docs, *place) for place in item["answers"])
        cases.append(DeskCase(number, item["question"], gold))
    return DeskCollection(collection.name, collection.docs, tuple(cases))


def _gold(docs: Path, file: str, line: int, start: int, end: int) -> GoldLine:
    lines = (docs / file).read_text(encoding="utf-8").split("\n")
    if not (1 <= line <= len(lines) and 0 <= start < end <= len(lines[line - 1])):
        raise ValueError(f"{docs / file} has no characters {start} to {end} in line {line}: it is another version")
    return GoldLine(file, lines[line - 1][start:end], "")
