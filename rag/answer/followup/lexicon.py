"""The words that the rules go by. All are in lower case and English."""

# ruff: noqa: SIM905 - lists of quoted words are not easier to read

from __future__ import annotations

from rag.text.english import MONTHS, SMALL_NUMBERS, WEEKDAYS

BE = frozenset("is are was were be been being am isn aren wasn weren".split())
AUXILIARIES = BE | frozenset(
    "do does did has have had can could will would should shall must may might don doesn didn hasn haven hadn couldn "
    "wouldn shouldn won".split()
)
DO = frozenset("do does did".split())
QUESTION_WORDS = frozenset("who whom whose what which when where why how".split())

HE, SHE = "he", "she"
# Pronoun -> (its class, its case). "her" is told apart by what follows.
PRONOUNS = {
    "he": (HE, "subject"),
    "him": (HE, "object"),
    "his": (HE, "possessive"),
    "himself": (HE, "reflexive"),
    "she": (SHE, "subject"),
    "her": (SHE, "object"),
    "hers": (SHE, "absolute"),
    "herself": (SHE, "reflexive"),
    "it": ("it", "object"),
    "its": ("it", "possessive"),
    "itself": ("it", "reflexive"),
    "they": ("they", "subject"),
    "them": ("they", "object"),
    "their": ("they", "possessive"),
    "theirs": ("they", "absolute"),
    "themselves": ("they", "reflexive"),
}
# Begin a clause: a pronoun after one of these may mean a name before it.
CLAUSE_WORDS = frozenset(
    "when while after before because if that who which since until although though as and but or so where why how "
    "whether than what whose once".split()
)
PREPOSITIONS = frozenset(
    "in on at of for from to with by about into over under after before during between against through since until "
    "within without near behind among per than as like around across towards toward upon off out up down "
    "besides".split()
)
DETERMINERS = frozenset("the a an this that these those any some each every no another other his her its their".split())
CONJUNCTIONS = frozenset("and or but nor".split())

# With "it" before or around them and a clause after: "it" stands for the clause.
CLAUSE_ADJECTIVES = frozenset(
    "legal illegal possible impossible necessary safe unsafe dangerous true allowed permitted hard easy difficult "
    "important okay ok fine better best worth likely unlikely common normal usual compulsory mandatory required "
    "customary advisable forbidden acceptable correct clear known said considered right wrong good bad okay useful "
    "helpful rude polite time enough healthy wise sensible fair useless harmful lawful unlawful recommended".split()
)
CLAUSE_VERBS = frozenset(
    "take takes took cost costs mean means meant feel feels felt matter matters matters make".split()
)

PERSON_NOUNS = frozenset(
    "man woman boy girl person guy actor actress singer writer author artist player president minister king queen "
    "director producer politician scientist musician rapper footballer wrestler cricketer composer novelist poet "
    "painter comedian character general emperor pope bishop senator governor coach manager commissioner chairman "
    "chairwoman chief officer driver boxer entertainer journalist athlete philosopher mathematician physicist".split()
)
GROUP_NOUNS = frozenset(
    "band group team choir ensemble quartet company duo trio orchestra club party union council committee commission "
    "government ministry "
    "university college school corporation inc ltd llc plc gmbh records bank army navy court church institute agency "
    "association department brothers sisters fund firm organisation organization league police board office family "
    "authority federation society foundation crew gang tribe empire members museum parliament congress senate".split()
)
WORK_NOUNS = frozenset(
    "album song film movie book novel show series play musical single ep record opera poem episode game magazine "
    "newspaper documentary programme program story".split()
)
THING_NOUNS = WORK_NOUNS | frozenset(
    "policy handbook manual guide report plan rules agreement contract minutes law act war battle prize award street "
    "city river festival championship cup tour project system machine pump treaty bill strategy statement article "
    "section document procedure instructions regulations overview introduction summary notes faq terms conditions "
    "award awards revolution movement theory method model career life history years work works legacy style death "
    "style reception background release production development music politics views marriage education".split()
)
PLACE_NOUNS = frozenset(
    "city town village country island river mountain valley county state province region street square park lake "
    "port harbour airport station hospital".split()
)
HE_TITLES = frozenset("mr sir king prince lord father brother pope emperor count duke".split())
SHE_TITLES = frozenset("mrs ms miss lady queen princess mother sister empress duchess madame dame".split())
TITLES = (
    HE_TITLES | SHE_TITLES | frozenset("dr prof professor president saint st general senator judge captain".split())
)

# Given names that are common and say who is meant; most are not here, and then both "he" and "she" may be.
HE_NAMES = frozenset(
    "john james robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark "
    "donald steven stephen paul andrew joshua kenneth kevin brian george timothy ronald edward jason jeffrey ryan "
    "jacob gary nicholas eric jonathan larry justin scott brandon benjamin samuel gregory frank alexander raymond "
    "patrick jack dennis jerry tyler aaron jose adam nathan henry douglas zachary peter kyle walter ethan jeremy "
    "harold keith christian roger noah gerald carl terry sean austin arthur lawrence jesse dylan bryan joe jordan "
    "billy bruce albert willie gabriel logan alan juan wayne roy ralph randy eugene vincent russell elijah louis bobby "
    "philip johnny harry fred frederick leonard lewis oscar hans karl heinrich wilhelm pierre jean jacques antonio "
    "ben tom jim bob bill dan max leo "
    "carlos luis pedro giovanni giuseppe vladimir ivan sergei boris mohammed muhammad ahmed ali hassan thierry".split()
)
SHE_NAMES = frozenset(
    "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley "
    "kimberly emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia "
    "kathleen amy angela shirley anna brenda pamela emma nicole helen samantha katherine christine debra rachel "
    "carolyn janet catherine maria heather diane ruth julie olivia joyce virginia victoria lauren christina joan "
    "evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa ann anne sara madison frances kathryn "
    "janice alice abigail sophia grace judy julia marie diana amber rose eleanor charlotte lucy jane kate ursula "
    "angelina suzanne clara eva irene nina olga natalia elena isabella ingrid annette monika beatrice florence".split()
)

# After a subject: where its noun phrase ends. The commonest verbs in questions, as "did", "to" and "will" want them.
VERBS = frozenset(
    "do go get come make take give have be see say tell ask think know want need use find work play win lose sell buy "
    "start begin end stop leave join release record write read sing act perform tour travel move live die stay happen "
    "become break meet marry feel look seem help try call keep let put run bring show hold turn follow change lead "
    "receive earn reach appear include contain cover apply cost last open close pay propose offer announce agree plan "
    "decide discuss support create build found form publish produce direct star teach study learn graduate attend "
    "serve fight kill attack defeat beat score compete finish continue return retire sign fall rise grow spread affect "
    "influence inspire cause chart hit compare differ respond react describe mention state involve require allow go "
    "mean represent deal collaborate work belong own eat drink believe like love hate enjoy prefer expect hope remain "
    "weigh sail leak rain measure charge "
    "made sold won lost done gone called named born known released recorded written used given taken said".split()
)
# Words that can be a subject without being a name.
SUBJECTS = frozenset("i you we he she it they there people someone somebody anyone anybody everyone one".split())
# Say nothing about what is meant.
LIGHT_NOUNS = frozenset(
    "name names kind kinds type types sort year years time times thing things aspect aspects information info example "
    "examples one ones way ways part parts number people article section page day days month date else anything "
    "something nothing anyone someone much many more most long old often far ago result reason reasons fact facts "
    "else interesting important significant notable famous popular happen happened note term terms mention mentioned "
    "order case point lot bit few such same sometime".split()
)
# A document is what was read, seldom what is meant.
DOCUMENT_NOUNS = frozenset(
    "policy handbook manual guide report plan rules minutes instructions regulations overview introduction summary "
    "notes faq document documents guidelines terms conditions article news newsletter brochure specification wiki "
    "readme changelog procedure procedures directory index appendix".split()
)
# Position in a list, from 0; -1 is the last.
ORDINALS = {
    "first": 0,
    "second": 1,
    "third": 2,
    "fourth": 3,
    "fifth": 4,
    "last": -1,
    "1st": 0,
    "2nd": 1,
    "3rd": 2,
    "former": 0,
    "latter": 1,
}
# Plural without an s.
PLURAL_NOUNS = frozenset("staff people employees children workers police men women crew members".split())
PAST_FORMS = {
    "said": "say",
    "told": "tell",
    "thought": "think",
    "made": "make",
    "bought": "buy",
    "sold": "sell",
    "won": "win",
    "lost": "lose",
    "wrote": "write",
    "built": "build",
    "led": "lead",
    "met": "meet",
    "left": "leave",
    "became": "become",
    "gave": "give",
    "took": "take",
    "got": "get",
    "went": "go",
    "came": "come",
    "began": "begin",
    "found": "find",
    "paid": "pay",
    "kept": "keep",
    "taught": "teach",
    "sang": "sing",
}
NUMBERS = frozenset(SMALL_NUMBERS[2:11])
QUANTITIES = NUMBERS | frozenset("several some many most".split())
# Stand between noun phrases, not in them.
ADVERBS = frozenset(
    "also then now ever still again too else just only even really already yet later first next so very not there "
    "here away back together instead mostly once twice".split()
)
# Small words inside names: "Bank of Japan".
NAME_LINKS = frozenset("of the de von van der den la le al bin del da dos du e y & for".split())
PERSON_LINKS = frozenset("de von van der la bin al da del".split())
CALENDAR = frozenset(name.lower() for name in (*MONTHS, *WEEKDAYS))
# After "this": what is now, not what was spoken of.
NOW = frozenset("year month week morning afternoon evening day season summer winter spring autumn quarter way".split())
# Something of the same kind was spoken of.
ADDING = frozenset("else other others another additional".split())
# "There" after one of these is "to" a place.
GOING = frozenset("go went gone travel travelled move moved get got come came return returned back".split())
CLAUSE_OPENERS = frozenset("to that if for when whether how why who what where".split())
TELLING = frozenset("say state mention tell explain describe".split())
# Say what the topic is to those who talk about it: "the band".
ROLE_NOUNS = WORK_NOUNS | frozenset("band group team duo trio singer actor actress author".split())
# That a text is English: one of the first is enough, of the others it takes two.
ENGLISH = QUESTION_WORDS | frozenset(
    "is are were does did has have had can could would should the of and about any anyone anything else other tell "
    "that this these those there with for from to by he she they his their him them its".split()
)
PERHAPS_ENGLISH = frozenset("was her it in on at a an do will me so as am no all then i".split())
WEATHER = frozenset("rain rains raining snow snows snowing".split())
