"""A follow-up question to one that stands alone: who "she" is, what "there" means, from what was asked and quoted."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.followup.context import add_context, name_the_band
from rag.answer.followup.discourse import Discourse
from rag.answer.followup.ellipsis import complete
from rag.answer.followup.lexicon import ENGLISH, PERHAPS_ENGLISH
from rag.answer.followup.pointing import replace_article, replace_ordinal, replace_place, replace_that, replace_time
from rag.answer.followup.pronouns import replace_pronouns
from rag.answer.followup.tokens import tokenise, words_of
from rag.records import Exchange
from rag.text.words import scripts_of


def stand_alone(question: str, history: Sequence[Exchange]) -> str:
    """`question` with its missing referents filled in from `history`, oldest first; unchanged when it is complete."""
    if not history or not _is_english(question):
        return question
    talk = Discourse.of(history)
    made = _rewrite(question, talk)
    return made if _rewrite(made, talk) == made else question


def _is_english(question: str) -> bool:
    """Whether the rules can know the words: in Latin letters, with small words that are English."""
    words = words_of(tokenise(question))
    return scripts_of(question) <= {"LATIN"} and (
        any(word in ENGLISH for word in words) or sum(word in PERHAPS_ENGLISH for word in words) > 1
    )


def _rewrite(question: str, talk: Discourse) -> str:
    for step in _STEPS:
        question = step(question, talk)
    return question


_STEPS = (
    complete,
    replace_article,
    replace_ordinal,
    replace_time,
    replace_that,
    name_the_band,
    replace_place,
    replace_pronouns,
    add_context,
)
