import random
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from rag.errors import UnreadableDocument
from rag.read import read_bytes
from rag.read.pdf.hyphens import join_lines
from rag.read.pdf.pdf_reader import read_pdf
from rag.read.pdf.right_to_left import in_order, script_of
from rag.records import Source
from rag.split import split_document
from tests.support.pdf_files import HEIGHT, Text, draw, flow, found, lines, prose, prose_text, texts

RAIN = draw(lines("It rained all day."))

DAMAGED = (
    "the PDF is damaged or has no pages, so it cannot be opened; "
    "open it in a PDF viewer, save it again and try once more"
)


def refusal(data: bytes, **limits: Any) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_pdf(data, **limits)
    return str(caught.value)


def test_a_page_is_counted_from_one() -> None:
    data = draw(lines("It rained."), lines("It snowed."))
    assert found(data) == [(1, "paragraph", 0, "It rained."), (2, "paragraph", 0, "It snowed.")]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Harbour rules", "Harbour rules"),
        ("  The 4 pumps ", "The 4 pumps"),
        ("Documents of the harbour", "Documents of the harbour"),
        ("Microsoft Word - rules_v2.doc", ""),
        ("untitled", ""),
        ("Untitled-1", ""),
        ("(anonymous)", ""),
        ("Document1", ""),
        ("rules_v2.docx", ""),
        ("https://example.org/rules", ""),
        ("", ""),
        ("--", ""),
    ],
)
def test_title_is_that_of_the_metadata_when_it_is_one(title: str, expected: str) -> None:
    assert read_pdf(draw(lines("It rained."), title=title)).title == expected


def test_a_sentence_after_the_end_of_a_page_stands_on_the_next_one() -> None:
    pages = (
        lines("It rained all day. The keeper of", "the lamp went to the quay and"),
        lines("looked at the boats. Then he slept", "and snored until the"),
        lines("night came. It was late."),
    )
    document = read_bytes(draw(*pages), Source("1", "", "/in/a.pdf", "application/pdf"))
    assert {sentence.span.of(document.text): sentence.page for sentence in split_document(document)} == {
        "It rained all day.": 1,
        "The keeper of the lamp went to the quay and looked at the boats.": 1,
        "Then he slept and snored until the night came.": 2,
        "It was late.": 3,
    }


def test_a_document_is_read_by_its_media_type() -> None:
    document = read_bytes(draw(lines("It rained."), title="Untitled"), Source("a", "", "/d/a-b.pdf", "application/pdf"))
    assert (document.source.title, document.text) == ("a b", "It rained.")


class TestScriptsFromRightToLeft:
    """What PDFium gives for what is seen on the page: each character, and where it begins."""

    @pytest.mark.parametrize(
        ("given", "places", "script", "expected"),
        [
            ("\u05e9\u05dc\u05d5\u05dd", (40, 30, 20, 10), "R", "\u05e9\u05dc\u05d5\u05dd"),
            ("\u05dd\u05d5\u05dc\u05e9", (10, 20, 30, 40), "R", "\u05e9\u05dc\u05d5\u05dd"),
            # The article and a figure, turned round by PDFium as a whole.
            ("\u05dd\u05d5\u05d912\u05d4", (10, 20, 30, 40, 50, 60), "R", "\u05d412\u05d9\u05d5\u05dd"),
            # Lam and alef are one sign.
            ("\u0627\u0644", (10, 10), "AL", "\u0644\u0627"),
            ("\u0627\u0644\u0645\u0627\u0643", (10, 10, 20, 30, 40), "AL", "\u0643\u0627\u0645\u0644\u0627"),
            # A full stop stands to the left of the figures before it.
            (".13:00", (0, 10, 20, 30, 40, 50), "R", "13:00."),
            # A hyphen joins figures among Hebrew letters, and parts them among Arabic ones.
            ("555-02", (10, 20, 30, 40, 50, 60), "R", "555-02"),
            ("555-02", (10, 20, 30, 40, 50, 60), "AL", "02-555"),
            ("b.org@a", (50, 60, 70, 80, 90, 40, 30), "R", "a@b.org"),
            ("plain.", (10, 20, 30, 40, 50, 60), "", "plain."),
        ],
    )
    def test_are_put_in_the_order_of_reading(
        self, given: str, places: tuple[int, ...], script: str, expected: str
    ) -> None:
        assert in_order(given, places, script) == expected

    def test_are_known_by_most_of_their_letters(self) -> None:
        assert script_of("\u05e9\u05dc\u05d5\u05dd ok 12") == "R"
        assert script_of("\u0645\u0631\u062d ok") == "AL"
        assert script_of("three words \u05e9\u05dc\u05d5\u05dd") == script_of("") == ""


def test_lines_of_japanese_are_joined_without_a_space() -> None:
    assert join_lines(["\u6708\u66dc\u65e5\u306f\u4f11\u9928", "\u65e5\u3067\u3059\u3002"], Counter()) == (
        "\u6708\u66dc\u65e5\u306f\u4f11\u9928\u65e5\u3067\u3059\u3002"
    )
    assert join_lines(["\uc6d4\uc694\uc77c", "\ud734\uc77c"], Counter()) == "\uc6d4\uc694\uc77c \ud734\uc77c"


class TestPagesWithoutText:
    def test_they_are_named_as_ranges_in_one_warning(self) -> None:
        pages: list[Sequence[Text]] = [lines("It rained."), [], lines("It snowed."), [], [], []]
        assert read_pdf(draw(*pages)).warnings == (
            "pages 2, 4-6 have no text; if they are scanned, install tesseract-ocr and set CITEWELL_OCR to the"
            " language, such as eng or deu+eng",
        )
        assert read_pdf(draw(*pages[:3])).warnings == (
            "page 2 has no text; if it is scanned, install tesseract-ocr and set CITEWELL_OCR to the language,"
            " such as eng or deu+eng",
        )

    def test_a_file_of_such_pages_is_refused(self) -> None:
        assert refusal(draw([], [])) == (
            "none of its pages has text, so it is scanned or drawn; to have it recognised, install tesseract-ocr and"
            " set CITEWELL_OCR to the language, such as eng or deu+eng"
        )


class TestRunningLines:
    @staticmethod
    def decorate(canvas: Canvas, _: object) -> None:
        page = canvas.getPageNumber()
        canvas.setFont("Helvetica", 8)
        canvas.drawString(72, HEIGHT - 30, f"Harbour handbook, edition 4, {'left' if page % 2 else 'right'}")
        canvas.drawCentredString(297, 30, f"- {page} -")

    def test_they_are_left_out_and_told_of(self) -> None:
        story = [prose(number) for number in range(60)]
        content = read_pdf(flow(story, decorate=self.decorate))
        pages = content.blocks[-1].page
        assert pages == 6
        assert content.text == "\n\n".join(prose_text(number) for number in range(60))
        assert content.warnings == (
            "12 lines of running headers, footers and page numbers were left out, "
            "such as “Harbour handbook, edition 4, left”",
        )

    def test_headers_that_name_the_chapter_are_known_by_the_page_number(self) -> None:
        pages = [
            [Text(72, 40, f"Chapter {'ABCDEF'[n // 2]}: {('boats', 'ropes', 'pumps')[n // 2]} {n + 4}"), *body]
            for n, body in enumerate([lines(prose_text(n, sentences=1), y=120) for n in range(6)])
        ]
        assert texts(draw(*pages)) == [prose_text(n, sentences=1) for n in range(6)]

    def test_a_header_of_two_lines_is_left_out_whole(self) -> None:
        head = lines("Harbour handbook", "Fourth edition", y=30)
        pages = [[*head, *lines(prose_text(n, sentences=1), f"{n} boats.", y=120)] for n in range(4)]
        assert "andbook" not in read_pdf(draw(*pages)).text
        assert "edition" not in read_pdf(draw(*pages)).text
        assert read_pdf(draw(*pages)).warnings[0].startswith("8 lines")

    def test_short_files_lose_only_lines_that_count_their_own_pages(self) -> None:
        pages = [
            [Text(72, 40, "Harbour handbook"), *lines(f"It rained {n} days."), Text(290, 815, f"Page {n} of 2")]
            for n in (1, 2)
        ]
        assert texts(draw(*pages)) == ["Harbour handbook", "It rained 1 days.", "Harbour handbook", "It rained 2 days."]

    def test_numbers_and_first_lines_of_the_text_stay(self) -> None:
        pages = [[*lines("The pump:", f"It has {n * n} valves and a lamp.", y=60)] for n in range(2, 7)]
        assert sum("pump" in text for text in texts(draw(*pages))) == 5

    def test_the_header_of_a_table_on_every_page_stays(self) -> None:
        pages = [
            [
                Text(x, 70 + 18 * row, cell, font="Helvetica-Bold" if row == 0 else "Helvetica")
                for row in range(12)
                for x, cell in ((72, f"Valve {page}{row:02}"), (300, f"{page * row + 7} EUR"))
                for cell in [{72: "Part", 300: "Price"}[x] if row == 0 else cell]
            ]
            for page in range(4)
        ]
        read = texts(draw(*pages))
        assert len(read) == 44
        assert read[0] == "Part: Valve 001; Price: 7 EUR"
        assert read[-1] == "Part: Valve 311; Price: 40 EUR"


class TestRefused:
    def test_what_is_not_a_pdf(self) -> None:
        assert refusal(b"It rained.") == 'it is not a PDF, which begins with "%PDF-"; check what kind of file it is'

    def test_a_locked_one(self) -> None:
        assert refusal(draw(lines("It rained."), encrypt="secret")) == (
            "the PDF is locked with a password; save a copy without one and use that"
        )

    def test_one_that_is_cut_off(self) -> None:
        assert refusal(RAIN[: len(RAIN) // 2] + b" " * 2000) in (
            "the end of the PDF is missing, so it was not copied or downloaded whole; fetch it again",
            DAMAGED,
        )
        assert refusal(RAIN[:-6]) == (
            "the end of the PDF is missing, so it was not copied or downloaded whole; fetch it again"
        )

    def test_a_damaged_one(self) -> None:
        assert refusal(b"%PDF-1.7\nno objects\n%%EOF") == DAMAGED

    def test_one_without_pages(self) -> None:
        objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"]
        body = b"%PDF-1.4\n"
        places = []
        for number, value in enumerate(objects, 1):
            places.append(len(body))
            body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
        table = b"xref\n0 3\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
        data = body + table + b"trailer << /Size 3 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
        assert "the PDF is damaged or has no pages" in refusal(data)

    def test_one_with_too_many_pages(self) -> None:
        read_pdf(draw(*[lines("It rained.")] * 2), max_pages=2)
        assert refusal(draw(*[lines("It rained.")] * 3), max_pages=2) == (
            "the PDF has 3 pages, but 2 are allowed; split it and add its parts"
        )

    def test_one_with_too_much_text(self) -> None:
        read_pdf(draw(lines("It rained.")), max_characters=20)
        assert refusal(draw(lines("It rained."), lines("It rained again.")), max_characters=20) == (
            "page 2 takes the PDF's text over the limit of 20 characters; split the document and add its parts"
        )

    def test_one_with_too_much_text_on_a_page(self) -> None:
        """The whole is bounded besides: what takes long is a page whose order of reading has to be found."""
        read_pdf(draw(lines("It rained."), lines("It rained.")), max_page_characters=12)
        assert refusal(draw(lines("It rained."), lines("It rained again.")), max_page_characters=12) == (
            "page 2 has 16 characters, but 12 are allowed on one page; print it on several pages, or add what it was"
            " made from"
        )

    def test_one_page_of_very_many_words_is_refused_before_they_are_read(self) -> None:
        """Of 300,000 words it took 48 s to find their order."""
        crowded = draw([Text(72, 50 + row, "word " * 100, size=1) for row in range(600)])
        assert "characters, but 250,000 are allowed on one page" in refusal(crowded)

    def test_nothing_but_this_error_comes_of_damage(self) -> None:
        data = flow([prose(number) for number in range(12)], columns=2)
        chance = random.Random(4)  # noqa: S311 - which bytes are damaged is no secret
        read = 0
        for _ in range(40):
            damaged = bytearray(data)
            for _ in range(chance.choice((1, 4, 40))):
                damaged[chance.randrange(len(data))] = chance.randrange(256)
            for candidate in (bytes(damaged), data[: chance.randrange(len(data))]):
                try:
                    read_pdf(candidate)
                    read += 1
                except UnreadableDocument as error:
                    assert "\n" not in str(error)
        assert read > 0

    def test_no_truncation_gives_half_a_document(self) -> None:
        data = flow([prose(number) for number in range(12)])
        whole = read_pdf(data)
        for length in range(len(data) - 1, 0, -max(1, len(data) // 60)):
            try:
                assert read_pdf(data[:length]) == whole
            except UnreadableDocument:
                continue


def test_the_same_bytes_give_the_same_content_also_from_many_threads() -> None:
    data = flow([prose(number) for number in range(30)], columns=2)
    expected = read_pdf(data)
    read: list[object] = []
    threads = [threading.Thread(target=lambda: read.extend(read_pdf(data) for _ in range(3))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [expected] * 12
