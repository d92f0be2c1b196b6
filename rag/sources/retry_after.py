"""How long a server that is too busy asks to be left alone: the header `Retry-After` (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from rag.ingest.sources.web.fetch import http_date

# Whatever is longer is for ever.
MOST_SECONDS = 10 * 365 * 86_400
_SECONDS = re.compile(r"[0-9]{1,100}")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def seconds_asked_for(headers: Mapping[str, str], now: datetime | None = None) -> int | None:
    """Whole seconds, 0 to MOST_SECONDS; None where the server asks for nothing that can be understood.

    `headers` by their names in small letters. A date counts from the server's own clock where the answer has it, else
    from `now`.
    """
    written = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(written):
        return min(int(written), MOST_SECONDS)
    until = http_date(written)
    if until is None:
        return None
    since = http_date(headers.get("date")) or now or datetime.now(UTC)
    return round(min(max((until - since).total_seconds(), 0), MOST_SECONDS))


def span_of(seconds: int) -> str:
    """A span of time as people say it, rounded up to what a person would plan with: 5400 -> "2 hours"."""
    for unit, length in _UNITS:
        if seconds >= length:
            count = -(-seconds // length)
            return f"{count:,} {unit}{'s' if count != 1 else ''}"
    return "0 seconds"
