"""Pronouns replaced by who or what they stand for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from rag.answer.followup.discourse import Discourse
from rag.answer.followup.lexicon import (
    AUXILIARIES,
    BE,
    CLAUSE_ADJECTIVES,
    CLAUSE_OPENERS,
    CLAUSE_VERBS,
    CLAUSE_WORDS,
    HE,
    PERSON_NOUNS,
    PREPOSITIONS,
    PRONOUNS,
    SHE,
    TELLING,
    WEATHER,
)
from rag.answer.followup.mentions import Mention, mention_of, name_spans
from rag.answer.followup.phrases import is_plural
from rag.answer.followup.tokens import Token, tokenise
from rag.text.words import is_function_word

_LONG_FORMS = {"'re": " are", "'ve": " have", "'ll": " will"}


@dataclass(frozen=True, slots=True)
class _Antecedent:
    """Something that a pronoun may stand for: where it begins, and where one has read enough of it to know."""

    start: int
    known_from: int


def replace_pronouns(question: str, talk: Discourse) -> str:
    """`question` with its free pronouns replaced: those that nothing before them in it explains."""
    tokens = tokenise(question)
    edits: list[tuple[int, int, str]] = []
    given: dict[str, str | None] = {}  # what the pronouns so far stand for, by class
    for place, pronoun, case in free_pronouns(question, tokens):
        if pronoun in given:
            continue
        referent = find_referent(pronoun, talk)
        if referent and (referent in given.values() or referent.casefold() in question.casefold()):
            referent = None
        given[pronoun] = referent
        if referent:
            edits.append(_edit(tokens, place, case, referent))
    return apply(question, edits)


def free_pronouns(question: str, tokens: Sequence[Token]) -> list[tuple[int, str, str]]:
    """The pronouns that nothing in the question explains, as (position of the token, class, case)."""
    own = [(start, mention_of(question[start:end])) for start, end in name_spans(question)]
    clauses = [token.start for token in tokens if token.lower in CLAUSE_WORDS]
    antecedents: dict[str, list[_Antecedent]] = {}
    found = []
    for place, token in enumerate(tokens):
        if token.lower in PRONOUNS:
            pronoun, case = PRONOUNS[token.lower]
            if token.lower == "her" and _is_possessive_her(tokens, place):
                case = "possessive"
            if case == "reflexive" or (token.lower == "it" and stands_for_nothing(tokens, place)):
                continue
            if pronoun not in antecedents:
                antecedents[pronoun] = _antecedents(tokens, pronoun, own)
            if not _is_bound(tokens, place, case, antecedents[pronoun], clauses):
                found.append((place, pronoun, case))
    return found


def _edit(tokens: Sequence[Token], place: int, case: str, referent: str) -> tuple[int, int, str]:
    """What to put in the place of a pronoun and of what is written together with it."""
    token = tokens[place]
    new = referent if place else referent[0].upper() + referent[1:]
    if case in ("possessive", "absolute"):
        return token.start, token.end, possessive(new)
    clitic = tokens[place + 1] if place + 1 < len(tokens) and tokens[place + 1].start == token.end else None
    long = _LONG_FORMS.get(clitic.lower) if clitic else None
    return token.start, clitic.end if clitic and long else token.end, new + (long or "")


def possessive(name: str) -> str:
    """A name with what says that something is its own: "Berg's", "the Works'"."""
    return f"{name}'" if name.endswith("s") and name.casefold().startswith("the ") else f"{name}'s"


def apply(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """`text` with the spans replaced; they are in order and do not overlap."""
    parts, last = [], 0
    for start, end, new in edits:
        parts += [text[last:start], new]
        last = end
    return "".join([*parts, text[last:]])


def _is_possessive_her(tokens: Sequence[Token], place: int) -> bool:
    """Whether "her" has a noun after it: "her show", but not "like her?" or "tell her about"."""
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    return bool(
        after
        and after.is_word
        and after.lower not in PREPOSITIONS | CLAUSE_WORDS | AUXILIARIES
        and after.lower not in ("the", "a", "an", "his", "again", "first", "there", "then", "now")
    )


def _is_bound(
    tokens: Sequence[Token], place: int, case: str, antecedents: Sequence[_Antecedent], clauses: Sequence[int]
) -> bool:
    """Whether a name or a noun before the pronoun in the same question explains it.

    `clauses` has where words are that begin a clause, in order. What belongs to a clause's subject may be its own; else
    another clause must have begun in between.
    """
    before = [first.start for first in antecedents if first.known_from < tokens[place].start]
    if not before:
        return False
    if case == "possessive" or (case == "subject" and place and tokens[place - 1].lower not in AUXILIARIES):
        return True
    begun = bisect_left(clauses, tokens[place].start)
    return begun > 0 and clauses[begun - 1] > min(before)


def _antecedents(tokens: Sequence[Token], pronoun: str, own: Sequence[tuple[int, Mention]]) -> list[_Antecedent]:
    """The first name, and the first noun, of a question that a pronoun of this class may stand for."""
    names = (_Antecedent(start, start) for start, name in own if name.fits(pronoun))
    return [*islice(names, 1), *islice(_nouns(tokens, pronoun), 1)]


def _nouns(tokens: Sequence[Token], pronoun: str) -> Iterator[_Antecedent]:
    """The phrases that a pronoun of this class may stand for: "the order", "my password", "employees"."""
    for token, after in pairwise(tokens):
        if pronoun in (HE, SHE):
            if token.lower in ("the", "a", "an") and after.lower in PERSON_NOUNS:
                yield _Antecedent(token.start, after.start)
        elif token.lower in _OPENS_PHRASE and after.is_word:
            yield _Antecedent(token.start, after.start)
        elif pronoun == "they" and is_plural(after.lower) and not is_function_word(after.lower):
            yield _Antecedent(after.start, after.start)


_OPENS_PHRASE = frozenset(("the", "a", "an", "this", "that", "these", "those", "my", "our", "your", "every", "each"))


def stands_for_nothing(tokens: Sequence[Token], place: int) -> bool:
    """Whether "it" at `place` stands for what follows, or for nothing: "is it legal to", "it takes time", "make it"."""
    words = [token.lower for token in tokens]
    before = words[place - 1] if place else ""
    after = words[place + 1 : place + 12]
    if before in ("make", "made", "makes"):
        return bool(after) and after[0] in ("to", "into", "through")
    if words[:2] == ["what", "time"] or (after and after[0] in WEATHER):
        return True
    near = next((i for i, word in enumerate(after) if word in CLAUSE_OPENERS), None)
    between = after if near is None else after[:near]
    if any(word in CLAUSE_VERBS for word in between) and (near is not None or words[0] == "how"):
        return near is not None
    if near is None:
        return False
    if any(word in CLAUSE_ADJECTIVES for word in between) and any(
        word in BE for word in (*words[max(0, place - 2) : place], *between)
    ):
        return True
    return any(word in TELLING for word in between)


def find_referent(pronoun: str, talk: Discourse) -> str | None:
    """What a class of pronouns stands for: the best of what was spoken of; None when nothing fits."""
    return next(iter(_candidates(pronoun, talk)), None)


def _candidates(pronoun: str, talk: Discourse) -> Iterator[str]:
    """What may be meant, the likeliest first."""
    if pronoun in (HE, SHE):
        return (name.text for name in _people(pronoun, talk))
    return _groups(talk) if pronoun == "they" else _things(talk)


def _people(pronoun: str, talk: Discourse) -> Iterator[Mention]:
    """Who was asked about, else the topic, else who was quoted last."""
    topic = talk.topic
    if topic and topic.fits(pronoun) and not topic.is_certain and pronoun not in talk.topic_gender:
        topic = None
    asked = [name for name in talk.asked_names if name.fits(pronoun)]
    if topic and topic.fits(pronoun) and (not asked or any(_is_part(name.text, topic.text) for name in asked)):
        yield topic
    yield from asked
    yield from (name for name in (*talk.quoted_names, *talk.older_names) if name.fits(pronoun))


def _groups(talk: Discourse) -> Iterator[str]:
    """Groups and plurals: who did what was asked for, what was asked about, the topic, what was quoted."""
    topic = talk.topic
    if talk.asked_for_subject and talk.subject and not (topic and topic.is_group):
        yield talk.subject
    yield from (name.text for name in talk.asked_names if name.is_group)
    if topic and topic.is_group:
        yield topic.text
    yield from (name.text for name in talk.quoted_names if name.is_group)
    yield from (phrase.text for phrase in reversed(talk.asked_phrases) if phrase.is_plural)
    if talk.subject:
        yield talk.subject
    if topic and topic.fits("they"):
        yield topic.text
    yield from (n.text for n in (*talk.asked_names, *talk.quoted_names) if n.fits("they") and not n.is_person)


def _things(talk: Discourse) -> Iterator[str]:
    """Things: what was asked about, the topic, what was quoted. Never who may be a person."""
    topic = talk.topic
    thing = topic.text if topic and not topic.is_person and not talk.is_about_document else ""
    yield from (name.text for name in talk.asked_names if name.fits("it") and not name.is_person)
    if thing:
        yield thing
    yield from (phrase.text for phrase in reversed(talk.asked_phrases) if not phrase.is_plural and not phrase.is_person)
    yield from (name.text for name in talk.quoted_names if name.fits("it") and not name.is_person)
    if topic and not topic.is_person:
        yield topic.text


def _is_part(one: str, other: str) -> bool:
    """Whether a name is the other or a word of it: "Berg", "Anna Berg"."""
    one, other = one.casefold().removeprefix("the "), other.casefold().removeprefix("the ")
    return one == other or one in other.split()
