"""The nouns of Citewell: every value that travels between the steps of the data path.

Frozen, slotted dataclasses and nothing else: no I/O, no third-party import. Offsets are Unicode code points of
`Document.text`, half-open (`end` is exclusive), on every record here. A browser counts UTF-16 units instead, which is
why a `Citation` also carries `before`, `quote` and `after`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum


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
class RecognisedWord:
    """A word that text recognition read from a picture of a page: where it is in the text, how sure, where seen."""

    span: Span
    confidence: float  # 0..1, in hundredths, as the recognition says
    # Left, top, right, bottom as shares of the page's width and height from its top left corner, in ten-thousandths.
    box: tuple[float, float, float, float]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The same in seven whole numbers, as it is kept."""
        return self.span.start, self.span.end, round(100 * self.confidence), *(round(10_000 * at) for at in self.box)

    @classmethod
    def of_numbers(cls, numbers: Sequence[int]) -> RecognisedWord:
        """The word that has these `numbers`. Raises ValueError for what is none."""
        start, end, confidence, left, top, right, bottom = numbers
        if not (0 <= confidence <= 100 and 0 <= left <= right <= 10_000 and 0 <= top <= bottom <= 10_000):
            raise ValueError(f"{numbers} are no recognised word: its confidence, or its place on the page, is none")
        box = left / 10_000, top / 10_000, right / 10_000, bottom / 10_000
        return cls(Span(start, end), confidence / 100, box)


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
    recognised: tuple[RecognisedWord, ...] = ()  # those of its words that were read from a picture, in text order

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
    QUESTION = "question"  # in running text: what follows it may answer, it does not itself
    CREDIT = "credit"  # photo credits, copyright lines and the like
    UNSURE = "unsure"  # recognised on a picture of the page, and too poorly to be quoted


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document, in text order; `section` and `page` are those of its block."""

    span: Span
    kind: SentenceKind
    section: str = ""
    page: int | None = None
    recognised: float | None = None  # how sure its words were recognised on a picture, 0..1; None: the file has them


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
    recognised: float | None = None  # as that of `Sentence`


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
    """How far the documents answered."""

    ANSWERED = "answered"  # one answer, likely right
    POSSIBLE = "possible"  # up to three quotes from different places, each of which may answer; no answer is given
    NO_ANSWER = "no_answer"


class NoAnswerReason(StrEnum):
    """Why there is no answer."""

    NOT_FOUND = "not_found"  # which is not to say that the documents do not answer
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
class LeadIn:
    """A sentence in front of a quote that the quote cannot be understood without: "You may not:" above a list.

    `text` is what stands at `span` in the document of the citation, word for word.
    """

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """A calibrated probability that a quote answers the question, and its name for people."""

    value: float  # 0..1
    label: str  # "high", "medium", "low" or "very_low"


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and the place it was copied from. `text[span] == quote` holds for the text with that SHA-256."""

    number: int  # from 1, in the order of the answer's sentences
    place: Place
    quote: str
    before: str  # up to a hundred or so characters of context
    after: str
    also_in: tuple[Place, ...] = ()  # where the same statement stands too
    lead_in: LeadIn | None = None
    confidence: Confidence | None = None  # of this quote alone, where an answer is only possible
    recognised: float | None = None  # of its sentences, that which was recognised least surely; see `Sentence`

    @property
    def is_removed(self) -> bool:
        """Whether its document was deleted since, and its words with it."""
        return not self.quote

    def without_words(self) -> Citation:
        """The citation of a document that was deleted: number, title and place are left."""
        place = replace(self.place, section="")
        return replace(self, place=place, quote="", before="", after="", lead_in=None)


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer, or some that stand side by side, word for word, and the numbers of its citations."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Highlight:
    """The answering words inside one of the answer's sentences, in code points of that one's text."""

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
class Steps:
    """The list that the sentences of an answer are taken from, where they do not show all of it."""

    place: Place  # from its first item to its last
    count: int  # of its items
    shown: int  # of them, in the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, quotes that may answer it, or why there are none."""

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
    documents: int = 0  # how many were searched; 0 in answers that were kept before this was counted
    steps: Steps | None = None
    also_searched: tuple[str, ...] = ()  # words of the documents that the glossary has for words of the question

    @property
    def text(self) -> str:
        """The sentences with their citation marks, "First. [1] Second. [2]"; empty when there is no answer.

        In front of a sentence stands its lead-in, if it has one. Of a sentence that was removed with its document only
        the marks are left.
        """
        return " ".join(
            " ".join(part for part in (self.lead_in_of(s), s.text, "".join(f"[{n}]" for n in s.citations)) if part)
            for s in self.sentences
        )

    def lead_in_of(self, sentence: AnswerSentence) -> str:
        """The words that a sentence of the answer cannot be understood without; "" where there are none."""
        lead_ins = (c.lead_in for c in self.citations if c.number in sentence.citations)
        return next((lead_in.text for lead_in in lead_ins if lead_in), "")

    @property
    def found(self) -> Answer | None:
        """Itself where it has sentences; None where no sentence is given as the answer."""
        return self if self.sentences else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier question of a conversation, and what was quoted to it: what a follow-up may refer to."""

    question: str  # as it was searched for, with its referents filled in
    quotes: tuple[str, ...] = ()  # the sentences of the answer; none when the documents did not say
    topics: tuple[str, ...] = ()  # titles and innermost headings of what was cited, the first citation's first


# The group of everyone who is signed in.
EVERYBODY = "everybody"
# In front of a person's name it makes the name of a group with this person alone.
ALONE = "person:"


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, and what they may read. It goes from every way in down to the store; nothing is read without one."""

    person: str  # "" for nobody in particular
    groups: frozenset[str]  # those the person is in
    reads_everything: bool = False  # whatever the documents say of who may read them

    @property
    def names(self) -> frozenset[str]:
        """The groups by which documents may be read: the person's, everybody's, and that of the person alone.

        Nobody in particular is not among everybody. A group that is named like another person's own counts for nothing.
        """
        given = frozenset(group for group in self.groups if not group.startswith(ALONE))
        return given | {EVERYBODY, f"{ALONE}{self.person}"} if self.person else given

    @classmethod
    def everything(cls) -> Access:
        """Access to all documents, for nobody in particular."""
        return cls("", frozenset(), reads_everything=True)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The embedding model an index was made with. Another model's vectors are never mixed in."""

    name: str
    sha256: str  # of the weights
    dimension: int
