"""Questions that leave most of the last one out: "why?", "and in South Korea?", "what about the second one?"."""

from __future__ import annotations

import re

from rag.answer.followup.discourse import Discourse
from rag.answer.followup.lexicon import (
    AUXILIARIES,
    DETERMINERS,
    DO,
    ORDINALS,
    PREPOSITIONS,
    PRONOUNS,
    QUESTION_WORDS,
    VERBS,
)
from rag.answer.followup.mentions import name_spans
from rag.answer.followup.phrases import QuestionParts, base_form, find_phrases, parts_of, subject_of
from rag.answer.followup.tokens import tokenise
from rag.text.words import stem

_OPENING = re.compile(r"^(?:(?:and|but|so|ok|okay|yes|no|well|also|then)\b[\s,]*)+", re.IGNORECASE)
_ASK = re.compile(
    r"(?:(?:since|until|with|by|for|to|from|in|at|on|of)\s)?"
    r"(?:why(?: not)?|when|where|how|whom?|how (?:long|often|far|come|so|exactly)|(?:how|for how) (?:much|many)"
    r"|(?:what|which) (?:way|year|day|month|reason|purpose|price|city|country|place))"
    r"(?:\s(?:exactly|so|then|(?:is|was) (?:that|this)|did (?:that|this|it) happen))?",
    re.IGNORECASE,
)
_TAIL = re.compile(r"\s(?:exactly|so|then|(?:is|was) (?:that|this)|did (?:that|this|it) happen)$", re.IGNORECASE)
_ELSE = re.compile(r"(who|what|where|when|why|how|any(?:one|body)|any(?:thing|where)) else", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:(?:and|but|so|ok|okay)\b[\s,]*)?(?:what|how) about\s+(.+)$", re.IGNORECASE)
_ORDINAL = re.compile(rf"^(?:the )?({'|'.join(ORDINALS)})(?: (?:one|\w+))?$", re.IGNORECASE)
_ANY_OF = r"\bany\s((?:\w+\s){0,2}?\w+)(?=$|\s(?:in|at|on|for|with|by|during|after|before|from|to)\b)"
_MAX_NEW_WORDS = 8


def complete(question: str, talk: Discourse) -> str:
    """The last question with the new words of `question` in it; `question` where it leaves nothing out."""
    bare = question.strip().rstrip(" ?!.\u2026")
    if not talk.question or not bare:
        return question
    opened = _OPENING.sub("", bare)
    if _ASK.fullmatch(opened):
        return _ask_again(_without_tail(opened), talk) or question
    if _ELSE.fullmatch(opened):
        return _ask_else(opened, talk) or question
    about = _ABOUT.match(bare)
    if about:
        return _ask_about(about[1], talk)
    if opened != bare and _is_fragment(opened):
        return _ask_about(opened, talk)
    return question


def _ask_about(words: str, talk: Discourse) -> str:
    """The last question with `words` put in, or a question about them where they are one of what was listed."""
    if _ORDINAL.match(words) and (listed := _listed(words, talk)):
        return f"What is said about {listed}?"
    if {token.lower for token in tokenise(words)} & (set(PRONOUNS) - {"it"}):
        return f"What is said about {words}?"
    return _put_in(words, talk)


def _without_tail(asked: str) -> str:
    """The question word of "when exactly" and of "when was that"."""
    return _TAIL.sub("", asked)


def _is_fragment(words: str) -> bool:
    """Whether the words are no sentence of their own: "in South Korea", "the other one", but not "did he go"."""
    tokens = tokenise(words)
    if not tokens or len(tokens) > _MAX_NEW_WORDS or tokens[0].lower in QUESTION_WORDS:
        return False
    if tokens[0].lower in AUXILIARIES or parts_of(words):
        return False
    return tokens[0].lower in PREPOSITIONS | DETERMINERS or not any(t.lower in AUXILIARIES | VERBS for t in tokens)


# -- "why?" ------------------------------------------------------------------------------------------------------


def _ask_again(asks: str, talk: Discourse) -> str | None:
    """The last question, asked with another question word: "When did it close?", "why" -> "Why did it close?"."""
    parts = parts_of(talk.question)
    asks = asks[0].upper() + asks[1:]
    if asks.casefold() == "why not":
        asks = "Why"
    if parts is None or asks.casefold() in ("who", "whom"):
        return None
    if parts.asks_for_subject:
        return _ask_of_subject(asks, parts, talk)
    if not parts.asks:
        if asks.casefold() in ("how many", "how much"):
            return _ask_count(asks, parts)
        return f"{asks} {parts.auxiliary.lower()} {parts.rest}?"
    first = parts.asks.casefold().split(" ")[0]
    if first in ("what", "which", "who", "whom", "how") and (
        parts.auxiliary.casefold() in DO or parts.subject.casefold() == "there"
    ):
        return _fill_gap(asks, parts, talk)
    return f"{asks} {parts.auxiliary} {parts.rest}?" if parts.predicate else None


def _ask_of_subject(asks: str, parts: QuestionParts, talk: Discourse) -> str | None:
    """For "why" after "Who proposed it?": "Why did the fund propose it?", with who was quoted to do it."""
    who = _answered_subject(talk)
    if not who:
        return None
    if parts.auxiliary:
        return f"{asks} {parts.auxiliary} {who} {parts.predicate}?"
    verb, _, after = parts.predicate.partition(" ")
    base, auxiliary = base_form(verb)
    if base:
        return " ".join(part for part in (asks, auxiliary, who, base, after) if part) + "?"
    return f"{asks} is it that {who} {parts.predicate}?"


def _ask_count(asks: str, parts: QuestionParts) -> str | None:
    """For "how many" after "Did X win any awards?": "How many awards did X win?"."""
    found = re.search(_ANY_OF, parts.rest)
    if not found:
        return None
    rest = " ".join((parts.rest[: found.start()] + parts.rest[found.end() :]).split())
    return f"{asks} {found[1]} {parts.auxiliary.lower()} {rest}?"


def _fill_gap(asks: str, parts: QuestionParts, talk: Discourse) -> str:
    """For "why" after "What did X say about Y?": "Why did X say that about Y?"."""
    words = parts.asks.split(" ", 1)
    noun = words[1] if len(words) > 1 else ""
    if words[0].casefold() == "how":
        noun = noun.split(" ", 1)[1] if noun.casefold().startswith(("many ", "much ")) else ""
        filler = noun
    elif words[0].casefold() in ("who", "whom"):
        filler = next((name.text for name in talk.quoted_names if name.is_person), "that person")
    else:
        filler = f"that {noun}".strip()
    if parts.subject.casefold() == "there":
        return f"{asks} {parts.auxiliary} there {filler} {parts.predicate}".rstrip() + "?"
    verb, _, after = parts.predicate.partition(" ")
    rest = " ".join(part for part in (parts.subject, verb, filler, after) if part)
    return f"{asks} {parts.auxiliary} {rest}?"


def _answered_subject(talk: Discourse) -> str | None:
    """Who was quoted to do what the last question asked about."""
    for quote in talk.quotes:
        subject = subject_of(quote)
        if subject:
            return subject.text
    return next((name.text for name in talk.quoted_names), None)


def _ask_else(asked: str, talk: Discourse) -> str | None:
    """For "who else" the last question with "else" in it; for "anything else" a question about what it was about."""
    parts = parts_of(talk.question)
    word = asked.split(" ")[0].casefold()
    if parts and word in QUESTION_WORDS and parts.asks.casefold() == word:
        return " ".join(part for part in (parts.asks, "else", parts.auxiliary, parts.rest) if part) + "?"
    if parts and word in ("anyone", "anybody") and parts.asks.casefold() == "who":
        return " ".join(part for part in (parts.asks, "else", parts.auxiliary, parts.rest) if part) + "?"
    about = talk.focus
    return f"What else is there about {about}?" if about and word in ("anything", "what") else None


# -- "and in South Korea?" ---------------------------------------------------------------------------------------


def _put_in(words: str, talk: Discourse) -> str:
    """The last question with `words` in the place of what they stand against."""
    question = talk.question.rstrip(" ?!.")
    if tokenise(words)[0].lower in PREPOSITIONS:
        return _put_place(words, question)
    return _put_name(words, question) or _put_noun(words, question) or _append(words, question)


def _put_place(words: str, question: str) -> str:
    """The question with "in South Korea" in the place of "in Japan", or else at its end."""
    if question.casefold().endswith(words.casefold()):
        return f"{question}?"
    preposition, _, new = words.partition(" ")
    spans = [(p.start, p.end) for p in find_phrases(question)] + list(name_spans(question))
    years = [match.span() for match in re.finditer(r"(?<!\S)\d{4}(?!\S)", question)]
    for start, end in sorted(spans + years, reverse=True):
        before = question[:start].casefold().removesuffix("the ")
        if before.endswith(f" {preposition.casefold()} "):
            return _joined(question[: len(before)].rstrip(), new, question[end:])
    return f"{question} {words}?"


def _put_name(words: str, question: str) -> str | None:
    """A name for the last name of the question: "What about Oslo?"."""
    spans = list(name_spans(question))
    if not spans or not list(name_spans(f"So {words}")):
        return None
    start, end = spans[-1]
    return _joined(re.sub(r"\sthe$", "", question[:start].rstrip(), flags=re.IGNORECASE), words, question[end:])


def _put_noun(words: str, question: str) -> str | None:
    """A phrase for the one with the same noun: "sick leave" for "parental leave"; or for the last one, or for "who"."""
    tokens = tokenise(words)
    head = stem(tokens[-1].lower)
    phrases = find_phrases(question)
    for phrase in reversed(phrases):
        if stem(phrase.head) == head:
            keeps = words if tokens[0].lower in DETERMINERS else words.removeprefix("the ")
            return _joined(question[: phrase.start].rstrip(), keeps, question[phrase.end :])
    parts = parts_of(question)
    if parts and parts.asks.casefold() == "who" and parts.auxiliary and parts.asks_for_subject:
        return f"{parts.auxiliary.capitalize()} {words} {parts.predicate}?"
    if phrases and phrases[-1].end == len(question):
        before = question[: phrases[-1].start].rstrip()
        if before and tokenise(before)[-1].lower in PREPOSITIONS:
            return _joined(before, words, "")
    return None


def _append(words: str, question: str) -> str:
    return f"As for {words}: {question[0].lower()}{question[1:]}?"


def _joined(before: str, new: str, after: str) -> str:
    """The three with single spaces, a "the" before `new` left out where it has its own."""
    if new.casefold().startswith(("the ", "a ", "an ", "this ", "that ")):
        before = re.sub(r"\s(?:the|an?)$", "", before, flags=re.IGNORECASE)
    return f"{before}{'' if before.endswith('(') else ' '}{new}{after}?"


def _listed(words: str, talk: Discourse) -> str:
    """What "the second one" is of what was listed last; "" where too little was."""
    found = _ORDINAL.match(words)
    place = ORDINALS[found[1].casefold()] if found else 0
    return talk.listed[place] if found and -len(talk.listed) <= place < len(talk.listed) else ""
