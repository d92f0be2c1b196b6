"""The templates, with autoescape for every one of them, and the few words that they need from Python."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.templating import Jinja2Templates

from rag.render import Body

_FOLDER = Path(__file__).parent


def where(place: Body) -> str:
    """Section and page of a citation or passage in words; a section that starts with the title does not repeat it."""
    path = place["section"].split(" > ")
    if path[0] == place["document"]["title"]:
        path = path[1:]
    page = f"page {place['page']}" if place["page"] else ""
    return ", ".join(part for part in (" / ".join(path), page) if part)


templates = Jinja2Templates(
    env=Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
)
templates.env.filters["where"] = where
