"""Text to comparable words: folded, stemmed, with the function words told apart.

English is stemmed as the full-text index does; German, Dutch, French, Italian, Spanish and Polish by Snowball's rules
for each, before accents are taken off. Chinese and Japanese write no spaces: their words are pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from threading import Lock

import snowballstemmer

from rag.text.stop_words import CHINESE_PAIRS, STOP_WORDS

# A number with its separators is one word: "903.9" must not match "9".
_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+")
# Chinese characters and kana, a run at a time.
IDEOGRAPHS = re.compile(r"[\u3005\u3041-\u3096\u3099-\u309f\u30a1-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_HIRAGANA = re.compile(r"[\u3041-\u309f]+")  # what joins words in Japanese
_DIVIDED = frozenset({"ja", "zh"})
_SNOWBALL = {"de": "german", "es": "spanish", "fr": "french", "it": "italian", "nl": "dutch", "pl": "polish"}
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


def name_stems(text: str, language: str = "en") -> frozenset[str]:
    """The stems of what is written like a name: words with a capital in front, the first of the text aside."""
    found = re.findall(r"\b[^\W\d_][\w\u2019'.-]*", text)
    return frozenset(stem for name in found[1:] if name[0].isupper() for stem in content_stems(name, language))


def content_stems(text: str, language: str = "en") -> tuple[str, ...]:
    """The stems of the words of `text` that carry content in that language, in order, repeats included."""
    return _remembered_stems(text, language) if len(text) <= _LONGEST_REMEMBERED else _content_stems(text, language)


def _content_stems(text: str, language: str) -> tuple[str, ...]:
    if language == "en":
        return tuple(stem(word) for word in plain_words(text) if word not in _FUNCTION_WORDS)
    return tuple(stem for _, stem in content_words(text, language))


# One question asks for the stems of a sentence many times, and the next question often for the same.
_remembered_stems = lru_cache(maxsize=_REMEMBERED)(_content_stems)


def content_words(text: str, language: str = "en") -> list[tuple[str, str]]:
    """The words of `text` that carry content in that language, folded, each with its stem, in order.

    "Die Häuser stehen", "de" -> [("hauser", "haus"), ("stehen", "steh")]
    """
    if language == "en":
        return [(word, stem(word)) for word in plain_words(text) if word not in _FUNCTION_WORDS]
    stops = _folded_stop_words(language)
    return [
        (word, found)
        for word, found in _words_in(text, language)
        if word not in stops and not _HIRAGANA.fullmatch(word)
    ]


def index_stems(text: str, language: str) -> list[str]:
    """The stems of all words of a text in a language other than English, in order, repeats included."""
    return [found for _, found in _words_in(text, language)]


def _words_in(text: str, language: str) -> list[tuple[str, str]]:
    """All words of a text in a language other than English, folded, each with its stem."""
    if language in _DIVIDED:
        return [(word, word) for run in plain_words(text) for word in _pairs_of(run)]
    composed = unicodedata.normalize("NFKC", text).lower()
    return [(fold(word), stem_in(language, word)) for word in _WORD.findall(composed)]


def _pairs_of(run: str) -> list[str]:
    """The neighbouring pairs of ideographs in a word, and what stands between them.

    "usb\u8a18\u61b6\u4f53" -> ["usb", "\u8a18\u61b6", "\u61b6\u4f53"]
    """
    found: list[str] = []
    place = 0
    for match in IDEOGRAPHS.finditer(run):
        found += [run[place : match.start()]] if match.start() > place else []
        found += [match[0][i : i + 2] for i in range(max(1, len(match[0]) - 1))]
        place = match.end()
    return [*found, run[place:]] if place < len(run) else found


@lru_cache(maxsize=8)
def _folded_stop_words(language: str) -> frozenset[str]:
    return CHINESE_PAIRS if language in _DIVIDED else frozenset(map(fold, STOP_WORDS[language]))


@lru_cache(maxsize=100_000)
def stem_in(language: str, word: str) -> str:
    """The stem of a word, in lower case and with its accents, by the rules of a language; folded.

    A word of a language without rules is its own stem.
    """
    if language == "en":
        return stem(fold(word))
    if language not in _SNOWBALL:
        return fold(word)
    with _STEMMING:
        return fold(str(_stemmer_of(language).stemWord(word)))


@lru_cache(maxsize=len(_SNOWBALL))
def _stemmer_of(language: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(_SNOWBALL[language])
