"""What a source has in pieces of HTML, such as an entry of a feed, as a whole page to be read and kept."""

from __future__ import annotations

import html


def entry_page(title: str, content: str) -> bytes:
    """A page in UTF-8 with the title, which is text, above the content, which is HTML."""
    heading = html.escape(title)
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{heading}</title></head>\n'
        f"<body><article>\n<h1>{heading}</h1>\n{content}\n</article></body></html>\n"
    ).encode("utf-8", "replace")
