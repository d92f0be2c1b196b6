"""Sitemaps and robots.txt: which pages they name, which they may name, and what they cannot do."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from rag.errors import DocumentTooLarge, InputError, UnreadableDocument
from rag.hosts import parse_permit
from rag.ingest.sources.web.fetch import Fetcher, FetchLimits
from rag.ingest.sources.web.robots import is_allowed, parse_rules
from rag.ingest.sources.web.sitemap import SitemapListing, list_pages, parse_sitemap
from rag.ingest.sources.web.urls import parse_url
from tests.support.effort import at_most
from tests.support.sites import NAMESPACE, Site, serving, urlset


def index(*locations: str) -> str:
    inner = "".join(f"<sitemap><loc>{location}</loc></sitemap>" for location in locations)
    return f'<sitemapindex xmlns="{NAMESPACE}">{inner}</sitemapindex>'


# -- one file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(urlset("http://a.example/1", " http://a.example/2\n").encode(), id="XML"),
        pytest.param(urlset("http://a.example/1", "http://a.example/2")[38:].encode("utf-16"), id="UTF-16"),
        pytest.param(gzip.compress(urlset("http://a.example/1", "http://a.example/2").encode()), id="packed"),
        pytest.param(b"http://a.example/1\r\nhttp://a.example/2\r\n", id="a text"),
        pytest.param(b"\xef\xbb\xbfhttp://a.example/1\nhttp://a.example/2", id="a text with a mark"),
        pytest.param(
            b"<urlset><url><loc>http://a.example/1</loc></url><url><loc><![CDATA[http://a.example/2]]></loc></url>"
            b"</urlset>",
            id="without a namespace, in CDATA",
        ),
    ],
)
def test_the_locations_of_a_sitemap(data: bytes) -> None:
    found = parse_sitemap(data)
    assert (found.is_index, found.locations) == (False, ("http://a.example/1", "http://a.example/2"))


def test_only_the_location_of_the_page_counts_and_its_escapes_are_undone() -> None:
    text = urlset("http://a.example/?a=1&amp;b=2").replace(
        "</loc>", "</loc><image:image xmlns:image='i'><image:loc>http://a.example/x.png</image:loc></image:image>"
    )
    assert parse_sitemap(text.encode()).locations == ("http://a.example/?a=1&b=2",)


ATTACKS = {
    "a file": f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]>{urlset("&x;")[38:]}',
    "an address": f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>{urlset("&x;")[38:]}',
    "an outer DTD": f'<!DOCTYPE urlset SYSTEM "http://127.0.0.1:9/x.dtd">{urlset("http://a.example/")[38:]}',
    "a parameter entity": f'<!DOCTYPE u [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>{urlset("a")[38:]}',
    "a billion laughs": "<!DOCTYPE u [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + f"]>{urlset('&a11;')[38:]}",
    "quadratic": f"<!DOCTYPE u [<!ENTITY a '{'x' * 100_000}'>]>{urlset('&a;' * 10_000)[38:]}",
    "a harmless one": f"<!DOCTYPE urlset>{urlset('http://a.example/')[38:]}",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_document_type_is_refused_before_it_does_anything(attack: str, encoding: str) -> None:
    with at_most(1), pytest.raises(UnreadableDocument, match="document type declaration"):
        parse_sitemap(ATTACKS[attack].encode(encoding))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "no element found", id="nothing"),
        pytest.param(b"<html><body>Not found</body></html>", "no sitemap but <html>", id="a page"),
        pytest.param(urlset("a")[:-9].encode(), "this is no sitemap", id="cut off"),
        pytest.param(b"<urlset>&x;</urlset>", "undefined entity", id="an entity that nobody declared"),
        pytest.param(b"<?xml version='1.0' encoding='punycode'?><urlset/>", "sitemap", id="an odd encoding"),
        pytest.param(b"<?xml version='1.0' encoding='UTF-9'?><urlset/>", "unknown encoding: UTF-9", id="no encoding"),
        pytest.param(b"<urlset>" + b"<a>" * 100_000, "nest more than 20 deep", id="deep"),
        pytest.param(b"\x00\x01\x02", "this is no sitemap", id="no text"),
    ],
)
def test_what_is_no_sitemap_is_an_error_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse_sitemap(data)


def test_a_packed_bomb_is_not_unpacked() -> None:
    with pytest.raises(DocumentTooLarge, match="more than 200 times"):
        parse_sitemap(gzip.compress(b" " * 20_000_000))
    with pytest.raises(DocumentTooLarge, match="more than 1,000 bytes"):
        parse_sitemap(gzip.compress(b" " * 2_000), max_bytes=1_000)


def test_a_file_is_read_up_to_its_limit_of_locations() -> None:
    names = [f"http://a.example/{number}" for number in range(9)]
    for data in (urlset(*names).encode(), "\n".join(names).encode()):
        found = parse_sitemap(data, max_locations=3)
        assert (found.locations, found.is_cut) == (tuple(names[:3]), True)
    assert not parse_sitemap(urlset(*names[:3]).encode(), max_locations=3).is_cut


# -- all of a site ---------------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def walk(site: Site, *, max_pages: int = 100, max_sitemaps: int = 200, allow: tuple[str, ...] = ()) -> SitemapListing:
    """What the sitemap of a site lists; every name leads to the site."""
    permits = tuple(parse_permit(entry) for entry in (f"127.0.0.1:{site.port}", *allow))
    found = Fetcher(FetchLimits(1_000_000, total_seconds=5), permits, lambda *_: [ip_address("127.0.0.1")])
    return list_pages(parse_url(site.url("/sitemap.xml")), found, max_pages=max_pages, max_sitemaps=max_sitemaps)


def paths(listing: SitemapListing) -> list[str]:
    return [url.target for url in listing.pages]


def test_the_pages_of_a_sitemap_each_once(site: Site) -> None:
    site.page("/sitemap.xml", urlset(site.url("/b"), site.url("/a"), site.url("/b#c")))
    assert (paths(walk(site)), walk(site).problems) == (["/b", "/a"], [])


def test_the_pages_of_all_sitemaps_of_an_index_and_what_failed(site: Site) -> None:
    site.page("/sitemap.xml", index(site.url("/1.xml"), site.url("/2.xml"), site.url("/3.xml.gz"), site.url("/4.xml")))
    site.page("/1.xml", urlset(site.url("/a"), site.url("/b")))
    site.page("/3.xml.gz", gzip.compress(urlset(site.url("/b"), site.url("/c")).encode()))
    site.page("/4.xml", index(site.url("/1.xml")))
    listing = walk(site)
    assert paths(listing) == ["/a", "/b", "/c"]
    assert listing.problems == [
        f"{site.url('/2.xml')}: the server answers 404 (Not Found).",
        f"{site.url('/4.xml')}: this is an index inside an index; expected a sitemap with pages.",
    ]


def test_pages_of_other_hosts_are_left_out_unless_they_are_allowed(site: Site) -> None:
    other = f"http://other.example:{site.port}/x"
    site.page("/sitemap.xml", urlset(site.url("/a"), other, "http://169.254.169.254/", "http://10.0.0.1/"))
    listing = walk(site)
    assert paths(listing) == ["/a"]
    assert listing.problems == ["3 pages of other hosts are left out; --allow names hosts to take in too."]
    assert paths(walk(site, allow=(f"other.example:{site.port}",))) == ["/a", "/x"]


def test_an_index_does_not_lead_to_other_hosts(site: Site) -> None:
    with serving() as inside:
        site.page("/sitemap.xml", index(f"http://localhost:{inside.port}/secret.xml"))
        assert paths(walk(site)) == []
        assert inside.asked == []


def test_addresses_that_are_none_are_counted(site: Site) -> None:
    site.page("/sitemap.xml", urlset("file:///etc/passwd", site.url("/a"), "/b", f"{site.url('/')}{'c' * 9_000}"))
    listing = walk(site)
    assert paths(listing) == ["/a"]
    assert len(listing.problems) == 1
    assert listing.problems[0].startswith("3 addresses in the sitemap cannot be used, the first: file:///etc/passwd: ")


def test_no_more_pages_than_allowed(site: Site) -> None:
    site.page("/sitemap.xml", index(site.url("/1.xml"), site.url("/2.xml")))
    site.page("/1.xml", urlset(site.url("/a"), site.url("/b")))
    site.page("/2.xml", urlset(site.url("/b"), site.url("/c")))
    assert (paths(walk(site, max_pages=3)), walk(site, max_pages=3).problems) == (["/a", "/b", "/c"], [])
    listing = walk(site, max_pages=2)
    assert paths(listing) == ["/a", "/b"]
    assert listing.problems[0].startswith("The sitemap names more pages than the 2 that are fetched.")
    assert "it names more than 1 sitemaps" in walk(site, max_sitemaps=1).problems[0]


def test_a_sitemap_that_is_not_there_is_an_error(site: Site) -> None:
    with pytest.raises(InputError, match="404"):
        walk(site)
    site.page("/sitemap.xml", "<html></html>")
    with pytest.raises(UnreadableDocument, match=f"^{site.url('/sitemap.xml')}: this is no sitemap but <html>"):
        walk(site)


# -- robots.txt ------------------------------------------------------------------------------------------------------


def test_robots_txt_is_asked_once_and_heeded(site: Site) -> None:
    site.page("/sitemap.xml", urlset(*map(site.url, ("/a", "/private/b", "/private/open"))))
    site.page("/robots.txt", "User-agent: *\nDisallow: /private/\nAllow: /private/open\n", content_type="text/plain")
    listing = walk(site)
    assert paths(listing) == ["/a", "/private/open"]
    assert listing.problems == ["1 pages are left out because robots.txt asks for it."]
    assert site.paths.count("/robots.txt") == 1


def test_without_robots_txt_all_is_open_and_with_one_that_fails_nothing(site: Site) -> None:
    site.page("/sitemap.xml", urlset(site.url("/a")))
    assert paths(walk(site)) == ["/a"]
    site.page("/robots.txt", "", status="503 Service Unavailable")
    listing = walk(site)
    assert paths(listing) == []
    assert f"{site.url('/robots.txt')}: the server answers 503" in listing.problems[-1]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        pytest.param("", "/a", True, id="no rules"),
        pytest.param("User-agent: *\nDisallow:\n", "/a", True, id="an empty rule"),
        pytest.param("User-agent: *\nDisallow: /\n", "/a", False, id="all closed"),
        pytest.param("User-agent: other\nDisallow: /\n", "/a", True, id="for somebody else"),
        pytest.param("User-agent: *\nDisallow: /\nUser-agent: CiteWell\nAllow: /\n", "/a", True, id="for us"),
        pytest.param("User-agent: citewell\nUser-agent: b\nDisallow: /a\n", "/a", False, id="for us and another"),
        pytest.param("User-agent: citewell\nDisallow: /a\nUser-agent: b\nDisallow: /c\n", "/c", True, id="two groups"),
        pytest.param("User-agent: *\nDisallow: /a # why\n", "/ab", False, id="the beginning counts; a comment"),
        pytest.param("User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", True, id="the longest counts"),
        pytest.param("User-agent: *\nAllow: /a/b\nDisallow: /a\n", "/a/c", False, id="whatever the order"),
        pytest.param("User-agent: *\nAllow: /a\nDisallow: /a\n", "/a", True, id="of two alike the kinder"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$\n", "/x/y.pdf", False, id="a star and an end"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$\n", "/x/y.pdf?z", True, id="not the end"),
        pytest.param("User-agent: *\nDisallow: /a*c*e\n", "/abcde", False, id="two stars"),
        pytest.param("User-agent: *\nDisallow: /a*c*e\n", "/aced", False, id="stars for nothing"),
        pytest.param("User-agent: *\nDisallow: /a*c*e\n", "/aec", True, id="in another order"),
        pytest.param("User-agent: *\nDisallow: /a$\n", "/a", False, id="all of it"),
        pytest.param("User-agent: *\nDisallow: /a*a$\n", "/a", True, id="nothing counts twice"),
        pytest.param("User-agent: *\nDisallow: /ä\n", "/%C3%A4", False, id="letters"),
        pytest.param("USER-AGENT : *\r\ndisallow:/a\r\n", "/a", False, id="other ways to write it"),
        pytest.param("<html>Disallow: /</html>", "/a", True, id="no rules but a page"),
    ],
)
def test_the_rules_of_robots_txt(text: str, path: str, expected: bool) -> None:
    assert is_allowed(path, parse_rules(text)) is expected


def test_a_pattern_with_many_stars_takes_no_time() -> None:
    rules = parse_rules("User-agent: *\nDisallow: /" + "a*" * 900 + "b\n")
    with at_most(0.5):
        assert is_allowed("/" + "a" * 1_900, rules)
