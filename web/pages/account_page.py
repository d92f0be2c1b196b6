"""Who am I: what somebody may do here, their conversations, keys and password. Works without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from rag.access.audit import AuditKind
from rag.access.identity import Identity, Role
from rag.app import Citewell, NewKey, Person, Scope
from rag.errors import InputError, WrongPassword
from rag.render import Body
from web.dependencies import AccessDep, CitewellDep, IdentityDep, SettingsDep
from web.request_facts import address_of
from web.signin.form import FormDep
from web.signin.guessing import GuessLimits
from web.signin.refusals import put_down_refusal
from web.templating import drawn

router = APIRouter(include_in_schema=False)

_SEE_OTHER = 303
_SCOPES = {Scope.READ: Role.READER, Scope.WRITE: Role.EDITOR, Scope.MANAGE: Role.OWNER, Scope.AUDIT: Role.AUDITOR}
_DEFAULT_DAYS = 90


def by_browser(identity: IdentityDep) -> None:
    """Raises 404 where nobody has to sign in, 403 unless a person has signed in: a key does not make keys."""
    if identity.method == "single-user":
        raise HTTPException(404)
    if not identity.person or identity.method == "key":
        raise HTTPException(403, "This is for people who have signed in with a browser.")


_BY_BROWSER = [Depends(by_browser)]


@router.get("/account", dependencies=_BY_BROWSER)
def account_page(request: Request, citewell: CitewellDep, identity: IdentityDep, settings: SettingsDep) -> Response:
    """The page."""
    return _account_page(request, citewell, identity, settings)


@router.post("/account/keys", dependencies=_BY_BROWSER)
def add_key(
    request: Request, form: FormDep, citewell: CitewellDep, identity: IdentityDep, settings: SettingsDep
) -> Response:
    """Make a key, and show it this once."""
    try:
        days = int(form.get("days") or _DEFAULT_DAYS)
        scopes = [Scope(scope) for scope in form.all("scope")]
    except ValueError as error:
        raise HTTPException(422, "The number of days, or a scope, is none.") from error
    try:
        made = citewell.people.keys.add(identity.person, form.get("name"), scopes, days=days)
    except InputError as error:
        return _account_page(request, citewell, identity, settings, complaint=str(error))
    return _account_page(request, citewell, identity, settings, made=made)


@router.post("/account/keys/{key_id}/remove", dependencies=_BY_BROWSER)
def remove_key(key_id: str, _form: FormDep, citewell: CitewellDep, identity: IdentityDep) -> Response:
    """Delete a key of mine. 404 for another's."""
    citewell.people.keys.remove(identity.person, key_id)
    return RedirectResponse("/account", _SEE_OTHER)


@router.post("/account/talks/{talk_id}", dependencies=_BY_BROWSER)
def share_talk(talk_id: str, form: FormDep, citewell: CitewellDep, access: AccessDep) -> Response:
    """Share a conversation of mine with a group that I am in, or with nobody any more. 404 for another's."""
    citewell.conversations.share(talk_id, form.get("group"), access=access)
    return RedirectResponse("/account", _SEE_OTHER)


@router.post("/account/password", dependencies=_BY_BROWSER)
def change_password(
    request: Request, form: FormDep, citewell: CitewellDep, identity: IdentityDep, settings: SettingsDep
) -> Response:
    """Change the password, and sign out everywhere."""
    if form.get("password") != form.get("again"):
        return _account_page(request, citewell, identity, settings, complaint_key="access.invitation.differ")
    guesses, address = cast(GuessLimits, request.app.state.guesses), address_of(request)
    guesses.check(address, identity.person, kind=AuditKind.SIGN_IN_FAILED)
    try:
        citewell.people.accounts.change_password(identity.person, form.get("old"), form.get("password"))
    except WrongPassword as error:  # whoever found a browser that was left open must not try as often as they like
        guesses.failed(address, identity.person)
        put_down_refusal(request, AuditKind.SIGN_IN_FAILED, "password")
        return _account_page(request, citewell, identity, settings, complaint=str(error))
    except InputError as error:
        return _account_page(request, citewell, identity, settings, complaint=str(error))
    return RedirectResponse("/sign-in", _SEE_OTHER)


def _account_page(
    request: Request,
    citewell: Citewell,
    identity: Identity,
    settings: SettingsDep,
    *,
    made: NewKey | None = None,
    complaint: str = "",
    complaint_key: str = "",
) -> Response:
    people = citewell.people
    person = people.accounts.get(identity.person)
    talks = citewell.conversations.all(access=identity.access) if identity.has(Role.READER) else []
    return drawn(
        request,
        "account.html",
        {
            "person": person,
            "identity": identity,
            "roles": _named_roles(person),
            "sessions": len(people.sessions.of(identity.person)),
            "talks": talks,
            "keys": [_key(key.id, key.name, key.scopes, key.ends_at) for key in people.keys.of(identity.person)],
            "scopes": [scope for scope, role in _SCOPES.items() if identity.has(role)],
            "made": made,
            "default_days": _DEFAULT_DAYS,
            "complaint": complaint,
            "complaint_key": complaint_key,
            "has_local": "local" in settings.sign_in,
        },
        status_code=422 if complaint or complaint_key else 200,
    )


def _named_roles(person: Person) -> list[str]:
    return [role for role in Role if role in person.roles]


def _key(key_id: str, name: str, scopes: frozenset[str], ends_at: int) -> Body:
    return {"id": key_id, "name": name, "scopes": sorted(scopes), "ends": day(ends_at)}


def day(moment: int) -> str:
    """The day of a moment, "" for 0."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat() if moment else ""
