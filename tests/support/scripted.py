"""Citewell with answers that are written down, for states that are hard to bring about with the real one.

Every record is real and every quote is copied by offset from the text of its document.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import cast

from rag.access.audit_service import AuditService
from rag.answer.cite import cite
from rag.answer.confidence import named
from rag.answer.measured import count_answer
from rag.answer.question import clean_question
from rag.answer.question_service import PendingAnswer
from rag.app import Measurements
from rag.conversations.conversation_service import ConversationService
from rag.documents.originals import OriginalParts
from rag.errors import DocumentNotFound, OriginalNotFound
from rag.metrics import Metrics
from rag.records import (
    Access,
    Answer,
    AnswerSentence,
    AnswerStatus,
    Block,
    BlockKind,
    Chunk,
    Citation,
    Disagreement,
    Document,
    Exchange,
    Highlight,
    Hit,
    LeadIn,
    NoAnswerReason,
    Place,
    Source,
    Span,
    StatedValue,
)
from rag.sources import SourceList
from rag.store.base import DocumentInfo, FileRecord, Health, Store, Version
from tests.support.memory_conversations import MemoryConversations
from web.settings import WebSettings

_BLOCKS: dict[str, list[tuple[BlockKind, int, str]]] = {
    "observatory": [
        (BlockKind.HEADING, 1, "The hill observatory"),
        (BlockKind.HEADING, 2, "Visiting"),
        (
            BlockKind.PARAGRAPH,
            0,
            "The dome opens to visitors on the first Friday of each month. Guided tours begin at half past eight in "
            "the evening and last about ninety minutes. In heavy cloud the tour moves to the library, where the "
            "oldest star charts are shown.",
        ),
        (BlockKind.PARAGRAPH, 0, "Bring a warm coat. The dome is never heated, because warm air blurs the image."),
        (BlockKind.HEADING, 2, "The telescope"),
        (
            BlockKind.PARAGRAPH,
            0,
            "The main telescope has a mirror 76 centimetres across. It was ground in 1931 and silvered again in 1988. "
            "Its motto is “per aspera 🔭 ad astra”, painted on the pier.",
        ),
        (BlockKind.LIST_ITEM, 1, "Focal length: 9.1 metres"),
        (BlockKind.LIST_ITEM, 1, "Mount: German equatorial"),
        (BlockKind.TABLE_ROW, 0, "Object\tBest month"),
        (BlockKind.TABLE_ROW, 0, "Saturn\tSeptember"),
        (BlockKind.CODE, 0, "park --azimuth 180\n  close --shutter"),
    ],
    "newsletter": [
        (BlockKind.PARAGRAPH, 0, "Spring newsletter of the friends of the observatory."),
        (
            BlockKind.PARAGRAPH,
            0,
            "The dome opens to visitors on the first Friday of each month. Children under twelve come in free. "
            "Guided tours last about sixty minutes.",
        ),
    ],
}
_TITLES = {"observatory": "The hill observatory", "newsletter": "Spring newsletter"}

_SECTION = "The hill observatory > Visiting > Opening hours"

# question -> the quotes that answer it, and the words to mark in the first
_ANSWERS: dict[str, tuple[tuple[str, ...], str, float]] = {
    "When is the dome open to visitors?": (
        ("The dome opens to visitors on the first Friday of each month.", "Guided tours begin at half past eight"),
        "the first Friday of each month",
        0.93,
    ),
    "How big is the mirror?": (("The main telescope has a mirror 76 centimetres across.",), "76 centimetres", 0.88),
    "What is painted on the pier?": (("Its motto is “per aspera 🔭 ad astra”",), "🔭 ad astra", 0.61),
    "Why is it so cold in there?": (("The dome is never heated, because warm air blurs the image.",), "", 0.52),
    "How long do the tours last?": (
        (
            "Guided tours last about sixty minutes.",
            "Guided tours begin at half past eight in the evening and last about ninety minutes.",
        ),
        "sixty minutes",
        0.71,
    ),
    "What should I wear?": (("The dome is never heated, because warm air blurs the image.",), "never heated", 0.83),
    "How wide is the mirror?": (("The main telescope has a mirror 76 centimetres across.",), "76 centimetres", 0.88),
}
# question -> the differing values in its quotes, and how old the document of each is
_DISAGREEMENTS = {
    "How long do the tours last?": (
        ("sixty minutes", "2026-11-02T08:00:00+00:00"),
        ("ninety minutes", "2024-03-05T08:00:00+00:00"),
    ),
}
# follow-up -> what is searched for, where something was asked before
_FOLLOW_UPS = {"How wide is it?": "How wide is the mirror?", "And in December?": "Is the dome open in December?"}
# question -> the words in front of its quote that belong to it
_LEAD_INS = {"What should I wear?": "Bring a warm coat."}
# question -> quotes that may answer it, the words in front of each that belong to it, and how likely each is
_POSSIBLE = {
    "How far does it see?": (
        ("Focal length: 9.1 metres", "The main telescope has a mirror 76 centimetres across.", 0.55),
        ("Saturn\tSeptember", "Object\tBest month", 0.31),
        ("In heavy cloud the tour moves to the library, where the oldest star charts are shown.", "", 0.12),
    ),
}
_ABSTENTIONS = {
    "???": NoAnswerReason.NOT_A_QUESTION,
}


def make_document(
    document_id: str, title: str, blocks: Sequence[tuple[BlockKind, int, str]], *, location: str = ""
) -> Document:
    """A document of the given blocks, with two line breaks between them."""
    text, made = "", []
    for kind, level, content in blocks:
        text += "\n\n" if text else ""
        made.append(Block(Span(len(text), len(text) + len(content)), kind, level))
        text += content
    digest = hashlib.sha256(text.encode()).hexdigest()
    source = Source(document_id, title, location or f"/srv/files/{document_id}.md", "text/markdown")
    return Document(source, text, tuple(made), digest, digest)


Library = dict[str, Document]


class ScriptedDocuments:
    """The documents above."""

    def __init__(self, library: Library, kept: MemoryConversations) -> None:
        self.library = library
        self._kept = kept

    def put(self, document: Document) -> None:
        self.library[document.source.id] = document

    def remove(self, document_id: str) -> None:
        del self.library[document_id]
        self._kept.erase_document(document_id)

    def all(self, *, access: Access) -> list[DocumentInfo]:
        return [self.info(document_id, access=access) for document_id in self.library]

    def get(self, document_id: str, *, access: Access, sha256: str = "") -> Document:
        assert access.reads_everything
        if document_id not in self.library or sha256 not in ("", self.library[document_id].text_sha256):
            raise DocumentNotFound(f"No document has the id {document_id!r}.")
        return self.library[document_id]

    def info(self, document_id: str, *, access: Access) -> DocumentInfo:
        found = self.get(document_id, access=access)
        when = "2026-11-23T09:00:00Z"
        return DocumentInfo(found.source, found.content_sha256, found.text_sha256, len(found.text), 12, 4, when, when)

    def versions(self, _document_id: str, *, access: Access) -> list[Version]:
        assert access.reads_everything
        return []

    def version(self, _document_id: str, _sha256: str, *, access: Access) -> None:
        assert access.reads_everything
        return

    def has_original(self, _document_id: str, *, access: Access) -> bool:
        assert access.reads_everything
        return False

    def original_in_parts(self, document_id: str, *, access: Access) -> OriginalParts:
        assert access.reads_everything
        raise OriginalNotFound(f"no file of {document_id} is kept")

    def page_view(self, _document: Document, _span: Span, *, access: Access) -> None:
        assert access.reads_everything
        return

    def count(self, *, access: Access) -> int:
        return len(self.all(access=access))

    def failed_files(self) -> list[FileRecord]:
        return []

    def suffixes(self) -> tuple[str, ...]:
        return (".md", ".txt")


class ScriptedInsights:
    """Notes what was asked, and suggests the first of the questions above."""

    def __init__(self, library: Library) -> None:
        self.noted: list[Answer] = []
        self._library = library

    def note(self, answer: Answer) -> None:
        self.noted.append(answer)

    def suggestions(self, *, access: Access) -> list[str]:
        assert access.reads_everything
        return list(_ANSWERS)[:3] if self._library else []


class ScriptedMaintenance:
    """As healthy as it is told to be."""

    def __init__(self, library: Library, questions: ScriptedQuestions) -> None:
        self.ready = True
        self._library = library
        self._questions = questions

    def last_report(self) -> None:
        return None

    def measurements(self) -> Measurements:
        return Measurements(
            documents=len(self._library),
            passages=4 * len(self._library),
            database_bytes=40_000,
            index_bytes=6_000,
            disk_free_bytes=5_000_000_000,
            disk_size_bytes=20_000_000_000,
            degraded=self._questions.degraded,
            sessions=3,
            maintained=None,
            missing_protections=0,
        )

    def health(self) -> Health:
        return Health(
            self.ready,
            self._questions.degraded,
            "starting" if not self.ready else "ready",
            len(self._library),
            4 * len(self._library),
            7,
            "scripted",
        )


class ScriptedStore:
    """What conversations need of the store, in memory."""

    def __init__(self, conversations: MemoryConversations) -> None:
        self._conversations = conversations
        self.feedback: list[tuple[str, str]] = []
        self.comments: list[str] = []

    def conversations_of(self, _access: Access) -> MemoryConversations:
        return self._conversations

    def change_number(self) -> int:
        return 7

    def add_feedback(
        self, answer_id: str, _question: None, relevance: str, _citation: int | None, comment: str, _person: str = ""
    ) -> int:
        self.feedback.append((answer_id, relevance))
        self.comments.append(comment)
        return len(self.feedback)

    def expire_feedback(self, _since: str | None) -> int:
        return 0


class ScriptedQuestions:
    """Answers the questions above, and finds nothing for every other one."""

    def __init__(self, settings: WebSettings, library: Library) -> None:
        self.degraded = False
        self.failure: Exception | None = None  # raised by the next questions
        self.library = library
        self._settings = settings

    def ask(self, question: str, *, access: Access) -> Answer:
        return self.begin(question, access=access).answer()

    def begin(
        self, question: str, *, access: Access, max_sentences: int | None = None, history: Sequence[Exchange] = ()
    ) -> PendingAnswer:
        if self.failure:
            raise self.failure
        typed = clean_question(question, max_chars=self._settings.max_question_chars)
        searched = _FOLLOW_UPS.get(typed, typed) if history else typed
        hits = tuple(self.search(searched, access=access))

        def answer() -> Answer:
            made = self.reply(searched, max_sentences, hits)
            if searched == typed:
                return made
            return dataclasses.replace(made, question=typed, stand_alone_question=searched)

        return PendingAnswer(typed, searched, hits, answer)

    def reply(self, question: str, max_sentences: int | None, hits: tuple[Hit, ...]) -> Answer:
        quotes, marked, value = _ANSWERS.get(question, ((), "", 0.0))
        if not self.library:
            return self._answer(question, NoAnswerReason.NO_DOCUMENTS, ())
        if question in _POSSIBLE:
            return self._possible(question, hits)
        if not quotes or not all(any(quote in d.text for d in self.library.values()) for quote in quotes):
            return self._answer(question, _ABSTENTIONS.get(question, NoAnswerReason.NOT_FOUND), hits)
        return self._quote(question, quotes[:max_sentences], marked, value, hits)

    def search(self, question: str, k: int = 10, *, access: Access) -> list[Hit]:  # noqa: ARG002 - all is found
        assert access.reads_everything
        found: list[Hit] = []
        for document in self.library.values():
            for block in document.blocks:
                if block.kind is BlockKind.PARAGRAPH:
                    chunk = Chunk(
                        len(found) + 1,
                        document.source,
                        document.text_sha256,
                        block.span,
                        block.span.of(document.text),
                        _SECTION,
                        None,
                        (),
                    )
                    found.append(Hit(chunk, score=1.0 / (len(found) + 1)))
        return found[:k]

    def _quote(self, question: str, quotes: Sequence[str], marked: str, value: float, hits: tuple[Hit, ...]) -> Answer:
        lead_in = _LEAD_INS.get(question, "")
        citations = tuple(self._cite(number, quote, lead_in) for number, quote in enumerate(quotes, start=1))
        at = quotes[0].find(marked)
        return dataclasses.replace(
            self._answer(question, None, hits),
            status=AnswerStatus.ANSWERED,
            sentences=tuple(AnswerSentence(c.quote, (c.number,)) for c in citations),
            highlight=Highlight(0, Span(at, at + len(marked))) if marked else None,
            confidence=named(value),
            citations=citations,
            disagreement=self._disagreement(question, quotes),
        )

    def _possible(self, question: str, hits: tuple[Hit, ...]) -> Answer:
        citations = tuple(
            dataclasses.replace(self._cite(number, quote, lead_in), confidence=named(value))
            for number, (quote, lead_in, value) in enumerate(_POSSIBLE[question], start=1)
        )
        assert citations[0].confidence
        return dataclasses.replace(
            self._answer(question, None, hits),
            status=AnswerStatus.POSSIBLE,
            confidence=citations[0].confidence,
            citations=citations,
        )

    def _disagreement(self, question: str, quotes: Sequence[str]) -> Disagreement | None:
        pairs = zip(quotes, _DISAGREEMENTS.get(question, ()), strict=False)
        values = [
            StatedValue(position, Span(quote.index(words), quote.index(words) + len(words)), position + 1, dated)
            for position, (quote, (words, dated)) in enumerate(pairs)
        ]
        return Disagreement(tuple(values)) if len(values) > 1 else None

    def _cite(self, number: int, quote: str, lead_in: str = "") -> Citation:
        places = []
        for document in self.library.values():
            start = document.text.find(quote)
            if start >= 0:
                places.append(Place(document.source, document.text_sha256, Span(start, start + len(quote)), _SECTION))
        text = self.library[places[0].source.id].text
        start = text.find(lead_in)
        ahead = LeadIn(Span(start, start + len(lead_in)), lead_in) if lead_in else None
        return dataclasses.replace(cite(number, text, places[0], tuple(places[1:])), lead_in=ahead)

    def _answer(self, question: str, reason: NoAnswerReason | None, hits: tuple[Hit, ...]) -> Answer:
        return Answer(
            id=hashlib.sha256(question.encode()).hexdigest()[:16],
            question=question,
            status=AnswerStatus.NO_ANSWER,
            reason=reason,
            sentences=(),
            highlight=None,
            confidence=named(0.08),
            citations=(),
            passages=hits,
            index_version=7,
            degraded=self.degraded,
            timings_ms={"total": 1.0},
            documents=len(self.library),
        )


class ScriptedAccess:
    """Everybody may read everything."""

    def deny_by_default(self, *, is_on: bool) -> None:
        """Nothing is ever new."""

    def refresh(self) -> None:
        """There are no rules."""


class ScriptedCitewell:
    """The scripted parts joined, under conversations that are kept as by the real one, but in memory."""

    def __init__(
        self,
        settings: WebSettings,
        *,
        empty: bool = False,
        questions: Callable[[WebSettings, Library], ScriptedQuestions] = ScriptedQuestions,
    ) -> None:
        library = {} if empty else {i: make_document(i, _TITLES[i], blocks) for i, blocks in _BLOCKS.items()}
        self.settings = settings
        self.metrics = Metrics()
        self.kept = MemoryConversations(lambda: library)
        self.store = ScriptedStore(self.kept)
        self.documents = ScriptedDocuments(library, self.kept)
        self.questions = questions(settings, library)
        self.access = ScriptedAccess()
        self.insights = ScriptedInsights(library)
        self.maintenance = ScriptedMaintenance(library, self.questions)
        self.sources = SourceList(settings, {})
        self.audit = AuditService(settings, cast(Store, self.store))
        self.conversations = ConversationService(
            settings, cast(Store, self.store), self.questions, self._note, self.audit.asked
        )

    def _note(self, answer: Answer) -> None:
        count_answer(self.metrics, answer)
        self.insights.note(answer)

    def close(self) -> None:
        """Nothing is held."""
