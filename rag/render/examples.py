"""An example or more of each shape, made from records of one small, imaginary handbook, for the OpenAPI document."""

from __future__ import annotations

import hashlib
from functools import cache

from rag.access.audit import AuditEntry, AuditReport
from rag.answer.verify import Verification, VerificationStatus
from rag.ingest.results import IngestResult
from rag.insights.open_questions import AskedAgain, DayCount, OpenQuestion, QuestionGroup, UnansweredReport
from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Chunk,
    Citation,
    Confidence,
    GivenBy,
    Highlight,
    Hit,
    LeadIn,
    NoAnswerReason,
    Place,
    Source,
    Span,
)
from rag.render import shapes
from rag.render.json_text import Body
from rag.render.transcript import to_markdown
from rag.store.base import (
    Conversation,
    ConversationHead,
    DocumentGroups,
    DocumentInfo,
    FileRecord,
    Health,
    HealthProblem,
    IngestStatus,
    Reply,
    Stamp,
    Stops,
    Turn,
    Version,
)
from rag.store.people_store import Person

TEXT = """# Library rules

## Books

Every reader may borrow twelve books at a time. A loan lasts four weeks. It can be renewed twice.

## Reading room

You may not take home:

- journals of the current year
- atlases

Older journals may be borrowed for a week."""
_DISK_FULL = HealthProblem("disk", Stops.CHANGES, "The disk with the data directory is nearly full. Free some space.")
_SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()
_SOURCE = Source("library-rules", "Library rules", "/srv/documents/library-rules.md", "text/markdown")
_BOOKS, _READING_ROOM = "Library rules > Books", "Library rules > Reading room"
CONVERSATION_ID = "xJ3q0Vw8nYpK5tRbZ2cLmA"
_EARLIER = "2026-11-23T09:00:00+00:00"
_NOW = "2026-11-24T08:12:00+00:00"


def _span(words: str) -> Span:
    start = TEXT.index(words)
    return Span(start, start + len(words))


def _citation(number: int, quote: str, section: str, lead_in: str = "", confidence: float | None = None) -> Citation:
    span = _span(quote)
    return Citation(
        number,
        Place(_SOURCE, _SHA256, span, section),
        quote,
        before=TEXT[: span.start].rpartition("\n\n")[2],
        after=TEXT[span.end :].partition("\n\n")[0],
        lead_in=LeadIn(_span(lead_in), lead_in) if lead_in else None,
        confidence=None if confidence is None else Confidence(confidence, "low"),
    )


def _passage(text: str, section: str, score: float) -> Hit:
    return Hit(Chunk(1, _SOURCE, _SHA256, _span(text), text, section, None, ()), score)


_LOAN = "A loan lasts four weeks."
_JOURNALS = "journals of the current year"
ANSWER = Answer(
    id="5f0c7a1e9b3d2468",
    question="How long may I keep a book?",
    status=AnswerStatus.ANSWERED,
    reason=None,
    sentences=(AnswerSentence(_LOAN, (1,)),),
    highlight=Highlight(0, Span(_LOAN.index("four"), len(_LOAN) - 1)),
    confidence=Confidence(0.91, "high"),
    citations=(_citation(1, _LOAN, _BOOKS),),
    passages=(_passage(_LOAN, _BOOKS, 0.91),),
    index_version=12,
    documents=185,
    timings_ms={"embed": 1.1, "retrieve": 4.6, "extract": 1.9, "read": 14.2, "total": 21.8},
)
POSSIBLE = Answer(
    id="b64a0e7d15c9f832",
    question="Can I read this month's magazines on the sofa?",
    status=AnswerStatus.POSSIBLE,
    reason=None,
    sentences=(),
    highlight=None,
    confidence=Confidence(0.44, "low"),
    citations=(
        _citation(1, _JOURNALS, _READING_ROOM, lead_in="You may not take home:", confidence=0.44),
        _citation(2, "Older journals may be borrowed for a week.", _READING_ROOM, confidence=0.21),
    ),
    passages=(_passage(f"{_JOURNALS}\n- atlases", _READING_ROOM, 0.62),),
    index_version=12,
    documents=185,
    timings_ms={"embed": 1.0, "retrieve": 4.9, "extract": 2.0, "read": 14.9, "total": 22.8},
)
NO_ANSWER = Answer(
    id="0d9c2b7f4e61a835",
    question="Can I pay a fine by card?",
    status=AnswerStatus.NO_ANSWER,
    reason=NoAnswerReason.NOT_FOUND,
    sentences=(),
    highlight=None,
    confidence=Confidence(0.06, "very_low"),
    citations=(),
    passages=(_passage(_LOAN, _BOOKS, 0.18),),
    index_version=12,
    documents=185,
    timings_ms={"embed": 1.1, "retrieve": 4.4, "extract": 1.7, "read": 14.0, "total": 21.2},
)
CONVERSATION = Conversation(
    CONVERSATION_ID,
    "How long may I keep a book?",
    _EARLIER,
    _EARLIER,
    "2026-12-23T09:00:00+00:00",
    (Turn(1, _EARLIER, ANSWER, "not_relevant"),),
)
_HEAD = ConversationHead(
    CONVERSATION_ID, CONVERSATION.title, _EARLIER, _EARLIER, CONVERSATION.expires_at, "readers-desk"
)
_DOCUMENT = DocumentInfo(_SOURCE, _SHA256, _SHA256, len(TEXT), 7, 2, _EARLIER, _EARLIER)
_VERSION = Version("9b3a1f5c" * 8, "Library rules", 4_311, "2026-03-02T08:00:00+00:00", "2026-09-14T10:30:00+00:00")
_SCAN = "/srv/documents/scan.pdf"
_FAILED = FileRecord(
    _SCAN.encode(),
    _SCAN,
    Stamp(48_213, 0, 0),
    "",
    "scan",
    f"{_SCAN}: the pages 1-3 have no text; recognise it with another program, then try again",
    "2026-11-02T09:30:00+00:00",
    "",
)
_PERSON = Person(
    name="ida",
    shown_as="Ida Lund",
    mail="ida@example.org",
    is_service=False,
    suspended=False,
    has_password=True,
    roles=frozenset({"reader", "editor"}),
    groups=frozenset({"readers-desk", "staff"}),
    edits=frozenset({"readers-desk"}),
    created_at=1_795_419_000,
    signed_in_at=1_795_505_400,
)
_LINK = "https://citewell.example/invitation/4qmH0vYJxW0g1n6c0P0dYFfE1s7n0m3rj7cPq0cYk2z"
_AUDITED = AuditEntry(
    number=4711,
    at="2026-11-24T08:12:00.000000Z",
    kind="opened",
    person="anna",
    method="local",
    address="10.0.0.7",
    whom="",
    question="",
    searched="",
    question_hash="",
    facts={"document": "library-rules", "what": "text", "sha256": _SHA256},
    hash=hashlib.sha256(b"a line of the log").hexdigest(),
)
_CHECKED = AuditReport(lines=4711, first=1, last=4711, hash=_AUDITED.hash, files=12, troubles=())
_UNANSWERED = UnansweredReport(
    per_day=(DayCount("2026-11-24", 24, 7, 9, 1),),
    per_day_before=(DayCount("2026-11-23", 18, 2, 2, 0),),
    reasons={"not_a_question": 3, "not_found": 6},
    keep_days=90,
    groups=(QuestionGroup((OpenQuestion(17, NO_ANSWER.question, 5, 1, "not_found", 0.06, _NOW),)),),
    left_out=0,
)
_FOLLOWED = {
    "name": "handbook",
    "kind": "git",
    "succeeded_at": "2026-01-04T02:00:03+00:00",
    "report": {
        "started_at": "2026-01-05T02:00:00+00:00",
        "finished_at": "2026-01-05T02:00:04+00:00",
        "ok": False,
        "created": 1,
        "updated": 2,
        "moved": 0,
        "removed": 0,
        "unchanged": 197,
        "rights_changed": 0,
        "failed": 1,
        "failures": [{"path": "source:handbook/old/plan.pdf", "error": "the file is empty; a document was expected"}],
        "problems": [],
    },
}
_MISSING = {
    "word": "magazines",
    "asked": 4,
    "questions": (POSSIBLE.question,),
    "nearest": ("journals", "books", "atlases"),
}


@cache
def responses() -> dict[str, list[Body]]:
    """Examples of the shapes with these names."""
    records: dict[type[shapes.Shape], list[object]] = {
        shapes.AnswerBody: [Reply(ANSWER, CONVERSATION_ID, 1), Reply(POSSIBLE), Reply(NO_ANSWER)],
        shapes.SearchBody: [{"passages": ANSWER.passages}],
        shapes.DocumentBody: [_DOCUMENT],
        shapes.DocumentAccessBody: [
            DocumentGroups(
                _SOURCE.id, frozenset({"library"}), GivenBy.HAND, source_groups=frozenset({"library", "staff"})
            )
        ],
        shapes.DocumentListBody: [{"documents": [_DOCUMENT]}],
        shapes.FailedFileBody: [_FAILED],
        shapes.FailedFileListBody: [{"failed": [_FAILED]}],
        shapes.SourceListBody: [{"error": "", "sources": [_FOLLOWED]}],
        shapes.VersionBody: [_VERSION],
        shapes.VersionListBody: [{"versions": [_VERSION]}],
        shapes.IngestBody: [IngestResult(_SCAN, IngestStatus.CREATED, _SOURCE.id, 7, 2, seconds=0.041)],
        shapes.VerificationBody: [Verification(VerificationStatus.MATCH, _SOURCE.id, _LOAN)],
        shapes.ConversationHeadBody: [CONVERSATION],
        shapes.ConversationListBody: [{"conversations": [_HEAD]}],
        shapes.ConversationBody: [CONVERSATION],
        shapes.ConversationExportBody: [CONVERSATION],
        shapes.UnansweredBody: [_UNANSWERED],
        shapes.PersonBody: [_PERSON],
        shapes.PersonListBody: [{"people": [_PERSON]}],
        shapes.InvitationBody: [{"person": _PERSON.name, "link": _LINK, "ends_at": _PERSON.created_at + 259_200}],
        shapes.AuditListBody: [{"entries": [_AUDITED]}],
        shapes.AuditCheckBody: [_CHECKED],
        shapes.MissingWordListBody: [{"days": 30, "words": [_MISSING]}],
        shapes.AskedAgainListBody: [{"asked": [AskedAgain(17, ANSWER)]}],
        shapes.HealthBody: [
            Health(True, False, "ready", 1, 2, 12, "all-MiniLM-L6-v2"),
            Health(True, False, _DISK_FULL.detail, 1, 2, 12, "all-MiniLM-L6-v2", (_DISK_FULL,)),
        ],
    }
    return {shape.__name__: [shapes.body_of(shape, record) for record in given] for shape, given in records.items()}


def conversation_markdown() -> str:
    """A conversation as it is exported."""
    return to_markdown(CONVERSATION, "https://docs.example/")
