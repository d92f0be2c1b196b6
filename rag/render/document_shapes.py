"""The shapes of documents, of what became of one, and of the service that holds them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rag.records import GivenBy
from rag.render.answer_shapes import Sha256, WebAddress
from rag.render.links import without_folders
from rag.render.shape import Shape, of
from rag.store.base import Stops


def _to_milliseconds(seconds: float) -> float:
    return round(seconds, 3)


def _or_null(location: str | None) -> str | None:
    return location or None


_Seconds = Annotated[float, AfterValidator(_to_milliseconds)]


class DocumentBody(Shape):
    """A stored document, without its text."""

    id: str = of("source.id")
    title: str = of("source.title")
    url: WebAddress = of("source.location")
    location: Annotated[str, BeforeValidator(without_folders)] = of(
        "source.location", description="Its address, its file's name, or api:<id> when it came over REST."
    )
    media_type: str = of("source.media_type")
    content_sha256: str = Field(description="SHA-256 of the bytes as they were read.")
    text_sha256: Sha256
    characters: int = Field(description="Length of the text in Unicode code points.")
    pages: int | None = Field(description="The last page, slide or sheet with a sentence; null in formats without.")
    sentences: int
    chunks: int = Field(description="Passages it was cut into for searching.")
    created_at: str = Field(description="ISO 8601, UTC.")
    updated_at: str = Field(description="ISO 8601, UTC.")
    warnings: list[str]


class DocumentListBody(Shape):
    """All documents, by title."""

    documents: list[DocumentBody]


class FailedFileBody(Shape):
    """A file of a folder that did not become a document."""

    location: Annotated[str, BeforeValidator(without_folders)]
    error: str = of("reason", description="Why, and what to do about it.")
    tried_at: str = of("read_at", description="ISO 8601, UTC.")


class FailedFileListBody(Shape):
    """The files that could not be read when they were last tried, by path."""

    failed: list[FailedFileBody]


class DocumentAccessBody(Shape):
    """Who may read a document."""

    groups: Annotated[list[str], BeforeValidator(sorted)] = Field(
        description="The groups that may read it, by name; with none, only owners may."
    )
    given_by: GivenBy = Field(
        description="Who said so: `rule`, those of access.toml; `source`, the one that it came from; `hand`, somebody"
        " for this document alone, over which neither counts until it is taken back."
    )
    source_groups: Annotated[list[str], BeforeValidator(sorted)] | None = Field(
        description="The groups that its source says, also while others are set by hand; null where no source says any."
    )


class VersionBody(Shape):
    """An earlier text of a document."""

    sha256: str = of("text_sha256", description="Of the text in UTF-8: what citations of this version carry.")
    title: str
    characters: int
    stored_at: str
    superseded_at: str


class VersionListBody(Shape):
    """The earlier texts of a document that are kept, newest first."""

    versions: list[VersionBody]


class IngestBody(Shape):
    """What became of a document that was sent."""

    id: str = of("document_id")
    status: Literal["created", "updated", "unchanged"]
    pages: int | None = Field(description="The last page with a sentence; null when unchanged, or without pages.")
    sentences: int = Field(description="Sentences stored; 0 when unchanged.")
    chunks: int = Field(description="Passages stored; 0 when unchanged.")
    warnings: list[str] = Field(description="What was left out or is doubtful, and why.")
    seconds: _Seconds = Field(description="What reading and storing took.")


class FileResultBody(Shape):
    """What became of one file that a command was given. `id` is null, and `error` says why, where it failed."""

    location: str
    previous_location: Annotated[str | None, BeforeValidator(_or_null)] = of("previous")
    id: str | None = of("document_id")
    status: str
    pages: int | None
    sentences: int
    chunks: int
    warnings: list[str]
    seconds: _Seconds
    error: str | None


class FileResultListBody(Shape):
    """What became of the files that `rag ingest` was given. Locations are whole: it is their keeper who asks."""

    results: list[FileResultBody]


class SyncBody(Shape):
    """What a sync did, or with `dry_run` would do. Locations are whole: it is their keeper who asks."""

    dry_run: bool
    results: list[FileResultBody]
    unchanged: int
    failed_before: int
    duplicates: list[list[str]]
    kept: list[str]
    problems: list[str]


class HealthProblemBody(Shape):
    """Something that is wrong now. The words name neither paths nor numbers."""

    name: str = Field(description="For programs: index, disk, read_only, format, database or unreachable.")
    stops: Stops = Field(description="What does not work meanwhile.")
    detail: str


class HealthBody(Shape):
    """Whether questions can be answered now, and how well."""

    ready: bool
    degraded: bool = Field(description="Answers come, found by words alone while the vector index is rebuilt.")
    detail: str
    documents: int
    chunks: int
    index_version: int
    model: str
    problems: list[HealthProblemBody]
