"""`rag fetch`: pages become documents, once each, and follow what is on the web."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import InvalidSetting, UnsupportedFormat
from rag.ingest.results import SyncReport
from rag.ingest.sources.web import FetchOptions
from rag.ingest.sources.web.fetch import FetchedPage
from rag.ingest.sources.web.fetch_pages import as_utf8, media_type_of
from rag.ingest.sources.web.urls import parse_url
from tests.support.access import EVERYTHING
from tests.support.hash_cli import Rag, Ran
from tests.support.pdf_files import draw, lines
from tests.support.restart import restart
from tests.support.sites import Site, serving, urlset

GATE = "<html><title>The gate</title><body><h1>Gate</h1><p>The gate opens at eight in the morning.</p></body></html>"
LONG_AGO = {"last_modified": "Mon, 05 Jan 2026 10:00:00 GMT"}
Fetch = Callable[..., SyncReport]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


@pytest.fixture
def fetch(empty_citewell: Citewell, site: Site) -> Fetch:
    """Fetches pages of `site`, by their paths, with the options given."""
    restart(empty_citewell, fetch_allow=(f"127.0.0.1:{site.port}",))

    def run(*paths: str, **options: object) -> SyncReport:
        return empty_citewell.documents.fetch(list(map(site.url, paths)), FetchOptions(**options))  # type: ignore[arg-type] # any

    return run


def told(report: SyncReport) -> list[tuple[str, str]]:
    """Status and path of each result."""
    return [(result.status.value, re.sub(r"http://[^/]*", "", result.location)) for result in report.results]


def only(citewell: Citewell) -> str:
    """The text of the one document."""
    (info,) = citewell.documents.all(access=EVERYTHING)
    return citewell.documents.get(info.source.id, access=EVERYTHING).text


# -- what becomes of a page ------------------------------------------------------------------------------------------


def test_a_page_is_a_document_under_its_address(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    address = site.page("/a?b", GATE, **LONG_AGO)
    assert told(fetch("/a?b#c")) == [("created", "/a?b")]
    (info,) = empty_citewell.documents.all(access=EVERYTHING)
    assert (info.source.title, info.source.location, info.source.media_type) == ("Gate", address, "text/html")
    assert info.source.id == hashlib.sha256(address.encode()).hexdigest()[:16]
    document = empty_citewell.documents.get(info.source.id, access=EVERYTHING)
    assert document.modified_at == "2026-01-05T10:00:00+00:00"
    (hit,) = empty_citewell.questions.search("When does the gate open?", access=EVERYTHING)
    assert hit.chunk.span.of(document.text) == hit.chunk.text
    assert "The gate opens at eight in the morning." in hit.chunk.text


def test_the_same_bytes_again_are_not_read_again(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    site.page("/a", GATE)
    fetch("/a")
    before = empty_citewell.maintenance.health().index_version
    report = fetch("/a", "/a#b")
    assert (told(report), report.unchanged, site.paths) == ([], 1, ["/a", "/a"])
    assert empty_citewell.maintenance.health().index_version == before


def test_a_page_that_has_a_date_is_not_even_sent_again(site: Site, fetch: Fetch) -> None:
    site.page("/a", GATE, **LONG_AGO)
    fetch("/a")
    site.page("/a", "", status="304 Not Modified", content_length="")
    report = fetch("/a")
    assert (told(report), report.unchanged) == ([], 1)
    asked = [request.headers.get("if-modified-since") for request in site.asked]
    assert asked == [None, "Mon, 05 Jan 2026 10:00:00 GMT"]


def test_a_date_is_not_asked_about_where_it_says_nothing(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    """After a redirect, after a removal, and when the document was replaced by other means."""
    site.redirect("/from", "/a")
    site.page("/a", GATE, **LONG_AGO)
    fetch("/from")
    fetch("/from")
    fetch("/a")
    (first, second) = (info.source.id for info in empty_citewell.documents.all(access=EVERYTHING))
    empty_citewell.documents.remove(first)
    empty_citewell.documents.put(second, b"It rains.", media_type="text/plain")
    assert sorted(told(fetch("/a", "/from"))) in (
        [("created", "/a"), ("updated", "/from")],
        [
            ("created", "/from"),
            ("updated", "/a"),
        ],
    )
    assert not any("if-modified-since" in request.headers for request in site.asked)


def test_a_changed_page_is_read_again_and_its_earlier_text_kept(
    site: Site, fetch: Fetch, empty_citewell: Citewell
) -> None:
    site.page("/a", GATE, **LONG_AGO)
    fetch("/a")
    site.page("/a", GATE.replace("eight", "nine"))
    assert told(fetch("/a")) == [("updated", "/a")]
    assert "opens at nine" in only(empty_citewell)
    (info,) = empty_citewell.documents.all(access=EVERYTHING)
    assert len(empty_citewell.documents.versions(info.source.id, access=EVERYTHING)) == 1


def test_a_page_that_is_gone_is_told_of_and_stays_until_it_may_go(
    site: Site, fetch: Fetch, empty_citewell: Citewell
) -> None:
    address = site.page("/a", GATE)
    fetch("/a")
    site.page("/a", "Not found", status="410 Gone")
    report = fetch("/a")
    assert (told(report), report.kept) == ([], (address,))
    assert report.problems == (
        f"{address}: the server answers 410 (Gone). Its document is kept; --delete-missing removes it.",
    )
    assert "opens at eight" in only(empty_citewell)
    assert [file.location for file in empty_citewell.documents.failed_files()] == [address]
    assert told(fetch("/a", delete_missing=True, dry_run=True)) == [("removed", "/a")]
    assert len(empty_citewell.documents.all(access=EVERYTHING)) == 1
    assert told(fetch("/a", delete_missing=True)) == [("removed", "/a")]
    assert empty_citewell.documents.all(access=EVERYTHING) == []
    assert told(fetch("/a", delete_missing=True)) == [("failed", "/a")], "now there is nothing to remove"


def test_a_page_that_comes_back_is_no_failure_any_more(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    site.page("/a", GATE)
    fetch("/a")
    site.page("/a", "", status="404 Not Found")
    fetch("/a")
    site.page("/a", GATE)
    report = fetch("/a")
    assert (told(report), report.unchanged, report.problems) == ([], 1, ())
    assert empty_citewell.documents.failed_files() == []


def test_a_server_in_trouble_costs_no_document(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    site.page("/a", GATE)
    fetch("/a")
    for status in ("500 Internal Server Error", "403 Forbidden"):
        site.page("/a", "", status=status)
        assert told(fetch("/a", delete_missing=True)) == [("failed", "/a")]
    site.page("/a", "<html></html>")
    assert told(fetch("/a", delete_missing=True)) == [("failed", "/a")]
    assert "opens at eight" in only(empty_citewell)


def test_one_page_that_fails_does_not_stop_the_others(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    site.page("/1", GATE)
    site.page("/2", "x", content_type="image/png")
    site.redirect("/3", "http://169.254.169.254/latest/meta-data/")
    site.page("/5", GATE.replace("gate", "door"))
    report = fetch("/1", "/2", "/3", "/4", "/5")
    assert sorted(told(report)) == [
        ("created", "/1"),
        ("created", "/5"),
        ("failed", "/2"),
        ("failed", "/3"),
        ("failed", "/4"),
    ]
    errors = {path: result.error for (_, path), result in zip(told(report), report.results, strict=True)}
    assert errors["/2"] == (
        f"{site.url('/2')}: no reader for it: its server calls it image/png; expected a web page, text, Markdown, PDF"
        " or an office document"
    )
    assert "169.254.169.254 is a link-local address" in str(errors["/3"])
    assert errors["/4"] == f"{site.url('/4')}: the server answers 404 (Not Found)"
    assert len(empty_citewell.documents.failed_files()) == 3


def test_many_pages_are_stored_a_few_at_a_time(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    paths = [f"/{number}" for number in range(45)]
    for path in paths:
        site.page(path, GATE.replace("eight", path))
    assert told(fetch(*paths)) == [("created", path) for path in paths]
    assert len(empty_citewell.documents.all(access=EVERYTHING)) == 45


def test_others_may_write_while_a_page_is_waited_for(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    """The server stores a document before it answers: it would wait forever for a lock that is held meanwhile."""
    site.page("/a", GATE)
    answer = site.answers["/a"]

    def write_first(connection: socket.socket) -> None:
        empty_citewell.documents.put("other", b"It rains.", media_type="text/plain")
        answer(connection)

    site.answers["/a"] = write_first
    assert told(fetch("/a")) == [("created", "/a")]
    assert len(empty_citewell.documents.all(access=EVERYTHING)) == 2


def test_a_dry_run_fetches_and_changes_nothing(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    site.page("/a", GATE)
    report = fetch("/a", "/b", dry_run=True)
    assert (told(report), report.dry_run) == ([("created", "/a"), ("failed", "/b")], True)
    assert (empty_citewell.documents.all(access=EVERYTHING), empty_citewell.documents.failed_files()) == ([], [])
    fetch("/a")
    site.page("/a", GATE.replace("eight", "nine"))
    assert told(fetch("/a", dry_run=True)) == [("updated", "/a")]
    assert "opens at eight" in only(empty_citewell)


def test_folders_and_pages_do_not_get_in_each_others_way(
    site: Site, fetch: Fetch, empty_citewell: Citewell, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "gate.html").write_text(GATE)
    site.page("/gate.html", GATE)
    empty_citewell.documents.sync([tmp_path / "docs"])
    fetch("/gate.html")
    report = empty_citewell.documents.sync([tmp_path / "docs"])
    assert (report.unchanged, report.results, report.problems) == (1, (), ())
    assert len(empty_citewell.documents.all(access=EVERYTHING)) == 2


def test_nothing_is_fetched_from_the_inside_by_default(site: Site, empty_citewell: Citewell) -> None:
    report = empty_citewell.documents.fetch([site.page("/a", GATE)])
    assert told(report) == [("failed", "/a")]
    assert "127.0.0.1 is a loopback address" in str(report.results[0].error)
    assert site.asked == []


def test_a_page_is_no_larger_than_a_document_may_be(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    restart(empty_citewell, max_document_bytes=50)
    site.page("/a", GATE)
    (result,) = fetch("/a").results
    assert result.error == (
        f"{site.url('/a')}: it has more than 50 bytes, which are allowed; raise CITEWELL_MAX_DOCUMENT_BYTES"
    )


# -- how it is read --------------------------------------------------------------------------------------------------


def test_a_pdf_is_known_by_what_its_server_calls_it(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    site.page("/download.php?id=7", draw(lines("The pump stops at noon.")), content_type="application/pdf")
    assert told(fetch("/download.php?id=7")) == [("created", "/download.php?id=7")]
    assert "The pump stops at noon." in only(empty_citewell)


@pytest.mark.parametrize(
    ("said", "address", "expected"),
    [
        pytest.param("text/html", "/a", "text/html", id="a page"),
        pytest.param("application/xhtml+xml", "/a", "text/html", id="another name for a page"),
        pytest.param("text/html", "/a.pdf", "text/html", id="the server knows better than the address"),
        pytest.param("application/pdf", "/a.html", "application/pdf", id="likewise"),
        pytest.param("text/plain", "/a.md", "text/markdown", id="plain, but Markdown by its address"),
        pytest.param("text/plain", "/a.csv?raw=1", "text/csv", id="plain, but a table by its address"),
        pytest.param("text/plain", "/a.html", "text/plain", id="plain, and meant to be"),
        pytest.param("application/octet-stream", "/a.PDF", "application/pdf", id="the server does not know"),
        pytest.param("application/x-whatever", "/a.epub", "application/epub+zip", id="a name that is not known"),
        pytest.param("", "/a.md", "text/markdown", id="the server does not say"),
        pytest.param("", "/a", "", id="nobody says"),
        pytest.param("image/png", "/a.html", "", id="a picture, whatever its address"),
        pytest.param("application/json", "/a", "", id="data"),
        pytest.param("application/zip", "/a.zip", "", id="an archive"),
    ],
)
def test_which_reader_reads_a_page(said: str, address: str, expected: str) -> None:
    url = parse_url(f"http://a.example{address}")
    page = FetchedPage(url, b"x", said)
    if expected:
        assert media_type_of(page, url) == expected
    else:
        with pytest.raises(UnsupportedFormat, match=r"^http://a\.example/a.*: no reader for it: its server "):
            media_type_of(page, url)


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        pytest.param("Öl".encode("cp1252"), "windows-1252", "Öl", id="as it says"),
        pytest.param("“Öl”".encode("cp1252"), "iso-8859-1", "“Öl”", id="Latin-1 is read as browsers do"),
        pytest.param("Привет".encode("koi8-r"), "koi8-r", "Привет", id="Cyrillic"),
        pytest.param("日本".encode("shift_jis"), "shift_jis", "日本", id="Japanese"),
        pytest.param("Öl".encode("utf-16-le"), "utf-16le", "Öl", id="UTF-16 without a mark"),
        pytest.param("Öl".encode(), "iso-8859-1", "Öl", id="UTF-8, whatever its server says"),
        pytest.param("Öl".encode("utf-8-sig"), "koi8-r", "\ufeffÖl", id="a mark says more"),
    ],
)
def test_the_encoding_that_a_server_names_is_heeded(data: bytes, charset: str, expected: str) -> None:
    page = FetchedPage(parse_url("http://a.example/"), data, "text/html", charset)
    assert as_utf8(page, "text/html").decode() == expected


@pytest.mark.parametrize(
    "charset", ["", "no-such", "punycode", "idna", "hex", "utf-7", "rot13", "unicode_escape", "utf-8"]
)
def test_what_is_no_encoding_of_pages_is_left_to_the_reader(charset: str) -> None:
    page = FetchedPage(parse_url("http://a.example/"), b"\xd6l", "text/html", charset)
    assert as_utf8(page, "text/html") == b"\xd6l"
    assert as_utf8(replace(page, charset="koi8-r"), "application/pdf") == b"\xd6l", "only texts have one"


def test_the_encoding_comes_from_the_header(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    text = "Ворота открываются в восемь часов утра."
    site.page("/a", f"<p>{text}</p>".encode("koi8-r"), content_type="text/html; charset=KOI8-R")
    fetch("/a")
    assert text in only(empty_citewell)
    (info,) = empty_citewell.documents.all(access=EVERYTHING)
    assert not any("guessed" in warning for warning in info.warnings)


# -- sitemaps and the command line -----------------------------------------------------------------------------------


def test_the_pages_of_a_sitemap_become_documents(site: Site, fetch: Fetch, empty_citewell: Citewell) -> None:
    site.page("/sitemap.xml", urlset(site.page("/a", GATE), site.url("/b"), "http://other.example/"))
    report = fetch("/sitemap.xml", "/none.xml", sitemap=True)
    assert told(report) == [("failed", "/none.xml"), ("created", "/a"), ("failed", "/b")]
    assert report.problems == ("1 pages of other hosts are left out; --allow names hosts to take in too.",)
    assert [info.source.location for info in empty_citewell.documents.all(access=EVERYTHING)] == [site.url("/a")]
    with pytest.raises(InvalidSetting, match="max_pages is 0; expected 1 or more"):
        fetch("/sitemap.xml", sitemap=True, max_pages=0)


def test_the_command_tells_what_it_did(rag: Rag, site: Site) -> None:
    allow = ("--allow", f"127.0.0.1:{site.port}")
    address = site.page("/a", GATE)
    assert rag("fetch", address, *allow) == Ran(0, f"created    {address}\n1 created\n", "")
    assert rag("fetch", address, *allow) == Ran(0, "1 unchanged\n", "")
    site.page("/a", GATE.replace("eight", "nine"))
    assert rag("fetch", address, *allow, "--dry-run") == Ran(0, f"updated    {address}\nwould be: 1 updated\n", "")
    del site.answers["/a"]
    problem = f"{address}: the server answers 404 (Not Found). Its document is kept; --delete-missing removes it.\n"
    assert rag("fetch", address, *allow) == Ran(1, "1 kept\n", problem)
    body = rag("fetch", address, *allow, "--json").json
    assert (body["kept"], body["results"]) == ([address], [])
    assert rag("fetch", address, *allow, "--delete-missing") == Ran(0, f"removed    {address}\n1 removed\n", "")


def test_the_command_fetches_sitemaps(rag: Rag, site: Site) -> None:
    address = site.page("/sitemap.xml", urlset(site.page("/a", GATE), site.page("/b", GATE)))
    ran = rag("fetch", "--sitemap", address, "--allow", f"127.0.0.1:{site.port}", "--max-pages", "1")
    assert (ran.code, ran.out) == (1, f"created    {site.url('/a')}\n1 created\n")
    assert ran.err.startswith("The sitemap names more pages than the 1 that are fetched.")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1/", "http://2130706433/", "file:///etc/passwd", "http://u:secret@a.example/", "a.example", ""],
)
def test_a_refusal_is_one_line_and_no_traceback(rag: Rag, address: str) -> None:
    ran = rag("fetch", address)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "1 failed\n", 1)
    assert ran.err.startswith("failed     ")
    assert "secret" not in ran.err + rag("documents", "--failed").out


def test_the_setting_allows_and_the_option_is_in_its_place(
    rag: Rag, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = site.page("/a", GATE)
    monkeypatch.setenv("CITEWELL_FETCH_ALLOW", f"10.0.0.0/8, 127.0.0.1:{site.port}")
    assert rag("fetch", address).code == 0
    assert rag("fetch", address, "--allow", "10.0.0.0/8").code == 1
    ran = rag("fetch", address, "--allow", "http://a")
    assert (ran.code, ran.err.startswith("Error: fetch_allow has 'http://a': ")) == (2, True)
