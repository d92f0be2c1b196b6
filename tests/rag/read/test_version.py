"""What the readers give for a file of each format, beside what they gave when READING_VERSION was last raised.

After a change that is meant, raise READING_VERSION in `rag/read/version.py` and run this file as a program: it writes
down what the readers give now.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rag.read import media_type_of, read_document
from rag.read.formats import READERS
from rag.read.version import READING_VERSION

FOLDER = Path(__file__).parents[2] / "data" / "reading"
GOLDEN = FOLDER / "golden.json"


def files() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path != GOLDEN)


def read() -> dict[str, Any]:
    """All that the readers say of each file, as JSON has it."""
    documents = {}
    for path in files():
        document = read_document(path, max_bytes=1_000_000)
        documents[path.name] = {
            "title": document.source.title,
            "text": document.text,
            "warnings": list(document.warnings),
            "blocks": [
                [block.kind, block.level, block.section, block.page, block.span.start, block.span.end]
                + [list(turn) for turn in block.turns]
                for block in document.blocks
            ],
        }
    return documents


def golden() -> Any:
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_readers_give_what_they_gave_when_their_version_was_last_raised() -> None:
    assert golden()["version"] == READING_VERSION, "run this file as a program: it writes down what the readers give"
    assert read() == golden()["documents"], "raise READING_VERSION, if this change is meant, and run this file"


def test_there_is_a_file_of_each_format() -> None:
    assert {media_type_of(path.name) for path in files()} == set(READERS)


if __name__ == "__main__":
    if GOLDEN.exists() and golden()["version"] == READING_VERSION and golden()["documents"] != read():
        raise SystemExit(f"The readers give something else than version {READING_VERSION} did: raise it first.")
    written = {"version": READING_VERSION, "documents": read()}
    GOLDEN.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
