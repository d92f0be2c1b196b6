"""Puts in what a question leaves out: "the band" of which city, "any awards" of whom."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.followup.discourse import Discourse
from rag.answer.followup.lexicon import (
    ADDING,
    ADVERBS,
    AUXILIARIES,
    GROUP_NOUNS,
    NOW,
    PREPOSITIONS,
    QUESTION_WORDS,
    ROLE_NOUNS,
    VERBS,
    WORK_NOUNS,
)
from rag.answer.followup.mentions import name_spans
from rag.answer.followup.pronouns import free_pronouns
from rag.answer.followup.tokens import Token, tokenise
from rag.text.words import is_function_word, plain_words, stem

# A longer question says enough by itself.
_MAX_WORDS = 25
_FEW = 5


def name_the_band(question: str, talk: Discourse) -> str:
    """The name of the band, the album, ... that was spoken of put behind "the band", where it is known."""
    tokens = tokenise(question)
    for place, token in enumerate(tokens[1:], start=1):
        if tokens[place - 1].lower not in ("the", "this", "that") or token.lower not in GROUP_NOUNS | WORK_NOUNS:
            continue
        if _is_qualified(tokens, place):
            continue
        name = talk.called(token.lower)
        if name and name.casefold() not in question.casefold():
            start = tokens[place - 1].start
            article = "The" if start == 0 else "the"
            return f"{question[:start]}{article} {token.text} {name}{question[token.end :]}"
    return question


def _is_qualified(tokens: Sequence[Token], place: int) -> bool:
    """Whether what follows the noun says which one is meant: "the band of his brother", "the band Ice"."""
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if after is None or not (after.is_word or after.lower == "'s"):
        return False
    return after.lower in ("of", "that", "who", "which", "whose", "called", "named") or after.is_capital


def add_context(question: str, talk: Discourse) -> str:
    """`question` with what it is about in parentheses, where it names nothing and leans on what was said."""
    if not talk.focus or has_name(question) or "(" in question or not _leans(question, talk):
        return question
    focus = talk.focus
    own = set(plain_words(question))
    if any(word in own for word in plain_words(focus) if not is_function_word(word)):
        return question
    bare = question.rstrip(" ?!.")
    return f"{bare} ({focus}){question[len(bare) :].strip() or '?'}" if bare else question


def has_name(question: str) -> bool:
    """Whether a question names somebody or something, a capital at its beginning aside."""
    return any(True for _ in name_spans(f"So {question[:1].lower()}{question[1:]}")) or any(
        token.text.isupper() and len(token.text) > 1 for token in tokenise(question)[:1]
    )


def _leans(question: str, talk: Discourse) -> bool:
    """Whether `question` needs something said before."""
    tokens = tokenise(question)
    words = [token.lower for token in tokens if token.is_word]
    if not words or len(words) > _MAX_WORDS:
        return False
    nouns = [_is_known_noun(tokens, place, talk) for place in range(1, len(tokens)) if tokens[place - 1].lower == "the"]
    return (
        any(nouns)
        or any(_is_demonstrative(tokens, place) for place in range(len(tokens)))
        or bool(free_pronouns(question, tokens))
        or (bool(ADDING & set(words)) and not nouns)
        or (words[0] in ("any", "anything") and len(words) <= _FEW)
        or (words[:2] == ["what", "happened"] and (not words[2:] or words[2] in ADVERBS | PREPOSITIONS))
        or (words[0] in QUESTION_WORDS and all(is_function_word(word) for word in words))
    )


def _is_demonstrative(tokens: Sequence[Token], place: int) -> bool:
    """Whether "this" or "that" at `place` points back: not "this year", not "say that he", not "a man that"."""
    word = tokens[place].lower
    if word not in ("this", "that", "these", "those"):
        return False
    before = tokens[place - 1].lower if place else ""
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if after is None or not after.is_word:
        return True
    if word in ("this", "these") and (after.lower in NOW or after.lower == "days"):
        return False
    if after.lower in AUXILIARIES:
        return not before or before in QUESTION_WORDS or before in AUXILIARIES
    if word == "that":
        return before in AUXILIARIES | PREPOSITIONS or after.lower in PREPOSITIONS
    return True


def _is_known_noun(tokens: Sequence[Token], place: int, talk: Discourse) -> bool:
    """Whether a "the" before `place` points to a noun that was spoken of: "the committee", but not "the end of it"."""
    if not tokens[place].is_word:
        return False
    end = place
    while end + 1 < len(tokens) and end - place < 2 and _continues(tokens[end + 1]):
        end += 1
    after = tokens[end + 1].lower if end + 1 < len(tokens) else ""
    if after in ("of", "that", "who", "which", "for", "between", "called", "named", "with"):
        return False
    if talk.topic and tokens[end].lower in ROLE_NOUNS and end == place:
        return True
    return any(stem(token.lower) in talk.stems for token in tokens[place : end + 1])


def _continues(token: Token) -> bool:
    """Whether a word may be part of the noun phrase before it."""
    return token.is_word and not is_function_word(token.lower) and token.lower not in VERBS
