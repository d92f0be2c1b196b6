"""An EPUB book made by hand."""

from __future__ import annotations

import io
import zipfile

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The  Harbour</dc:title>
<dc:title>A history</dc:title></metadata>
<manifest>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="c2" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="c1" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="p" href="cover.jpg" media-type="image/jpeg"/>
</manifest>
<spine><itemref idref="n"/><itemref idref="c1"/><itemref idref="c2" linear="no"/><itemref idref="p"/></spine>
</package>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<nav epub:type="toc"><h1>Contents</h1><ol><li><a href="text/one.xhtml">First</a></li>
<li><a href="text/two%20b.xhtml#start">The second part</a></li></ol></nav></body></html>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head><title/><script src="a.js"/><style>p {}</style></head><body>
<h1>The beginning</h1>
<p>It was opened in 1887<a epub:type="noteref" href="#f1"><sup>1</sup></a>, in May.</p>
<h2>Ships</h2><p>They came.</p>
<aside epub:type="footnote" id="f1"><p>1. After six years.</p></aside>
</body></html>"""
TWO = "<html><body><p>It closed in 1950.</p></body></html>"


def book(**changes: str | bytes | None) -> bytes:
    """A book with some of its files changed, or left out where they are None."""
    files: dict[str, str | bytes | None] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE,
        "OEBPS/nav.xhtml": NAV,
        "OEBPS/text/one.xhtml": ONE,
        "OEBPS/text/two b.xhtml": TWO,
    }
    names = {name.rpartition("/")[2].partition(".")[0].replace(" ", "_"): name for name in files}
    for key, text in changes.items():
        files[names.get(key, f"META-INF/{key}.xml")] = text
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
