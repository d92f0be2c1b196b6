"""Manuals out of Debian's packages as folders of Markdown: the documents of the questions in `rag/training/manuals`.

Needs `dpkg-deb` and `pandoc`, and the packages as files, of the versions that the README of that folder names.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree, html

# A page of fewer characters is left out: it only leads on to others.
_SHORTEST_HELP, _SHORTEST_PAGE = 251, 401
# A manual that is one page is cut at headings into files of more than so many characters.
_SHORTEST_PART = 2_500
_MALLARD = "{http://projectmallard.org/1.0/}"
# What stands around the text of a page: contents, ways to the pages before and after, pictures.
_AROUND = (
    *("//script", "//style", "//nav", "//head/link", "//img"),
    *(f"//*[@class='{name}']" for name in ("navheader", "navfooter")),
    *("//*[@role='navigation']", "//*[@role='search']"),
    *(f"//*[@class='{name}']" for name in ("docnav", "headerlink")),
    *("//*[contains(@class,'sphinxsidebar')]", "//*[@class='footer']", "//*[@class='indexterm']"),
    *("//*[contains(@class,'patternTop')]", "//*[contains(@class,'patternToolBar')]", "//*[@class='toc']"),
    *("//*[@id='ModuleHeader']", "//*[@id='search-bar']", "//header", "//footer", "//aside"),
    *(f"//*[@class='{name}']" for name in ("donation", "howtoget", "ext-example")),
)
_ESCAPED = re.compile(r"\\([\[\]#*_'\"<>.~|$@!()-])")


@dataclass(frozen=True, slots=True)
class ManualPart:
    """The files of a package that `pattern` finds; the name of each is that of the file, with `prefix` before it."""

    package: str
    pattern: str
    prefix: str = ""
    is_one_page: bool = False


MANUALS: Mapping[str, tuple[ManualPart, ...]] = {
    "cluster": (ManualPart("slurm-wlm-doc", "usr/share/doc/slurm-wlm/html/*.html"),),
    "debian": (
        ManualPart("developers-reference", "usr/share/developers-reference/*.html", "reference-"),
        ManualPart("debian-policy", "usr/share/doc/debian-policy/policy.html/*.html", "policy-"),
        ManualPart("doc-debian", "usr/share/doc/debian/*[a-z].txt*"),
    ),
    "evolution": (ManualPart("evolution-common", "usr/share/help/C/evolution/*.page"),),
    "gnome": (ManualPart("gnome-user-docs", "usr/share/help/C/gnome-help/*.page"),),
    "gnucash": (
        ManualPart("gnucash-docs", "usr/share/doc/gnucash-docs/gnucash-guide-en/*.html", "guide-"),
        ManualPart("gnucash-docs", "usr/share/doc/gnucash-docs/gnucash-help-en/*.html", "help-"),
    ),
    "gnumed": (ManualPart("gnumed-doc", "usr/share/doc/gnumed/user-manual/Gnumed/*.html"),),
    "handbook": (ManualPart("debian-handbook", "usr/share/doc/debian-handbook/html/en-US/*.html"),),
    "harden": (ManualPart("harden-doc", "usr/share/doc/harden-doc/html/en-US/*.html"),),
    "install": (ManualPart("installation-guide-amd64", "usr/share/doc/installation-guide-amd64/en/*.html"),),
    "kernel": (
        ManualPart("linux-doc-6.1", "usr/share/doc/linux-doc-6.1/html/process/*.html"),
        ManualPart("linux-doc-6.1", "usr/share/doc/linux-doc-6.1/html/doc-guide/*.html", "guide-"),
    ),
    "office": tuple(
        ManualPart("libreoffice-help-en-us", f"usr/share/libreoffice/help/en-US/text/{name}/guide/*.html", f"{name}-")
        for name in ("shared", "swriter", "scalc", "simpress")
    ),
    "school": (
        ManualPart(
            "debian-edu-doc-en",
            "usr/share/doc/debian-edu-doc-en/debian-edu-bookworm-manual.html",
            is_one_page=True,
        ),
    ),
    "testlab": (ManualPart("lava-server-doc", "usr/share/doc/lava-server-doc/html/v2/*.html"),),
}


def write_documents(name: str, packages: Path, folder: Path) -> None:
    """Write the documents of a manual into `folder`, from the packages in the folder `packages`.

    Raises FileNotFoundError when a package is missing, and subprocess.CalledProcessError when one cannot be opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part in MANUALS[name]:
        with tempfile.TemporaryDirectory(prefix="citewell-") as apart:
            subprocess.run(["dpkg-deb", "-x", _package(packages, part.package), apart], check=True)
            for path in sorted(Path(apart).glob(part.pattern)):
                for file, text in _files(path, part):
                    (folder / file).write_text(text, encoding="utf-8")


def _package(packages: Path, name: str) -> Path:
    found = sorted(packages.glob(f"{name}_*.deb"))
    if not found:
        raise FileNotFoundError(f"{packages} has no package {name}: fetch it with `apt-get download {name}`")
    return found[-1]


def _files(path: Path, part: ManualPart) -> Iterator[tuple[str, str]]:
    """What is made of a file: names and texts."""
    if path.suffix == ".gz":
        yield f"{part.prefix}{path.stem}", gzip.decompress(path.read_bytes()).decode("utf-8", errors="replace")
    elif path.suffix == ".txt":
        yield f"{part.prefix}{path.name}", path.read_text(encoding="utf-8", errors="replace")
    elif path.suffix == ".page":
        text = markdown_of_help(path)
        if len(text) >= _SHORTEST_HELP:
            yield f"{part.prefix}{path.stem}.md", text
    elif part.is_one_page:
        yield from cut(markdown_of_page(path.read_bytes()))
    else:
        text = markdown_of_page(path.read_bytes())
        if len(text) >= _SHORTEST_PAGE:
            yield f"{part.prefix}{path.stem}.md", text


def markdown_of_page(page: bytes) -> str:
    """A page of HTML as Markdown, without links and without what stands around its text."""
    tree = html.fromstring(page)
    for path in _AROUND:
        for element in tree.xpath(path):
            if element.getparent() is not None:
                element.drop_tree()
    for element in (*tree.xpath("//a"), *tree.xpath("//span|//div")):
        if element.getparent() is not None:
            element.drop_tag()
    command = ["pandoc", "-f", "html-native_divs-native_spans", "-t", "gfm-raw_html", "--wrap=none"]
    made = subprocess.run(
        command, input=html.tostring(tree, encoding="unicode"), text=True, capture_output=True, check=True
    )
    return _ESCAPED.sub(r"\1", made.stdout)


def cut(text: str) -> Iterator[tuple[str, str]]:
    """A long page, cut at headings: names of files, numbered, and their texts. What is too short at the end is lost."""
    part, number = "", 0
    for piece in re.split(r"\n(?=#{1,3} )", text):
        part += ("\n" if part else "") + piece
        if len(part) > _SHORTEST_PART:
            heading = re.match(r"#+ (.*)", part)
            name = re.sub(r"[^a-z0-9]+", "-", (heading.group(1) if heading else "part").lower()).strip("-")[:50]
            yield f"{number:02d}-{name}.md", part + "\n"
            part, number = "", number + 1


def markdown_of_help(path: Path) -> str:
    """A page of Mallard, the format of GNOME's help, as Markdown, with the files that it includes."""
    page = etree.parse(str(path), etree.XMLParser(load_dtd=True, no_network=True, recover=True))
    page.xinclude()
    lines = [line for child in page.getroot() for line in _block(child, 1, "")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _block(element: etree._Element, depth: int, indent: str) -> Iterator[str]:
    """The lines of an element; `depth` is that of its headings."""
    if not isinstance(element.tag, str) or (tag := element.tag.removeprefix(_MALLARD)) in ("info", "links", "comment"):
        return
    made = _BLOCKS.get(tag)
    if made:
        yield from made(element, depth, indent)
        return
    for child in element:
        yield from _block(child, depth + (tag == "section"), indent)


def _title(element: etree._Element, depth: int, _indent: str) -> Iterator[str]:
    yield from (f"{'#' * depth} {_text(element)}", "")


def _paragraph(element: etree._Element, _depth: int, indent: str) -> Iterator[str]:
    yield from (f"{indent}{_text(element)}", "")


def _list(element: etree._Element, depth: int, indent: str) -> Iterator[str]:
    mark = "1. " if element.tag == f"{_MALLARD}steps" else "- "
    for item in _elements(element):
        if item.tag == f"{_MALLARD}title":
            yield from (f"**{_text(item)}**", "")
            continue
        paragraphs = 0
        for child in _elements(item) if item.tag == f"{_MALLARD}item" else ():
            if child.tag == f"{_MALLARD}p":
                if paragraphs:
                    yield ""
                yield f"{indent}{'   ' if paragraphs else mark}{_text(child)}"
                paragraphs += 1
            else:
                yield ""
                yield from _block(child, depth + 1, f"{indent}   ")
    yield ""


def _terms(element: etree._Element, depth: int, indent: str) -> Iterator[str]:
    for item in element.findall(f"{_MALLARD}item"):
        for child in _elements(item):
            if child.tag == f"{_MALLARD}title":
                yield from (f"**{_text(child)}**", "")
            else:
                yield from _block(child, depth, indent)


def _table(element: etree._Element, _depth: int, _indent: str) -> Iterator[str]:
    for number, row in enumerate(element.iter(f"{_MALLARD}tr")):
        cells = [_text(cell).replace("|", "/") for cell in _elements(row)]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield "|" + "---|" * len(cells)
    yield ""


_BLOCKS: Mapping[str, Callable[[etree._Element, int, str], Iterator[str]]] = {
    "title": _title,
    "p": _paragraph,
    "steps": _list,
    "list": _list,
    "terms": _terms,
    "table": _table,
}


def _elements(element: etree._Element) -> list[etree._Element]:
    """Its children, without comments."""
    return [child for child in element if isinstance(child.tag, str)]


def _text(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())
