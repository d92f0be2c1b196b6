"""What a person typed, and where from, in the audit log: only with that person's key can it be read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from rag.access.audit.events import AuditEvent
from rag.access.audit.person_keys import PersonKey

_NONCE_BYTES = 12


def personal(event: AuditEvent, who: PersonKey, number: int, *, questions: str) -> dict[str, str]:
    """The members of a line that hold what is personal: `sealed`, and by policy `question_hash`.

    `questions` is "full", "hash" or "none". Raises ValueError for anything else.
    """
    if questions not in ("full", "hash", "none"):
        raise ValueError(f"questions is {questions!r}; expected full, hash or none")
    inside = {"address": event.address}
    found: dict[str, str] = {}
    if questions == "full":
        inside |= {"question": event.question, "searched": event.searched}
    if questions != "none" and event.question:
        found["question_hash"] = question_hash(event.question, who)
    kept = {name: value for name, value in inside.items() if value}
    if kept:
        found["sealed"] = seal(kept, who, number)
    return found


def question_hash(question: str, who: PersonKey) -> str:
    """What shows that a person asked this question, to whoever has their key and can name the question.

    A plain hash would give a question of few words away to whoever tries some.
    """
    return hmac.new(who.key, question.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def seal(content: Mapping[str, str], who: PersonKey, number: int) -> str:
    """The content, readable with the person's key only, and only in the line of this number. Base64."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # here: who keeps no log need not wait

    nonce = secrets.token_bytes(_NONCE_BYTES)
    text = json.dumps(dict(content), separators=(",", ":")).encode("ascii")
    return base64.b64encode(nonce + ChaCha20Poly1305(who.key).encrypt(nonce, text, _bound(number))).decode("ascii")


def unseal(sealed: str, who: PersonKey, number: int) -> dict[str, Any] | None:
    """What `seal` was given; None where it was sealed with another key, or for another line."""
    from cryptography.exceptions import InvalidTag  # as above
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # as above

    try:
        data = base64.b64decode(sealed, validate=True)
        text = ChaCha20Poly1305(who.key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(number))
        found: dict[str, Any] = json.loads(text)
    except (InvalidTag, ValueError):
        return None
    return found


def _bound(number: int) -> bytes:
    return b"line %d" % number
