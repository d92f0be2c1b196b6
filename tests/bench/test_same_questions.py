"""The questions of the bench are whole, and a passage is right by the number of its innermost heading."""

from __future__ import annotations

import json

from tests.bench.same_questions import LANGUAGES, QUESTIONS, Row, added_up, is_right, plain_page, sections_of


def test_twenty_places_are_asked_about_in_every_language() -> None:
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    assert [set(row) for row in rows] == [{"section", *LANGUAGES}] * 20
    assert len({row["section"] for row in rows}) == 20
    assert all(len({row[language] for row in rows}) == 20 for language in LANGUAGES)


def test_a_section_is_what_stands_under_its_number_and_not_what_stands_under_those_in_it() -> None:
    page = (
        b"<html><head><meta charset='utf-8'></head><body><h2 class='title'>4.5. TFTP</h2><p>A <b>big</b> server.</p>"
        b"<h3 class='title'>4.5.4.\xc2\xa0Images</h3><p>Put it there.</p></body></html>"
    )
    sections = sections_of(page)
    assert sections == {"4.5.": "4.5.TFTPAbigserver.", "4.5.4.": "4.5.4.ImagesPutitthere."}
    assert is_right("A big server.", sections["4.5."]) is True
    assert is_right("Put it there.", sections["4.5."]) is False
    assert is_right("", sections["4.5."]) is False


def test_a_page_keeps_its_headings_and_loses_the_way_to_other_pages() -> None:
    page = (
        b"<html><body><div class='navheader'>Next</div><div class='titlepage'><div><h2 class='title'>"
        b"<a name='x'></a>4.5. TFTP</h2></div></div><p>Text.</p><div class='navfooter'>Back</div></body></html>"
    )
    assert plain_page(page) == (
        b'<!doctype html>\n<html><body><h2><a name="x"></a>4.5. TFTP</h2><p>Text.</p></body></html>'
    )


def test_what_was_asked_is_added_up() -> None:
    assert added_up("de", [1, 5, 6, None, 1]) == Row("de", first=2, among_five=3, among_ten=4)
