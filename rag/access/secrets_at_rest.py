"""Secrets that are handed out once and kept as hashes: random ones by SHA-256, passwords by argon2id."""

from __future__ import annotations

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

# A hash takes 64 MiB and some 50 ms of a core: so many at once, or somebody who guesses takes all the memory.
_AT_ONCE = threading.BoundedSemaphore(2)


def new_secret() -> str:
    """256 bits of chance, in URL-safe base64."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """What is kept of a random secret. One cannot be guessed from it, as one can a password."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Passwords:
    """Hashes passwords, and says whether one is right."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = ""

    def hashed(self, password: str) -> str:
        """The argon2id hash, with its parameters and salt."""
        with _AT_ONCE:
            return self._hasher.hash(password)

    def matches(self, password: str, hashed: str) -> bool:
        """Whether it is the password of a hash. With the hash "" it takes as long, and is False."""
        if not hashed and not self._nobody:
            self._nobody = self.hashed(new_secret())
        try:
            with _AT_ONCE:
                return self._hasher.verify(hashed or self._nobody, password) and bool(hashed)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(hashed)
