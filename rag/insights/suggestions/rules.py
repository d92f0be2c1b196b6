"""A sentence to the questions that it answers, by rules. English only, and no grammar but what the rules carry.

A rule takes apart what it knows for certain: a subject at the start of the sentence, an auxiliary or a verb from a
list, and what is asked for. Whatever it cannot be sure of gives no question: few that read well beat many that do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag.insights.suggestions.grammar import (
    DANGLING,
    DETERMINERS,
    FINITE,
    LEANING,
    NO_DEFINITION,
    NO_START,
    PERSON,
    THINGS,
    VERB_INSIDE,
)
from rag.insights.suggestions.rule_table import PATTERNS, RULES, QuestionKind


@dataclass(frozen=True, slots=True)
class MadeQuestion:
    """A question made from a sentence, and the words of the sentence that answer it; "" where all of it does."""

    question: str
    kind: QuestionKind
    answer: str = ""


_DEFINITION = re.compile(
    r"^(?P<subject>(?:(?:The|An?) )?[\w'’-]+(?: [\w'’&-]+){0,5}?) (?P<helper>is|are|was|were) "
    r"(?P<what>(?:an?|the|any|one of the) [^.]{15,}|(?<=are )(?:[a-z]+ ){1,3}(?:that|which) [^.]{10,})"
)
_QUESTION_START = re.compile(
    r"(who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|"
    r"have)\b",
    re.IGNORECASE,
)


def questions_of(sentence: str, *, in_lower_case: Callable[[str], bool | None]) -> Iterator[MadeQuestion]:
    """The questions that a sentence answers, those of the surest rules first.

    `in_lower_case` says of a word whether its document writes it small inside of sentences; None when it is not there.
    """
    text = " ".join(sentence.split())
    if (
        not 20 <= len(text) <= 300
        or not (text[0].isupper() or text[0].isdigit())
        or text[-1] != "."
        or re.search(r"[\"“”«»()\[\]:?!…|]", text)
    ):
        return
    for rule, pattern in zip(RULES, PATTERNS, strict=True):
        match = pattern.match(text)
        if match is None:
            continue
        found = match.groupdict()
        # "About 300 boats use the harbour": the number begins the sentence, so its noun stays as it is.
        if found.get("subject") is not None and match.start("subject") == 0:
            subject = _inside(found["subject"], in_lower_case)
            if subject is None:
                continue
            found["subject"] = subject
        question = rule.question(found)
        if _reads_well(question):
            yield MadeQuestion(question, rule.kind, found["answer"])
    if made := _definition(text, in_lower_case):
        yield made


def question_in(heading: str) -> str | None:
    """A heading that is a question, as it stands; None for any other."""
    text = " ".join(heading.split())
    words = len(text.split())
    return text if text.endswith("?") and 3 <= words <= 16 and _QUESTION_START.match(text) else None


def _definition(text: str, in_lower_case: Callable[[str], bool | None]) -> MadeQuestion | None:
    """What something is, by a sentence that says so; who, where it is a person."""
    match = _DEFINITION.match(text)
    if match is None:
        return None
    written = match["subject"]
    words = written.split()
    article = words[0] in ("The", "A", "An")
    if not article and (words[0].lower() in DETERMINERS or PERSON.search(written.lower())):
        return None
    named = [word for word in words[article:] if word[0].isupper()]
    # "The building was a school": which building? But a name says which.
    if (words[0] == "The" or match["helper"] in ("was", "were")) and not (named and len(words) > 1):
        return None
    subject = _inside(written, in_lower_case)
    if subject is None:
        return None
    is_long = words[0] in ("A", "An") and ("of" in words or len(words) > 5)
    if is_long or NO_DEFINITION.match(match["what"]):
        return None
    person = bool(PERSON.search(" ".join(match["what"].split()[:9])))
    looks_like_person = not article and len(named) == len(words) and 2 <= len(words) <= 4
    is_thing = words[-1] in THINGS or bool(in_lower_case(words[-1]))
    if person != looks_like_person and not article and (person or not is_thing):
        return None
    if person and looks_like_person and is_thing:
        return None
    question = f"{'Who' if person and looks_like_person else 'What'} {match['helper']} {subject}?"
    if not _reads_well(question):
        return None
    return MadeQuestion(question, QuestionKind.WHO if question.startswith("Who") else QuestionKind.WHAT)


def _inside(subject: str, in_lower_case: Callable[[str], bool | None]) -> str | None:
    """A subject as it stands inside of a question, its first word small unless it is a name; None where unsure."""
    first, _, rest = subject.partition(" ")
    if first.lower() in DETERMINERS:
        if not rest or first.lower() == "no":
            return None
        return None if VERB_INSIDE.search(rest) or LEANING.search(rest) else f"{first.lower()} {rest}"
    if NO_START.fullmatch(first) or LEANING.search(subject) or VERB_INSIDE.search(rest):
        return None
    if any(c.isupper() for c in first[1:]) or any(c.isdigit() for c in first):
        return subject
    if rest[:1].isupper():  # two words written large are a name
        return subject
    small = in_lower_case(first)
    if small is None:
        return None
    return f"{first.lower()}{subject[len(first) :]}" if small else subject


def _reads_well(question: str) -> bool:
    """Whether a question stands on its own: no pronoun without its noun, neither very short nor long."""
    words = question.removesuffix("?").split()
    if sum(word in FINITE for word in words[:-1]) > 1:
        return False
    inner = " ".join(words[1:]).removesuffix(" last")  # here a verb: "How long does a loan last?"
    if not 3 <= len(words) <= 15 or len(question) > 110:
        return False
    if re.search(r"[,;()\"]", question) or words[-1].lower() in DANGLING:
        return False
    return LEANING.search(inner) is None
