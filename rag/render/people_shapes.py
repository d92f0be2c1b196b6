"""The shapes of people, for owners."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from rag.render.shape import Shape


def _moment(seconds: Any) -> Any:
    """ISO 8601, UTC, of seconds since 1970; None for 0, which is never."""
    return (datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None) if type(seconds) is int else seconds


def _sorted(names: Any) -> Any:
    return sorted(names) if isinstance(names, frozenset) else names


_Names = Annotated[list[str], BeforeValidator(_sorted)]
_Moment = Annotated[str, BeforeValidator(_moment)]


class PersonBody(Shape):
    """Somebody who may sign in, or a service."""

    name: str = Field(description="What they sign in with; never changes.")
    shown_as: str
    mail: str
    is_service: bool = Field(description="A program: it has keys, and no password.")
    suspended: bool
    has_password: bool
    roles: _Names = Field(description="`reader`, `editor`, `owner`, `auditor`.")
    groups: _Names = Field(description="All of them, also those that the way of signing in says.")
    edits: _Names = Field(description="Groups whose documents they change as an editor.")
    created_at: _Moment = Field(description="ISO 8601, UTC.")
    signed_in_at: Annotated[str | None, BeforeValidator(_moment)] = Field(description="The last time; null for never.")


class PersonListBody(Shape):
    """Everybody, by name."""

    people: list[PersonBody]


class InvitationBody(Shape):
    """A link to a page on which its person chooses a password. Whoever has it first may."""

    person: str
    link: str = Field(description="To be sent to the person; it is shown this once, and good once.")
    ends_at: _Moment = Field(description="ISO 8601, UTC.")
