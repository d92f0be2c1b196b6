import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UnreadableDocument
from rag.read import read_bytes
from rag.read.epub import read_epub
from rag.records import Source
from tests.support.epub_files import CONTAINER, NAV, ONE, PACKAGE, book


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_epub(data)
    return str(caught.value)


def test_chapters_come_in_reading_order_with_their_headings_and_footnotes() -> None:
    content = read_epub(book())
    assert [(b.kind.value, b.level, b.page, b.section, b.span.of(content.text)) for b in content.blocks] == [
        ("heading", 1, None, "The beginning", "The beginning"),
        ("paragraph", 0, None, "The beginning", "It was opened in 1887[1], in May."),
        ("heading", 2, None, "The beginning > Ships", "Ships"),
        ("paragraph", 0, None, "The beginning > Ships", "They came."),
        ("paragraph", 0, None, "The beginning > Ships", "1. After six years."),
        ("heading", 1, None, "The second part", "The second part"),
        ("paragraph", 0, None, "The second part", "It closed in 1950."),
    ]
    assert (content.title, content.warnings) == ("The Harbour", ())


def test_book_is_read_by_its_media_type() -> None:
    document = read_bytes(book(), Source("a", "", "/docs/a.epub", "application/epub+zip"))
    assert document.source.title == "The Harbour"


def test_page_of_contents_of_an_older_book_is_left_out_and_names_its_chapters() -> None:
    package = PACKAGE.replace(' properties="nav"', "").replace(
        "</package>", '<guide><reference type="toc" href="nav.xhtml"/></guide></package>'
    )
    ncx = '<item id="x" href="book.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
    points = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Part II</text></navLabel>'
        '<content src="text/two%20b.xhtml"/></navPoint></navMap></ncx>'
    )
    data = io.BytesIO(book(book=package.replace("</manifest>", ncx)))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("OEBPS/book.ncx", points)
    content = read_epub(data.getvalue())
    assert "Contents" not in content.text
    assert content.blocks[-1].section == "Part II"


def test_chapter_in_another_encoding_is_read() -> None:
    page = '<?xml version="1.0" encoding="koi8-r"?><html><body><p>Это гавань.</p></body></html>'
    assert read_epub(book(one=page.encode("koi8-r"))).text.startswith("First\n\nЭто гавань.")


def test_missing_chapter_is_named_in_a_warning() -> None:
    package = PACKAGE.replace("<itemref", '<itemref idref="c9"/><itemref', 1)
    content = read_epub(book(book=package, one=None))
    assert content.text == "The second part\n\nIt closed in 1950."
    assert content.warnings == ("of its chapters 2 could not be read: c9, one.xhtml",)


def test_chapter_that_is_no_text_is_left_out_with_a_warning() -> None:
    content = read_epub(book(one=b"\x00\x01\x02" * 50))
    assert content.text == "The second part\n\nIt closed in 1950."
    assert content.warnings[0].startswith("a chapter was left out: one.xhtml: it holds NUL bytes")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"It rained.", "its zip archive is damaged; an EPUB book was expected", id="text"),
        pytest.param(book(container=None), "META-INF/container.xml is missing in it; an EPUB book", id="other zip"),
        pytest.param(book(container="<container/>"), "names no package", id="no package named"),
        pytest.param(book(book=None), "OEBPS/book.opf is missing in it", id="no package"),
        pytest.param(book(book="no XML"), "OEBPS/book.opf in it is no XML that can be read", id="no XML"),
        pytest.param(
            book(one=None, two_b=None), r"none of its chapters can be read \(one.xhtml, two b.xhtml\)", id="bare"
        ),
    ],
)
def test_what_is_no_whole_book_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        read_epub(data)


ENCRYPTED = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData '
    'xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
)


def test_protected_book_says_so_but_masked_fonts_do_no_harm() -> None:
    protected = book(encryption=ENCRYPTED.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc"))
    assert refusal(protected) == "the book is protected against copying (DRM); get one without protection"
    assert read_epub(book(encryption=ENCRYPTED.format("http://www.idpf.org/2008/embedding"))) == read_epub(book())
    assert read_epub(book(encryption="<encryption/>")) == read_epub(book())


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">{}]>'.format(
    "".join(f'<!ENTITY {name} "{10 * f"&{before};"}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
)
FILE = '<!DOCTYPE a [<!ENTITY i SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("declared", [BOMB, FILE])
def test_entities_are_never_resolved(declared: str) -> None:
    package = PACKAGE.replace("<package", f"{declared}<package").replace("The  Harbour", "&i;")
    assert "is no XML that can be read" in refusal(book(book=package))
    assert "is no XML that can be read" in refusal(book(book=package.encode("utf-16").replace(b"utf-8", b"utf16")))
    page = ONE.replace("<!DOCTYPE html>", declared).replace("They came.", "They came. &i;")
    assert len(read_epub(book(one=page)).text) < 300


def test_bomb_is_refused_unread() -> None:
    assert "unpack to 100,00" in refusal(book(one=b"a" * 100_000_000))
    large = io.BytesIO()
    with zipfile.ZipFile(large, "w") as archive:
        for number in range(20_001):
            archive.writestr(str(number), b"")
    assert refusal(large.getvalue()).startswith("it holds 20,001 files, but 20,000 are allowed")


def test_chapters_beyond_the_limit_are_left_out_with_a_warning() -> None:
    page = "<html><body>" + f"<!-- {' '.join(map(str, range(1_000_000)))} --><p>It rained.</p></body>"
    items = "".join(f'<item id="d{n}" href="d{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(4))
    spine = "".join(f'<itemref idref="d{n}"/>' for n in range(4))
    package = PACKAGE.replace("</manifest>", f"{items}</manifest>").replace("</spine>", f"{spine}</spine>")
    data = io.BytesIO(book(book=package))
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"OEBPS/d{number}.xhtml", page)
    content = read_epub(data.getvalue())
    assert content.warnings == ("only the first 20,000,000 bytes of its chapters were read",)
    assert content.text.count("It rained.") == 2


def test_entry_that_holds_more_than_it_says_is_refused() -> None:
    data = bytearray(book(one=b"<p>" + b"a" * 50_000))
    at = data.rindex(b"OEBPS/text/one.xhtml") - 22
    assert int.from_bytes(data[at : at + 4], "little") == 50_003
    data[at : at + 4] = (10).to_bytes(4, "little")
    assert read_epub(bytes(data)).warnings[-1] == "of its chapters 1 could not be read: one.xhtml"


WHOLE = book(encryption=ENCRYPTED.format("http://www.idpf.org/2008/embedding"))


def test_same_bytes_give_the_same() -> None:
    assert [read_epub(WHOLE) for _ in range(3)] == [read_epub(WHOLE)] * 3


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=10),
    st.integers(1, len(WHOLE)) | st.just(len(WHOLE)),
)
def test_broken_bytes_give_content_or_a_clear_error(flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(WHOLE)
    for position, byte in flips:
        data[position] = byte
    try:
        content = read_epub(bytes(data[:length]))
    except UnreadableDocument as error:
        assert str(error)
    else:
        assert all(block.span.of(content.text).strip() for block in content.blocks)


@given(
    st.sampled_from(["container", "book", "nav", "one"]),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=10),
    st.integers(1, 2_000),
)
def test_broken_part_gives_content_or_a_clear_error(name: str, flips: list[tuple[int, int]], length: int) -> None:
    part = bytearray({"container": CONTAINER, "book": PACKAGE, "nav": NAV, "one": ONE}[name].encode())
    for position, byte in flips:
        part[position % len(part)] = byte
    try:
        read_epub(book(**{name: bytes(part[:length])}))
    except UnreadableDocument as error:
        assert str(error)
