"""For owners: who may sign in, with their roles and groups. Works without JavaScript."""

from __future__ import annotations

import re

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from rag.access.identity import Role
from rag.app import Citewell, Invitation
from rag.errors import InputError
from rag.render import Body
from web.auth import needs, sign_in_is_on
from web.dependencies import CitewellDep, IdentityDep, SettingsDep
from web.pages.account_page import day
from web.signin.form import Form, FormDep
from web.templating import drawn

router = APIRouter(include_in_schema=False, dependencies=[Depends(sign_in_is_on), Depends(needs(Role.OWNER))])

_SEE_OTHER = 303


@router.get("/people")
def people_page(request: Request, citewell: CitewellDep, settings: SettingsDep) -> Response:
    """The list, and a form to add somebody."""
    return _people_page(request, citewell, settings)


@router.post("/people")
def add_person(request: Request, form: FormDep, citewell: CitewellDep, settings: SettingsDep) -> Response:
    """Add somebody, and where passwords are in use show the invitation this once."""
    accounts = citewell.people.accounts
    try:
        person = accounts.add(
            form.get("name"),
            shown_as=form.get("shown_as"),
            mail=form.get("mail"),
            roles=_roles(form),
            groups=_listed(form.get("groups")),
            edits=_listed(form.get("edits")) if Role.EDITOR in _roles(form) else (),
        )
    except InputError as error:
        return _people_page(request, citewell, settings, complaint=str(error))
    if "local" not in settings.sign_in:
        return RedirectResponse("/people", _SEE_OTHER)
    return _people_page(request, citewell, settings, invitation=accounts.invite(person.name))


@router.post("/people/{name}")
def change_person(
    request: Request,
    name: str,
    form: FormDep,
    citewell: CitewellDep,
    identity: IdentityDep,
    settings: SettingsDep,
) -> Response:
    """Do one thing with somebody: save, invite, suspend, restore, remove. 404 for nobody, 422 with the page again."""
    accounts, do = citewell.people.accounts, form.get("do")
    person = accounts.get(name)
    if do in ("suspend", "remove") and person.name == identity.person:
        return _people_page(request, citewell, settings, complaint_key="access.people.not_oneself")
    try:
        if do == "invite":
            return _people_page(request, citewell, settings, invitation=accounts.invite(name))
        if do == "save":
            roles = _roles(form)
            accounts.set_roles(name, roles, _listed(form.get("edits")) if Role.EDITOR in roles else ())
            accounts.set_groups(name, _listed(form.get("groups")))
        elif do in ("suspend", "restore", "remove"):
            getattr(accounts, do)(name)
        else:
            raise HTTPException(422, f"{do[:40]!r} is nothing that can be done with somebody.")
    except InputError as error:
        return _people_page(request, citewell, settings, complaint=str(error))
    return RedirectResponse("/people", _SEE_OTHER)


def _people_page(
    request: Request,
    citewell: Citewell,
    settings: SettingsDep,
    *,
    invitation: Invitation | None = None,
    complaint: str = "",
    complaint_key: str = "",
) -> Response:
    people = citewell.people.accounts.all()
    return drawn(
        request,
        "people.html",
        {
            "people": [_shown(citewell, person.name) for person in people],
            "groups": sorted({group for person in people for group in person.groups}),
            "roles": list(Role),
            "link": f"{str(request.base_url).rstrip('/')}{invitation.path}" if invitation else "",
            "invited": invitation.person if invitation else "",
            "invited_until": day(invitation.ends_at) if invitation else "",
            "complaint": complaint,
            "complaint_key": complaint_key,
            "has_local": "local" in settings.sign_in,
        },
        status_code=422 if complaint or complaint_key else 200,
    )


def _shown(citewell: Citewell, name: str) -> Body:
    accounts = citewell.people.accounts
    person = accounts.get(name)
    own = accounts.own_groups(name)
    return {
        "person": person,
        "groups": ", ".join(sorted(own)),
        "other_groups": sorted(person.groups - own),
        "edits": ", ".join(sorted(person.edits)),
        "signed_in": day(person.signed_in_at),
    }


def _roles(form: Form) -> list[Role]:
    """The roles that were ticked. Raises 422."""
    try:
        return [Role(role) for role in form.all("role")]
    except ValueError as error:
        raise HTTPException(422, "There is no such role.") from error


def _listed(text: str) -> list[str]:
    """Groups that were typed, between commas or on lines of their own."""
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]
