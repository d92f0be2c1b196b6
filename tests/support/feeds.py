"""Feeds that tests write: Atom and RSS, with the entries that a test names."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

ATOM = "http://www.w3.org/2005/Atom"


def atom(entries: Iterable[str]) -> str:
    """A feed of these entries."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="{ATOM}"><title>News</title>{"".join(entries)}</feed>'


def atom_entry(
    identity: str, title: str, content: str, *, updated: str = "2026-11-01T08:00:00Z", link: str = ""
) -> str:
    """An entry whose content is HTML."""
    linked = f'<link rel="alternate" href="{escape(link)}"/>' if link else ""
    return (
        f"<entry><id>{escape(identity)}</id><title>{escape(title)}</title><updated>{updated}</updated>{linked}"
        f'<content type="html">{escape(content)}</content></entry>'
    )


def rss(items: Iterable[str], *, inside: str = "") -> str:
    """A feed of these items, in RSS 2.0."""
    return (
        '<?xml version="1.0"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>News</title>{inside}{''.join(items)}</channel></rss>"
    )
