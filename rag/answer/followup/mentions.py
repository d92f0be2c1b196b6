"""Who and what was spoken of: names in a text, and which pronouns may stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answer.followup.lexicon import (
    AUXILIARIES,
    CALENDAR,
    CLAUSE_WORDS,
    GROUP_NOUNS,
    HE,
    HE_NAMES,
    HE_TITLES,
    NAME_LINKS,
    PERSON_LINKS,
    PERSON_NOUNS,
    PLACE_NOUNS,
    PREPOSITIONS,
    PRONOUNS,
    QUESTION_WORDS,
    SHE,
    SHE_NAMES,
    SHE_TITLES,
    THING_NOUNS,
    TITLES,
    VERBS,
)
from rag.answer.followup.tokens import Token, tokenise
from rag.text.words import is_function_word

_PARENTHESIS = re.compile(r"\s*[(\[]([^()\[\]]{0,60})[)\]]")
_QUOTED = re.compile(r"[\"\u201c]([^\"\u201c\u201d]{2,60})[\"\u201d]")
# A name of more words is a headline.
_MAX_NAME_WORDS = 7


@dataclass(frozen=True, slots=True)
class Mention:
    """A name. `classes` are the pronouns that may stand for it: he, she, it, they."""

    text: str
    classes: frozenset[str]
    is_group: bool = False  # of people, so that "they" is likely
    is_certain: bool = False  # what it is was told by a word of it, not guessed
    note: str = ""  # what stood in parentheses behind it, in lower case: "(song)"

    def fits(self, pronoun: str) -> bool:
        """Whether this class of pronouns may stand for it."""
        return pronoun in self.classes

    @property
    def is_person(self) -> bool:
        """Whether it may be one person."""
        return bool(self.classes & {HE, SHE})


def mention_of(name: str) -> Mention:
    """What a name tells of itself. "Anna Berg" is a she, "Bank of Japan" an it or they."""
    note = " ".join(found.casefold() for found in _PARENTHESIS.findall(name))
    return replace(_judge(_PARENTHESIS.sub("", name).strip() or name, set(re.findall(r"\w+", note))), note=note)


def _judge(text: str, note: set[str]) -> Mention:
    """A name without what stands in parentheses, and the words of that."""
    words = [token.lower for token in tokenise(text) if token.is_word]
    told = set(words) | note
    if told & PERSON_NOUNS and not set(words[-1:]) & PERSON_NOUNS:
        return Mention(text, _gender(words), is_certain=True)
    if words and words[0] in TITLES | HE_NAMES | SHE_NAMES and not note & (GROUP_NOUNS | THING_NOUNS):
        return Mention(text, _gender(words), is_certain=True)
    if set(words) & GROUP_NOUNS or note & GROUP_NOUNS:
        return Mention(text, frozenset({"it", "they"}), is_group=True, is_certain=True)
    if note & THING_NOUNS or set(words) & (THING_NOUNS | PLACE_NOUNS):
        return Mention(text, frozenset({"it"}), is_certain=True)
    if "and" in words or "&" in text:
        return Mention(text, frozenset({"they", "it"}), is_group=True)
    if words and words[0] == "the":
        is_plural = words[-1].endswith("s")
        return Mention(text, frozenset({"it", "they"}), is_group=is_plural)
    if any(c.isdigit() for c in text):
        return Mention(text, frozenset({"it"}))
    if len(words) == 1 and text.isupper() and len(text) > 1:
        return Mention(text, frozenset({"it", "they"}), is_group=True)
    if len(words) == 1:
        return Mention(text, frozenset({HE, SHE, "it", "they"}))
    if 2 <= len(words) <= 4 and not set(words) & (NAME_LINKS - PERSON_LINKS):
        return Mention(text, frozenset({HE, SHE, "it"}))
    return Mention(text, frozenset({"it", "they"}))


def _gender(words: Sequence[str]) -> frozenset[str]:
    first = words[0] if words else ""
    named = next((word for word in words if word not in TITLES), "")
    if first in SHE_TITLES or (first not in HE_TITLES and named in SHE_NAMES):
        return frozenset({SHE})
    if first in HE_TITLES or named in HE_NAMES:
        return frozenset({HE})
    return frozenset({HE, SHE})


def find_names(text: str) -> list[Mention]:
    """The names in a text in order, each once: runs of capitalised words, and titles in quotation marks."""
    found: dict[str, Mention] = {}
    for start, end in name_spans(text):
        name = text[start:end]
        mention = mention_of(name)
        if text[:start].casefold().endswith("the "):  # "the Works" are no person
            is_group = mention.is_group or name.endswith("s")
            mention = replace(mention, text=f"the {name}", classes=frozenset({"it", "they"}), is_group=is_group)
        found.setdefault(name, mention)
    for match in _QUOTED.finditer(text):
        name = match[1].strip(" ,.?!")
        if name[:1].isupper():
            found.setdefault(name, Mention(name, frozenset({"it"})))
    return list(found.values())


def name_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where runs of capitalised words stand in `text`, small words between them included."""
    tokens = tokenise(text)
    place = 0
    while place < len(tokens):
        end = _run(tokens, place)
        if end is None:
            place += 1
            continue
        if end - place <= 2 * _MAX_NAME_WORDS:
            yield tokens[place].start, tokens[end - 1].end
        place = end


def _run(tokens: Sequence[Token], place: int) -> int | None:
    """Where the name ends that begins at `place`; None when none does."""
    if not _may_begin(tokens, place):
        return None
    end = place + 1
    while end < len(tokens):
        token = tokens[end]
        if (token.is_word and (token.is_capital or token.text.isdigit()) and not _is_common(token)) or (
            token.text == "." and len(tokens[end - 1].text) == 1 and _is_capital_at(tokens, end + 1)
        ):
            end += 1
        elif token.lower in NAME_LINKS:
            step = 2 if end + 1 < len(tokens) and tokens[end + 1].lower in NAME_LINKS else 1
            if not _is_capital_at(tokens, end + step):
                break
            end += step
        else:
            break
    if end - place == 1 and tokens[place].lower in CALENDAR:
        return None
    return end


def _is_capital_at(tokens: Sequence[Token], place: int) -> bool:
    return place < len(tokens) and tokens[place].is_word and tokens[place].is_capital


def _may_begin(tokens: Sequence[Token], place: int) -> bool:
    token = tokens[place]
    if not (token.is_word and token.is_capital):
        return False
    is_first = place == 0 or tokens[place - 1].text in '.?!:"\u201c'
    if token.lower == "the":
        return _is_capital_at(tokens, place + 1)
    if len(token.text) == 1 and place + 2 < len(tokens) and tokens[place + 1].text == ".":
        return _is_capital_at(tokens, place + 2)
    if _is_common(token):
        return False
    # A capital at the beginning of a sentence says nothing, unless another follows.
    return not is_first or _is_capital_at(tokens, place + 1) or token.text.isupper() or _stands_as_name(tokens, place)


def _stands_as_name(tokens: Sequence[Token], place: int) -> bool:
    """Whether what follows the first word is what follows a name: an auxiliary, a verb in -ed, a possessive."""
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if after is None:
        return True
    return after.lower in AUXILIARIES or after.lower in ("'s", ",", ".") or after.lower.endswith("ed")


def _is_common(token: Token) -> bool:
    """Whether a word with a capital is one of those that open sentences."""
    lower = token.lower
    if lower in CALENDAR:
        return False
    return (
        (is_function_word(lower) and not (token.text.isupper() and len(token.text) > 1))
        or lower in QUESTION_WORDS
        or lower in PREPOSITIONS
        or lower in AUXILIARIES
        or lower in CLAUSE_WORDS
        or lower in PRONOUNS
        or (lower in VERBS and not token.text.isupper())
    )


def topic_of(title: str) -> Mention | None:
    """A title as a name that pronouns may stand for; None when it is a headline, a sentence or a file's name."""
    bare = _PARENTHESIS.sub("", title).strip()
    tokens = [token for token in tokenise(bare) if token.is_word]
    if not tokens or len(tokens) > _MAX_NAME_WORDS or not bare.isprintable():
        return None
    if any(not t.is_capital and not t.text.isdigit() and t.lower not in NAME_LINKS | {"and"} for t in tokens[1:]):
        return None
    return mention_of(title) if tokens[0].is_capital or tokens[0].text.isdigit() else None
