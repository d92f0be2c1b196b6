"""Office files for the tests: archives of XML with just the parts that a fact needs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from rag.read.layout import Content

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
    ' Target="word/document.xml"/></Relationships>'
)
_STYLES = (
    f'<w:styles xmlns:w="{_W}">'
    '<w:style w:styleId="Heading1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
    '<w:style w:styleId="Heading2"><w:name w:val="heading 2"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:styleId="Bereich"><w:name w:val="Bereich"/><w:basedOn w:val="Heading2"/></w:style>'
    '<w:style w:styleId="Title"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="ListBullet"><w:name w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr>'
    "</w:pPr></w:style></w:styles>"
)
_MANIFEST = f'<manifest xmlns="{_ODF}:manifest:1.0"/>'


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of a ZIP archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def docx(body: str, **parts: str) -> bytes:
    """A Word document with this XML as its body; `footnotes="..."` and the like are parts of it."""
    inner = {f"word/{name}.xml": f'<w:{name} xmlns:w="{_W}">{xml}</w:{name}>' for name, xml in parts.items()}
    document = (
        f'<w:document xmlns:w="{_W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<w:body>{body}</w:body></w:document>"
    )
    return archive({"_rels/.rels": _RELATIONS, "word/document.xml": document, "word/styles.xml": _STYLES, **inner})


def par(text: str, style: str = "", properties: str = "") -> str:
    """A paragraph of a Word document. `text` is its words, or runs in XML."""
    runs = text if text.startswith("<") else f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{runs}</w:p>"


def run(text: str, properties: str = "") -> str:
    """A run of a Word document."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def table(*rows: tuple[str, ...], header: bool = False) -> str:
    """A table of a Word document."""
    mark = "<w:trPr><w:tblHeader/></w:trPr>"
    inner = "".join(
        f"<w:tr>{mark if header and not number else ''}{''.join(f'<w:tc>{par(cell)}</w:tc>' for cell in row)}</w:tr>"
        for number, row in enumerate(rows)
    )
    return f"<w:tbl>{inner}</w:tbl>"


def odf(body: str, kind: str = "text", *, styles: str = "", meta: str = "", manifest: str = _MANIFEST) -> bytes:
    """An OpenDocument file of a kind ("text", "spreadsheet", "presentation") with this XML inside."""
    names = ("office", "text", "table", "drawing", "style", "presentation", "meta")
    spaces = (
        " ".join(f'xmlns:{"draw" if name == "drawing" else name}="{_ODF}:{name}:1.0"' for name in names)
        + f' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:fo="{_ODF}:xsl-fo-compatible:1.0"'
    )
    content = (
        f"<office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    files: dict[str, str | bytes] = {"META-INF/manifest.xml": manifest, "content.xml": content}
    if meta:
        files["meta.xml"] = f"<office:document-meta {spaces}><office:meta>{meta}</office:meta></office:document-meta>"
    return archive(files)


def blocks(read: Callable[[bytes], Content], data: bytes) -> list[tuple[str, int, str]]:
    """What was read: kind, level and text of each block."""
    content = read(data)
    return [(block.kind.value, block.level, block.span.of(content.text)) for block in content.blocks]


def sections(read: Callable[[bytes], Content], data: bytes) -> dict[str, tuple[str, int | None]]:
    """Of each block that is no heading: its text, and the headings and the page that it stands under."""
    content = read(data)
    return {
        block.span.of(content.text): (block.section, block.page)
        for block in content.blocks
        if block.kind.value != "heading"
    }
