"""A pipeline whose answers are written down, for states that are hard to bring about with the real one.

Every record is real and every quote is copied by offset from the text of its document.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

from rag.cite import cite
from rag.errors import DocumentNotFound
from rag.pipeline import Pipeline
from rag.question import analyse_question
from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Block,
    BlockKind,
    Chunk,
    Citation,
    Confidence,
    Disagreement,
    Document,
    DocumentInfo,
    Exchange,
    FileRecord,
    Health,
    Highlight,
    Hit,
    NoAnswerReason,
    Place,
    Source,
    Span,
    StatedValue,
)
from rag.settings import Settings
from tests.memory_talk import MemoryConversations

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
_ABSTENTIONS = {
    "Who sweeps the paths?": NoAnswerReason.NOT_IN_DOCUMENTS,
    "Is it nice?": NoAnswerReason.LOW_CONFIDENCE,
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


class ScriptedPipeline(Pipeline):
    """Answers the questions above, and says that the documents do not for every other one."""

    def __init__(self, settings: Settings, *, degraded: bool = False, empty: bool = False) -> None:
        self.settings = settings
        self.degraded = degraded
        self.ready = True
        self.failure: Exception | None = None  # raised by the next questions
        self.library = {} if empty else {i: make_document(i, _TITLES[i], blocks) for i, blocks in _BLOCKS.items()}
        self.feedback_given: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self.noted: list[Answer] = []
        # Conversations are kept as by the real one, but in memory.
        self.kept = MemoryConversations(lambda: self.library)
        self._store = SimpleNamespace(conversations=self.kept, change_number=lambda: 7)

    def close(self) -> None:
        """Nothing is held."""

    def add(self, document: Document) -> None:
        self.library[document.source.id] = document

    def remove(self, document_id: str) -> None:
        del self.library[document_id]
        self.kept.erase_document(document_id)

    def ask(self, question: str, **more: object) -> Answer:
        *_, answer = self.ask_in_steps(question, **more)
        assert isinstance(answer, Answer)
        return answer

    def ask_in_steps(
        self, question: str, *, max_sentences: int | None = None, history: Sequence[Exchange] = (), **_more: object
    ) -> Iterator[str | tuple[Hit, ...] | Answer]:
        if self.failure:
            raise self.failure
        typed = analyse_question(question, max_chars=self.settings.max_question_chars).text
        searched = _FOLLOW_UPS.get(typed, typed) if history else typed
        hits = tuple(self.search(searched))
        yield searched
        yield hits
        answer = self._reply(searched, max_sentences, hits)
        if searched != typed:
            answer = dataclasses.replace(answer, question=typed, stand_alone_question=searched)
        yield answer

    def note_question(self, answer: Answer) -> None:
        self.noted.append(answer)

    def _reply(self, question: str, max_sentences: int | None, hits: tuple[Hit, ...]) -> Answer:
        quotes, marked, value = _ANSWERS.get(question, ((), "", 0.0))
        if not self.library:
            return self._answer(question, NoAnswerReason.NO_DOCUMENTS, ())
        if not quotes or not all(any(quote in d.text for d in self.library.values()) for quote in quotes):
            return self._answer(question, _ABSTENTIONS.get(question, NoAnswerReason.NOT_IN_DOCUMENTS), hits)
        return self._quote(question, quotes[:max_sentences], marked, value, hits)

    def search(self, _question: str, k: int = 10, **_more: object) -> list[Hit]:
        found = []
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

    def documents(self) -> list[DocumentInfo]:
        return [self.document_info(document_id) for document_id in self.library]

    def failed_files(self) -> list[FileRecord]:
        return []

    def document(self, document_id: str, *, sha256: str = "") -> Document:
        if document_id not in self.library or sha256 not in ("", self.library[document_id].text_sha256):
            raise DocumentNotFound(f"No document has the id {document_id!r}.")
        return self.library[document_id]

    def version(self, _document_id: str, _sha256: str) -> None:
        return None

    def has_original(self, _document_id: str) -> bool:
        return False

    def page_view(self, _document: Document, _span: Span) -> None:
        return None

    def document_info(self, document_id: str) -> DocumentInfo:
        found = self.document(document_id)
        when = "2026-11-23T09:00:00Z"
        return DocumentInfo(found.source, found.content_sha256, found.text_sha256, len(found.text), 12, 4, when, when)

    def feedback(
        self, answer_id: str, *, relevance: str, comment: str = "", turn: tuple[str, int] | None = None, **_more: object
    ) -> None:
        if turn is not None:
            self.kept.rate(*turn, relevance, self._keeping())
        self.feedback_given.append((answer_id, relevance))
        self.comments.append(comment)

    def suggestions(self) -> list[str]:
        return list(_ANSWERS)[:3] if self.library else []

    def health(self) -> Health:
        return Health(
            self.ready,
            self.degraded,
            "starting" if not self.ready else "ready",
            len(self.library),
            4 * len(self.library),
            7,
            "scripted",
        )

    def _quote(self, question: str, quotes: Sequence[str], marked: str, value: float, hits: tuple[Hit, ...]) -> Answer:
        citations = tuple(self._cite(number, quote) for number, quote in enumerate(quotes, start=1))
        at = quotes[0].find(marked)
        return dataclasses.replace(
            self._answer(question, None, hits),
            status=AnswerStatus.ANSWERED,
            sentences=tuple(AnswerSentence(c.quote, (c.number,)) for c in citations),
            highlight=Highlight(0, Span(at, at + len(marked))) if marked else None,
            confidence=Confidence(value, "high" if value > 0.8 else "medium" if value > 0.6 else "low"),
            citations=citations,
            disagreement=self._disagreement(question, quotes),
        )

    def _disagreement(self, question: str, quotes: Sequence[str]) -> Disagreement | None:
        pairs = zip(quotes, _DISAGREEMENTS.get(question, ()), strict=False)
        values = [
            StatedValue(position, Span(quote.index(words), quote.index(words) + len(words)), position + 1, dated)
            for position, (quote, (words, dated)) in enumerate(pairs)
        ]
        return Disagreement(tuple(values)) if len(values) > 1 else None

    def _cite(self, number: int, quote: str) -> Citation:
        places = []
        for document in self.library.values():
            start = document.text.find(quote)
            if start >= 0:
                places.append(Place(document.source, document.text_sha256, Span(start, start + len(quote)), _SECTION))
        return cite(number, self.library[places[0].source.id].text, places[0], tuple(places[1:]))

    def _answer(self, question: str, reason: NoAnswerReason | None, hits: tuple[Hit, ...]) -> Answer:
        return Answer(
            id=hashlib.sha256(question.encode()).hexdigest()[:16],
            question=question,
            status=AnswerStatus.NO_ANSWER,
            reason=reason,
            sentences=(),
            highlight=None,
            confidence=Confidence(0.08, "low"),
            citations=(),
            passages=hits,
            index_version=7,
            degraded=self.degraded,
            timings_ms={"total": 1.0},
        )
