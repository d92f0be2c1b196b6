"""Pages that are pictures: recognised by Tesseract in the process that reads files, within limits, and told of."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from io import BytesIO

import pypdfium2 as pdfium  # type: ignore[import-untyped, unused-ignore]  # it has no types
import pytest

from rag.errors import PageNotFound, UnreadableDocument, UnsupportedFormat
from rag.read import read_bytes
from rag.read.layout import Content
from rag.read.ocr.recognition import Recognition, ScanReading
from rag.read.ocr.tesseract import missing
from rag.read.page import ScannedPage, ScannedWord, named_pages
from rag.read.pdf.page_words import frame_of_scan
from rag.read.pdf.pdf_reader import content_of_frames
from rag.read.sandbox import Limits, Parser
from rag.read.sandbox.protocol import BrokenFrame, pack_scan, unpack_pages, unpack_scan
from rag.records import BlockKind, RecognisedWord, Source, Span
from tests.support.pdf_files import Text, draw
from tests.support.scans import file_of, need_tesseract, pictures_of

PDF = "application/pdf"
NOTICE = ("The pier closes at nine in the evening.", "Dogs are welcome from October on.")
RULES = ("Boats need a permit from the harbour office.",)


def written(*pages: tuple[str, ...]) -> bytes:
    """A PDF with these lines on its pages."""
    return draw(*[[Text(72, 120 + 30 * at, line, 12) for at, line in enumerate(page)] for page in pages])


def together(*files: bytes) -> bytes:
    """One PDF with the pages of several."""
    whole = pdfium.PdfDocument.new()
    for file in files:
        whole.import_pages(pdfium.PdfDocument(file))
    made = BytesIO()
    whole.save(made)
    return made.getvalue()


def scanned(*pages: tuple[str, ...], **look: float) -> bytes:
    return file_of(pictures_of(written(*pages), 150, **look), "PDF", 150)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def reader() -> Iterator[Parser]:
    need_tesseract()
    made = Parser(Limits(180, 2_048), recognition=Recognition("eng", page_seconds=170))
    yield made
    made.close()


@pytest.fixture(scope="module")
def mixed(reader: Parser) -> Content:
    """A scan, a page with text, and a scan that lies on its side, read once for all."""
    on_its_side = file_of(pictures_of(written(RULES), 150, turned=90), "PDF", 150)
    return reader(together(scanned(NOTICE, skew=1.5, grain=8.0), written(("It has text.",)), on_its_side), PDF)


class TestWithTesseract:
    def test_pages_without_text_are_recognised_and_others_are_as_they_were(self, mixed: Content) -> None:
        found = [(block.page, block.span.of(mixed.text), bool(block.recognised)) for block in mixed.blocks]
        assert found == [(1, " ".join(NOTICE), True), (2, "It has text.", False), (3, RULES[0], True)]

    def test_each_word_is_known_with_its_place_and_confidence(self, mixed: Content) -> None:
        first, *_, last = mixed.blocks[0].recognised
        assert (first.span.of(mixed.text), last.span.of(mixed.text)) == ("The", "on.")
        # The line begins 72 of 595 points from the left and stands 120 of 842 from the top, by 1.5 degrees askew.
        left, top, right, bottom = first.box
        assert 0.09 < left < 0.15 < right < 0.2
        assert 0.1 < top < bottom < 0.16
        assert 0.5 < min(word.confidence for word in mixed.blocks[0].recognised) <= 1

    def test_it_is_told_which_pages_were_recognised(self, mixed: Content) -> None:
        (told,) = mixed.warnings
        assert told.startswith("the text of pages 1, 3 was recognised (OCR), ")
        assert told.endswith("% sure; compare what is quoted with the page")

    def test_the_same_page_reads_the_same_again(self, reader: Parser) -> None:
        data = scanned(RULES, grain=6.0)
        assert reader(data, PDF) == reader(data, PDF)

    def test_a_picture_with_several_pages_is_a_document(self, reader: Parser) -> None:
        data = file_of(pictures_of(written(RULES, NOTICE), 150), "TIFF", 150)
        document = read_bytes(data, Source("a", "", "upload:scan.tiff", "image/tiff"), parse=reader)
        assert [(b.page, b.span.of(document.text)) for b in document.blocks] == [
            (1, RULES[0]),
            (2, " ".join(NOTICE)),
        ]
        picture, pages = reader.draw(data, 2, 2.0, media_type="image/tiff")
        assert (pages, picture.width, picture.height) == (2, 1240, 1755)
        with pytest.raises(PageNotFound, match="there is no page 3; the document has the pages 1 to 2"):
            reader.draw(data, 3, 2.0, media_type="image/tiff")

    def test_a_small_picture_is_enlarged_before_it_is_read(self, reader: Parser) -> None:
        (picture,) = pictures_of(written(NOTICE), 96)
        found = reader(file_of([picture], "PNG", 96), "image/png").text
        assert SequenceMatcher(None, found, " ".join(NOTICE)).ratio() > 0.9

    def test_an_empty_page_is_told_of(self, reader: Parser) -> None:
        with pytest.raises(UnreadableDocument, match="no text was recognised on its pages"):
            reader(file_of(pictures_of(draw([]), 150), "PDF", 150), PDF)

    @pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n but no more", b"no picture at all"])
    def test_what_is_no_picture_is_refused(self, reader: Parser, data: bytes) -> None:
        with pytest.raises(UnreadableDocument, match="it is no PNG, JPEG or TIFF picture, or it is damaged"):
            reader(data, "image/png")


class TestSwitchedOff:
    def test_a_scan_is_refused_with_what_to_install_and_to_set(self) -> None:
        with pytest.raises(UnreadableDocument, match=r"install tesseract-ocr and set CITEWELL_OCR to the language"):
            read_bytes(scanned(RULES), Source("a", "", "/a.pdf", PDF))

    def test_a_picture_has_no_reader(self) -> None:
        parser = Parser(Limits(30, 1_000))
        with pytest.raises(UnsupportedFormat, match=r"^a\.png: no reader for image/png; .* set CITEWELL_OCR"):
            read_bytes(b"-", Source("a", "", "upload:a.png", "image/png"), parse=parser)
        assert parser.started == 0

    def test_a_language_that_is_missing_is_told_of_with_the_scan(self) -> None:
        parser = Parser(Limits(180, 2_048), recognition=Recognition("xyz"))
        try:
            with pytest.raises(
                UnreadableDocument, match=r"^page 1 was not recognised: Tesseract has no xyz here; inst"
            ):
                parser(scanned(RULES), PDF)
        finally:
            parser.close()

    def test_languages_that_are_not_installed_are_named_with_their_packages(self) -> None:
        assert missing("xyz+chi_abc") == (
            "Tesseract has no xyz or chi_abc here; install it, on Debian as tesseract-ocr tesseract-ocr-xyz"
            " tesseract-ocr-chi-abc"
        )


def word(text: str, x: float = 0.0, y: float = 100.0, *, confidence: float = 0.9) -> ScannedWord:
    return ScannedWord(text, confidence, (0.1, 0.1, 0.2, 0.2), x, x + 6 * len(text), y, 10.0)


def page(*words: ScannedWord, left_out: int = 0) -> ScannedPage:
    return ScannedPage(595.0, 842.0, words, left_out)


def content_of(*pages: ScannedPage) -> Content:
    return content_of_frames([(frame_of_scan(one),) for one in pages], title="", warnings=())


class TestWhatIsMadeOfIt:
    def test_a_word_that_is_parted_at_the_end_of_a_line_has_both_places(self) -> None:
        lines = [("A notice of informa-", 100.0), ("tion for all who come here by", 112.0), ("boat today.", 124.0)]
        words = []
        for text, y in lines:
            x = 50.0
            for part in text.split():
                words.append(word(part, x, y))
                x += 6 * len(part) + 4
        content = content_of(page(*words))
        (block,) = content.blocks
        assert content.text == "A notice of information for all who come here by boat today."
        parts = [seen.span.of(content.text) for seen in block.recognised]
        assert " ".join(parts) == "A notice of informa tion for all who come here by boat today."

    def test_the_marker_of_an_item_is_no_word_of_it(self) -> None:
        content = content_of(page(word("-", 50), word("Bring", 62), word("boots.", 96)))
        (block,) = content.blocks
        assert (block.kind, content.text) == (BlockKind.LIST_ITEM, "Bring boots.")
        assert [seen.span.of(content.text) for seen in block.recognised] == ["Bring", "boots."]

    def test_cells_that_stand_in_columns_are_not_given_names(self) -> None:
        rows = [("Fee", "Price"), ("Entry", "12"), ("Boat", "30"), ("Dog", "2")]
        words = [
            word(cell, 50 + 200 * at, 100 + 14 * row) for row, cells in enumerate(rows) for at, cell in enumerate(cells)
        ]
        assert {block.kind for block in content_of(page(*words)).blocks}.isdisjoint({BlockKind.TABLE_ROW})


class TestOfManyPages:
    def told(self, scan: ScanReading, *pages: ScannedPage) -> tuple[str, ...]:
        return scan.told(content_of(*pages)).warnings

    def test_each_page_is_told_of_as_it_is_done(self) -> None:
        done: list[tuple[int, int]] = []
        scan = ScanReading(Recognition("eng"), lambda *numbers: done.append(numbers))
        assert list(scan.recognise([2, 5], lambda _number, _seconds: page(word("Ships")))) == [2, 5]
        assert done == [(1, 2), (2, 2)]

    def test_pages_that_fail_are_named_with_the_reason(self) -> None:
        pages: dict[int, ScannedPage | str] = {
            1: page(word("Ships")),
            2: "time",
            3: page(word("Boats"), left_out=2),
            4: "memory",
            5: page(),
        }
        scan = ScanReading(Recognition("eng"))
        scan.recognise(list(pages), lambda number, _seconds: pages[number])
        assert self.told(scan, page(word("Ships"))) == (
            "the text of pages 1, 3 was recognised (OCR), 90% sure; compare what is quoted with the page",
            "page 2 was not recognised: a page took longer than ocr_page_seconds allows",
            "page 4 was not recognised: a page took more memory than read_megabytes allows",
            "nothing was recognised on page 5",
            "2 lines on page 3 were left out, as they were recognised too poorly",
        )

    def test_a_file_that_stops_its_reader_again_and_again_is_given_up(self) -> None:
        asked: list[int] = []

        def recognise(number: int, _seconds: int) -> ScannedPage | str:
            asked.append(number)
            return page(word("Ships")) if number == 1 else "broken"

        scan = ScanReading(Recognition("eng"))
        scan.recognise(range(1, 5_001), recognise)
        assert asked == [1, 2, 3, 4]
        assert self.told(scan, page(word("Ships")))[1:] == (
            "pages 2-4 were not recognised: the recognition broke down over it",
            "pages 5-5000 were not recognised: 3 pages before them failed one after the other",
        )

    def test_pages_for_which_no_time_is_left_are_named(self) -> None:
        scan = ScanReading(Recognition("eng", seconds=0))
        assert scan.recognise([1, 2, 3], lambda _number, _seconds: page(word("Ships"))) == {}
        with pytest.raises(UnreadableDocument, match=r"^pages 1-3 were not recognised: the time for the file was over"):
            scan.told(Content("", ()))

    def test_a_page_may_take_no_more_than_is_left_for_the_file(self) -> None:
        given: list[int] = []

        def recognise(_: int, seconds: int) -> ScannedPage | str:
            given.append(seconds)
            return page(word("Ships"))

        ScanReading(Recognition("eng", page_seconds=7, seconds=10_000)).recognise([1], recognise)
        ScanReading(Recognition("eng", page_seconds=7_000, seconds=1_000)).recognise([1], recognise)
        assert given[0] == 7
        assert 900 <= given[1] <= 1_000


class TestWhatIsNotTrusted:
    def test_a_page_comes_through_as_it_was(self) -> None:
        given = page(word("Ships"), word("☃", confidence=0.0), left_out=3)
        assert unpack_scan(pack_scan(given), b"") == given

    @pytest.mark.parametrize(
        "broken",
        [
            {"words": [["two words", 0.9, 0.1, 0.1, 0.2, 0.2, 0, 6, 100, 10]]},
            {"words": [["", 0.9, 0.1, 0.1, 0.2, 0.2, 0, 6, 100, 10]]},
            {"words": [["Ships", 1.5, 0.1, 0.1, 0.2, 0.2, 0, 6, 100, 10]]},
            {"words": [["Ships", 0.9, 0.3, 0.1, 0.2, 0.2, 0, 6, 100, 10]]},
            {"words": [["Ships", 0.9, 0.1, 0.1, 0.2, 7.0, 0, 6, 100, 10]]},
            {"words": [["Ships", 0.9, 0.1, 0.1, 0.2, 0.2, 0, float("nan"), 100, 10]]},
            {"words": [["Ships", 0.9]]},
            {"words": [["x" * 300_000, 0.9, 0.1, 0.1, 0.2, 0.2, 0, 6, 100, 10]]},
            {"left_out": "many"},
            {"width": None},
        ],
    )
    def test_a_page_that_makes_no_sense_is_refused(self, broken: dict[str, object]) -> None:
        with pytest.raises(BrokenFrame):
            unpack_scan({**pack_scan(page()), **broken}, b"")

    @pytest.mark.parametrize("pages", [[0], [2, 1], [1, 1], ["1"], 1])
    def test_page_numbers_that_are_none_are_refused(self, pages: object) -> None:
        with pytest.raises(BrokenFrame):
            unpack_pages({"pages": pages}, b"")

    @pytest.mark.parametrize(
        "numbers", [(0, 3, 101, 0, 0, 1, 1), (3, 3, 50, 0, 0, 1, 1), (0, 3, 50, 2, 0, 1, 1), (0, 3)]
    )
    def test_a_recognised_word_without_a_place_is_none(self, numbers: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"span|recognised word|unpack"):
            RecognisedWord.of_numbers(numbers)

    def test_a_recognised_word_is_kept_in_whole_numbers(self) -> None:
        given = RecognisedWord(Span(4, 9), 0.93, (0.0001, 0.25, 0.9999, 1.0))
        assert given.numbers == (4, 9, 93, 1, 2_500, 9_999, 10_000)
        assert RecognisedWord.of_numbers(given.numbers) == given


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([2], "page 2"),
        ([4, 5], "pages 4-5"),
        ([2, 4, 5, 6], "pages 2, 4-6"),
        (range(1, 44, 2), f"pages {', '.join(map(str, range(1, 40, 2)))} and 2 more ranges"),
    ],
)
def test_ranges_of_pages(pages: list[int], expected: str) -> None:
    assert named_pages(pages) == expected
