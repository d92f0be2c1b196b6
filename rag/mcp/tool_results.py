"""What the tools give: text for people and assistants, links to the documents, and the same as structured content."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import mcp_types as types
from pydantic import Field

from rag.records import Answer, Document, Hit, Place, Span
from rag.render import address_of, plain_text, to_json
from rag.render.outcomes import recognised_words
from rag.render.shapes import AnswerBody, SearchBody, Shape, SourceBody, VerificationBody, body_of
from rag.store.base import Reply

SCHEME = "citewell://documents/"
# Characters on either side of a citation that is opened: a page or so.
_AROUND = 1_500


class OpenedCitationBody(Shape):
    """A citation in its document."""

    document: SourceBody
    start: int
    end: int
    sha256: str
    quote: str = Field(description="The words, exactly as the document has them.")
    before: str = Field(description="The text in front of them.")
    after: str = Field(description="The text behind them.")
    is_current: bool = Field(description="False: the document has another text by now.")


OUTPUTS: dict[str, type[Shape]] = {
    "ask": AnswerBody,
    "search": SearchBody,
    "open_citation": OpenedCitationBody,
    "verify": VerificationBody,
}


def uri_of(document_id: str) -> str:
    """The resource that a document is."""
    return SCHEME + quote(document_id, safe="")


def answered(answer: Answer, service: str) -> types.CallToolResult:
    """An answer: its text, a numbered line for each source, and links to the documents."""
    sources = [
        f"[{citation.number}] {_named(citation.place, service)}"
        + (f" ({words})" if (words := recognised_words(citation.recognised)) else "")
        for citation in answer.citations
    ]
    links = _links([citation.place for citation in answer.citations])
    return _result("\n\n".join((plain_text(answer).text, *sources)), links, body_of(AnswerBody, Reply(answer)))


def found(hits: list[Hit], service: str) -> types.CallToolResult:
    """Passages, best first."""
    places = [Place(h.chunk.source, h.chunk.text_sha256, h.chunk.span, h.chunk.section, h.chunk.page) for h in hits]
    told = [
        f"{number}. {_named(place, service)}\n{hit.chunk.text}"
        for number, (hit, place) in enumerate(zip(hits, places, strict=True), start=1)
    ]
    return _result("\n\n".join(told) or "Nothing was found.", _links(places), body_of(SearchBody, {"passages": hits}))


def opened(document: Document, span: Span, *, is_current: bool) -> types.CallToolResult:
    """A citation between what stands around it."""
    text = document.text
    body = OpenedCitationBody(
        document=SourceBody.from_record(document.source),
        start=span.start,
        end=span.end,
        sha256=document.text_sha256,
        quote=span.of(text),
        before=text[max(0, span.start - _AROUND) : span.start],
        after=text[span.end : span.end + _AROUND],
        is_current=is_current,
    )
    told = f"{document.source.title}\n\n{body.before}>>>{body.quote}<<<{body.after}"
    return _result(told, _links([Place(document.source, document.text_sha256, span)]), body.model_dump())


def verified(verification: object) -> types.CallToolResult:
    """What became of a citation."""
    body = body_of(VerificationBody, verification)
    return _result(to_json(body), [], body)


def failed(message: str) -> types.CallToolResult:
    """A call that did not work, and what to do."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)


def _result(text: str, links: list[types.ResourceLink], body: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text), *links], structured_content=body)


def _named(place: Place, service: str) -> str:
    """Title, section, page, and the address of the spot where there is a server."""
    parts = [place.source.title, place.section, f"page {place.page}" if place.page is not None else ""]
    where = ", ".join(part for part in parts if part)
    return f"{where}: {address_of(place, service)}" if service else where


def _links(places: list[Place]) -> list[types.ResourceLink]:
    """A link to each document once."""
    sources = {place.source.id: place.source for place in places}
    return [
        types.ResourceLink(type="resource_link", uri=uri_of(source.id), name=source.title, mime_type="text/plain")
        for source in sources.values()
    ]
