"""Documents that state different values for the same thing: two fees, two deadlines, two founders.

A false "the documents disagree" is worse than a missed one, so two sentences count only when they say the same but for
the value that answers: the same content words (a few that restrict nothing aside), the same other numbers, the same
"at most" or "until", the same tense, and documents whose titles and headings do not name different subjects. It reads
English, and knows nothing of the world: "four weeks" and "a month" it leaves alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.candidates import find_candidates
from rag.answer.disagreement_words import NEUTRAL_WORDS, RESTRICTING_WORDS, WORDS_FOR_KINDS_OF_TEXT
from rag.answer.question import Expects, Question
from rag.records import Extract, Span
from rag.text.english import POINTING_WORDS
from rag.text.values import Value, ValueKind, find_values
from rag.text.words import content_stems, name_stems, plain_words, stem

# How far, in log-odds, a sentence may be behind the best one. Wide, because what it says is nearly the same.
_CLOSE = 4.0
# Content words that both must share, besides the value.
_SHARED = 2

_QUANTITIES = frozenset({ValueKind.MONEY, ValueKind.MEASURE, ValueKind.NUMBER, ValueKind.ORDINAL})
_MOMENTS = frozenset({ValueKind.DATE, ValueKind.TIME})
# The kinds of value that answer; names do for persons and places, and nothing for reasons.
_KINDS = {
    Expects.TIME: _MOMENTS,
    Expects.MONEY: frozenset({ValueKind.MONEY}),
    Expects.DURATION: frozenset({ValueKind.MEASURE}),
    Expects.AMOUNT: _QUANTITIES,
    Expects.CHOICE: _QUANTITIES | _MOMENTS,
    Expects.MANNER: _QUANTITIES | _MOMENTS,
    Expects.THING: _QUANTITIES | _MOMENTS,
}

# Between two values that are one answer together: "from 9 am to 5 pm", "3 by 4 metres".
_JOINS = re.compile(r"\s*(?:to|and|until|till|through|or|by|x|[-\u2013\u2014\u00d7])\s*")
# What stands in front of a value and changes what it says. Longer ones first.
_BOUNDS = tuple(
    (re.compile(rf"(?:{words})\s+(?:the\s+)?$", re.IGNORECASE), bound)
    for words, bound in (
        (r"at most|up to|no more than|not more than|a maximum of|no longer than", "at most"),
        (r"at least|no fewer than|no less than|a minimum of", "at least"),
        (r"more than|over|above|exceeding|in excess of", "more than"),
        (r"less than|fewer than|under|below", "less than"),
        (r"about|around|approximately|roughly|some|nearly|almost|circa|ca\.|c\.|early|mid|late", "about"),
        (r"from|since|after|starting", "from"),
        (r"until|till|to|by|before", "until"),
    )
)
_RESTRICTING = frozenset(map(stem, RESTRICTING_WORDS))
# What a text means by these depends on when, where or after what it was written.
_POINTING = re.compile(
    rf"^\W*(?:{'|'.join(POINTING_WORDS)}|here|there)\b"
    r"|\b(?:next|last|previous|following|this|these|those|latter|former|latest|recent|recently|yesterday|today|tomorrow"
    r"|tonight|ago|earlier|later)\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:was|were|had|did|used to)\b", re.IGNORECASE)
_FUTURE = re.compile(r"\b(?:will|would|shall be|going to)\b", re.IGNORECASE)
# "A ship carried 200 people": another sentence may be about another ship.
_ONE_OF_MANY = re.compile(r"^\W*(?:an?|one|some|another|many|several)\b.*\b(?:was|were|had|\w+ed)\b", re.IGNORECASE)
_NEUTRAL = frozenset(map(stem, NEUTRAL_WORDS))
_SYNONYMS = {
    stem(word): stem(same)
    for word, same in (
        ("tall", "high"),
        ("height", "high"),
        ("length", "long"),
        ("width", "wide"),
        ("weight", "weigh"),
        ("entry", "entrance"),
        ("admission", "entrance"),
        ("permitted", "allowed"),
        ("closing", "close"),
        ("opening", "open"),
    )
}
_KINDS_OF_TEXT = frozenset(map(stem, WORDS_FOR_KINDS_OF_TEXT))
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "professor", "sir", "the", "st"})
# Only what has one holder can be disagreed about: "The chair is N.", "built by N.", not "N. lives there."
_BEFORE_NAME = re.compile(
    r"\b(?:is|was|named|called|(?:open|found|design|creat|invent|discover|establish|direct|own|chair|compos|manag|head)ed"
    r"\sby|(?:built|written|led|run)\sby)\s(?:the\s)?$"
)
_AFTER_NAME = re.compile(r"^\s(?:is|was)\s(?:the|its|our)\b")
_BEFORE_PLACE = re.compile(
    r"\b(?:is|was)(?:\s(?:held|located|based|situated|built|buried|born|founded|kept))?\s(?:in|at|on|near)\s(?:the\s)?$"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, and the words in it that state its answer as a value."""

    extract: Extract
    span: Span  # in the sentence's text
    values: tuple[Value, ...]  # more than one for a range; none for a name
    others: tuple[Value, ...]  # the other values of the sentence

    @property
    def text(self) -> str:
        """The whole sentence."""
        return self.extract.sentence.text

    @property
    def document_id(self) -> str:
        """The document it stands in."""
        return self.extract.hit.chunk.source.id

    @property
    def dated(self) -> str:
        """When the document was last modified, as far as known: ISO 8601, UTC."""
        chunk = self.extract.hit.chunk
        return chunk.modified_at or chunk.updated_at


def find_disagreement(question: Question, extracts: Sequence[Extract]) -> list[list[Claim]]:
    """The claims of different documents that contradict the best extract, and its own: one list for each value.

    The value of the best extract comes first, the others in order of score, and so do the claims of one value, which
    all agree. Empty when nothing disagrees, also when one document states several of the values itself.
    """
    best = _claim(question, extracts[0]) if extracts else None
    if best is None:
        return []
    stated = [[best]]
    for extract in extracts[1:]:
        if extracts[0].score - extract.score > _CLOSE:
            break
        claim = _claim(question, extract)
        if claim is not None and _is_same_matter(question, best, claim):
            agreeing = next((claims for claims in stated if _agree(claims[0], claim)), None)
            if agreeing is None:
                stated.append([claim])
            else:
                agreeing.append(claim)
    documents = [{claim.document_id for claim in claims} for claims in stated]
    is_between_documents = sum(map(len, documents)) == len(set().union(*documents))
    return stated if len(stated) > 1 and is_between_documents else []


def _claim(question: Question, extract: Extract) -> Claim | None:
    """What the sentence states as its answer; None when that is no value, or it is unclear which one."""
    text = extract.sentence.text
    start = extract.sentence.span.start
    marked = Span(extract.highlight.start - start, extract.highlight.end - start)
    if _POINTING.search(text) or _ONE_OF_MANY.search(text):
        return None
    values = find_values(text)
    if question.expects in (Expects.PERSON, Expects.PLACE):
        name = _name(question, text, marked)
        return None if name is None else Claim(extract, name, (), values)
    groups = _grouped(values, text)
    near = [group for group in groups if group[0].span.start < marked.end and marked.start < group[-1].span.end]
    chosen = near or groups
    if len(chosen) != 1 or not {value.kind for value in chosen[0]} <= _KINDS.get(question.expects, frozenset()):
        return None
    own = chosen[0]
    others = tuple(value for value in values if value not in own)
    return Claim(extract, Span(own[0].span.start, own[-1].span.end), tuple(own), others)


def _name(question: Question, text: str, marked: Span) -> Span | None:
    """The name that answers, where the sentence is of a form that leaves room for one alone."""
    for span in find_candidates(question, text):
        if span.start < marked.end and marked.start < span.end:
            before, after = text[: span.start], text[span.end :]
            if question.expects is Expects.PLACE:
                fits = _BEFORE_PLACE.search(before)
            else:
                fits = _BEFORE_NAME.search(before) or _AFTER_NAME.search(after)
            return span if fits else None
    return None


def _grouped(values: Sequence[Value], text: str) -> list[list[Value]]:
    """The values, those together that are the ends of one range."""
    groups: list[list[Value]] = []
    for value in values:
        if groups and _JOINS.fullmatch(text[groups[-1][-1].span.end : value.span.start]):
            groups[-1].append(value)
        else:
            groups.append([value])
    return groups


def _agree(one: Claim, other: Claim) -> bool:
    """Whether the values of two claims about the same matter may be the same."""
    if not one.values:
        return bool(_name_words(one) & _name_words(other))
    is_about = _bound(one)[0] == "about"
    return all(a.agrees_with(b, is_about=is_about) for a, b in zip(one.values, other.values, strict=True))


def _name_words(claim: Claim) -> set[str]:
    return set(plain_words(claim.span.of(claim.text))) - _TITLES


def _is_same_matter(question: Question, one: Claim, other: Claim) -> bool:
    """Whether two claims state a value for the same thing."""
    return (
        len(one.values) == len(other.values)
        and all(a.compares_with(b) for a, b in zip(one.values, other.values, strict=True))
        and _bound(one)[0] == _bound(other)[0]
        and _have_equals(one.others, other.others)
        and _say_the_same(one, other)
        and _have_one_subject(question, one, other)
    )


def _bound(claim: Claim) -> tuple[str, int]:
    """What stands in front of the value and changes it ("until", "at most"), and where that begins."""
    before = claim.text[: claim.span.start]
    for pattern, bound in _BOUNDS:
        if found := pattern.search(before):
            return bound, found.start()
    return "", claim.span.start


def _have_equals(values: Sequence[Value], others: Sequence[Value]) -> bool:
    """Whether each of `values` has its equal among `others`, and there are no more."""
    left = list(others)
    for value in values:
        equal = next((candidate for candidate in left if value.equals(candidate)), None)
        if equal is None:
            return False
        left.remove(equal)
    return not left


def _say_the_same(one: Claim, other: Claim) -> bool:
    """Whether the sentences say the same but for their values."""
    first, second = _rest(one), _rest(other)
    stems, others = _stems(first), _stems(second)
    names = name_stems(first) | name_stems(second)
    return (
        len(stems & others) >= _SHARED
        and stems ^ others <= _NEUTRAL
        and _restrictions(first) == _restrictions(second)
        and all(bool(tense.search(first)) == bool(tense.search(second)) for tense in (_PAST, _FUTURE))
        # Who does something to whom stays so.
        and [s for s in content_stems(first) if s in names] == [s for s in content_stems(second) if s in names]
    )


def _rest(claim: Claim) -> str:
    """The sentence without its values, and without what says "until" or "at most" of the one that answers."""
    answering = Span(_bound(claim)[1], claim.span.end)
    rest = claim.text
    for span in sorted([answering, *(value.span for value in claim.others)], reverse=True):
        rest = f"{rest[: span.start]} {rest[span.end :]}"
    return rest


def _stems(text: str) -> set[str]:
    return {_SYNONYMS.get(found, found) for found in content_stems(text)}


def _restrictions(text: str) -> set[str]:
    words = {stem(word) for word in plain_words(text)}
    return (words & _RESTRICTING) | ({"not"} if re.search(r"n['\u2019]t\b", text) else set())


def _have_one_subject(question: Question, one: Claim, other: Claim) -> bool:
    """Whether titles and headings leave it open that both are about the same.

    Each naming something that the other does not, two cities or two models, they are not; nor when one alone has the
    name or the year of the question.
    """
    first, second = _heading_stems(one), _heading_stems(other)
    asked = question.names | question.numbers
    if asked & (first | _stems(one.text)) != asked & (second | _stems(other.text)):
        return False
    known = _stems(one.text) | _stems(other.text) | set(question.stems) | _KINDS_OF_TEXT
    own, others = ({s for s in stems - known if not s[0].isdigit()} for stems in (first, second))
    return own <= others or others <= own


def _heading_stems(claim: Claim) -> set[str]:
    chunk = claim.extract.hit.chunk
    return _stems(f"{chunk.source.title} {claim.extract.sentence.section}")
