"""Office files and books that are meant to hurt: every reader of archives refuses them in the same words."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import openpyxl
import pptx
import pytest

from rag.errors import UnreadableDocument
from rag.read import MEDIA_TYPES, read_bytes
from rag.read.zip_container import open_archive, read_part, read_xml
from rag.records import Source
from tests.support.office_files import archive, docx, odf, par, unpacked

OFFICE = (".docx", ".pptx", ".xlsx", ".odt", ".ods", ".odp")
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FETCHES = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def good(suffix: str) -> bytes:
    """A file with the words "Hello there." in it."""
    file = io.BytesIO()
    if suffix == ".docx":
        return docx(par("Hello there."))
    if suffix == ".pptx":
        deck = pptx.Presentation()
        deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "Hello there."
        deck.save(file)
        return file.getvalue()
    if suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active["A1"] = "Hello there."
        book.save(file)
        return file.getvalue()
    paragraph = "<text:p>Hello there.</text:p>"
    cell = f"<table:table-cell>{paragraph}</table:table-cell>"
    return {
        ".odt": lambda: odf(paragraph),
        ".ods": lambda: odf(f"<table:table><table:table-row>{cell}</table:table-row></table:table>", "spreadsheet"),
        ".odp": lambda: odf(
            f"<draw:page><draw:frame><draw:text-box>{paragraph}</draw:text-box></draw:frame></draw:page>",
            "presentation",
        ),
    }[suffix]()


def read(data: bytes, suffix: str) -> str:
    return read_bytes(data, Source("1", "", f"/in/file{suffix}", MEDIA_TYPES[suffix])).text


def main_part(suffix: str) -> str:
    parts = {".docx": "word/document.xml", ".pptx": "ppt/slides/slide1.xml", ".xlsx": "xl/worksheets/sheet1.xml"}
    return parts.get(suffix, "content.xml")


def changed(data: bytes, **parts: str | bytes) -> bytes:
    return archive({**unpacked(data), **parts})


@pytest.mark.parametrize("suffix", OFFICE)
class TestEveryOfficeFormat:
    def test_a_good_one_is_read(self, suffix: str) -> None:
        assert "Hello there." in read(good(suffix), suffix)

    @pytest.mark.parametrize("declaration", [LAUGHS, FETCHES], ids=["laughs", "fetches"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_entities_are_neither_expanded_nor_fetched(self, suffix: str, declaration: str, encoding: str) -> None:
        name = main_part(suffix)
        with zipfile.ZipFile(io.BytesIO(good(suffix))) as opened:
            xml = opened.read(name).decode()
        xml = declaration + xml.partition("?>")[2].lstrip() if xml.startswith("<?xml") else declaration + xml
        hostile = changed(good(suffix), **{name: xml.replace("Hello there.", "Hello &b;&a;").encode(encoding)})
        with pytest.raises(UnreadableDocument, match=r"declares a document type|no XML that can be read|damaged"):
            read(hostile, suffix)

    def test_a_bomb_is_not_unpacked(self, suffix: str) -> None:
        bomb = changed(good(suffix), **{main_part(suffix): b"<a>" + b" " * 80_000_000})
        with pytest.raises(UnreadableDocument, match=r"unpack to 80,\d{3},\d{3}, which no document does"):
            read(bomb, suffix)

    def test_an_archive_that_lies_about_its_sizes_is_refused(self, suffix: str) -> None:
        data = changed(good(suffix), **{main_part(suffix): b"<a>" + b" " * 80_000_000})
        size = (80_000_003).to_bytes(4, "little")
        assert size in data
        with pytest.raises(UnreadableDocument):
            read(data.replace(size, (3).to_bytes(4, "little")), suffix)

    def test_one_with_a_password_or_of_an_old_program(self, suffix: str) -> None:
        old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
        with pytest.raises(UnreadableDocument, match="format of Office 97 to 2003"):
            read(old, suffix)
        with pytest.raises(UnreadableDocument, match="protected by a password"):
            read(old + "EncryptedPackage".encode("utf-16-le"), suffix)

    def test_no_truncation_and_no_flipped_bit_is_more_than_an_error(self, suffix: str) -> None:
        data, chance = good(suffix), random.Random(7)  # noqa: S311 - not a secret
        for number in range(60):
            broken = bytearray(data[: chance.randrange(len(data))] if number % 3 == 0 else data)
            for _ in range(0 if number % 3 == 0 else chance.randrange(1, 6)):
                broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            try:
                read(bytes(broken), suffix)
            except UnreadableDocument as error:
                assert "/in/file" in str(error)


class TestLimits:
    def test_too_many_files(self) -> None:
        with pytest.raises(UnreadableDocument, match=r"20,001 files, but 20,000 are allowed; a thing was expected"):
            open_archive(archive({f"{number}": b"" for number in range(20_001)}), "a thing")

    def test_too_large_a_part(self) -> None:
        opened = open_archive(archive({"a.xml": b"<a/>" * 10}), "a thing")
        with pytest.raises(UnreadableDocument, match=r"a\.xml in it has more than 20 bytes"):
            read_part(opened, "a.xml", "a thing", max_bytes=20)

    def test_names_that_climb_are_never_written_anywhere(self, tmp_path: Path) -> None:
        opened = open_archive(archive({"../../etc/passwd": b"x", "a.xml": b"<a>b</a>"}), "a thing")
        assert read_xml(opened, "a.xml", "a thing").text == "b"
        assert list(tmp_path.iterdir()) == []
