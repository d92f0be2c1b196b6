"""Feeds of news as a source: Atom and RSS, served on this machine, followed as they change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import FetchFailed, InvalidSetting
from rag.ingest.sources.web.urls import parse_url
from rag.read.formats import content_of
from rag.settings import Settings
from rag.sources import FILE_NAME
from rag.sources.feed_entries import FeedEntry, parse_feed
from rag.sources.feed_source import FeedSource
from rag.sources.pace import Pace
from rag.sources.source_file import parse_source_file
from rag.sources.source_report import load_state
from tests.support.access import EVERYTHING
from tests.support.feeds import ATOM, atom, atom_entry, rss
from tests.support.sites import Site, serving
from tests.support.source_scenes import counts, cut_short, readers, sync, write_source_file

URL = parse_url("https://news.example/feed.xml")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def follow(citewell: Citewell, site: Site, name: str, **more: object) -> None:
    write_source_file(citewell, **{name: {"kind": "feed", "url": site.url(f"/{name}.xml")} | more})


def pages(citewell: Citewell, name: str) -> dict[str, bytes]:
    """The bytes that are stored of each document of a source without links, by its title."""
    found = {}
    for info in citewell.documents.all(access=EVERYTHING):
        if info.source.location.startswith(f"source:{name}/"):
            found[info.source.title] = citewell.documents.original(info.source.id, access=EVERYTHING).data
    return found


def page_of(title: str, content: str) -> bytes:
    """What an entry with these words is made into."""
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><article>\n<h1>{title}</h1>\n{content}\n</article></body></html>\n"
    ).encode()


def serve_news(site: Site, name: str, news: Mapping[str, str], **headers: str) -> None:
    """A feed of these entries: what each says, by its title, which is its id as well."""
    site.page(
        f"/{name}.xml", atom(atom_entry(f"urn:{title}", title, words) for title, words in news.items()), **headers
    )


# -- followed --------------------------------------------------------------------------------------------------------


def test_what_is_stored_is_what_the_feed_says_before_and_after_a_change(one_citewell: Citewell, site: Site) -> None:
    """Cut short on the way, and gone on with; entries that leave are removed here, and all get other readers."""
    before = {f"News {n}": f"<p>Gate {n} opens at eight.</p>" for n in range(200)}
    follow(one_citewell, site, "home", dropped="remove", groups=["staff"])
    serve_news(site, "home", before)
    assert counts(sync(one_citewell)) == (200, 0, 0, 0, 0, 0)
    assert pages(one_citewell, "home") == {title: page_of(title, words) for title, words in before.items()}
    titles = sorted(before)
    after = before | {title: f"<p>The door of {title} is shut.</p>" for title in titles[:20]}
    for title in titles[20:40]:
        del after[title]
    after |= {f"Late news {n}": f"<p>Gate {n} is closed.</p>" for n in range(20)}
    serve_news(site, "home", after)
    follow(one_citewell, site, "home", dropped="remove", groups=["board"])
    cut_short(one_citewell, results=25)
    report = sync(one_citewell)
    assert (report.ok, report.problems, report.failed) == (True, (), 0)
    assert pages(one_citewell, "home") == {title: page_of(title, words) for title, words in after.items()}
    assert set(readers(one_citewell).values()) == {frozenset({"board"})}
    assert counts(sync(one_citewell)) == (0, 0, 0, 0, 200, 0)
    assert [check for check in one_citewell.maintenance.check() if not check.ok] == []


def test_what_leaves_the_feed_stays_with_its_rights_unless_the_file_says_otherwise(
    one_citewell: Citewell, site: Site
) -> None:
    first = {"One": "<p>It opens at one.</p>", "Two": "<p>It opens at two.</p>"}
    follow(one_citewell, site, "kept", groups=["staff"])
    serve_news(site, "kept", first)
    sync(one_citewell, "kept")
    serve_news(site, "kept", {"Three": "<p>It opens at three.</p>"})
    assert counts(sync(one_citewell, "kept")) == (1, 0, 0, 0, 2, 0)
    assert sorted(pages(one_citewell, "kept")) == ["One", "Three", "Two"]
    follow(one_citewell, site, "kept", groups=["board"])
    assert sync(one_citewell, "kept").rights_changed == 3
    assert set(readers(one_citewell, "kept").values()) == {frozenset({"board"})}
    follow(one_citewell, site, "kept", groups=["board", "staff"])
    assert sync(one_citewell, "kept").rights_changed == 3
    assert set(readers(one_citewell, "kept").values()) == {frozenset({"board", "staff"})}
    follow(one_citewell, site, "kept", groups=["board"], dropped="remove", max_removed=1)
    assert counts(sync(one_citewell, "kept")) == (0, 0, 0, 2, 1, 0)
    assert sorted(pages(one_citewell, "kept")) == ["Three"]


def test_a_feed_that_has_not_changed_is_not_sent_again(one_citewell: Citewell, site: Site) -> None:
    follow(one_citewell, site, "same")
    serve_news(
        site, "same", {"One": "<p>It opens at one.</p>"}, etag='"v1"', last_modified="Sat, 28 Nov 2026 00:00:00 GMT"
    )
    sync(one_citewell, "same")
    cursor = load_state(one_citewell.settings.data_dir, "same").cursor
    assert json.loads(cursor) == {"etag": '"v1"', "modified": "Sat, 28 Nov 2026 00:00:00 GMT"}
    site.page("/same.xml", "", status="304 Not Modified", content_length="")
    assert counts(sync(one_citewell, "same")) == (0, 0, 0, 0, 1, 0)
    asked = [(each.headers.get("if-none-match"), each.headers.get("if-modified-since")) for each in site.asked]
    assert asked == [(None, None), ('"v1"', None)]
    serve_news(site, "same", {"One": "<p>It opens at six.</p>"}, last_modified="Sat, 28 Nov 2026 01:00:00 GMT")
    assert counts(sync(one_citewell, "same")) == (0, 1, 0, 0, 0, 0)
    serve_news(site, "same", {"One": "<p>It opens at six.</p>"}, etag='"v1"')
    sync(one_citewell, "same")
    assert site.asked[-1].headers["if-modified-since"] == "Sat, 28 Nov 2026 01:00:00 GMT"


def test_an_entry_lies_where_its_own_page_is_and_never_on_another_host(one_citewell: Citewell, site: Site) -> None:
    follow(one_citewell, site, "linked")
    entries = [
        atom_entry("a", "Own", "<p>It opens at one.</p>", updated="2026-11-01T09:00:00+01:00", link="/2026/own?x=1#y"),
        atom_entry("b", "Foreign", "<p>It opens at two.</p>", link="https://intranet.example/open/b"),
        atom_entry("c", "Script", "<p>It opens at ten.</p>", link="javascript:alert(1)"),
    ]
    site.page("/linked.xml", atom(entries))
    assert counts(sync(one_citewell, "linked")) == (3, 0, 0, 0, 0, 0)
    found = {
        info.source.title: info.source
        for info in one_citewell.documents.all(access=EVERYTHING)
        if info.source.title in ("Own", "Foreign", "Script")
    }
    assert found["Own"].location == site.url("/2026/own?x=1")
    assert [found[title].location.startswith("source:linked/") for title in ("Foreign", "Script")] == [True, True]
    document = one_citewell.documents.get(found["Own"].id, access=EVERYTHING)
    assert (document.text, document.modified_at) == ("Own\n\nIt opens at one.", "2026-11-01T08:00:00+00:00")
    assert [request.path for request in site.asked] == ["/linked.xml"]


def test_a_feed_that_is_down_or_none_costs_nothing(one_citewell: Citewell, site: Site) -> None:
    follow(one_citewell, site, "down")
    serve_news(site, "down", {"One": "<p>It opens at one.</p>"})
    sync(one_citewell, "down")
    for body, status, said in (
        ("", "500 Internal Server Error", "the server answers 500 (Internal Server Error)"),
        ("", "304 Not Modified", "the server answers 304"),
        ("<html></html>", "200 OK", "the answer is <html>; a feed, Atom or RSS, was expected"),
        ("no XML", "200 OK", "the answer is no XML"),
        ('<!DOCTYPE rss [<!ENTITY a "b">]><rss/>', "200 OK", "the answer declares a document type"),
    ):
        site.page("/down.xml", body, status=status)
        report = sync(one_citewell, "down")
        assert (report.ok, said in report.problems[0]) == (False, True), report.problems
    assert pages(one_citewell, "down") == {"One": page_of("One", "<p>It opens at one.</p>")}


def test_how_dropped_entries_are_treated_is_one_of_two_words(tmp_path: Path) -> None:
    written = '[source.home]\nkind = "feed"\nurl = "https://news.example/"\ndropped = "forget"\n'
    configured = parse_source_file(written.encode(), FILE_NAME)["home"]
    with pytest.raises(InvalidSetting, match="dropped is 'forget'; expected keep or remove"):
        FeedSource(configured, Pace(per_second=1, seconds=1), Settings(data_dir=tmp_path))


# -- read ------------------------------------------------------------------------------------------------------------


def entries(feed: str) -> list[FeedEntry]:
    return list(parse_feed(feed.encode(), URL))


def said(feed: str) -> list[tuple[str, str]]:
    """Title and text of each entry, as the reader of HTML has them."""
    found = []
    for entry in entries(feed):
        content = content_of(entry.page, "text/html")
        found.append((content.title, content.text))
    return found


ATOM_CONTENTS = [
    ('<content type="html">&lt;p&gt;Gate A &amp;amp; B open at one.&lt;/p&gt;</content>', "Gate A & B open at one."),
    ("<content>Gate A &amp; B\n\nare &lt;open&gt; at one.</content>", "Gate A & B\n\nare <open> at one."),
    (
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Gates <b>A</b> &amp; B</p></div></content>',
        "Gates A & B",
    ),
    ('<content src="https://elsewhere.example/x"/><summary>Gate A is shut.</summary>', "Gate A is shut."),
    ('<content type="image/png">iVBOR</content><summary>Gate A is shut.</summary>', "Gate A is shut."),
]


@pytest.mark.parametrize(("content", "text"), ATOM_CONTENTS)
def test_what_an_entry_of_atom_says(content: str, text: str) -> None:
    feed = atom([f"<entry><id>a</id><title>News</title>{content}</entry>"])
    assert said(feed) == [("News", f"News\n\n{text}")]


def test_what_an_item_of_rss_says() -> None:
    items = [
        "<item><title>One &amp;amp; a &lt;b&gt;half&lt;/b&gt;</title><description>&lt;p&gt;Gate A is open.&lt;/p&gt;"
        "</description><guid>a</guid><pubDate>Sat, 28 Nov 2026 01:00:00 +0100</pubDate></item>",
        "<item><title>Two</title><description>Short.</description><content:encoded><![CDATA[<p>Gate B is open.</p>]]>"
        "</content:encoded><guid>https://news.example/two</guid></item>",
        "<item><title>Three</title><link>https://news.example/three</link><description>Gate C.</description></item>",
        "<item><guid>empty</guid></item>",
    ]
    assert said(rss(items)) == [
        ("One & a half", "One & a half\n\nGate A is open."),
        ("Two", "Two\n\nGate B is open."),
        ("Three", "Three\n\nGate C."),
    ]
    assert [(entry.identity, entry.modified_at, entry.link) for entry in entries(rss(items))] == [
        ("a", "2026-11-28T00:00:00+00:00", "https://news.example/a"),
        ("https://news.example/two", "", "https://news.example/two"),
        ("https://news.example/three", "", "https://news.example/three"),
    ]


def test_what_an_item_of_rss_1_says() -> None:
    feed = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="urn:a"><title>One</title>'
        "<link>https://news.example/one</link><description>Gate A is open.</description>"
        "<dc:date>2026-11-28T01:00+01:00</dc:date></item></rdf:RDF>"
    )
    assert said(feed) == [("One", "One\n\nGate A is open.")]
    assert [(entry.identity, entry.modified_at, entry.link) for entry in entries(feed)] == [
        ("urn:a", "2026-11-28T00:00:00+00:00", "https://news.example/one")
    ]


def test_a_date_that_is_none_and_a_line_break_in_front_do_no_harm() -> None:
    dates = ("tomorrow", "0001-01-01T00:00:00+14:00", "2026-13-45", "")
    feed = atom(atom_entry(str(n), f"News {n}", "<p>Gate A.</p>", updated=date) for n, date in enumerate(dates))
    assert [entry.modified_at for entry in entries(f"\n {feed}")] == ["", "", "", ""]


def test_what_is_no_feed_is_refused() -> None:
    for body in ("", "<a>" * 1_000, f'<!DOCTYPE x><feed xmlns="{ATOM}"/>', f'<entry xmlns="{ATOM}"/>', "<feed/>"):
        with pytest.raises(FetchFailed, match="a feed, Atom or RSS,"):
            entries(body)
