"""A line of the audit log: JSON in ASCII, with the hash of the line before in it and its own hash at its end.

{"n":2,"at":"2026-11-27T13:00:00.000000Z","event":"signed_in",...,"prev":"<hash of line 1>","hash":"<of all before>"}

The hash is the SHA-256 of the line's bytes up to `,"hash"`, closed with `}`, so a line is checked as it stands, letter
by letter: nothing has to be written anew for it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What the first line has in place of the hash of the one before.
START = "0" * 64

_LINE = re.compile(rb'(\{"n":[1-9][0-9]*,.*,"prev":"[0-9a-f]{64}"),"hash":"([0-9a-f]{64})"\}\n', re.DOTALL)


class BrokenLine(ValueError):
    """What stands there is no line as it was written."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is as it was written."""

    number: int  # from 1, without a gap through all files
    at: str  # ISO 8601, UTC
    kind: str
    body: Mapping[str, Any]  # all of it but `hash`
    previous: str  # the hash of the line before
    hash: str


def make_line(body: Mapping[str, object], previous: str) -> tuple[bytes, str]:
    """A line with its line break, and its hash. Control characters and what is not ASCII are escaped."""
    text = json.dumps({**body, "prev": previous}, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    hashed = text.replace("\x7f", "\\u007f").encode("ascii")  # the one control character that JSON leaves as it is
    digest = hashlib.sha256(hashed).hexdigest()
    return hashed[:-1] + b',"hash":"' + digest.encode("ascii") + b'"}\n', digest


def read_line(raw: bytes) -> Line:
    """The line that these bytes are. Raises BrokenLine for anything but what `make_line` gives."""
    parts = _LINE.fullmatch(raw)
    if parts is None:
        raise BrokenLine("this is no line of the log")
    hashed, digest = parts[1] + b"}", parts[2].decode("ascii")
    if hashlib.sha256(hashed).hexdigest() != digest:
        raise BrokenLine("its content does not have the hash that it names")
    try:
        body = json.loads(hashed)
        return Line(body["n"], body["at"], body["event"], body, body["prev"], digest)
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenLine("this is no line of the log") from error
