"""Turns of a conversation without the words of documents that whoever reads may not read, or no more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from rag.store.base import Turn
from rag.store.kept_answer import cites, documents_of, hidden, without_stand_alone


def named_documents(turns: Sequence[Turn]) -> list[str]:
    """The ids of the documents whose words the turns show, sorted."""
    return sorted({document for turn in turns for document in documents_of(turn.answer)})


def without_forbidden(turns: Sequence[Turn], forbidden: Collection[str]) -> list[Turn]:
    """The turns without the words of these documents.

    As with a deleted document, what was filled into later questions goes too: it may be its words.
    """
    shown, has_quoted = [], False
    for turn in turns:
        answer = without_stand_alone(turn.answer) if has_quoted else turn.answer
        for document in set(forbidden).intersection(documents_of(answer)):
            has_quoted = has_quoted or cites(answer, document)
            answer = hidden(answer, document)
        shown.append(replace(turn, answer=answer))
    return shown
