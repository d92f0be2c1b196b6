"""What is read of a document, cut into sentences and passages, kept, and found again for a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    BOLD_HEADING = "bold_heading"  # a paragraph in bold over others: it names a section, and may be quoted
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CODE = "code"

    @property
    def names_section(self) -> bool:
        """Whether what follows stands under it."""
        return self in (BlockKind.HEADING, BlockKind.BOLD_HEADING)


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
    level: int = 0  # heading level, from 1; nesting depth of a list item, from 1; otherwise 0
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


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The embedding model an index was made with. Another model's vectors are never mixed in."""

    name: str
    sha256: str  # of the weights
    dimension: int
