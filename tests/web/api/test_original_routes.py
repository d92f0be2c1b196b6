"""The original of a document over HTTP: sent to be saved, under a harmless name, and its pages as pictures."""

from __future__ import annotations

import html
import re
import unicodedata
from io import BytesIO
from urllib.parse import quote, unquote

import apsw
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from rag.app import Citewell
from rag.read.page import PagePicture
from rag.read.pdf.page_picture import draw_page
from rag.render import link_to
from tests.support.access import EVERYTHING
from tests.support.pdf_files import Text, draw
from tests.support.restart import restart
from web.downloads import content_disposition, safe_name

PDF = "application/pdf"
TITLE = 'Rules "of" the <b>pier</b>'
RULE = "The pier closes at six."
TWICE = "It snowed all day long."
DATA = draw(
    [Text(72, 60, "The harbour is deep.")],
    [Text(72, 60, RULE), Text(72, 200, TWICE), Text(72, 300, TWICE)],
)


def put_pier(citewell: Citewell, data: bytes = DATA) -> None:
    citewell.documents.put("pier", data, media_type=PDF, title=TITLE)


@pytest.fixture
def pier(empty_citewell: Citewell, empty_client: TestClient) -> TestClient:
    put_pier(empty_citewell)
    return empty_client


def link(citewell: Citewell, words: str) -> str:
    document = citewell.documents.get("pier", access=EVERYTHING)
    start = document.text.index(words)
    return link_to("pier", start, start + len(words), document.text_sha256)


class TestDownload:
    def test_it_is_the_bytes_that_were_sent(self, empty_client: TestClient) -> None:
        sent = b"\xff\xfeP\x00i\x00e\x00r\x00.\x00 \x00O\x00p\x00e\x00n\x00.\x00"
        answer = empty_client.put("/api/v1/files/pier rules.txt", content=sent).json()
        response = empty_client.get(f"/api/v1/documents/{answer['id']}/original")
        assert response.content == sent
        assert response.headers["content-type"] == "text/plain", "nobody knows its charset"
        assert response.headers["content-disposition"] == 'attachment; filename="pier rules.txt"'

    def test_nothing_in_it_can_run(self, pier: TestClient, empty_citewell: Citewell) -> None:
        response = pier.get("/api/v1/documents/pier/original")
        rules = response.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "sandbox", "frame-ancestors 'none'"} <= set(rules)
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-type"] == PDF
        assert response.headers["content-disposition"].startswith("attachment;")
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["etag"] == f'"{empty_citewell.documents.get("pier", access=EVERYTHING).content_sha256}"'

    @pytest.mark.parametrize("media_type", ["text/html", "message/rfc822"])
    def test_what_can_carry_a_script_is_sent_as_bytes(self, empty_client: TestClient, media_type: str) -> None:
        sent = b"Subject: Hello\r\nContent-Type: text/html\r\n\r\n<p>Hello there.</p><script>alert(1)</script>"
        assert empty_client.put("/api/v1/documents/a", content=sent, headers={"Content-Type": media_type}).is_success
        response = empty_client.get("/api/v1/documents/a/original")
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.content == sent

    @pytest.mark.parametrize("path", ["/api/v1/documents/{}/original", "/documents/{}/pages/1.png"])
    def test_what_is_not_there_is_a_problem(self, pier: TestClient, empty_citewell: Citewell, path: str) -> None:
        with apsw.Connection(str(empty_citewell.settings.data_dir / "citewell.sqlite")) as connection:
            connection.execute("DELETE FROM originals")
        for document_id, kind in (("none", "document-not-found"), ("pier", "original-not-found")):
            response = pier.get(path.format(document_id))
            assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
            assert response.json()["type"] == f"urn:citewell:problem:{kind}"
            assert set(response.json()) == {"type", "title", "status", "detail", "instance"}

    @pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1.txt", 'x"; filename="evil.html.txt', "\u202etxt.exe.txt"])
    def test_a_hostile_name_stays_in_its_header(self, empty_client: TestClient, name: str) -> None:
        answer = empty_client.put(f"/api/v1/files/{quote(name)}", content=b"Some text here.")
        assert answer.is_success, answer.text
        response = empty_client.get(f"/api/v1/documents/{answer.json()['id']}/original")
        assert response.status_code == 200
        assert "set-cookie" not in response.headers
        assert re.fullmatch(
            r'attachment; filename="[^"\\]*\.txt"(; filename\*=UTF-8\'\'[\w%.!#$&+^`|~-]+)?',
            response.headers["content-disposition"],
        )


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report 2.pdf", "report 2.pdf"),
        ("../../etc/passwd", "etc passwd"),
        ("/abs/a.pdf", "abs a.pdf"),
        ("..\\..\\a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ('a"; filename="b.exe', "a ; filename= b.exe"),
        ("a\0b\x1b\x7f.pdf", "ab.pdf"),
        ("fdp\u202e.exe", "fdp.exe"),
        ("\u2066a\u200b\ufeffb\u2069.pdf", "ab.pdf"),
        ("a\u2028b\u00a0c.pdf", "a b c.pdf"),
        ("half \ud83d of a pair.pdf", "half of a pair.pdf"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("console.txt", "console.txt"),
        (".htaccess", "htaccess"),
        ("...", "document"),
        ("", "document"),
        ("100%25.pdf", "100 25.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("x" * 300 + ".pdf", "x" * 176 + ".pdf"),
        ("ü" * 300 + ".pdf", "ü" * 88 + ".pdf"),
        ("x" * 300, "x" * 180),
    ],
)
def test_a_name_keeps_what_is_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert safe_name(safe) == safe


def test_old_clients_get_a_name_in_ascii_and_others_the_whole() -> None:
    assert content_disposition("a.pdf") == 'attachment; filename="a.pdf"'
    assert content_disposition("Ärger №1.pdf") == (
        "attachment; filename=\"Arger No1.pdf\"; filename*=UTF-8''%C3%84rger%20%E2%84%961.pdf"
    )
    assert content_disposition("年報.pdf") == "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E5%B9%B4%E5%A0%B1.pdf"
    assert content_disposition("a／b.pdf").startswith('attachment; filename="a b.pdf"; ')


@given(st.text() | st.text('/\\."\r\n\0 %\u202eüCON', max_size=12))
def test_no_name_gets_out_of_its_header(name: str) -> None:
    header = content_disposition(name)
    found = re.fullmatch(
        r'attachment; filename="([ !#-\[\]-~]+)"(?:; filename\*=UTF-8\'\'([\w.!#$&+^`|~%-]+))?', header
    )
    assert found, header
    for shown in (found[1], unquote(found[2] or "x")):
        assert len(shown.encode()) <= 200
        assert not set(shown) & set('/\\"\r\n\0')
        assert not any(unicodedata.category(character).startswith("C") for character in shown)


class TestPicture:
    def test_it_is_a_png_of_the_page(self, pier: TestClient) -> None:
        response = pier.get("/documents/pier/pages/2.png")
        assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
        with Image.open(BytesIO(response.content)) as image:
            image.load()
            assert (image.format, image.size) == ("PNG", (1190, 1684))

    def test_the_same_picture_is_not_sent_twice(self, pier: TestClient, empty_citewell: Citewell) -> None:
        first = pier.get("/documents/pier/pages/2.png")
        etag = {"If-None-Match": first.headers["etag"]}
        assert first.headers["cache-control"] == "private, no-cache"
        again = pier.get("/documents/pier/pages/2.png", headers=etag)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert pier.get("/documents/pier/pages/1.png", headers=etag).status_code == 200
        put_pier(empty_citewell, draw([Text(72, 60, RULE)], [Text(72, 60, "Page two.")]))
        assert pier.get("/documents/pier/pages/2.png", headers=etag).status_code == 200
        empty_citewell.documents.remove("pier")
        assert pier.get("/documents/pier/pages/2.png", headers=etag).status_code == 404

    @pytest.mark.parametrize("number", ["0", "3", "-1", "99999999999999999999"])
    def test_a_page_that_is_not_there_is_404(self, pier: TestClient, number: str) -> None:
        response = pier.get(f"/documents/pier/pages/{number}.png")
        assert (response.status_code, response.json()["type"]) == (404, "urn:citewell:problem:page-not-found")

    @pytest.mark.parametrize("number", ["x", "1.5", "", "1e3"])
    def test_what_is_no_number_is_refused(self, pier: TestClient, number: str) -> None:
        assert pier.get(f"/documents/pier/pages/{number}.png").status_code in (404, 422)

    def test_what_is_no_pdf_has_no_pages(self, empty_client: TestClient, empty_citewell: Citewell) -> None:
        empty_citewell.documents.put("note", b"Dogs are welcome.", media_type="text/plain")
        assert empty_client.get("/documents/note/pages/1.png").status_code == 404

    def test_the_page_of_another_file_is_not_sent_in_its_place(
        self, pier: TestClient, empty_citewell: Citewell
    ) -> None:
        sha256 = empty_citewell.documents.get("pier", access=EVERYTHING).content_sha256
        assert pier.get(f"/documents/pier/pages/1.png?sha256={sha256}").status_code == 200
        put_pier(empty_citewell, draw([Text(72, 60, RULE)]))
        assert pier.get(f"/documents/pier/pages/1.png?sha256={sha256}").status_code == 404


class TestDocumentPage:
    def test_it_links_to_the_original(self, pier: TestClient) -> None:
        page = pier.get("/documents/pier").text
        assert '<a href="/api/v1/documents/pier/original" download>Original</a>' in page
        assert 'class="sheet"' not in page, "nothing was cited"

    def test_the_page_is_shown_with_the_sentence_marked(self, pier: TestClient, empty_citewell: Citewell) -> None:
        page = pier.get(link(empty_citewell, RULE)).text
        sha256 = empty_citewell.documents.get("pier", access=EVERYTHING).content_sha256
        assert f'<img src="/documents/pier/pages/2.png?sha256={sha256}" width="1190" height="1684"' in page
        assert f'alt="Page 2 of {html.escape(TITLE, quote=True)}"'.replace("&quot;", "&#34;") in page
        assert '<svg viewBox="0 0 1190 1684" preserveAspectRatio="none" aria-hidden="true"' in page
        (mark,) = re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/>', page)
        x, y, width, height = map(int, mark)
        assert 72 * 2 - 2 <= x <= 72 * 2
        assert y < 60 * 2 < y + height
        assert width == pytest.approx(2 * stringWidth(RULE, "Helvetica", 10), abs=4)
        assert f'<mark id="cited">{RULE}</mark>' in page
        assert "not certain" not in page

    def test_a_place_that_is_not_certain_is_not_marked_and_said_to_be_so(
        self, pier: TestClient, empty_citewell: Citewell
    ) -> None:
        page = pier.get(link(empty_citewell, TWICE)).text
        assert "/documents/pier/pages/2.png" in page
        assert "<svg" not in page
        assert "is not certain, so nothing is marked on it" in page

    def test_a_replaced_text_is_shown_as_text_alone(self, pier: TestClient, empty_citewell: Citewell) -> None:
        old = link(empty_citewell, RULE)
        put_pier(empty_citewell, draw([Text(72, 60, "The pier closes at seven.")]))
        page = pier.get(old).text
        assert "This text was replaced on" in page
        assert f'<mark id="cited">{RULE}</mark>' in page
        assert 'class="sheet"' not in page
        assert "/original" not in page

    def test_without_originals_there_is_the_text_alone(self, pier: TestClient, empty_citewell: Citewell) -> None:
        restart(empty_citewell, keep_originals=False)
        put_pier(empty_citewell, draw([Text(72, 60, RULE)]))
        page = pier.get(link(empty_citewell, RULE)).text
        assert f'<mark id="cited">{RULE}</mark>' in page
        assert 'class="sheet"' not in page
        assert "/original" not in page

    def test_a_page_that_cannot_be_drawn_leaves_the_text(
        self, pier: TestClient, empty_citewell: Citewell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def draw_late(_: object, data: bytes, page: int, scale: float, *, media_type: str) -> tuple[PagePicture, int]:
            assert media_type == "application/pdf"
            return draw_page(data, page, scale, max_seconds=-1.0)

        monkeypatch.setattr("rag.read.sandbox.Parser.draw", draw_late)
        page = pier.get(link(empty_citewell, RULE))
        assert page.status_code == 200
        assert f'<mark id="cited">{RULE}</mark>' in page.text
        assert 'class="sheet"' not in page.text
        assert pier.get("/documents/pier/pages/2.png").status_code == 422


class TestALargeFile:
    @pytest.fixture
    def large(self, empty_citewell: Citewell) -> Citewell:
        """Its original is a million bytes long, and none of them is read with the document."""
        empty_citewell.documents.put("pier", b"The pier closes at six.", media_type="text/plain")
        with apsw.Connection(str(empty_citewell.settings.data_dir / "citewell.sqlite")) as database:
            database.execute("UPDATE originals SET data = zeroblob(1000000)")
        return empty_citewell

    def test_is_sent_in_parts(self, large: Citewell) -> None:
        sent: list[bytes] = []
        parts = large.documents.original_in_parts("pier", access=EVERYTHING)
        sent.extend(parts.parts)
        assert (parts.size, sum(map(len, sent))) == (1_000_000, 1_000_000)
        assert max(map(len, sent)) <= 262_144

    def test_comes_whole_with_its_length(self, large: Citewell, empty_client: TestClient) -> None:
        response = empty_client.get("/api/v1/documents/pier/original")
        assert (response.headers["content-length"], response.content) == ("1000000", bytes(1_000_000))
        assert large.documents.has_original("pier", access=EVERYTHING)

    def test_ends_where_its_document_is_deleted_meanwhile(self, large: Citewell) -> None:
        parts = large.documents.original_in_parts("pier", access=EVERYTHING)
        assert next(parts.parts) == bytes(262_144)
        large.documents.remove("pier")
        assert list(parts.parts) == []
