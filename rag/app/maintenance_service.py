"""The fitted threshold, and whether all is well: checks, rebuilding, backups."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rag.app.age_files import write_encrypted
from rag.app.backups import files_to_keep
from rag.app.maintenance_report import MaintenanceReport, last_report
from rag.app.measurements import Measurements, measure
from rag.app.readiness import can_be_written, find_problems, problem_of_storage
from rag.errors import StorageError
from rag.index.live import LiveIndex
from rag.ingest.writer import Writer
from rag.records import Access
from rag.settings import Settings
from rag.store.base import Check, Health, SiteThreshold, Stops, Store

_log = logging.getLogger("citewell.app")


class MaintenanceService:
    """The data directory itself."""

    def __init__(
        self, settings: Settings, store: Store, index: LiveIndex, writer: Writer, *, model: str, confidence_source: str
    ) -> None:
        """`model` is the name of the embedding model, `confidence_source` what the service of questions has."""
        self._settings = settings
        self._store = store
        self._index = index
        self._writer = writer
        self._model = model
        self._confidence_source = confidence_source

    def threshold(self) -> SiteThreshold | None:
        """The threshold that was fitted to this site's questions, whether it is in use or not."""
        return self._store.threshold()

    def set_threshold(
        self, value: float, *, max_wrong: float, questions: int, answered: int, wrong: int, possible: float = 1.0
    ) -> None:
        """Give one answer from the confidence `value` on, and from `possible` on quotes that may answer.

        The others say what was fitted to, as in `SiteThreshold`.

        Raises StorageError when it cannot be stored.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fitted = SiteThreshold(value, max_wrong, questions, answered, wrong, self._confidence_source, now, possible)
        self._writer.run_aside(lambda: self._store.set_threshold(fitted))

    def forget_threshold(self) -> None:
        """Go back to the threshold that comes with the program."""
        self._writer.run_aside(lambda: self._store.set_threshold(None))

    def check_threshold(self) -> list[Check]:
        """Whether the fitted threshold, if there is one, is in use. That it is not is no damage."""
        found = self._store.threshold()
        if found is None:
            return []
        detail = (
            f"{found.value:.4f}, quotes that may answer from {found.quoted_from:.4f}, "
            f"fitted to {found.questions} questions on {found.fitted_at[:10]}"
        )
        if self._settings.answer_confidence is not None:
            detail += f"; not used: answer_confidence is set to {self._settings.answer_confidence}"
        elif found.fitted_for != self._confidence_source:
            detail += "; not used: another model, reader or version gives the confidence now; run rag calibrate again"
        return [Check("threshold", True, detail)]

    # -- health ------------------------------------------------------------------------------------------------------

    def health(self) -> Health:
        """Whether questions can be answered, from what, and all that is wrong. Raises nothing that the store raises."""
        try:
            self._store.confirm_usable()
            documents, _, chunks = self._store.counts(Access.everything())
            degraded = self._index.current() is None
            index_version = self._store.change_number()
        except StorageError as error:
            problem = problem_of_storage(error)
            _log.warning("not ready: %s", error)
            return Health(problem.stops is not Stops.ANSWERS, True, problem.detail, 0, 0, 0, self._model, (problem,))
        problems = find_problems(
            degraded=degraded,
            disk_free_bytes=shutil.disk_usage(self._settings.data_dir).free,
            least_free_bytes=self._settings.min_free_megabytes * 1_000_000,
            is_writable=can_be_written(self._settings.data_dir),
        )
        detail = "ready" if documents else 'no documents yet; add some with "rag ingest PATH"'
        return Health(
            ready=True,
            degraded=degraded,
            detail=" ".join(problem.detail for problem in problems) or detail,
            documents=documents,
            chunks=chunks,
            index_version=index_version,
            model=self._model,
            problems=problems,
        )

    def last_report(self) -> MaintenanceReport | None:
        """What `rag maintain` did and found when it ran last; None where it never did."""
        return last_report(self._settings.data_dir)

    def measurements(self) -> Measurements:
        """What can be measured of the data directory now. Raises StorageError when it cannot be read."""
        return measure(self._store, self._index, self._settings.data_dir)

    def check(self) -> list[Check]:
        """Each part of the data directory, checked: database, word index, vector index, and that they agree."""
        return [*self._store.check(), self._index.check(), *self.check_threshold()]

    def rebuild(self) -> list[Check]:
        """Make the word index and the vector index again from the database; nothing is embedded. Gives `check()`."""
        self._writer.run(self._rebuild)
        return self.check()

    def back_up(self, target: Path, *, encrypt_to: Sequence[str] = ()) -> int:
        """Write everything to the one file `target`, while others go on; its size in bytes.

        With public keys of age it is encrypted to them, after it was read back.

        That is the documents with their vectors, people, conversations, and what lies beside the database: the rules,
        the glossary and the audit log. Raises InputError when something is there already, StorageError when it cannot
        be written.
        """
        data_dir = self._settings.data_dir
        if not encrypt_to:
            return self._store.back_up(target, partial(files_to_keep, data_dir))
        write = partial(self._store.back_up, files=partial(files_to_keep, data_dir))
        return write_encrypted(target, encrypt_to, write, room=data_dir)

    def _rebuild(self) -> None:
        self._store.rebuild_words()
        self._index.publish(anew=True)
