"""The requests, each described once for both clients: method, path, body, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, cast
from urllib.parse import quote

from rag.client import json_bodies

Gives = TypeVar("Gives")


@dataclass(frozen=True, slots=True)
class RestCall(Generic[Gives]):
    """A request. What comes back with JSON is a `Gives`; else it is the text, or nothing."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str  # with the parameters in braces, as OpenAPI has it
    places: Mapping[str, str] = field(default_factory=dict)  # what stands in the braces
    query: Mapping[str, str | int] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    data: bytes | None = None
    media_type: str = ""

    @property
    def address(self) -> str:
        """The path with its parameters filled in."""
        return self.path.format_map({name: quote(value, safe="") for name, value in self.places.items()})


def ask(
    question: str,
    *,
    conversation_id: str | None = None,
    keep: bool = False,
    history: Sequence[json_bodies.EarlierJson] = (),
    max_sentences: int | None = None,
) -> RestCall[json_bodies.AnswerJson]:
    """A question."""
    body = {
        "question": question,
        "conversation_id": conversation_id,
        "keep": keep,
        "history": list(history),
        "max_sentences": max_sentences,
    }
    return RestCall("POST", "/api/v1/ask", json=body)


def search(query: str, *, limit: int = 10) -> RestCall[json_bodies.PassagesJson]:
    """The passages nearest to a question."""
    return RestCall("GET", "/api/v1/search", query={"q": query, "k": limit})


def verify(citation: json_bodies.CitationJson) -> RestCall[json_bodies.VerificationJson]:
    """Whether a citation still holds."""
    body = {"document_id": citation["document"]["id"]}
    body |= {name: cast(Mapping[str, Any], citation)[name] for name in ("sha256", "start", "end", "quote")}
    return RestCall("POST", "/api/v1/verify", json=body)


def feedback(
    answer_id: str,
    relevance: Literal["relevant", "not_relevant"],
    *,
    citation_number: int | None = None,
    comment: str = "",
) -> RestCall[None]:
    """What somebody thought of an answer."""
    body = {"id": answer_id, "relevance": relevance, "citation_number": citation_number, "comment": comment}
    return RestCall("POST", "/api/v1/feedback", json=body)


def me() -> RestCall[json_bodies.MeJson]:
    """Who the key is of."""
    return RestCall("GET", "/api/v1/me")


def documents() -> RestCall[json_bodies.DocumentsJson]:
    """All documents that may be read."""
    return RestCall("GET", "/api/v1/documents")


def document(document_id: str) -> RestCall[json_bodies.DocumentJson]:
    """One of them."""
    return RestCall("GET", "/api/v1/documents/{id}", {"id": document_id})


def document_text(document_id: str, *, sha256: str = "") -> RestCall[str]:
    """Its text, of today or that with this SHA-256."""
    return RestCall("GET", "/api/v1/documents/{id}/text", {"id": document_id}, query={"sha256": sha256})


def put_document(
    document_id: str, data: bytes, *, media_type: str, title: str = ""
) -> RestCall[json_bodies.IngestJson]:
    """Add or replace a document."""
    where = {"id": document_id}
    return RestCall("PUT", "/api/v1/documents/{id}", where, query={"title": title}, data=data, media_type=media_type)


def delete_document(document_id: str) -> RestCall[None]:
    """Remove a document."""
    return RestCall("DELETE", "/api/v1/documents/{id}", {"id": document_id})
