"""A DokuWiki as a source: that of Debian, and servers that answer wrongly."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import InvalidSetting
from rag.settings import Settings
from rag.sources import FILE_NAME
from rag.sources.dokuwiki_source import DokuwikiSource
from rag.sources.pace import Pace
from rag.sources.source_file import parse_source_file
from rag.sources.wiki_access import media_scopes, page_scopes, readers_of
from tests.support.access import EVERYTHING
from tests.support.dokuwiki_servers import CHIEF, MEMBER, WORD, Dokuwiki, dokuwiki_serving, needs_dokuwiki
from tests.support.ports import free_port
from tests.support.sites import serving
from tests.support.source_scenes import counts, cut_short, sync, write_source_file

ANY, STAFF, BOARD = "@ALL", "@staff", "@board"
MAP = {STAFF: "staff", BOARD: "board"}


@pytest.fixture
def wiki(tmp_path: Path) -> Iterator[Dokuwiki]:
    with dokuwiki_serving(tmp_path) as found:
        yield found


@pytest.fixture
def word(tmp_path: Path) -> Path:
    file = tmp_path / "word"
    file.write_text(WORD)
    return file


def follow(citewell: Citewell, url: str, name: str, **more: object) -> None:
    fast = {"requests_per_second": 10_000}
    write_source_file(citewell, **{name: {"kind": "dokuwiki", "url": url} | fast | more})


def documents(citewell: Citewell, wiki: Dokuwiki) -> dict[str, str]:
    """The id of the document of each page and file, by its name in the wiki."""
    top = f"http://127.0.0.1:{wiki.port}/"
    return {
        info.source.location.rpartition("=")[2]: info.source.id
        for info in citewell.documents.all(access=EVERYTHING)
        if info.source.location.startswith(top)
    }


def stored(citewell: Citewell, wiki: Dokuwiki) -> dict[str, bytes]:
    """The bytes that are stored of each page and file, by its name in the wiki."""
    found = documents(citewell, wiki).items()
    return {name: citewell.documents.original(number, access=EVERYTHING).data for name, number in found}


def held(wiki: Dokuwiki) -> dict[str, bytes]:
    """What is to be stored of each page and file, by its name."""
    found = {}
    for file in (wiki.data / "pages").rglob("*.txt"):
        name = str(file.relative_to(wiki.data / "pages").with_suffix("")).replace("/", ":")
        title = file.read_text().splitlines()[0].strip("= ")
        found[name] = (
            f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>\n'
            f"<body><article>\n{wiki.html_of(name)}\n</article></body></html>\n"
        ).encode()
    for file in (wiki.data / "media").rglob("*.*"):
        found[str(file.relative_to(wiki.data / "media")).replace("/", ":")] = file.read_bytes()
    return found


def groups(citewell: Citewell, wiki: Dokuwiki) -> dict[str, frozenset[str]]:
    """Who may read each page and file, by its name."""
    top = f"http://127.0.0.1:{wiki.port}/"
    every = citewell.store.all_groups(EVERYTHING)
    return {found.location.rpartition("=")[2]: found.groups for found in every if found.location.startswith(top)}


@needs_dokuwiki
def test_what_is_stored_is_what_the_wiki_holds_before_and_after_a_change(
    one_citewell: Citewell, wiki: Dokuwiki, word: Path
) -> None:
    """Cut short on the way, and gone on with, over a changed wiki; then with rights that are others."""
    for number in range(190):
        wiki.write(
            f"house{number // 50}:rule_{number:03}", f"====== Rule {number} ======\n\nGate {number} opens at eight.\n"
        )
    for number in range(10):
        wiki.upload(f"house0:plan_{number}.md", f"# Plan {number}\n\nHall {number} is on the left.\n".encode())
    wiki.let({"*": f"{ANY} 0, {STAFF} 1"})
    follow(one_citewell, wiki.url, "home", user=CHIEF, password_file=word, rights="acl", group_map=MAP)
    report = sync(one_citewell)
    assert report.problems == ()
    assert counts(report) == (200, 0, 0, 0, 0, 0)
    assert stored(one_citewell, wiki) == held(wiki)
    known = documents(one_citewell, wiki)
    assert set(groups(one_citewell, wiki).values()) == {frozenset({"staff"})}
    names = sorted(name for name in known if "rule" in name)
    for name in names[:20]:
        wiki.write(name, f"====== {name} ======\n\nIt is closed.\n")
    for name in names[20:40]:
        wiki.move(name, f"moved:{name}")
    for name in names[40:60]:
        wiki.file(name).unlink()
    for number in range(20):
        wiki.write(f"new:rule_{number}", f"====== New rule {number} ======\n\nDoor {number} opens at ten.\n")
    cut_short(one_citewell, results=33)
    report = sync(one_citewell)
    assert (report.ok, report.problems, report.failed) == (True, (), 0)
    assert stored(one_citewell, wiki) == held(wiki)
    now = documents(one_citewell, wiki)
    assert [now[f"moved:{name}"] for name in names[20:40]] == [known[name] for name in names[20:40]]
    wiki.let({"*": f"{ANY} 0, {STAFF} 1"} | dict.fromkeys(names[60:70], f"{BOARD} 1, {STAFF} 0"))
    report = sync(one_citewell)
    assert (counts(report), report.rights_changed) == ((0, 0, 0, 0, 200, 0), 10)
    given = groups(one_citewell, wiki)
    assert {name for name in given if given[name] == {"board"}} == set(names[60:70])
    assert {given[name] for name in given.keys() - set(names[60:70])} == {frozenset({"staff"})}
    assert counts(sync(one_citewell)) == (0, 0, 0, 0, 200, 0)
    assert [check for check in one_citewell.maintenance.check() if not check.ok] == []


@needs_dokuwiki
def test_who_may_not_see_the_access_list_or_ask_at_all_is_told_and_nothing_is_taken(
    one_citewell: Citewell, wiki: Dokuwiki, word: Path, tmp_path: Path
) -> None:
    wiki.write("open:gate", "Gate A opens at nine.")
    wiki.write("shut:vault", "The vault opens at noon.")
    wiki.let({"*": f"{ANY} 0", "open:*": f"{ANY} 1"})
    me = {"user": MEMBER, "password_file": word}
    follow(one_citewell, wiki.url, "member", rights="acl", group_map=MAP, **me)
    assert "only a superuser may see the access list" in sync(one_citewell, "member").problems[0]
    follow(one_citewell, wiki.url, "member", namespace="open", **me)
    assert counts(sync(one_citewell, "member")) == (1, 0, 0, 0, 0, 0)
    ((name, page),) = stored(one_citewell, wiki).items()
    assert name == "open:gate"
    assert b"<h1>gate</h1>" in page  # without a heading of its own
    (tmp_path / "other").write_text("wrong")
    follow(one_citewell, wiki.url, "member", namespace="open", user=MEMBER, password_file=tmp_path / "other")
    report = sync(one_citewell, "member")
    assert not report.ok
    assert "the wiki does not take the user and the password" in report.problems[0]
    assert list(stored(one_citewell, wiki)) == ["open:gate"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("<html></html>", "the answer is not what an answer of XML-RPC is"),
        ("hello", "the answer is no XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><methodResponse/>', "declares a document type"),
        (xmlrpc.client.Fault(-32604, "RPC server not enabled."), "the wiki says: RPC server not enabled."),
        ("It is a text.", "the wiki's answer to dokuwiki.getPagelist is no list"),
        (["a"], "lists what is no table"),
        ([{"id": 7, "rev": 1}], "lists a page without an id or a revision"),
        ([{"id": "a", "rev": "new"}], "lists a page without an id or a revision"),
        ([{"id": "a", "rev": 1}], "lists a file without an id, a size or a time"),
    ],
)
def test_a_wiki_that_answers_wrongly_costs_nothing(one_citewell: Citewell, answer: object, said: str) -> None:
    plain = isinstance(answer, str) and not answer.startswith("It")
    given = answer if isinstance(answer, xmlrpc.client.Fault) else (answer,)
    body = answer if plain else xmlrpc.client.dumps(given, methodresponse=True)  # type: ignore[arg-type] # any value
    with serving() as site:
        site.page("/lib/exe/xmlrpc.php", str(body))
        follow(one_citewell, site.url("/lib/exe/xmlrpc.php"), "wrong", max_removed=1)
        report = sync(one_citewell, "wrong")
    assert not report.ok
    assert said in report.problems[0]
    assert report.removed == 0


def test_a_wiki_that_is_down_is_told_of(one_citewell: Citewell) -> None:
    follow(one_citewell, f"http://127.0.0.1:{free_port()}/lib/exe/xmlrpc.php", "down")
    report = sync(one_citewell, "down")
    assert (report.ok, counts(report)) == (False, (0, 0, 0, 0, 0, 0))


@needs_dokuwiki
def test_pages_with_names_that_could_mean_something_else_are_not_used(
    one_citewell: Citewell, wiki: Dokuwiki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wiki itself cleans names; one that does not lists them like this."""
    wiki.write("good", "Gate A is open.")
    ask = DokuwikiSource._ask
    hostile = [{"id": name, "rev": 1} for name in ("..:..:etc:passwd", "a\nb", "a::b", "\ud800", "/etc/passwd", "")]

    def asked(source: DokuwikiSource, method: str, *arguments: object, **more: int) -> object:
        found = ask(source, method, *arguments, **more)
        return [*found, *hostile] if method == "dokuwiki.getPagelist" else found

    monkeypatch.setattr(DokuwikiSource, "_ask", asked)
    follow(one_citewell, wiki.url, "hostile")
    report = sync(one_citewell, "hostile")
    assert (report.created, report.problems[0].startswith("6 names cannot be used")) == (1, True)
    assert list(documents(one_citewell, wiki)) == ["good"]


@pytest.mark.parametrize(
    ("lines", "readers"),
    [
        ({}, ""),
        ({"*": {ANY: 1}}, "@ALL @board @staff eve"),
        ({"*": {ANY: 0}, "a:*": {STAFF: 1}}, "@staff"),
        ({"*": {ANY: 8}, "a:*": {STAFF: 0}}, ""),  # anybody may be of the staff
        ({"*": {ANY: 0, STAFF: 1}, "a:b": {BOARD: 2}}, "@board @staff"),
        ({"*": {ANY: 0, STAFF: 1}, "a:b": {BOARD: 0}}, ""),  # some of the staff may be of the board
        ({"*": {ANY: 0, STAFF: 1, BOARD: 0}}, "@staff"),  # of lines at one place the best counts
        ({"a:*": {STAFF: 1}, "a:b": {"mallory": 0}}, ""),
        ({"a:*": {STAFF: 1}, "a:c": {"mallory": 0}, "x:*": {STAFF: 0}}, "@staff"),
        ({"a:*": {"@Staff": 1}}, ""),
    ],
)
def test_who_may_read_is_everybody_of_a_group_or_nobody(lines: dict[str, dict[str, int]], readers: str) -> None:
    assert readers_of(lines, page_scopes("a:b"), [ANY, STAFF, BOARD, "eve"]) == frozenset(readers.split())


def test_the_scopes_of_a_page_and_of_a_file_go_from_the_closest_to_all() -> None:
    assert page_scopes("a:b:c") == ("a:b:c", "a:b:*", "a:*", "*")
    assert page_scopes("c") == ("c", "*")
    assert media_scopes("a:plan.pdf") == ("a:*", "*")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "https://wiki.example/doku.php"', "expected that of lib/exe/xmlrpc.php"),
        ('url = "http://wiki.example/lib/exe/xmlrpc.php"', "a password is sent with https only"),
        ('url = "https://wiki.example/lib/exe/xmlrpc.php"\nrights = "acl"', "rights needs group_map"),
    ],
)
def test_what_cannot_be_asked_is_said_before_it_is_asked(tmp_path: Path, lines: str, said: str) -> None:
    configured = parse_source_file(f'[source.home]\nkind = "dokuwiki"\n{lines}\n'.encode(), FILE_NAME)["home"]
    with pytest.raises(InvalidSetting, match=said):
        DokuwikiSource(configured, Pace(per_second=1, seconds=1), Settings(data_dir=tmp_path), password=WORD)
