"""What is put down in the audit log, and which facts each kind of event may carry. None of them is ever a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AuditKind(StrEnum):
    """What happened."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    KEY_FAILED = "key_failed"  # a key or token that is wrong, expired or taken back

    ASKED = "asked"  # a question, how it ended, and which citations and passages were shown
    SEARCHED = "searched"
    OPENED = "opened"  # a document, its text, its original or a page of it

    DOCUMENT_ADDED = "document_added"
    DOCUMENT_CHANGED = "document_changed"
    DOCUMENT_REMOVED = "document_removed"
    RULES_CHANGED = "rules_changed"  # who may read what: the rules, or the groups of one document
    PERSON_ADDED = "person_added"
    PERSON_CHANGED = "person_changed"  # suspended, let in again, groups, how they sign in
    PERSON_REMOVED = "person_removed"
    ROLES_CHANGED = "roles_changed"
    TOKEN_MADE = "token_made"  # noqa: S105 - a kind of event
    TOKEN_REMOVED = "token_removed"  # noqa: S105 - as above

    RESTORED = "restored"  # a backup was put back
    POLICY_CHANGED = "policy_changed"  # what is put down here, and for how long it is kept
    LOG_READ = "log_read"  # lines of this log were shown
    LOG_EXPORTED = "log_exported"
    PERSON_EXPORTED = "person_exported"
    PERSON_ERASED = "person_erased"

    # What the log says about itself.
    FILES_REMOVED = "files_removed"  # old files were removed; what is left begins after one of them
    TORN = "torn"  # a line before this one was cut off when a process ended or the power went
    CUT = "cut"  # lines that were written are not there any more
    GAP = "gap"  # events could not be written


# Events that somebody acts on later, or that could not be told again: the line is on the disk before the call returns.
# The others are with the system then, so they survive the end of the process, and reach the disk with the next of
# these or when the system writes them. Failures are among the others: a stranger must not make the disk wait.
ON_DISK_AT_ONCE = frozenset(AuditKind) - {
    AuditKind.ASKED,
    AuditKind.SEARCHED,
    AuditKind.OPENED,
    AuditKind.LOG_READ,
    AuditKind.SIGN_IN_FAILED,
    AuditKind.KEY_FAILED,
}

_DOCUMENT = frozenset({"document", "sha256", "groups", "via"})
# The facts of each kind. They stay when a person is erased, so nothing that a person typed belongs here, and nothing
# that lets somebody in.
FACTS: Mapping[AuditKind, frozenset[str]] = {
    AuditKind.SIGNED_IN: frozenset({"session", "groups", "roles"}),
    AuditKind.SIGN_IN_FAILED: frozenset({"reason", "known"}),
    AuditKind.SIGNED_OUT: frozenset({"session", "reason"}),
    AuditKind.KEY_FAILED: frozenset({"reason", "key"}),
    AuditKind.ASKED: frozenset(
        {
            "answer",
            "status",
            "reason",
            "index_version",
            "sentences",
            "documents",
            "cited",
            "passages",
            "groups",
            "reads_everything",
            "via",
        }
    ),
    AuditKind.SEARCHED: frozenset({"documents", "passages", "groups", "reads_everything", "via"}),
    AuditKind.OPENED: frozenset({"document", "sha256", "what", "page", "documents", "cited", "via"}),
    AuditKind.DOCUMENT_ADDED: _DOCUMENT,
    AuditKind.DOCUMENT_CHANGED: _DOCUMENT | {"before"},
    AuditKind.DOCUMENT_REMOVED: _DOCUMENT,
    AuditKind.RULES_CHANGED: frozenset({"sha256", "before", "rules", "document", "groups", "groups_before", "via"}),
    AuditKind.PERSON_ADDED: frozenset({"groups", "roles", "edits", "how"}),
    AuditKind.PERSON_CHANGED: frozenset({"groups", "groups_before", "edits", "edits_before", "change"}),
    AuditKind.PERSON_REMOVED: frozenset({"reason"}),
    AuditKind.ROLES_CHANGED: frozenset({"roles", "roles_before"}),
    AuditKind.TOKEN_MADE: frozenset({"key", "scopes", "expires"}),
    AuditKind.TOKEN_REMOVED: frozenset({"key", "reason"}),
    AuditKind.RESTORED: frozenset({"files", "log", "before", "before_hash"}),
    AuditKind.POLICY_CHANGED: frozenset({"on", "questions", "keep_days"}),
    AuditKind.LOG_READ: frozenset({"what", "lines", "since", "until", "of"}),
    AuditKind.LOG_EXPORTED: frozenset({"lines", "since", "until", "of", "format"}),
    AuditKind.PERSON_EXPORTED: frozenset({"parts"}),
    AuditKind.PERSON_ERASED: frozenset({"parts"}),
    AuditKind.FILES_REMOVED: frozenset({"files", "keep_days"}),
    AuditKind.TORN: frozenset({"file", "offset", "bytes", "sha256"}),
    AuditKind.CUT: frozenset({"expected", "expected_hash"}),
    AuditKind.GAP: frozenset({"missed", "since", "until"}),
}


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that happened. In the log a person is a pseudonym, and what was typed is sealed for that person."""

    kind: AuditKind
    person: str = ""  # who did it; "" for nobody in particular
    method: str = ""  # how that is known, as `rag.access.identity.Identity` has it; "cli" for a command
    address: str = ""  # where it came from
    whom: str = ""  # the person that it was done to
    question: str = ""  # as it was typed
    searched: str = ""  # what was searched for, where it is something else
    facts: Mapping[str, object] = field(default_factory=dict)  # plain JSON values, of the names in FACTS

    def __post_init__(self) -> None:
        """Reject facts that this kind of event does not have: a secret would come in by one that nobody thought of."""
        if unknown := set(self.facts) - FACTS[self.kind]:
            raise ValueError(f"an event {self.kind} has no {', '.join(sorted(unknown))}; add it to FACTS if it may")
