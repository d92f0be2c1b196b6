"""Things that are drawn at random, none twice before all have come."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Deck(Generic[T]):
    """Cards that are shuffled whenever all of them have been drawn. There must be one at least."""

    cards: Sequence[T]
    rng: random.Random
    waiting: list[T] = field(default_factory=list)

    def draw(self) -> T:
        """The next one."""
        if not self.waiting:
            self.waiting = self.rng.sample(self.cards, len(self.cards))
        return self.waiting.pop()
