"""Citewell's library: answers from documents, word for word. It knows nothing of HTTP or the terminal.

What other programs use of it can be imported from here. Each name is looked up when it is first used, because the
commands, and the process that reads files, import parts of this package and must not wait for the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.app import Citewell, IngestStatus
    from rag.errors import InputError, NotFoundError, NotReadyError, RagError, StorageError
    from rag.records import (
        Access,
        Answer,
        AnswerSentence,
        AnswerStatus,
        Citation,
        Confidence,
        Document,
        Hit,
        NoAnswerReason,
        Place,
        Source,
        Span,
    )
    from rag.settings import Settings

__all__ = [
    "Access",
    "Answer",
    "AnswerSentence",
    "AnswerStatus",
    "Citation",
    "Citewell",
    "Confidence",
    "Document",
    "Hit",
    "IngestStatus",
    "InputError",
    "NoAnswerReason",
    "NotFoundError",
    "NotReadyError",
    "Place",
    "RagError",
    "Settings",
    "Source",
    "Span",
    "StorageError",
]

_HOMES = {
    "rag.app": ("Citewell", "IngestStatus"),
    "rag.errors": ("InputError", "NotFoundError", "NotReadyError", "RagError", "StorageError"),
    "rag.settings": ("Settings",),
}


def __getattr__(name: str) -> object:
    """The public name `name`, from the module that defines it. Raises AttributeError for any other."""
    if name not in __all__:
        raise AttributeError(f"module 'rag' has no public name {name!r}; it has {', '.join(__all__)}")
    home = next((module for module, names in _HOMES.items() if name in names), "rag.records")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """The public names, for whoever looks around."""
    return __all__
