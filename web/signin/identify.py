"""Who asks: the authenticators, tried in turn for each request until one knows.

Where nobody has to sign in (the setting `sign_in` is empty) none is tried, and whoever asks is the single user. Found
out anew for every request, so what was changed about a person holds from the next one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from rag.access.actor import Actor, act_as
from rag.access.audit import AuditKind
from rag.access.identity import Identity
from rag.access.sign_on import BY_KEY
from rag.app import Citewell
from rag.errors import SignInRefused
from web.request_facts import BEARER, address_of, is_forwarded
from web.settings import WebSettings
from web.signin.by_proxy import by_proxy
from web.signin.by_session import by_session
from web.signin.by_visitor import by_visitor
from web.signin.guessing import GuessLimits
from web.signin.own_key import by_own_key
from web.signin.refusals import tell_of_refusal
from web.signin.service_key import by_service_key

# Gives who asks, or None where the request has nothing that it knows of. Raises HTTPException with 401 for what it
# does know of, and what is no good: forged, over, of somebody who is suspended.
Authenticator = Callable[[Request], Awaitable[Identity | None]]


class NotSignedIn(HTTPException):
    """Nobody can tell who asks. A page leads to the one to sign in on; anything else is 401."""

    def __init__(self, detail: str = "Nobody has signed in. Sign in, or send a token of yours.") -> None:
        super().__init__(401, detail, headers=BEARER)


def authenticators(settings: WebSettings) -> tuple[Authenticator, ...]:
    """Those that these settings want, in the order in which they are asked."""
    if not settings.sign_in:
        return ()
    found: list[Authenticator] = [by_service_key, by_own_key]
    if settings.widget_key:
        found.append(by_visitor)
    found.append(by_session)
    if "proxy" in settings.sign_in:
        found.append(by_proxy(settings))
    return tuple(found)


async def identify(request: Request) -> Identity:
    """Who asks. Raises NotSignedIn, or what an authenticator raises. Asked again for one request, it remembers."""
    known = getattr(request.state, "identity", None)
    if known is None:
        address = request.client.host if request.client else ""
        act_as(Actor(address=address))  # for what is put down of a refusal
        known = request.state.identity = await _found_out(request)
        act_as(Actor(known.person, known.method, address))
    return cast(Identity, known)


async def _found_out(request: Request) -> Identity:
    if not cast(WebSettings, request.app.state.settings).sign_in:
        _refuse_forwarded(request)
        return Identity.single_user()
    guesses = cast(GuessLimits, request.app.state.guesses)
    address = address_of(request)
    has_key = "authorization" in request.headers
    if has_key:
        guesses.check(address)
    for authenticator in cast(tuple[Authenticator, ...], request.app.state.authenticators):
        identity = await authenticator(request)
        if identity is not None:
            return await _renewed(request, identity)
    if has_key:
        guesses.failed(address)
        raise NotSignedIn("The key or token is not known here, or its time is over, or its person is suspended.")
    raise NotSignedIn


async def _renewed(request: Request, identity: Identity) -> Identity:
    """With what the directory says now, where there is one; else a key of whom nobody vouches for any more is refused.

    Who has left is out, whatever they hold.
    """
    has_own_key = identity.method == BY_KEY and bool(identity.person)  # that of the service is nobody's
    if not cast(WebSettings, request.app.state.settings).ldap_url and not has_own_key:
        return identity
    try:
        return await run_in_threadpool(cast(Citewell, request.app.state.citewell).sign_on.renewed, identity)
    except SignInRefused:
        has_directory = bool(cast(WebSettings, request.app.state.settings).ldap_url)
        await tell_of_refusal(request, AuditKind.SIGN_IN_FAILED, "directory" if has_directory else "too_long_ago")
        raise


def _refuse_forwarded(request: Request) -> None:
    """Raises 403 for a request that a proxy has sent on, where nothing says who asks: it may be anybody's."""
    settings = cast(WebSettings, request.app.state.settings)
    if settings.uploads and not request.app.state.service_keys and is_forwarded(request):
        raise HTTPException(
            403,
            "This request was sent on by a proxy, so others than this machine can reach the service, and nothing says"
            " who they are. Whoever runs it: set CITEWELL_SIGN_IN, or CITEWELL_API_KEY to a secret, or"
            " CITEWELL_UPLOADS=false.",
        )
