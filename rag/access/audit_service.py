"""The audit log of one data directory, as the rest of the program uses it.

Who acts is known from `rag.access.actor`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rag.access.actor import acting
from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy, AuditReport, check_log
from rag.access.audit.reading import AuditEntry, AuditFilter, read_log
from rag.access.replay import Replay, replay
from rag.answer.ask_protocol import Ask
from rag.errors import DocumentNotFound, InputError
from rag.ingest.results import IngestResult
from rag.records import Access, Answer, Citation, Hit, Place
from rag.settings import Settings
from rag.store.base import Conversation, DocumentStore, IngestStatus

_CHANGES = {
    IngestStatus.CREATED: AuditKind.DOCUMENT_ADDED,
    IngestStatus.UPDATED: AuditKind.DOCUMENT_CHANGED,
    IngestStatus.MOVED: AuditKind.DOCUMENT_CHANGED,
    IngestStatus.REMOVED: AuditKind.DOCUMENT_REMOVED,
}


def policy_of(settings: Settings) -> AuditPolicy:
    """What is put down by these settings: where nothing is said, everything where people sign in, and else nothing."""
    on = settings.audit == "on" or (settings.audit == "" and settings.signs_people_in)
    return AuditPolicy(on=on, questions=settings.audit_questions, keep_days=settings.keep_audit_days)


class AuditService:
    """What is put down of who did what, and what can be found out from it."""

    def __init__(self, settings: Settings, store: DocumentStore) -> None:
        self._store = store
        self.log = AuditLog(settings.data_dir / "audit", policy_of(settings))

    @property
    def is_on(self) -> bool:
        """Whether anything is put down."""
        return self.log.policy.on

    # -- put down ----------------------------------------------------------------------------------------------------

    def write(self, kind: AuditKind, *, whom: str = "", person: str = "", **facts: object) -> None:
        """Put down what somebody did that changes something, or gives access. Raises StorageError.

        `person` says who did it where nobody acts yet, as when signing in; the facts are those of the kind, in
        `rag.access.audit.events`.
        """
        self.log.write(_event(kind, whom=whom, person=person, facts=facts))

    def note(self, kind: AuditKind, *, whom: str = "", person: str = "", **facts: object) -> None:
        """Put down what somebody read or tried. Where it cannot be written nobody waits for it: see `AuditLog.note`."""
        self.log.note(_event(kind, whom=whom, person=person, facts=facts))

    def asked(self, answer: Answer, *, access: Access, max_sentences: int | None) -> None:
        """Put down a question, how it ended, and every quote and passage that is shown for it."""
        if not self.is_on:
            return
        cited = [citation for citation in answer.citations if not citation.is_removed]
        places = [place for citation in cited for place in (citation.place, *citation.also_in)]
        facts = {
            "answer": answer.id,
            "status": answer.status.value,
            **({"reason": answer.reason.value} if answer.reason else {}),
            "index_version": answer.index_version,
            **({"sentences": max_sentences} if max_sentences else {}),
            "documents": _versions(places, answer.passages),
            "cited": [_cited(citation) for citation in cited],
            "passages": [_span(hit) for hit in answer.passages],
            **_rights(access),
        }
        event = _event(AuditKind.ASKED, facts=facts)
        searched = answer.stand_alone_question or ""
        self.log.note(dataclasses.replace(event, question=answer.question, searched=searched))

    def searched(self, question: str, hits: Sequence[Hit], *, access: Access) -> None:
        """Put down a search, and the passages that are shown for it."""
        if not self.is_on:
            return
        facts = {"documents": _versions((), hits), "passages": [_span(hit) for hit in hits], **_rights(access)}
        self.log.note(dataclasses.replace(_event(AuditKind.SEARCHED, facts=facts), question=question))

    def opened(self, document_id: str, *, what: str, sha256: str = "", page: int | None = None) -> None:
        """Put down that a document was opened: its "page", "text", "original" or a "picture" of a page."""
        facts = {"document": document_id, "what": what, "sha256": sha256, "page": page}
        self.log.note(_event(AuditKind.OPENED, facts={name: value for name, value in facts.items() if value}))

    def reopened(self, conversation: Conversation) -> None:
        """Put down that a conversation was opened again, and every quote that is shown in it; not its id, a secret."""
        if not self.is_on:
            return
        answers = [turn.answer for turn in conversation.turns]
        cited = [citation for answer in answers for citation in answer.citations if not citation.is_removed]
        documents = _versions([citation.place for citation in cited], ())
        self.note(AuditKind.OPENED, what="conversation", documents=documents, cited=[_cited(c) for c in cited])

    def ingested(self, result: IngestResult) -> None:
        """Put down that a document was added, changed or removed, if one was. Raises StorageError."""
        kind = _CHANGES.get(result.status)
        if kind is None or not self.is_on or result.document_id is None:
            return
        facts = {"document": result.document_id}
        if kind is not AuditKind.DOCUMENT_REMOVED:
            with suppress(DocumentNotFound):  # removed meanwhile, which is put down too
                facts["sha256"] = self._store.document_info(Access.everything(), result.document_id).text_sha256
        self.write(kind, **facts)

    def was_read(self, wanted: AuditFilter, *, what: str, lines: int) -> None:
        """Put down that lines of the log were shown: as "lines", on the "page", or for a "replay"."""
        facts = about_lines(wanted, lines) | {"what": what}
        self.log.note(_event(AuditKind.LOG_READ, whom=self._whom(wanted), facts=facts))

    def was_exported(self, wanted: AuditFilter, *, form: str, lines: int) -> None:
        """Put down that lines of the log were saved. Raises StorageError."""
        facts = about_lines(wanted, lines) | {"format": form}
        self.log.write(_event(AuditKind.LOG_EXPORTED, whom=self._whom(wanted), facts=facts))

    def _whom(self, wanted: AuditFilter) -> str:
        """Whose lines are looked at; nobody becomes known to the log by being looked for."""
        return wanted.person if wanted.person and self.log.keys.find(wanted.person) else ""

    # -- found out ---------------------------------------------------------------------------------------------------

    def check(self, *, noted: tuple[int, str] | None = None) -> AuditReport:
        """Whether the log is whole. `noted` is the number and hash of a line that has to be in it."""
        return check_log(self.log.folder, noted=noted)

    def entries(self, wanted: AuditFilter | None = None) -> Iterator[AuditEntry]:
        """The lines of the log that are wanted, oldest first."""
        return read_log(self.log.folder, self.log.keys, wanted)

    def entry(self, number: int) -> AuditEntry:
        """One line. Raises InputError when there is none of that number."""
        found = next(self.entries(AuditFilter(after=number - 1)), None)
        if found is None or found.number != number:
            raise InputError(f"The audit log has no line {number}; `rag audit verify` says which it has.")
        return found

    def replay(self, number: int, *, ask: Ask, question: str = "") -> Replay:
        """Whether the question in a line has the same answer today, given by `ask`, and if not why. Raises InputError.

        Where its text was not kept, `question` has to be the one that was asked, which is checked where its hash was.
        """
        entry = self.entry(number)
        self.was_read(AuditFilter(), what="replay", lines=1)
        return replay(entry, question, keys=self.log.keys, store=self._store, ask=ask)

    def remove_old(self) -> list[str]:
        """Remove the files that are older than the settings keep, and give their names. Raises StorageError."""
        actor = acting()
        return self.log.remove_old(person=actor.person, method=actor.method)

    @property
    def folder(self) -> Path:
        """Where the log lies."""
        return self.log.folder


def about_lines(wanted: AuditFilter, lines: int) -> dict[str, object]:
    """What is put down of lines that somebody saw: how many, and which were wanted."""
    chosen = {"since": wanted.since, "until": wanted.until, "of": wanted.kind}
    return {"lines": lines, **{name: value for name, value in chosen.items() if value}}


def _event(kind: AuditKind, *, whom: str = "", person: str = "", facts: Mapping[str, object]) -> AuditEvent:
    actor = acting()
    return AuditEvent(kind, person or actor.person, actor.method, actor.address, whom, facts=facts)


def _rights(access: Access) -> dict[str, object]:
    return {"groups": sorted(access.groups), "reads_everything": access.reads_everything}


def _versions(places: Sequence[Place], hits: Sequence[Hit]) -> dict[str, str]:
    """The SHA-256 of the text of each document that is shown, by id."""
    found = {place.source.id: place.text_sha256 for place in places}
    return found | {hit.chunk.source.id: hit.chunk.text_sha256 for hit in hits}


def _cited(citation: Citation) -> list[object]:
    """Number, document and offsets of a citation, then document and offsets of the other places it stands at."""
    place = citation.place
    others = [[other.source.id, other.span.start, other.span.end] for other in citation.also_in]
    return [citation.number, place.source.id, place.span.start, place.span.end, *([others] if others else [])]


def _span(hit: Hit) -> list[object]:
    return [hit.chunk.source.id, hit.chunk.span.start, hit.chunk.span.end]
