"""A backup put to the test: restored into a folder that is deleted again, verified, compared with today, and asked.

What can be wrong with a backup shows here, or when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import gettempdir

from rag.app.age_files import decrypted, is_encrypted
from rag.app.citewell import Citewell
from rag.app.maintenance_report import MaintenanceReport, MaintenanceStep, StepOutcome, iso_now, try_step
from rag.disk import scratch_folder
from rag.errors import InputError, RagError
from rag.records import Access, SentenceKind
from rag.settings import Settings

# Those of `rag maintain`, which have the moment before they were made in their names.
BACKUP_NAME = re.compile(r"citewell-(\d{8}T\d{6}Z)\.sqlite(\.age)?")
_EVERYTHING = Access.everything()
# Characters of a sentence to ask for: a shorter one stands in too many places, a longer one is none of prose.
_SHORTEST, _LONGEST = 40, 300
_SENTENCES = 200  # of a document, among which one is looked for
_MOST_PASSAGES = 100


@dataclass(frozen=True, slots=True)
class Drill:
    """What is tried, and with what."""

    backup: Path
    settings: Settings
    # Opens another data directory, with the models that are loaded already where there are any.
    open_at: Callable[[Path], Citewell]
    # The documents of now, where they are at hand.
    today: Citewell | None = None
    # What to ask; without it, for a sentence of one of the documents.
    question: str = ""

    def run(self) -> MaintenanceReport:
        """What was done and what came of it, step by step; it ends where a step leaves nothing to go on with."""
        started = iso_now()
        steps = [try_step("backup", self._look)]
        home = self.settings.data_dir if self.settings.data_dir.is_dir() else Path(gettempdir())
        with scratch_folder(home) as apart:
            if steps[-1].ok:
                steps.append(try_step("restore", partial(self._restore, apart)))
            if steps[-1].ok:
                steps += self._examine(apart / "restored")
        return MaintenanceReport(started, iso_now(), tuple(steps))

    def _look(self) -> StepOutcome:
        kind = "encrypted" if is_encrypted(self.backup) else "not encrypted"
        made = moment_of(self.backup)
        age = f", made {(datetime.now(UTC) - made).total_seconds() / 3600:.1f} hours ago" if made else ""
        return True, f"{self.backup}, {self.backup.stat().st_size:,} bytes, {kind}{age}"

    def _restore(self, apart: Path) -> StepOutcome:
        with decrypted(self.backup, self.settings.backup_identity, room=apart) as plain:
            restored = Citewell.restore(plain, replace(self.settings, data_dir=apart / "restored", database=""))
        return True, f"the database, {', '.join(restored.files) or 'and nothing that lies beside it'}"

    def _examine(self, folder: Path) -> list[MaintenanceStep]:
        """What a data directory is worth that was made of the backup."""
        try:
            copy = self.open_at(folder)
        except RagError as error:
            return [MaintenanceStep("verify", False, str(error), 0.0)]
        with copy:
            return [
                try_step("verify", partial(_verify, copy)),
                try_step("compare", partial(self._compare, copy)),
                try_step("ask", partial(self._ask, copy)),
            ]

    def _compare(self, copy: Citewell) -> StepOutcome:
        """What it holds. Wrong is only the want of a text of today that was there before the backup was made."""
        held = _counts(copy)
        if self.today is None:
            return True, f"{held}; there is no data directory here to compare it with"
        then = {info.source.id: info.text_sha256 for info in copy.documents.all(access=_EVERYTHING)}
        now = {info.source.id: info for info in self.today.documents.all(access=_EVERYTHING)}
        other = [info for name, info in now.items() if then.get(name) != info.text_sha256]
        made = moment_of(self.backup)
        lost = [info.source.id for info in other if made and datetime.fromisoformat(info.updated_at) < made]
        if lost:
            return False, f"{held}; {len(lost):,} texts are not in it that were there before: {', '.join(lost[:5])}"
        gone = len(then.keys() - now.keys())
        return True, (
            f"{held}; today {_counts(self.today)}: {len(now) - len(other):,} documents are the same,"
            f" {len(other):,} were added or changed since, {gone:,} are gone"
        )

    def _ask(self, copy: Citewell) -> StepOutcome:
        """Whether what is asked for is found, and what is quoted stands where the citation says."""
        sentence = "" if self.question else _some_sentence(copy)
        question = self.question or sentence
        if not question:
            return True, "nothing was asked: no document has a sentence to ask for"
        hits = copy.questions.search(question[: self.settings.max_question_chars], _MOST_PASSAGES, access=_EVERYTHING)
        if not any(sentence in hit.chunk.text for hit in hits):
            return False, f"{question!r} was not found, though it stands in a document"
        answer = copy.questions.ask(question[: self.settings.max_question_chars], access=_EVERYTHING)
        for citation in answer.citations:
            place = citation.place
            text = copy.documents.get(place.source.id, access=_EVERYTHING).text
            if text[place.span.start : place.span.end] != citation.quote:
                return False, f"the answer to {question!r} quotes what does not stand in {place.source.id}"
        return True, f"{question!r}: {len(hits)} passages, {answer.status.value}, {len(answer.citations)} quotes hold"


def newest_backup(settings: Settings) -> Path:
    """The newest one that `rag maintain` made. Raises InputError where there is none."""
    folder = settings.backup_folder
    if folder is None:
        raise InputError("No backup was named, and CITEWELL_BACKUP_FOLDER names no folder; give the file.")
    found = backups_in(folder)
    if not found:
        raise InputError(f"{folder} has no backup that `rag maintain` made; give the file of another one.")
    return found[-1]


def backups_in(folder: Path) -> list[Path]:
    """The backups of `rag maintain` in a folder, oldest first."""
    found = [path for path in folder.iterdir() if BACKUP_NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=lambda path: path.name)


def moment_of(backup: Path) -> datetime | None:
    """A moment just before a backup was made, if its name says so."""
    named = BACKUP_NAME.fullmatch(backup.name)
    return datetime.strptime(named[1], "%Y%m%dT%H%M%S%z") if named else None


def _verify(copy: Citewell) -> StepOutcome:
    checks = copy.maintenance.rebuild()
    bad = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
    if copy.audit.folder.is_dir() and not (report := copy.audit.check()).is_sound:
        bad.append(f"audit log: {len(report.troubles)} lines are not as they were written")
    return not bad, "; ".join(bad) or f"{len(checks)} checks hold, and the indexes were made again"


def _counts(citewell: Citewell) -> str:
    documents, sentences, passages = citewell.store.counts(_EVERYTHING)
    people = len(citewell.store.people.people())
    return f"{documents:,} documents, {sentences:,} sentences, {passages:,} passages, {people:,} people"


def _some_sentence(citewell: Citewell) -> str:
    """A sentence of a document, from the middle of them if that one has any; empty where none has."""
    infos = citewell.documents.all(access=_EVERYTHING)
    half = len(infos) // 2
    for info in [*infos[half:], *infos[:half]]:
        for sentence in citewell.store.sentences(_EVERYTHING, info.source.id, at_most=_SENTENCES):
            if sentence.kind is SentenceKind.STATEMENT and _SHORTEST <= len(sentence.text) <= _LONGEST:
                return sentence.text
    return ""
