"""Names of people and groups, as they may be."""

from __future__ import annotations

import re
import unicodedata

from rag.errors import InputError

# What user names and mail addresses are made of. A colon is none of it: a group "person:ida" is that person alone.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,98}[a-z0-9])?")
_MAX_GROUP_CHARS = 200
_MAX_SHOWN_CHARS = 200
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def check_name(name: str) -> str:
    """The name in small letters. Raises InputError for one that nobody can have."""
    found = name.strip().casefold()
    if not _NAME.fullmatch(found):
        raise InputError(
            f"{name[:100]!r} is no name to sign in with; expected letters a to z, digits and . _ @ + - between them,"
            " such as ida or ida@example.org."
        )
    return found


def check_group(group: str) -> str:
    """The name of a group without space around it. Raises InputError for one that no group can have."""
    found = unicodedata.normalize("NFC", group.strip())
    if not 1 <= len(found) <= _MAX_GROUP_CHARS or any(unicodedata.category(c) in _UNSEEN for c in found):
        raise InputError(f"{group[:100]!r} is no name of a group; expected 1 to {_MAX_GROUP_CHARS} letters.")
    if found.startswith("person:"):
        raise InputError(f"{group[:100]!r} is no name of a group: what begins with person: is one person alone.")
    return found


def clean_shown_as(text: str) -> str:
    """A name for people, or an address, in one line without what is not seen, and not too long."""
    kept = "".join(c if unicodedata.category(c) not in _UNSEEN else " " for c in unicodedata.normalize("NFC", text))
    return " ".join(kept.split())[:_MAX_SHOWN_CHARS]
