"""Quotes and brackets: hidden from the segmenter, and paired so that what they enclose stays in one sentence."""

from __future__ import annotations

import re
from collections import Counter
from itertools import accumulate

# A longer quotation is read as running text: whole paragraphs are quoted in the news, and a mark that was forgotten
# pairs with one far away.
_MAX_PAIR_CHARS = 300

_BRACKETS = {")": "(", "]": "[", "}": "{", "›": "‹", "』": "『", "」": "「", "）": "（", "】": "【", "》": "《"}
# What each mark may close. German opens with „ and closes with “; it writes »text« where French writes « text ».
_CLOSES = {**_BRACKETS, '"': '"', "“": "„", "”": "“„”", "«": "»", "»": "«"}
_OPENS = frozenset(_BRACKETS.values()) | frozenset("„“«»")
OPENERS = _OPENS | frozenset("\"'‘‚")
_OPENS_BEFORE_A_WORD = frozenset('"”')
CLOSERS = frozenset(_CLOSES) | frozenset("’'")

# "[3]", "[4, 5]:24" or "[citation needed]" right behind a stop belongs to the sentence before it.
_CITATION_MARK = re.compile(r"(?<=[.!?)\]”\"])\[[^\[\]\n]{1,24}\](?::[\d:–-]{1,12})?")
_SPACED_CLOSER = re.compile(r"[ \u00a0\u202f][»)\]}](?=\s|$)")  # « as in French »
_ADDRESS = re.compile(r"(?:https?://|www\.)\S*\w")
_IN_WORD_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_HIDDEN = "".join(sorted({*_CLOSES, *_OPENS, *"'’‘`´ʻ‚"}))
_MARK_BEFORE_STOP = re.compile(f"(?<=\\w)[{re.escape(_HIDDEN)}](?=[.!?。])")
# Wide white space too: sentencex panics on a capital letter, a no-break space and a full stop, which would end the
# program, since the panic is no `Exception`.
_WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))
_SURROGATES = "".join(map(chr, range(0xD800, 0xE000)))  # sentencex takes only what UTF-8 can say
_HIDE = str.maketrans(dict.fromkeys(_HIDDEN + _WHITE_SPACE, " ") | dict.fromkeys(_SURROGATES, "x"))
# "Wait… What" is two sentences and "the … Government" is one.
_FINAL_ELLIPSIS = re.compile(r"(?<=\w)…(?=\s+[^\W\d_a-zß-öø-ÿ])")


def hide_marks(text: str) -> str:
    """The text, as long as it was, with every quote and bracket replaced by a character that joins and ends nothing."""
    text = _ADDRESS.sub(lambda found: "x" * len(found[0]), text)
    text = _CITATION_MARK.sub(lambda found: " " * len(found[0]), text)
    text = _IN_WORD_APOSTROPHE.sub("ʼ", text)  # a letter to the segmenter: "don't" stays a word
    text = _MARK_BEFORE_STOP.sub("x", text)  # 'said "no".' ends like 'said nox.'; after a space a dot ends nothing
    return _FINAL_ELLIPSIS.sub(".", text).translate(_HIDE)


def enclosed(text: str) -> list[bool]:
    """For each position 0..len(text), whether a cut there would part a pair of quotes or brackets.

    Marks without a partner, and pairs further apart than 300 characters, enclose nothing. Linear in the text.
    """
    steps = [0] * (len(text) + 1)
    for start, end in _pairs(text):
        if end - start <= _MAX_PAIR_CHARS:
            steps[start + 1] += 1
            steps[end + 1] -= 1
    return [depth > 0 for depth in accumulate(steps)]


def _pairs(text: str) -> list[tuple[int, int]]:
    """Positions of marks that belong together. What opens in between and never closes is skipped."""
    pairs: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    waiting: Counter[str] = Counter()
    for position, mark in enumerate(text):
        if mark not in _CLOSES and mark not in _OPENS:
            continue
        is_either = mark in _OPENS_BEFORE_A_WORD
        starts_a_word = is_either and _starts_a_word(text, position)
        partners = "" if mark == '"' and starts_a_word else _CLOSES.get(mark, "")
        if any(waiting[partner] for partner in partners):
            pairs.append((_pop(opened, waiting, partners), position))
        elif mark in _OPENS or starts_a_word:
            opened.append((mark, position))
            waiting[mark] += 1
    return pairs


def _pop(opened: list[tuple[str, int]], waiting: Counter[str], partners: str) -> int:
    """Take the open marks off until one of the partners; its position. One of them must be waiting."""
    while True:
        mark, position = opened.pop()
        waiting[mark] -= 1
        if mark in partners:
            return position


def _starts_a_word(text: str, position: int) -> bool:
    before, after = text[position - 1 : position], text[position + 1 : position + 2]
    return not after.isspace() and after != "" and (not before or before.isspace() or before in "([—–-")


def end_with_closers(text: str, end: int) -> int:
    """Where a sentence that ends at `end` ends with the quotes, brackets and citation marks attached to it.

    'He said "no."[3] Then' with the end behind "no." -> the position behind "[3]".
    """
    while end < len(text):
        mark = _CITATION_MARK.match(text, end) or _SPACED_CLOSER.match(text, end)
        if mark is None and text[end] not in CLOSERS:
            break
        end = mark.end() if mark else end + 1
    return end
