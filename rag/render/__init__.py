"""Records to what people and programs are shown: JSON, whose shapes are in `rag.render.shapes`, and Markdown."""

from __future__ import annotations

from rag.render.cited_text import CitedText, markdown_text, plain_text, quotes_in
from rag.render.json_text import Body, has_half_character, to_json
from rag.render.links import LINK_SHA256_DIGITS, address_of, link_to
from rag.render.transcript import to_markdown

__all__ = [
    "LINK_SHA256_DIGITS",
    "Body",
    "CitedText",
    "address_of",
    "has_half_character",
    "link_to",
    "markdown_text",
    "plain_text",
    "quotes_in",
    "to_json",
    "to_markdown",
]
