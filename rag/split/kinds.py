"""The kinds of sentences. A heading, a leftover, a question, or a line that only says who made a picture is not quoted.

Of 9,859 answers that people marked in the documents of offices and firms, two were questions, both items of a list.
"""

from __future__ import annotations

import re

from rag.records import BlockKind, SentenceKind

# Scripts without spaces between words: there each character counts as one.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['’ʼ-][^\W_]+)*")
_MIN_WORDS = 2
_RUNNING_TEXT = (BlockKind.PARAGRAPH, BlockKind.BOLD_HEADING)
_MAX_CREDIT_CHARS = 160
# In the scripts that have a mark of their own, too. Behind a closing quotation mark it is somebody's who is quoted.
_ASKS = ("?", "？", "؟", "?)", "?*", "?**", "?_")

_CONNECTORS = frozenset(
    [
        "and",
        "by",
        "de",
        "del",
        "der",
        "di",
        "du",
        "for",
        "from",
        "la",
        "le",
        "of",
        "on",
        "the",
        "und",
        "van",
        "via",
        "von",
    ]
)
# A line in bold with one of these tells what to do or not to do, in the languages whose documents are cut by rules of
# their own; another one only names what follows. Of 174 questions to manuals with such lines for headings five had one
# that only names something for the best sentence.
_ORDERS = frozenset(
    [
        *("not", "no", "never", "don't", "do", "must", "only", "always", "cannot", "can't", "keep", "please", "stop"),
        *("nicht", "nie", "niemals", "kein", "keine", "muss", "müssen", "nur", "immer", "bitte", "verboten"),
        *("niet", "nooit", "geen", "moet", "moeten", "alleen", "altijd", "verboden"),
        *("ne", "pas", "jamais", "doit", "doivent", "uniquement", "toujours", "interdit", "défense", "aucun", "aucune"),
        *("nunca", "debe", "deben", "sólo", "solo", "siempre", "prohibido", "prohibida"),
        *("non", "mai", "deve", "devono", "sempre", "vietato", "vietata"),
        *("nie", "nigdy", "musi", "muszą", "tylko", "zawsze", "zakaz", "zabronione"),
    ]
)
_LATIN = re.compile("[A-Za-zÀ-ɏ]")
_RIGHTS = re.compile(
    r"(?:©|\(c\)|copyright\b)\W*(?:copyright|©|\(c\)|\d{4}|by\b)|©|all rights reserved\W*$", re.IGNORECASE
)
_MAKER = re.compile(
    r"\W*(?:(?:cover|file|stock)\s+)?"
    r"(?:photo(?:graph)?s?|images?|pictures?|illustrations?|graphics?|videos?|artwork|fotos?|bild(?:er)?|grafik|credits?)"
    r"(?:\s+(?:illustration|credits?|courtesy))?(?:\s*[:©/|]|\s+(?:by|courtesy of|von|via)\b)\s*(?P<names>.+)",
    re.IGNORECASE,
)
_COURTESY = re.compile(r"\W*courtesy\s*(?:of\b|:)\s*(?P<names>.+)", re.IGNORECASE)
_DESK = re.compile(r"\W*(?:additional\s+)?(?:reporting|writing|editing)\s+by\s+(?P<names>.+)", re.IGNORECASE)
_BYLINE = re.compile(r"(?:by|von)\s+(?P<names>\S+\s+\S+.*)", re.IGNORECASE)
# "Fees and fines . . . . . . 12", "Preface ........ iv", "Annex……3". Matched from behind, so in linear time.
_LEADS_TO_PAGE = re.compile(r"(?:(?:\.[ \u00a0]?){4}|…[ \u00a0]?…)[ \u00a0;]{0,3}(?:\d{1,4}|[ivxlc]{1,7})\W{0,3}$")


def kind_of(text: str, block: BlockKind, *, previous: str, is_whole_block: bool) -> SentenceKind:
    """The kind of a sentence in a block of the given kind; `previous` is the sentence before it, "" for none.

    A heading in bold is one where it tells no one what to do; a warning ("No smoking in the dome") is a STATEMENT.
    What asks in running text is a QUESTION; an item of a list that asks may be one to go through, and is none. Code is
    a FRAGMENT. So is what has fewer than two words, in running text only repeats the last words of the sentence before,
    or stands in a table of contents: dots lead to the number of a page. "It rained." is a STATEMENT.
    """
    words = _words(text)
    if block is BlockKind.HEADING:
        return SentenceKind.HEADING
    if block is BlockKind.CODE or len(words) < _MIN_WORDS or _LEADS_TO_PAGE.search(text):
        return SentenceKind.FRAGMENT
    if block is not BlockKind.TABLE_ROW and _is_credit(text, is_whole_block=is_whole_block):
        return SentenceKind.CREDIT
    if block in _RUNNING_TEXT and words == _words(previous)[-len(words) :]:
        return SentenceKind.FRAGMENT
    if block in _RUNNING_TEXT and text.endswith(_ASKS):
        return SentenceKind.QUESTION
    if block is BlockKind.BOLD_HEADING and _LATIN.search(text) and _ORDERS.isdisjoint(words):
        return SentenceKind.HEADING
    return SentenceKind.STATEMENT


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _is_credit(text: str, *, is_whole_block: bool) -> bool:
    """Whether a line only names who made or owns something: in doubt it does not.

    "Photo: Jane Roe/Agency", "© 2023 Example", "Jane Roe | Agency | Picture House"; alone in its block also
    "By Jane Roe", "Jane Roe/Agency" and "Jane Roe via Agency". Not: "Photo by photo the story is told."
    """
    if len(text) > _MAX_CREDIT_CHARS:
        return False
    if _RIGHTS.match(text):
        return True
    for label in (_MAKER, _COURTESY, _DESK):
        if found := label.match(text):
            return _are_names(found["names"])
    if text[-1] in ".!?":
        return False
    parts = [part.strip() for part in text.split("|")]
    if len(parts) > 1:
        return all(_are_names(part) for part in parts)
    if not is_whole_block:
        return False
    if found := _BYLINE.match(text):
        return _are_names(found["names"])
    maker, _, agency = text.partition("/" if "/" in text else " via ")
    return " " in maker.strip() and bool(agency) and _are_names(maker) and _are_names(agency)


def _are_names(text: str) -> bool:
    """Whether all words are names, figures, or small words between names: "Jane Roe of the Picture House"."""
    words = [word for word in _WORD.findall(text) if word.lower() not in _CONNECTORS]
    return any(word[0].isupper() for word in words) and all(word[0].isupper() or word.isdigit() for word in words)
