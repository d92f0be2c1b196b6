"""What the reading process can be asked for. A request is a head that names the task, and the bytes of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rag.read.apart.frames import pack_content
from rag.read.formats import content_of

Answer = tuple[dict[str, Any], bytes]


def do(request: Mapping[str, Any], data: bytes) -> Answer:
    """Head and body of the answer. Raises what the task raises."""
    return _TASKS[request["task"]](request, data)


def _read(request: Mapping[str, Any], data: bytes) -> Answer:
    return pack_content(content_of(data, request["media_type"]))


_TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], Answer]] = {"read": _read}
