"""Suggestions kept in memory and made anew, in a thread of their own, after the documents have changed.

Whoever asks for them gets at once what is known; nobody waits for what is not.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import RagError

_log = logging.getLogger("citewell.suggest")

# Seconds between two steps of the work, so that people who ask meanwhile come first.
_PAUSE = 0.05
# Seconds without a change before it begins again: while files come in, it would never end.
_CALM = 2.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that the documents answer, and the document it was made from."""

    question: str
    document_id: str = ""
    content_sha256: str = ""  # of the document as it was then


Find = Callable[[Callable[[], bool]], list[Suggestion]]


class Suggestions:
    """The suggestions of one data directory. Safe to use from several threads."""

    def __init__(self, find: Find, *, state: Callable[[], object], is_there: Callable[[Suggestion], bool]) -> None:
        """`find` makes them, and stops when what it is given says so; they hold for as long as `state` stays.

        `is_there` says of one whether the document it was made from is still stored: until they are made anew, the
        others are shown.
        """
        self._find = find
        self._state = state
        self._is_there = is_there
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._made_for: object = None
        self._found: list[Suggestion] = []

    def known(self) -> list[str]:
        """What is known now. When it is not of the documents of today, work on those begins behind this."""
        state = self._state()
        with self._lock:
            found = self._found
            if self._made_for == state:
                return [suggestion.question for suggestion in found]
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="suggestions", daemon=True)
                self._thread.start()
        return [suggestion.question for suggestion in found if self._is_there(suggestion)]

    def wait(self) -> None:
        """Wait for the work that is under way, if any is."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def stop(self) -> None:
        """Let the work that is under way end soon, and begin no more."""
        self._stop.set()

    def close(self) -> None:
        """End the work that is under way, and begin no more."""
        self.stop()
        self.wait()

    def _run(self) -> None:
        try:
            self._make()
        except RagError as error:
            _log.warning("no questions could be suggested: %s", error)
            self._made_for = self._state()
        finally:
            with self._lock:
                self._thread = None

    def _make(self) -> None:
        state = self._state()
        while self._made_for is not None and not self._stop.wait(_CALM) and state != self._state():
            state = self._state()
        found = self._find(lambda: self._stop.wait(_PAUSE))
        if not self._stop.is_set():
            with self._lock:
                self._found, self._made_for = found, state
