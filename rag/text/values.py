"""The values that a text holds: dates, times of day, sums of money, percentages, measures and plain numbers.

Written forms of one value are one value: "1 200", "1,200" and "1200"; "3 March 2024" and "March 3, 2024"; "two weeks"
and "14 days". English patterns, no model. What is ambiguous ("1.200", "9:00") keeps all its readings, so that two
texts are never said to differ where they may agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import product

from rag.records import Span
from rag.text.english import MONTHS, ORDINALS, SMALL_NUMBERS, TENS


class ValueKind(StrEnum):
    """What values can be compared with each other."""

    DATE = "date"
    TIME = "time of day"
    MONEY = "money"
    MEASURE = "measure"  # a length, a weight, a duration, a percentage
    NUMBER = "number"
    ORDINAL = "ordinal"
    UNCLEAR = "unclear"  # 03/04/2024: comparable with nothing but itself


@dataclass(frozen=True, slots=True)
class Value:
    """One value in a text. Two of them compare when kind and unit are the same."""

    span: Span
    kind: ValueKind
    unit: str = ""  # of the readings: the base unit of a measure ("second"), a currency ("euro")
    readings: frozenset[Decimal] = frozenset()  # what the number may stand for; one, unless its form is ambiguous
    step: Decimal = Decimal(0)  # the last place that is given, where the number may be rounded to it; else 0
    date: tuple[int | None, int | None, int | None] = (None, None, None)  # year, month, day

    def compares_with(self, other: Value) -> bool:
        """Whether it makes sense to ask if the two are equal."""
        return (self.kind, self.unit) == (other.kind, other.unit) and self.kind is not ValueKind.UNCLEAR

    def agrees_with(self, other: Value, *, is_about: bool = False) -> bool:
        """Whether both may be meant by one and the same: equal, one less precise, or one rounded to the other.

        With `is_about` each is an estimate, and may be a fifth off. Says nothing about values that do not compare.
        """
        if self.kind is ValueKind.DATE:
            return all(a is None or b is None or a == b for a, b in zip(self.date, other.date, strict=True))
        step = max(self.step, other.step)
        off = Decimal("0.2") if is_about else Decimal(0)
        pairs = product(self.readings, other.readings)
        return any(abs(a - b) <= max(step / 2, off * max(a, b)) for a, b in pairs)

    def equals(self, other: Value) -> bool:
        """Whether the two are the same, not only compatible: of an ambiguous number, one reading is enough."""
        if (self.kind, self.unit, self.date) != (other.kind, other.unit, other.date):
            return False
        return bool(self.readings & other.readings) or not self.readings


_MONTHS = tuple(month[:3].lower() for month in MONTHS)
_MONTH = (
    rf"(?:{'|'.join(MONTHS)}"
    r"|Jan\b\.?|Feb\b\.?|Mar\b\.?|Apr\b\.?|Jun\b\.?|Jul\b\.?|Aug\b\.?|Sept?\b\.?|Oct\b\.?|Nov\b\.?|Dec\b\.?)"
)
_WEEKDAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,?\s+)?"
_DAY = r"(?P<{}>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)"
_WORDS = {word: Decimal(number) for number, word in enumerate(SMALL_NUMBERS)} | {
    word: Decimal(10 * number) for number, word in enumerate(TENS, start=2)
}
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "bn": 9, "billion": 9, "trillion": 12}
# Unit: its base unit, and how many of them it is. Months and years have no fixed number of days.
_UNITS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("%", "percent", "per cent", "percentage points"), ("percent", "1")),
    **dict.fromkeys(("second", "seconds", "sec", "secs"), ("second", "1")),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), ("second", "60")),
    **dict.fromkeys(("hour", "hours", "h", "hr", "hrs"), ("second", "3600")),
    **dict.fromkeys(("day", "days"), ("second", "86400")),
    **dict.fromkeys(("week", "weeks"), ("second", "604800")),
    **dict.fromkeys(("month", "months"), ("month", "1")),
    **dict.fromkeys(("year", "years"), ("month", "12")),
    **dict.fromkeys(("mm", "millimetre", "millimetres", "millimeter", "millimeters"), ("millimetre", "1")),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeter", "centimeters"), ("millimetre", "10")),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("millimetre", "1000")),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), ("millimetre", "1000000")),
    **dict.fromkeys(("mile", "miles"), ("mile", "1")),
    **dict.fromkeys(("foot", "feet", "ft"), ("foot", "1")),
    **dict.fromkeys(("inch", "inches"), ("inch", "1")),
    **dict.fromkeys(("g", "gram", "grams", "gramme", "grammes"), ("gram", "1")),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms"), ("gram", "1000")),
    **dict.fromkeys(("tonne", "tonnes"), ("gram", "1000000")),
    **dict.fromkeys(("litre", "litres", "liter", "liters", "l"), ("litre", "1")),
    **dict.fromkeys(("degree", "degrees", "\u00b0c", "\u00b0"), ("degree", "1")),
    **dict.fromkeys(("times", "time"), ("time", "1")),
}
_CURRENCIES = {
    **dict.fromkeys(("\u20ac", "euro", "euros", "eur"), "euro"),
    **dict.fromkeys(("$", "us$", "dollar", "dollars", "usd"), "dollar"),
    **dict.fromkeys(("\u00a3", "pound", "pounds", "gbp"), "pound"),
    **dict.fromkeys(("\u00a5", "yen", "jpy"), "yen"),
    **dict.fromkeys(("franc", "francs", "chf"), "franc"),
    **dict.fromkeys(("cent", "cents"), "cent"),
}

# Begins where a number begins, and is not the tail of a word, a version or a code ("X100", "3.2.1").
_NUMBER = (
    r"(?<![\w.,/])(?<!\D-)(?P<number>\d{1,3}(?:,\d{3})++(?:\.\d+)?+(?![\d,])"
    r"|\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3})++(?:[.,]\d+)?+(?!\d)|\d++(?:[.,]\d++)?+)(?![.,/]\d)"
)
_TENS = "|".join(word for word in _WORDS if word.endswith("ty"))
_ONES = "|".join(word for word in sorted(_WORDS, key=len, reverse=True) if not word.endswith("ty"))
_IN_WORDS = rf"\b(?P<words>(?:{_TENS})(?:[\s-](?:{_ONES}))?|{_ONES})\b"
_SCALE = r"(?:[\s\u00a0]?(?P<scale>hundred|thousand|million|billion|trillion|bn)\b)?"
_AFTER = "|".join(re.escape(unit) for unit in sorted({*_UNITS, *_CURRENCIES}, key=len, reverse=True))
_BEFORE = r"(?:(?P<sign>US\$|[$\u20ac\u00a3\u00a5])\s?)?"
_UNIT_AFTER = rf"(?:[\s\u00a0-]?(?P<unit>{_AFTER})(?!\w))?"

_DATE = re.compile(
    rf"{_WEEKDAY}(?:"
    rf"(?<![\w.,/-])(?P<iso_year>\d{{4}})-(?P<iso_month>\d{{2}})-(?P<iso_day>\d{{2}})(?!\w)"
    rf"|(?<![\w.,/-]){_DAY.format('day')}\s(?:of\s)?(?P<month>{_MONTH})(?:,?\s(?P<year>\d{{4}})(?!\w))?"
    rf"|\b(?P<us_month>{_MONTH})\s{_DAY.format('us_day')}(?:,?\s(?P<us_year>\d{{4}})(?!\w))?"
    rf"|\b(?P<long_month>{_MONTH}),?\s(?P<long_year>\d{{4}})(?!\w))"
    rf"|(?:(?<=\b[Ii]n\s)|(?<=\bfrom\s)|(?<=\bsince\s)|(?<=\bSince\s)|(?<=\buntil\s)|(?<=\bby\s)|(?<=\bof\s)"
    rf"|(?<=\bearly\s)|(?<=\blate\s)|(?<=\bbefore\s)|(?<=\bafter\s)|(?<=\band\s)|(?<=\bto\s)|(?<=\())"
    rf"(?:(?P<bare_month>{_MONTH})|(?P<bare_year>1\d{{3}}|20\d{{2}}))(?![\w,]\w)(?!\w|\s(?:{_AFTER})\b)"
)
_UNCLEAR = re.compile(r"(?<![\w.,/-])(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d+/\d+)(?![\w/-])")
_CLOCK = re.compile(
    r"(?<![\w.,/:])(?<!\D-)(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?(?:\s?(?P<half>[AaPp])\.?\s?[Mm](?:\.(?=\W)|\b\.?(?!\w))"
    r"|\s(?P<clock>o['\u2019]clock))|(?<![\w.,/:])(?<!\D-)(?P<hour24>\d{1,2}):(?P<minute24>\d{2})(?![\w:])"
    r"|\b(?P<named>noon|midday|midnight)\b"
)
_QUANTITY = re.compile(rf"(?:{_BEFORE}{_NUMBER}|{_IN_WORDS}){_SCALE}{_UNIT_AFTER}", re.IGNORECASE)
_ORDINAL = re.compile(
    rf"(?<![\w.,])(?P<digits>\d+)(?:st|nd|rd|th)\b|\b(?P<word>{'|'.join(ORDINALS)})\b|\b(?P<times>once|twice)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=2_000)
def find_values(text: str) -> tuple[Value, ...]:
    """The values of `text`, in order, none inside another."""
    found: list[Value] = []
    taken: set[int] = set()
    for pattern, make in _FORMS:
        for match in pattern.finditer(text):
            covered = range(*match.span())
            if taken.isdisjoint(covered):
                taken.update(covered)
                found.append(make(match))
    return tuple(sorted(found, key=lambda value: value.span))


def _date(match: re.Match[str]) -> Value:
    groups = match.groupdict()
    year = next((int(groups[n]) for n in ("iso_year", "year", "us_year", "long_year", "bare_year") if groups[n]), None)
    day = next((int(groups[n]) for n in ("iso_day", "day", "us_day") if groups[n]), None)
    names = (groups[n] for n in ("month", "us_month", "long_month", "bare_month"))
    name = next((found for found in names if found), None)
    month = _MONTHS.index(name[:3].lower()) + 1 if name else int(groups["iso_month"]) if groups["iso_month"] else None
    return Value(Span(*match.span()), ValueKind.DATE, date=(year, month, day))


def _unclear(match: re.Match[str]) -> Value:
    return Value(Span(*match.span()), ValueKind.UNCLEAR, unit=match.group())


def _time(match: re.Match[str]) -> Value:
    """Minutes since midnight; "9:00" and "9 o'clock" may be in the morning or the evening."""
    if match["named"]:
        minutes = {0 if match["named"] == "midnight" else 12 * 60}
    elif match["half"]:
        hour = int(match["hour"]) % 12 + (12 if match["half"] in "pP" else 0)
        minutes = {hour * 60 + int(match["minute"] or 0)}
    else:
        written = match["hour24"] or match["hour"]
        start = int(written) * 60 + int(match["minute24"] or match["minute"] or 0)
        ambiguous = 1 <= int(written) <= 12 and not written.startswith("0")
        minutes = {start, (start + 12 * 60) % (24 * 60)} if ambiguous else {start}
    return Value(Span(*match.span()), ValueKind.TIME, readings=frozenset(map(Decimal, minutes)))


def _quantity(match: re.Match[str]) -> Value:
    readings = {_in_words(match["words"])} if match["words"] else _readings(match["number"])
    unit = re.sub(r"\s+", " ", (match["unit"] or "").lower())
    sign = (match["sign"] or "").lower()
    power = match["scale"] or ("million" if sign and unit == "m" else "")
    scale = Decimal(10) ** _SCALES[power.lower()] if power else Decimal(1)
    kind, base, size = ValueKind.NUMBER, "", Decimal(1)
    if sign or unit in _CURRENCIES:
        kind, base = ValueKind.MONEY, _CURRENCIES[sign or unit]
    elif unit:
        kind, (base, size) = ValueKind.MEASURE, _measure(unit)
    places = len(match["number"].rpartition(".")[2]) if match["number"] and "." in match["number"] else 0
    # "1.2 million" and "7.5 km" are rounded; "8 euros" and "12 books" are not.
    rounded = power or (places and kind is not ValueKind.MONEY) or base == "percent"
    factor = scale * size
    return Value(
        Span(*match.span()),
        kind,
        base,
        frozenset(reading * factor for reading in readings),
        factor * Decimal(10) ** -places if rounded else Decimal(0),
    )


def _measure(unit: str) -> tuple[str, Decimal]:
    base, size = _UNITS[unit]
    return base, Decimal(size)


def _ordinal(match: re.Match[str]) -> Value:
    span = Span(*match.span())
    if match["times"]:
        number = 1 if match["times"].lower() == "once" else 2
        return Value(span, ValueKind.MEASURE, "time", frozenset({Decimal(number)}))
    number = int(match["digits"]) if match["digits"] else ORDINALS.index(match["word"].lower()) + 1
    return Value(span, ValueKind.ORDINAL, readings=frozenset({Decimal(number)}))


def _in_words(words: str) -> Decimal:
    """The number in words: "twenty-five" -> 25."""
    return sum((_WORDS[word] for word in re.split(r"[\s-]", words.lower())), Decimal(0))


def _readings(number: str) -> set[Decimal]:
    """What a number in digits may stand for: "1.200" is 1.2 or 1200, "7,50" is 7.5."""
    plain = re.sub(r"[\s\u00a0\u202f\u2009]", "", number)
    english = plain.replace(",", "")
    if re.fullmatch(r"\d{1,3}[.,]\d{3}", plain):
        return {Decimal(re.sub(r"[.,]", "", plain)), Decimal(plain.replace(",", "."))}
    if re.fullmatch(r"\d+,\d+", plain):
        return {Decimal(plain.replace(",", "."))}
    return {Decimal(english)}


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Value]], ...] = (
    (_DATE, _date),
    (_UNCLEAR, _unclear),
    (_CLOCK, _time),
    (_ORDINAL, _ordinal),
    (_QUANTITY, _quantity),
)
