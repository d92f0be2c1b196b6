"""Who may sign in, over REST: for owners, and as `rag people` does it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import Response

from rag.access.identity import Identity, Role
from rag.render import shapes
from web.api import schemas
from web.api.responses import problems, reply
from web.auth import needs, sign_in_is_on
from web.dependencies import CitewellDep, IdentityDep, SettingsDep, json_only

router = APIRouter(
    prefix="/api/v1/people", tags=["people"], dependencies=[Depends(sign_in_is_on), Depends(needs(Role.OWNER))]
)

_Name = Annotated[str, Path(max_length=100, description="What the person signs in with.", examples=["ida"])]


@router.get("", summary="List people", response_model=shapes.PersonListBody, responses=problems(401, 403, 404, 503))
def list_people(citewell: CitewellDep) -> Response:
    """Everybody who may sign in, services too, by name."""
    return reply(shapes.PersonListBody.from_record({"people": citewell.people.accounts.all()}))


@router.post(
    "",
    summary="Add somebody",
    status_code=201,
    response_model=shapes.PersonBody,
    responses=problems(401, 403, 404, 415, 422, 503, 507),
    dependencies=[Depends(json_only)],
)
def add_person(given: schemas.NewPersonRequest, citewell: CitewellDep) -> Response:
    """Add a person, who then needs an invitation or comes by single sign-on; or a service, which needs a key."""
    person = citewell.people.accounts.add(
        given.name,
        shown_as=given.shown_as,
        mail=given.mail,
        roles=given.roles,
        groups=given.groups,
        edits=given.edits,
        is_service=given.is_service,
    )
    return reply(shapes.PersonBody.from_record(person), 201)


@router.get(
    "/{name}", summary="Look somebody up", response_model=shapes.PersonBody, responses=problems(401, 403, 404, 422, 503)
)
def get_person(name: _Name, citewell: CitewellDep) -> Response:
    """One person."""
    return reply(shapes.PersonBody.from_record(citewell.people.accounts.get(name)))


@router.patch(
    "/{name}",
    summary="Change somebody",
    response_model=shapes.PersonBody,
    responses=problems(401, 403, 404, 415, 422, 503, 507),
    dependencies=[Depends(json_only)],
)
def change_person(
    name: _Name, given: schemas.ChangePersonRequest, citewell: CitewellDep, identity: IdentityDep
) -> Response:
    """Change what is named, and nothing else; it holds from the person's next request.

    Suspending ends all sessions and refuses all keys. The last owner stays one, and nobody suspends themselves.
    """
    accounts = citewell.people.accounts
    person = accounts.get(name)
    if given.suspended:
        _refuse_oneself(identity, person.name)
    if given.roles is not None or given.edits is not None:
        roles = [Role(role) for role in person.roles] if given.roles is None else given.roles
        edits = (person.edits if Role.EDITOR in roles else ()) if given.edits is None else given.edits
        accounts.set_roles(person.name, roles, edits)
    if given.groups is not None:
        accounts.set_groups(person.name, given.groups)
    if given.suspended is not None and given.suspended != person.suspended:
        (accounts.suspend if given.suspended else accounts.restore)(person.name)
    return reply(shapes.PersonBody.from_record(accounts.get(person.name)))


@router.post(
    "/{name}/invitation",
    summary="Invite somebody",
    status_code=201,
    response_model=shapes.InvitationBody,
    responses=problems(401, 403, 404, 415, 422, 503, 507),
    dependencies=[Depends(json_only)],
)
def invite_person(
    name: _Name, given: schemas.InvitationRequest, request: Request, citewell: CitewellDep, settings: SettingsDep
) -> Response:
    """A link on which the person chooses a password, in place of any earlier one.

    404 where nobody signs in with a password here.
    """
    if "local" not in settings.sign_in:
        raise HTTPException(404, "Nobody signs in with a password here: local is not among CITEWELL_SIGN_IN.")
    made = citewell.people.accounts.invite(name, days=given.days)
    link = f"{str(request.base_url).rstrip('/')}{made.path}"
    body = {"person": made.person, "link": link, "ends_at": made.ends_at}
    return reply(shapes.InvitationBody.from_record(body), 201, {"Cache-Control": "no-store"})


@router.delete("/{name}", summary="Remove somebody", status_code=204, responses=problems(401, 403, 404, 422, 503, 507))
def remove_person(name: _Name, citewell: CitewellDep, identity: IdentityDep) -> None:
    """Delete a person with sessions, keys and conversations, for good. Nobody removes themselves."""
    person = citewell.people.accounts.get(name)
    _refuse_oneself(identity, person.name)
    citewell.people.accounts.remove(person.name)


def _refuse_oneself(identity: Identity, name: str) -> None:
    """Raises 422 for whoever would lock themselves out."""
    if identity.person == name:
        raise HTTPException(422, "This is you. Another owner has to do it.")
