"""The fitted threshold, and whether all is well: checks, rebuilding, backups."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rag.pipeline.parts import Parts
from rag.records import Check, Health, SiteThreshold


class Care(Parts):
    """The data directory itself."""

    def threshold(self) -> SiteThreshold | None:
        """The threshold that was fitted to this site's questions, whether it is in use or not."""
        return self._store.threshold()

    def set_threshold(self, value: float, *, max_wrong: float, questions: int, answered: int, wrong: int) -> None:
        """Quote nothing under the confidence `value` from now on; the others say what it was fitted to.

        Raises StorageError when it cannot be stored.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fitted = SiteThreshold(value, max_wrong, questions, answered, wrong, self._confidence_of, now)
        self._turns.run(lambda: self._store.set_threshold(fitted))

    def forget_threshold(self) -> None:
        """Go back to the threshold that comes with the program."""
        self._turns.run(lambda: self._store.set_threshold(None))

    def check_threshold(self) -> list[Check]:
        """Whether the fitted threshold, if there is one, is in use. That it is not is no damage."""
        found = self._store.threshold()
        if found is None:
            return []
        detail = f"{found.value:.4f}, fitted to {found.questions} questions on {found.fitted_at[:10]}"
        if self.settings.min_confidence >= 0:
            detail += f"; not used: min_confidence is set to {self.settings.min_confidence}"
        elif found.fitted_for != self._confidence_of:
            detail += "; not used: another model, reader or version gives the confidence now; run rag calibrate again"
        return [Check("threshold", True, detail)]

    # -- health ------------------------------------------------------------------------------------------------------

    def health(self) -> Health:
        """Whether questions can be answered, from what, and whether the vector index is missing."""
        documents, _, chunks = self._store.counts()
        degraded = self._index.current() is None
        detail = "ready" if documents else 'no documents yet; add some with "rag ingest PATH"'
        return Health(
            ready=True,
            degraded=degraded,
            detail="the vector index is being rebuilt; passages are found by words alone" if degraded else detail,
            documents=documents,
            chunks=chunks,
            index_version=self._store.change_number(),
            model=self._embedder.identity.name,
        )

    def check(self) -> list[Check]:
        """Each part of the data directory, checked: database, word index, vector index, and that they agree."""
        return [*self._store.check(), self._index.check(), *self.check_threshold()]

    def rebuild(self) -> list[Check]:
        """Make the word index and the vector index again from the database; nothing is embedded. Gives `check()`."""
        self._write(self._rebuild)
        return self.check()

    def back_up(self, target: Path) -> int:
        """Write all documents and their vectors to the one file `target`, while others go on; its size in bytes.

        Raises InputError when something is there already, StorageError when it cannot be written.
        """
        return self._store.back_up(target)

    def _rebuild(self) -> None:
        self._store.rebuild_words()
        self._index.publish(anew=True)
