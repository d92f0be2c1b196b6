"""The person, or the service, whose key a request carries."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from rag.access.identity import Identity
from rag.app import KEY_PREFIX, Citewell


async def by_own_key(request: Request) -> Identity | None:
    """Who it is, with what the scopes of the key allow."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    text = given.strip()
    if scheme.lower() != "bearer" or not text.startswith(KEY_PREFIX):
        return None
    citewell: Citewell = request.app.state.citewell
    return await run_in_threadpool(citewell.people.keys.identity, text)
