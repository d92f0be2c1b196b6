"""Which language a text is in, told by its stop words and its script: small, and the same for the same text.

It knows the languages that have stop words here, Chinese and Japanese; anything else, and what is too short to tell, is
none. English is never given up lightly: another language needs two of its own words, and more of them than English has.
Words that English texts have too, as "die" or "come", count only where there are more of them than of English.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

from rag.text.stop_words import ALSO_ENGLISH, ENGLISH_ONLY, STOP_WORDS
from rag.text.words import IDEOGRAPHS, fold, is_function_word, plain_words

# Characters that are looked at: some 3,000 words.
_LOOKED_AT = 20_000
# Different words of a language that a text must have; of those that English texts have too, as in names, one more.
_LEAST_DIFFERENT = 2
# The share of all words that they are, at least: in running text it is three times as high.
_LEAST_SHARE = 0.08
# The share of all characters that are ideographs or kana, at least, and of those that are kana.
_LEAST_IDEOGRAPHS = 0.2
_LEAST_KANA = 0.05

_ALL = {"en": ENGLISH_ONLY, **{language: frozenset(map(fold, words)) for language, words in STOP_WORDS.items()}}
_TELLING = {language: words if language == "en" else words - ALSO_ENGLISH for language, words in _ALL.items()}
_KNOWN = frozenset().union(*_ALL.values())
# A question mark on its head is as good as a word.
_SPANISH_MARKS = re.compile("[\u00a1\u00bf]")


def language_of(text: str) -> str | None:
    """The language of a text (ISO 639-1): de, en, es, fr, it, ja, nl, pl or zh; None where it cannot be told.

    "Wo liegt der Schlüssel?" -> "de"; "Rio de Janeiro" -> None
    """
    text = text[:_LOOKED_AT]
    if not text.isascii() and (by_script := _by_script(text)):
        return by_script
    found = [*plain_words(text), *("como" for _ in _SPANISH_MARKS.finditer(text))]
    words = Counter(word for word in found if word in _KNOWN)
    least = max(1, math.ceil(_LEAST_SHARE * len(found)))
    language, count = _most_held(words, _TELLING, _LEAST_DIFFERENT)
    if count >= least:
        return language
    language, count = _most_held(words, _ALL, _LEAST_DIFFERENT + 1)
    english = sum(is_function_word(word) for word in found)
    return language if count >= least and count > english else None


def _most_held(words: Counter[str], telling: Mapping[str, frozenset[str]], least: int) -> tuple[str, int]:
    """The language that most of the words are of, and how many: 0 where none has `least` different ones.

    The first one keeps a tie.
    """
    counts = dict.fromkeys(telling, 0)
    for language, known in telling.items():
        held = words.keys() & known
        counts[language] = sum(map(words.__getitem__, held)) if len(held) >= least else 0
    best = max(counts, key=counts.__getitem__)
    return best, counts[best]


def _by_script(text: str) -> str | None:
    """Japanese or Chinese for a text with enough of their characters."""
    ideographs = IDEOGRAPHS.findall(text)
    total = sum(map(len, ideographs))
    if not total or total < _LEAST_IDEOGRAPHS * sum(not c.isspace() for c in text):
        return None
    kana = sum("\u3040" <= c <= "\u30ff" for run in ideographs for c in run)
    return "ja" if kana >= _LEAST_KANA * total else "zh"
