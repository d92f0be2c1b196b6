"""Web pages: the main content as trafilatura finds it; menus, footers and cookie notices stay out.

When it finds nothing, all visible text of the page is taken, with a warning. Nothing is fetched and no script runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import ConfigParser
from copy import deepcopy

import lxml.html
from lxml import etree

from rag.errors import UnreadableDocument
from rag.read.canonical import canonical_text
from rag.read.html.content_marks import can_be_marked, content_of, mark_words, marks_in
from rag.read.html.elements import read_blocks
from rag.read.html.unseen_elements import unseen_warning
from rag.read.layout import Content

_DECLARED_ENCODING = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,30})", re.IGNORECASE)
_DECLARATION_BYTES = 4096  # where a page may declare its encoding, generously
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")

# Never content, also where trafilatura takes the whole page because it is short or plain.
_NOTICE = " or ".join(f"contains(@{name}, '{word}')" for name in ("class", "id") for word in ("cookie", "consent"))
_NEVER_CONTENT = [
    "//nav | //footer | //*[@role='navigation' or @role='contentinfo']",
    f"//*[{_NOTICE}][string-length() < 2000]",
]
# Names that trafilatura looks for. Where a page has none of them it keeps paragraphs and drops headings and lists.
_CONTENT_NAMES = ("content", "article", "post", "entry", "story", "main", "body", "text")
_NAMED_CONTENT = (
    "//main | //article | //*[@role='main' or @role='article' or @itemprop='articleBody'] | //body//*[{}]".format(
        " or ".join(f"contains(@{name}, '{word}')" for name in ("class", "id") for word in _CONTENT_NAMES)
    )
)
_UNSEEN = {"script", "style", "noscript", "template", "head", "select", "textarea", "button", "svg"}
_NOT_OF_THE_PAGE = {"nav", "footer"}
# The contents of a page, as programs that make handbooks of HTML write them; and what links to a heading from itself.
_CONTENTS_TABLE = (
    "//*[self::div or self::nav or self::ul or self::ol or self::dl or self::table or self::section]"
    "[@role='doc-toc' or @id='toc' or contains(concat(' ', normalize-space(@class), ' '), ' toc ')]"
)
_SIGN_OF_HEADING = (
    "(//h1 | //h2 | //h3 | //h4 | //h5 | //h6)"
    "//*[self::a[starts-with(@href, '#')][string-length(normalize-space()) < 2]"
    " or contains(@class, 'headerlink') or contains(@class, 'editsection')]"
)
# Pages written by people nest some 30 elements deep; beyond this many trafilatura gives up without a word.
_MAX_DEPTH = 200
# trafilatura's time grows with the square of a page's elements: 3 s at this many, 40 s at 100,000.
_MAX_ELEMENTS = 30_000
# libxml2's time grows with the square of an element's attributes: 10 s at 40,000. Real elements have some 20.
_MAX_ATTRIBUTES = 1_000
_CUT = "elements nested more than 2,048 deep were left out"
_NO_ELEMENT = "no element was found in it; an HTML page was expected"
_WHOLE_PAGE = "no main content was found, so all text of the page was taken"


def read_html(data: bytes) -> Content:
    """The main content. Title: its first heading of level 1, else the page's <title>."""
    declared = _DECLARED_ENCODING.search(data[:_DECLARATION_BYTES])
    text, warnings = canonical_text(data, declared=declared[1].decode("ascii") if declared else None)
    text = _XML_DECLARATION.sub("", text, count=1)
    elements = _count_elements(text)
    page, cut = _parse(text)
    title = " ".join(page.findtext(".//title", "").split())
    content = None
    if elements <= _MAX_ELEMENTS and not _is_deeper(page, _MAX_DEPTH):
        content = _content(page, is_marked=can_be_marked(text))
    if content is None or not content.blocks:
        page, _ = _parse(text)  # trafilatura has pruned the other
        content = read_blocks(_seen(page))
        warnings += (_WHOLE_PAGE,)
    if cut and not content.blocks:
        raise UnreadableDocument(f"{_CUT}; an HTML page with text was expected; save it as plain text")
    if elements <= _MAX_ELEMENTS:
        warnings += unseen_warning(_parse(text)[0], content.text)  # of the page as it came: both ways above prune it
    return Content(content.text, content.blocks, content.title or title, warnings + cut)


def _content(page: etree._Element, *, is_marked: bool) -> Content | None:
    """What trafilatura takes for the content of a page: the page's own blocks if it can be marked, else its blocks."""
    _tidy(page)
    if is_marked:
        mark_words(page)
        whole = read_blocks(_seen(deepcopy(page)), is_part=True)
    _name_content(page)
    found = _main_content(page)
    if not found:
        return None
    if is_marked:
        return content_of(whole, marks_in(found))
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
    main = etree.fromstring(found.encode(), parser).find("main")
    return read_blocks(main) if main is not None else None


def _tidy(page: etree._Element) -> None:
    """Take out what stands in the content and is none: a table of contents, and the sign that links to a heading."""
    for element in page.xpath(_CONTENTS_TABLE + " | " + _SIGN_OF_HEADING):
        element.drop_tree()


def _seen(page: etree._Element) -> etree._Element:
    """The page without what is no text of it."""
    etree.strip_elements(page, *_UNSEEN, *_NOT_OF_THE_PAGE, with_tail=False)
    return page


def parse_whole(text: str) -> tuple[etree._Element, tuple[str, ...]]:
    """All that is to be seen of a page that is all content, as a tree for `read_blocks`; and warnings.

    Raises UnreadableDocument for a text without an element, or with endless attributes.
    """
    text = _XML_DECLARATION.sub("", text, count=1)
    _count_elements(text)
    page, cut = _parse(text)
    _tidy(page)
    etree.strip_elements(page, *_UNSEEN, with_tail=False)
    return page, cut


class _Counter:
    """Counts elements as the parser meets them, before any tree is built of them."""

    def __init__(self) -> None:
        self._elements = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if len(attributes) > _MAX_ATTRIBUTES:
            raise UnreadableDocument(
                f"an element <{tag[:20]}> has {len(attributes):,} attributes, but {_MAX_ATTRIBUTES:,} are allowed; "
                "save it as plain text"
            )

    def end(self, tag: str) -> None:
        pass

    def data(self, words: str) -> None:
        pass

    def close(self) -> int:
        return self._elements


def _count_elements(text: str) -> int:
    """The number of elements of a page, in linear time. Raises UnreadableDocument for one with endless attributes."""
    parser = etree.HTMLParser(target=_Counter(), huge_tree=True, no_network=True)
    try:
        return int(etree.fromstring(text, parser))
    except (etree.LxmlError, ValueError) as error:
        raise UnreadableDocument(_NO_ELEMENT) from error


def _parse(text: str) -> tuple[etree._Element, tuple[str, ...]]:
    """The page as a tree, and a warning when libxml2 left out what is nested deeper than it ever goes."""
    parser = lxml.html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    try:
        page = lxml.html.document_fromstring(text, parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise UnreadableDocument(_NO_ELEMENT) from error
    is_cut = any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log)
    return page, (_CUT,) if is_cut else ()


def _is_deeper(page: etree._Element, limit: int) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(page, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limit:
            return True
    return False


def _name_content(page: etree._Element) -> None:
    """Mark what the author left unmarked: a bare <div> of words is a paragraph, a plain body is all content."""
    for division in page.iter("div"):
        if not division.attrib and len(division) == 0:
            division.tag = "p"
    body = page.find("body")
    if body is not None and not page.xpath(_NAMED_CONTENT):
        main = body.makeelement("main")
        main.text, body.text = body.text, None
        main.extend(list(body))
        body.append(main)


def _main_content(page: etree._Element) -> str:
    """The content that trafilatura finds, as XML; "" where it finds none."""
    import trafilatura  # takes a quarter of a second, which only pages should cost
    from trafilatura.settings import use_config

    config: ConfigParser = use_config()
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = (
        "1"  # a short page is a page: by default one under 250 characters is flattened
    )
    found: str | None = trafilatura.extract(
        page,
        output_format="xml",
        include_comments=False,
        include_tables=True,
        deduplicate=False,  # its cache lives as long as the process: the same page read twice would differ
        prune_xpath=_NEVER_CONTENT,
        config=config,
    )
    return found or ""
