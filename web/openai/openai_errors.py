"""Errors in the shape that clients of OpenAI's API expect."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException

PREFIX = "/v1/"
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {
    401: "invalid_api_key",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    415: "unsupported_media_type",
    421: "unknown_host",
    429: "rate_limit_exceeded",
}
_SERVER_ERROR = 500
_UNPROCESSABLE = 422


class OpenAiRefusal(HTTPException):
    """A request that cannot be answered as it is. `code` and `param` are what OpenAI's errors have."""

    def __init__(self, detail: str, *, code: str, param: str, status: int = 400) -> None:
        super().__init__(status, detail)
        self.code = code
        self.param = param


def status_of(status: int) -> int:
    """The status that such clients know: what is wrong with a request is 400 there, where it is 422 here."""
    return 400 if status == _UNPROCESSABLE else status


def error_body(status: int, detail: str, *, code: str = "", param: str | None = None) -> dict[str, Any]:
    """The body of an error; without `code`, the one that goes with the status."""
    is_ours = status >= _SERVER_ERROR
    kind = "server_error" if is_ours else _TYPES.get(status, "invalid_request_error")
    found = code or _CODES.get(status) or ("server_error" if is_ours else "invalid_request")
    return {"error": {"message": detail, "type": kind, "param": param, "code": found}}
