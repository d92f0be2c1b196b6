"""The side that is protected: gives bytes to a reading process, and checks what comes back."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import (
    InputError,
    NotFoundError,
    PageNotFound,
    RagError,
    StorageError,
    UnreadableDocument,
    UnsupportedFormat,
)
from rag.metrics import Metrics
from rag.read.canonical import clean_text
from rag.read.formats import TO_RECOGNISE, is_picture
from rag.read.layout import Content
from rag.read.ocr.recognition import PageDone, Recognition, ScanReading
from rag.read.page import Box, PagePicture, ScannedPage
from rag.read.sandbox.protocol import (
    BrokenFrame,
    pack_scan,
    read_frame,
    unpack_boxes,
    unpack_content,
    unpack_pages,
    unpack_picture,
    unpack_scan,
    write_frame,
)
from rag.read.sandbox.restrict import missing_protections

_log = logging.getLogger("citewell.read")

_ROOT = Path(__file__).parents[3]
# Files read at once: two cores gain nothing from more, and one that takes long does not hold up the others.
_AT_ONCE = 2
_RECOGNISED_AT_ONCE = 1  # pages: it takes seconds for each, and the other place stays free for whoever waits
_PDF = "application/pdf"
_FILES_PER_PROCESS = 500  # memory that a library loses goes back to the machine
_MAX_ANSWER_BYTES = 1_000_000_000
_MAX_REASON_CHARS = 1_000
_MAX_NAME_CHARS = 60
_PAGE_SECONDS = 20  # for what somebody waits for; drawing itself is bounded to less
_ERRORS = {error.__name__: error for error in (UnreadableDocument, PageNotFound)}
_Result = TypeVar("_Result")
# An answer's head and body to what it says; raises BrokenFrame.
Unpack = Callable[[Mapping[str, Any], bytes], _Result]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reading of one file may take."""

    seconds: int
    megabytes: int


class Parser:
    """Reads files in processes that are started when needed and kept for the next file. Safe to share by threads."""

    def __init__(
        self, limits: Limits, metrics: Metrics | None = None, *, recognition: Recognition | None = None
    ) -> None:
        """Starts nothing yet. What becomes of files is counted in `metrics`, if there are any.

        With `recognition`, pages that are pictures are recognised, as it says.
        """
        self._limits = limits
        self._recognition = recognition
        self._recognising = threading.Semaphore(_RECOGNISED_AT_ONCE)
        self._metrics = metrics or Metrics()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._idle: list[_Process] = []  # append and pop are atomic
        self.started = 0  # processes, since the beginning
        self.on_page: PageDone | None = None  # told of each page that was recognised

    def __call__(self, data: bytes, media_type: str) -> Content:
        """What `data` holds, read as `media_type`.

        Raises UnreadableDocument for what cannot be read, within the limits or at all, UnsupportedFormat for a picture
        where text is not recognised, and StorageError when no process can be started.
        """
        request = {"media_type": media_type}
        if self._recognition is None:
            if is_picture(media_type):
                raise UnsupportedFormat(
                    f"no reader for {media_type}; to have the text of pictures recognised, {TO_RECOGNISE}"
                )
        elif is_picture(media_type) or media_type == _PDF:
            scan = ScanReading(self._recognition, self.on_page)
            pages = self._do({"task": "unread", **request}, data, unpack_pages)
            scanned = scan.recognise(pages, partial(self._recognise, data, media_type))
            if pages:
                packed = {number: pack_scan(page) for number, page in scanned.items()}
                read = {"task": "read_scan", "scanned": packed, **request}
                return scan.told(self._do(read, data, unpack_content))
        return self._do({"task": "read", **request}, data, unpack_content)

    def _recognise(self, data: bytes, media_type: str, page: int, seconds: int) -> ScannedPage | str:
        """A page as it is recognised, or why it is not: over its "time", its "memory", or what is wrong with it."""
        assert self._recognition is not None  # noqa: S101 - it is asked before
        languages = self._recognition.languages
        request = {"task": "recognise", "media_type": media_type, "page": page, "languages": languages}
        try:
            with self._recognising:
                return self._do(request, data, unpack_scan, seconds=seconds)
        except _Stopped as error:
            return error.over
        except UnreadableDocument as error:
            return str(error)

    def draw(self, data: bytes, page: int, scale: float, *, media_type: str = _PDF) -> tuple[PagePicture, int]:
        """A page of a PDF, from 1, as a picture with `scale` pixels a point, and how many pages there are.

        One of a picture is drawn as it is. Raises PageNotFound for a page that is not there, UnreadableDocument for one
        that cannot be drawn.
        """
        request = {"task": "draw", "page": page, "scale": scale, "media_type": media_type}
        return self._do(request, data, unpack_picture, seconds=_PAGE_SECONDS)

    def find(self, data: bytes, page: int, quote: str) -> tuple[tuple[Box, ...], bool]:
        """Where a quote stands on a page of a PDF, from 1, and whether it goes on on the next one.

        No boxes where that is not certain. Raises UnreadableDocument.
        """
        request = {"task": "find", "page": page, "quote": quote}
        return self._do(request, data, unpack_boxes, seconds=_PAGE_SECONDS)

    def _do(
        self, request: Mapping[str, Any], data: bytes, unpack: Unpack[_Result], *, seconds: int | None = None
    ) -> _Result:
        """What the process makes of a task, counted by how it went."""
        try:
            result = self._try(request, data, unpack, seconds)
        except _Stopped as error:
            self._metrics.count("citewell_sandbox_files_total", error.over)
            raise
        except (InputError, NotFoundError):
            self._metrics.count("citewell_sandbox_files_total", "refused")
            raise
        self._metrics.count("citewell_sandbox_files_total", "read")
        return result

    def _try(self, request: Mapping[str, Any], data: bytes, unpack: Unpack[_Result], seconds: int | None) -> _Result:
        seconds = min(seconds or self._limits.seconds, self._limits.seconds)
        with self._turns:
            process = self._idle.pop() if self._idle else self._start()
            try:
                result = process.do(request, data, unpack, seconds)
            except _Stopped:
                if not process.served or process.is_late:
                    raise
                # What files before this one left behind may have stopped it. Time they do not take.
                process.end()
                process = self._start()
                result = process.do(request, data, unpack, seconds)
            finally:
                if process.is_usable:
                    self._idle.append(process)
                else:
                    process.end()
            return result

    def _start(self) -> _Process:
        if not self.started and (missing := missing_protections()):
            _log.warning(
                "This machine cannot keep the process that reads files from these: to %s. Read no files of strangers"
                " here, or use Linux 5.13 or newer with seccomp and Landlock, on x86-64 or ARM64.",
                "; to ".join(missing),
            )
        self.started += 1
        self._metrics.count("citewell_sandbox_starts_total")
        return _Process(self._limits)

    def close(self) -> None:
        """End the processes. The next file starts one again."""
        while self._idle:
            self._idle.pop().end()


class _Stopped(UnreadableDocument):
    """The process came to an end over a file: over its "time", its "memory", or because it is "broken"."""

    def __init__(self, said: str, over: str) -> None:
        super().__init__(said)
        self.over = over


class _Process:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.served = 0
        self._is_late = False
        self._is_over = False
        # Only what the interpreter needs: no key or password of the environment is there to be found.
        environment = {
            "PYTHONPATH": str(_ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_THREAD_LIMIT": "1",  # of Tesseract, whose threads wait for each other and win nothing
            "LANG": "C.UTF-8",
            **{name: os.environ[name] for name in ("TZ", "LD_LIBRARY_PATH") if name in os.environ},
        }
        self._process = _start(limits, environment)

    @property
    def is_late(self) -> bool:
        """Whether it was stopped because a file took too long."""
        return self._is_late or self._process.poll() == -signal.SIGXCPU

    @property
    def is_usable(self) -> bool:
        """Whether another file can be given to it."""
        return not self._is_over and self.served < _FILES_PER_PROCESS

    def do(self, request: Mapping[str, Any], data: bytes, unpack: Unpack[_Result], seconds: int) -> _Result:
        """What `unpack` makes of the answer. Unless it is an answer, or a refusal, the process cannot be used again."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None and answers is not None  # noqa: S101 - both are pipes
        timer = threading.Timer(seconds, self._be_late)
        timer.daemon = True
        timer.start()
        was_over, self._is_over = self._is_over, True  # until an answer came
        try:
            if was_over:
                raise BrokenFrame("ended")
            write_frame(requests, request, data)
            frame = read_frame(answers, max_bytes=_MAX_ANSWER_BYTES)
            if frame is None:
                raise BrokenFrame("ended")
            head, body = frame
            result = None if "failed" in head else unpack(head, body)
        except (BrokenFrame, OSError) as error:
            raise self._stopped() from error
        finally:
            timer.cancel()
        if head.get("failed") == MemoryError.__name__:
            raise self._stopped(out_of_memory=True)
        self._is_over = False
        self.served += 1
        if result is None:
            raise _refusal(head)
        return result

    def _be_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def _stopped(self, *, out_of_memory: bool = False) -> _Stopped:
        """Why there is no answer."""
        self._process.kill()
        code = self._process.wait()
        if self._is_late or code == -signal.SIGXCPU:
            said = f"reading it took longer than {self._limits.seconds:,} s; split it, or raise read_seconds"
            over = "time"
        elif out_of_memory:
            said = (
                f"reading it took more than {self._limits.megabytes:,} MB of memory; split it, or raise read_megabytes"
            )
            over = "memory"
        else:
            said = "its reader broke down over it; the file may be damaged: open it, save it again and try once more"
            over = "broken"
        return _Stopped(said, over)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._is_over = True
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not yet written is lost with the process
                    pipe.close()
        self._process.wait()


def _refusal(head: Mapping[str, Any]) -> RagError:
    """The error that the process tells of. What it says is as little to be trusted as the file."""
    failed, reason = str(head["failed"]), head.get("reason")
    kind = _ERRORS.get(failed)
    if kind is not None and isinstance(reason, str):
        return kind(" ".join(clean_text(reason)[0].split())[:_MAX_REASON_CHARS])
    return UnreadableDocument(f"its reader failed over it ({failed[:_MAX_NAME_CHARS]}); it may be damaged")


def _start(limits: Limits, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """The process, waiting for its first file. Raises StorageError when the machine has no room for one."""
    memory_bytes = str(limits.megabytes * 1_000_000)
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter, our module, two numbers
            [sys.executable, "-P", "-m", "rag.read.sandbox.worker", memory_bytes, str(limits.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,  # Ctrl-C is for the program that waits
        )
    except OSError as error:
        raise StorageError(
            f"No process could be started to read files in: {error.strerror}. Free memory, processes or file handles "
            "(ulimit -a), then try again."
        ) from error
