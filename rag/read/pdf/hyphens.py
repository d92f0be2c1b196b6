"""Lines to running text: a word that was split at the end of a line is put together again."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_HYPHENS = "-\u2010\u00ad"
_WORD = re.compile(r"[^\W_]+(?:[-\u2010’'][^\W_]+)*")
_HEAD = re.compile(rf"[^\W_]+(?:[-\u2010][^\W_]+)*(?=[{_HYPHENS}]$)")
_TAIL = re.compile(r"[^\W_]+(?:[-\u2010][^\W_]+)*")


def count_words(lines: Iterable[str]) -> Counter[str]:
    """How often each word stands whole on a line, in lower case; what a hyphen splits at a line end is left out."""
    words: Counter[str] = Counter()
    for line in lines:
        line = line.replace("\u00ad", "").replace("\u2010", "-")
        found = [word[0].lower() for word in _WORD.finditer(line)]
        words.update(found[:-1] if line.endswith("-") else found)
    return words


def join_lines(lines: Sequence[str], words: Counter[str]) -> str:
    """The lines as one, with single spaces; `words` are those of the document, as `count_words` gives them.

    "informa-", "tion" -> "information"; "well-", "known" -> "well-known" where that stands elsewhere.
    """
    text = ""
    for line in lines:
        line = " ".join(line.split())
        if not text or not line:
            text += line
            continue
        text = _joined(text, line, words)
    return text


def _joined(text: str, line: str, words: Counter[str]) -> str:
    head, tail = _HEAD.search(text, max(0, len(text) - 60)), _TAIL.match(line)
    if head is None or tail is None:
        if _has_no_spaces(text[-1]) and _has_no_spaces(line[0]):
            return text + line
        # "text -" and "a dash --" end with no split word; "2-" before a bracket does.
        return text + line if text[-1] == "\u00ad" else f"{text} {line}"
    if text[-1] == "\u00ad":
        return text[:-1] + line
    whole = words[(head[0] + tail[0]).lower()]
    parted = words[f"{head[0]}-{tail[0]}".lower()]
    if head[0][-1].isdigit() or tail[0][0].isdigit():
        is_one_word = False
    elif whole != parted:
        is_one_word = whole > parted
    else:
        is_one_word = tail[0][0].islower()
    return text[:-1] + line if is_one_word else text + line


def _has_no_spaces(character: str) -> bool:
    """Whether it is written in Chinese or Japanese, where a line may end inside a word."""
    is_korean = "\uac00" <= character <= "\ud7a3"
    return unicodedata.east_asian_width(character) in "WF" and not is_korean
