"""A scan from the file to the quote: what was recognised is stored, cited as such, and marked on the page's picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.documents.originals import PageView
from rag.errors import UnsupportedFormat
from rag.records import AnswerStatus, Span
from rag.settings import Settings
from rag.store.base import IngestStatus
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.pdf_files import Text, draw
from tests.support.scans import file_of, need_tesseract, pictures_of

QUOTE = "The pier closes at nine in the evening."
PAGES = draw([Text(72, 120, "Dogs are welcome from October on.", 12)], [Text(72, 400, QUOTE, 12)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scan of two pages, a picture of the second, and a note."""
    need_tesseract()
    made = tmp_path_factory.mktemp("scans")
    pictures = pictures_of(PAGES, 150)
    (made / "scan.pdf").write_bytes(file_of(pictures, "PDF", 150))
    (made / "photo.png").write_bytes(file_of(pictures[1:], "PNG", 150))
    (made / "note.txt").write_text("The ferry leaves at noon on every day.\n")
    return made


@pytest.fixture(scope="module")
def scans(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    """What is there of the folder once recognition is switched on; before, the note alone was."""
    settings = Settings(tmp_path_factory.mktemp("data"), reader=False, answer_confidence=0.0, min_confidence=0.0)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as without:
        report = without.documents.sync([folder])
        told = [(Path(result.location).name, result.status) for result in report.results]
        assert told == [("note.txt", IngestStatus.CREATED), ("scan.pdf", IngestStatus.FAILED)]
    with Citewell.open(replace(settings, ocr="eng", ocr_page_seconds=170), embedder=HashEmbedder()) as citewell:
        citewell.documents.sync([folder])
        yield citewell


def test_what_was_refused_before_is_read_once_recognition_is_switched_on(scans: Citewell) -> None:
    found = [(Path(i.source.location).name, i.pages) for i in scans.documents.all(access=EVERYTHING)]
    assert sorted(found) == [("note.txt", None), ("photo.png", 1), ("scan.pdf", 2)]


def test_a_quote_says_how_surely_it_was_recognised(scans: Citewell) -> None:
    answer = scans.questions.ask("When does the pier close?", access=EVERYTHING)
    assert answer.status is AnswerStatus.ANSWERED
    assert answer.citations[0].quote == QUOTE
    assert answer.citations[0].recognised is not None
    assert 0.8 <= answer.citations[0].recognised <= 1
    note = scans.questions.ask("When does the ferry leave?", access=EVERYTHING)
    assert (note.citations[0].quote, note.citations[0].recognised) == ("The ferry leaves at noon on every day.", None)


@pytest.mark.parametrize(("name", "number", "pages"), [("scan.pdf", 2, 2), ("photo.png", 1, 1)])
def test_a_quote_is_marked_on_the_picture_of_its_page(scans: Citewell, name: str, number: int, pages: int) -> None:
    view = view_of(scans, name)
    assert (view.number, view.pages, view.goes_on) == (number, pages, False)
    # The line begins 72 of 595 points from the left, and its baseline is 400 of 842 from the top.
    ((left, top, right, bottom),) = view.boxes
    assert 0.11 < left < 0.13 < 0.4 < right < 0.6
    assert 0.45 < top < 400 / 842 <= bottom + 0.01 < 0.49
    document_id = next(i.source.id for i in scans.documents.all(access=EVERYTHING) if i.source.location.endswith(name))
    picture = scans.documents.page_picture(document_id, number, access=EVERYTHING)
    assert (picture.width, picture.height) == (view.width, view.height)


def view_of(citewell: Citewell, name: str) -> PageView:
    infos = citewell.documents.all(access=EVERYTHING)
    document_id = next(info.source.id for info in infos if info.source.location.endswith(name))
    document = citewell.documents.get(document_id, access=EVERYTHING)
    start = document.text.index(QUOTE)
    view = citewell.documents.page_view(document, Span(start, start + len(QUOTE)), access=EVERYTHING)
    assert view is not None
    return view


def test_names_of_pictures_are_taken_where_they_are_recognised(scans: Citewell, empty_citewell: Citewell) -> None:
    assert scans.documents.uploaded("a.tiff").media_type == "image/tiff"
    assert ".png" in scans.documents.suffixes()
    assert ".png" not in empty_citewell.documents.suffixes()
    with pytest.raises(UnsupportedFormat):
        empty_citewell.documents.uploaded("a.tiff")
