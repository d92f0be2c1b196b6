"""The words and patterns that the rules are made of: numbers, dates, sums, verbs, and what a question must not hold."""

from __future__ import annotations

import re

from rag.text.english import MONTHS, SMALL_NUMBERS, TENS, WEEKDAYS

# Two of them were never among these.
NUMBER_WORDS = "|".join(word for word in (*SMALL_NUMBERS[2:], *TENS) if word not in ("seventeen", "nineteen"))
NUMBER = rf"(?:\d[\d.,]*\d|\d|{NUMBER_WORDS})(?: (?:hundred|thousand|million|billion))?"
ABOUT = (
    r"(?:(?:about|around|over|nearly|almost|exactly|only|just|up to|at least|at most|no more than|not more than|"
    r"more than|less than|fewer than|some|roughly|approximately|another|a further) )?"
)
TIME_UNIT = (
    r"(?:working |calendar |full |consecutive )?(?:second|minute|hour|day|week|month|year|decade|centur)(?:s|y|ies)?"
)
DURATION = rf"{ABOUT}{NUMBER}[ -]{TIME_UNIT}\b"
MONTH = "|".join(MONTHS)
WEEKDAY = "|".join(WEEKDAYS)
DATE = (
    rf"(?:in|on|by|around|since) (?:(?:early|late|mid|the (?:spring|summer|autumn|winter) of) )?"
    rf"(?:(?:\d{{1,2}} )?(?:{MONTH})(?: \d{{1,2}})?,? ?)?(?:\d{{4}}|1?\d{{3}})\b(?! ?%)"
    rf"|on (?:\d{{1,2}} (?:{MONTH})|(?:{MONTH}) \d{{1,2}})\b"
)
MONEY_UNIT = r"euros?|dollars?|pounds?|yen|francs?|crowns?|kronor|zloty|rupees?|cents?|pence|roubles?"
MONEY = rf"{ABOUT}(?:[£$€¥] ?\d[\d.,]*(?: (?:thousand|million|billion))?|{NUMBER} (?:{MONEY_UNIT})\b)"
MEASURE = r"(?:mm|cm|km|metres?|meters?|kilomet(?:re|er)s?|miles?|feet|inches|millimetres?|centimetres?)"
ROUND = (
    rf"(?:every (?:{NUMBER} |other |second )?(?:{TIME_UNIT}|morning|evening|night|spring|summer|autumn|winter|"
    rf"{WEEKDAY})|(?:once|twice|{NUMBER} times) (?:a|an|per|every|each) (?:{NUMBER} )?{TIME_UNIT}|daily|weekly|"
    r"monthly|quarterly|yearly|annually)"
)
HELPER = r"is|are|was|were|must|may|can|should|shall|will|has to be|have to be"

# A subject: some words up to the verb, without comma, bracket or quote.
SUBJECT = r"(?P<subject>[^\W_][\w'’-]*(?: [\w'’.&/-]+){0,8}?)"
END = (
    r"(?=[.,;]| (?:a|an|per|each|every|and|but|or|because|so|while|which|when|if|unless|after|before|until|from|to|for|"
    r"at|as|with)\b)"
)
NAME = r"(?P<name>[A-Z][\w.'’-]+(?: (?:[A-Z]\.|de|van|von|der|the|of|[A-Z][\w'’-]+)){1,3})"

# Words that refer to something outside of the question, or lean on the sentence before.
LEANING = re.compile(
    r"\b(it|its|itself|he|him|his|himself|she|her|hers|they|them|their|theirs|this|these|those|that|such|there|here|"
    r"then|thus|therefore|however|also|too|former|latter|respectively|same|above|below|following|other|others|another|"
    r"we|us|our|i|my|me|you|your|one|ones|so|both|either|neither|instead|again|later|earlier|new|now|more|most|first|"
    r"previous|next|last|who|which|what|whose|whom|where|whether|not (?:just|only)|while|although|though|"
    r"because|since|if)\b",
    re.IGNORECASE,
)
# What no subject begins with: then it is not the subject that begins the sentence.
NO_START = re.compile(
    r"(in|on|at|by|for|from|to|of|with|without|within|under|over|after|before|during|until|since|as|if|when|while|"
    r"where|although|though|despite|because|once|unless|according|like|unlike|between|among|through|throughout|along|"
    r"and|but|or|nor|yet|so|not|no|never|only|even|just|some|many|most|much|few|several|any|none|half|today|"
    r"yesterday|currently|recently|finally|initially|originally|eventually|usually|generally|typically|often|perhaps|"
    r"please|what|who|why|how|whether|about|around|nearly|almost|meanwhile|moreover|furthermore|additionally|"
    r"\w+ly|\w+ing|\w+ed|\d.*)",
    re.IGNORECASE,
)
# A word inside that is or may be a verb: then the subject ends before it.
VERB_INSIDE = re.compile(
    r"\b(is|are|was|were|be|been|has|have|had|do|does|did|will|would|can|could|may|might|must|shall|should|said|says|"
    r"made|took|became|began|came|gave|held|led|left|went|won|ran|saw|found|put|set|to|not|[a-z]+ed)\b"
)
DETERMINERS = ("the", "a", "an", "every", "each", "all", "no")

PERSON = re.compile(
    r"\b(king|queen|emperor|empress|president|chancellor|minister|mayor|governor|senator|commissioner|duke|duchess|earl|"
    r"count|prince|princess|bishop|archbishop|pope|monk|priest|saint|general|admiral|officer|soldier|leader|poet|"
    r"writer|author|novelist|playwright|journalist|painter|sculptor|architect|composer|musician|singer|actor|actress|"
    r"director|philosopher|theologian|historian|scientist|physicist|chemist|mathematician|biologist|astronomer|"
    r"engineer|inventor|explorer|merchant|lawyer|judge|politician|diplomat|activist|scholar|professor|teacher|"
    r"physician|surgeon|nurse|economist|businessman|entrepreneur|founder|chief|head|chairman|manager|"
    r"man|woman|person|nobleman|knight|warrior|athlete|player|coach)\b"
)

# Participle -> past tense, of what people do to things.
DONE = {
    "founded": "founded", "built": "built", "designed": "designed", "written": "wrote", "invented": "invented",
    "discovered": "discovered", "led": "led", "composed": "composed", "painted": "painted", "drawn": "drew",
    "created": "created", "established": "established", "directed": "directed", "developed": "developed",
    "introduced": "introduced", "proposed": "proposed", "commissioned": "commissioned", "conquered": "conquered",
    "captured": "captured", "ruled": "ruled", "signed": "signed", "approved": "approved", "published": "published",
    "appointed": "appointed", "coined": "coined", "destroyed": "destroyed", "completed": "completed",
    "formulated": "formulated", "adopted": "adopted", "issued": "issued",
}  # fmt: skip
# Participle -> third person, of what is done again and again.
DOES = {
    "led": "leads", "headed": "heads", "managed": "manages", "owned": "owns", "operated": "operates",
    "funded": "funds", "elected": "elects", "appointed": "appoints", "approved": "approves", "run": "runs",
    "chaired": "chairs", "signed": "signs", "issued": "issues", "supervised": "supervises",
}  # fmt: skip
BASE = {
    "led": "lead", "headed": "head", "managed": "manage", "appointed": "appoint", "approved": "approve",
    "signed": "sign", "issued": "issue", "supervised": "supervise", "authorised": "authorise",
    "authorized": "authorize", "confirmed": "confirm", "inspected": "inspect", "checked": "check",
}  # fmt: skip
HAPPENED = "|".join(
    (*DONE, "opened", "closed", "born", "launched", "formed", "abolished", "demolished", "elected", "crowned",
     "killed", "held", "passed", "ratified", "granted", "renamed", "rebuilt", "restored", "dissolved", "defeated",
     "annexed", "inaugurated", "incorporated", "executed", "buried", "ground", "installed", "amended", "repealed",
     "banned", "inhabited", "occupied", "moved", "merged", "split", "translated", "released")
)  # fmt: skip
INTRANSITIVE = {
    "opened": "open", "closed": "close", "began": "begin", "started": "start", "ended": "end", "died": "die",
    "took place": "take place", "took effect": "take effect", "came into force": "come into force",
    "entered into force": "enter into force", "collapsed": "collapse", "resigned": "resign", "surrendered": "surrender",
    "broke out": "break out", "expired": "expire",
}  # fmt: skip
TRANSITIVE = {
    "became": "become", "joined": "join", "won": "win", "acquired": "acquire", "annexed": "annex", "signed": "sign",
    "invaded": "invade", "conquered": "conquer", "captured": "capture", "adopted": "adopt", "published": "publish",
    "abolished": "abolish", "founded": "found", "established": "establish", "introduced": "introduce",
    "launched": "launch", "ratified": "ratify", "declared": "declare", "invented": "invent", "discovered": "discover",
}  # fmt: skip
PRESENT_EVENTS = {
    "opens": "open", "closes": "close", "begins": "begin", "starts": "start", "ends": "end", "expires": "expire",
    "takes place": "take place", "lapses": "lapse",
}  # fmt: skip
KEPT = (
    "located|situated|based|headquartered|stored|kept|displayed|buried|stamped|published|held|born|posted|parked|"
    "entered|recorded|written down"
)


def words(further: int) -> str:
    """A word and at most so many further ones, no mark between them."""
    return rf"[\w'’&/°%-]+(?: [\w'’.&/°%-]+){{0,{further}}}?"


def any_of(texts: dict[str, str]) -> str:
    """The keys as alternatives of a pattern, longer ones first."""
    return "|".join(sorted(map(re.escape, texts), key=len, reverse=True))


# Done in a moment, for a time that follows: "For how long is a president elected?"
AT_ONCE = re.compile(r"(be )?(elected|appointed|granted|issued|given|hired|chosen|leased|lent|approved|sold)\b")
# By these nothing is done by somebody.
NOBODY = (
    r"(?![\w ]*\b(?:[Cc]harter|[Aa]ct|[Ll]aw|[Tt]reaty|[Dd]ecree|[Ss]tatute|[Oo]rdinance|[Oo]rder|[Mm]eans|[Hh]and|"
    r"[Vv]ote|[Bb]allot|[Ff]ire|[Ww]ay|[Mm]ajority|[Pp]ost|[Ee]mail|[Ll]etter)\b)"
)
# What says something about a thing, not what it is.
NO_DEFINITION = re.compile(
    r"(the same|the first time|the only|the reason|the result|a result|an example|a matter|the case|an? (?:very )?"
    r"(?:controversial|important|major|key|common|good|great|popular|significant|serious|big|different|similar|useful)"
    r"|the (?:most|best|main reason|builder))\b"
)
# Last words of names that no person has.
THINGS = frozenset(
    """University College School Institute Academy Museum Gallery Library Theatre Hospital Church Cathedral Abbey Palace
    Castle Tower Bridge River Lake Mountain Street Square Park Station Airport Company Corporation Bank Council Court
    Commission Committee Parliament Party Union League Association Society Foundation Agency Ministry Department
    Office Act Treaty Law Agreement Convention Charter Directive Regulation Policy Programme Program Project Plan
    System Network Protocol Engine Cycle Machine Theory Theorem Effect Process Method Award Prize Festival Cup War
    Battle Revolution Empire Dynasty Kingdom Republic Province""".split()  # noqa: SIM905 - a list of ninety quoted words is not easier to read
)
# Of these a question has one: two are two clauses.
FINITE = frozenset(
    """is are was were has had does do did will would can could may might must shall
    should""".split()  # noqa: SIM905 - likewise
)
DANGLING = frozenset(
    """the a an of in on at by for from to with and or but as than into onto be only not never very most more less about
    between within while which that its their no every each least""".split()  # noqa: SIM905 - likewise
)
