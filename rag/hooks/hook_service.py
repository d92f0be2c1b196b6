"""Events on their way: handed over at once, written down by a thread, sent by others."""

from __future__ import annotations

import hashlib
import logging
import queue
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress

from rag.errors import DocumentNotFound, StorageError
from rag.hooks.hook_delivery import HookDelivery
from rag.hooks.hook_event import DOCUMENT_CHANGED, NOT_ANSWERED, HookEvent, of_answer, of_result
from rag.hooks.hook_queue import HookQueue
from rag.hooks.hook_signature import key_of
from rag.ingest.results import IngestResult
from rag.records import Access, Answer
from rag.settings import Settings
from rag.store.base import DocumentStore

FOLDER = "webhooks"
# Events that may wait in memory to be written down: those of a second or two of ingesting.
_MOST_IN_MEMORY = 1_000
# Seconds that the end of a server waits for what is being sent; it is sent again if that was too short.
_LAST_SECONDS = 2.0

_log = logging.getLogger("citewell.hooks")
_Make = Callable[[], HookEvent | None]


class HookService:
    """The receivers that the settings name. Who has something to tell is never held up, and hears of no error."""

    def __init__(self, settings: Settings, store: DocumentStore) -> None:
        self._settings = settings
        self._store = store
        self._home = settings.data_dir / FOLDER
        self._folders = {url: self._home / _name_of(url) for url in settings.webhook_urls}
        self._deliveries: list[HookDelivery] = []
        self._made: queue.Queue[_Make | None] = queue.Queue(_MOST_IN_MEMORY)
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    def answered(self, answer: Answer) -> None:
        """A question of a person has ended."""
        if self._wants(NOT_ANSWERED):
            event = of_answer(answer, with_text=self._settings.webhook_text)
            if event is not None:
                self._hand_over(lambda: event)

    def ingested(self, result: IngestResult) -> None:
        """Something became of a document."""
        if self._wants(DOCUMENT_CHANGED):
            self._hand_over(lambda: of_result(result, self._text_of if self._settings.webhook_text else None))

    def start(self, *, first_pause: float = 1.0) -> None:
        """Send from now on what waits and what comes; what waits for receivers that are named no more is deleted."""
        with suppress(FileNotFoundError):
            for path in self._home.iterdir():
                if path not in self._folders.values():
                    shutil.rmtree(path, ignore_errors=True)
        for url, folder in self._folders.items():
            delivery = HookDelivery(url, key_of(self._settings.webhook_secret), folder, first_pause=first_pause)
            self._deliveries.append(delivery)
            delivery.start()

    def close(self) -> None:
        """Write down what was handed over, and send nothing more."""
        with self._lock:
            writer, self._writer = self._writer, None
        if writer is not None:
            self._made.put(None)
            writer.join()
        for delivery in self._deliveries:
            delivery.stop(_LAST_SECONDS)

    def _wants(self, kind: str) -> bool:
        return bool(self._folders) and kind in self._settings.webhook_events

    def _hand_over(self, make: _Make) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="webhooks to write", daemon=True)
                self._writer.start()
        try:
            self._made.put_nowait(make)
        except queue.Full:
            _log.warning("too much happens at once: a message to the receivers of webhooks was left out")

    def _write(self) -> None:
        """Write down what was handed over, until None comes."""
        while (make := self._made.get()) is not None:
            try:
                event = make()
                if event is not None:
                    self._keep(event)
            except StorageError as error:
                _log.warning("a message to the receivers of webhooks could not be kept: %s", error)

    def _keep(self, event: HookEvent) -> None:
        for folder in self._folders.values():
            if not HookQueue(folder).add(event):
                _log.warning("so much waits for a receiver of webhooks that a message was left out")
        for delivery in self._deliveries:
            delivery.wake()

    def _text_of(self, document_id: str) -> str | None:
        with suppress(DocumentNotFound):
            return self._store.document(Access.everything(), document_id).text
        return None


def _name_of(url: str) -> str:
    """The name of a receiver's folder."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]
