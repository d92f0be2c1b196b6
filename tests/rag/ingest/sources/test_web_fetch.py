"""One guarded request: where redirects and names lead, what is sent, and what ends it."""

from __future__ import annotations

import gzip
import socket
import ssl
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from rag.errors import DocumentTooLarge, FetchFailed, FetchRefused, PageGone
from rag.hosts import IPAddress, parse_permit
from rag.ingest.sources.web.fetch import FetchedPage, Fetcher, FetchLimits
from rag.ingest.sources.web.unpack import Unpacker
from rag.ingest.sources.web.urls import parse_url
from tests.support.ports import free_port
from tests.support.sites import Site, dripping, flooding, sending, serving

PEM = Path(__file__).parents[3] / "data" / "tls" / "pinned.example.pem"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def deflated(data: bytes) -> bytes:
    """A piece of a packed body that may stand there any number of times."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def get(site: Site, written: str, **limits: float) -> FetchedPage:
    """The page at an address, where `site` is allowed and all names lead to it."""
    return fetcher(site, **limits).get(parse_url(written))


def fetcher(site: Site, allow: Sequence[str] = (), /, **limits: float) -> Fetcher:
    given: dict[str, float] = {"max_bytes": 100_000, "total_seconds": 5} | limits
    permits = [parse_permit(entry) for entry in (f"127.0.0.1:{site.port}", *allow)]
    return Fetcher(FetchLimits(**given), tuple(permits), lambda *_: [ip_address("127.0.0.1")])  # type: ignore[arg-type] # ints


# -- what is asked and what comes back -------------------------------------------------------------------------------


def test_a_page_comes_with_what_its_server_says_of_it(site: Site) -> None:
    changed = "Mon, 05 Jan 2026 10:00:00 GMT"
    site.page("/a?b=c", "<p>Hello", last_modified=changed, date="Mon, 05 Jan 2026 11:00:00 GMT")
    assert get(site, site.url("/a?b=c#d")) == FetchedPage(
        parse_url(site.url("/a?b=c")),
        b"<p>Hello",
        "text/html",
        "utf-8",
        "2026-01-05T10:00:00+00:00",
        is_settled=True,
    )


def test_the_request_says_who_asks_and_nothing_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    site.page("/", "x", set_cookie="a=b; Path=/")
    for _ in range(2):
        get(site, f"http://wiki.example:{site.port}/")
    headers = dict(site.asked[1].headers)
    assert headers.pop("user-agent") == "Citewell/0.1.0"
    assert headers.pop("host") == f"wiki.example:{site.port}"
    assert set(headers) == {"accept", "accept-encoding", "connection"}


@pytest.mark.parametrize(
    ("modified", "sent", "expected"),
    [
        pytest.param("", "", ("", False), id="no date"),
        pytest.param("yesterday", "", ("", False), id="no date of HTTP"),
        pytest.param("Mon, 05 Jan 2026 10:00:00 GMT", "", ("2026-01-05T10:00:00+00:00", True), id="long ago"),
        pytest.param(
            "Mon, 05 Jan 2026 10:00:00 GMT",
            "Mon, 05 Jan 2026 10:00:59 GMT",
            ("2026-01-05T10:00:00+00:00", False),
            id="changed only just before it was sent",
        ),
        pytest.param("Mon, 05 Jan 2026 10:00:00 GMT", "Mon, 05 Jan 2026 09:00:00 GMT", ("", False), id="to come"),
    ],
)
def test_when_a_page_was_changed(site: Site, modified: str, sent: str, expected: tuple[str, bool]) -> None:
    page = get(site, site.page("/", "x", last_modified=modified, date=sent))
    assert (page.modified_at, page.is_settled) == expected


def test_an_unchanged_page_is_not_sent_again(site: Site) -> None:
    site.page("/", "", status="304 Not Modified", content_length="")
    page = fetcher(site).get(parse_url(site.url()), unchanged_since="2026-01-05T10:00:00+00:00")
    assert (page.is_unchanged, page.data) == (True, b"")
    assert site.asked[0].headers["if-modified-since"] == "Mon, 05 Jan 2026 10:00:00 GMT"


def test_only_the_first_address_is_asked_whether_it_has_changed(site: Site) -> None:
    site.redirect("/", "/b")
    site.page("/b", "x")
    assert fetcher(site).get(parse_url(site.url()), unchanged_since="2026-01-05T10:00:00+00:00").data == b"x"
    assert ["if-modified-since" in request.headers for request in site.asked] == [True, False]


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_a_page_that_is_gone_is_an_error_of_its_own(site: Site, status: str) -> None:
    with pytest.raises(PageGone) as caught:
        get(site, site.page("/a", "", status=status))
    assert str(caught.value) == f"{site.url('/a')}: the server answers {status[:3]} ({status[4:]})"


@pytest.mark.parametrize(
    "status",
    [
        *("201 Created", "204 No Content", "206 Partial Content", "300 Multiple Choices", "302 Found"),
        *("304 Not Modified", "401 Unauthorized", "403 Forbidden", "429 Too Many Requests"),
        *("500 Internal Server Error", "599 Odd"),
    ],
)
def test_other_answers_are_no_pages(site: Site, status: str) -> None:
    """304 was not asked for, and 302 leads nowhere here."""
    with pytest.raises(FetchFailed, match=f"the server answers {status[:3]}"):
        get(site, site.page("/", "x" if status[0] != "3" and status[:3] != "204" else "", status=status))


# -- redirects -------------------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_the_last_address_is_told(site: Site) -> None:
    site.redirect("/a", "b?c", "301 Moved Permanently")
    site.redirect("/b?c", site.url("/d"), "308 Permanent Redirect")
    site.page("/d", "there")
    page = get(site, site.url("/a"))
    assert (page.url.text, page.data) == (site.url("/d"), b"there")


@pytest.mark.parametrize("hop", range(6))
@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{trap}/",
        "http://localhost:{trap}/",
        "//127.0.0.1:{trap}/",
        "http://2130706433:{trap}/",
        "http://[::1]:{trap}/",
        "http://169.254.169.254/",
        "http://a@127.0.0.1:{trap}/",
        "http://127.0.0.1:{trap}\\@x/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{trap}/",
    ],
)
def test_a_redirect_to_the_inside_is_refused_at_each_hop(site: Site, target: str, hop: int) -> None:
    with serving() as trap:
        for number in range(hop):
            site.redirect(f"/{number}", f"/{number + 1}")
        site.redirect(f"/{hop}", target.format(trap=trap.port))
        with pytest.raises(FetchRefused if hop < 5 else (FetchRefused, FetchFailed)):
            get(site, f"http://public.example:{site.port}/0")
        assert trap.asked == []
        assert len(site.asked) == hop + 1, "all hops before it were gone"


def test_endless_redirects_end(site: Site) -> None:
    for number in range(10):
        site.redirect(f"/{number}", f"/{number + 1}")
    with pytest.raises(FetchFailed) as caught:
        get(site, site.url("/0"))
    assert str(caught.value) == f"{site.url('/0')}: it redirects more than 5 times, the last time to {site.url('/6')}"
    assert site.paths == [f"/{number}" for number in range(6)]
    site.redirect("/round", "/round")
    with pytest.raises(FetchFailed, match="more than 2 times"):
        get(site, site.url("/round"), max_redirects=2)


# -- names and certificates ------------------------------------------------------------------------------------------


class Flipping:
    """A resolver that gives another address each time it is asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = [ip_address(answer) for answer in answers]
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[IPAddress]:
        self.asked.append((host, port))
        return [self._answers[len(self.asked) - 1]]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_the_connection_goes_to_the_address_that_was_checked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name leads to an allowed address when it is checked and to another one ever after."""
    asked_system: list[object] = []
    look_up = socket.getaddrinfo

    def noting(host: str, *args: object, **options: object) -> object:
        asked_system.append(host)
        return look_up(host, *args, **options)  # type: ignore[arg-type] # whatever it takes

    monkeypatch.setattr(socket, "getaddrinfo", noting)
    flipping = Flipping("127.0.0.1", "127.0.0.2", "127.0.0.3")
    site.page("/", "right")
    with serving("127.0.0.2", site.port) as wrong:
        found = Fetcher(FetchLimits(1_000), (parse_permit(f"127.0.0.1:{site.port}"),), flipping)
        assert found.get(parse_url(f"http://pinned.example:{site.port}/")).data == b"right"
        assert wrong.asked == []
        assert site.asked[0].headers["host"] == f"pinned.example:{site.port}"
        assert flipping.asked == [("pinned.example", site.port)], "it is resolved once"
        assert set(asked_system) <= {"127.0.0.1"}, "and nobody resolves it behind our back"
        with pytest.raises(FetchRefused, match=r"leads to 127\.0\.0\.2"):
            found.get(parse_url(f"http://pinned.example:{site.port}/"))


def test_the_next_address_is_tried_when_one_does_not_answer(site: Site) -> None:
    site.page("/", "x")
    addresses = [ip_address("127.0.0.9"), ip_address("127.0.0.1")]
    found = Fetcher(FetchLimits(1_000), (parse_permit(f"127.0.0.0/8:{site.port}"),), lambda *_: addresses)
    assert found.get(parse_url(f"http://a.example:{site.port}/")).data == b"x"


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """What a client needs to trust the certificate of pinned.example."""
    return ssl.create_default_context(cafile=str(PEM))


def test_the_certificate_is_that_of_the_name_and_not_of_the_address(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    names: list[str | None] = []
    server_tls.sni_callback = lambda _, name, __: names.append(name)
    with serving(tls=server_tls) as site:
        site.page("/", "safe")
        allow = (parse_permit(f"127.0.0.1:{site.port}"),)
        found = Fetcher(FetchLimits(1_000), allow, Flipping("127.0.0.1", "127.0.0.1"), trusting)
        assert found.get(parse_url(f"https://pinned.example:{site.port}/")).data == b"safe"
        assert (names, site.asked[0].headers["host"]) == (["pinned.example"], f"pinned.example:{site.port}")
        with pytest.raises(FetchFailed, match=r"its certificate is not trusted \(Hostname mismatch"):
            found.get(parse_url(f"https://other.example:{site.port}/"))
        with pytest.raises(FetchFailed, match=r"its certificate is not trusted \(IP address mismatch"):
            found.get(parse_url(f"https://127.0.0.1:{site.port}/"))
        with pytest.raises(FetchFailed, match=r"its certificate is not trusted \(self-signed"):
            Fetcher(FetchLimits(1_000), allow, Flipping("127.0.0.1")).get(
                parse_url(f"https://pinned.example:{site.port}/")
            )
        assert len(site.asked) == 1, "nothing was sent to whom is not trusted"


def test_a_redirect_that_gives_up_encryption_is_refused(
    site: Site, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with serving(tls=server_tls) as safe:
        safe.redirect("/", site.url("/"))
        allow = tuple(parse_permit(f"127.0.0.1:{found.port}") for found in (site, safe))
        with pytest.raises(FetchRefused, match="redirects from https to http://127"):
            Fetcher(FetchLimits(1_000), allow, Flipping("127.0.0.1"), trusting).get(
                parse_url(f"https://pinned.example:{safe.port}/")
            )
    assert site.asked == []


# -- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        pytest.param(b"", b"H", id="the first line"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"a", id="a header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", id="headers"),
        pytest.param(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", id="answers before the answer"),
        pytest.param(OK + b"Content-Length: 90000\r\n\r\n", b"x", id="a body"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", id="a body in pieces"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n", id="headers after the body"),
    ],
)
def test_a_server_that_drips_is_left_after_a_while(site: Site, start: bytes, drop: bytes) -> None:
    stop = threading.Event()
    site.answers["/"] = dripping(start, drop, stop)
    with pytest.raises(FetchFailed, match=r"not there in whole after 0\.3 seconds"):
        get(site, site.url("/"), total_seconds=0.3)
    stop.set()


def test_a_server_that_never_pauses_is_left_after_a_while_too(site: Site) -> None:
    site.answers["/"] = flooding(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 100)
    with pytest.raises(FetchFailed, match=r"not there in whole after 0\.2 seconds"):
        get(site, site.url("/"), total_seconds=0.2, max_bytes=1_000_000_000)


def test_redirects_share_the_time(site: Site) -> None:
    stop = threading.Event()
    site.answers["/slow"] = dripping(b"", b"H", stop)
    for number in range(4):
        site.redirect(f"/{number}", f"/{number + 1}")
    site.redirect("/4", "/slow")
    with pytest.raises(FetchFailed, match=r"not there in whole after 0\.3 seconds"):
        get(site, site.url("/0"), total_seconds=0.3)
    stop.set()


@pytest.mark.parametrize(
    ("start", "wave", "reason"),
    [
        pytest.param(OK + b"\r\n", b"x" * 9_999, "more than 100,000 bytes", id="a body without an end"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n",
            b"2710\r\n" + b"x" * 10_000 + b"\r\n",
            "more than 100,000 bytes",
            id="pieces without an end",
        ),
        pytest.param(
            OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10],
            deflated(b"x" * 9_999),
            "more than 100,000 bytes",
            id="gzip without an end",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"A: " + b"b" * 500 + b"\r\n", "headers have more", id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 9_999, "headers have more", id="a header"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99, "headers have more", id="answers before the answer"),
    ],
)
def test_a_server_that_floods_is_left_at_the_limit(site: Site, start: bytes, wave: bytes, reason: str) -> None:
    site.answers["/"] = flooding(start, wave)
    with pytest.raises((FetchFailed, DocumentTooLarge), match=reason):
        get(site, site.url("/"))


def test_a_body_that_says_it_is_too_large_is_not_read(site: Site) -> None:
    site.answers["/"] = sending(OK + b"Content-Length: 100001\r\n\r\n")
    with pytest.raises(DocumentTooLarge, match="more than 100,000 bytes"):
        get(site, site.url("/"))
    assert len(get(site, site.page("/all", b"x" * 100_000)).data) == 100_000
    with pytest.raises(DocumentTooLarge):
        get(site, site.page("/more", b"x" * 100_001, content_length=""))


@pytest.mark.parametrize("packing", ["gzip", "deflate", "bare deflate", "two parts"])
def test_a_packed_page_is_unpacked(site: Site, packing: str) -> None:
    text = b"The gate opens at eight. " * 40
    bare = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "bare deflate": bare.compress(text) + bare.flush(),
        "two parts": gzip.compress(text[:100]) + gzip.compress(text[100:]),
    }[packing]
    encoding = "deflate" if "deflate" in packing else "gzip"
    assert get(site, site.page("/", packed, content_encoding=encoding)).data == text


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(site: Site, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    bomb = pack(b"\0" * 40_000_000)
    address = site.page("/", bomb, content_encoding=encoding)
    with pytest.raises(DocumentTooLarge, match="more than 100,000 bytes"):
        get(site, address)
    with pytest.raises(DocumentTooLarge, match="more than 200 times as many"):
        get(site, address, max_bytes=50_000_000)


def test_no_more_than_is_allowed_is_ever_unpacked() -> None:
    unpacker = Unpacker("gzip", max_bytes=1_000)
    given = 0
    with pytest.raises(DocumentTooLarge):
        for byte in gzip.compress(b"\0" * 10_000_000):
            given += len(unpacker.feed(bytes([byte])))
    assert given <= 1_000


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        pytest.param(b"x", "br", "it is packed as 'br'", id="another packing"),
        pytest.param(b"x", "gzip, gzip", "it is packed as 'gzip, gzip'", id="packed twice"),
        pytest.param(b"no gzip at all", "gzip", "packed and damaged", id="not packed"),
        pytest.param(gzip.compress(b"x" * 999)[:-9], "gzip", "its end is missing", id="cut off"),
        pytest.param(gzip.compress(b"x") + b"junk", "gzip", "packed and damaged", id="something behind it"),
    ],
)
def test_a_page_that_is_packed_wrongly_is_refused(site: Site, body: bytes, encoding: str, reason: str) -> None:
    with pytest.raises(FetchFailed, match=reason):
        get(site, site.page("/", body, content_encoding=encoding))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(b"", "without sending a response", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak proper HTTP", id="another protocol"),
        pytest.param(OK + b"Content-Length: 9\r\n\r\nx", "does not speak proper HTTP", id="cut off"),
        pytest.param(OK + b"Content-Length: -1\r\n\r\nx", "does not speak proper HTTP", id="a negative length"),
        pytest.param(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", "proper HTTP", id="two lengths"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "proper HTTP", id="a piece without a length"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "proper HTTP", id="another protocol from here on"
        ),
    ],
)
def test_what_is_no_proper_answer_is_an_error_in_words(site: Site, answer: bytes, reason: str) -> None:
    site.answers["/"] = sending(answer)
    with pytest.raises(FetchFailed, match=reason):
        get(site, site.url("/"))


def test_a_server_that_is_not_there_and_a_name_that_leads_nowhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    found = fetcher(site, [f"127.0.0.1:{port}"])
    with pytest.raises(FetchFailed, match=r"the connection failed \(Connection refused\)"):
        found.get(parse_url(f"http://127.0.0.1:{port}/"))

    def knows_nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", knows_nobody)
    with pytest.raises(FetchFailed) as caught:
        Fetcher(FetchLimits(1_000)).get(parse_url("http://nowhere.example/"))
    assert str(caught.value) == (
        "http://nowhere.example/: no address was found for nowhere.example (Name or service not known); is it spelt"
        " right?"
    )
