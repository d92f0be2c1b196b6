"""The words of a sentence that could answer: dates for "when", names for "who", reasons for "why".

Patterns, no model: they read English, and say nothing (an empty list) where they know no pattern. All of them run in
linear time on any text.
"""

from __future__ import annotations

import re

from rag.answer.question import Expects, Question
from rag.records import Span
from rag.text.english import MONTHS, ORDINALS, SMALL_NUMBERS, TENS
from rag.text.words import content_stems

_MONTHS = (
    rf"(?:{'|'.join(MONTHS)}"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)"
)
_DAYS = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?"
_NUMBER_WORDS = (
    rf"(?:{'|'.join((*SMALL_NUMBERS[1:], *TENS))}"
    r"|hundreds?|thousands?|millions?"
    r"|billions?|trillions?|dozens?|half|once|twice|quarter|thirds?)"
)
# Begins where a number begins and gives nothing back, or "1,1,1,..." would take time that grows with its square.
_NUMBER = r"(?<!\d)(?<!\d[.,])\d+(?:[.,]\d+)*+"
_SCALE = r"(?:\s(?:hundred|thousand|million|billion|trillion))?"
_UNIT_OF_TIME = r"(?:second|minute|hour|day|night|week|month|year|decade|century|centurie)s?"
_CURRENCY = (
    r"(?:US\s)?(?:dollars?|euros?|yen|pounds?|francs?|yuan|won|rupees?|cents?|pence|kronor|krone[rn]?|USD|EUR|GBP|JPY)"
)
# Word characters, and marks between them: the full stop that ends a sentence is not part of its last name.
_NAME_WORD = (
    r"(?:(?:[A-Z]\.)+|(?:Mrs?|Ms|Dr|Prof|St|Gen|Gov|Sen|Rep)\."
    r"|[A-Z\u00c0-\u00d6\u00d8-\u00de](?:\w|[\u2019'.-](?=\w))*)"
)
_NAME = rf"\b{_NAME_WORD}(?:\s(?:(?:of|the|de|von|van|der|la|al|bin|and)\s){{0,2}}{_NAME_WORD})*"

_DAY_OF_MONTH = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = rf"(?:{_DAY_OF_MONTH}\s(?:of\s)?)?{_MONTHS}(?:\s{_DAY_OF_MONTH})?(?:,?\s\d{{4}})?"
_ORDINALS = (
    rf"(?:{'|'.join(ORDINALS)}"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|twenty-first|\d{1,2}(?:st|nd|rd|th))"
)
_TIME = re.compile(
    rf"\b(?:\d{{1,2}}(?::\d{{2}})?\s?[ap]\.m\.|(?:{_DAYS}(?:,?\s{_DATE})?|{_DATE}"
    rf"|(?:(?:early|mid|late)[\s-])?(?:the\s)?(?:1\d{{3}}|20\d{{2}})s?|{_ORDINALS}[\s-]century|\d{{1,4}}\s(?:BC|AD|BCE|CE)"
    rf"|(?:last|next|this|earlier|previous|following)\s(?:week|month|year|decade|century|night|spring|summer|autumn|winter|{_DAYS})"
    rf"|yesterday|today|tomorrow|tonight|\d{{1,2}}(?::\d{{2}})?\s?[ap]m"
    rf"|(?:{_NUMBER}|{_NUMBER_WORDS})\s{_UNIT_OF_TIME}\s(?:ago|earlier|later|before|after))\b)"
)
_AMOUNT = re.compile(
    rf"{_NUMBER}{_SCALE}(?:\s?(?:%|percent|per\scent))?|\b{_NUMBER_WORDS}(?:[\s-]{_NUMBER_WORDS})*\b", re.IGNORECASE
)
_MONEY = re.compile(
    rf"(?:\bUS)?[$€£¥]\s?{_NUMBER}(?:\s?(?:thousand|million|billion|trillion|m|bn)\b)?|\b{_NUMBER}{_SCALE}\s{_CURRENCY}\b"
    rf"|\b{_NUMBER_WORDS}(?:\s{_NUMBER_WORDS})?\s{_CURRENCY}\b",
    re.IGNORECASE,
)
_DURATION = re.compile(
    rf"\b(?:{_NUMBER}|{_NUMBER_WORDS}|a|an|several|few|many)(?:\s|-){_UNIT_OF_TIME}\b|\b\d{{4}}\s?(?:-|\u2013|to)\s?\d{{4}}\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|due\sto|owing\sto|thanks\sto|in\sorder\sto|so\sthat|so\sas\sto|as\sa\s(?:result|consequence)|therefore"
    r"|since|in\sresponse\sto|for\sthe\ssake|the\sreason|on\s(?:the\s)?grounds|aim(?:s|ed|ing)?\s(?:to|at)"
    r"|cause[sd]?|led\sto|leads?\sto|resulted|to\s(?:avoid|prevent|reduce|protect|ensure|make|help|allow|keep|gain|increase"
    r"|improve|strengthen|support|cut|stop|give|provide|limit))\b",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r"\b(?:by|through|via|using|with|without)\s(?:means\sof\s)?\w+|\b\w{3,}ly\b|\bmethods?\b|\bprocess\b", re.IGNORECASE
)
_PERSON = re.compile(_NAME)
_PLACE = re.compile(rf"\b(?i:in|at|near|from|to|into|across|outside|inside|around|of|on|off)\s(?:the\s)?({_NAME})")

_PATTERNS = {
    Expects.TIME: _TIME,
    Expects.AMOUNT: _AMOUNT,
    Expects.MONEY: _MONEY,
    Expects.DURATION: _DURATION,
    Expects.REASON: _REASON,
    Expects.MANNER: _MANNER,
    Expects.PERSON: _PERSON,
    Expects.PLACE: _PLACE,
}


def find_candidates(question: Question, sentence: str) -> list[Span]:
    """Spans of `sentence` that are of the kind the question expects and say something the question does not.

    In text order. Empty when there is none, or when the question expects a kind without a pattern (a thing, yes or no):
    `has_pattern` tells the two apart.
    """
    pattern = _PATTERNS.get(question.expects)
    if pattern is None:
        return []
    group = 1 if question.expects is Expects.PLACE else 0
    spans = [Span(*match.span(group)) for match in pattern.finditer(sentence) if match.group(group)]
    if question.expects in (Expects.REASON, Expects.MANNER):
        return spans  # the cue itself; what follows it is the answer
    return [span for span in spans if _says_something_new(span.of(sentence), question)]


def has_pattern(question: Question) -> bool:
    """Whether there is a pattern for what the question expects."""
    return question.expects in _PATTERNS


def _says_something_new(words: str, question: Question) -> bool:
    """Whether `words` hold a content word that the question does not.

    "It" or "The" at the beginning of a sentence is written like a name and is none; "May" and "once" are an answer.
    """
    stems = set(content_stems(words, question.language))
    if not stems:
        return question.expects not in (Expects.PERSON, Expects.PLACE)
    return not stems <= set(question.stems)
