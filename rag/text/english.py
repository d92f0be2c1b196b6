"""Closed sets of English words that several rules go by, each written once."""

# ruff: noqa: SIM905 - lists of quoted words are not easier to read

from __future__ import annotations

MONTHS = tuple("January February March April May June July August September October November December".split())
WEEKDAYS = tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
# Number words by their values: SMALL_NUMBERS[3] is "three", TENS[0] is "twenty".
SMALL_NUMBERS = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
TENS = tuple("twenty thirty forty fifty sixty seventy eighty ninety".split())
# ORDINALS[0] is "first".
ORDINALS = tuple("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split())
# A sentence that begins with one of these leans on what was said before it.
POINTING_WORDS = tuple("he she it they this that these those his her its their such".split())
