"""The table of formats: the suffix of each, and the file of this folder that reads it, imported when first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from rag.errors import UnsupportedFormat
from rag.read.layout import Content

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".txt": "text/plain",
        ".text": "text/plain",
        ".md": "text/markdown",
        ".markdown": "text/markdown",
        ".html": "text/html",
        ".htm": "text/html",
        ".xhtml": "text/html",
        ".pdf": "application/pdf",
        ".csv": "text/csv",
        ".tsv": "text/tab-separated-values",
        ".eml": "message/rfc822",
        ".msg": "application/vnd.ms-outlook",
        ".epub": "application/epub+zip",
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".ods": "application/vnd.oasis.opendocument.spreadsheet",
        ".odp": "application/vnd.oasis.opendocument.presentation",
        ".rtf": "application/rtf",
    }
)
# Read where text is recognised (`rag.read.ocr`), and nowhere else.
PICTURES: Mapping[str, str] = MappingProxyType(
    {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".tif": "image/tiff",
        ".tiff": "image/tiff",
    }
)
WITH_PICTURES: Mapping[str, str] = MappingProxyType({**MEDIA_TYPES, **PICTURES})
# What to do where that is off.
TO_RECOGNISE = "install tesseract-ocr and set CITEWELL_OCR to the language, such as eng or deu+eng"
# Of each media type the module and the function that reads it.
READERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "text/plain": ("plain", "read_plain"),
        "text/markdown": ("markdown", "read_markdown"),
        "text/html": ("html.html_reader", "read_html"),
        "application/pdf": ("pdf.pdf_reader", "read_pdf"),
        "text/csv": ("delimited", "read_delimited"),
        "text/tab-separated-values": ("delimited", "read_delimited"),
        "message/rfc822": ("mail.eml", "read_eml"),
        "application/vnd.ms-outlook": ("mail.msg", "read_msg"),
        "application/epub+zip": ("epub", "read_epub"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("office.docx", "read_docx"),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("office.pptx", "read_pptx"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("office.xlsx", "read_xlsx"),
        "application/vnd.oasis.opendocument.text": ("office.odf", "read_odf"),
        "application/vnd.oasis.opendocument.spreadsheet": ("office.odf", "read_odf"),
        "application/vnd.oasis.opendocument.presentation": ("office.odf", "read_odf"),
        "application/rtf": ("office.rtf", "read_rtf"),
    }
)


def is_picture(media_type: str) -> bool:
    """Whether it is read only where text is recognised."""
    return media_type in PICTURES.values()


def content_of(data: bytes, media_type: str) -> Content:
    """What a file holds, read in this process. Raises UnsupportedFormat, and UnreadableDocument without a name."""
    if media_type not in READERS:
        raise UnsupportedFormat(f"no reader for {media_type}; expected one of {', '.join(READERS)}")
    module, function = READERS[media_type]
    read = cast(Callable[[bytes], Content], getattr(import_module(f"rag.read.{module}"), function))
    return read(data)
