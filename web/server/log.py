"""What the server writes to its log: a line each, with time, request and address, as text or as JSON, in bounds.

The log goes to the error stream; where it is kept, and for how long, is for the service manager. It never holds a
question, an answer, a key, or the id of a conversation.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from web.settings import WebSettings

# Lines of one kind in a minute: who sends a thousand broken requests a second must not fill the disk.
_MOST_OF_A_KIND = 60
_MINUTE = 60.0
_KINDS = 1_000
_ACCESS = "citewell.access"


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """The request that a line belongs to."""

    id: str
    address: str


REQUEST: ContextVar[RequestOrigin | None] = ContextVar("citewell_request", default=None)


def configure(settings: WebSettings) -> None:
    """Send the log of this process to the error stream, in the form that the settings name. Again: only that form."""
    handler = _ErrorStream()
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    handler.addFilter(Bounds())
    root = logging.getLogger()
    for other in [each for each in root.handlers if isinstance(each.formatter, TextLines | JsonLines)]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(_ACCESS).setLevel(logging.INFO if settings.access_log else logging.WARNING)


class _ErrorStream(logging.Handler):
    """Writes to the error stream that there is when a line is written; one that is closed loses the line, no more."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


class TextLines(logging.Formatter):
    """`2026-11-27T10:00:00.000Z WARNING citewell.web [9f3c 192.0.2.7] words`; a traceback has lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the words."""
        request = REQUEST.get()
        of = f" [{request.id} {request.address}]" if request else ""
        line = f"{_moment(record)} {record.levelname} {record.name}{of} {one_line(record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """The same as an object of JSON in one line, a traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        request = REQUEST.get()
        fields: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request is not None:
            fields |= {"request_id": request.id, "address": request.address}
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=True)


class Bounds(logging.Filter):
    """Lets 60 lines of a kind pass in a minute, and says afterwards how many more there were.

    A kind is a logger with a message before its values are put in. The access log has a line for each request and no
    bounds: requests have.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}  # when its minute began, and lines since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        if record.name == _ACCESS:
            return True
        now, kind = self._clock(), (record.name, str(record.msg))
        began, count = self._kinds.get(kind, (now, 0))
        if now - began >= _MINUTE:
            if count > _MOST_OF_A_KIND:
                record.msg = f"{record.msg} ({count - _MOST_OF_A_KIND:,} more like this were left out before)"
            began, count = now, 0
        if len(self._kinds) >= _KINDS and kind not in self._kinds:
            self._kinds.clear()
        self._kinds[kind] = (began, count + 1)
        return count < _MOST_OF_A_KIND


def one_line(text: str) -> str:
    """`text` with everything escaped that could begin a new line or hide in one."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
