"""The nouns of Citewell: every value that travels between the steps of the data path.

Frozen, slotted dataclasses and nothing else: no I/O, no third-party import. Offsets are Unicode code points of
`Document.text`, half-open (`end` is exclusive), on every record here. A browser counts UTF-16 units instead, which is
why a `Citation` also carries `before`, `quote` and `after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points. `Span(0, 3)` of "one two" is "one"."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Reject an empty or negative range: a quote always holds at least one character."""
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span needs 0 <= start < end, got start={self.start}, end={self.end}")

    def of(self, text: str) -> str:
        """The characters this span covers in `text`."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document came from; travels unchanged from the reader to the citation."""

    id: str  # stable for a location: [A-Za-z0-9._-]{1,64}
    title: str  # for people; never empty
    # An absolute path, an http(s) address, or for a document given over REST "api:<id>" or "upload:<name of the file>".
    location: str
    media_type: str = "text/plain"


class BlockKind(StrEnum):
    """What a piece of a document's layout is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One layout block of a document. Blocks are in text order and do not overlap.

    Text between them is white space or layout: a list marker, an underline. No sentence ever crosses a block.
    """

    span: Span
    kind: BlockKind
    level: int = 0  # heading level 1..6; nesting depth of a list item, from 1; otherwise 0
    section: str = ""  # heading path above the block, "Guide > Install"; a heading's own path includes itself
    page: int | None = None  # where it begins, counted from 1, where the format has pages
    turns: tuple[tuple[int, int], ...] = ()  # offsets in the text at which it goes on on another page, and that page

    def page_at(self, offset: int) -> int | None:
        """The page on which the character at an offset in the text stands."""
        return max((turn for turn in self.turns if turn[0] <= offset), default=(0, self.page))[1]


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read. `text` is the canonical text that is quoted; it is never edited after reading."""

    source: Source
    text: str
    blocks: tuple[Block, ...]
    content_sha256: str  # of the bytes that were read: the same bytes again are "unchanged"
    text_sha256: str  # of `text` in UTF-8: what a citation points into
    warnings: tuple[str, ...] = ()
    modified_at: str = ""  # ISO 8601, UTC: when its file was last changed, as it was read; "" where it came without one


class SentenceKind(StrEnum):
    """Whether a sentence may be quoted. Only a STATEMENT may."""

    STATEMENT = "statement"
    HEADING = "heading"
    FRAGMENT = "fragment"  # too little to say anything: a stutter ("said."), a lone mark
    CREDIT = "credit"  # photo credits, copyright lines and the like


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document, in text order; `section` and `page` are those of its block."""

    span: Span
    kind: SentenceKind
    section: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole neighbouring sentences, embedded and searched as one; not stored yet, so it has no id.

    `first` and `last` are positions in the document's list of sentences, `last` exclusive.
    """

    first: int
    last: int
    span: Span
    section: str
    page: int | None
    search_text: str  # what is embedded and indexed: title and heading in front of the quotable sentences


@dataclass(frozen=True, slots=True)
class StoredSentence:
    """A sentence as it comes back from the store, with its text, ready to be scored and quoted."""

    id: int
    position: int  # in the document, from 0
    span: Span
    kind: SentenceKind
    text: str
    section: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored passage. `id` comes from the store, is never reused, and names its row in the vector index."""

    id: int
    source: Source
    text_sha256: str
    span: Span
    text: str
    section: str
    page: int | None
    sentences: tuple[StoredSentence, ...]
    updated_at: str = ""  # ISO 8601, UTC: when this version of the document was stored
    modified_at: str = ""  # ISO 8601, UTC: `Document.modified_at` of it


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a question. `score` orders one result list and means nothing across questions."""

    chunk: Chunk
    score: float
    dense: float = 0.0  # cosine of question and chunk
    bm25: float = 0.0  # of the chunk's search text; 0 when no term matched
    similarities: tuple[float, ...] = ()  # cosine of question and each of chunk.sentences; 0 for one not quotable


@dataclass(frozen=True, slots=True)
class Extract:
    """A candidate answer: one quotable sentence of one hit, and the words in it that answer."""

    hit: Hit
    sentence: StoredSentence
    highlight: Span  # inside the sentence, in code points of the document
    score: float  # comparable across the extracts of one question only
    features: Mapping[str, float] = field(default_factory=dict)  # what confidence is fitted on; for explanations too


class AnswerStatus(StrEnum):
    """Whether the documents answered."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"


class NoAnswerReason(StrEnum):
    """Why there is no answer."""

    NOT_IN_DOCUMENTS = "not_in_documents"
    LOW_CONFIDENCE = "low_confidence"
    NO_DOCUMENTS = "no_documents"
    NOT_A_QUESTION = "not_a_question"


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a stored document that anyone can check."""

    source: Source
    text_sha256: str
    span: Span
    section: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and the place it was copied from. `text[span] == quote` holds for the text with that SHA-256."""

    number: int  # from 1, in the order of the answer's sentences
    place: Place
    quote: str
    before: str  # up to a hundred or so characters of context
    after: str
    also_in: tuple[Place, ...] = ()  # where the same statement stands too


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer, word for word, and the numbers of its citations."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Highlight:
    """The answering words inside one sentence of the answer, in code points of that sentence's text."""

    sentence: int  # position in Answer.sentences, from 0
    span: Span


@dataclass(frozen=True, slots=True)
class StatedValue:
    """One of the values that documents give differently, and where the answer quotes it."""

    sentence: int  # position in Answer.sentences, from 0
    span: Span  # the words that state it, in code points of that sentence's text
    citation: int  # its number
    dated: str  # ISO 8601, UTC: when the document was last changed, or stored where that is not known


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Documents state different values for the same thing: at least two, the newest document's first."""

    values: tuple[StatedValue, ...]


@dataclass(frozen=True, slots=True)
class Confidence:
    """A calibrated probability that the first sentence answers the question, and its name for people."""

    value: float  # 0..1
    label: str  # "high", "medium" or "low"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the documents say to a question, or that they do not."""

    id: str  # derived from question, options and index version: the same again gives the same id
    question: str
    status: AnswerStatus
    reason: NoAnswerReason | None
    sentences: tuple[AnswerSentence, ...]
    highlight: Highlight | None
    confidence: Confidence
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]
    index_version: int
    degraded: bool = False  # the vector index is being rebuilt: found by words alone
    stand_alone_question: str | None = None
    disagreement: Disagreement | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentences with their citation marks, "First. [1] Second. [2]"; empty when there is no answer."""
        return " ".join(f"{s.text} " + "".join(f"[{n}]" for n in s.citations) for s in self.sentences)


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier question of a conversation, and what was quoted to it: what a follow-up may refer to."""

    question: str  # as it was searched for, with its referents filled in
    quotes: tuple[str, ...] = ()  # the sentences of the answer; none when the documents did not say
    topics: tuple[str, ...] = ()  # titles and innermost headings of what was cited, the first citation's first


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation that is kept, and its answer."""

    number: int  # in the conversation, from 1
    asked_at: str  # ISO 8601, UTC
    shown: Mapping[str, Any]  # the answer as it was shown: `rag.render.answer_body`
    relevance: str | None = None  # what somebody thought of it: "relevant" or "not_relevant"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions that were asked one after the other, and their answers. Whoever knows its id may open it."""

    id: str  # 22 characters of [A-Za-z0-9_-]: 128 bits of chance
    title: str
    created_at: str  # ISO 8601, UTC
    updated_at: str  # of the last turn
    expires_at: str  # when it is deleted, unless there is another turn
    turns: tuple[Turn, ...] = ()  # in order


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A stored document without its text, for lists."""

    source: Source
    content_sha256: str
    text_sha256: str
    characters: int
    sentences: int
    chunks: int
    created_at: str  # ISO 8601, UTC
    updated_at: str
    warnings: tuple[str, ...] = ()
    pages: int | None = None  # the last one that has a sentence, in formats with pages, slides or sheets


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a document was read from, byte for byte."""

    data: bytes
    sha256: str  # of `data`
    media_type: str
    name: str  # for people, with a suffix; as its owner wrote it, so not safe in a path or a header


# Left, top, right, bottom as shares 0..1 of the width and height of a page, from its top left corner.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page of an original, drawn."""

    png: bytes
    width: int  # pixels
    height: int


@dataclass(frozen=True, slots=True)
class PageView:
    """The page that a quote stands on, and where on it."""

    number: int  # from 1
    pages: int  # of the whole original
    width: int  # pixels, of its picture
    height: int
    sha256: str  # of the original
    boxes: tuple[Box, ...]  # of the quote's lines; none where its place is not certain
    goes_on: bool = False  # on the next page, where the rest of the quote stands


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier text of a document, without the text."""

    text_sha256: str
    title: str
    characters: int
    stored_at: str  # ISO 8601, UTC
    superseded_at: str


class IngestStatus(StrEnum):
    """What became of one document."""

    CREATED = "created"
    UPDATED = "updated"
    MOVED = "moved"  # the same bytes, found in another place: the id stays
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class IngestResult:
    """One document's outcome. A failed one has `error` and never stops the rest."""

    location: str
    status: IngestStatus
    document_id: str | None = None
    sentences: int = 0
    chunks: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    previous: str = ""  # of a moved one: its location before
    pages: int | None = None  # as in DocumentInfo


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, or with `dry_run` would do, and what it left undone."""

    results: tuple[IngestResult, ...]  # all but the unchanged ones and the failures that were known
    unchanged: int
    failed_before: int  # files that failed earlier and are what they were then: not tried again, or in vain
    duplicates: tuple[tuple[str, ...], ...]  # locations of documents that were read from the same bytes
    kept: tuple[str, ...]  # locations of documents whose files are gone, but that were not removed
    problems: tuple[str, ...]  # a sentence for each folder, or part of one, that could not be compared
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a file is known to be unchanged without opening it. Only ever compared."""

    size: int
    mtime_ns: int
    inode: int


# Equal to no file's: what carries it is looked into again.
UNTRUSTED = Stamp(-1, 0, 0)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file, or an entry of an archive, as it was when it was last read, and what came of it."""

    path: bytes  # absolute; for an entry the archive's path, a zero byte and the entry's name
    location: str  # the same for people: "/docs/a.md", "/docs/old.zip!/inner/a.md"
    stamp: Stamp
    content_sha256: str  # "" for an archive, and where the bytes could not be had
    document_id: str  # of the document that it became or would become; "" for an archive
    error: str  # why it did not become one; "" when it did
    read_at: str  # ISO 8601, UTC
    read_with: str  # names readers and settings of that time: under others the file is read again


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the store has from one file: the record, and the document as it stands now, if there is one."""

    record: FileRecord
    source: Source | None = None
    content_sha256: str = ""  # of the stored document
    modified_at: str = ""  # likewise


class VerificationStatus(StrEnum):
    """What became of a citation."""

    MATCH = "match"  # the text is the cited one and the quote stands at its place
    MISMATCH = "mismatch"  # the text is the cited one and the quote does not stand there
    SUPERSEDED = "superseded"  # the quote stands at its place in an earlier text; the document has another by now
    CHANGED = "changed"  # the document has another text by now, and the cited one is not kept
    GONE = "gone"  # no such document


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of checking one citation against the store."""

    status: VerificationStatus
    document_id: str
    found: str | None = None  # what stands at the place in the cited text, when that is still there
    still_present: bool | None = None  # for SUPERSEDED and CHANGED: the quote occurs word for word in the new text
    superseded_at: str | None = None  # ISO 8601, UTC: when the cited text was replaced, if it was and is kept


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The embedding model an index was made with. Another model's vectors are never mixed in."""

    name: str
    sha256: str  # of the weights
    dimension: int


@dataclass(frozen=True, slots=True)
class SiteThreshold:
    """The confidence under which nothing is quoted, as `rag calibrate` fitted it to a site's own questions."""

    value: float  # 0..1
    max_wrong: float  # the share of wrong answers that was allowed
    questions: int
    answered: int  # of them, at this threshold
    wrong: int  # of those
    fitted_for: str  # what gives the confidence: models, reader and regression; for another one it means nothing
    fitted_at: str  # ISO 8601, UTC


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `rag verify`: what was checked, whether it held, and what was seen."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether questions can be answered now, and how well."""

    ready: bool
    degraded: bool
    detail: str
    documents: int
    chunks: int
    index_version: int
    model: str


@dataclass(frozen=True, slots=True)
class DayCount:
    """How the questions of one day ended, whether their texts are kept or not."""

    day: str  # ISO 8601, UTC
    answered: int
    declined: int
    voted_down: int  # votes of that day against an answer; the answer may be older


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question, in one wording, that was declined or whose answer was voted down, by however many people asked it."""

    id: int  # of its latest asking; stands for all of this wording
    question: str  # as it was searched for
    count: int  # askings in the period
    before: int  # askings in the period of the same length before
    outcome: str  # of the latest asking: "answered", or the reason why not
    confidence: float  # likewise
    last_asked: str  # ISO 8601, UTC
    up: int = 0  # votes for its answers
    down: int = 0  # and against them
    comments: tuple[str, ...] = ()  # on them, newest first

    @property
    def wrong(self) -> int:
        """How often it was declined in the period; of an answered one, the votes against it."""
        return self.down if self.outcome == AnswerStatus.ANSWERED else self.count


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Open questions that ask for much the same: the one that went wrong most often first, which names the group."""

    questions: tuple[OpenQuestion, ...]

    @property
    def wrong(self) -> int:
        """How often one of them was declined or voted down in the period."""
        return sum(question.wrong for question in self.questions)

    @property
    def count(self) -> int:
        """Askings in the period."""
        return sum(question.count for question in self.questions)

    @property
    def before(self) -> int:
        """Askings in the period before."""
        return sum(question.before for question in self.questions)

    @property
    def last_asked(self) -> str:
        """When one of them was last asked: ISO 8601, UTC."""
        return max(question.last_asked for question in self.questions)


@dataclass(frozen=True, slots=True)
class UnansweredReport:
    """What was not answered in the last days, for whoever keeps the documents."""

    days: tuple[DayCount, ...]  # each day of the period, today last
    before: tuple[DayCount, ...]  # likewise of the period of the same length before
    reasons: Mapping[str, int]  # how many questions of the period were declined for each reason
    keep_days: int  # days that texts are kept; 0: they are not, and there are no groups
    groups: tuple[QuestionGroup, ...]  # what went wrong most often first
    left_out: int  # wordings beyond those that are grouped, the oldest ones


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """An open question asked again of the documents of today."""

    id: int  # of the OpenQuestion
    answer: Answer
