"""A thread that reads and embeds files for other nodes, one at a time, while its own server answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rag.errors import InputError, StorageError
from rag.ingest.spread.parcel import MOST_BYTES
from rag.records import Source
from rag.store.job_store import LEASE_SECONDS, Job, JobStore

_log = logging.getLogger("citewell.ingest")

# What is made of a file for another node; raises InputError for one that cannot be read.
Make = Callable[[bytes, Source], bytes]
# Seconds between two looks for a job, and after the database could not be asked.
_PAUSE, _LONG_PAUSE = 1.0, 3.0
# Seconds that the end of a server waits for the file at hand; after that others get it.
_LAST_SECONDS = 2.0
# How often a job is renewed at most, which makes an hour: one that takes longer has hung, and others get it.
_MOST_RENEWALS = 360


class Helper:
    """Takes jobs until it is stopped. `count` is told of each: "made", "refused" by its reader, or "lost" to others."""

    def __init__(self, jobs: JobStore, made_with: str, make: Make, count: Callable[[str], None]) -> None:
        self._jobs = jobs
        self._made_with = made_with
        self._make = make
        self._count = count
        self._stopping = threading.Event()
        self._job: Job | None = None  # at hand
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take jobs from now on. A file that hangs does not keep the program from ending."""
        self._thread = threading.Thread(target=self._run, name="help-ingest", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more, and give back what is not done in a moment."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join(_LAST_SECONDS)
        job, self._thread = self._job, None
        with suppress(StorageError):
            if job is not None:
                self._jobs.give_back(job)
            self._jobs.leave()

    def _run(self) -> None:
        was_told = False
        while not self._stopping.is_set():
            try:
                pause = 0.0 if self.help_once() else _PAUSE
                was_told = False
            except StorageError as error:
                if not was_told:
                    _log.warning("No file is read for other nodes for now: %s", error)
                pause, was_told = _LONG_PAUSE, True
            except ValueError:
                if not self._stopping.is_set():
                    raise
                return  # the store was closed over a file that took too long
            self._stopping.wait(pause)

    def help_once(self) -> bool:
        """Do one job; whether there was one. Raises StorageError."""
        job = self._jobs.take(self._made_with)
        if job is None:
            return False
        self._job = job
        try:
            with self._renewing(job):
                made = self._made(job)
            kept = self._jobs.finish(job, made)
        finally:
            self._job = None
        self._count(("made" if made else "refused") if kept else "lost")
        return True

    def _made(self, job: Job) -> bytes:
        """What is made of a job; nothing where it cannot be read, so that whoever asked tries, and says why."""
        try:
            made = self._make(job.data, job.source)
        except InputError:
            return b""
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 - one file must not end the help for all others
            _log.exception("A file could not be read for another node")
            return b""
        return made if len(made) <= MOST_BYTES else b""

    @contextmanager
    def _renewing(self, job: Job) -> Iterator[None]:
        """Keep the job while the block runs, however long that is."""
        done = threading.Event()

        def renew() -> None:
            for _ in range(_MOST_RENEWALS):
                if done.wait(LEASE_SECONDS / 3):
                    return
                with suppress(StorageError, ValueError):  # it may be over in time for the next one
                    self._jobs.renew(job, self._made_with)

        thread = threading.Thread(target=renew, name="renew-job", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
