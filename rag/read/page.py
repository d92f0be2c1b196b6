"""A page of a document as a picture, and places on it."""

from __future__ import annotations

from dataclasses import dataclass

# Left, top, right, bottom as shares 0..1 of the width and height of a page, from its top left corner.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page of an original, drawn."""

    png: bytes
    width: int  # pixels
    height: int
