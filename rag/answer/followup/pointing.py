"""Words that point to what was said before: "there", "that year", "do that", "the second one", "this article"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer.followup.context import has_name
from rag.answer.followup.discourse import Discourse
from rag.answer.followup.lexicon import AUXILIARIES, BE, DO, GOING, ORDINALS, PAST_FORMS, PREPOSITIONS
from rag.answer.followup.phrases import base_form, parts_of
from rag.answer.followup.tokens import Token, tokenise
from rag.text.words import is_function_word, stem

_ARTICLE = re.compile(
    r"\b(?:(?:about|of|in|from|on)\s)?(?:this (?:article|section|page|passage|text|document)|the article)\b"
    r"(?!'|\u2019|\s(?:about|of|on|by|that|which)\b)",
    re.IGNORECASE,
)
_THAT_TIME = re.compile(
    r"\b(?P<in>(?:in|during|at|of|by|since|after|before|until)\s)?(?:that|this) (?:year|season|time)\b", re.IGNORECASE
)
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_ORDINAL_ONE = re.compile(
    r"\b(?:the|that) (?:(first|second|third|fourth|fifth|last|1st|2nd|3rd) one|(former|latter))\b(?! of\b)",
    re.IGNORECASE,
)
_MAX_COMPLEMENT = 12


def replace_article(question: str, talk: Discourse) -> str:
    """What the article is about, in the place of "this article"."""
    found = _ARTICLE.search(question)
    if not found or not talk.focus or has_name(question[: found.start()]):
        return question
    word = found[0].split(" ", 1)[0].casefold()
    preposition = "" if word in ("this", "the") else "about "
    return f"{question[: found.start()]}{preposition}{talk.focus}{question[found.end() :]}"


def replace_ordinal(question: str, talk: Discourse) -> str:
    """The second of what was listed last, in the place of "the second one"."""
    found = _ORDINAL_ONE.search(question)
    if not found:
        return question
    place = ORDINALS[(found[1] or found[2]).casefold()]
    if not -len(talk.listed) <= place < len(talk.listed):
        return question
    return f"{question[: found.start()]}{talk.listed[place]}{question[found.end() :]}"


def replace_time(question: str, talk: Discourse) -> str:
    """The year that was spoken of last, in the place of "that year"."""
    found = _THAT_TIME.search(question)
    if not found or _YEAR.search(question):
        return question
    texts = (*talk.quotes, talk.question)
    year = next((years[-1] for text in texts if (years := _YEAR.findall(text))), None)
    if year is None or (found[0].casefold().startswith("this") and not found["in"]):
        return question
    return f"{question[: found.start()]}{found['in'] or 'in '}{year}{question[found.end() :]}"


def replace_place(question: str, talk: Discourse) -> str:
    """The place that was spoken of last, in the place of "there", unless that only opens a clause: "are there any"."""
    tokens = tokenise(question)
    for place, token in enumerate(tokens):
        if token.lower != "there":
            continue
        before = tokens[place - 1].lower if place else ""
        after = tokens[place + 1].lower if place + 1 < len(tokens) else ""
        ends = not after or not after[0].isalnum() or after in PREPOSITIONS
        asks_who = tokens[0].lower == "who" and before in BE and ends
        if not ends or not before or (before in AUXILIARIES and not asks_who) or after in BE or not talk.place:
            return question
        preposition = "" if before in PREPOSITIONS else ("to " if before in GOING else "in ")
        return f"{question[: token.start]}{preposition}{talk.place}{question[token.end :]}"
    return question


def replace_that(question: str, talk: Discourse) -> str:
    """What was proposed, in the place of "that" in "propose that"; what was done, in that of "do that".

    Only where the last question, or what was quoted to it, says it with the same verb; only the first one is looked at.
    """
    tokens = tokenise(question)
    for place, token in enumerate(tokens):
        if token.lower not in ("that", "this", "it", "so") or not place or _is_followed(tokens, place):
            continue
        verb = tokens[place - 1].lower
        if verb == "do":
            done = _done(talk)
            return f"{question[: tokens[place - 1].start]}{done}{question[token.end :]}" if done else question
        if verb in PREPOSITIONS or is_function_word(verb):
            continue
        said = _complement(verb, talk)
        if not said:
            return question
        keeps = f"{token.text} " if said.split(" ", 1)[0].casefold() in PREPOSITIONS - {"to"} else ""
        return f"{question[: token.start]}{keeps}{said}{question[token.end :]}"
    return question


def _is_followed(tokens: Sequence[Token], place: int) -> bool:
    """Whether more of the sentence than a mark or an adverbial follows: then "that" may begin a clause."""
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    return after is not None and after.is_word and after.lower not in PREPOSITIONS - {"about"}


def _done(talk: Discourse) -> str | None:
    """What the last question says was done: "Did the band sell its van?" -> "sell its van"."""
    parts = parts_of(talk.question)
    if parts and parts.asks_for_subject:
        verb, _, after = parts.predicate.partition(" ")
        base = verb if parts.auxiliary else base_form(verb)[0]
        return f"{base} {after}".strip() if base else None
    if parts and parts.subject and parts.predicate and parts.auxiliary.casefold() in DO:
        first = parts.asks.casefold().split(" ")[0]
        return parts.predicate if first in ("", "when", "where", "why", "how") else None
    return None


def _complement(verb: str, talk: Discourse) -> str | None:
    """What stands behind the same verb in the last question, or in what was quoted to it."""
    for text, tokens in talk.last_words:
        for place, token in enumerate(tokens[:-1]):
            if _is_same_verb(verb, token.lower):
                rest = tokens[place + 1 : place + 1 + _MAX_COMPLEMENT]
                end = next((i for i, t in enumerate(rest) if not t.is_word and t.text[0] not in "'\u2019-$"), len(rest))
                said = text[rest[0].start : rest[end - 1].end] if end else ""
                if said and not is_function_word(rest[end - 1].lower):
                    return said
    return None


def _is_same_verb(one: str, other: str) -> bool:
    return one in (other, PAST_FORMS.get(other)) or (len(one) > 3 and stem(one) == stem(other))
