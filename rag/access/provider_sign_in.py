"""The two steps of signing in at a provider: a browser sets out, and comes back as somebody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """What has to be remembered of one browser between its way to the provider and its way back."""

    state: str
    nonce: str
    verifier: str  # of PKCE

    @classmethod
    def new(cls) -> PendingSignIn:
        """One that nobody can guess: 256 random bits each."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """What the provider gives to come back with."""

    subject: str  # whom it means by them
    id_token: str  # to sign out with
    refresh_token: str  # to ask again with; "" where it gives none


@dataclass(frozen=True, slots=True)
class ProvenPerson:
    """Who signed in, as the provider says it."""

    person: str
    shown_as: str  # "" for nothing else
    mail: str  # "" for none
    groups: tuple[str, ...]  # as the provider calls them
    tokens: ProviderTokens
