"""Files that one node hands to others to be read and embedded: what the rest of the library knows of them.

Nothing in here is the only copy of anything. Who hands a file out does it itself when nobody has done it in time, and
stores what comes of it in any case; so a job that is lost, or done twice, costs time and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rag.records import Source

# Seconds for which a job belongs to who has taken it, unless that is renewed: so long it waits after a node has died.
LEASE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """A file that was taken to be read and embedded."""

    id: int
    claim: str  # by which whoever took it is known
    source: Source
    data: bytes


class JobStore(Protocol):
    """The jobs of a database. `made_with` stands for readers, model and settings: only who has the same takes them."""

    def helpers(self, made_with: str) -> int:
        """How many other processes take such jobs now."""

    def offer(self, key: str, source: Source, data: bytes, *, made_with: str) -> None:
        """Hand a file out under a key. One that is there, of somebody who has died, is this process's from now on."""

    def outcome(self, key: str) -> bytes | None:
        """What was made of a job, empty where it could not be read; None while there is nothing yet."""

    def withdraw(self, key: str) -> bool:
        """Take a job back that nobody is at, and that has no outcome; whether there is none with this key any more."""

    def forget(self) -> None:
        """Delete the jobs of this process, and those that were handed out days ago."""

    def take(self, made_with: str) -> Job | None:
        """The oldest job that nobody is at, which belongs to this process for `LEASE_SECONDS`; None without one.

        One that was taken several times and never finished is left to who handed it out. Says, too, that this process
        takes jobs.
        """

    def renew(self, job: Job, made_with: str) -> bool:
        """Keep a job for `LEASE_SECONDS` more; whether it still was this process's."""

    def finish(self, job: Job, outcome: bytes) -> bool:
        """Keep what was made of a job; whether it still was this process's, as otherwise nothing is kept."""

    def give_back(self, job: Job) -> None:
        """Let others take a job at once that was not finished."""

    def leave(self) -> None:
        """Say that this process takes no more jobs."""
