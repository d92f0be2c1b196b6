"""The words that tell whether two sentences say the same of the same thing, for `disagreement`. English only."""

# ruff: noqa: SIM905 - lists of quoted words are not easier to read

from __future__ import annotations

from rag.text.english import MONTHS

# Function words and others that restrict what is said: both sentences have them, or neither has.
RESTRICTING_WORDS = (
    "not no nor never cannot without except unless only other another same if when while before after during until "
    "till under over above below most some few more less further again instead rather than nearly almost formerly "
    "previously originally initially usually normally between".split()
)
# Words that may stand in one of two sentences without changing what it is about.
NEUTRAL_WORDS = (
    "currently now presently also please always exactly note therefore thus however cost costs costing pay pays "
    "paid payable price priced charge charged amount amounts total totals equal set fixed last lasts lasting take "
    "takes begin begins start starts commence run runs stand stands held place must should shall due expected "
    "submitted submit arrive received reach reached measure measures wide overall according official officially "
    "applies apply valid visitors visitor people person persons everyone anyone day days date time".split()
)
# Words of titles and headings that say what kind of text it is, not what it is about.
WORDS_FOR_KINDS_OF_TEXT = (
    *(
        "guide handbook manual faq questions answers note notes minutes policy policies rule rules regulation news "
        "memo notice report reports letter overview information info leaflet brochure plan newsletter announcement "
        "website page pages document draft final version edition copy old new current updated update revised "
        "summary general introduction about details terms conditions facts history visitors visitor members staff "
        "part section chapter appendix list table first second third winter spring summer autumn intranet wiki "
        "bulletin circular statement annual yearly board".split()
    ),
    *(month.lower() for month in MONTHS if month != "May"),  # "may" is more often another word
)
