"""JSON as it leaves the program, whether over REST, from a command or inside a page."""

from __future__ import annotations

import json
import re
from typing import Any

Body = dict[str, Any]
_HALF = re.compile("[\ud800-\udfff]")


def has_half_character(text: str) -> bool:
    """Whether a text has a code point from U+D800 to U+DFFF, which JSON can spell and UTF-8 cannot."""
    return _HALF.search(text) is not None


def to_json(body: object) -> str:
    """`body` as compact JSON on one line, characters as they are: what a REST response holds, byte for byte.

    Raises ValueError for a number that JSON does not have (infinity, not-a-number).
    """
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
