"""A question of the audit log asked again: whether the same comes out, and if not, what is different today."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from rag.access.audit.events import AuditKind
from rag.access.audit.person_keys import PersonKeys
from rag.access.audit.reading import AuditEntry
from rag.access.audit.sealing import question_hash
from rag.answer.ask_protocol import Ask
from rag.errors import DocumentNotFound, InputError
from rag.records import Access
from rag.store.base import DocumentStore


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of asking again."""

    number: int  # of the line
    is_same: bool  # the same status, and the same quotes from the same texts
    changed: tuple[str, ...]  # ids of documents that were shown and have another text today
    missing: tuple[str, ...]  # and of those that are not there any more
    was: tuple[str, ...]  # the quotes then, as "document[start:end]"
    is_now: tuple[str, ...]
    status_was: str
    status_now: str
    has_other_documents: bool  # something was stored or removed since

    @property
    def reason(self) -> str:
        """In words."""
        if self.is_same:
            return "the same answer from the same texts"
        if self.missing or self.changed:
            return "documents that were shown have another text by now, or are gone"
        if self.has_other_documents:
            return "the documents that were shown are as they were, but others came or went"
        return "the documents are as they were: settings, models, rights or the program are others"


def replay(entry: AuditEntry, question: str, *, keys: PersonKeys, store: DocumentStore, ask: Ask) -> Replay:
    """Ask the question of an entry again, for somebody who may read what the person could read then.

    A follow-up is asked as it was searched for, so no conversation is needed. Raises InputError for an entry that is no
    question, and where its text is not known.
    """
    if entry.kind != AuditKind.ASKED:
        raise InputError(f"Line {entry.number} of the audit log is {entry.kind!r}; only a question can be asked again.")
    facts = entry.facts
    text = entry.searched or entry.question or _given(entry, question, keys)
    access = Access(entry.person, frozenset(facts["groups"]), reads_everything=bool(facts["reads_everything"]))
    everything = Access.everything()  # whoever may read the log may know what became of what it names
    changed, missing = [], []
    for document_id, sha256 in facts["documents"].items():
        try:
            if store.document_info(everything, document_id).text_sha256 != sha256:
                changed.append(document_id)
        except DocumentNotFound:
            missing.append(document_id)
    answer = ask(text, access=access, max_sentences=facts.get("sentences"))
    was = tuple(_quoted(facts["documents"], cited[1:4]) for cited in facts["cited"])
    now = tuple(
        _quoted({c.place.source.id: c.place.text_sha256}, [c.place.source.id, c.place.span.start, c.place.span.end])
        for c in answer.citations
    )
    return Replay(
        number=entry.number,
        is_same=(was, facts["status"], facts.get("reason")) == (now, answer.status, answer.reason),
        changed=tuple(changed),
        missing=tuple(missing),
        was=was,
        is_now=now,
        status_was=facts["status"],
        status_now=answer.status.value,
        has_other_documents=answer.index_version != facts["index_version"],
    )


def _given(entry: AuditEntry, question: str, keys: PersonKeys) -> str:
    """The question as it was given for a line that does not have it. Raises InputError when it is another one."""
    if not question:
        raise InputError(
            f"Line {entry.number} of the audit log does not hold the question, by policy or because who asked was"
            " erased. Give it with --question."
        )
    key = keys.find(entry.person)
    if entry.question_hash and (
        key is None or not hmac.compare_digest(question_hash(question, key), entry.question_hash)
    ):
        raise InputError(f"That is not the question of line {entry.number}, or who asked it was erased.")
    return question


def _quoted(versions: dict[str, Any], place: list[Any]) -> str:
    """A quote as its document, the beginning of the hash of its text, and its offsets: "rules@1a2b3c4d[10:20]"."""
    document_id, start, end = place
    return f"{document_id}@{str(versions.get(document_id, ''))[:8]}[{start}:{end}]"
