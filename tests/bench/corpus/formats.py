"""Writes a document of the corpus in each format. The programs are Chromium and LibreOffice, where they are there."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from html import escape
from pathlib import Path

import docx
import openpyxl
import pptx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from pptx.util import Pt

from tests.bench.corpus.shapes import Part, is_right_to_left, lines_of, sections_of, to_html
from tests.support.chromium import find_chromium

Write = Callable[[list[Part], Path], None]

_PAGE = "@page { size: A4; margin: 22mm 18mm } body { font: 11pt/1.4 serif } h1, h2, h3 { font-family: sans-serif }"
_COLUMNS = (
    _PAGE + " body { columns: 2; column-gap: 8mm; text-align: justify; hyphens: auto; font-size: 10pt }"
    " h1 { column-span: all }"
)
_SLIDE_CHARACTERS = 600
_SECONDS = 180


def html(parts: list[Part], file: Path) -> None:
    """A page inside the furniture of an intranet: navigation before, footer after."""
    page = to_html(parts)
    navigation = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/people'>People</a></li></ul></nav>"
    page = page.replace("<body>", f"<body><header>{navigation}</header><main>")
    footer = "</main><footer><p>Printed from the intranet. Do not keep paper copies.</p></footer></body>"
    file.write_text(page.replace("</body>", footer), encoding="utf-8")


def text_utf16(parts: list[Part], file: Path) -> None:
    """Notepad's "Unicode": UTF-16 with a byte order mark, lines ended as Windows does."""
    file.write_bytes(_text(parts).replace("\n", "\r\n").encode("utf-16"))


def text_windows(parts: list[Part], file: Path) -> None:
    """Windows' old encoding, which nothing in the file names."""
    file.write_bytes(_text(parts).encode("cp1252", "replace"))


def semicolons(parts: list[Part], file: Path) -> None:
    """What a spreadsheet exports in countries that write decimals with a comma."""
    table = io.StringIO()
    writer = csv.writer(table, delimiter=";")
    writer.writerow(["Section", "Text"])
    writer.writerows((part.section, line) for part in parts if part.kind != "heading" for line in lines_of(part))
    file.write_bytes(table.getvalue().encode("cp1252", "replace"))


def mail(parts: list[Part], file: Path) -> None:
    """A mail with the document as its text, plain and as HTML."""
    message = EmailMessage()
    message["From"] = "Office <office@example.org>"
    message["To"] = "All staff <staff@example.org>"
    message["Date"] = "Mon, 02 Nov 2026 09:30:00 +0000"
    message["Subject"] = parts[0].text
    message.set_content(_text(parts))
    message.add_alternative(to_html(parts), subtype="html")
    file.write_bytes(message.as_bytes())


def book(parts: list[Part], file: Path) -> None:
    """An EPUB with a chapter for each heading."""
    chapters = []
    for number, (heading, inner) in enumerate(sections_of(parts)):
        page = to_html([Part("heading", heading, 1), *inner])
        chapters.append(
            (f"chapter{number}.xhtml", page.replace("<!doctype html><html", "<html").replace('utf-8">', 'utf-8"/>'))
        )
    manifest = "".join(
        f'<item id="c{i}" href="{name}" media-type="application/xhtml+xml"/>' for i, (name, _) in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">x</dc:identifier>'
        f"<dc:title>{escape(parts[0].text)}</dc:title><dc:language>en</dc:language></metadata>"
        f"<manifest>{manifest}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("book.opf", package)
        for name, page in chapters:
            archive.writestr(name, page)


def word(parts: list[Part], file: Path, *, columns: int = 1) -> None:
    """A Word file with styles, running header and footer, and a table where there is one."""
    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = f"{parts[0].text} \N{EM DASH} internal"
    section.footer.paragraphs[0].text = "Uncontrolled when printed"
    if columns > 1:
        cols = section._sectPr.find(qn("w:cols"))
        cols.set(qn("w:num"), str(columns))
        hyphens = OxmlElement("w:autoHyphenation")
        document.settings.element.append(hyphens)
    for part in parts:
        if part.kind == "heading":
            document.add_heading(part.text, part.level)
        elif part.kind == "item":
            document.add_paragraph(part.text, style="List Bullet")
        elif part.kind == "table":
            table = document.add_table(0, len(part.rows[0]), style="Table Grid")
            for row in part.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        else:
            document.add_paragraph(part.text)
    if is_right_to_left(parts[0].text):
        for paragraph in document.element.iter(qn("w:p")):
            paragraph.get_or_add_pPr().insert_element_before(OxmlElement("w:bidi"), "w:jc", "w:rPr", "w:sectPr")
    document.save(str(file))


def slides(parts: list[Part], file: Path) -> None:
    """A slide for each heading, and more where its text does not fit."""
    deck = pptx.Presentation()
    for heading, inner in sections_of(parts):
        lines = [line for part in inner for line in lines_of(part)]
        while True:
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = heading
            frame = slide.placeholders[1].text_frame
            used = 0
            while lines and (not used or used + len(lines[0]) <= _SLIDE_CHARACTERS):
                paragraph = frame.paragraphs[0] if not used else frame.add_paragraph()
                paragraph.text = lines[0]
                paragraph.font.size = Pt(14)
                used += len(lines.pop(0))
            if not lines:
                break
    deck.save(str(file))


def sheet(parts: list[Part], file: Path) -> None:
    """A workbook: the text by section on one sheet, each table on its own."""
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Text"
    first.append(["Section", "Text"])
    for part in parts:
        if part.kind == "table":
            for row in part.rows:
                (book[part.section] if part.section in book else book.create_sheet(part.section)).append(list(row))
        elif part.kind != "heading":
            first.append([part.section, part.text])
    book.save(str(file))


def printed(style: str) -> Write:
    """What Chromium prints to PDF."""

    def write(parts: list[Part], file: Path) -> None:
        page = file.with_suffix(".source.html")
        page.write_text(to_html(parts, style=style), encoding="utf-8")
        command = [
            str(find_chromium()),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--print-to-pdf={file}",
            str(page),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
        page.unlink()

    return write


def noted(parts: list[Part], file: Path) -> None:
    """A page as LibreOffice saves one with footnotes: each second paragraph after another is a note to that one."""
    body: list[Part] = []
    notes: list[str] = []
    page = to_html([])
    text: list[str] = []
    for part in parts:
        is_after_text = bool(body) and body[-1].kind == part.kind == "paragraph"
        if is_after_text:
            notes.append(part.text)
            number = len(notes)
            anchor = f'<a class="sdfootnoteanc" name="sdfootnote{number}anc" href="#sdfootnote{number}sym">{number}</a>'
            text[-1] = text[-1].removesuffix("</p>") + f"<sup>{anchor}</sup></p>"
            body.append(Part("note"))
        else:
            body.append(part)
            text.append(to_html([part]).partition("<body>")[2].removesuffix("</body></html>"))
    text += [
        f'<div id="sdfootnote{number}"><p class="sdfootnote">'
        f'<a class="sdfootnotesym" name="sdfootnote{number}sym" href="#sdfootnote{number}anc">{number}</a> '
        f"{escape(note)}</p></div>"
        for number, note in enumerate(notes, start=1)
    ]
    file.write_text(page.replace("<body>", "<body>" + "".join(text)), encoding="utf-8")


def converted(source: Write, suffix: str) -> Write:
    """What LibreOffice makes of the file that `source` writes, whose name ends in `suffix`."""
    # As a text to be printed: a page of the web has no footnotes.
    how = ["--infilter=HTML (StarWriter)"] if suffix == ".html" else []

    def write(parts: list[Part], file: Path) -> None:
        folder = file.parent / f"{file.stem}-source"
        folder.mkdir()
        original = folder / f"{file.stem}{suffix}"
        source(parts, original)
        made = folder / "made"
        command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", *how, "--convert-to",
                   file.suffix[1:], "--outdir", str(made), str(original)]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
        shutil.move(made / file.name, file)
        shutil.rmtree(folder)

    return write


def _word_in_columns(parts: list[Part], file: Path) -> None:
    word(parts, file, columns=2)


def _text(parts: list[Part]) -> str:
    return "\n\n".join("\n".join(lines_of(part)) for part in parts) + "\n"


# Formats whose encoding has no letters but those of western Europe.
LATIN_ONLY = ("text, Windows-1252", "CSV, semicolons")
# Suffix of the file, and who writes it.
FORMATS: Mapping[str, tuple[str, Write]] = {
    "html": (".html", html),
    "text, UTF-16": (".txt", text_utf16),
    "text, Windows-1252": (".txt", text_windows),
    "CSV, semicolons": (".csv", semicolons),
    "EML": (".eml", mail),
    "EPUB": (".epub", book),
    "DOCX, python-docx": (".docx", word),
    "DOCX, LibreOffice from ODT": (".docx", converted(converted(word, ".docx"), ".odt")),
    "ODT, LibreOffice": (".odt", converted(word, ".docx")),
    "RTF, LibreOffice": (".rtf", converted(word, ".docx")),
    "PPTX, python-pptx": (".pptx", slides),
    "XLSX, openpyxl": (".xlsx", sheet),
    "XLSX, LibreOffice from CSV": (".xlsx", converted(sheet, ".xlsx")),
    "PDF, Chromium": (".pdf", printed(_PAGE)),
    "PDF, Chromium, two columns": (".pdf", printed(_COLUMNS)),
    "PDF, LibreOffice Writer": (".pdf", converted(word, ".docx")),
    "PDF, LibreOffice, two columns": (".pdf", converted(_word_in_columns, ".docx")),
    "DOCX, footnotes": (".docx", converted(converted(noted, ".html"), ".odt")),
    "ODT, footnotes": (".odt", converted(noted, ".html")),
    "RTF, footnotes": (".rtf", converted(converted(noted, ".html"), ".odt")),
    "PDF, LibreOffice, footnotes": (".pdf", converted(converted(noted, ".html"), ".odt")),
    "PDF, LibreOffice Impress": (".pdf", converted(slides, ".pptx")),
}
