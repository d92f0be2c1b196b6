"""The fields of a form that a page of this service sends, and whether it is one."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

FORM_HEADER = "x-citewell-form"
FORM_FIELD = "form_token"
_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 200
_UNSEEN = {chr(code) for code in (*range(0x20), 0x7F)}


class Form:
    """The fields by name."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def get(self, name: str) -> str:
        """The first value of this name, or ""."""
        return next((value for key, value in self._fields if key == name), "")

    def all(self, name: str) -> list[str]:
        """All values of this name."""
        return [value for key, value in self._fields if key == name]


async def form_of(request: Request) -> Form:
    """The form that was sent. Raises 415 for another type, 422 for what is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415, f"Expected {_FORM}.")
    body = await request.body()
    try:
        return Form(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"))
    except ValueError as error:  # UnicodeDecodeError is one
        raise HTTPException(422, "The form cannot be read; expected UTF-8.") from error


FormDep = Annotated[Form, Depends(form_of)]


async def sent_form_token(request: Request) -> str:
    """The token that a request carries, as a header or as a field of its form; "" without one."""
    found = request.headers.get(FORM_HEADER, "")
    if found or request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return found
    return (await form_of(request)).get(FORM_FIELD)


def local_address(given: str) -> str:
    """An address at this service to go on to; "/" for any that might lead elsewhere.

    Browsers leave out control characters and take a backslash for a slash, so an address with one is none.
    """
    if not given.startswith("/") or given.startswith("//") or "\\" in given or _UNSEEN.intersection(given):
        return "/"
    return given
