"""All that is kept of a person: given out on request, and deleted.

What lies in other places is not reached: backups, logs of a proxy, what was exported before. Documents are not a
person's, whoever added them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rag.access.audit import AuditEntry, AuditFilter, AuditKind
from rag.access.audit_service import AuditService
from rag.access.people import People
from rag.errors import PersonNotFound
from rag.records import Access
from rag.settings import Settings
from rag.store.base import Conversation, FeedbackRecord, RetentionPolicy, Store
from rag.store.people_store import KeyRecord, Person, SessionRecord

# More than anybody has.
_ALL = 1_000_000
# What sessions and keys are found by in the database, and what a way of signing in needs to sign out with.
_NOT_TOLD = ("digest", "details")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """All that is kept of a person. No secret is in it: passwords, sessions and keys are kept as hashes only."""

    name: str
    account: Person | None
    sessions: tuple[SessionRecord, ...]
    keys: tuple[KeyRecord, ...]
    conversations: tuple[Conversation, ...]
    feedback: tuple[FeedbackRecord, ...]
    audit: tuple[AuditEntry, ...]  # what they did, and what was done to them

    @property
    def counts(self) -> dict[str, int]:
        """How many of each there are."""
        lists = ("sessions", "keys", "conversations", "feedback", "audit")
        return {"account": int(self.account is not None)} | {name: len(getattr(self, name)) for name in lists}

    @property
    def questions(self) -> list[str]:
        """Each wording that they have asked, as far as it is kept, as it was typed and as it was searched for."""
        answers = [turn.answer for conversation in self.conversations for turn in conversation.turns]
        own = [entry for entry in self.audit if entry.person == self.name]
        found = [text for answer in answers for text in (answer.question, answer.stand_alone_question)]
        found += [text for entry in own for text in (entry.question, entry.searched)]
        return list(dict.fromkeys(text for text in found if text))

    def body(self, render: Callable[[Conversation], object]) -> dict[str, object]:
        """All of it as plain values; `render` gives a conversation as it is shown."""
        return {
            "person": self.name,
            "account": _plain(self.account) if self.account else None,
            "sessions": [_plain(session) for session in self.sessions],
            "keys": [_plain(key) for key in self.keys],
            "conversations": [render(conversation) for conversation in self.conversations],
            "feedback": [_plain(record) for record in self.feedback],
            "audit": [entry.body() for entry in self.audit],
        }


class PrivacyService:
    """What is kept of persons, in one data directory."""

    def __init__(self, settings: Settings, store: Store, people: People, audit: AuditService) -> None:
        self._settings = settings
        self._store = store
        self._people = people
        self._audit = audit

    def export(self, name: str) -> PersonalData:
        """All that is kept of a person. That it was given out is put down. Raises PersonNotFound where nothing is."""
        found = self._find(name)
        self._audit.write(AuditKind.PERSON_EXPORTED, whom=found.name, parts=found.counts)
        return found

    def erase(self, name: str) -> dict[str, int]:
        """Delete all that is kept of a person, and give how many of each there were.

        In the audit log what they did stays, of a pseudonym that nobody can trace back any more. Of the questions that
        are kept for whoever looks after the documents, all askings in the wordings that are known to be theirs go.
        Raises PersonNotFound, InputError for the last owner, and StorageError; then it can be done again.
        """
        found = self._find(name)
        if found.account is not None:
            self._people.accounts.remove(found.name)  # sessions, keys and conversations go with it
        kept = self._store.conversations_of(Access(found.name, frozenset()))
        for conversation in found.conversations:
            kept.delete(conversation.id, self._policy())
        kept.expire(self._policy())
        self._store.questions.forget(found.questions)
        self._store.forget_feedback(found.name)
        self._audit.write(AuditKind.PERSON_ERASED, whom=found.name, parts=found.counts)
        self._audit.log.keys.forget(found.name)
        return found.counts

    def _find(self, name: str) -> PersonalData:
        person = self._store.people.person(name.casefold())
        name = person.name if person else name
        kept = self._store.conversations_of(Access(name, person.groups if person else frozenset()))
        heads = kept.heads(self._policy(), at_most=_ALL)
        talks = [kept.find(head.id, self._policy()) for head in heads]
        found = PersonalData(
            name=name,
            account=person,
            sessions=tuple(self._store.people.sessions(name)),
            keys=tuple(self._store.people.keys(name)),
            conversations=tuple(talk for talk in talks if talk is not None),
            feedback=tuple(self._store.feedback_of(name)),
            audit=tuple(self._audit.entries(AuditFilter(person=name))),
        )
        if not name or not any(found.counts.values()):
            raise PersonNotFound(f"Nothing is kept of anybody named {name!r}.")
        return found

    def _policy(self) -> RetentionPolicy:
        return RetentionPolicy(self._settings.keep_conversations_days, datetime.now(UTC))


def _plain(record: Any) -> dict[str, object]:
    """The fields of a record that are told, sets as sorted lists."""
    fields = {name: value for name, value in asdict(record).items() if name not in _NOT_TOLD}
    return {name: sorted(map(str, v)) if isinstance(v, frozenset) else v for name, v in fields.items()}
