"""Who is behind a pseudonym of the audit log, and the key of what is sealed for that person.

Each person has a small file of their own. When it is deleted nobody can tell any more who the pseudonym was, or read
what was sealed, and not one letter of the log has changed for it: its hashes hold as before.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from rag.disk import flush_directory, make_private_directory
from rag.errors import StorageDamaged

_NAME = re.compile(r"[0-9a-f]{64}\.json")
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person as the log knows them."""

    person: str
    pseudonym: str  # chance: nothing about the person can be worked out from it
    key: bytes  # 32 of them


class PersonKeys:
    """The persons of one audit log, a file each. Where two could make one at once, the log's lock is held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[os.stat_result, PersonKey]] = {}

    def of(self, person: str) -> PersonKey:
        """The key of a person, made when there is none: somebody who was erased and comes again is somebody new."""
        path = self._path(person)
        found = self._read_cached(person, path)
        if found is not None:
            return found
        make_private_directory(self._folder)
        made = PersonKey(person, f"p-{secrets.token_hex(8)}", secrets.token_bytes(_KEY_BYTES))
        text = json.dumps(
            {"person": person, "pseudonym": made.pseudonym, "key": base64.b64encode(made.key).decode("ascii")}
        )
        beside = path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        flush_directory(self._folder)
        return made

    def find(self, person: str) -> PersonKey | None:
        """The key of a person who is in the log; None for one who is not, or not any more."""
        return self._read_cached(person, self._path(person))

    def everyone(self) -> dict[str, PersonKey]:
        """All persons by pseudonym."""
        try:
            paths = [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        except FileNotFoundError:
            return {}
        found = (_read(path) for path in paths)
        return {key.pseudonym: key for key in found if key is not None}

    def forget(self, person: str) -> PersonKey | None:
        """Delete the key of a person, for good, and give it back a last time; None where there was none."""
        path = self._path(person)
        found = _read(path)
        if found is None:
            return None
        with path.open("r+b") as file:  # over the key first, as far as the disk writes in place
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        flush_directory(self._folder)
        self._known.pop(person, None)
        return found

    def _path(self, person: str) -> Path:
        name = hashlib.sha256(person.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"{name}.json"

    def _read_cached(self, person: str, path: Path) -> PersonKey | None:
        """What the file says; read again when it is another one, as another process may have deleted it."""
        try:
            seen = path.stat()
        except FileNotFoundError:
            self._known.pop(person, None)
            return None
        known = self._known.get(person)
        if known is None or (known[0].st_ino, known[0].st_mtime_ns) != (seen.st_ino, seen.st_mtime_ns):
            found = _read(path)
            if found is None:
                return None
            known = self._known[person] = (seen, found)
        return known[1]


def _read(path: Path) -> PersonKey | None:
    """What a file says; None where there is none. Raises StorageDamaged."""
    try:
        found = json.loads(path.read_bytes())
        return PersonKey(found["person"], found["pseudonym"], base64.b64decode(found["key"], validate=True))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise StorageDamaged(
            f"{path} does not say who a pseudonym of the audit log is; put it back from a backup, or delete it and give"
            " up what the log holds of that person."
        ) from error
