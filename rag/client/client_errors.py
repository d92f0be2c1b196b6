"""What can go wrong for a client.

ClientError
    RequestRefused      the service answered, and refused
    ServiceUnreachable  there was no answer, or one that is not Citewell's
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ClientError(Exception):
    """The base of the others."""


class ServiceUnreachable(ClientError):
    """There was no answer in time, or one that is not Citewell's: another program, a proxy, a page to sign in on."""


class RequestRefused(ClientError):
    """The service answered with a problem (RFC 9457). The message is its detail."""

    def __init__(
        self, status: int, detail: str, *, kind: str = "about:blank", errors: Sequence[Mapping[str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind  # "urn:citewell:problem:document-not-found"
        self.errors = tuple(errors)  # for 422: `field` and `message` of each field that is wrong
