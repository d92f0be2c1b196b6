"""The file of a glossary, read again when it has changed."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from rag.answer.glossary import Glossary, read_glossary

_log = logging.getLogger("citewell.glossary")

# Far beyond what ten thousand lines take.
_MOST_BYTES = 8_000_000
GLOSSARY_NAME = "glossary.csv"


class GlossaryFile:
    """What stands in the file now. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """There need not be a file."""
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._glossary = Glossary()
        self._turn = threading.Lock()

    def current(self) -> Glossary:
        """The glossary as the file has it now; none where there is no file.

        A file that cannot be read leaves what was read before, and is told of in the log, as bad lines are.
        """
        seen = self._looked_at()
        if seen == self._seen:  # nearly always
            return self._glossary
        with self._turn:
            if seen != self._seen:
                self._glossary = Glossary() if seen is None else self._read()
                self._seen = seen
            return self._glossary

    def _looked_at(self) -> tuple[int, int, int] | None:
        """What tells one state of the file from another; None where there is no file."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Glossary:
        try:
            with self.path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            _log.warning("the glossary cannot be read: %s", error)
            return self._glossary
        if len(data) > _MOST_BYTES:
            _log.warning("%s has over %d bytes; it is not used", self.path, _MOST_BYTES)
            return Glossary()
        glossary = read_glossary(data)
        for bad in glossary.bad:
            _log.warning("%s: line %d %s", self.path, bad.line, bad.problem)
        return glossary
