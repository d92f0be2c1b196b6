import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UnreadableDocument
from rag.read.html.html_reader import read_html

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pump 4 | Water works</title><script>var unseen = 1;</script></head>
<body>
<div id="cookie-banner"><p>We use cookies to make this site better. Accept them all?</p></div>
<nav><ul><li><a href="/">Home</a></li><li><a href="/all">All stations</a></li></ul></nav>
<main><article>
<h1>Pump station 4</h1>
<p>It lifts <b>rain water</b> into the <a href="/canal">canal</a>.<br>It has three pumps.</p>
<h2>Alarms</h2>
<ul><li>A red lamp: call us.<ul><li>At night too.</li></ul></li><li><p>A yellow lamp: wait.</p></li></ul>
<table><tr><th>Part</th><th>Price</th></tr><tr><td>Seal</td><td>3 EUR</td></tr></table>
<blockquote>It is loud.</blockquote>
<pre><code>pump start
pump stop</code></pre>
<p>Use <code>stop</code> when it is hot.</p>
</article></main>
<footer>Cookie settings. All rights reserved.</footer>
</body></html>
"""


def blocks(page: str) -> list[tuple[str, int, str]]:
    content = read_html(page.encode())
    return [(block.kind.value, block.level, block.span.of(content.text)) for block in content.blocks]


def test_main_content_becomes_blocks_and_the_rest_stays_out() -> None:
    content = read_html(PAGE.encode())
    found = [(b.kind.value, b.level, b.section, b.span.of(content.text)) for b in content.blocks]
    alarms = "Pump station 4 > Alarms"
    assert found == [
        ("heading", 1, "Pump station 4", "Pump station 4"),
        ("paragraph", 0, "Pump station 4", "It lifts rain water into the canal."),
        ("paragraph", 0, "Pump station 4", "It has three pumps."),
        ("heading", 2, alarms, "Alarms"),
        ("list_item", 1, alarms, "A red lamp: call us."),
        ("list_item", 2, alarms, "At night too."),
        ("list_item", 1, alarms, "A yellow lamp: wait."),
        ("table_row", 0, alarms, "Part: Seal; Price: 3 EUR"),
        ("paragraph", 0, alarms, "It is loud."),
        ("code", 0, alarms, "pump start\npump stop"),
        ("paragraph", 0, alarms, "Use stop when it is hot."),
    ]
    assert content.title == "Pump station 4"
    assert content.warnings == ()


@pytest.mark.parametrize(
    "line",
    [
        "<p>Turn <code>--key\nleft</code> slowly, then wait.</p>",
        "<p><em>Turn <code>--key left</code></em> slowly, then wait.</p>",
        "<p><b><span>Turn <code>--key left</code></span></b> slowly, then wait.</p>",
    ],
)
def test_code_in_a_line_is_part_of_it(line: str) -> None:
    page = f"<html><body><main><h1>Pump</h1><p>It is red and loud.</p>{line}</main></body></html>"
    assert blocks(page)[-1] == ("paragraph", 0, "Turn --key left slowly, then wait.")


def test_same_page_twice_gives_the_same() -> None:
    repeated = PAGE.replace("</article>", "<p>The pump is checked once a week by two people.</p>" * 5 + "</article>")
    first, *others = [read_html(repeated.encode()) for _ in range(4)]
    assert first.text.count("checked once a week") >= 1
    assert others == [first] * 3


def test_page_without_main_keeps_headings_and_lists() -> None:
    page = "<title>T</title><h1>Pump</h1><p>It is red and loud.</p><ul><li>Open it.</li><li>Close it.</li></ul>"
    assert blocks(f"<html><body>{page}</body></html>") == [
        ("heading", 1, "Pump"),
        ("paragraph", 0, "It is red and loud."),
        ("list_item", 1, "Open it."),
        ("list_item", 1, "Close it."),
    ]


def test_headings_in_wrappers_of_their_own_are_kept_and_the_table_of_contents_is_not() -> None:
    heading = '<div class="titlepage"><div><div><{0} class="title">{1}</{0}></div></div></div>'
    page = (
        '<body><div class="navheader"><table><tr><th>Chapter 3. Pumps</th></tr><tr><td><a href="2.html">Prev</a></td>'
        '</tr></table><hr></div><div class="chapter">'
        + heading.format("h1", "Chapter 3. Pumps")
        + '<div class="toc"><p><b>Table of Contents</b></p><dl><dt><a href="#sell">Can I sell one?</a></dt></dl></div>'
        + f'<div class="section">{heading.format("h2", "Can I sell one?")}'
        + "<p>Go ahead, but ask whoever lives beside it first.</p></div>"
        + f'<div class="section">{heading.format("h2", "Can I paint it?")}'
        + "<p>Only in blue, as the canal office says.</p>"
        + '</div></div><div class="navfooter"><table><tr><td><a href="2.html">Prev</a></td></tr></table></div>'
    )
    assert blocks(page) == [
        ("heading", 1, "Chapter 3. Pumps"),
        ("heading", 2, "Can I sell one?"),
        ("paragraph", 0, "Go ahead, but ask whoever lives beside it first."),
        ("heading", 2, "Can I paint it?"),
        ("paragraph", 0, "Only in blue, as the canal office says."),
    ]


def test_title_is_that_of_the_content_and_not_of_the_site() -> None:
    page = (
        '<body><div class="site-header"><h1>Canal office</h1><a href="/">Home</a></div>'
        "<main><h1>Pump</h1><p>It is red and loud, and rings for a minute.</p></main></body>"
    )
    assert read_html(page.encode()).title == "Pump"
    assert blocks(page)[0] == ("heading", 1, "Pump")


def test_a_bold_name_of_the_site_is_no_title() -> None:
    said = "A locker key that is lost costs twenty euros, and one that is late two euros a day. " * 4
    page = f"<title>Keys</title><div><b>The town's pools</b></div><div id='content'><p>{said}</p><p>{said}</p></div>"
    assert read_html(page.encode()).title == "Keys"
    assert "The town's pools" not in read_html(page.encode()).text


def test_heading_of_nothing_that_is_kept_stays_out() -> None:
    page = (
        "<main><h1>Pump</h1><h2>Alarms</h2><p>It is red and loud, and rings for a minute.</p></main>"
        '<footer><h2>More of us</h2><p>All rights reserved.</p></footer><nav><h2>Menu</h2><a href="/">Home</a></nav>'
    )
    assert [words for *_, words in blocks(page)] == ["Pump", "Alarms", "It is red and loud, and rings for a minute."]


@pytest.mark.parametrize(
    "sign",
    [
        '<a class="headerlink" href="#pump" title="Permalink to this heading">¶</a>',
        '<a href="#pump">#</a>',
        '<span class="mw-editsection">[<a href="/edit">edit</a>]</span>',
    ],
)
def test_sign_that_links_to_a_heading_is_no_part_of_it(sign: str) -> None:
    page = f"<main><h1>Pump{sign}</h1><p>It is red and loud, and rings for a minute.</p></main>"
    assert blocks(page)[0] == ("heading", 1, "Pump")


def test_page_in_braille_is_read_as_well() -> None:
    page = "<main><h1>Pump</h1><p>⠏⠥⠍⠏ is what the plate beside the door says, in Braille.</p></main>"
    assert [words for *_, words in blocks(page)] == [
        *("Pump", "⠏⠥⠍⠏ is what the plate beside the door says, in Braille."),
    ]


@pytest.mark.parametrize("sample", ["a bare <b>word</b>", "<p>One</p><p>Two <i>three</i>four</p><ul><li>Five</ul>"])
def test_no_mark_is_left_in_the_words(sample: str) -> None:
    content = read_html(f"<body><h1>Pump</h1>{sample}<p>It is red and loud.</p></body>".encode())
    assert not any("\u2800" <= character <= "\u28ff" for character in content.text + content.title)
    assert all(block.span.of(content.text) == block.span.of(content.text).strip() for block in content.blocks)


def test_title_is_that_of_the_page_when_no_heading_is_found() -> None:
    assert read_html(b"<title>Pump\n 4</title><body><p>It is red.</p></body>").title == "Pump 4"


def test_words_straight_in_a_division_are_kept() -> None:
    page = "<main><h1>Pump</h1><p>It is red and loud.</p><div>It was bought in 1998.</div></main>"
    assert blocks(page)[-1] == ("paragraph", 0, "It was bought in 1998.")


def test_menu_of_a_page_without_main_stays_out() -> None:
    menu = '<div class="nav"><ul><li><a href="/">Home</a></li><li><a href="/all">All pumps</a></li></ul></div>'
    assert [words for *_, words in blocks(f"<body>{menu}<h1>Pump</h1><p>It is red and loud.</p></body>")] == [
        *("Pump", "It is red and loud."),
    ]


def test_encoding_is_the_declared_one() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2"><p>Łódź jest piękna.</p>'
    content = read_html(page.encode("iso-8859-2"))
    assert (content.text, content.warnings) == ("Łódź jest piękna.", ())


def test_xhtml_declaration_is_no_obstacle() -> None:
    page = '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Größe.</p></body></html>'
    assert blocks(page) == [("paragraph", 0, "Größe.")]


def test_character_references_are_cleaned_like_text() -> None:
    assert blocks("<p>soft&shy;hyphen &amp; zero&#8203;width&nbsp;&lt;b&gt; here</p>") == [
        ("paragraph", 0, "softhyphen & zerowidth <b> here"),
    ]


def test_external_entity_is_not_fetched() -> None:
    page = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>Before &x; after it.</p>'
    assert "root:" not in read_html(page.encode()).text


@pytest.mark.parametrize("data", [b"<!-- -->", b"<html></html>", b"<script>x()</script>", b"<?xml version='1.0'?>"])
def test_page_without_text_has_no_blocks_or_says_so(data: bytes) -> None:
    try:
        assert read_html(data).blocks == ()
    except UnreadableDocument as error:
        assert str(error) == "no element was found in it; an HTML page was expected"


def test_endless_nesting_is_refused_or_cut_with_a_warning() -> None:
    with pytest.raises(UnreadableDocument, match=r"nested more than 2,048 deep .*; save it as plain text"):
        read_html(("<body>" + "<div>" * 100_000 + "unseen").encode())
    content = read_html(("<body><p>Seen here.</p>" + "<div>" * 100_000 + "unseen").encode())
    assert content.text == "Seen here."
    assert content.warnings[-1] == "elements nested more than 2,048 deep were left out"


def test_page_that_trafilatura_cannot_read_is_taken_whole_with_a_warning() -> None:
    content = read_html(("<body><nav>Home</nav>" + "<div>" * 1000 + "Seen here.").encode())
    assert content.text == "Seen here."
    assert content.warnings == ("no main content was found, so all text of the page was taken",)


def test_page_of_very_many_elements_is_taken_whole_with_a_warning() -> None:
    started = time.process_time()
    content = read_html(("<body><nav>Home</nav>" + "<p>Seen here.\n" * 100_000).encode())
    assert time.process_time() - started < 20  # 2 s on two cores; trafilatura alone takes 40
    assert len(content.blocks) == 100_000
    assert content.warnings == ("no main content was found, so all text of the page was taken",)


def test_element_with_endless_attributes_is_refused_at_once() -> None:
    attributes = " ".join(f"a{number}=b" for number in range(200_000))
    started = time.process_time()
    with pytest.raises(UnreadableDocument, match=r"<p> has 200,000 attributes, but 1,000 are allowed; save it as"):
        read_html(f"<body><p {attributes}>Seen here.".encode())
    assert time.process_time() - started < 20  # 0.1 s on two cores; building the tree takes minutes


def test_line_of_five_megabytes_takes_seconds() -> None:
    started = time.process_time()
    content = read_html(b"<body><p>" + b"word " * 1_000_000)
    assert time.process_time() - started < 30  # 4 s on two cores
    assert len(content.text) == 4_999_999


OPENED = ["p", "b", "div", "ul", "li", "table", "tr", "td", "th", "h1", "h3", "pre", "code", "br", "nav", "main", "a"]
CLOSED = ["p", "b", "div", "ul", "li", "table", "tr", "td", "pre", "code", "h1", "nav", "main", "script"]
WORDS = ["word ", "One two. ", "\n", "&amp;", "&#0;", "&#x202e;", "<!--", "-->", "<", "\u0301", "<script>", "<dl><dt>"]
TAGS = st.sampled_from([*(f"<{tag}>" for tag in OPENED), *(f"</{tag}>" for tag in CLOSED), *WORDS])


@given(st.lists(TAGS, max_size=40).map("".join))
def test_any_soup_gives_blocks_or_a_clear_error(soup: str) -> None:
    try:
        content = read_html(soup.encode())
    except UnreadableDocument:
        return
    assert "\n\n".join(block.span.of(content.text) for block in content.blocks).split() == content.text.split()
    assert "".join(content.text.split()).count("word") <= soup.count("word")
