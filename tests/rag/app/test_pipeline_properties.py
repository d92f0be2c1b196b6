"""Properties of the whole path over random documents: exact citations, and indexes that agree with a plain search."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, assume, example, given, target
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rag.answer.verify import VerificationStatus
from rag.app import Citewell
from rag.errors import DocumentNotFound, InputError
from rag.models.reader import Reader
from rag.records import Answer, Place
from rag.settings import Settings
from rag.store.base import IngestStatus
from rag.text.statements import same_statement
from rag.text.words import content_stems
from tests.support.access import EVERYTHING
from tests.support.examples import fewer
from tests.support.fakes import HashEmbedder

QUICK = fewer(4, suppress_health_check=[HealthCheck.too_slow])

SUBJECTS = [
    "The harbour",
    "A ferry",
    "Zoë's café",
    "Das Schloß",
    "Η γέφυρα",
    "\U0001f6a2 The ship",
    "The e\u0301clair",
    "北の港",
]
VERBS = ["opened in", "cost about", "was sold in", "lost", "carries"]
ENDS = [
    "1887",
    "40,000 crowns",
    "three boats",
    "2.4 metres of rope",
    "fünf Faß Öl",
    "the “old” gate",
    "\u200bnothing at all",
]

sentences = st.builds(
    lambda subject, verb, end, mark: f"{subject} {verb} {end}{mark}",
    st.sampled_from(SUBJECTS),
    st.sampled_from(VERBS),
    st.sampled_from(ENDS),
    st.sampled_from([".", "!", "?", "...", ".”"]),
)
odd = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)
paragraphs = st.lists(sentences | odd, min_size=1, max_size=5).map(" ".join)
headings = st.builds(lambda level, title: "#" * level + " " + title, st.integers(1, 4), st.sampled_from(SUBJECTS))
items = st.lists(sentences, min_size=1, max_size=3).map(lambda lines: "\n".join(f"- {line}" for line in lines))
blocks = st.lists(paragraphs | headings | items, min_size=1, max_size=6)
documents = st.builds(
    lambda parts, again, end: end.join([*parts, *([parts[0]] if again else [])]),
    blocks,
    st.booleans(),
    st.sampled_from(["\n\n", "\r\n\r\n", "\n\n\n"]),
)
questions = st.builds(
    lambda subject, verb: f"What {verb.split()[0]} {subject}?", st.sampled_from(SUBJECTS), st.sampled_from(VERBS)
)


@functools.cache
def reader() -> Reader | None:
    """The shipped reader, opened once: that takes longer than most of what is done here with it."""
    return Reader.load()


def open_citewell(folder: str) -> Citewell:
    """A citewell that quotes at any confidence, so that every question puts its citations to the test."""
    return Citewell.open(
        Settings(data_dir=Path(folder) / "data", answer_confidence=0.0, min_confidence=0.0),
        embedder=HashEmbedder(),
        reader=reader(),
        create=True,
    )


def put(citewell: Citewell, document_id: str, text: str) -> bool:
    """Store a text as Markdown; False for one that the reader refuses, as it does an empty one."""
    try:
        citewell.documents.put(document_id, text.encode(), media_type="text/markdown", title=f"Title {document_id}")
    except InputError:
        return False
    return True


def assert_place_is_exact(citewell: Citewell, place: Place, quote: str) -> None:
    """Anyone can check the place by REST: the text has the hash, and the quote stands there."""
    document = citewell.documents.get(place.source.id, access=EVERYTHING)
    assert place.span.of(document.text) == quote
    assert place.text_sha256 == document.text_sha256
    checked = citewell.questions.verify(
        place.source.id,
        sha256=place.text_sha256,
        start=place.span.start,
        end=place.span.end,
        quote=quote,
        access=EVERYTHING,
    )
    assert (checked.status, checked.found) == (VerificationStatus.MATCH, quote)


def assert_citations_are_exact(citewell: Citewell, answer: Answer) -> None:
    for number, (sentence, citation) in enumerate(zip(answer.sentences, answer.citations, strict=True), start=1):
        assert (sentence.text, sentence.citations) == (citation.quote, (number,))
        assert citation.number == number
        assert_place_is_exact(citewell, citation.place, citation.quote)
        text, span = citewell.documents.get(citation.place.source.id, access=EVERYTHING).text, citation.place.span
        assert text[: span.start].endswith(citation.before)
        assert text[span.end :].startswith(citation.after)
        for place in citation.also_in:
            other = place.span.of(citewell.documents.get(place.source.id, access=EVERYTHING).text)
            assert same_statement(citation.quote, other)
            assert_place_is_exact(citewell, place, other)
    places = [place for c in answer.citations for place in (c.place, *c.also_in)]
    assert len({(p.source.id, p.span) for p in places}) == len(places), "a place is named once"
    if answer.highlight:
        assert answer.highlight.span.end <= len(answer.sentences[answer.highlight.sentence].text)


def without_timings(answer: Answer) -> Answer:
    return dataclasses.replace(answer, timings_ms={})


@QUICK
@example(  # two sentences are one quote, of which the other document has the first only
    texts=["The harbour opened in 1887. 1$W", "The harbour opened in 1887? The harbour cost about 1887."],
    asked=["What opened The harbour?"],
)
@given(st.lists(documents, min_size=1, max_size=3), st.lists(questions, min_size=1, max_size=3))
def test_every_citation_of_every_answer_is_exact(texts: list[str], asked: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, open_citewell(folder) as citewell:
        stored = sum(put(citewell, f"d{number}", text) for number, text in enumerate(texts))
        assume(stored)
        answers = [citewell.questions.ask(question, access=EVERYTHING) for question in asked]
        target(float(sum(len(answer.citations) for answer in answers)))
        for question, answer in zip(asked, answers, strict=True):
            assert_citations_are_exact(citewell, answer)
            assert without_timings(citewell.questions.ask(question, access=EVERYTHING)) == without_timings(answer)
            for hit in answer.passages:
                text = citewell.documents.get(hit.chunk.source.id, access=EVERYTHING).text
                assert hit.chunk.span.of(text) == hit.chunk.text
                assert all(s.span.of(text) == s.text for s in hit.chunk.sentences)


def test_random_documents_are_quoted_at_all() -> None:
    """The property above is not empty: a document of ordinary sentences is cited, with the place of its repetition."""
    said = "The harbour opened in 1887."
    # Each in a section of its own, so that no neighbour is quoted with it.
    text = "\n\n".join(["# Das Schloß", said, "## Boats", "A ferry lost three boats.", "## Years", said])
    with tempfile.TemporaryDirectory() as folder, open_citewell(folder) as citewell:
        put(citewell, "d0", text)
        answer = citewell.questions.ask("What opened The harbour?", access=EVERYTHING)
        assert_citations_are_exact(citewell, answer)
        assert answer.citations[0].quote == said
        assert [len(c.also_in) for c in answer.citations[:1]] == [1]


# -- ingest, replace, delete, rebuild and reopen in any order --------------------------------------------------------

IDS = [f"d{number}" for number in range(5)]
QUESTIONS = ["What opened the harbour?", "What cost Zoë's café?", "Who lost three boats?", "港 1887 crowns rope"]
plain_documents = st.lists(sentences, min_size=1, max_size=6).map("\n\n".join)
_K = 100


def visible(text: str) -> str:
    """What a reader keeps of a plain text in any case: letters in NFC, without white space and invisible characters."""
    return unicodedata.normalize("NFC", "".join(text.replace("\u200b", "").split()))


def dense_order(citewell: Citewell, question: str) -> list[tuple[float, int]]:
    """What a plain search over the store's vectors finds, best first: (cosine, chunk id), ties by id."""
    ids, vectors = citewell._store.chunk_vectors(EVERYTHING, citewell._store.all_chunk_ids().tolist())
    if not len(ids):
        return []
    cosines = vectors @ HashEmbedder().embed_question(question)
    return sorted(((float(c), int(i)) for c, i in zip(cosines, ids, strict=True)), key=lambda pair: (-pair[0], pair[1]))


def holding(citewell: Citewell, words: Sequence[str]) -> set[int]:
    """The chunks that have a stem of one of the words in title, section or text, by looking through all of them."""
    stems = set(content_stems(" ".join(words)))
    ids, _ = citewell._store.chunk_vectors(EVERYTHING, citewell._store.all_chunk_ids().tolist())
    chunks = citewell._store.chunks(EVERYTHING, ids.tolist())
    shown = {i: f"{chunk.source.title} {chunk.section} {chunk.text}" for i, chunk in chunks.items()}
    return {i for i, text in shown.items() if stems & set(content_stems(text))}


class Library(RuleBasedStateMachine):
    """A citewell beside a plain dictionary of what it should hold."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.citewell = open_citewell(self.folder.name)
        self.texts: dict[str, str] = {}
        self.gone: set[str] = set()

    @rule(document_id=st.sampled_from(IDS), text=plain_documents)
    def ingest_or_replace(self, document_id: str, text: str) -> None:
        before = self.texts.get(document_id)
        result = self.citewell.documents.put(document_id, text.encode(), media_type="text/plain", title=document_id)
        expected = IngestStatus.UPDATED if before else IngestStatus.CREATED
        assert result.status is (IngestStatus.UNCHANGED if before == text else expected)
        self.texts[document_id] = text

    @rule(document_id=st.sampled_from(IDS))
    def delete(self, document_id: str) -> None:
        if document_id not in self.texts:
            try:
                self.citewell.documents.remove(document_id)
            except DocumentNotFound:
                return
            raise AssertionError("a document that is not there was removed")
        self.citewell.documents.remove(document_id)
        del self.texts[document_id]

    @precondition(lambda self: self.texts)
    @rule()
    def rebuild(self) -> None:
        assert all(check.ok for check in self.citewell.maintenance.rebuild())

    @rule()
    def reopen(self) -> None:
        self.citewell.close()
        self.citewell = open_citewell(self.folder.name)

    @rule(question=st.sampled_from(QUESTIONS))
    def ask(self, question: str) -> None:
        answer = self.citewell.questions.ask(question, access=EVERYTHING)
        assert not answer.degraded
        assert_citations_are_exact(self.citewell, answer)
        assert {c.place.source.id for c in answer.citations} <= set(self.texts)

    @invariant()
    def documents_are_those_of_the_dictionary(self) -> None:
        assert [info.source.id for info in self.citewell.documents.all(access=EVERYTHING)] == sorted(self.texts)
        for document_id, text in self.texts.items():
            stored = self.citewell.documents.get(document_id, access=EVERYTHING).text
            assert visible(stored) == visible(text)

    @invariant()
    def vectors_agree_with_a_plain_search(self) -> None:
        index = self.citewell._index.current()
        assert index is not None
        for question in QUESTIONS:
            found = index.search(HashEmbedder().embed_question(question), _K)
            plain = dense_order(self.citewell, question)[:_K]
            assert len(found) == len(plain) == index.size
            np.testing.assert_allclose([c for _, c in found], [c for c, _ in plain], atol=1e-6)
            assert {i for i, _ in found} == {i for _, i in plain}

    @invariant()
    def words_agree_with_a_plain_search(self) -> None:
        for words in (["harbour"], ["ferry", "boats"], ["1887"], ["crowns", "rope"]):
            found = {i for i, _ in self.citewell._store.search_words(EVERYTHING, words, _K)}
            assert found == holding(self.citewell, words)

    @invariant()
    def nothing_is_found_that_is_not_stored(self) -> None:
        for question in QUESTIONS:
            for hit in self.citewell.questions.search(question, _K, access=EVERYTHING):
                text = self.citewell.documents.get(hit.chunk.source.id, access=EVERYTHING).text
                assert hit.chunk.span.of(text) == hit.chunk.text
                assert hit.chunk.source.id in self.texts

    def teardown(self) -> None:
        if hasattr(self, "citewell"):
            assert [check for check in self.citewell.maintenance.check() if not check.ok] == []
            self.citewell.close()
            self.folder.cleanup()


Library.TestCase.settings = fewer(10)
TestLibrary = Library.TestCase
