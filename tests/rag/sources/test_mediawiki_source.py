"""A wiki as a source. What answers is scripted after the documentation of MediaWiki's API, and is not MediaWiki."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import InvalidSetting
from rag.settings import Settings
from rag.sources import FILE_NAME
from rag.sources.mediawiki_source import MediawikiSource
from rag.sources.pace import Pace
from rag.sources.source_file import parse_source_file
from tests.support.access import EVERYTHING
from tests.support.sites import Site, serving
from tests.support.source_scenes import counts, cut_short, sync, write_source_file
from tests.support.wiki_servers import BOT, BOT_WORD, Wiki, wiki_serving


@pytest.fixture
def wiki() -> Iterator[Wiki]:
    with wiki_serving() as found:
        yield found


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def follow(citewell: Citewell, url: str, name: str, **more: object) -> None:
    fast = {"requests_per_second": 10_000}
    write_source_file(citewell, **{name: {"kind": "mediawiki", "url": url} | fast | more})


def stored_pages(citewell: Citewell, wiki: Wiki) -> dict[str, bytes]:
    """The bytes that are stored of each page of a wiki, by its title."""
    top = wiki.url.removesuffix("api.php")
    return {
        info.source.title: citewell.documents.original(info.source.id, access=EVERYTHING).data
        for info in citewell.documents.all(access=EVERYTHING)
        if info.source.location.startswith(top)
    }


def page_ids(citewell: Citewell, wiki: Wiki) -> dict[str, str]:
    """The id of the document of each page, by its title."""
    top = wiki.url.removesuffix("api.php")
    found = (info.source for info in citewell.documents.all(access=EVERYTHING))
    return {source.title: source.id for source in found if source.location.startswith(top)}


def held(wiki: Wiki) -> dict[str, bytes]:
    """What is to be stored of each page, by its title."""
    return {
        title: (
            f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>\n'
            f"<body><article>\n<h1>{html.escape(title)}</h1>\n{wiki.html_of(page)}\n</article></body></html>\n"
        ).encode()
        for title, page in wiki.pages.items()
    }


def test_what_is_stored_is_what_the_wiki_holds_before_and_after_a_change(one_citewell: Citewell, wiki: Wiki) -> None:
    """Cut short on the way, and gone on with, over a changed wiki; ten other pages get other readers."""
    for number in range(190):
        wiki.write(f"Rule {number:03}" if number % 2 else f"House/Gate & {number:03}", f"Gate {number} opens at eight.")
    for number in range(10):
        wiki.write(f"Vault/Rule {number}", f"Vault {number} opens at noon.")
    follow(one_citewell, wiki.url, "home", groups=["staff"])
    assert counts(sync(one_citewell)) == (200, 0, 0, 0, 0, 0)
    assert stored_pages(one_citewell, wiki) == held(wiki)
    known = page_ids(one_citewell, wiki)
    titles = sorted(wiki.pages)
    for title in titles[:20]:
        wiki.write(title, f"{title} is closed.")
    for title in titles[20:40]:
        wiki.move(title, f"Moved {title}")
    for title in titles[40:60]:
        wiki.delete(title)
    for number in range(20):
        wiki.write(f"New rule {number}", f"Door {number} opens at ten.")
    follow(one_citewell, wiki.url, "home", groups=["staff"], folder_groups={"Vault": ["board"]})
    cut_short(one_citewell, results=33)
    report = sync(one_citewell)
    assert (report.ok, report.problems, report.failed) == (True, (), 0)
    assert stored_pages(one_citewell, wiki) == held(wiki)
    now = page_ids(one_citewell, wiki)
    assert [now[f"Moved {title}"] for title in titles[20:40]] == [known[title] for title in titles[20:40]]
    given = {found.document_id: found.groups for found in one_citewell.store.all_groups(EVERYTHING)}
    assert {title: given[document_id] for title, document_id in now.items()} == {
        title: frozenset({"board" if title.startswith("Vault/") else "staff"}) for title in wiki.pages
    }
    wiki.asked.clear()
    assert counts(sync(one_citewell)) == (0, 0, 0, 0, 200, 0)
    assert wiki.asked == ["recentchanges"]
    assert [check for check in one_citewell.maintenance.check() if not check.ok] == []


def test_a_private_wiki_is_read_with_the_password_of_a_bot(one_citewell: Citewell, wiki: Wiki, tmp_path: Path) -> None:
    wiki.write("Vault", "The vault opens at noon.")
    wiki.is_private = True
    follow(one_citewell, wiki.url, "private")
    assert "You need read permission to use this module" in sync(one_citewell, "private").problems[0]
    word = tmp_path / "word"
    word.write_text("wrong")
    follow(one_citewell, wiki.url, "private", user=BOT, password_file=word)
    assert "the wiki does not take the user and the password (Failed)" in sync(one_citewell, "private").problems[0]
    word.write_text(BOT_WORD)
    assert counts(sync(one_citewell, "private")) == (1, 0, 0, 0, 0, 0)
    assert stored_pages(one_citewell, wiki) == held(wiki)


def test_a_wiki_that_is_down_or_none_costs_nothing(one_citewell: Citewell, site: Site) -> None:
    def url_of(asked: str) -> str:
        return f"/api.php?format=json&formatversion=2&action=query&{asked}"

    changes = url_of("list=recentchanges&rclimit=1&rcprop=ids%7Ctimestamp")
    pages = url_of(
        "generator=allpages&gapnamespace=0&gapfilterredir=nonredirects&gaplimit=max&prop=info%7Crevisions&inprop=url"
        "&rvprop=ids%7Ctimestamp"
    )
    follow(one_citewell, site.url("/api.php"), "down", max_removed=1)
    for body, said in (
        ("<html></html>", "the answer is no JSON; is the address that of api.php?"),
        ("[" * 100_000, "the answer is no JSON"),
        ('{"error": {"code": "x", "info": "It rests."}}', "the wiki says: It rests."),
    ):
        site.page(changes, body)
        (problem,) = sync(one_citewell, "down").problems
        assert said in problem
    site.page(changes, "{}")
    for body, said in (
        ('{"query": {"pages": [{"title": 1}]}}', "lists a page without a title, a number or a revision"),
        ('{"error": {"code": "maxlag"}}', "the wiki says: maxlag"),
    ):
        site.page(pages, body)
        (problem,) = sync(one_citewell, "down").problems
        assert problem.startswith("The listing is not complete: ")
        assert said in problem
    again = {"continue": {"gapcontinue": "A"}, "query": {"pages": []}}
    site.page(pages, json.dumps(again))
    site.page(f"{pages}&gapcontinue=A", json.dumps(again))
    (problem,) = sync(one_citewell, "down").problems
    assert "the wiki lists the same pages again and again" in problem


def test_titles_that_could_mean_something_else_and_pages_elsewhere_are_not_used(
    one_citewell: Citewell, wiki: Wiki
) -> None:
    wiki.write("../../etc/passwd", "x")
    wiki.write("a\nb", "x")
    wiki.write("Good", "Gate A is open.")
    wiki.url = wiki.url.replace("127.0.0.1", "elsewhere.example")
    here = wiki.url.replace("elsewhere.example", "127.0.0.1")
    follow(one_citewell, here, "hostile")
    report = sync(one_citewell, "hostile")
    assert (report.created, report.problems[0].startswith("2 names cannot be used")) == (1, True)
    locations = {info.source.location for info in one_citewell.documents.all(access=EVERYTHING)}
    assert "source:hostile/Good" in locations
    assert not any("elsewhere" in location for location in locations)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "https://wiki.example/api.php"\nnamespaces = "Help"', "namespaces is 'Help'; expected their numbers"),
        ('url = "https://wiki.example/api.php?x=1"', "url has a question mark"),
        ('url = "http://wiki.example/api.php"', "a password is sent with https only"),
    ],
)
def test_what_cannot_be_asked_is_said_before_it_is_asked(tmp_path: Path, lines: str, said: str) -> None:
    configured = parse_source_file(f'[source.home]\nkind = "mediawiki"\n{lines}\n'.encode(), FILE_NAME)["home"]
    with pytest.raises(InvalidSetting, match=said):
        MediawikiSource(configured, Pace(per_second=1, seconds=1), Settings(data_dir=tmp_path), password=BOT_WORD)
