"""The last questions and quotes of a conversation, as far as a follow-up may refer to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rag.answer.followup.lexicon import DOCUMENT_NOUNS, HE, ROLE_NOUNS, SHE, WORK_NOUNS
from rag.answer.followup.mentions import Mention, find_names, name_spans, topic_of
from rag.answer.followup.phrases import Phrase, find_phrases, parts_of, subject_of
from rag.answer.followup.tokens import Token, tokenise
from rag.records import Exchange
from rag.text.words import content_stems

# Earlier exchanges that are looked into, and characters of each text: more says nothing about the next question.
_EXCHANGES = 8
_CHARACTERS = 1_000
_MAX_QUOTES = 3
# Characters of all of them together, the newest first: a client may send a history as long as a body may be.
_ALL_CHARACTERS = 8_000
# A quote of so few words is an answer by itself.
_SHORT = 6


@dataclass(frozen=True)
class Discourse:
    """The last exchanges, newest first, cut to what is looked at."""

    exchanges: tuple[Exchange, ...]

    @staticmethod
    def of(history: Sequence[Exchange]) -> Discourse:
        """The end of `history`, which is oldest first."""
        room = _ALL_CHARACTERS

        def cut(text: str) -> str:
            nonlocal room
            kept = " ".join(text[: min(_CHARACTERS, room)].split())
            room -= len(kept)
            return kept

        return Discourse(
            tuple(
                Exchange(
                    cut(e.question),
                    tuple(cut(quote) for quote in e.quotes[:_MAX_QUOTES]),
                    tuple(cut(topic) for topic in e.topics[:4]),
                )
                for e in reversed(history[-_EXCHANGES:])
            )
        )

    @cached_property
    def topic(self) -> Mention | None:
        """The title of what was cited last, if it is a name."""
        topics = next((e.topics for e in self.exchanges if e.topics), ())
        return topic_of(topics[0]) if topics else None

    @cached_property
    def question(self) -> str:
        """The last question; "" before the first."""
        return self.exchanges[0].question if self.exchanges else ""

    @cached_property
    def quotes(self) -> tuple[str, ...]:
        """What was quoted to the last question."""
        return self.exchanges[0].quotes if self.exchanges else ()

    @cached_property
    def asked_names(self) -> tuple[Mention, ...]:
        """The names in the last question."""
        return tuple(find_names(self.question))

    @cached_property
    def quoted_names(self) -> tuple[Mention, ...]:
        """The names in the last quotes."""
        return tuple(name for quote in self.quotes for name in find_names(quote))

    @cached_property
    def older_names(self) -> tuple[Mention, ...]:
        """Names from before the last exchange, the newest first."""
        return tuple(name for e in self.exchanges[1:] for text in (e.question, *e.quotes) for name in find_names(text))

    @cached_property
    def topic_gender(self) -> frozenset[str]:
        """What the quotes call the topic, by which pronoun stands there more often; both when none does."""
        counts = {HE: 0, SHE: 0}
        for e in self.exchanges:
            for quote in e.quotes:
                for token in tokenise(quote):
                    counts[HE] += token.lower in ("he", "his", "him")
                    counts[SHE] += token.lower in ("she", "her", "hers")
        if counts[HE] == counts[SHE]:
            return frozenset({HE, SHE})
        return frozenset({HE if counts[HE] > counts[SHE] else SHE})

    @cached_property
    def asked_phrases(self) -> tuple[Phrase, ...]:
        """The noun phrases of the last question."""
        return tuple(find_phrases(self.question))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of what was asked, quoted and cited in the last three exchanges."""
        texts = [text for e in self.exchanges[:3] for text in (e.question, *e.quotes, *e.topics)]
        return frozenset(found for text in texts for found in content_stems(text))

    @cached_property
    def is_about_document(self) -> bool:
        """Whether the topic is a document that tells of many things, not a thing itself."""
        return self.topic is None or bool(DOCUMENT_NOUNS & {token.lower for token in tokenise(self.topic.text)})

    @cached_property
    def focus(self) -> str:
        """What the talk is about, in words: the topic, or else what the last question names; "" when nothing tells."""
        if self.topic and not self.is_about_document:
            return self.topic.text
        if self.asked_phrases:
            return ", ".join(dict.fromkeys(phrase.text for phrase in self.asked_phrases[-2:]))
        return next((name.text for name in (*self.asked_names, *self.quoted_names)), "")

    @cached_property
    def place(self) -> str:
        """The place that was spoken of last: a name behind "in", "at", "to" or "from"."""
        asked_where = self.question.casefold().startswith("where")
        texts = (*self.quotes, self.question) if asked_where else (self.question, *self.quotes)
        for text in texts:
            for start, end in name_spans(f"So {text}"):
                before = f"So {text}"[:start].casefold()
                if before.endswith((" in ", " at ", " to ", " from ", " near ", " in the ", " at the ", " to the ")):
                    words = f"So {text}"[start:end]
                    if not any(c.isdigit() for c in words):
                        return f"the {words}" if before.endswith(" the ") else words
        return ""

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """What the last quotes list: names of one quote, or one name of each."""
        known = self.question.casefold()
        names = [[n.text for n in find_names(q) if n.text.casefold() not in known] for q in self.quotes]
        if len(names) > 1:
            return tuple(found[0] for found in names) if all(names) else ()
        if names and len(names[0]) > 1:
            return tuple(names[0])
        after = self.quotes[0].partition(":")[2].strip(" .") if self.quotes else ""
        parts = [part.strip() for part in re.split(r",|;|\sand\s|\sor\s", after) if part.strip()]
        return tuple(parts) if len(parts) > 1 and all(len(p.split()) <= _SHORT for p in parts) else ()

    @cached_property
    def last_words(self) -> tuple[tuple[str, tuple[Token, ...]], ...]:
        """The last question and what was quoted to it, each with its words and marks."""
        return tuple((text, tuple(tokenise(text))) for text in (self.question, *self.quotes))

    def called(self, noun: str) -> str:
        """The name of the band, the album, ... that was spoken of; "" when it is not known."""
        for named, asked_words, short_quote in self._named:
            if noun in named:
                return named[noun]
            if short_quote and noun in asked_words and noun in WORK_NOUNS:
                return short_quote
        topic = self.topic
        if topic and topic.is_group and (noun in ROLE_NOUNS - WORK_NOUNS or noun in topic.text.casefold().split()):
            return topic.text
        if topic and noun in WORK_NOUNS and topic.is_certain and noun in topic.note:
            return topic.text
        return ""

    @cached_property
    def _named(self) -> tuple[tuple[dict[str, str], frozenset[str], str], ...]:
        """Of the last two exchanges: names by the noun before them, the words of the question, a name quoted alone."""
        return tuple(
            (
                _names_by_noun((e.question, *e.quotes)),
                frozenset(e.question.casefold().split(" ")),
                _short_name(e.quotes),
            )
            for e in self.exchanges[:2]
        )

    @cached_property
    def asked_for_subject(self) -> bool:
        """Whether the last question asked who does something: "Who proposed to buy it?"."""
        parts = parts_of(self.question)
        return parts is not None and parts.asks_for_subject

    @cached_property
    def subject(self) -> str:
        """The people that the last quotes begin with: "the fund"; "" where they begin with something else."""
        return next((found.text for quote in self.quotes if (found := subject_of(quote))), "")


def _names_by_noun(texts: Sequence[str]) -> dict[str, str]:
    """The first name that stands behind each word: "the band Ice" gives "Ice" for "band"."""
    found: dict[str, str] = {}
    for text in texts:
        spans = dict(name_spans(text))
        for token, after in pairwise(tokenise(text)):
            if after.start in spans:
                found.setdefault(token.lower, text[after.start : spans[after.start]])
    return found


def _short_name(quotes: Sequence[str]) -> str:
    """The first name of the first quote that says little more than a name, of a thing; "" where none does."""
    for quote in quotes:
        if len(quote.split(" ")) <= _SHORT:
            names = [name for name in find_names(quote) if not (name.is_certain and name.is_person)]
            if names:
                return names[0].text
    return ""
