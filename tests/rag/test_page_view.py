"""The page that a citation stands on: shown when it can be, marked when the place is certain, never an error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import apsw
import pytest
from pdf_files import Text, draw, lines

from rag import originals
from rag.errors import OriginalNotFound, PageNotFound, UnreadableDocument
from rag.pipeline import Pipeline
from rag.read.pdf_find import find_on_page
from rag.records import PagePicture, PageView, Span

PDF = "application/pdf"
TWICE = "It snowed all day long."
TURNS = ("The pier closes when the last of the boats", "has come in and all of the lamps are lit.")
DATA = draw(
    [Text(72, 60, "The harbour", 16), *lines("Dogs are welcome on the pier.", TURNS[0], y=700)],
    [*lines(TURNS[1], y=60), Text(72, 200, TWICE), Text(72, 400, TWICE), Text(72, 500, "It rained at night.")],
)


@pytest.fixture
def harbour(empty_pipeline: Pipeline) -> Pipeline:
    empty_pipeline.put_document("harbour", DATA, media_type=PDF)
    return empty_pipeline


def view_of(pipeline: Pipeline, words: str, document_id: str = "harbour") -> PageView | None:
    document = pipeline.document(document_id)
    start = document.text.index(words)
    return pipeline.page_view(document, Span(start, start + len(words)))


def test_a_sentence_is_marked_on_its_page(harbour: Pipeline) -> None:
    view = view_of(harbour, "It rained at night.")
    boxes = find_on_page(DATA, 2, "It rained at night.")
    assert boxes
    assert view == PageView(2, 2, 1190, 1684, harbour.original("harbour").sha256, tuple(boxes))


def test_a_sentence_that_turns_the_page_is_marked_on_the_page_where_it_begins(harbour: Pipeline) -> None:
    view = view_of(harbour, " ".join(TURNS))
    assert view is not None
    assert (view.number, view.goes_on, len(view.boxes)) == (1, True, 1)


def test_words_that_stand_twice_on_a_page_are_not_marked(harbour: Pipeline) -> None:
    view = view_of(harbour, TWICE)
    assert view is not None
    assert (view.number, view.boxes, view.goes_on) == (2, (), False)


def test_what_is_no_pdf_has_no_page(harbour: Pipeline) -> None:
    harbour.put_document("note", b"Dogs are welcome.", media_type="text/plain")
    assert view_of(harbour, "Dogs", "note") is None
    with pytest.raises(PageNotFound, match="text/plain; only the pages of a PDF"):
        harbour.page_picture("note", 1)


def test_without_the_original_there_is_no_page(harbour: Pipeline) -> None:
    harbour.settings = replace(harbour.settings, keep_originals=False)
    harbour.put_document("harbour", DATA, media_type=PDF, title="Another title")
    assert view_of(harbour, "Dogs") is None
    with pytest.raises(OriginalNotFound):
        harbour.page_picture("harbour", 1)
    with pytest.raises(OriginalNotFound):
        harbour.picture_name("harbour", 1)


def test_a_text_that_was_replaced_has_no_page(harbour: Pipeline) -> None:
    before = harbour.document("harbour")
    harbour.put_document("harbour", draw([Text(72, 60, "Dogs are not welcome.")]), media_type=PDF)
    assert harbour.page_view(before, Span(0, 4)) is None


def test_a_place_between_sentences_has_no_page(harbour: Pipeline) -> None:
    document = harbour.document("harbour")
    between = document.text.index("\n")
    assert harbour.page_view(document, Span(between, between + 1)) is None


def test_another_file_has_pictures_of_another_name(harbour: Pipeline) -> None:
    names = {harbour.picture_name("harbour", number) for number in (1, 2)}
    harbour.put_document("harbour", draw([Text(72, 60, "One line.")]), media_type=PDF)
    assert harbour.picture_name("harbour", 1) not in names
    assert len(names) == 2


class Drawing:
    """Stands in for the drawing of a page, and counts it."""

    def __init__(self, outcome: Exception | None = None) -> None:
        self.drawn: list[int] = []
        self.outcome = outcome

    def __call__(self, data: bytes, number: int, _scale: float) -> tuple[PagePicture, int]:
        assert data == DATA
        self.drawn.append(number)
        if self.outcome:
            raise self.outcome
        return PagePicture(b"png", 10, 20), 2


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Drawing]:
    def install(outcome: Exception | None = None) -> Drawing:
        stand_in = Drawing(outcome)
        monkeypatch.setattr("rag.read.apart.Parser.draw", staticmethod(stand_in))
        return stand_in

    return install


def test_a_page_is_drawn_once_for_the_view_and_its_picture(harbour: Pipeline, drawing: Callable[..., Drawing]) -> None:
    counted = drawing()
    for _ in range(2):
        assert view_of(harbour, "Dogs") is not None
        assert harbour.page_picture("harbour", 1).png == b"png"
    assert counted.drawn == [1]


def test_a_page_that_cannot_be_drawn_is_tried_once(harbour: Pipeline, drawing: Callable[..., Drawing]) -> None:
    counted = drawing(UnreadableDocument("it takes too long"))
    assert view_of(harbour, "Dogs") is None
    assert view_of(harbour, "Dogs") is None
    with pytest.raises(UnreadableDocument, match="it takes too long"):
        harbour.page_picture("harbour", 1)
    assert counted.drawn == [1]


def test_only_so_many_pictures_are_remembered(
    harbour: Pipeline, drawing: Callable[..., Drawing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "_KEPT", 1)
    counted = drawing()
    for number in (1, 2, 1):
        harbour.page_picture("harbour", number)
    assert counted.drawn == [1, 2, 1]


def test_a_deleted_document_has_no_picture_though_one_was_drawn(harbour: Pipeline) -> None:
    harbour.page_picture("harbour", 1)
    with apsw.Connection(str(harbour.settings.data_dir / "citewell.sqlite")) as connection:
        connection.execute("DELETE FROM originals")
    with pytest.raises(OriginalNotFound):
        harbour.page_picture("harbour", 1)


def test_one_that_waits_too_long_for_its_turn_shows_the_text_alone(
    harbour: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "_WAIT_SECONDS", 0.05)
    harbour._originals._turns = threading.BoundedSemaphore(1)
    with harbour._originals._turns:
        assert view_of(harbour, "Dogs") is None
        with pytest.raises(UnreadableDocument, match="too many pages"):
            harbour.page_picture("harbour", 1)
    assert view_of(harbour, "Dogs") is not None


def test_many_threads_see_the_same_page(harbour: Pipeline) -> None:
    seen: list[PageView | None] = []
    threads = [threading.Thread(target=lambda: seen.append(view_of(harbour, "Dogs"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert seen[0] is not None
    assert set(seen) == {seen[0]}
