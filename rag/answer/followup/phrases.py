"""Noun phrases and the parts of a question, found by word lists alone: no grammar, and often enough right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answer.followup.lexicon import (
    ADVERBS,
    AUXILIARIES,
    CLAUSE_WORDS,
    CONJUNCTIONS,
    DETERMINERS,
    DO,
    GROUP_NOUNS,
    LIGHT_NOUNS,
    NUMBERS,
    PAST_FORMS,
    PERSON_NOUNS,
    PLURAL_NOUNS,
    PREPOSITIONS,
    PRONOUNS,
    QUANTITIES,
    QUESTION_WORDS,
    SUBJECTS,
    VERBS,
)
from rag.answer.followup.mentions import name_spans
from rag.answer.followup.tokens import Token, tokenise

_MAX_PHRASE_WORDS = 7
_ENDS = AUXILIARIES | PREPOSITIONS | CLAUSE_WORDS | CONJUNCTIONS | QUESTION_WORDS | SUBJECTS | frozenset(PRONOUNS)
_NOT_IN_PHRASE = _ENDS | DETERMINERS | ADVERBS


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase in a text: `text` can stand in another sentence, "the album" also where it was "an album"."""

    text: str
    head: str  # its last word, in lower case
    start: int
    end: int
    has_name: bool

    @property
    def is_person(self) -> bool:
        """Whether it is a name and nothing else, or a noun for a person."""
        return (self.has_name and self.text[:1].isupper() and "'" not in self.text) or self.head in PERSON_NOUNS

    @property
    def is_plural(self) -> bool:
        """Whether its last word looks like a plural."""
        return is_plural(self.head)


def find_phrases(text: str) -> list[Phrase]:
    """The noun phrases of a question, in order."""
    tokens = tokenise(text)
    capitals = [range(start, end) for start, end in name_spans(text)]
    return [phrase for run in _runs(tokens) if (phrase := _phrase(text, tokens, *run, capitals)) is not None]


def _runs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Positions, end exclusive, of neighbouring words that could make a noun phrase with what stands before."""
    start = None
    for place, token in enumerate(tokens):
        if (token.is_word and token.lower not in _NOT_IN_PHRASE) or (start is not None and token.lower == "'s"):
            start = place if start is None else start
            # A verb ends the subject: "did the album [sell]"; before anything else it is no part of it: "[get] leave".
            if token.lower in VERBS and place > start and _follows_auxiliary(tokens, start):
                yield start, place
                start = None
            elif token.lower in VERBS and place == start:
                start = None
            continue
        if start is not None:
            yield start, place - _ends_in_verb(tokens, start, place)
        start = None
    if start is not None:
        yield start, len(tokens) - _ends_in_verb(tokens, start, len(tokens))


def _ends_in_verb(tokens: Sequence[Token], start: int, end: int) -> int:
    """1 where the last word must be the verb that "does" wants: "does the [pump weigh]"; else 0."""
    before = [token.lower for token in tokens[max(0, start - 2) : start]]
    helped = bool(before) and (before[-1] in DO or (before[-1] in DETERMINERS and before[0] in DO))
    return int(helped and end - start > 1)


def _follows_auxiliary(tokens: Sequence[Token], start: int) -> bool:
    before = [token.lower for token in tokens[max(0, start - 2) : start]]
    return bool(before) and (before[-1] in AUXILIARIES or (before[-1] in DETERMINERS and before[0] in AUXILIARIES))


def _phrase(text: str, tokens: Sequence[Token], start: int, end: int, names: Sequence[range]) -> Phrase | None:
    """The phrase of the tokens at these positions; None when it says nothing or is too long to be one."""
    before = tokens[start - 1].lower if start else ""
    is_verb = start == 1 and tokens[start].lower.endswith(("s", "ed"))
    if is_verb and (before == "who" or (before == "what" and end - start > 1)):
        start += 1  # "Who [leads] industry policy"
    if before in ("what", "which", "many") and tokens[start].lower.endswith("s"):
        end = start + 1  # "Which [ferries] sail"
    if end > start and tokens[end - 1].lower == "'s":
        end -= 1
    if not 0 < end - start <= _MAX_PHRASE_WORDS or tokens[end - 1].lower in LIGHT_NOUNS:
        return None
    span = range(tokens[start].start, tokens[end - 1].end)
    words = text[span.start : span.stop]
    if all(token.text.isdigit() or token.lower.endswith(("ly", "ing")) for token in tokens[start:end]):
        return None
    has_name = any(name.start < span.stop and span.start < name.stop for name in names)
    needs_article = before in DETERMINERS and before not in ("his", "her", "its", "their") and not has_name
    possessive = any(token.lower == "'s" for token in tokens[start:end])
    article = "the " if (needs_article or (before == "the" and has_name)) and not possessive else ""
    return Phrase(article + words, tokens[end - 1].lower, span.start, span.stop, has_name)


@dataclass(frozen=True, slots=True)
class QuestionParts:
    """A question cut up: "What kind of music | did | the band | play in 1990". Any part may be empty."""

    asks: str  # from the question word to the auxiliary
    auxiliary: str
    subject: str
    predicate: str

    @property
    def asks_for_subject(self) -> bool:
        """Whether what is asked for does what the predicate says: "Who | | | proposed to buy it"."""
        if not self.asks or not self.auxiliary:
            return bool(self.asks)
        verb = self.predicate.split(" ", 1)[0].casefold()
        is_open = not self.subject and self.auxiliary.casefold() not in DO and self.asks.casefold() in ("who", "what")
        return is_open and (verb in VERBS or verb.endswith("ed"))

    @property
    def rest(self) -> str:
        """Subject and predicate."""
        return " ".join(part for part in (self.subject, self.predicate) if part)


def parts_of(question: str) -> QuestionParts | None:
    """The parts of a plain question; None when it is none."""
    question = question.rstrip(" ?!.")
    tokens = [token for token in tokenise(question) if token.is_word or token.lower.startswith("'")]
    if len(tokens) < 2:
        return None
    first = tokens[0].lower
    asks = first in QUESTION_WORDS or (first in PREPOSITIONS and tokens[1].lower in QUESTION_WORDS)
    if not asks and first not in AUXILIARIES:
        return None
    verb = next((i for i, token in enumerate(tokens[:8]) if token.lower in AUXILIARIES), None)
    if first in ("what", "which") and verb is None and tokens[1].lower.endswith("s"):
        return QuestionParts(question[: tokens[1].end], "", "", question[tokens[1].end :].strip())
    if verb is None:
        return (
            QuestionParts(tokens[0].text, "", "", question[tokens[0].end :].strip())
            if first in ("who", "what")
            else None
        )
    if verb > 1 and first in ("who", "what") and tokens[1].lower.endswith(("ed", "s")) and tokens[verb].lower not in DO:
        return QuestionParts(tokens[0].text, "", "", question[tokens[0].end :].strip())
    after = tokens[verb].end
    start = after + (len(question[after:]) - len(question[after:].lstrip()))
    end = _subject_end(question, start)
    asked = question[: tokens[verb].start].strip() if verb else ""
    return QuestionParts(asked, tokens[verb].text, question[start:end].strip(), question[end:].strip())


def _subject_end(question: str, start: int) -> int:
    """Where the subject that begins at `start` ends: after a name, a pronoun, or a short phrase before a verb."""
    rest = question[start:]
    for begin, end in name_spans(f"So {rest}"):
        if begin == 3:
            return start + end - 3
        break
    tokens = tokenise(rest)
    if tokens and tokens[0].lower in SUBJECTS | frozenset(PRONOUNS):
        return start + tokens[0].end
    if tokens and tokens[0].lower in VERBS:
        return start
    for place, token in enumerate(tokens[1:6], start=1):
        if token.lower in VERBS or token.lower in PREPOSITIONS or token.lower.endswith("ed"):
            return start + tokens[place - 1].end
    return start


def is_plural(word: str) -> bool:
    """Whether a word looks like a plural."""
    return word in PLURAL_NOUNS or (word.endswith("s") and not word.endswith(("'s", "ss", "us", "is")))


def subject_of(quote: str) -> Phrase | None:
    """The phrase that a quoted sentence begins with, where it is people: "A fund that has ..." -> "the fund"."""
    tokens = tokenise(quote)
    if not tokens or tokens[0].lower not in QUANTITIES | {"a", "an", "the", "all"}:
        return None
    end = next((i for i, t in enumerate(tokens[1:7], 1) if not t.is_word or t.lower in _ENDS or t.lower in VERBS), 0)
    plural = next((i for i, t in enumerate(tokens[1:end], 1) if is_plural(t.lower) and not base_form(t.lower)[0]), None)
    end = plural + 1 if plural else end
    if end < 2:
        return None
    head = tokens[end - 1].lower
    first = 0 if tokens[0].lower in NUMBERS else 1
    words = quote[tokens[first].start : tokens[end - 1].end]
    words = words[0].lower() + words[1:] if first == 0 else words
    found = Phrase(f"the {words}", head, tokens[0].start, tokens[end - 1].end, has_name=False)
    return found if head in GROUP_NOUNS | PLURAL_NOUNS or found.is_plural else None


def base_form(verb: str) -> tuple[str, str]:
    """A verb's base form and the auxiliary that gives its tense back: "proposed" -> ("propose", "did").

    Two empty strings for a word that is not known to be a verb.
    """
    word = verb.casefold()
    if word in PAST_FORMS:
        return PAST_FORMS[word], "did"
    for ending, auxiliary in (("ed", "did"), ("d", "did"), ("s", "does"), ("es", "does")):
        if word.endswith(ending) and word.removesuffix(ending) in VERBS:
            return word.removesuffix(ending), auxiliary
    return "", ""
