"""Answers as they were shown, which is how conversations keep them: `rag.render.answer_body`, read and taken apart.

Nothing here changes a body that it is given; what differs comes back as a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rag.records import Exchange

Shown = Mapping[str, Any]
Body = dict[str, Any]


def documents_of(shown: Shown) -> list[str]:
    """The ids of the documents whose words an answer shows, each once."""
    places = [*shown["citations"], *shown["passages"]]
    places += [place for citation in shown["citations"] for place in citation["also_in"]]
    return list(dict.fromkeys(place["document"]["id"] for place in places))


def cites(shown: Shown, document_id: str) -> bool:
    """Whether a citation of the answer is of this document and still has its words."""
    return any(citation["document"]["id"] == document_id and not citation["removed"] for citation in shown["citations"])


def exchange_of(shown: Shown) -> Exchange:
    """What a follow-up may refer to in this answer: nothing of a document that was removed."""
    cited = [citation for citation in shown["citations"] if not citation["removed"]]
    topics = [name for c in cited for name in (c["document"]["title"], c["section"].rpartition(" > ")[2]) if name]
    found = shown["answer"]
    return Exchange(
        question=shown["stand_alone_question"] or shown["question"],
        quotes=tuple(s["text"] for s in found["sentences"] if s["text"]) if found else (),
        topics=tuple(dict.fromkeys(topics)),
    )


def in_conversation(shown: Shown, conversation_id: str | None, turn: int | None) -> Body:
    """The same answer as the turn of a conversation, or as that of none."""
    return {**shown, "conversation_id": conversation_id, "turn": turn}


def without_stand_alone(shown: Shown) -> Body:
    """The same without what was filled in from earlier answers."""
    return {**shown, "stand_alone_question": None}


def without_document(shown: Shown, document_id: str) -> Body:
    """The same without the words of a document.

    Its citations keep number, title, place and link, and say that they are removed; its passages go, and so do the
    sentences that were quoted from it, with whatever points into them.
    """
    removed = {c["number"] for c in shown["citations"] if c["document"]["id"] == document_id}
    return {
        **shown,
        "answer": _without_sentences(shown["answer"], removed) if shown["answer"] else None,
        "citations": [_without_words(citation, document_id) for citation in shown["citations"]],
        "passages": _others(shown["passages"], document_id),
    }


def _without_words(citation: Shown, document_id: str) -> Body:
    """A citation that does not name the document among the other places, and has no words if it is of it."""
    kept = {**citation, "also_in": _others(citation["also_in"], document_id)}
    if citation["document"]["id"] == document_id:
        kept |= {"section": "", "quote": "", "before": "", "after": "", "removed": True}
    return kept


def _without_sentences(found: Shown, removed: set[int]) -> Body:
    """What was found, without the words of the sentences that have one of these citations."""
    gone = {position for position, s in enumerate(found["sentences"]) if removed.intersection(s["citations"])}
    sentences = [
        {**sentence, "text": "" if position in gone else sentence["text"]}
        for position, sentence in enumerate(found["sentences"])
    ]
    highlight, disagreement = found["highlight"], found["disagreement"]
    if disagreement:
        values = [value for value in disagreement["values"] if value["sentence"] not in gone]
        disagreement = {**disagreement, "values": values} if len(values) > 1 else None
    return {
        **found,
        "text": " ".join(_with_marks(sentence) for sentence in sentences),
        "sentences": sentences,
        "highlight": None if highlight and highlight["sentence"] in gone else highlight,
        "disagreement": disagreement,
    }


def _with_marks(sentence: Shown) -> str:
    """A sentence with its citation marks, "First. [1]"; the marks alone where it has no words any more."""
    return f"{sentence['text']} {''.join(f'[{number}]' for number in sentence['citations'])}".strip()


def _others(places: Iterable[Shown], document_id: str) -> list[Shown]:
    """The places that are not in this document."""
    return [place for place in places if place["document"]["id"] != document_id]
