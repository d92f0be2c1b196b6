"""What waits for one receiver is sent to it, in order, and again with growing pauses until it is taken."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from rag.disk import make_private_directory
from rag.errors import StorageError
from rag.hooks.hook_event import HookEvent
from rag.hooks.hook_queue import HookQueue
from rag.hooks.hook_signature import signed_headers

# Seconds: of one try; of the first pause after a failure, which doubles, and of the longest; until one is given up.
_TIMEOUT = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
GIVE_UP_SECONDS = 3 * 86_400.0
# Seconds between two looks for what other processes have added, or for whether this one is to send now.
_LOOK_EVERY = 2.0
# Answers by which a receiver says that it will never take this message.
_NEVER = (400, 410, 413, 415, 422)

_log = logging.getLogger("citewell.hooks")


class HookDelivery:
    """A thread that sends to one address. Of several processes one sends, which holds the lock of the queue."""

    def __init__(self, url: str, key: bytes, folder: Path, *, first_pause: float = _FIRST_PAUSE) -> None:
        self._url = url
        self._name = urlsplit(url).hostname or ""  # the rest of an address may be a secret
        self._key = key
        self._folder = folder
        self._first_pause = first_pause
        self._queue = HookQueue(folder)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Something was added."""
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """Send nothing more; wait so long for what is being sent. What was not taken waits for the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            make_private_directory(self._folder)
            lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (StorageError, OSError) as error:
            _log.warning("nothing is sent to %s: %s", self._name, error)
            return
        try:
            if self._is_alone(lock):
                # Neither proxies nor passwords of the environment, and no redirects: the address is what was set.
                with httpx2.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as client:
                    self._send_all(client)
        finally:
            os.close(lock)

    def _is_alone(self, lock: int) -> bool:
        """Wait until no other process sends; False where this one is to end before."""
        while not self._stopping.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._stopping.wait(_LOOK_EVERY)
            else:
                return True
        return False

    def _send_all(self, client: httpx2.Client) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            if pause:
                self._stopping.wait(pause)
            self._wake.clear()
            try:
                went_well = self._send_waiting(client)
            except StorageError as error:
                _log.warning("what waits for %s cannot be read: %s", self._name, error)
                went_well = False
            if went_well:
                pause = 0.0
                self._wake.wait(_LOOK_EVERY)
            else:
                pause = min(max(pause * 2, self._first_pause), _LONGEST_PAUSE)

    def _send_waiting(self, client: httpx2.Client) -> bool:
        """Send what waits, oldest first; False as soon as one was not taken. Raises StorageError."""
        for path in self._queue.waiting():
            if self._stopping.is_set():
                break
            if self._queue.seconds_since(path) > GIVE_UP_SECONDS:
                _log.warning("a message to %s was not taken for three days, and is given up", self._name)
            elif not self._send(client, self._queue.read(path)):
                return False
            self._queue.done(path)
        return True

    def _send(self, client: httpx2.Client, event: HookEvent) -> bool:
        """Whether a message is done with: taken, or refused for good."""
        headers = signed_headers(self._key, event.id, int(time.time()), event.body)
        headers |= {"content-type": "application/json", "user-agent": "Citewell"}
        try:
            # What the receiver says beside its status is not read.
            with client.stream("POST", self._url, content=event.body, headers=headers) as response:
                status = response.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            _log.info("%s was not told: %s", self._name, type(error).__name__)
            return False
        if status in _NEVER:
            _log.warning("%s refused a message for good with status %d", self._name, status)
            return True
        if not 200 <= status < 300:
            _log.info("%s was not told: status %d", self._name, status)
            return False
        return True
