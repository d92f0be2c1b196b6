"""Nodes over a PostgreSQL primary that is killed again and again, with a standby that takes its place.

Writers put, replace and delete documents, each through one node and then through another when that puts it off, until
it is acknowledged; others ask all the time. In the end everything that was acknowledged is there, once, as it was last.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rag.app import Citewell
from rag.settings import BUNDLED_MODEL, Settings
from tests.support.access import EVERYTHING
from tests.support.barrels import text_of, token
from tests.support.fakes import HashEmbedder
from tests.support.node_processes import NodeProcess, Reply, node_processes
from tests.support.processes import wait_for

_DOCUMENTS = 12  # of each writer
_REMOVED = 0.25
# Seconds: until a writer tries again what was put off, and between two questions of one who asks.
_AGAIN = 0.1
_PAUSE = 0.05
_MOST_SECONDS = 2.0  # from a cycle's begin to its kill
_GIVE_UP_SECONDS = 400.0  # after which a writer takes it that it never will be acknowledged


class FailingPair(Protocol):
    """Two servers of PostgreSQL in folders, one of which is the primary."""

    primary: Path

    def kill(self, folder: Path) -> None:
        """Kill the server of a folder, as when its machine fails."""

    def promote(self) -> None:
        """Return when the standby is the primary."""

    def rebuild(self) -> None:
        """Return when the other one is the standby, and each commit waits for it."""


@dataclass
class Seen:
    """What writers and askers saw, for all threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    changes: list[tuple[float, float]] = field(default_factory=list)  # sent, and acknowledged
    answers: list[tuple[float, float]] = field(default_factory=list)
    put_off: int = 0
    own_writes: int = 0  # looked for at another node at once, and found
    problems: list[str] = field(default_factory=list)

    def problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(text)

    def first_after(self, times: Sequence[tuple[float, float]], moment: float) -> float | None:
        """When the first was answered of those that were sent after a moment."""
        with self.lock:
            return min((end for begin, end in times if begin >= moment), default=None)


class Writing:
    """Documents of one writer: nobody else changes them, so what they must be in the end is known."""

    def __init__(self, number: int, nodes: Sequence[NodeProcess], seen: Seen, seed: int) -> None:
        self.expected: dict[str, str] = {}
        self._number = number
        self._nodes = nodes
        self._seen = seen
        self._chance = random.Random(f"{seed} {number}")
        self._version = 0

    def until(self, ended: threading.Event) -> None:
        """Change documents until told to end; the last change is acknowledged too."""
        while not ended.is_set():
            self._version += 1
            number = self._chance.randrange(_DOCUMENTS)
            name = f"w{self._number}d{number}"
            if name in self.expected and self._chance.random() < _REMOVED:
                self._until_done(name, None)
                del self.expected[name]
            else:
                text = text_of(number + 100 * self._number, self._version)
                node = self._until_done(name, text)
                self.expected[name] = text
                if self._version % 3 == 0:
                    self._look_for(name, token(number + 100 * self._number, self._version), node)

    def _until_done(self, name: str, text: str | None) -> int:
        """The place of the node that acknowledged it, asked again and again, one after the other."""
        place, tries, begin = self._number % len(self._nodes), 0, time.monotonic()
        while True:
            begun = time.monotonic()
            if begun > begin + _GIVE_UP_SECONDS:
                self._seen.problem(f"{name} was put off for {_GIVE_UP_SECONDS:.0f} s")
                raise RuntimeError(name)
            node = self._nodes[place]
            reply = node.delete(name) if text is None else node.put(name, text)
            # What was taken away by a try without an answer is not there the next time.
            if reply.status in (200, 201, 204) or (text is None and tries and reply.status == 404):
                with self._seen.lock:
                    self._seen.changes.append((begun, time.monotonic()))
                return place
            self._put_off(f"{'DELETE' if text is None else 'PUT'} {name}", reply)
            place, tries = (place + 1) % len(self._nodes), tries + 1
            time.sleep(_AGAIN)

    def _look_for(self, name: str, word: str, written_at: int) -> None:
        """What one node acknowledged another one finds at once, if it answers."""
        reply = self._nodes[(written_at + 1) % len(self._nodes)].search(f"Which place is called {word}?")
        if reply.status != 200:
            self._put_off(f"search for {name}", reply)
        elif not any(word in passage["text"] for passage in reply.body["passages"]):
            self._seen.problem(f"{name} was acknowledged, and another node does not find {word}")
        else:
            with self._seen.lock:
                self._seen.own_writes += 1

    def _put_off(self, what: str, reply: Reply) -> None:
        with self._seen.lock:
            self._seen.put_off += 1
        if not reply.is_put_off:
            self._seen.problem(f"{what}: {reply.status} {reply.media_type} {reply.body}")


def ask_until(ended: threading.Event, node: NodeProcess, seen: Seen) -> None:
    """Ask one node all the time."""
    while not ended.wait(_PAUSE):
        begun = time.monotonic()
        reply = node.ask("How many barrels of tar does shed 3 of the harbour hold?")
        if reply.status == 200:
            with seen.lock:
                seen.answers.append((begun, time.monotonic()))
        elif not reply.is_put_off:
            seen.problem(f"ask: {reply.status} {reply.media_type} {reply.body}")


@dataclass(frozen=True)
class Figures:
    """Seconds after each kill."""

    promoted: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)

    def by_name(self) -> Mapping[str, list[float]]:
        """Those of all kills, by what happened, where there was one."""
        found = {
            "the standby was primary": self.promoted,
            "the first change was acknowledged": self.written,
            "the first question was answered": self.answered,
        }
        return {name: seconds for name, seconds in found.items() if seconds}


def run(
    folder: Path,
    pair: FailingPair,
    address: str,
    cycles: int,
    say: Callable[[str], None],
    *,
    nodes: int,
    seed: int = 1,
) -> tuple[list[str], Figures]:
    """Kill the primary of `pair` `cycles` times under load; gives what was wrong, and what was measured.

    `address` is that of a database there with nothing in it; the nodes' data is in `folder`.
    """
    chance = random.Random(seed)
    seen, ended, figures = Seen(), threading.Event(), Figures()
    with node_processes(folder, address, nodes) as served:
        writers = [Writing(number, served, seen, seed) for number in range(nodes)]
        threads = [threading.Thread(target=writer.until, args=(ended,)) for writer in writers]
        threads += [threading.Thread(target=ask_until, args=(ended, node, seen)) for node in served]
        for thread in threads:
            thread.start()
        try:
            for cycle in range(cycles):
                _cycle(cycle, pair, seen, figures, chance, say)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        expected = {name: text for writer in writers for name, text in writer.expected.items()}
        problems = [*seen.problems, *_errors_told(served), *_compare(folder, address, expected)]
    say(
        f"cluster: {cycles} kills of the primary under {nodes} nodes, {len(seen.changes)} changes acknowledged and "
        f"{len(seen.answers)} questions answered, {seen.put_off} changes and searches put off, {seen.own_writes} times "
        f"what one node took another found; {len(expected)} documents in the end"
    )
    for what, seconds in figures.by_name().items():
        say(f"  {what}: {statistics.median(seconds):.1f} s after a kill at the median, {max(seconds):.1f} s at most")
    return problems, figures


def _errors_told(nodes: Sequence[NodeProcess]) -> list[str]:
    """What nodes wrote down that they had not expected."""
    logs = [node.log.read_text(errors="replace") for node in nodes]
    return [f"a node met an error: {log.partition('Traceback')[2][-600:]}" for log in logs if "Traceback" in log]


def _cycle(
    cycle: int,
    pair: FailingPair,
    seen: Seen,
    figures: Figures,
    chance: random.Random,
    say: Callable[[str], None],
) -> None:
    """One kill: the standby takes the place of the primary, and the one that died becomes its standby."""
    changes = len(seen.changes)
    assert wait_for(lambda: len(seen.changes) > changes + 3), "nothing is written"
    time.sleep(chance.uniform(0, _MOST_SECONDS))
    begun = time.monotonic()
    pair.kill(pair.primary)
    dead = time.monotonic()
    pair.promote()
    promoted = time.monotonic() - begun
    found: dict[str, float] = {}

    def goes_on() -> bool:
        for name, times in (("written", seen.changes), ("answered", seen.answers)):
            if (moment := seen.first_after(times, dead)) is not None:
                found.setdefault(name, moment - begun)
        return len(found) == 2

    assert wait_for(goes_on), f"cycle {cycle}: nothing is written or answered after a failover"
    figures.promoted.append(promoted)
    figures.written.append(found["written"])
    figures.answered.append(found["answered"])
    say(
        f"  kill {cycle + 1}: a standby is primary after {promoted:.1f} s, the first change after "
        f"{found['written']:.1f} s, the first answer after {found['answered']:.1f} s"
    )
    pair.rebuild()


def _compare(folder: Path, address: str, expected: Mapping[str, str]) -> list[str]:
    """What is not in the database as it was acknowledged last, or there twice, or unsound."""
    settings = Settings(data_dir=folder / "looked-at", database=address, reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(name=BUNDLED_MODEL), create=False) as citewell:
        infos = citewell.documents.all(access=EVERYTHING)
        texts = {info.source.id: citewell.documents.get(info.source.id, access=EVERYTHING).text for info in infos}
        problems = [f"{name} was acknowledged and is lost" for name in expected.keys() - texts.keys()]
        problems += [f"{name} was deleted and is there" for name in texts.keys() - expected.keys()]
        problems += [
            f"{name} is not as it was acknowledged"
            for name in expected.keys() & texts.keys()
            if texts[name] != expected[name]
        ]
        if len(infos) != len(texts):
            problems.append(f"{len(infos)} documents have {len(texts)} ids")
        citewell.maintenance.rebuild()
        problems += [f"{check.name}: {check.detail}" for check in citewell.maintenance.check() if not check.ok]
    return problems
