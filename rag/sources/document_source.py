"""What a source of documents has to give, and what is believed of what it says.

A source belongs to somebody else: it may be down, slow, damaged or hostile. What it calls its documents is checked
here, for all kinds in the same way.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from rag.errors import DocumentTooLarge
from rag.records import ALONE, EVERYBODY
from rag.store.base import Stamp

_MAX_PATH_CHARS = 1_000
_MAX_PATH_PARTS = 100
# Unseen, unassigned to anything, or half of a character; and what turns the direction of a line.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Without these, words of Persian and of some languages of India are spelt wrong.
_JOINERS = "\u200c\u200d"
_MAX_GROUP_CHARS = 200


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A document that a source says it has, not yet read."""

    path: str  # in the source, with slashes: "guides/gate.md"; its end says the format, unless `media_type` does
    version: str  # another one whenever the bytes may be others: an id of the content, an ETag, a number
    size: int | None = None  # bytes, as the source says; None where it does not
    modified_at: str = ""  # ISO 8601, UTC; "" where it does not say
    media_type: str = ""  # "" where the end of the path says it
    address: str = ""  # of its page for people: http or https, and checked to be the source's own
    readers: frozenset[str] | None = None  # the groups that may read it there; None where the source does not say
    reference: str = ""  # what `read` needs besides; nobody else looks at it
    identity: str = ""  # what the source calls it wherever it is moved to; "" where it has no such name

    @property
    def stamp(self) -> Stamp:
        """By what this version is known without reading it."""
        version, identity = (
            hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()
            for words in (f"{self.version}\n{self.media_type}", self.identity)
        )
        of_identity = identity if self.identity else version
        # Numbers that are no size, no time and no place: positive, and small enough for the store.
        return Stamp(*(int.from_bytes(part) for part in (version[:7], version[8:15], of_identity[16:23])))


@dataclass(frozen=True, slots=True)
class SourceListing:
    """What a source holds now: all of it, the newest of it, or the word that it holds what it held."""

    entries: Iterator[
        SourceEntry
    ]  # each is asked for when it is needed; raises InputError where the listing breaks off
    cursor: str = ""  # names this state of the source; "" where the source has no name for it
    is_unchanged: bool = False  # the source is in the state that was asked about; there are no entries
    is_partial: bool = False  # what came from it before and is not among the entries stays


class DocumentSource(Protocol):
    """One source, open. Used by one thread."""

    def list(self, since: str) -> SourceListing:
        """What it holds now, or that it is still in the state that the cursor `since` names; "" asks for all.

        Raises InputError where it cannot be asked, and so may the entries; then nothing is taken for deleted.
        """

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """The bytes of one entry, at most so many. Raises InputError, DocumentTooLarge among them."""

    def close(self) -> None:
        """Let go of connections and processes."""


def why_not_path(path: str) -> str:
    """What is wrong with the path of an entry, in words; "" for one that can be used."""
    if not 1 <= len(path) <= _MAX_PATH_CHARS:
        return f"its name has {len(path):,} characters; expected 1 to {_MAX_PATH_CHARS:,}"
    if any(unicodedata.category(c) in _UNSEEN and c not in _JOINERS for c in path):
        return "its name has a control character, or half of a character"
    parts = path.split("/")
    if len(parts) > _MAX_PATH_PARTS:
        return f"it lies more than {_MAX_PATH_PARTS} folders deep"
    if any(part in ("", ".", "..") or part != part.strip() for part in parts):
        return 'its name has an empty part, "." or "..", or a space at an end of a part'
    return ""


def moment_of(written: str) -> str:
    """A moment in ISO 8601, in UTC, as it is here; "" for what is none. Without a zone it is taken for UTC."""
    try:
        found = datetime.fromisoformat(written)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""


def too_many_bytes(max_bytes: int) -> DocumentTooLarge:
    """What is raised for a document of a source that has more bytes than it may."""
    return DocumentTooLarge(
        f"it has more than {max_bytes:,} bytes, which are allowed; split the document or raise"
        " CITEWELL_MAX_DOCUMENT_BYTES"
    )


def shown_name(name: str) -> str:
    """A name that cannot be used, fit to be printed and stored."""
    return ascii(name[:120])[1:-1]


def groups_in(names: frozenset[str], group_map: Mapping[str, str]) -> frozenset[str]:
    """The groups of a source as they are called here. Those that no group here can be are left out.

    Where `group_map` has anything only what is in it counts. The names of everybody and of single persons mean
    something here that nobody at the source has decided, so that they count for nothing without it.
    """
    if group_map:
        return frozenset(group_map[name] for name in names if name in group_map)
    return frozenset(name for name in names if _is_group(name))


def _is_group(name: str) -> bool:
    if not 1 <= len(name) <= _MAX_GROUP_CHARS or name != name.strip() or not name.isprintable():
        return False
    return name != EVERYBODY and not name.startswith(ALONE)
