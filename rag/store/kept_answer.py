"""Answers as conversations keep them: records with a version, written as JSON, and without a deleted document's words.

What is kept is what was shown of an answer. How REST writes it is another matter, and may change without touching what
is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from functools import cache

from rag.errors import StorageDamaged, StorageTooNew
from rag.records import Answer, Citation, Disagreement, Hit, Place, Source, Span

# Of the JSON that `written` gives. When a field of an answer changes its name or meaning, this grows by one, and `read`
# learns to bring the older form up to date; a field that is added with a default value needs neither.
VERSION = 1
_WEB_SCHEMES = ("http://", "https://")


def written(answer: Answer) -> str:
    """What is kept of an answer, as JSON."""
    return json.dumps({"version": VERSION, "answer": asdict(_shown(answer))}, ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Answer:
    """The answer that was `written`. Raises StorageTooNew for a later version, StorageDamaged for what is none."""
    try:
        kept = json.loads(text)
        version = kept["version"]
        if version == VERSION:
            return _reader()(kept["answer"])
    except (ValueError, TypeError, KeyError) as error:
        raise StorageDamaged(f"An answer that a conversation keeps cannot be read: {error}.") from error
    raise StorageTooNew(
        f"A conversation has an answer of version {version}; this version of the program knows version {VERSION}."
        " Update the program."
    )


@cache
def _reader() -> Callable[[object], Answer]:
    # Imported when a conversation is read, and not with every command: it takes longer than all else in here.
    from pydantic import TypeAdapter

    return TypeAdapter(Answer).validate_python


def _shown(answer: Answer) -> Answer:
    """An answer without what only finding it needed, and without the paths of files."""
    return replace(
        answer,
        citations=tuple(_with_places(citation, _without_path) for citation in answer.citations),
        passages=tuple(_passage(hit) for hit in answer.passages),
        steps=replace(answer.steps, place=_without_path(answer.steps.place)) if answer.steps else None,
    )


def _with_places(citation: Citation, change: Callable[[Place], Place]) -> Citation:
    return replace(citation, place=change(citation.place), also_in=tuple(map(change, citation.also_in)))


def _without_path(place: Place) -> Place:
    return replace(place, source=_shown_source(place.source))


def _shown_source(source: Source) -> Source:
    """The location of a file is nothing that was shown, and would outlive the document."""
    return source if source.location.lower().startswith(_WEB_SCHEMES) else replace(source, location="")


def _passage(hit: Hit) -> Hit:
    chunk = replace(hit.chunk, source=_shown_source(hit.chunk.source), sentences=())
    return Hit(chunk, hit.score)


def documents_of(answer: Answer) -> list[str]:
    """The ids of the documents whose words an answer shows, each once."""
    cited = [place for citation in answer.citations for place in (citation.place, *citation.also_in)]
    sources = [*(place.source for place in cited), *(hit.chunk.source for hit in answer.passages)]
    return list(dict.fromkeys(source.id for source in sources))


def cites(answer: Answer, document_id: str) -> bool:
    """Whether a citation of the answer is of this document and still has its words."""
    return any(c.place.source.id == document_id and not c.is_removed for c in answer.citations)


def without_stand_alone(answer: Answer) -> Answer:
    """The same without what was filled in from earlier answers."""
    return replace(answer, stand_alone_question=None)


def without_document(answer: Answer, document_id: str) -> Answer:
    """The same without the words of a document.

    Its citations keep number, title, place and link, and say that they are removed; its passages go, and so do the
    sentences that were quoted from it, with whatever points into them.
    """
    removed = {c.number for c in answer.citations if c.place.source.id == document_id}
    gone = {at for at, sentence in enumerate(answer.sentences) if removed.intersection(sentence.citations)}
    return replace(
        answer,
        sentences=tuple(replace(s, text="") if at in gone else s for at, s in enumerate(answer.sentences)),
        highlight=None if answer.highlight and answer.highlight.sentence in gone else answer.highlight,
        disagreement=_without_values(answer.disagreement, gone),
        steps=None if answer.steps and answer.steps.place.source.id == document_id else answer.steps,
        citations=tuple(_without_words(citation, document_id) for citation in answer.citations),
        passages=tuple(hit for hit in answer.passages if hit.chunk.source.id != document_id),
    )


def without_missing(answer: Answer, stored: Collection[str]) -> Answer:
    """The same without the words of any document but these."""
    for document_id in documents_of(answer):
        if document_id not in stored:
            answer = without_document(answer, document_id)
    return answer


def hidden(answer: Answer, document_id: str) -> Answer:
    """The same without the words of a document, and without what would tell that it is there: title, place, link."""
    found = without_document(answer, document_id)
    nowhere = Place(Source("", "", ""), "", Span(0, 1))
    return replace(
        found,
        citations=tuple(replace(c, place=nowhere) if c.place.source.id == document_id else c for c in found.citations),
    )


def _without_words(citation: Citation, document_id: str) -> Citation:
    """A citation that does not name the document among the other places, and has no words if it is of it."""
    kept = replace(citation, also_in=tuple(p for p in citation.also_in if p.source.id != document_id))
    return kept.without_words() if citation.place.source.id == document_id else kept


def _without_values(disagreement: Disagreement | None, gone: set[int]) -> Disagreement | None:
    """The values that are still quoted, if there are two."""
    values = [value for value in disagreement.values if value.sentence not in gone] if disagreement else []
    return Disagreement(tuple(values)) if len(values) > 1 else None
