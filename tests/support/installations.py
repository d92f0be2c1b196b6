"""Installations to which random things happen, and all that somebody is given by them, to be compared.

For the property that nobody learns what they may not read, and for the bench that tries it on many more cases.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from rag.app import Citewell
from rag.errors import NotFoundError
from rag.index import vectors
from rag.insights.suggestions import background
from rag.records import EVERYBODY, Access, Answer, Hit
from rag.render import to_json
from rag.render.shapes import AnswerBody, DocumentListBody, SearchBody, body_of
from rag.settings import Settings
from rag.store.base import Reply
from rag.store.postgres import version_tables
from rag.store.rows import document_columns
from rag.store.sqlite import version_rows
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder, ReadsHere

IDS = [f"d{number}" for number in range(6)]
PEOPLE = [
    Access("ann", frozenset({"staff", "board"})),
    Access("bob", frozenset({"staff"})),
    Access("eve", frozenset()),
    Access("", frozenset()),
]
NOW = "2026-11-27T08:00:00+00:00"
LONG_AGO = count(1_700_000_000)
_EMBEDDER = HashEmbedder()


class Step(NamedTuple):
    """Something that happens to an installation."""

    kind: str  # "put", "delete", "groups", "rules" or "ask"
    document_id: str = ""
    text: str = ""
    groups: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


sentences = st.builds(
    lambda subject, verb, end: f"{subject} {verb} {end}.",
    st.sampled_from(["The harbour", "A ferry", "The old gate", "Zoë's café", "The 1.5 t crane"]),
    st.sampled_from(["opens at", "costs", "was sold for", "carries", "closes in"]),
    st.sampled_from(["noon", "1.5 euros", "40,000 crowns", "May", "three boats", "eleven"]),
)
texts = st.lists(sentences, min_size=1, max_size=6).map(" ".join)
groups = st.lists(st.sampled_from(["staff", "board", EVERYBODY]), max_size=2, unique=True).map(tuple)
ids = st.sampled_from(IDS)
puts = st.builds(lambda i, text, given: Step("put", i, text, given), ids, texts, groups)
questions = st.builds(
    lambda verb, subject: f"What {verb} {subject}?",
    st.sampled_from(["opens", "costs", "carries", "does it say of"]),
    st.sampled_from(["the harbour", "a ferry", "the gate at 1.5", "Zoë's café"]),
)
steps = st.one_of(
    puts,
    st.builds(lambda i: Step("delete", i), ids),
    st.builds(lambda i, given: Step("groups", i, groups=given), ids, groups),
    st.builds(
        lambda given, sources: Step("rules", groups=given, sources=tuple(sources)),
        groups,
        st.lists(ids, min_size=1, max_size=4, unique=True),
    ),
    st.builds(lambda text: Step("ask", text=text), questions),
)


@contextmanager
def installation(*, exact_up_to: int, database: str = "") -> Iterator[Citewell]:
    """An empty one that quotes at any confidence, so that every question puts its citations to the test.

    It reads files in this process: that a process for them is started each time says nothing of who may read what.
    Its documents are in SQLite, or in the database of PostgreSQL that is given by its address.
    """
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT_UP_TO", exact_up_to)
        patch.setattr(background, "_PAUSE", 0.0)  # nobody else asks meanwhile
        patch.setattr("rag.app.citewell.Parser", ReadsHere)
        for module in (document_columns, version_rows, version_tables):
            patch.setattr(module, "now", lambda: NOW)
        settings = Settings(
            data_dir=Path(folder), database=database, reader=False, answer_confidence=0.0, min_confidence=0.0
        )
        with Citewell.open(settings, embedder=_EMBEDDER, create=True) as citewell:
            yield citewell


def do(citewell: Citewell, step: Step) -> None:
    """Let something happen."""
    if step.kind == "put":
        citewell.documents.put(
            step.document_id, step.text.encode(), media_type="text/plain", title=step.document_id, groups=step.groups
        )
    elif step.kind == "delete":
        _or_error(lambda: citewell.documents.remove(step.document_id))
    elif step.kind == "groups":
        _or_error(lambda: citewell.access.set_groups(step.document_id, list(step.groups), access=EVERYTHING))
    elif step.kind == "rules":
        path = citewell.settings.data_dir / "access.toml"
        sources = [f"api:{document_id}" for document_id in step.sources]
        path.write_text(f"[[rule]]\nsource = {sources}\ngroups = {list(step.groups)}\n")
        os.utime(path, (next(LONG_AGO),) * 2)
        for document_id in step.sources:
            _or_error(lambda i=document_id: citewell.access.set_groups(i, None, access=EVERYTHING))
        citewell.access.refresh()
    else:
        for person in PEOPLE:
            citewell.questions.ask(step.text, access=person)


def everything_seen(citewell: Citewell, access: Access, asked: Sequence[str]) -> dict[str, Any]:
    """What every way in gives to somebody, without what differs between two times that the same is asked."""
    documents = citewell.documents
    return {
        "list": to_json(body_of(DocumentListBody, {"documents": documents.all(access=access)})),
        "count": documents.count(access=access),
        "texts": {i: _or_error(lambda i=i: documents.get(i, access=access)) for i in IDS},
        "infos": {i: _or_error(lambda i=i: documents.info(i, access=access)) for i in IDS},
        "originals": {i: _or_error(lambda i=i: documents.original(i, access=access)) for i in IDS},
        "versions": {i: _or_error(lambda i=i: documents.versions(i, access=access)) for i in IDS},
        "earlier": {i: documents.version(i, "", access=access) for i in IDS},
        "checked": {
            i: citewell.questions.verify(i, access=access, sha256="", start=0, end=3, quote="The") for i in IDS
        },
        "asked": [_answered(citewell.questions.ask(q, access=access)) for q in asked],
        "in conversation": [_answered(citewell.conversations.ask(q, access=access).answer) for q in asked[:1]],
        "found": [[_plain(hit) for hit in citewell.questions.search(q, access=access)] for q in asked],
        "found in JSON": [
            to_json(body_of(SearchBody, {"passages": citewell.questions.search(q, access=access)})) for q in asked[:1]
        ],
        "suggested": _suggested(citewell, access),
    }


def without_numbers(seen: dict[str, Any]) -> dict[str, Any]:
    """The same without what depends on who asks and how often: ids of answers and states of the documents."""
    answers = {
        way: [_with_json(replace(answer, id="", index_version=0)) for answer, _ in seen[way]]
        for way in ("asked", "in conversation")
    }
    return seen | answers


def _or_error(read: Any) -> Any:
    """What comes back, or what the error says."""
    try:
        return read()
    except NotFoundError as error:
        return str(error)


def _answered(answer: Answer) -> tuple[Answer, str]:
    """An answer without the time that it took, and its JSON."""
    return _with_json(replace(answer, timings_ms={}, passages=tuple(map(_plain, answer.passages))))


def _with_json(answer: Answer) -> tuple[Answer, str]:
    return answer, to_json(body_of(AnswerBody, Reply(answer)))


def _plain(hit: Hit) -> Hit:
    """A hit without the numbers that passages and sentences have in their database."""
    inside = tuple(replace(sentence, id=0) for sentence in hit.chunk.sentences)
    return replace(hit, chunk=replace(hit.chunk, id=0, sentences=inside))


def _suggested(citewell: Citewell, access: Access) -> list[str]:
    citewell.insights.suggestions(access=access)
    citewell.insights.wait_for_suggestions(access=access)
    return citewell.insights.suggestions(access=access)


cases = {
    "first": st.lists(puts, min_size=2, max_size=6),
    "then": st.lists(steps, max_size=8),
    "asked": st.lists(questions, min_size=1, max_size=3, unique=True),
    "exact_up_to": st.sampled_from([50_000, 50_000, 3]),
}


def compare(first: list[Step], then: list[Step], asked: list[str], exact_up_to: int, *, database: str = "") -> int:
    """Compare what each of `PEOPLE` is given with what an installation gives that only ever had what they may read.

    With `database`, the address of an empty one, the first is in PostgreSQL, and the others are in SQLite all the same.
    Raises AssertionError for the first difference. Gives how many responses were compared.
    """
    history, compared = [*first, *then], 0
    with installation(exact_up_to=exact_up_to, database=database) as citewell:
        for step in history:
            do(citewell, step)
        stored = {found.document_id: found.groups for found in citewell.store.all_groups(EVERYTHING)}
        for person in PEOPLE:
            permitted = {i for i, given in stored.items() if given & person.names}
            seen = everything_seen(citewell, person, asked)
            with installation(exact_up_to=50_000) as alone:
                for step in history:
                    if step.document_id in permitted and step.kind in ("put", "delete"):
                        do(alone, step._replace(groups=tuple(stored[step.document_id])))
                assert seen == everything_seen(alone, person, asked)
                assert without_numbers(seen) == without_numbers(everything_seen(alone, EVERYTHING, asked))
            compared += sum(len(part) if isinstance(part, dict | list) else 1 for part in seen.values())
    return compared
