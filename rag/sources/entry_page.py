"""What a source has in pieces of HTML, such as an entry of a feed, as a whole page to be read and kept."""

from __future__ import annotations

import html


def entry_page(title: str, content: str, *, has_heading: bool = False) -> bytes:
    """A page in UTF-8 with the title, which is text, above the content, which is HTML, unless that has a heading."""
    title = html.escape(title)
    heading = "" if has_heading else f"<h1>{title}</h1>\n"
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><article>\n{heading}{content}\n</article></body></html>\n"
    ).encode("utf-8", "replace")
