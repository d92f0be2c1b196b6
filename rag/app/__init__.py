"""The one place that builds everything and joins it, over one data directory."""

from __future__ import annotations

from rag.access.accounts import MIN_PASSWORD_CHARS, Invitation
from rag.access.keys import PREFIX as KEY_PREFIX
from rag.access.keys import NewKey, Scope
from rag.access.people import People
from rag.access.provider_sessions import Renewing
from rag.access.sessions import form_token, is_form_token
from rag.app.citewell import Citewell
from rag.app.measurements import Measurements
from rag.app.readiness import NAMES as PROBLEMS
from rag.conversations.conversation_service import PendingTurn
from rag.documents.originals import PageView
from rag.store.base import Health, IngestStatus, Reply
from rag.store.people_store import KeyRecord, Person

__all__ = [
    "KEY_PREFIX",
    "MIN_PASSWORD_CHARS",
    "PROBLEMS",
    "Citewell",
    "Health",
    "IngestStatus",
    "Invitation",
    "KeyRecord",
    "Measurements",
    "NewKey",
    "PageView",
    "PendingTurn",
    "People",
    "Person",
    "Renewing",
    "Reply",
    "Scope",
    "form_token",
    "is_form_token",
]
