"""The process that reads files: `python -m rag.read.sandbox.worker MEMORY_BYTES SECONDS`, started by `client`."""

from __future__ import annotations

import mimetypes
import os
import sys
from typing import IO

from rag.errors import RagError
from rag.read.sandbox.protocol import read_frame, write_frame
from rag.read.sandbox.restrict import allow_seconds, restrict
from rag.read.sandbox.tasks import do

_MAX_REQUEST_BYTES = 4_000_000_000


def main() -> None:
    """Answer requests until the pipe is closed. Nothing else may write to it: what libraries print is thrown away."""
    memory_bytes, seconds = map(int, sys.argv[1:])
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of a document
        os.dup2(nowhere.fileno(), 1)
    mimetypes.init(())  # which openpyxl would do by files of the system, and they are closed from here on
    restrict(memory_bytes)
    while _answer(sys.stdin.buffer, answers, seconds):
        pass


def _answer(requests: IO[bytes], answers: IO[bytes], seconds: int) -> bool:
    """Answer one request; False when there will be no other."""
    frame = read_frame(requests, max_bytes=_MAX_REQUEST_BYTES)
    if frame is None:
        return False
    allow_seconds(seconds)
    try:
        answer = do(*frame)
    except RagError as error:
        answer = {"failed": type(error).__name__, "reason": str(error)}, b""
    except Exception as error:  # noqa: BLE001 - a mistake in a reader is the file's failure, not the program's
        answer = {"failed": type(error).__name__}, b""
    write_frame(answers, *answer)
    return True


if __name__ == "__main__":
    main()
