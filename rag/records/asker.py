"""Who asks, and what they may read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# The group of everyone who is signed in.
EVERYBODY = "everybody"
# In front of a person's name it makes the name of a group with this person alone.
ALONE = "person:"


class GivenBy(StrEnum):
    """Who said which groups may read a document."""

    RULE = "rule"  # a rule of access.toml, or what holds where none fits
    SOURCE = "source"  # the source that it came from, or the file that names it
    HAND = "hand"  # somebody, for this document alone


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, and what they may read. It goes from every way in down to the store; nothing is read without one."""

    person: str  # "" for nobody in particular
    groups: frozenset[str]  # those the person is in
    reads_everything: bool = False  # whatever the documents say of who may read them

    @property
    def names(self) -> frozenset[str]:
        """The groups by which documents may be read: the person's, everybody's, and that of the person alone.

        Nobody in particular is not among everybody. A group that is named like another person's own counts for nothing.
        """
        given = frozenset(group for group in self.groups if not group.startswith(ALONE))
        return given | {EVERYBODY, f"{ALONE}{self.person}"} if self.person else given

    @classmethod
    def everything(cls) -> Access:
        """Access to all documents, for nobody in particular."""
        return cls("", frozenset(), reads_everything=True)
