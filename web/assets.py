"""The files of static/ and locales/: scripts and styles without comments and spaces, all of them compressed once.

Pages of other sites load some of these, so each says that it may be loaded from anywhere: there is nothing of anybody
in them.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import rcssmin
import rjsmin
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

FOLDER = Path(__file__).parent / "static"
LOCALES = Path(__file__).parent / "locales"
# Not what the machine's own tables say, which differ.
_MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

_MADE_SMALL: dict[str, Callable[[bytes], bytes]] = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    compressed: bytes  # gzip
    media_type: str
    etag: str


def asset(name: str) -> Asset:
    """The file of that name, "/" between folders. Raises FileNotFoundError where static/ has none of this name."""
    file = _files().get(name)
    if file is None:
        raise FileNotFoundError(name)
    return _asset(file, file.stat().st_mtime_ns)


@router.api_route("/static/{name:path}", methods=["GET", "HEAD"])
def static_file(name: str, request: Request) -> Response:
    """A file of static/; a browser may keep it, and asks each time whether it is still the same."""
    return _sent(name, request)


@router.api_route("/widget.js", methods=["GET", "HEAD"])
def widget_script(request: Request) -> Response:
    """The script that pages of other sites load."""
    return _sent("chat/widget.js", request)


def _sent(name: str, request: Request) -> Response:
    try:
        found = asset(name)
    except FileNotFoundError as error:
        raise HTTPException(404) from error
    headers = {
        "ETag": found.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.compressed, headers=headers, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    static = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}
    return static | {f"locales/{path.name}": path for path in LOCALES.iterdir()}


@lru_cache(maxsize=256)
def _asset(file: Path, changed: int) -> Asset:  # noqa: ARG001 - a file that changed is another one to the cache
    content = file.read_bytes()
    if made_small := _MADE_SMALL.get(file.suffix):
        content = made_small(content)
    media_type = _MEDIA_TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Asset(
        content, gzip.compress(content, 9, mtime=0), media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    )
