"""A server that says how long it wants to be left alone: what is understood, waited for, and told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import FetchFailed
from rag.settings import Settings
from rag.sources import FILE_NAME
from rag.sources.open_source import open_source
from rag.sources.pace import Pace, SourceTimeOver
from rag.sources.retry_after import MOST_SECONDS, seconds_asked_for, span_of
from rag.sources.source_file import parse_source_file
from tests.support.dav_servers import listed, multistatus
from tests.support.sites import Answer, Site, sending, serving
from tests.support.source_scenes import stored, sync, write_source_file

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
PLACES = {"webdav": "/dav/", "feed": "/feed.xml", "mediawiki": "/api.php"}
FEED = '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title></feed>'


@dataclass
class Clock:
    """Time that passes only where it is slept through."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, seconds: float) -> Pace:
        return Pace(per_second=1e9, seconds=seconds, clock=lambda: self.now, sleep=self.sleep)

    @property
    def waited(self) -> list[float]:
        """What was slept through but for the time between two requests."""
        return [seconds for seconds in self.slept if seconds > 1e-6]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def busy(retry_after: str, status: str = "503 Service Unavailable") -> Answer:
    return sending(f"HTTP/1.1 {status}\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))


def ask(kind: str, site: Site, pace: Pace, tmp_path: Path) -> int:
    """How many documents a source of a kind lists."""
    written = f'[source.home]\nkind = "{kind}"\nurl = "{site.url(PLACES[kind])}"\n'
    configured = parse_source_file(written.encode(), FILE_NAME)["home"]
    with closing(open_source(configured, pace, Settings(data_dir=tmp_path), "")) as source:
        return len(list(source.list("").entries))


@pytest.mark.parametrize(
    ("written", "date", "seconds"),
    [
        pytest.param("0", "", 0, id="none"),
        pytest.param("120", "", 120, id="seconds"),
        pytest.param(" 7 ", "", 7, id="spaces"),
        pytest.param("9" * 90, "", MOST_SECONDS, id="for ever"),
        pytest.param("9" * 5_000, "", None, id="no number of seconds"),
        pytest.param("-5", "", None, id="negative"),
        pytest.param("1.5", "", None, id="a fraction"),
        pytest.param("1e3", "", None, id="an exponent"),
        pytest.param("\u00b2", "", None, id="a digit of another kind"),
        pytest.param("soon", "", None, id="a word"),
        pytest.param("", "", None, id="empty"),
        pytest.param("Sat, 28 Nov 2026 12:01:30 GMT", "", 90, id="date"),
        pytest.param("Sat, 28 Nov 2026 11:00:00 GMT", "", 0, id="date that is over"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", "", MOST_SECONDS, id="date without an end"),
        pytest.param("Sat, 99 Nov 2026 12:01:30 GMT", "", None, id="no date"),
        # The server's clock is an hour behind ours.
        pytest.param("Sat, 28 Nov 2026 11:00:30 GMT", "Sat, 28 Nov 2026 11:00:00 GMT", 30, id="its own clock"),
    ],
)
def test_what_a_server_asks_for_is_understood_or_nothing(written: str, date: str, seconds: int | None) -> None:
    assert seconds_asked_for({"retry-after": written, "date": date}, NOW) == seconds


def test_without_the_header_nothing_is_asked_for() -> None:
    assert seconds_asked_for({}, NOW) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (61, "2 minutes"),
        (3_600, "1 hour"),
        (MOST_SECONDS, "3,650 days"),
    ],
)
def test_a_span_is_said_as_people_say_it(seconds: int, said: str) -> None:
    assert span_of(seconds) == said


@pytest.mark.parametrize("kind", PLACES)
def test_a_server_is_left_alone_as_long_as_it_asks_and_asked_again_a_few_times(
    kind: str, site: Site, tmp_path: Path
) -> None:
    clock = Clock()
    site.before = [busy("7", "429 Too Many Requests") for _ in range(9)]
    with pytest.raises(SourceTimeOver) as failure:
        ask(kind, site, clock.pace(3_600), tmp_path)
    assert clock.waited == [7, 7, 7, 7]
    assert len(site.asked) == 5
    assert str(failure.value).startswith(site.url(PLACES[kind]))
    assert str(failure.value).endswith(
        ": the server answers 429 (Too Many Requests), 5 times, and asks to be left alone for 7 seconds"
    )


def test_what_it_answers_after_that_is_taken(site: Site, tmp_path: Path) -> None:
    clock = Clock()
    site.page("/feed.xml", FEED.replace("</feed>", "<entry><id>a</id><title>A</title></entry></feed>"))
    site.before = [busy("30"), busy("Thu, 01 Jan 1970 00:00:00 GMT"), busy("0")]
    assert ask("feed", site, clock.pace(3_600), tmp_path) == 1
    assert clock.waited == [30]


@pytest.mark.parametrize(
    ("asked", "left", "said"),
    [
        pytest.param("601", 3_600, "11 minutes", id="longer than is waited for"),
        pytest.param("60", 60, "1 minute", id="longer than the time that is left"),
        pytest.param("9" * 40, 3_600, "3,650 days", id="for ever"),
    ],
)
def test_a_server_that_asks_for_too_long_is_left_for_the_next_time(
    asked: str, left: float, said: str, site: Site, tmp_path: Path
) -> None:
    clock = Clock()
    site.before = [busy(asked)]
    with pytest.raises(SourceTimeOver) as failure:
        ask("feed", site, clock.pace(left), tmp_path)
    assert (clock.waited, len(site.asked)) == ([], 1)
    assert str(failure.value).endswith(
        f"/feed.xml: the server answers 503 (Service Unavailable) and asks to be left alone for {said}"
    )


@pytest.mark.parametrize("asked", ["-1", "soon", "NaN", "1 2"])
def test_what_is_no_time_is_an_error_as_any_other(asked: str, site: Site, tmp_path: Path) -> None:
    clock = Clock()
    site.before = [busy(asked)]
    with pytest.raises(FetchFailed, match=r"the server answers 503 \(Service Unavailable\)$") as failure:
        ask("feed", site, clock.pace(3_600), tmp_path)
    assert not isinstance(failure.value, SourceTimeOver)
    assert (clock.waited, len(site.asked)) == ([], 1)


def test_only_servers_that_are_busy_are_waited_for(site: Site, tmp_path: Path) -> None:
    clock = Clock()
    site.before = [busy("5", "301 Moved Permanently")]
    with pytest.raises(FetchFailed, match="the server sends elsewhere"):
        ask("feed", site, clock.pace(3_600), tmp_path)
    assert clock.waited == []


def test_no_other_document_is_asked_for_where_it_asks_for_too_long(one_citewell: Citewell, site: Site) -> None:
    names = [f"{number}.md" for number in range(10)]
    entries = [listed(f"/dav/{name}", getetag="1") for name in names]
    site.page("/dav/", multistatus(listed("/dav/", is_folder=True), *entries), status="207 Multi-Status")
    for name in names:
        site.page(f"/dav/{name}", f"# {name}\n\nGate {name} is open.\n")
    site.answers[f"/dav/{names[3]}"] = busy("86400", "429 Too Many Requests")
    table = {"kind": "webdav", "url": site.url("/dav/"), "requests_per_second": 10_000}
    write_source_file(one_citewell, home=table)
    report = sync(one_citewell)
    assert (report.created, report.failed, len(site.asked)) == (3, 0, 5)
    assert report.problems == (
        f"7 documents were not read: {site.url('/dav/3.md')}: the server answers 429 (Too Many Requests) and asks to be"
        " left alone for 1 day. They are read the next time, and nothing is removed before.",
    )
    assert sorted(stored(one_citewell)) == names[:3]
