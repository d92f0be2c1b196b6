"""A WebDAV server as a source: wsgidav, asked over HTTP; and servers that lie, whose answers are written here."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import DocumentTooLarge, FetchFailed, InvalidSetting
from rag.settings import Settings
from rag.sources import FILE_NAME
from rag.sources.pace import Pace
from rag.sources.source_client import SourceClient
from rag.sources.source_file import parse_source_file
from rag.sources.webdav_source import WebdavSource
from tests.support.certificates import make_certificates
from tests.support.dav_servers import USER, WORD, DavServer, dav_serving, listed, multistatus
from tests.support.sites import Site, dripping, flooding, sending, serving
from tests.support.source_scenes import (
    Holding,
    counts,
    first_holding,
    follow_a_change,
    ids,
    readers,
    stored,
    sync,
    write_all,
    write_source_file,
)

GOOD = b"# Good\n\nIt opens at one.\n"


@pytest.fixture
def word(tmp_path: Path) -> Path:
    """The file with the password."""
    path = tmp_path / "word"
    path.write_text(f"{WORD}\n")
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[DavServer]:
    (tmp_path / "root").mkdir()
    with dav_serving(tmp_path / "root") as server:
        yield server


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[DavServer]:
    (tmp_path / "root").mkdir()
    with dav_serving(tmp_path / "root", is_telling=True) as server:
        yield server


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def table_of(server: DavServer, word: Path, /, **more: object) -> dict[str, object]:
    fast = {"requests_per_second": 10_000}
    return {"kind": "webdav", "url": server.url, "user": USER, "password_file": word} | fast | more


def test_what_is_stored_is_what_the_server_holds_before_and_after_a_change(
    one_citewell: Citewell, plain: DavServer, word: Path
) -> None:
    before = first_holding() | {"Käse & mehr/50% #1?.md": GOOD}
    follow_a_change(one_citewell, partial(write_all, plain.root), table_of(plain, word), before)
    plain.asked.clear()
    assert counts(sync(one_citewell)) == (0, 0, 0, 0, 201, 0)
    assert plain.asked_with("GET") == []


def test_where_folders_tell_of_what_is_below_them_only_changed_ones_are_asked_about(
    one_citewell: Citewell, telling: DavServer, word: Path
) -> None:
    before = first_holding(30) | {"a/deep/one.md": GOOD}
    write_all(telling.root, before)
    write_source_file(one_citewell, cloud=table_of(telling, word, server="nextcloud"))
    assert counts(sync(one_citewell, "cloud")) == (31, 0, 0, 0, 0, 0)
    telling.asked.clear()
    assert counts(sync(one_citewell, "cloud")) == (0, 0, 0, 0, 31, 0)
    assert telling.asked == [("PROPFIND", "/dav/")]
    telling.asked.clear()
    after: Holding = before | {"folder 1/rule-11.md": b"# Rule 11\n\nIt is closed.\n"}
    write_all(telling.root, after)
    assert counts(sync(one_citewell, "cloud")) == (0, 1, 0, 0, 30, 0)
    assert telling.asked == [
        ("PROPFIND", "/dav/"),
        ("PROPFIND", "/dav/folder 1/"),
        ("GET", "/dav/folder 1/rule-11.md"),
    ]
    assert stored(one_citewell, "cloud") == after


def test_a_memory_of_folders_that_is_damaged_costs_no_more_than_a_full_listing(
    one_citewell: Citewell, telling: DavServer, word: Path
) -> None:
    holding = first_holding(20)
    write_all(telling.root, holding)
    write_source_file(one_citewell, dented=table_of(telling, word, server="owncloud"))
    sync(one_citewell, "dented")
    memory = one_citewell.settings.data_dir / "sources" / "dented.folders.json"
    for damage in ("", "[]", '{"": 1}', '{"": ["x", [["a", 1]]]}', '{"folder 1": ["x", [["a", true, 1, 2, 3, 4]]]}'):
        memory.write_text(damage)
        holding |= {"new.md": f"# New\n\n{damage} opens.\n".encode()}
        write_all(telling.root, holding)
        assert sync(one_citewell, "dented").ok
        assert stored(one_citewell, "dented") == holding


def test_a_document_is_the_same_one_where_its_file_id_is(
    one_citewell: Citewell, telling: DavServer, word: Path
) -> None:
    """One that was moved is not read again; one that was moved and changed keeps its id."""
    before = {f"{name}.md": f"# {name}\n\nGate {name} opens at eight.\n".encode() for name in "abcd"}
    write_all(telling.root, before)
    table = table_of(telling, word, server="nextcloud", groups=["staff"], folder_groups={"Board": ["board"]})
    write_source_file(one_citewell, moving=table)
    sync(one_citewell, "moving")
    known = ids(one_citewell, "moving")
    telling.move("a.md", "Board/a.md")
    telling.move("b.md", "Board/other name.md")
    (telling.root / "Board/other name.md").write_bytes(b"# b\n\nThe vault opens at noon.\n")
    telling.asked.clear()
    assert counts(sync(one_citewell, "moving")) == (0, 0, 2, 0, 2, 0)
    assert telling.asked_with("GET") == ["/dav/Board/other name.md"]
    assert stored(one_citewell, "moving") == {
        "Board/a.md": before["a.md"],
        "Board/other name.md": b"# b\n\nThe vault opens at noon.\n",
        "c.md": before["c.md"],
        "d.md": before["d.md"],
    }
    now = ids(one_citewell, "moving")
    assert (now["Board/a.md"], now["Board/other name.md"]) == (known["a.md"], known["b.md"])
    assert readers(one_citewell, "moving")["Board/other name.md"] == frozenset({"board"})
    assert [check for check in one_citewell.maintenance.check() if not check.ok] == []


def test_a_server_that_is_down_or_takes_no_password_costs_nothing(
    one_citewell: Citewell, tmp_path: Path, word: Path
) -> None:
    (tmp_path / "root").mkdir()
    write_all(tmp_path / "root", {"good.md": GOOD})
    with dav_serving(tmp_path / "root") as server:
        write_source_file(one_citewell, down=table_of(server, word))
        sync(one_citewell, "down")
        word.write_text("wrong")
        report = sync(one_citewell, "down")
        assert report.problems == (
            "the folder: the server does not take the user and the password (401); 207 (Multi-Status) was expected."
            " What was read from it before stays.",
        )
    report = sync(one_citewell, "down")
    assert (report.ok, report.removed) == (False, 0)
    assert "the connection failed" in report.problems[0]
    assert stored(one_citewell, "down") == {"good.md": GOOD}


def told(site: Site, name: str) -> dict[str, dict[str, object]]:
    return {name: {"kind": "webdav", "url": site.url("/dav/"), "requests_per_second": 10_000, "max_removed": 1}}


def take_in(citewell: Citewell, site: Site, name: str, **files: bytes) -> None:
    """Let a scripted site be followed, and these files be stored of it."""
    entries = [listed(f"/dav/{file}.md", getetag="1") for file in files]
    site.page("/dav/", multistatus(listed("/dav/", is_folder=True), *entries), status="207 Multi-Status")
    for file, data in files.items():
        site.page(f"/dav/{file}.md", data)
    write_source_file(citewell, **told(site, name))
    assert sync(citewell, name).ok


def answer_with(site: Site, *entries: str) -> None:
    site.page("/dav/", multistatus(listed("/dav/", is_folder=True), *entries), status="207 Multi-Status")


@pytest.mark.parametrize(
    ("number", "href"),
    list(
        enumerate(
            [
                "http://elsewhere.example/dav/b.md",
                "//elsewhere.example/dav/b.md",
                "/other/b.md",
                "/dav/deep/b.md",
                "/dav/a%2Fb.md",
                "/dav/%2e%2e%2fetc/b.md",
                "/dav/../b.md",
                "b.md",
                "file:///etc/passwd",
                "",
            ]
        )
    ),
)
def test_an_address_that_does_not_belong_there_is_told_of_and_nothing_is_removed(
    one_citewell: Citewell, site: Site, number: int, href: str
) -> None:
    name = f"astray-{number}"
    take_in(one_citewell, site, name, a=GOOD)
    answer_with(site, listed(href, getetag="1"), listed("/dav/c.md", getetag="1"))
    site.page("/dav/c.md", GOOD)
    site.asked.clear()
    report = sync(one_citewell, name)
    assert "The listing is not complete: 1 of the addresses in it do not belong there" in report.problems[0]
    assert stored(one_citewell, name) == {"a.md": GOOD, "c.md": GOOD}
    assert set(site.paths) == {"/dav/", "/dav/c.md"}


def test_names_that_could_mean_something_else_are_not_used(one_citewell: Citewell, site: Site) -> None:
    take_in(one_citewell, site, "hostile", a=GOOD)
    names = ("..", "%2e%2e", ".", "a%0Ab.md", "%00.md", "%ff.md", "%E2%80%AEgnp.md", "x" * 1_001, "%20a.md")
    folders = [listed(f"/dav/{name}/", is_folder=True) for name in ("..", "%2e", "a%0ab")]
    answer_with(site, *(listed(f"/dav/{name}") for name in names), *folders, listed("/dav/a.md", getetag="1"))
    report = sync(one_citewell, "hostile")
    assert len(report.problems) == 1
    assert report.problems[0].startswith("12 names cannot be used, the first: ..: its name has an empty part")
    assert stored(one_citewell, "hostile") == {"a.md": GOOD}
    assert set(site.paths) == {"/dav/", "/dav/a.md"}


BOMB = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + ']><d:multistatus xmlns:d="DAV:">&j;</d:multistatus>'
)
OUTSIDE = '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d:multistatus xmlns:d="DAV:"/>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(BOMB, "the answer declares a document type, which is not read", id="entities"),
        pytest.param(OUTSIDE, "the answer declares a document type", id="outside"),
        pytest.param("<d:multistatus", "the answer is no XML", id="cut"),
        pytest.param("", "the answer is no XML", id="empty"),
        pytest.param("<a>" * 100_000, "the answer is no XML", id="deep"),
        pytest.param("\ud800".encode("utf-8", "surrogatepass"), "the answer is no XML", id="no text"),
    ],
)
def test_xml_that_is_none_or_declares_something_is_refused(
    one_citewell: Citewell, site: Site, body: str | bytes, said: str
) -> None:
    name = f"xml-{len(body)}"
    take_in(one_citewell, site, name, a=GOOD)
    site.page("/dav/", body, status="207 Multi-Status")
    report = sync(one_citewell, name)
    assert (report.ok, report.problems[0].startswith(f"the folder: {said}")) == (False, True), report.problems
    assert stored(one_citewell, name) == {"a.md": GOOD}


def test_folders_without_an_end_are_left_at_some_point(one_citewell: Citewell, site: Site) -> None:
    take_in(one_citewell, site, "endless", a=GOOD)
    for depth in range(12):
        place = "/dav/" + "x/" * depth
        more = listed(f"{place}x/", is_folder=True)
        site.page(place, multistatus(listed(place, is_folder=True), more), status="207 Multi-Status")
    write_source_file(one_citewell, endless=told(site, "endless")["endless"] | {"max_documents": 10})
    report = sync(one_citewell, "endless")
    assert "it lists more than 10 folders" in report.problems[0]
    assert stored(one_citewell, "endless") == {"a.md": GOOD}


def test_what_a_server_says_of_sizes_is_not_believed(one_citewell: Citewell, site: Site) -> None:
    most = one_citewell.settings.max_document_bytes
    take_in(one_citewell, site, "sizes", a=GOOD)
    answer_with(
        site,
        listed("/dav/a.md", getetag="2", getcontentlength="5"),
        listed("/dav/b.md", getetag="1", getcontentlength="-1"),
        listed("/dav/c.md", getetag="1"),
        listed("/dav/d.md", getetag="1", getcontentlength="9" * 400),
        listed("/dav/e.md", getetag="1"),
    )
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/markdown\r\n"
    site.page("/dav/b.md", GOOD)
    site.page("/dav/c.md", "", content_length=str(most + 1))
    site.page("/dav/d.md", GOOD)
    site.answers["/dav/e.md"] = sending(f"{head}Content-Length: 1000\r\n\r\nshort".encode())
    report = sync(one_citewell, "sizes")
    assert stored(one_citewell, "sizes") == {"a.md": GOOD, "b.md": GOOD, "d.md": GOOD}
    errors = {failure.path.removeprefix("source:sizes/"): failure.error for failure in report.failures}
    assert errors.keys() == {"a.md", "c.md", "e.md"}
    assert "25 bytes came, where 5 were listed" in errors["a.md"]
    assert f"it has more than {most:,} bytes" in errors["c.md"]
    assert "does not speak proper HTTP" in errors["e.md"]


def test_a_flood_and_a_drip_both_end(site: Site) -> None:
    written = f'[source.home]\nkind = "webdav"\nurl = "{site.url("/dav/")}"\nrequests_per_second = 1000\n'
    configured = parse_source_file(written.encode(), FILE_NAME)["home"]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    stop = threading.Event()
    site.answers["/flood"] = flooding(head, b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
    site.answers["/headers"] = flooding(b"HTTP/1.1 200 OK\r\n", b"X-Line: %s\r\n" % (b"y" * 1000))
    site.answers["/drip"] = dripping(head, b"1\r\nx\r\n", stop)
    pace = Pace(per_second=1e9, seconds=1e9)
    client = SourceClient(configured, pace, Settings(), "", seconds=0.5)
    enough = DocumentTooLarge("that is enough")
    with pytest.raises(DocumentTooLarge, match="that is enough"):
        client.ask("GET", "/flood", max_bytes=100_000, too_much=enough)
    with pytest.raises(FetchFailed, match="its headers have more than 65,536 bytes"):
        client.ask("GET", "/headers", max_bytes=100_000, too_much=enough)
    with pytest.raises(FetchFailed, match="it was not there in whole after"):
        client.ask("GET", "/drip", max_bytes=100_000, too_much=enough)
    stop.set()
    client.close()


def test_a_redirect_is_not_followed_and_the_password_goes_nowhere_else(
    one_citewell: Citewell, site: Site, word: Path
) -> None:
    with serving() as other:
        other.page("/dav/", multistatus(), status="207 Multi-Status")
        site.redirect("/dav/", other.url("/dav/"), "301 Moved Permanently")
        table = told(site, "sent")["sent"] | {"user": USER, "password_file": word}
        write_source_file(one_citewell, sent=table)
        (problem,) = sync(one_citewell, "sent").problems
        assert other.asked == []
    assert site.asked[0].headers["authorization"] == "Basic aWRhOmh1c2g="
    assert problem == (
        f"the folder: the server sends elsewhere, to {other.url('/dav/')}; if that is meant, write that address into"
        " the file; 207 (Multi-Status) was expected. What was read from it before stays."
    )


def test_a_certificate_must_be_of_an_authority_that_is_trusted(tmp_path: Path) -> None:
    made = make_certificates(tmp_path / "made", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server, made.key)
    with serving(tls=context) as site:
        site.page("/dav/", multistatus(listed("/dav/"), listed("/dav/a.md", getetag="1")), status="207 Multi-Status")
        url = site.url("/dav/").replace("http:", "https:")
        written = f'[source.home]\nkind = "webdav"\nurl = "{url}"\n'
        configured = parse_source_file(written.encode(), FILE_NAME)["home"]
        pace = Pace(per_second=1e9, seconds=1e9)
        settings = Settings(data_dir=tmp_path)
        source = WebdavSource(configured, tmp_path / "memory", pace, settings)
        with pytest.raises(FetchFailed, match="its certificate is not trusted"):
            source.list("")
        source.close()
        trusting = replace(settings, ca_file=made.authority)
        source = WebdavSource(configured, tmp_path / "memory", pace, trusting)
        assert [entry.path for entry in source.list("").entries] == ["a.md"]
        source.close()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "http://cloud.example/dav/"\nuser = "ida"\npassword_env = "DAV_WORD"', "is sent with https only"),
        ('url = "ftp://cloud.example/dav/"', "source home: url: .*expected an address with http"),
        ('url = "https://a:b@cloud.example/dav/"', "a user name or password in an address is not used"),
        ('url = "https://cloud.example/dav/?x=1"', "url has a question mark"),
        ('url = "https://cloud.example/dav/"\nserver = "sharepoint"', "server is 'sharepoint'; expected nextcloud"),
    ],
)
def test_what_cannot_be_asked_is_said_before_it_is_asked(tmp_path: Path, lines: str, said: str) -> None:
    configured = parse_source_file(f'[source.home]\nkind = "webdav"\n{lines}\n'.encode(), FILE_NAME)["home"]
    pace = Pace(per_second=1, seconds=1)
    with pytest.raises(InvalidSetting, match=said):
        WebdavSource(configured, tmp_path / "memory", pace, Settings(), password=WORD)


def test_something_that_is_no_webdav_is_named(one_citewell: Citewell, site: Site) -> None:
    site.page("/dav/", "<html></html>", status="405 Method Not Allowed")
    write_source_file(one_citewell, other=told(site, "other")["other"])
    assert "no WebDAV is spoken at that address" in sync(one_citewell, "other").problems[0]
