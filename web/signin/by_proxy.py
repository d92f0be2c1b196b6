"""The person that a reverse proxy names in a header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from rag.access.actor import Actor, acting_as
from rag.access.audit import AuditKind
from rag.access.identity import Identity
from rag.access.proxy_header import NamedPerson, ProxyHeaders
from rag.access.sign_on import BY_PROXY
from rag.app import Citewell
from rag.errors import InvalidSetting, ProxyRefused, SignInRefused
from web.middleware.proxies import peer_of
from web.request_facts import address_of
from web.settings import WebSettings
from web.signin.refusals import tell_of_refusal


def by_proxy(settings: WebSettings) -> Callable[[Request], Awaitable[Identity | None]]:
    """Who comes through the proxy. Raises InvalidSetting for an address that is none, and without any."""
    if not settings.proxy_addresses:
        raise InvalidSetting(
            "sign_in has 'proxy', and no proxy is named. CITEWELL_PROXY_ADDRESSES says from where its requests come."
        )
    read = ProxyHeaders(settings)

    async def authenticate(request: Request) -> Identity | None:
        try:
            named = read.person(request.scope["headers"], peer_of(request))
            if named is None:
                return None
            citewell = cast(Citewell, request.app.state.citewell)
            return await run_in_threadpool(_arrived, citewell, named, address_of(request))
        except (ProxyRefused, SignInRefused):
            await tell_of_refusal(request, AuditKind.SIGN_IN_FAILED, BY_PROXY)
            raise

    return authenticate


def _arrived(citewell: Citewell, named: NamedPerson, address: str) -> Identity:
    """Who it is. That they came is put down once in a while: the proxy says it anew with every request."""
    sign_on = citewell.sign_on
    identity = sign_on.arrived(named.person, named.groups, method=BY_PROXY, mail=named.mail)
    if sign_on.was_away(identity.person):
        with acting_as(Actor(identity.person, BY_PROXY, address)):
            citewell.audit.write(AuditKind.SIGNED_IN, groups=sorted(identity.groups), roles=sorted(identity.roles))
        sign_on.note_here(identity.person)
    return identity
