"""To the organisation's sign-on server, and back from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from rag.access.actor import Actor, act_as
from rag.access.audit import AuditKind
from rag.access.provider_sign_in import PendingSignIn
from rag.access.sign_on import BY_PROVIDER
from rag.errors import SignInRefused
from web.dependencies import CitewellDep
from web.middleware.rate import QuestionLimits
from web.request_facts import address_of
from web.signin.cookies import check_may_sign_in, session_secret, set_session
from web.signin.form import local_address
from web.signin.pending import PendingSignIns
from web.signin.refusals import put_down_refusal

if TYPE_CHECKING:
    from rag.access.oidc import OpenIdProvider  # it takes part of a start, and not everybody has a provider

router = APIRouter(include_in_schema=False)

SIGN_IN_ADDRESS = "/sign-in/oidc"
_SEE_OTHER = 303
_MAX_SHOWN_CHARS = 200


@router.get(SIGN_IN_ADDRESS)
def begin(request: Request, next_address: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Send the browser to the provider. 503 where that cannot be asked."""
    provider = _provider(request)
    check_may_sign_in(request)
    pending = PendingSignIn.new()
    response = RedirectResponse(provider.address(pending, _way_back(request)), _SEE_OTHER)
    _pending(request).remember(request, response, pending, local_address(next_address))
    return response


@router.get(SIGN_IN_ADDRESS + "/callback")
def arrive(
    request: Request,
    citewell: CitewellDep,
    code: str = "",
    state: str = "",
    iss: str | None = None,
    error: str = "",
    error_description: str = "",
) -> Response:
    """Begin a session for whom the provider names. 401 for what it does not, or what was not asked for here."""
    provider = _provider(request)
    check_may_sign_in(request)
    act_as(Actor(address=address_of(request)))
    try:
        pending, next_address = _pending(request).recalled(request, state)
        if error or not code:
            what = f"{error} {error_description}".strip() or "it gave no code"
            raise SignInRefused(f"The sign-on server did not sign you in: {what[:_MAX_SHOWN_CHARS]}")
        proven = provider.person(pending, code, _way_back(request), issuer=iss)
        identity = citewell.sign_on.arrived(
            proven.person, proven.groups, method=BY_PROVIDER, mail=proven.mail, shown_as=proven.shown_as
        )
    except SignInRefused:
        put_down_refusal(request, AuditKind.SIGN_IN_FAILED, BY_PROVIDER)
        raise
    sessions = citewell.people.sessions
    secret = sessions.start(
        identity.person,
        BY_PROVIDER,
        details=lambda secret: citewell.provider_sessions.details(secret, proven.tokens),
        instead_of=session_secret(request),
    )
    act_as(Actor(identity.person, BY_PROVIDER, address_of(request)))
    citewell.audit.write(AuditKind.SIGNED_IN, groups=sorted(identity.groups), roles=sorted(identity.roles))
    response = RedirectResponse(next_address, _SEE_OTHER)
    set_session(request, response, secret, seconds=sessions.lifetimes.longest_seconds)
    _pending(request).forget(request, response)
    return response


def sign_out_address(request: Request, method: str, id_token: str) -> str | None:
    """Where a browser goes to sign out at the provider too; None for who did not sign in there, or where none is."""
    provider = cast("OpenIdProvider | None", request.app.state.provider)
    if provider is None or method != BY_PROVIDER:
        return None
    return provider.sign_out_address(id_token, str(request.base_url))


def _provider(request: Request) -> OpenIdProvider:
    """The provider, and the request counted. Raises 404 where nobody signs in this way, 429 for too many requests."""
    provider = cast("OpenIdProvider | None", request.app.state.provider)
    if provider is None:
        raise HTTPException(404, "Nobody signs in at a sign-on server here: oidc is not among CITEWELL_SIGN_IN.")
    cast(QuestionLimits, request.app.state.limits).count(address_of(request))
    return provider


def _pending(request: Request) -> PendingSignIns:
    return cast(PendingSignIns, request.app.state.pending_sign_ins)


def _way_back(request: Request) -> str:
    """The address that the provider has to know of: this service's, as the browser reached it."""
    return f"{str(request.base_url).rstrip('/')}{SIGN_IN_ADDRESS}/callback"
