"""The templates, with autoescape for every one of them, and the few words that they need from Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.templating import Jinja2Templates

from rag.app import form_token
from rag.render import Body
from web.i18n import Texts, chosen, languages, texts_for

_FOLDER = Path(__file__).parent
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def where(place: Body, texts: Texts) -> str:
    """Section and page of a citation or passage in words; a section that starts with the title does not repeat it."""
    path = place["section"].split(" > ")
    if path[0] == place["document"]["title"]:
        path = path[1:]
    page = texts("place.page", page=place["page"]) if place["page"] else ""
    return ", ".join(part for part in (" / ".join(path), page) if part)


def straight(name: str) -> str:
    """A file's name as it is, without the characters that make "fdp.exe" look like "exe.pdf"."""
    return _TURNING.sub("", name)


def _of_request(request: Request) -> dict[str, Any]:
    """What every template has: its texts, the languages there are, and addresses that keep the one that was chosen."""
    texts, language = texts_for(request), chosen(request)

    def address(path: str, **query: object) -> str:
        given = {name: value for name, value in query.items() if value not in ("", None)}
        given |= {"lang": language} if language else {}
        return f"{path}?{urlencode(given)}" if given else path

    secret = getattr(request.state, "session_secret", "")
    fixed = bool(request.app.state.settings.interface_language)
    others = [] if fixed else [other for other in languages().values() if other.language != texts.language]
    return {
        "t": texts,
        "other_languages": others,
        "chosen_language": language,
        "address": address,
        "me": getattr(request.state, "identity", None),
        "form_token": form_token(secret) if secret else "",
        "signs_in": bool(request.app.state.settings.sign_in),
    }


@cache
def _templates() -> Jinja2Templates:
    """The templates of all pages. Each is read and compiled when it is first drawn."""
    made = Jinja2Templates(
        env=Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        ),
        context_processors=[_of_request],
    )
    made.env.filters["where"] = where
    made.env.filters["straight"] = straight
    return made


def drawn(
    request: Request,
    template: str,
    values: dict[str, Any],
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page: a file of templates/ with these values, and with what every template has."""
    return _templates().TemplateResponse(request, template, values, status_code, headers)
