"""The person whose browser has signed in.

A browser sends its cookie along with whatever other sites' pages make it send. So a request that changes something has
to carry the token of the session too, which only pages of this service know.
"""

from __future__ import annotations

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from rag.access.actor import Actor, acting_as
from rag.access.audit import AuditKind
from rag.access.identity import Identity
from rag.access.sign_on import BY_PROVIDER
from rag.app import Citewell, Renewing, is_form_token
from rag.errors import SignInRefused
from web.request_facts import address_of
from web.signin.cookies import session_secret
from web.signin.form import sent_form_token

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


async def by_session(request: Request) -> Identity | None:
    """Who has signed in. Raises 403 for a request that changes something and does not carry the session's token."""
    secret = session_secret(request)
    if not secret or "authorization" in request.headers:
        return None
    citewell: Citewell = request.app.state.citewell
    identity = await run_in_threadpool(_identity, citewell, request.app.state.provider, secret, address_of(request))
    if identity is None:
        return None
    if request.method not in SAFE_METHODS and not is_form_token(await sent_form_token(request), secret):
        raise HTTPException(403, "This request does not come from a page that you have open here. Reload the page.")
    request.state.session_secret = secret
    return identity


def _identity(citewell: Citewell, provider: Renewing | None, secret: str, address: str) -> Identity | None:
    """Whose session it is. One that began at the provider ends where that does not vouch for the person any more."""
    identity = citewell.people.sessions.identity(secret)
    if identity is None or identity.method != BY_PROVIDER or provider is None:
        return identity
    try:
        return citewell.provider_sessions.renewed(provider, secret, identity)
    except SignInRefused:
        with acting_as(Actor(identity.person, BY_PROVIDER, address)):
            citewell.audit.write(AuditKind.SIGNED_OUT, reason="provider")
        return None
