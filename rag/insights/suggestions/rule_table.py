"""The rules that make questions of sentences, as a table: each with a sentence, and the question that it gives.

The surest come first. A template is filled with the groups of its pattern, and with what `QuestionRule.question` adds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rag.insights.suggestions.grammar import (
    ABOUT,
    AT_ONCE,
    BASE,
    DATE,
    DOES,
    DONE,
    DURATION,
    END,
    HAPPENED,
    HELPER,
    INTRANSITIVE,
    KEPT,
    MEASURE,
    MONEY,
    MONTH,
    NAME,
    NOBODY,
    NUMBER,
    PRESENT_EVENTS,
    ROUND,
    SUBJECT,
    TRANSITIVE,
    WEEKDAY,
    any_of,
    words,
)


class QuestionKind(StrEnum):
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
class QuestionRule:
    """One kind of sentence, and the question that it answers."""

    kind: QuestionKind
    example: str
    asks: str  # what is asked of `example`
    template: str
    pattern: str  # from the start of a sentence; what answers is its group "answer"
    verbs: Mapping[str, str] = field(default_factory=dict)  # what becomes of the verb in a question; else its "s" goes

    def question(self, found: Mapping[str, str | None]) -> str:
        """The question for what the groups of the pattern found.

        Beside these a template may name:

        {base}: the verb as `verbs` has it. {do}: "does", "do" or "did", by the ending of the verb. {helped}: subject,
        helper and the rest: "must the pump be drained". {how}: "For how", where "how long" would ask for a duration.
        """
        given = {name: value or "" for name, value in found.items()}
        verb, rest = given.get("verb", ""), given.get("rest", "")
        if "things" in given and rest.startswith(" of "):
            given |= {"things": given["things"] + rest, "rest": ""}
        helper, _, more = given.get("helper", "").partition(" ")
        helped = " ".join(filter(None, (helper, given.get("subject"), more, given.get("denial", "").strip(), rest)))
        return self.template.format_map(
            given
            | {
                "base": self.verbs.get(verb, verb.removesuffix("s")),
                "do": "did" if verb == "had" else "does" if verb.partition(" ")[0].endswith("s") else "do",
                "helped": helped,
                "how": "For how" if AT_ONCE.match(rest) else "How",
            }
        )


_PREDICATE = words(6)
RULES = (
    QuestionRule(
        QuestionKind.WHEN,
        "The harbour was opened in 1887 after six years of work.",
        "When was the harbour opened?",
        "When {helped}?",
        rf"^{SUBJECT} (?P<helper>was|were) (?:first |officially |formally )?(?P<rest>(?:{HAPPENED})"
        rf"(?: (?!by\b|in\b|on\b){words(4)})?)(?: by {words(5)})? (?P<answer>{DATE})",
    ),
    QuestionRule(
        QuestionKind.WHEN,
        "The old bridge collapsed in 1902 under a train.",
        "When did the old bridge collapse?",
        "When did {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>{any_of(INTRANSITIVE)}) (?P<answer>{DATE})",
        verbs=INTRANSITIVE,
    ),
    QuestionRule(
        QuestionKind.WHEN,
        "The council joined the union of cities in May 1998.",
        "When did the council join the union of cities?",
        "When did {subject} {base} {rest}?",
        rf"^{SUBJECT} (?P<verb>{any_of(TRANSITIVE)}) (?P<rest>{words(6)}) (?P<answer>{DATE})",
        verbs=TRANSITIVE,
    ),
    QuestionRule(
        QuestionKind.WHEN,
        "The market opens at six in the morning.",
        "When does the market open?",
        "When {do} {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>{any_of(PRESENT_EVENTS)}) (?P<answer>(?:at|on|in|every|by) {words(6)})[.,;]",
        verbs=PRESENT_EVENTS,
    ),
    QuestionRule(
        QuestionKind.WHEN,
        "The café on the pier is open from May to September.",
        "When is the café on the pier open?",
        "When {helper} {subject} open?",
        rf"^{SUBJECT} (?P<helper>is|are) open (?P<answer>(?:from|on|every|until|between|daily|at) [^,;]+?)[.,;]",
    ),
    QuestionRule(
        QuestionKind.HOW_LONG,
        "A loan lasts four weeks.",
        "How long does a loan last?",
        "How long {do} {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>lasts?|takes?) (?P<answer>{DURATION})",
    ),
    QuestionRule(
        QuestionKind.HOW_LONG,
        "The repair took three weeks.",
        "How long did the repair take?",
        "How long did {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>lasted|took) (?P<answer>{DURATION})",
        verbs={"lasted": "last", "took": "take"},
    ),
    QuestionRule(
        QuestionKind.HOW_LONG,
        "The warranty runs for 24 months from the date of delivery.",
        "How long does the warranty run?",
        "How long {do} {subject} {base}{rest}?",
        rf"^{SUBJECT} (?P<verb>runs?|stays?|remains?)(?P<rest> (?:valid|open|closed|in force))? for "
        rf"(?P<answer>{DURATION})",
    ),
    QuestionRule(
        QuestionKind.HOW_LONG,
        "A president is elected by the judges for three years.",
        "For how long is a president elected by the judges?",
        "{how} long {helped}?",
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) for (?P<answer>{DURATION})",
    ),
    QuestionRule(
        QuestionKind.HOW_LONG,
        "Each claim must be submitted within 60 days of the journey.",
        "How soon must each claim be submitted?",
        "How soon {helped}?",
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) within (?P<answer>{DURATION})",
    ),
    QuestionRule(
        QuestionKind.HOW_LONG,
        "Tickets are sent out two weeks before the event.",
        "How long before the event are tickets sent out?",
        "How long {event} {helped}?",
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) (?P<answer>{DURATION}) "
        rf"(?P<event>before (?:the|a|an) {words(6)})[.,;]",
    ),
    QuestionRule(
        QuestionKind.HOW_OFTEN,
        "Filters in the well are cleaned every Monday.",
        "How often are filters in the well cleaned?",
        "How often {helped}?",
        rf"^{SUBJECT} (?P<helper>{HELPER}) (?P<rest>{_PREDICATE}) (?P<answer>{ROUND})",
    ),
    QuestionRule(
        QuestionKind.HOW_OFTEN,
        "The committee meets every month in the hall.",
        "How often does the committee meet?",
        "How often {do} {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>meets?) (?P<answer>{ROUND})",
    ),
    QuestionRule(
        QuestionKind.HOW_OFTEN,
        "The motor may be started no more than twelve times in an hour.",
        "How often may the motor be started?",
        "How often {helped}?",
        rf"^{SUBJECT} (?P<helper>may|can) (?P<rest>be {words(3)}) "
        rf"(?P<answer>{ABOUT}(?:{NUMBER} times|once|twice))\b",
    ),
    QuestionRule(
        QuestionKind.HOW_MUCH,
        "A berth in the harbour costs 25 euros a night in summer.",
        "How much does a berth in the harbour cost?",
        "How much {do} {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>costs?) (?P<answer>{MONEY})",
    ),
    QuestionRule(
        QuestionKind.HOW_MUCH,
        "The deposit is 50 euros for each key.",
        "How much is the deposit?",
        "How much {helper} {subject}?",
        rf"^{SUBJECT} (?P<helper>is|was|are|were) (?P<answer>{MONEY})",
    ),
    QuestionRule(
        QuestionKind.HOW_MUCH,
        "The clearance of the ring is 0.3 mm when new.",
        "What is the clearance of the ring?",
        "What {helper} {subject}?",
        rf"^(?P<subject>The [a-z][\w'’-]*(?: [\w'’/-]+){{0,8}}?) (?P<helper>is|was) (?P<answer>{ABOUT}\d[\d.,]*"
        rf"(?: ?(?:%|°C|[A-Za-z²³/]+))?)(?= when\b|[.,;])",
    ),
    QuestionRule(
        QuestionKind.HOW_MUCH,
        "The town has a population of 12,000 people.",
        "What is the population of the town?",
        "What is the {rest} of {subject}?",
        rf"^{SUBJECT} (?:has|have) an? (?P<rest>(?:shelf life|population|area|length|height|capacity|weight|width|"
        rf"depth|diameter|speed|range|total area|surface area|seating capacity)) of (?P<answer>{ABOUT}{NUMBER})",
    ),
    QuestionRule(
        QuestionKind.HOW_MUCH,
        "The pier is 40 metres long at low water.",
        "How long is the pier?",
        "How {rest} {helper} {subject}?",
        rf"^{SUBJECT} (?P<helper>is|are|was|were) (?P<answer>{ABOUT}{NUMBER} {MEASURE}) "
        r"(?P<rest>long|wide|tall|high|deep|thick)\b",
    ),
    QuestionRule(
        QuestionKind.HOW_MANY,
        "Every employee has 28 days of paid leave a year.",
        "How many days of paid leave does every employee have?",
        "How many {rest} {do} {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>has|have|had) (?P<answer>{ABOUT}{NUMBER}) (?P<rest>{words(3)}){END}(?! and)",
        verbs={"has": "have", "have": "have", "had": "have"},
    ),
    QuestionRule(
        QuestionKind.HOW_MANY,
        "The fleet includes 14 boats for pilots.",
        "How many boats does the fleet include?",
        "How many {rest} {do} {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>contains?|includes?|comprises?|employs?|owns?) (?P<answer>{ABOUT}{NUMBER}) "
        rf"(?P<rest>{words(3)}){END}(?! and)",
    ),
    QuestionRule(
        QuestionKind.HOW_MANY,
        "Parents may claim up to 14 months of parental leave.",
        "How many months of parental leave may parents claim?",
        "How many {things} {helper} {subject} {verb}{rest}?",
        rf"^{SUBJECT} (?P<helper>may|can|must|should) (?P<verb>[a-z]+) (?P<answer>{ABOUT}{NUMBER}) "
        rf"(?P<things>[a-z]+s)(?P<rest> {words(4)})?[.,;]",
    ),
    QuestionRule(
        QuestionKind.HOW_MANY,
        "About 300 boats use the harbour each year.",
        "How many boats use the harbour each year?",
        "How many {subject} {rest}?",
        rf"^(?i:{ABOUT})(?P<answer>(?i:{NUMBER})) (?P<subject>[a-z]+s|people|men|women|children) "
        rf"(?P<rest>{words(9)})\.",
    ),
    QuestionRule(
        QuestionKind.WHAT,
        "The council plans to build a second bridge over the river.",
        "What does the council plan to do?",
        "What {do} {subject} {base} to do?",
        rf"^{SUBJECT} (?P<verb>aims?|plans?|wants?|intends?|hopes?) to (?P<answer>[^.,]{{12,}})",
    ),
    QuestionRule(
        QuestionKind.WHAT,
        "The council is considering a second bridge over the river.",
        "What is the council considering?",
        "What {helped}?",
        rf"^{SUBJECT} (?P<helper>is|are) (?P<rest>considering|planning|preparing|building|developing) "
        r"(?P<answer>[^.,]{12,})",
    ),
    QuestionRule(
        QuestionKind.WHO,
        "Thierry Breton, who leads policy at the union, says that talks go on.",
        "Who leads policy at the union?",
        "Who {rest}?",
        rf"^(?P<answer>{NAME}), who (?P<rest>[a-z]+s {words(9)}),",
    ),
    QuestionRule(
        QuestionKind.WHO,
        "Anna Berg, the head of research at the institute, says that it works.",
        "Who is the head of research at the institute?",
        "Who is {rest}?",
        rf"^(?P<answer>{NAME}), (?P<rest>the [a-z][\w'’-]*(?: [\w'’-]+){{0,3}} (?:of|for|at) (?!an? ){words(6)}), "
        r"(?:says|said|told|is|has|leads|wants|plans|will|can|announced|writes|wrote)\b",
    ),
    QuestionRule(
        QuestionKind.WHO,
        "The director of the museum is Anna Berg.",
        "Who is the director of the museum?",
        "Who {helper} {subject}?",
        rf"^(?P<subject>The [a-z][\w'’-]*(?: [\w'’-]+){{0,2}} of {words(4)}) (?P<helper>is|was) "
        rf"(?P<answer>{NAME})[.,]",
    ),
    QuestionRule(
        QuestionKind.WHO,
        "The parliament building was designed by the Normans.",
        "Who designed the parliament building?",
        "Who {base} {subject}{rest}?",
        rf"^{SUBJECT} (?:was|were) (?:originally |first )?(?P<verb>{any_of(DONE)})"
        rf"(?P<rest> (?:in|at) (?!\d)[A-Z]\w+)?(?: in \d{{4}})? by {NOBODY}(?P<answer>(?:the )?[A-Z]{words(5)}){END}",
        verbs=DONE,
    ),
    QuestionRule(
        QuestionKind.WHO,
        "The fund is managed by a board of seven people.",
        "Who manages the fund?",
        "Who {base} {subject}?",
        rf"^{SUBJECT} (?:is|are) (?P<verb>{any_of(DOES)}) by {NOBODY}(?P<answer>(?:the |an? )?{words(5)}){END}",
        verbs=DOES,
    ),
    QuestionRule(
        QuestionKind.WHO,
        "The trip must be approved by the head of service.",
        "Who must approve the trip?",
        "Who {helper} {base} {subject}?",
        rf"^{SUBJECT} (?P<helper>must|may|should|can) (?:only )?be (?P<verb>{any_of(BASE)}) (?:only )?by "
        rf"{NOBODY}(?P<answer>(?:the |an? )?{words(5)}){END}",
        verbs=BASE,
    ),
    QuestionRule(
        QuestionKind.WHO,
        "Anna Berg designed the library of the town in the spring.",
        "Who designed the library of the town?",
        "Who {verb} {rest}?",
        rf"^(?P<answer>{NAME}) (?P<verb>{any_of({v: v for v in DONE.values()})}) "
        rf"(?P<rest>(?!an? ){words(7)})(?= (?:in|at|on|during|from|with|after|before|for|as|and)\b|[.,;])",
    ),
    QuestionRule(
        QuestionKind.WHERE,
        "The serial number is stamped on the plate.",
        "Where is the serial number stamped?",
        "Where {helped}?",
        rf"^{SUBJECT} (?P<helper>is|are|was|were) (?P<rest>{KEPT}) "
        rf"(?P<answer>(?:in|at|near|inside|outside|into|(?<!based )on) (?!\d|the \d|{MONTH}|{WEEKDAY}|(?:early|late|"
        rf"mid|order|time|fact|addition|high|low|person|writing|force|which|behalf|request)\b)"
        rf"[\w'’-]+(?: [\w'’-]+){{0,4}})",
    ),
    QuestionRule(
        QuestionKind.WHY,
        "The dome is never heated, because warm air blurs the image.",
        "Why is the dome never heated?",
        "Why {helped}?",
        rf"^{SUBJECT} (?P<helper>is|are|was|were|must|may|can|should|will) (?P<denial>not |never )?"
        rf"(?P<rest>{words(9)}),? because (?P<answer>[^.]{{12,}})",
    ),
    QuestionRule(
        QuestionKind.WHAT,
        "A yellow lamp means that a filter is blocked.",
        "What does a yellow lamp mean?",
        "What {do} {subject} {base}?",
        rf"^{SUBJECT} (?P<verb>means?) that (?P<answer>[^.]{{8,}})",
    ),
)
PATTERNS = tuple(re.compile(rule.pattern) for rule in RULES)
