"""The page that a citation stands on: shown when it can be, marked when the place is certain, never an error."""

from __future__ import annotations

import threading
from collections.abc import Callable

import apsw
import pytest

from rag.app import Citewell
from rag.documents.originals import Originals, PageView
from rag.errors import OriginalNotFound, PageNotFound, UnreadableDocument
from rag.read.page import PagePicture
from rag.read.pdf.find_quote import find_on_page
from rag.records import Span
from tests.support.access import EVERYTHING
from tests.support.pdf_files import Text, draw, lines
from tests.support.restart import restart

PDF = "application/pdf"
TWICE = "It snowed all day long."
TURNS = ("The pier closes when the last of the boats", "has come in and all of the lamps are lit.")
DATA = draw(
    [Text(72, 60, "The harbour", 16), *lines("Dogs are welcome on the pier.", TURNS[0], y=700)],
    [*lines(TURNS[1], y=60), Text(72, 200, TWICE), Text(72, 400, TWICE), Text(72, 500, "It rained at night.")],
)


@pytest.fixture
def harbour(empty_citewell: Citewell) -> Citewell:
    empty_citewell.documents.put("harbour", DATA, media_type=PDF)
    return empty_citewell


def view_of(citewell: Citewell, words: str, document_id: str = "harbour") -> PageView | None:
    document = citewell.documents.get(document_id, access=EVERYTHING)
    start = document.text.index(words)
    return citewell.documents.page_view(document, Span(start, start + len(words)), access=EVERYTHING)


def test_a_sentence_is_marked_on_its_page(harbour: Citewell) -> None:
    view = view_of(harbour, "It rained at night.")
    boxes = find_on_page(DATA, 2, "It rained at night.")
    assert boxes
    assert view == PageView(
        2, 2, 1190, 1684, harbour.documents.original("harbour", access=EVERYTHING).sha256, tuple(boxes)
    )


def test_a_sentence_that_turns_the_page_is_marked_on_the_page_where_it_begins(harbour: Citewell) -> None:
    view = view_of(harbour, " ".join(TURNS))
    assert view is not None
    assert (view.number, view.goes_on, len(view.boxes)) == (1, True, 1)


def test_words_that_stand_twice_on_a_page_are_not_marked(harbour: Citewell) -> None:
    view = view_of(harbour, TWICE)
    assert view is not None
    assert (view.number, view.boxes, view.goes_on) == (2, (), False)


def test_what_is_no_pdf_has_no_page(harbour: Citewell) -> None:
    harbour.documents.put("note", b"Dogs are welcome.", media_type="text/plain")
    assert view_of(harbour, "Dogs", "note") is None
    with pytest.raises(PageNotFound, match="text/plain; only the pages of a PDF"):
        harbour.documents.page_picture("note", 1, access=EVERYTHING)


def test_without_the_original_there_is_no_page(harbour: Citewell) -> None:
    restart(harbour, keep_originals=False)
    harbour.documents.put("harbour", DATA, media_type=PDF, title="Another title")
    assert view_of(harbour, "Dogs") is None
    with pytest.raises(OriginalNotFound):
        harbour.documents.page_picture("harbour", 1, access=EVERYTHING)
    with pytest.raises(OriginalNotFound):
        harbour.documents.picture_name("harbour", 1, access=EVERYTHING)


def test_a_text_that_was_replaced_has_no_page(harbour: Citewell) -> None:
    before = harbour.documents.get("harbour", access=EVERYTHING)
    harbour.documents.put("harbour", draw([Text(72, 60, "Dogs are not welcome.")]), media_type=PDF)
    assert harbour.documents.page_view(before, Span(0, 4), access=EVERYTHING) is None


def test_a_place_between_sentences_has_no_page(harbour: Citewell) -> None:
    document = harbour.documents.get("harbour", access=EVERYTHING)
    between = document.text.index("\n")
    assert harbour.documents.page_view(document, Span(between, between + 1), access=EVERYTHING) is None


def test_another_file_has_pictures_of_another_name(harbour: Citewell) -> None:
    names = {harbour.documents.picture_name("harbour", number, access=EVERYTHING) for number in (1, 2)}
    harbour.documents.put("harbour", draw([Text(72, 60, "One line.")]), media_type=PDF)
    assert harbour.documents.picture_name("harbour", 1, access=EVERYTHING) not in names
    assert len(names) == 2


class Drawing:
    """Stands in for the drawing of a page, and counts it."""

    def __init__(self, outcome: Exception | None = None) -> None:
        self.drawn: list[int] = []
        self.outcome = outcome

    def __call__(self, data: bytes, number: int, _scale: float, *, media_type: str) -> tuple[PagePicture, int]:
        assert (data, media_type) == (DATA, PDF)
        self.drawn.append(number)
        if self.outcome:
            raise self.outcome
        return PagePicture(b"png", 10, 20), 2


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Drawing]:
    def install(outcome: Exception | None = None) -> Drawing:
        stand_in = Drawing(outcome)
        monkeypatch.setattr("rag.read.sandbox.Parser.draw", staticmethod(stand_in))
        return stand_in

    return install


def test_a_page_is_drawn_once_for_the_view_and_its_picture(harbour: Citewell, drawing: Callable[..., Drawing]) -> None:
    counted = drawing()
    for _ in range(2):
        assert view_of(harbour, "Dogs") is not None
        assert harbour.documents.page_picture("harbour", 1, access=EVERYTHING).png == b"png"
    assert counted.drawn == [1]


def test_a_page_that_cannot_be_drawn_is_tried_once(harbour: Citewell, drawing: Callable[..., Drawing]) -> None:
    counted = drawing(UnreadableDocument("it takes too long"))
    assert view_of(harbour, "Dogs") is None
    assert view_of(harbour, "Dogs") is None
    with pytest.raises(UnreadableDocument, match="it takes too long"):
        harbour.documents.page_picture("harbour", 1, access=EVERYTHING)
    assert counted.drawn == [1]


def test_only_so_many_pictures_are_remembered(harbour: Citewell, drawing: Callable[..., Drawing]) -> None:
    originals = Originals(harbour._store, harbour._parser, pictures=1)
    counted = drawing()
    for number in (1, 2, 1):
        originals.picture("harbour", number, access=EVERYTHING)
    assert counted.drawn == [1, 2, 1]


def test_a_deleted_document_has_no_picture_though_one_was_drawn(harbour: Citewell) -> None:
    harbour.documents.page_picture("harbour", 1, access=EVERYTHING)
    with apsw.Connection(str(harbour.settings.data_dir / "citewell.sqlite")) as connection:
        connection.execute("DELETE FROM originals")
    with pytest.raises(OriginalNotFound):
        harbour.documents.page_picture("harbour", 1, access=EVERYTHING)


def test_one_that_waits_too_long_for_its_turn_shows_the_text_alone(harbour: Citewell) -> None:
    originals = harbour.documents._originals = Originals(harbour._store, harbour._parser, wait_seconds=0.05)
    with originals._turns, originals._turns:
        assert view_of(harbour, "Dogs") is None
        with pytest.raises(UnreadableDocument, match="too many pages"):
            harbour.documents.page_picture("harbour", 1, access=EVERYTHING)
    assert view_of(harbour, "Dogs") is not None


def test_many_threads_see_the_same_page(harbour: Citewell) -> None:
    harbour.documents._originals = Originals(harbour._store, harbour._parser, wait_seconds=300)
    seen: list[PageView | None] = []
    threads = [threading.Thread(target=lambda: seen.append(view_of(harbour, "Dogs"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert seen[0] is not None
    assert set(seen) == {seen[0]}
