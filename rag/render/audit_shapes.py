"""The shapes of the audit log, for auditors."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rag.render.shape import Shape, of


class AuditEntryBody(Shape):
    """A line of the log."""

    number: int
    at: str = Field(description="ISO 8601, UTC.")
    kind: str = Field(description="What happened: `asked`, `signed_in`, `document_removed` and so on.")
    person: str = Field(
        description='Who did it; the pseudonym of somebody who was erased; "" for nobody in particular.'
    )
    method: str = Field(description="How that is known.")
    address: str = Field(description="Where it came from.")
    whom: str = Field(description='The person that it was done to, or "".')
    question: str = Field(description="As it was typed, where the text is put down.")
    searched: str = Field(description="What was searched for, where it is something else.")
    question_hash: str
    facts: dict[str, Any] = Field(description="Those of its kind, such as the documents and offsets that were shown.")
    is_erased: bool = Field(description="Whether who did it was erased.")
    hash: str = Field(description="Of the line.")


class AuditListBody(Shape):
    """Lines of the log, oldest first."""

    entries: list[AuditEntryBody]


class AuditTroubleBody(Shape):
    """Something in the log that is not as it was written."""

    file: str
    line: int = Field(description="In the file, from 1; 0: of the log as a whole.")
    what: str
    fault: bool = of("is_fault", description="False: the end of a process explains it, and the log tells of it.")


class AuditCheckBody(Shape):
    """Whether every line is as it was written, in its place, and none is missing."""

    sound: bool = of("is_sound")
    lines: int
    first: int = Field(description="Number of the first line that is there.")
    last: int = Field(description="Of the last one.")
    hash: str = Field(description="Of the last line: to be noted elsewhere, with its number.")
    files: int
    troubles: list[AuditTroubleBody]
