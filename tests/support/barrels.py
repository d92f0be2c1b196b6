"""Small documents that each have a word of their own, and the code of a process that writes them."""

from __future__ import annotations

CHANGE = """
import json, sys
from pathlib import Path
from tests.support.fakes import HashEmbedder
from rag.app import Citewell
from rag.settings import Settings
steps = json.loads(sys.argv[2])
print("ready", flush=True)
with Citewell.open(Settings(data_dir=Path(sys.argv[1])), embedder=HashEmbedder(), create=True) as citewell:
    for number, (document_id, text) in enumerate(steps):
        if text is None:
            citewell.documents.remove(document_id)
        else:
            citewell.documents.put(document_id, text.encode(), media_type="text/plain")
        print(number, flush=True)
"""


def text_of(number: int, version: int = 0) -> str:
    """A small document with a word of its own, `token`, in one sentence."""
    lines = [f"Shed {number} of the harbour holds {line + number} barrels of tar." for line in range(number % 7 + 1)]
    return "\n\n".join([*lines, f"The keeper of it calls the place {token(number, version)} in his letters."])


def token(number: int, version: int = 0) -> str:
    return f"zq{number}v{version}xk"
