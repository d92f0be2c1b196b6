"""A replaced text is not found any more, and a citation of it can still be checked until the document is deleted."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from samples import WITHOUT_TALK

from rag.errors import DocumentNotFound
from rag.pipeline import Pipeline
from rag.records import Citation, SentenceKind, Verification, VerificationStatus
from rag.store import Store

FIRST = "# Pier rules\n\nThe pier closes at 18:00 in winter. Dogs are welcome."
SECOND = "# Pier rules\n\nFishing needs a licence. The pier closes at 17:30 in winter. Dogs are welcome."
QUESTION = "When does the pier close in winter?"


def put(pipeline: Pipeline, text: str) -> None:
    pipeline.put_document("pier", text.encode(), media_type="text/markdown")


def check(pipeline: Pipeline, cited: tuple[str, int, int, str]) -> Verification:
    sha256, start, end, quote = cited
    return pipeline.verify("pier", sha256=sha256, start=start, end=end, quote=quote)


def cited(pipeline: Pipeline, words: str) -> tuple[str, int, int, str]:
    """What a citation of the sentence with these words carries."""
    document = pipeline.document("pier")
    (sentence,) = (s for s in pipeline.sentences("pier") if words in s.text and s.kind is SentenceKind.STATEMENT)
    return document.text_sha256, sentence.span.start, sentence.span.end, sentence.text


@pytest.mark.parametrize(("words", "still_present"), [("18:00", False), ("Dogs", True)])
def test_a_citation_of_a_replaced_text_is_superseded(empty_pipeline: Pipeline, words: str, still_present: bool) -> None:
    put(empty_pipeline, FIRST)
    citation = cited(empty_pipeline, words)
    put(empty_pipeline, SECOND)
    found = check(empty_pipeline, citation)
    assert (found.status, found.found, found.still_present) == (
        VerificationStatus.SUPERSEDED,
        citation[3],
        still_present,
    )
    assert found.superseded_at == empty_pipeline.versions("pier")[0].superseded_at


def test_a_quote_that_never_stood_in_the_replaced_text_is_a_mismatch(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST)
    sha256, start, end, _ = cited(empty_pipeline, "18:00")
    put(empty_pipeline, SECOND)
    found = check(empty_pipeline, (sha256, start, end, "The pier closes at 19:00 in winter."))
    assert (found.status, found.found) == (VerificationStatus.MISMATCH, "The pier closes at 18:00 in winter.")


def test_nothing_of_a_replaced_text_is_found(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST)
    put(empty_pipeline, SECOND)
    hits = empty_pipeline.search(QUESTION, 10)
    assert hits
    assert not [hit for hit in hits if "18:00" in hit.chunk.text]


def test_a_text_that_comes_back_is_the_current_one_again(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST)
    citation = cited(empty_pipeline, "18:00")
    put(empty_pipeline, SECOND)
    put(empty_pipeline, FIRST)
    assert check(empty_pipeline, citation).status is VerificationStatus.MATCH
    assert len(empty_pipeline.versions("pier")) == 1


def test_another_title_is_no_other_version(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST)
    empty_pipeline.put_document("pier", FIRST.encode(), media_type="text/markdown", title="The pier")
    assert empty_pipeline.versions("pier") == []


def test_a_deleted_document_leaves_no_version_behind(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST.replace("Dogs", "Quagmirebirds"))
    citation = cited(empty_pipeline, "18:00")
    put(empty_pipeline, SECOND)
    empty_pipeline.remove("pier")
    assert check(empty_pipeline, citation).status is VerificationStatus.GONE
    with pytest.raises(DocumentNotFound):
        empty_pipeline.versions("pier")
    put(empty_pipeline, SECOND)
    assert check(empty_pipeline, citation).status is VerificationStatus.CHANGED
    # Another process looks: one that has the database open must not open and close the file by other means.
    look = (
        "import sys, pathlib; data = pathlib.Path(sys.argv[1])\n"
        "print(any(b'Quagmirebirds' in p.read_bytes() for p in data.rglob('*') if p.is_file()))"
    )
    folder = str(empty_pipeline.settings.data_dir)
    ran = subprocess.run([sys.executable, "-c", look, folder], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize(("keep", "kept"), [(0, []), (2, ["three", "two"]), (9, ["three", "two", "one"])])
def test_as_many_versions_are_kept_as_the_setting_says(empty_pipeline: Pipeline, keep: int, kept: list[str]) -> None:
    empty_pipeline.settings = replace(empty_pipeline.settings, keep_versions=keep)
    for word in ("one", "two", "three", "four"):
        put(empty_pipeline, f"# {word}\n\nThis is text {word}.")
    assert [version.title for version in empty_pipeline.versions("pier")] == kept


def test_an_earlier_text_comes_back_with_its_layout(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST)
    before = empty_pipeline.document("pier")
    put(empty_pipeline, SECOND)
    assert empty_pipeline.document("pier", sha256=before.text_sha256) == before
    with pytest.raises(DocumentNotFound, match="no text with the SHA-256 0000"):
        empty_pipeline.document("pier", sha256="0" * 64)


def test_verify_finds_a_damaged_earlier_text(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST)
    put(empty_pipeline, SECOND)
    with apsw.Connection(str(empty_pipeline.settings.data_dir / "citewell.sqlite")) as connection:
        connection.execute("UPDATE versions SET text = replace(text, '18:00', '18:01')")
    wrong = [found.detail for found in empty_pipeline.check() if not found.ok]
    assert wrong == ["an earlier text of document pier is not the one that was hashed"]


def test_a_database_from_before_there_were_versions_keeps_them_from_now_on(tmp_path: Path) -> None:
    with Store.open(tmp_path):
        pass
    with apsw.Connection(str(tmp_path / "citewell.sqlite")) as connection:
        connection.execute(f"{WITHOUT_TALK}; DROP TABLE originals; DROP TABLE versions; DROP TABLE files")
        connection.pragma("user_version", 2)
    with Store.open(tmp_path) as store, apsw.Connection(str(tmp_path / "citewell.sqlite")) as connection:
        assert store.versions("pier") == []
        assert connection.pragma("user_version") == 6


def test_an_answer_given_earlier_can_be_checked_after_the_document_changed(empty_pipeline: Pipeline) -> None:
    put(empty_pipeline, FIRST)
    answer = empty_pipeline.ask(QUESTION)
    assert answer.citations
    citation: Citation = answer.citations[0]
    put(empty_pipeline, SECOND)
    place = citation.place
    found = check(empty_pipeline, (place.text_sha256, place.span.start, place.span.end, citation.quote))
    assert found.status is VerificationStatus.SUPERSEDED
