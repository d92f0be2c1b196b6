"""A request sent and its answer read: what both clients share, without sending anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from rag.client.client_errors import ClientError, RequestRefused, ServiceUnreachable
from rag.client.rest_calls import RestCall
from rag.hosts import is_loopback

# Times that a request is sent again when the service says to wait, and the longest wait, in seconds.
TRIES_AGAIN = 3
_LONGEST_WAIT = 30.0
_WAITS = (429, 503)
_PROBLEM = "application/problem+json"
_NOTHING = 204
_REDIRECTS = range(300, 400)


def base_of(server: str, key: str) -> str:
    """The address without a slash at its end. Raises ClientError for one that will not do.

    A key is only sent over https, or within this machine: on the way anybody could read it.
    """
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ClientError(f"{server!r} is no address of a service; expected one like https://citewell.example.")
    if key and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ClientError(f"{server} is http, and a key would be readable on the way; expected https.")
    return server.rstrip("/")


def headers_of(key: str) -> dict[str, str]:
    """What every request carries."""
    return {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}


def arguments_of(call: RestCall[Any]) -> dict[str, Any]:
    """A request as httpx2 takes it."""
    given: dict[str, Any] = {"method": call.method, "url": call.address, "params": dict(call.query)}
    if call.json is not None:
        given["json"] = call.json
    if call.data is not None:
        given |= {"content": call.data, "headers": {"Content-Type": call.media_type}}
    return given


def wait_before_again(response: httpx2.Response, tries: int) -> float | None:
    """Seconds to wait and send the same again, where the service says so; None where that will not help."""
    after = response.headers.get("retry-after", "")
    if response.status_code not in _WAITS or tries >= TRIES_AGAIN or not after.isdecimal():
        return None
    return float(after) if float(after) <= _LONGEST_WAIT else None


def content_of(response: httpx2.Response) -> Any:
    """The body of an answer. Raises RequestRefused, and ServiceUnreachable where it is not Citewell's."""
    media_type = response.headers.get("content-type", "").partition(";")[0]
    if response.status_code == _NOTHING:
        return None
    if response.is_success and media_type == "application/json":
        return _json(response)
    if response.is_success and media_type == "text/plain":
        return response.content.decode("utf-8")
    if media_type == _PROBLEM:
        problem = _json(response)
        if isinstance(problem, Mapping):
            raise RequestRefused(
                response.status_code,
                str(problem.get("detail", "")),
                kind=str(problem.get("type", "about:blank")),
                errors=problem.get("errors", ()),
            )
    told = f" and leads to {response.headers.get('location', '')[:200]}" if response.status_code in _REDIRECTS else ""
    raise ServiceUnreachable(
        f"{response.request.url} answered {response.status_code}{told} with {media_type or 'nothing'}, which is not"
        " Citewell's; is the address right, and does a proxy ask for a sign-in?"
    )


def unreachable(error: httpx2.HTTPError, server: str) -> ServiceUnreachable:
    """What it means for a client that a request failed on its way."""
    return ServiceUnreachable(
        f"{server} does not answer ({type(error).__name__}: {error}); does the service run there?"
    )


def _json(response: httpx2.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError as error:
        raise ServiceUnreachable(f"{response.request.url} sent what is no JSON: {error}") from error
