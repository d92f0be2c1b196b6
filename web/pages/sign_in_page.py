"""Signing in with a password, choosing one after an invitation, and signing out. All work without JavaScript."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from rag.access.actor import Actor, act_as
from rag.access.audit import AuditKind
from rag.app import MIN_PASSWORD_CHARS, Citewell, Person
from rag.errors import InputError
from web.dependencies import CitewellDep, IdentityDep, SettingsDep
from web.request_facts import address_of
from web.settings import WebSettings
from web.signin.cookies import check_may_sign_in, forget_session, session_secret, set_session
from web.signin.form import FormDep, local_address
from web.signin.guessing import GuessLimits
from web.signin.oidc_pages import sign_out_address
from web.signin.refusals import put_down_refusal
from web.templating import drawn

router = APIRouter(include_in_schema=False)

_SEE_OTHER = 303


@router.get("/sign-in")
def sign_in_page(request: Request, settings: SettingsDep, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The page to sign in on. 404 where nobody has to."""
    _refuse_without_sign_in(settings)
    return _sign_in_page(request, settings, next)


@router.post("/sign-in")
def sign_in(request: Request, form: FormDep, citewell: CitewellDep, settings: SettingsDep) -> Response:
    """Begin a session, and go on to where one came from. 401 with the page again, 429 after too many tries."""
    _refuse_without_sign_in(settings, "local")
    check_may_sign_in(request)
    guesses = cast(GuessLimits, request.app.state.guesses)
    name, address = form.get("name").strip(), address_of(request)
    guesses.check(address, name, kind=AuditKind.SIGN_IN_FAILED)
    person = citewell.people.accounts.signing_in(name, form.get("password"))
    if person is None:
        guesses.failed(address, name)
        put_down_refusal(request, AuditKind.SIGN_IN_FAILED, "password")
        return _sign_in_page(request, settings, form.get("next"), name=name, is_wrong=True, status=401)
    return _begin(request, citewell, person, form.get("next"))


def _begin(request: Request, citewell: Citewell, person: Person, next_address: str) -> Response:
    secret = citewell.people.sessions.start(person.name, "local", instead_of=session_secret(request))
    act_as(Actor(person.name, "local", address_of(request)))
    citewell.audit.write(AuditKind.SIGNED_IN, groups=sorted(person.groups), roles=sorted(person.roles))
    return signed_in(request, secret, next_address)


def signed_in(request: Request, secret: str, next_address: str) -> Response:
    """The browser gets its session, and goes on to an address at this service."""
    response = RedirectResponse(local_address(next_address), _SEE_OTHER)
    days = cast(WebSettings, request.app.state.settings).session_days
    set_session(request, response, secret, seconds=days * 86_400)
    return response


@router.post("/sign-out")
def sign_out(request: Request, form: FormDep, citewell: CitewellDep, identity: IdentityDep) -> Response:
    """End this session, or with `everywhere` all of this person; who signed in at a provider signs out there too."""
    if form.get("everywhere"):
        citewell.people.sessions.end_all(identity.person)
    secret = session_secret(request)
    found = citewell.people.sessions.find(secret)
    id_token = citewell.provider_sessions.id_token(secret) if found else ""
    citewell.people.sessions.end(secret)
    citewell.audit.write(AuditKind.SIGNED_OUT, reason="everywhere" if form.get("everywhere") else "here")
    there = sign_out_address(request, found.method, id_token) if found else None
    response = RedirectResponse(there or "/sign-in", _SEE_OTHER)
    forget_session(request, response)
    return response


@router.get("/invitation/{secret}")
def invitation_page(request: Request, secret: str, citewell: CitewellDep, settings: SettingsDep) -> Response:
    """The page to choose a password on. 404 for an invitation that is used, or over."""
    return _invitation_page(request, secret, citewell, settings)


@router.post("/invitation/{secret}")
def accept_invitation(
    request: Request, secret: str, form: FormDep, citewell: CitewellDep, settings: SettingsDep
) -> Response:
    """Take the password, which must have been typed twice the same, and begin a session. 422 with the page again."""
    check_may_sign_in(request)
    password, complaint = form.get("password"), ""
    if password != form.get("again"):
        complaint = "access.invitation.differ"
    elif len(password) < MIN_PASSWORD_CHARS:
        complaint = "access.invitation.short"
    if complaint:
        return _invitation_page(request, secret, citewell, settings, complaint=complaint)
    guesses = cast(GuessLimits, request.app.state.guesses)
    guesses.check(address_of(request), kind=AuditKind.SIGN_IN_FAILED)
    try:
        person = citewell.people.accounts.accept(secret, password)
    except InputError as error:
        _failed_invitation(request, guesses)
        raise HTTPException(422, str(error)) from error
    return _begin(request, citewell, person, "/")


def _refuse_without_sign_in(settings: WebSettings, *ways: str) -> None:
    if not settings.sign_in or not set(ways) <= set(settings.sign_in):
        raise HTTPException(404)


def _sign_in_page(
    request: Request,
    settings: WebSettings,
    next_address: str,
    *,
    name: str = "",
    is_wrong: bool = False,
    status: int = 200,
) -> Response:
    return drawn(
        request,
        "sign_in.html",
        {"ways": settings.sign_in, "next": local_address(next_address), "name": name, "is_wrong": is_wrong},
        status_code=status,
    )


def _failed_invitation(request: Request, guesses: GuessLimits) -> None:
    guesses.failed(address_of(request))
    put_down_refusal(request, AuditKind.SIGN_IN_FAILED, "invitation")


def _invitation_page(
    request: Request, secret: str, citewell: CitewellDep, settings: WebSettings, *, complaint: str = ""
) -> Response:
    _refuse_without_sign_in(settings, "local")
    guesses = cast(GuessLimits, request.app.state.guesses)
    guesses.check(address_of(request), kind=AuditKind.SIGN_IN_FAILED)
    person = citewell.people.accounts.invited(secret)
    if person is None:
        _failed_invitation(request, guesses)
        raise HTTPException(404, "This invitation has been used, or its time is over. Ask for another one.")
    return drawn(
        request,
        "invitation.html",
        {"person": person, "complaint": complaint, "min_chars": MIN_PASSWORD_CHARS},
        status_code=422 if complaint else 200,
    )
