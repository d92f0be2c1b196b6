"""Origins of pages, as browsers send them."""

from __future__ import annotations


def is_own(origin: str, host: str) -> bool:
    """Whether an Origin header names the service itself, which answers to `host`."""
    return origin.lower() in (f"http://{host}", f"https://{host}")
