"""A sentence to the questions that it answers, by rules. English only, and no grammar but what the rules carry.

A rule takes apart what it knows for certain: a subject at the start of the sentence, an auxiliary or a verb from a
list, and what is asked for. Whatever it cannot be sure of gives no question: few that read well beat many that do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rag.suggest.grammar import (
    ABOUT,
    AT_ONCE,
    BASE,
    DANGLING,
    DATE,
    DETERMINERS,
    DOES,
    DONE,
    DURATION,
    END,
    FINITE,
    HAPPENED,
    HELPER,
    INTRANSITIVE,
    KEPT,
    LEANING,
    MEASURE,
    MONEY,
    MONTH,
    NAME,
    NO_DEFINITION,
    NO_START,
    NOBODY,
    NUMBER,
    PERSON,
    PRESENT_EVENTS,
    ROUND,
    SUBJECT,
    THINGS,
    TRANSITIVE,
    VERB_INSIDE,
    WEEKDAY,
    any_of,
    words,
)


class Kind(StrEnum):
    """What a question asks for: a page shows different ones."""

    WHEN = "when"
    HOW_LONG = "how long"
    HOW_OFTEN = "how often"
    HOW_MUCH = "how much"
    HOW_MANY = "how many"
    WHO = "who"
    WHERE = "where"
    WHY = "why"
    WHAT = "what"
    HEADING = "heading"


@dataclass(frozen=True, slots=True)
class Made:
    """A question made from a sentence, and the words of the sentence that answer it; "" where all of it does."""

    question: str
    kind: Kind
    answer: str = ""


Rule = tuple[Kind, "re.Pattern[str]", Callable[[dict[str, str]], str]]


def _do(found: dict[str, str], base: str) -> str:
    """Subject and verb in a question, by the verb's ending: "does the loan last"."""
    return f"{'does' if found['verb'].split()[0].endswith('s') else 'do'} {found['subject']} {base}"


def _have(found: dict[str, str], base: str) -> str:
    helper = {"has": "does", "have": "do", "had": "did"}.get(found["verb"])
    helper = helper or ("does" if found["verb"].endswith("s") else "do")
    return f"{helper} {found['subject']} {base}"


def _how_many_may(found: dict[str, str]) -> str:
    """How many of something somebody may do something with: "How many books may a reader borrow at a time?"."""
    rest = found["rest"] or ""
    things, rest = (found["things"] + rest, "") if rest.startswith(" of ") else (found["things"], rest)
    return f"How many {things} {found['helper']} {found['subject']} {found['verb']}{rest}?"


def _helped(found: dict[str, str]) -> str:
    """Subject, helper and the rest in a question: "must the pump be drained"."""
    helper, _, more = found["helper"].partition(" ")
    rest = " ".join(part for part in (more, found.get("denial") or "", found["rest"]) if part)
    return f"{helper} {found['subject']} {rest}"


def _rule(kind: Kind, pattern: str, make: Callable[[dict[str, str]], str]) -> Rule:
    return kind, re.compile(pattern), make


_PREDICATE = words(6)
_RULES: tuple[Rule, ...] = (
    # The harbour was opened in 1887 after six years of work.
    _rule(
        Kind.WHEN,
        rf"^{SUBJECT} (?P<helper>was|were) (?:first |officially |formally )?(?P<rest>(?:{HAPPENED})"
        rf"(?: (?!by\b|in\b|on\b){words(4)})?)(?: by {words(5)})? (?P<answer>{DATE})",
        lambda f: f"When {_helped(f)}?",
    ),
    _rule(
        Kind.WHEN,
        rf"^{SUBJECT} (?P<verb>{any_of(INTRANSITIVE)}) (?P<answer>{DATE})",
        lambda f: f"When did {f['subject']} {INTRANSITIVE[f['verb']]}?",
    ),
    _rule(
        Kind.WHEN,
        rf"^{SUBJECT} (?P<verb>{any_of(TRANSITIVE)}) (?P<rest>{words(6)}) (?P<answer>{DATE})",
        lambda f: f"When did {f['subject']} {TRANSITIVE[f['verb']]} {f['rest']}?",
    ),
    _rule(
        Kind.WHEN,
        rf"^{SUBJECT} (?P<verb>{any_of(PRESENT_EVENTS)}) (?P<answer>(?:at|on|in|every|by) {words(6)})[.,;]",
        lambda f: f"When {_do(f, PRESENT_EVENTS[f['verb']])}?",
    ),
    _rule(
        Kind.WHEN,
        rf"^{SUBJECT} (?P<helper>is|are) open (?P<answer>(?:from|on|every|until|between|daily|at) [^,;]+?)[.,;]",
        lambda f: f"When {f['helper']} {f['subject']} open?",
    ),
    # A loan lasts four weeks.
    _rule(
        Kind.HOW_LONG,
        rf"^{SUBJECT} (?P<verb>lasts?|takes?) (?P<answer>{DURATION})",
        lambda f: f"How long {_do(f, f['verb'].removesuffix('s'))}?",
    ),
    _rule(
        Kind.HOW_LONG,
        rf"^{SUBJECT} (?P<verb>lasted|took) (?P<answer>{DURATION})",
        lambda f: f"How long did {f['subject']} {'last' if f['verb'] == 'lasted' else 'take'}?",
    ),
    _rule(
        Kind.HOW_LONG,
        rf"^{SUBJECT} (?P<verb>runs?|stays?|remains?)(?P<rest> (?:valid|open|closed|in force))? for "
        rf"(?P<answer>{DURATION})",
        lambda f: f"How long {_do(f, f['verb'].removesuffix('s') + (f['rest'] or ''))}?",
    ),
    _rule(
        Kind.HOW_LONG,
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) for (?P<answer>{DURATION})",
        lambda f: f"{'For how' if AT_ONCE.match(f['rest']) else 'How'} long {_helped(f)}?",
    ),
    _rule(
        Kind.HOW_LONG,
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) within (?P<answer>{DURATION})",
        lambda f: f"How soon {_helped(f)}?",
    ),
    _rule(
        Kind.HOW_LONG,
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) (?P<answer>{DURATION}) "
        rf"(?P<event>before (?:the|a|an) {words(6)})[.,;]",
        lambda f: f"How long {f['event']} {_helped(f)}?",
    ),
    # Filters are cleaned every Monday.
    _rule(
        Kind.HOW_OFTEN,
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) (?P<answer>{ROUND})",
        lambda f: f"How often {_helped(f)}?",
    ),
    _rule(
        Kind.HOW_OFTEN,
        rf"^{SUBJECT} (?P<verb>meets?) (?P<answer>{ROUND})",
        lambda f: f"How often {_do(f, 'meet')}?",
    ),
    _rule(
        Kind.HOW_OFTEN,
        rf"^{SUBJECT} (?P<helper>may|can) (?P<rest>be {words(3)}) "
        rf"(?P<answer>{ABOUT}(?:{NUMBER} times|once|twice))\b",
        lambda f: f"How often {_helped(f)}?",
    ),
    # A berth costs 25 euros a night.
    _rule(
        Kind.HOW_MUCH,
        rf"^{SUBJECT} (?P<verb>costs?) (?P<answer>{MONEY})",
        lambda f: f"How much {_do(f, 'cost')}?",
    ),
    _rule(
        Kind.HOW_MUCH,
        rf"^{SUBJECT} (?P<helper>is|was|are|were) (?P<answer>{MONEY})",
        lambda f: f"How much {f['helper']} {f['subject']}?",
    ),
    _rule(
        Kind.HOW_MUCH,
        rf"^(?P<subject>The [a-z][\w'’-]*(?: [\w'’/-]+){{0,8}}?) (?P<helper>is|was) (?P<answer>{ABOUT}\d[\d.,]*"
        rf"(?: ?(?:%|°C|[A-Za-z²³/]+))?)(?= when\b|[.,;])",
        lambda f: f"What {f['helper']} {f['subject']}?",
    ),
    _rule(
        Kind.HOW_MUCH,
        rf"^(?P<subject>The [a-z][\w'’-]*(?: [\w'’/-]+){{0,8}}?) (?P<helper>should|must) be "
        rf"(?P<answer>{ABOUT}\d[\d.,]*(?: ?(?:%|°C|[A-Za-z²³/]+))?)(?=[.,;])",
        lambda f: f"What {f['helper']} {f['subject']} be?",
    ),
    _rule(
        Kind.HOW_MUCH,
        rf"^{SUBJECT} (?:has|have) an? (?P<rest>(?:shelf life|population|area|length|height|capacity|weight|width|"
        rf"depth|diameter|speed|range|total area|surface area|seating capacity)) of (?P<answer>{ABOUT}{NUMBER})",
        lambda f: f"What is the {f['rest']} of {f['subject']}?",
    ),
    _rule(
        Kind.HOW_MUCH,
        rf"^{SUBJECT} (?P<helper>is|are|was|were) (?P<answer>{ABOUT}{NUMBER} {MEASURE}) "
        r"(?P<rest>long|wide|tall|high|deep|thick)\b",
        lambda f: f"How {f['rest']} {f['helper']} {f['subject']}?",
    ),
    # Every employee has 28 days of paid leave a year.
    _rule(
        Kind.HOW_MANY,
        rf"^{SUBJECT} (?P<verb>has|have|had) (?P<answer>{ABOUT}{NUMBER}) (?P<rest>{words(3)}){END}(?! and)",
        lambda f: f"How many {f['rest']} {_have(f, 'have')}?",
    ),
    _rule(
        Kind.HOW_MANY,
        rf"^{SUBJECT} (?P<verb>contains?|includes?|comprises?|employs?|owns?) (?P<answer>{ABOUT}{NUMBER}) "
        rf"(?P<rest>{words(3)}){END}(?! and)",
        lambda f: f"How many {f['rest']} {_have(f, f['verb'].removesuffix('s'))}?",
    ),
    _rule(
        Kind.HOW_MANY,
        rf"^{SUBJECT} (?P<helper>may|can|must|should) (?P<verb>[a-z]+) (?P<answer>{ABOUT}{NUMBER}) "
        rf"(?P<things>[a-z]+s)(?P<rest> {words(4)})?[.,;]",
        _how_many_may,
    ),
    _rule(
        Kind.HOW_MANY,
        rf"^(?i:{ABOUT})(?P<answer>(?i:{NUMBER})) (?P<subject>[a-z]+s|people|men|women|children) "
        rf"(?P<rest>{words(9)})\.",
        lambda f: f"How many {f['subject']} {f['rest']}?",
    ),
    # The union aims to depend less on imports.
    _rule(
        Kind.WHAT,
        rf"^{SUBJECT} (?P<verb>aims?|plans?|wants?|intends?|hopes?) to (?P<answer>[^.,]{{12,}})",
        lambda f: f"What {_do(f, f['verb'].removesuffix('s'))} to do?",
    ),
    _rule(
        Kind.WHAT,
        rf"^{SUBJECT} (?P<helper>is|are) (?P<rest>considering|planning|preparing|building|developing) "
        r"(?P<answer>[^.,]{12,})",
        lambda f: f"What {_helped(f)}?",
    ),
    # Thierry Breton, who heads industry policy at the European Union, says ...
    _rule(
        Kind.WHO,
        rf"^(?P<answer>{NAME}), who (?P<rest>[a-z]+s {words(9)}),",
        lambda f: f"Who {f['rest']}?",
    ),
    _rule(
        Kind.WHO,
        rf"^(?P<answer>{NAME}), (?P<rest>the [a-z][\w'’-]*(?: [\w'’-]+){{0,3}} (?:of|for|at) (?!an? ){words(6)}), "
        r"(?:says|said|told|is|has|leads|wants|plans|will|can|announced|writes|wrote)\b",
        lambda f: f"Who is {f['rest']}?",
    ),
    _rule(
        Kind.WHO,
        rf"^(?P<subject>The [a-z][\w'’-]*(?: [\w'’-]+){{0,2}} of {words(4)}) (?P<helper>is|was) "
        rf"(?P<answer>{NAME})[.,]",
        lambda f: f"Who {f['helper']} {f['subject']}?",
    ),
    _rule(
        Kind.WHO,
        rf"^{SUBJECT} (?:was|were) (?:originally |first )?(?P<verb>{any_of(DONE)}) "
        rf"(?P<rest>(?:in|at) (?!\d)[A-Z]\w+ )?(?:in \d{{4}} )?by {NOBODY}(?P<answer>(?:the )?[A-Z]{words(5)}){END}",
        lambda f: f"Who {DONE[f['verb']]} {f['subject']}{(' ' + f['rest'].strip()) if f['rest'] else ''}?",
    ),
    _rule(
        Kind.WHO,
        rf"^{SUBJECT} (?:is|are) (?P<verb>{any_of(DOES)}) by {NOBODY}(?P<answer>(?:the |an? )?{words(5)}){END}",
        lambda f: f"Who {DOES[f['verb']]} {f['subject']}?",
    ),
    _rule(
        Kind.WHO,
        rf"^{SUBJECT} (?P<helper>must|may|should|can) (?:only )?be (?P<verb>{any_of(BASE)}) (?:only )?by "
        rf"{NOBODY}(?P<answer>(?:the |an? )?{words(5)}){END}",
        lambda f: f"Who {f['helper']} {BASE[f['verb']]} {f['subject']}?",
    ),
    _rule(
        Kind.WHO,
        rf"^(?P<answer>{NAME}) (?P<verb>{any_of({v: v for v in DONE.values()})}) "
        rf"(?P<rest>(?!an? ){words(7)})(?= (?:in|at|on|during|from|with|after|before|for|as|and)\b|[.,;])",
        lambda f: f"Who {f['verb']} {f['rest']}?",
    ),
    # The serial number is stamped on the plate.
    _rule(
        Kind.WHERE,
        rf"^{SUBJECT} (?P<helper>is|are|was|were) (?P<rest>{KEPT}) "
        rf"(?P<answer>(?:in|at|near|inside|outside|into|(?<!based )on) (?!\d|the \d|{MONTH}|{WEEKDAY}|(?:early|late|"
        rf"mid|order|time|fact|addition|high|low|person|writing|force|which|behalf|request)\b)"
        rf"[\w'’-]+(?: [\w'’-]+){{0,4}})",
        lambda f: f"Where {_helped(f)}?",
    ),
    # The dome is never heated, because warm air blurs the image.
    _rule(
        Kind.WHY,
        rf"^{SUBJECT} (?P<helper>is|are|was|were|must|may|can|should|will) (?P<denial>not |never )?"
        rf"(?P<rest>{words(9)}),? because (?P<answer>[^.]{{12,}})",
        lambda f: f"Why {_helped({**f, 'denial': (f['denial'] or '').strip()})}?",
    ),
    # A red lamp means that the water stands too high.
    _rule(
        Kind.WHAT,
        rf"^{SUBJECT} (?P<verb>means?) that (?P<answer>[^.]{{8,}})",
        lambda f: f"What {_do(f, 'mean')}?",
    ),
)

_DEFINITION = re.compile(
    r"^(?P<subject>(?:(?:The|An?) )?[\w'’-]+(?: [\w'’&-]+){0,5}?) (?P<helper>is|are|was|were) "
    r"(?P<what>(?:an?|the|any|one of the) [^.]{15,}|(?<=are )(?:[a-z]+ ){1,3}(?:that|which) [^.]{10,})"
)
_QUESTION_START = re.compile(
    r"(who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|"
    r"have)\b",
    re.IGNORECASE,
)


def questions_of(sentence: str, *, in_lower_case: Callable[[str], bool | None]) -> Iterator[Made]:
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
    for kind, pattern, make in _RULES:
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
        question = make(found)
        if _reads_well(question):
            yield Made(question, kind, found["answer"])
    if made := _definition(text, in_lower_case):
        yield made


def question_in(heading: str) -> str | None:
    """A heading that is a question, as it stands; None for any other."""
    text = " ".join(heading.split())
    words = len(text.split())
    return text if text.endswith("?") and 3 <= words <= 16 and _QUESTION_START.match(text) else None


def _definition(text: str, in_lower_case: Callable[[str], bool | None]) -> Made | None:
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
    return Made(question, Kind.WHO if question.startswith("Who") else Kind.WHAT)


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
