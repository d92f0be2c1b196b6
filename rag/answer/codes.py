"""Codes, as E02, QI-21 or F-2: a sentence about E09 does not answer a question about E02, however alike they read."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A few letters and a number, maybe with a hyphen between, maybe with a letter after: no year, no amount, no measure.
_CODE = re.compile(r"\b([a-z]{1,5})[-\u2010\u2011]?(\d{1,5}[a-z]?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Code:
    """A code without its hyphen, in small letters: "e", "02"."""

    letters: str
    number: str

    def is_a_part_of(self, other: Code) -> bool:
        """Whether the other one is this, or a variant of it: W-07E of W-07."""
        return self.letters == other.letters and other.number.startswith(self.number)


def codes_in(text: str) -> list[Code]:
    """The codes of a text, in its order."""
    return [Code(letters.lower(), number.lower()) for letters, number in _CODE.findall(text)]


def is_about_another_code(question: str, heading: str, quote: str) -> bool:
    """Whether the question names a code, and the quote in its place another one of the same letters.

    A code that stands in the heading counts as said by the quote.
    """
    if not (asked := codes_in(question)):
        return False
    said = codes_in(quote)
    if any(one.is_a_part_of(other) for one in asked for other in (*said, *codes_in(heading))):
        return False
    return any(one.letters == other.letters for one in asked for other in said)
