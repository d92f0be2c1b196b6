"""The shapes of sources that are followed, and of what each brought."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from rag.render.shape import Shape


def _or_null(moment: str) -> str | None:
    return moment or None


class SourceFailureBody(Shape):
    """A document of a source that could not be had, or not be read."""

    path: str
    error: str = Field(description="Why, and what to do about it.")


class SourceReportBody(Shape):
    """What a sync of a source did."""

    started_at: str = Field(description="ISO 8601, UTC.")
    finished_at: str
    ok: bool = Field(description="Whether the documents are what the source holds.")
    created: int
    updated: int
    moved: int
    removed: int
    unchanged: int
    rights_changed: int = Field(description="Documents that other groups may read since.")
    failed: int
    failures: list[SourceFailureBody] = Field(description="The first 50.")
    problems: list[str] = Field(description="A sentence for each thing that was left undone.")


class ListedSourceBody(Shape):
    """A source that `citewell.toml` names."""

    name: str
    kind: str
    succeeded_at: Annotated[str | None, BeforeValidator(_or_null)] = Field(
        description="When all was well last, ISO 8601, UTC; null for never."
    )
    report: SourceReportBody | None = Field(description="Of the last sync; null where there was none.")


class SourceListBody(Shape):
    """The sources, in the order of the file that names them."""

    error: str = Field(description="Why the file cannot be used; empty where it can. Then there are no sources.")
    sources: list[ListedSourceBody]


class NamedReportBody(Shape):
    """What a sync of one source did, or with `dry_run` would do."""

    name: str
    dry_run: bool
    report: SourceReportBody


class SourceReportListBody(Shape):
    """What `rag sources sync` did with each source."""

    reports: list[NamedReportBody]
