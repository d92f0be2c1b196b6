"""How many examples a property is tried with: as many as the profile says, or a part of them where one takes long."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def fewer(by: int, **others: Any) -> settings:
    """The profile's settings with one example where it has `by` of them; `others` are further settings."""
    return settings(max_examples=settings().max_examples // by, **others)
