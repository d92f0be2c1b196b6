"""Who may read which documents: the file of rules, applied to all that is stored, and what is set by hand."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rag.access.access_rules import FILE_NAME, Rule, Rules, checked_groups, read_rules
from rag.access.audit.events import AuditKind
from rag.errors import InvalidSetting, StorageReadOnly
from rag.records import EVERYBODY, Access, GivenBy
from rag.settings import Settings
from rag.store.base import AccessStore, DocumentGroups, Snapshots, document_not_found

_log = logging.getLogger("citewell.access")

# Puts down what somebody changed, as `rag.access.audit_service.AuditService.write` does.
RecordRules = Callable[..., None]

_EVERYTHING = Access.everything()
# Seconds. A file that was changed so short a time ago may be changed again without its times telling.
_FRESH = 2.0


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of applying the rules."""

    documents: int  # that there are
    changed: int  # that other groups may read now


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule, and how many documents it decides about."""

    rule: Rule
    documents: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The rules and what they do: each document is counted once."""

    file: Path
    error: str  # why the file is not in use as it is; "" when it is
    rules: tuple[RuleUse, ...]
    by_hand: int
    by_source: int
    unmatched: int  # that no rule fits: nobody may read them, unless there is no file
    groups: tuple[tuple[str, int], ...]  # each group and how many documents it may read, by name
    unreadable: int  # that no group may read


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether somebody may read a document, and why."""

    document_id: str
    location: str
    names: frozenset[str]  # the groups that somebody is in, that of everybody and that of the person alone included
    groups: frozenset[str]  # those that may read it
    given_by: GivenBy  # who said so
    rule: Rule | None  # which gave them, where it was a rule
    source_groups: frozenset[str] | None = None  # those that its source says, whoever gave it these; None: says none
    is_owner: bool = False  # whoever asks may read everything

    @property
    def through(self) -> frozenset[str]:
        """The groups by which it may be read; none where it may not."""
        return self.names & self.groups

    @property
    def may_read(self) -> bool:
        """Whether it may be read."""
        return self.is_owner or bool(self.through)


class GroupedDocuments(AccessStore, Snapshots, Protocol):
    """What is needed of the store."""


class AccessService:
    """Who may read which documents of one data directory. Safe to use from several threads."""

    def __init__(self, settings: Settings, store: GroupedDocuments, record: RecordRules) -> None:
        """`record` puts down that rules, or the groups of one document, have changed."""
        self._store = store
        self._record = record
        self._path = settings.data_dir / FILE_NAME
        self._lock = threading.Lock()
        self._seen: object = ()  # by what the file is known to be the one that was read
        self._rules: Rules | None = None
        self._error = ""

    def deny_by_default(self, *, is_on: bool) -> None:
        """Say whether people sign in: then nobody reads a new document that no rule is for, else everybody does.

        Kept with the documents, for commands that bring some in. Where nothing can be written nothing comes in either.
        """
        if self._store.denies_by_default() != is_on:
            with suppress(StorageReadOnly):
                self._store.deny_by_default(is_on=is_on)

    def groups_of(self, location: str) -> tuple[frozenset[str], str]:
        """The groups that may read a new document from this place, by the rules of now, and what names those rules.

        Without a file of rules that is everybody, and nobody once people must sign in. Nor is it anybody where the file
        never made sense.
        """
        rules = self._current()
        if rules is not None:
            return rules.groups_for(location), rules.digest
        if self._error:
            return frozenset(), "?"
        return (frozenset() if self._store.denies_by_default() else frozenset({EVERYBODY})), ""

    def refresh(self) -> None:
        """Apply the rules if the file has changed, or a document came by others. Costs next to nothing if not.

        A file that makes no sense changes nothing, and is told of in the log.
        """
        rules = self._current()
        if rules is not None and self._store.applied_rules() != rules.digest:
            with self._lock:
                if self._store.applied_rules() != rules.digest:
                    self._apply(rules)

    def apply(self) -> Applied:
        """Give each document the groups of the rules of now, and of what the system says of files.

        Raises InvalidSetting for a file that makes no sense. Without one every document keeps the groups that it has.
        """
        rules = self._current()
        if self._error:
            raise InvalidSetting(self._error)
        if rules is None:
            return Applied(self._store.counts(_EVERYTHING)[0], 0)
        with self._lock:
            return self._apply(rules)

    def apply_again(self) -> None:
        """Apply the rules to places that have changed, as after a folder was read; nothing where they make no sense."""
        rules = self._current()
        if rules is not None:
            with self._lock:
                self._apply(rules)

    def overview(self) -> Overview:
        """The rules, and what they do to the documents that there are."""
        rules = self._current()
        used: Counter[int] = Counter()
        groups: Counter[str] = Counter()
        givers: Counter[GivenBy] = Counter()
        unmatched = unreadable = 0
        for found in self._store.all_groups(_EVERYTHING):
            groups.update(found.groups)
            unreadable += not found.groups
            rule = None if rules is None else rules.rule_for(found.location)
            givers[found.given_by] += 1
            if found.given_by is not GivenBy.RULE:
                continue
            if rule is None:
                unmatched += 1
            else:
                used[rule.number] += 1
        return Overview(
            file=self._path,
            error=self._error,
            rules=tuple(RuleUse(rule, used[rule.number]) for rule in (() if rules is None else rules.rules)),
            by_hand=givers[GivenBy.HAND],
            by_source=givers[GivenBy.SOURCE],
            unmatched=unmatched,
            groups=tuple(sorted(groups.items())),
            unreadable=unreadable,
        )

    def explain(self, reader: Access, document_id: str) -> Explanation:
        """Whether somebody may read a document, and why. Raises DocumentNotFound."""
        found = self.groups(document_id, access=_EVERYTHING)
        rules = self._current()
        rule = rules.rule_for(found.location) if rules and found.given_by is GivenBy.RULE else None
        return Explanation(
            document_id,
            found.location,
            reader.names,
            found.groups,
            given_by=found.given_by,
            rule=rule,
            source_groups=found.source_groups,
            is_owner=reader.reads_everything,
        )

    def groups(self, document_id: str, *, access: Access) -> DocumentGroups:
        """The groups that may read a document. Raises DocumentNotFound, also where it may not be read."""
        found = self._store.groups(access, document_id)
        if found is None:
            raise document_not_found(document_id)
        return found

    def groups_now(self, document_id: str) -> frozenset[str] | None:
        """The groups that may read a document, whoever asks; None where there is none with this id."""
        found = self._store.groups(_EVERYTHING, document_id)
        return None if found is None else found.groups

    def groups_given_back(self, document_id: str) -> frozenset[str]:
        """The groups that could read a document if none were set by hand: those that its source says, or the rules.

        Raises DocumentNotFound.
        """
        found = self.groups(document_id, access=_EVERYTHING)
        return self.groups_of(found.location)[0] if found.source_groups is None else found.source_groups

    def set_groups(self, document_id: str, groups: list[str] | None, *, access: Access) -> DocumentGroups:
        """Let a document be read by these groups, whatever its source or the rules say; None takes that back.

        It holds from the next question. Raises DocumentNotFound, InvalidSetting for what is no list of groups.
        """
        before = self.groups(document_id, access=access)
        if groups is None:
            by_rules = DocumentGroups(document_id, self.groups_of(before.location)[0])
            self._store.take_groups_back(GivenBy.HAND, [by_rules])
        else:
            said = checked_groups(groups, f"the document {document_id}")
            self._store.set_groups([DocumentGroups(document_id, said, GivenBy.HAND)])
        after = self.groups(document_id, access=_EVERYTHING)
        self._record(
            AuditKind.RULES_CHANGED,
            document=document_id,
            groups=sorted(after.groups),
            groups_before=sorted(before.groups),
        )
        return after

    # -- inside ------------------------------------------------------------------------------------------------------

    def _current(self) -> Rules | None:
        """The rules of the file as it is now; where it makes no sense, those before, and `_error` says why."""
        seen = self._look()
        if seen != self._seen:
            with self._lock:
                try:
                    self._rules, self._error = read_rules(self._path), ""
                except InvalidSetting as error:
                    if str(error) != self._error:
                        _log.error("the rules of who may read what are not in use, and those before stay: %s", error)
                    self._error = str(error)
                self._seen = seen
        return self._rules

    def _look(self) -> object:
        """What tells the file from another one; never twice the same while it was changed a moment ago."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        is_fresh = time.time() - status.st_mtime < _FRESH
        return object() if is_fresh else (status.st_mtime_ns, status.st_size, status.st_ino)

    def _apply(self, rules: Rules) -> Applied:
        """Give each document the groups of these rules. The lock is held."""
        every = self._store.all_groups(_EVERYTHING)
        changes = [
            DocumentGroups(found.document_id, groups)
            for found in every
            if found.given_by is GivenBy.RULE and (groups := rules.groups_for(found.location)) != found.groups
        ]
        before = self._store.applied_rules()
        changed = self._store.set_groups(changes, rules=rules.digest)
        if before != rules.digest:
            # Whoever asks just now did not write the file: nobody that is known did.
            Context().run(
                self._record, AuditKind.RULES_CHANGED, sha256=rules.digest, before=before, rules=len(rules.rules)
            )
        if changed:
            _log.info("other groups may read %d of %d documents now", changed, len(every))
        return Applied(len(every), changed)
