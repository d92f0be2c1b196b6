"""Sentences that go on although sentencex ends them: found wrong by trying, one rule each."""

from __future__ import annotations

import re

from rag.split.marks import CLOSERS, OPENERS

_REACH = 80  # characters looked at on either side; no rule needs more, and it keeps the whole linear

_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:approx|incl|excl|resp|tbsp|tsp|cu|inkl|exkl|zzgl|evtl|ggf|fa|dipl\.-ing)\.$", re.IGNORECASE
)
_ABBREVIATION_OF_NUMBER = re.compile(
    r"(?:^|[\s(\[])(?:vols?|eds?|figs?|nos|pp?|sect?s?|chs?|eqs?|refs?|tabs?|min|max|tel|ext|paras?)\.$", re.IGNORECASE
)
_COUNTER = re.compile(r"\s*(?:\d{1,3}|[a-zA-Z]|[ivx]{2,5})\.")
# "im 1. Quartal", "der 2. Weltkrieg"; "am 3. Er ging" ends a sentence.
_ORDINAL_AFTER_ARTICLE = re.compile(
    r"(?:^|\s)(?:der|die|das|dem|den|des|im|am|zum|zur|vom|beim|ins)\s+\d{1,2}\.$", re.IGNORECASE
)
_SENTENCE_OPENER_IN_GERMAN = re.compile(
    r"(?:Ich|Du|Er|Sie|Es|Wir|Ihr|Man|Der|Die|Das|Dem|Den|Ein|Eine|Dies\w*|In|Im|Am|An|Auf|Bei|Mit|Nach|Seit|Und|Aber"
    r"|Oder|Doch|Da|Dann|Danach|Dort|Nun|Jetzt|So|Als|Wenn|Wer|Was|Wie)\b"
)
_DAY_OR_ORDINAL = re.compile(r"(?:^|\s)\d{1,2}\.$")
_COUNTED_IN_GERMAN = re.compile(
    r"(?:Jahrhundert|Auflage|Kapitel|Geburtstag|Klasse|Stock|Etage|Platz|Tag|Mal|Lebensjahr)"
)
_SAYING = re.compile(
    r"(?:[A-Z][\w.'’-]*\s+){1,3}(?:said|says|asked|asks|told|replied|added|wrote|writes|answered|warned|noted)\b"
)


def goes_on(text: str, start: int, end: int, language: str) -> bool:
    """Whether the sentence that begins at `start` goes on behind `end`, where a stop mark stands."""
    before = text[max(start, end - _REACH) : end]
    after = text[end : end + _REACH]
    following = after.lstrip()
    if not following:
        return False
    if before[-1] in CLOSERS:
        return following[0].islower() or _is_attributed(text, start, following)
    return (
        _COUNTER.fullmatch(text, start, end) is not None
        or _ABBREVIATION.search(before) is not None
        or (following[0].isdigit() and _ABBREVIATION_OF_NUMBER.search(before) is not None)
        or (after == following and _is_name(before))
        or (language == "de" and _is_ordinal_in_german(before, following))
    )


def _is_attributed(text: str, start: int, following: str) -> bool:
    """Whether a sentence that is a quotation is followed by who said it, as in '"Will it rain?" Anna Berg asked'."""
    return text[start : start + _REACH].lstrip()[:1] in OPENERS and _SAYING.match(following) is not None


def _is_ordinal_in_german(before: str, following: str) -> bool:
    if _DAY_OR_ORDINAL.search(before) and _COUNTED_IN_GERMAN.match(following):
        return True
    return (
        _ORDINAL_AFTER_ARTICLE.search(before) is not None
        and following[0].isupper()
        and _SENTENCE_OPENER_IN_GERMAN.match(following) is None
    )


def _is_name(before: str) -> bool:
    """Whether a dot without a space behind it stands inside a name: "System.Text" or "docs/Read.Me", not "end.The"."""
    word = before.split()[-1]
    return word[0].isupper() or any(mark in word for mark in "/@_\\")
