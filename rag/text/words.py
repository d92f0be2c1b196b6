"""Text to comparable words: folded, stemmed, with the function words told apart."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from threading import Lock

import snowballstemmer

# A number with its separators is one word: "903.9" must not match "9".
_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_LETTER = re.compile(r"[A-Za-z]")

# Texts whose stems are remembered, and how long they may be: some 2 MB of usual sentences, 10 at most.
_REMEMBERED = 4096
_LONGEST_REMEMBERED = 1000

_LATIN = frozenset({"LATIN"})

# Words that say how a sentence is built, not what it is about; question words are here too.
_FUNCTION_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being below between both
    but by can could did do does doing done down during each few for from further get had has have having he her here
    hers herself him himself his how i if in into is it its itself just many may me might more most much must my myself
    no nor not of off on once only or other ought our ours ourselves out over own same shall she should so some such
    than that the their theirs them themselves then there these they this those through to too under until up us very
    was we were what whatever when where which while who whom whose why will with would you your yours yourself
    yourselves s t d ll m re ve tell please name called many
    """.split()  # noqa: SIM905 - a list of a hundred and sixty quoted words is not easier to read
)


def plain_words(text: str) -> list[str]:
    """The words of `text` in order, in lower case and without accents.

    "Émile's 903.9 yen" -> ["emile", "s", "903.9", "yen"]
    """
    return _WORD.findall(fold(text))


def placed_words(text: str) -> list[tuple[str, int, int]]:
    """The same words, each with the offsets in `text` at which it begins and ends.

    "Émile's" -> [("emile", 0, 5), ("s", 6, 7)]
    """
    return [(word, m.start(), m.end()) for m in _WORD.finditer(text) for word in plain_words(m.group())]


def fold(text: str) -> str:
    """`text` case-folded and stripped of combining marks: what should compare as equal does."""
    if text.isascii():  # nothing to take apart or off: most text, and ten times faster
        return text.lower()
    return _BEYOND_ASCII.sub(_without_marks, unicodedata.normalize("NFKD", text)).casefold()


def _without_marks(match: re.Match[str]) -> str:
    return "".join(c for c in match.group() if not unicodedata.combining(c))


def scripts_of(text: str) -> frozenset[str]:
    """The scripts that the letters of `text` belong to, as Unicode names them.

    "2009: Δέλτα" -> {"GREEK"}
    """
    if text.isascii():
        return _LATIN if _LETTER.search(text) else frozenset()
    return frozenset(_script(c) for c in set(unicodedata.normalize("NFKC", text)) if c.isalpha())


@lru_cache(maxsize=10_000)
def _script(letter: str) -> str:
    """The first word of the letter's name: its script, or for the few without one something of their own."""
    return unicodedata.name(letter, letter).split()[0]


def is_function_word(word: str) -> bool:
    """Whether a folded word carries no content of its own."""
    return word in _FUNCTION_WORDS


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The Porter stem of a folded word, the same one the full-text index uses. "announced" -> "announc"."""
    with _STEMMING:
        return str(_stemmer().stemWord(word))


# A stemmer holds the word that it works on: two threads in it at once get wrong stems, which would then be remembered.
_STEMMING = Lock()


@lru_cache(maxsize=1)
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("porter")


def name_stems(text: str) -> frozenset[str]:
    """The stems of what is written like a name: words with a capital in front, the first of the text aside."""
    found = re.findall(r"\b[^\W\d_][\w\u2019'.-]*", text)
    return frozenset(stem for name in found[1:] if name[0].isupper() for stem in content_stems(name))


def content_stems(text: str) -> tuple[str, ...]:
    """The stems of the words of `text` that carry content, in order, repeats included."""
    return _remembered_stems(text) if len(text) <= _LONGEST_REMEMBERED else _content_stems(text)


def _content_stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in plain_words(text) if word not in _FUNCTION_WORDS)


# One question asks for the stems of a sentence many times, and the next question often for the same.
_remembered_stems = lru_cache(maxsize=_REMEMBERED)(_content_stems)
