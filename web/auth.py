"""Who may do what: the key of the service, whether only this machine can reach it, and whether a page is its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import HTTPException, Request

from rag.access.identity import Identity, Role
from rag.errors import InvalidSetting
from rag.hosts import is_loopback
from web.dependencies import IdentityDep, ServiceKeysDep, SettingsDep, check_key
from web.request_facts import BEARER, address_of, is_forwarded
from web.settings import WebSettings
from web.signin.guessing import GuessLimits
from web.signin.identify import identify
from web.signin.service_key import ServiceKeys, key_matches


def check_exposure(settings: WebSettings) -> None:
    """Raise InvalidSetting when anyone on the network could add and remove documents."""
    says_who = settings.api_key or settings.api_key_file or settings.sign_in
    if settings.uploads and not says_who and not is_loopback(settings.host):
        raise InvalidSetting(
            f"host is {settings.host!r}, which other machines can reach, and anyone there could add and remove "
            f"documents. Set CITEWELL_SIGN_IN, CITEWELL_API_KEY to a secret, or "
            "CITEWELL_UPLOADS=false, or keep host at 127.0.0.1."
        )


def sign_in_is_on(settings: SettingsDep) -> None:
    """Raises 404 where nobody has to sign in: then there is nobody to look after."""
    if not settings.sign_in:
        raise HTTPException(404)


def needs(role: Role) -> Callable[[Identity], Awaitable[None]]:
    """The dependency of a route for people with a role: raises 401 where nobody has signed in, 403 for others.

    Where nobody has to sign in, whoever asks has every role.
    """

    async def has_role(identity: IdentityDep) -> None:
        if not identity.has(role):
            raise HTTPException(403, f"This needs the role {role}, which you do not have. An owner can give it to you.")

    return has_role


async def may_change_documents(
    settings: SettingsDep, request: Request, identity: IdentityDep, keys: ServiceKeysDep
) -> None:
    """Raises 403 when uploads are off, and without the role; where nobody has to sign in, 401 without the right key."""
    if not settings.uploads:
        raise HTTPException(403, "Documents cannot be added or removed over HTTP here: uploads are off.")
    if settings.sign_in:
        await needs(Role.EDITOR)(identity)
    elif keys and not check_key(request):
        raise HTTPException(
            401,
            'Adding and removing documents needs the key of this service: "Authorization: Bearer <key>".',
            headers=BEARER,
        )


async def owner_only(settings: SettingsDep, request: Request, identity: IdentityDep, keys: ServiceKeysDep) -> None:
    """Raises 403 unless an owner asks.

    Where nobody has to sign in: raises 401 without the key of the service, and 403 where none is set and others than
    this machine may ask.
    """
    await _check_owner(settings, request, identity, keys, "What people asked is")


async def may_read_metrics(settings: SettingsDep, request: Request, keys: ServiceKeysDep) -> None:
    """Lets in whoever has the key for metrics, and whom `owner_only` lets in; raises what that raises for others."""
    authorization = request.headers.get("authorization", "")
    if settings.metrics_key and authorization:
        guesses = cast(GuessLimits, request.app.state.guesses)
        guesses.check(address_of(request))
        if key_matches(authorization, settings.metrics_key):
            return
        if not keys and not settings.sign_in:  # else it is counted as a wrong one of those
            guesses.failed(address_of(request))
    await _check_owner(settings, request, await identify(request), keys, "What the service counts is")


async def _check_owner(
    settings: WebSettings, request: Request, identity: Identity, keys: ServiceKeys, what: str
) -> None:
    if settings.sign_in:
        await needs(Role.OWNER)(identity)
        return
    if keys:
        if check_key(request):
            return
        raise HTTPException(
            401,
            f'{what} for the owner of the documents: "Authorization: Bearer <key>" with the key of this service.',
            headers=BEARER,
        )
    if not (is_loopback(settings.host) and is_loopback(address_of(request)) and _is_direct(request)):
        raise HTTPException(
            403,
            f"{what} for the owner of the documents. Others can reach this service, so that needs a key: set"
            " CITEWELL_API_KEY to a secret.",
        )


async def auditor_only(settings: SettingsDep, request: Request, identity: IdentityDep, keys: ServiceKeysDep) -> None:
    """Raises 403 unless an auditor asks. Where nobody has to sign in, it is for whom `owner_only` lets in."""
    if settings.sign_in:
        await needs(Role.AUDITOR)(identity)
    else:
        await owner_only(settings, request, identity, keys)


async def with_key(settings: SettingsDep, request: Request, identity: IdentityDep, keys: ServiceKeysDep) -> None:
    """Raises 403 unless an owner asks.

    Where nobody has to sign in: 403 where no key is set, 401 without the right one.
    """
    if settings.sign_in:
        await needs(Role.OWNER)(identity)
        return
    if not keys:
        raise HTTPException(
            403,
            "Tokens are given to who has the key of this service, and none is set. Set CITEWELL_API_KEY to a secret,"
            " or CITEWELL_WIDGET_PUBLIC=true to do without tokens.",
        )
    if not check_key(request):
        raise HTTPException(
            401, 'A token needs the key of this service: "Authorization: Bearer <key>".', headers=BEARER
        )


def _is_direct(request: Request) -> bool:
    """Whether a request came without a proxy, and not from the page of another site."""
    headers = request.headers
    origin = headers.get("origin")
    own = origin is None or origin.partition("://")[2] == headers.get("host")
    is_own_page = own and headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    return is_own_page and not is_forwarded(request)
