"""The process that reads files: `python -m rag.read.apart.worker MEMORY_BYTES SECONDS`, started by `parser`."""

from __future__ import annotations

import os
import sys
from typing import IO

from rag.errors import UnreadableDocument
from rag.read.apart import sandbox
from rag.read.apart.frames import pack_content, read_frame, write_frame
from rag.read.formats import content_of

_MAX_REQUEST_BYTES = 4_000_000_000


def main() -> None:
    """Answer requests until the pipe is closed. Nothing else may write to it: what libraries print is thrown away."""
    memory_bytes, seconds = map(int, sys.argv[1:])
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of a document
        os.dup2(nowhere.fileno(), 1)
    sandbox.restrict(memory_bytes)
    while _answer(sys.stdin.buffer, answers, seconds):
        pass


def _answer(requests: IO[bytes], answers: IO[bytes], seconds: int) -> bool:
    """Answer one request; False when there will be no other."""
    frame = read_frame(requests, max_bytes=_MAX_REQUEST_BYTES)
    if frame is None:
        return False
    head, data = frame
    del frame
    sandbox.allow_seconds(seconds)
    try:
        write_frame(answers, *pack_content(content_of(data, head["media_type"])))
    except UnreadableDocument as error:
        write_frame(answers, {"unreadable": str(error)}, b"")
    except MemoryError:
        write_frame(answers, {"failed": "memory"}, b"")
        return False
    except Exception as error:  # noqa: BLE001 - a mistake in a reader is the file's failure, not the program's
        write_frame(answers, {"failed": type(error).__name__}, b"")
    return True


if __name__ == "__main__":
    main()
