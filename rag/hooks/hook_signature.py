"""Signatures by which a receiver knows that a message is ours and new: those of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from rag.errors import InvalidSetting

PREFIX = "whsec_"
_LEAST_BYTES = 24


def key_of(secret: str) -> bytes:
    """The bytes to sign with: of "whsec_" and Base64 what that says, of any other secret itself.

    Raises InvalidSetting for one of fewer than 24 bytes, which does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else None
    except binascii.Error as error:
        raise InvalidSetting(f"webhook_secret begins with {PREFIX}, and what follows is not Base64.") from error
    if key is None:
        key = secret.encode()
    if len(key) < _LEAST_BYTES:
        raise InvalidSetting(
            f"webhook_secret has {len(key)} bytes; expected {_LEAST_BYTES} or more, such as `openssl rand -hex 32`"
            " gives."
        )
    return key


def signed_headers(key: bytes, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes in front of a body: its id, when it is sent (seconds since 1970), and HMAC-SHA256 over all three."""
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": event_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
