"""A style and those that it is based on, as Word and OpenDocument have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

# What is based on more is a ring, or made to take long.
_MAX_DEPTH = 20


def style_chain(name: str, parent_of: Callable[[str], str]) -> Iterator[str]:
    """The name of the style, then that of the one that it is based on, and so on; "" is the name of none."""
    for _ in range(_MAX_DEPTH):
        if not name:
            return
        yield name
        name = parent_of(name)
