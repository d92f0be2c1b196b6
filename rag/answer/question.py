"""A question, checked and taken apart: its words, what kind of thing it asks for, the names and numbers in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from rag.answer.glossary import Alternative
from rag.errors import InvalidQuestion
from rag.text.language import language_of
from rag.text.words import content_words, name_stems


class Expects(StrEnum):
    """The kind of thing that would answer."""

    PERSON = "person"
    TIME = "time"
    PLACE = "place"
    AMOUNT = "amount"
    MONEY = "money"
    DURATION = "duration"
    REASON = "reason"
    MANNER = "manner"
    CHOICE = "yes or no"
    THING = "thing"


@dataclass(frozen=True, slots=True)
class Question:
    """A question ready for retrieval. `words` are its content words, folded, each once, in order."""

    text: str
    words: tuple[str, ...]
    stems: tuple[str, ...]  # of `words`, in the same order
    names: frozenset[str]  # stems of words written like a name, the first word of the question aside
    numbers: frozenset[str]
    expects: Expects
    alternatives: tuple[Alternative, ...] = ()  # words of it that the documents have others for, in order
    language: str = "en"  # by whose rules its words are compared; English where nothing tells another one

    @property
    def is_searchable(self) -> bool:
        """Whether anything in it can be looked for: false for marks, emoji and bare question words."""
        return bool(self.words)


_TIME_NOUNS = r"year|years|date|day|month|century|decade|time|season|era|weekday"
_PLACE_NOUNS = r"country|countries|city|cities|town|place|state|region|location|continent|island|river|building|county"
_PERSON_NOUNS = r"person|man|woman|people|author|president|king|queen|leader|actor|singer|scientist|official|politician"
_MONEY_NOUNS = r"cost|costs|price|pay|paid|money|worth|fee|fees|bid|offer|offered|dollars|euros|yen|budget|spend|spent"

_AMOUNT_NOUNS = r"percentage|percent|number|amount|proportion|share|fraction|rank|size|distance|population"
_AUXILIARIES = r"is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may|might"

# A question put as "Can you tell me when ...?" is not one of yes or no.
_ASKS_SOMEONE = r"you|we|anyone|anybody|someone|somebody|it (known|clear|said)"

# The first pattern that matches decides, so the narrow ones come first, and then what the question opens with: in
# "Who built the tower where the bell hangs?" the first word asks, the later one does not.
_EXPECTS: tuple[tuple[re.Pattern[str], Expects], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (rf"\bhow much\b.*\b({_MONEY_NOUNS})\b", Expects.MONEY),
        (r"\bhow much (money|did .* (pay|offer|bid|spend))\b|\bhow expensive\b", Expects.MONEY),
        (r"\b(what|which)\b.*\b(price|cost|fee|budget)\b", Expects.MONEY),
        (rf"^({_AUXILIARIES})\b(?! ({_ASKS_SOMEONE})\b)", Expects.CHOICE),
        (r"^when\b", Expects.TIME),
        (r"^where\b", Expects.PLACE),
        (r"^who(m|se)?\b", Expects.PERSON),
        (r"^why\b|^how come\b", Expects.REASON),
        (r"^how (is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must)\b", Expects.MANNER),
        (r"^what (do|does|did|happens|happened)\b", Expects.THING),
        (r"\bhow (long|old)\b(?! ago)", Expects.DURATION),
        (r"\bhow (many|much|large|big|tall|high|far|fast|deep|wide|often|heavy)\b", Expects.AMOUNT),
        (rf"\b(what|which) ((is|was|are|were) (the )?)?({_AMOUNT_NOUNS})\b", Expects.AMOUNT),
        (rf"\bwhen\b|\bhow long ago\b|\b(what|which) (\w+ )?({_TIME_NOUNS})\b", Expects.TIME),
        (rf"\bwhere\b|\b(what|which) (\w+ )?({_PLACE_NOUNS})\b", Expects.PLACE),
        (rf"\bwho(m|se)?\b|\b(what|which) (\w+ )?({_PERSON_NOUNS})\b", Expects.PERSON),
        (rf"\bwhat is the name of the ({_PERSON_NOUNS})\b", Expects.PERSON),
        (r"\bwhy\b|\bwhat (caused|led)\b|\bfor what (reason|purpose)\b", Expects.REASON),
        (r"\bwhat ((is|was|are|were) )?(the )?(reasons?|causes?|motive)\b", Expects.REASON),
        (r"\bhow\b", Expects.MANNER),
        (r"\b(what|which)\b", Expects.THING),
    )
)


def clean_question(text: str, *, max_chars: int) -> str:
    """`text` in NFC, with white space and control characters made single spaces.

    Raises InvalidQuestion when nothing is left, or it has over `max_chars` characters.
    """
    if len(text) > max_chars:
        raise InvalidQuestion(f"The question has {len(text):,} characters; at most {max_chars:,} are read. Shorten it.")
    cleaned = _clean(text)
    if not cleaned:
        raise InvalidQuestion("The question is empty. Type a question about the documents.")
    return cleaned


def analyse_question(text: str, *, max_chars: int) -> Question:
    """The question in `text`, cleaned and taken apart. Raises InvalidQuestion, as `clean_question` does."""
    return take_apart(clean_question(text, max_chars=max_chars))


def take_apart(cleaned: str) -> Question:
    """The question in a text that `clean_question` gave.

    One in which nothing can be searched for is not an error: it comes back with `is_searchable` false.
    """
    language = language_of(cleaned) or "en"
    words = dict(content_words(cleaned, language))
    return Question(
        text=cleaned,
        words=tuple(words),
        stems=tuple(words.values()),
        names=name_stems(cleaned, language),
        numbers=frozenset(word for word in words if word[0].isdigit()),
        expects=_expectation(cleaned),
        language=language,
    )


def _clean(text: str) -> str:
    """`text` without control, format and surrogate characters, white space made single spaces, in NFC."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text)
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def _expectation(text: str) -> Expects:
    """What kind of thing `text` asks for; THING when nothing tells."""
    lowered = text.casefold()
    return next((kind for pattern, kind in _EXPECTS if pattern.search(lowered)), Expects.THING)
