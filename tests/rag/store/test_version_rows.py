"""A replaced text is not found any more, and a citation of it can still be checked until the document is deleted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from rag.answer.verify import Verification, VerificationStatus
from rag.app import Citewell
from rag.errors import DocumentNotFound
from rag.records import Citation, SentenceKind
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.restart import restart
from tests.support.stores import WITHOUT_TALK

FIRST = "# Pier rules\n\nThe pier closes at 18:00 in winter. Dogs are welcome."
SECOND = "# Pier rules\n\nFishing needs a licence. The pier closes at 17:30 in winter. Dogs are welcome."
QUESTION = "When does the pier close in winter?"


def put(citewell: Citewell, text: str) -> None:
    citewell.documents.put("pier", text.encode(), media_type="text/markdown")


def check(citewell: Citewell, cited: tuple[str, int, int, str]) -> Verification:
    sha256, start, end, quote = cited
    return citewell.questions.verify("pier", sha256=sha256, start=start, end=end, quote=quote, access=EVERYTHING)


def cited(citewell: Citewell, words: str) -> tuple[str, int, int, str]:
    """What a citation of the sentence with these words carries."""
    document = citewell.documents.get("pier", access=EVERYTHING)
    (sentence,) = (
        s
        for s in citewell.documents.sentences("pier", access=EVERYTHING)
        if words in s.text and s.kind is SentenceKind.STATEMENT
    )
    return document.text_sha256, sentence.span.start, sentence.span.end, sentence.text


@pytest.mark.parametrize(("words", "still_present"), [("18:00", False), ("Dogs", True)])
def test_a_citation_of_a_replaced_text_is_superseded(empty_citewell: Citewell, words: str, still_present: bool) -> None:
    put(empty_citewell, FIRST)
    citation = cited(empty_citewell, words)
    put(empty_citewell, SECOND)
    found = check(empty_citewell, citation)
    assert (found.status, found.found, found.still_present) == (
        VerificationStatus.SUPERSEDED,
        citation[3],
        still_present,
    )
    assert found.superseded_at == empty_citewell.documents.versions("pier", access=EVERYTHING)[0].superseded_at


def test_a_quote_that_never_stood_in_the_replaced_text_is_a_mismatch(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    sha256, start, end, _ = cited(empty_citewell, "18:00")
    put(empty_citewell, SECOND)
    found = check(empty_citewell, (sha256, start, end, "The pier closes at 19:00 in winter."))
    assert (found.status, found.found) == (VerificationStatus.MISMATCH, "The pier closes at 18:00 in winter.")


def test_nothing_of_a_replaced_text_is_found(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    put(empty_citewell, SECOND)
    hits = empty_citewell.questions.search(QUESTION, 10, access=EVERYTHING)
    assert hits
    assert not [hit for hit in hits if "18:00" in hit.chunk.text]


def test_a_text_that_comes_back_is_the_current_one_again(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    citation = cited(empty_citewell, "18:00")
    put(empty_citewell, SECOND)
    put(empty_citewell, FIRST)
    assert check(empty_citewell, citation).status is VerificationStatus.MATCH
    assert len(empty_citewell.documents.versions("pier", access=EVERYTHING)) == 1


def test_another_title_is_no_other_version(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    empty_citewell.documents.put("pier", FIRST.encode(), media_type="text/markdown", title="The pier")
    assert empty_citewell.documents.versions("pier", access=EVERYTHING) == []


def test_a_deleted_document_leaves_no_version_behind(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST.replace("Dogs", "Quagmirebirds"))
    citation = cited(empty_citewell, "18:00")
    put(empty_citewell, SECOND)
    empty_citewell.documents.remove("pier")
    assert check(empty_citewell, citation).status is VerificationStatus.GONE
    with pytest.raises(DocumentNotFound):
        empty_citewell.documents.versions("pier", access=EVERYTHING)
    put(empty_citewell, SECOND)
    assert check(empty_citewell, citation).status is VerificationStatus.CHANGED
    # Another process looks: one that has the database open must not open and close the file by other means.
    look = (
        "import sys, pathlib; data = pathlib.Path(sys.argv[1])\n"
        "print(any(b'Quagmirebirds' in p.read_bytes() for p in data.rglob('*') if p.is_file()))"
    )
    folder = str(empty_citewell.settings.data_dir)
    ran = subprocess.run([sys.executable, "-c", look, folder], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize(("keep", "kept"), [(0, []), (2, ["three", "two"]), (9, ["three", "two", "one"])])
def test_as_many_versions_are_kept_as_the_setting_says(empty_citewell: Citewell, keep: int, kept: list[str]) -> None:
    restart(empty_citewell, keep_versions=keep)
    for word in ("one", "two", "three", "four"):
        put(empty_citewell, f"# {word}\n\nThis is text {word}.")
    assert [version.title for version in empty_citewell.documents.versions("pier", access=EVERYTHING)] == kept


def test_an_earlier_text_comes_back_with_its_layout(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    before = empty_citewell.documents.get("pier", access=EVERYTHING)
    put(empty_citewell, SECOND)
    assert empty_citewell.documents.get("pier", sha256=before.text_sha256, access=EVERYTHING) == before
    with pytest.raises(DocumentNotFound, match="no text with the SHA-256 0000"):
        empty_citewell.documents.get("pier", sha256="0" * 64, access=EVERYTHING)


def test_verify_finds_a_damaged_earlier_text(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    put(empty_citewell, SECOND)
    with apsw.Connection(str(empty_citewell.settings.data_dir / "citewell.sqlite")) as connection:
        connection.execute("UPDATE versions SET text = replace(text, '18:00', '18:01')")
    wrong = [found.detail for found in empty_citewell.maintenance.check() if not found.ok]
    assert wrong == ["an earlier text of document pier is not the one that was hashed"]


def test_a_database_from_before_there_were_versions_keeps_them_from_now_on(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path):
        pass
    with apsw.Connection(str(tmp_path / "citewell.sqlite")) as connection:
        connection.execute(f"{WITHOUT_TALK}; DROP TABLE originals; DROP TABLE versions; DROP TABLE files")
        connection.pragma("user_version", 2)
    with SqliteStore.open(tmp_path) as store, apsw.Connection(str(tmp_path / "citewell.sqlite")) as connection:
        assert store.versions(EVERYTHING, "pier") == []
        assert connection.pragma("user_version") == 13


def test_an_answer_given_earlier_can_be_checked_after_the_document_changed(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    answer = empty_citewell.questions.ask(QUESTION, access=EVERYTHING)
    assert answer.citations
    citation: Citation = answer.citations[0]
    put(empty_citewell, SECOND)
    place = citation.place
    found = check(empty_citewell, (place.text_sha256, place.span.start, place.span.end, citation.quote))
    assert found.status is VerificationStatus.SUPERSEDED
