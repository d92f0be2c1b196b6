"""What is believed of a source, whatever its kind: one that tells lies, breaks off, or changes while it is read."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import pytest

from rag.app import Citewell
from rag.errors import FetchFailed
from rag.ingest.results import IngestResult
from rag.records import Access, GivenBy
from rag.settings import Settings
from rag.sources.document_source import SourceEntry, SourceListing, groups_in, moment_of, why_not_path
from rag.sources.pace import Pace, SourceTimeOver
from rag.sources.source_file import parse_source_file
from rag.sources.source_sync import SourceOutcome, SyncingTools, sync_source
from rag.store.base import IngestStatus
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.source_scenes import Holding, first_holding, ids, next_holding, readers, stored

CREATED, UPDATED, MOVED = IngestStatus.CREATED, IngestStatus.UPDATED, IngestStatus.MOVED
REMOVED, FAILED = IngestStatus.REMOVED, IngestStatus.FAILED


@dataclass
class Told:
    """A source that says what it is told to say."""

    holding: Holding = field(default_factory=dict)
    rights: dict[str, frozenset[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)  # paths that cannot be read
    more: Callable[[], Iterable[SourceEntry]] = tuple  # entries behind those of `holding`
    is_down: bool = False
    asked: list[str] = field(default_factory=list)  # paths that were read

    def list(self, since: str) -> SourceListing:
        if self.is_down:
            raise FetchFailed("it does not answer")
        cursor = hashlib.sha256(repr((sorted(self.holding.items()), sorted(self.rights.items()))).encode()).hexdigest()
        if since == cursor:
            return SourceListing(iter(()), cursor, is_unchanged=True)
        return SourceListing(self._entries(), cursor)

    def _entries(self) -> Iterator[SourceEntry]:
        for path, data in self.holding.items():
            yield SourceEntry(path, hashlib.sha256(data).hexdigest(), len(data), readers=self.rights.get(path))
        yield from self.more()

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:  # noqa: ARG002 - as the Protocol has it
        self.asked.append(entry.path)
        if entry.path in self.broken:
            raise FetchFailed(f"{entry.path}: it is not given out")
        return self.holding[entry.path]

    def close(self) -> None:
        """Nothing is held."""


_NUMBERS = itertools.count()


@dataclass
class Following:
    """Citewell, which follows one source."""

    citewell: Citewell
    source: Told
    name: str = field(default_factory=lambda: f"s{next(_NUMBERS)}")
    changes: list[tuple[str, frozenset[str], frozenset[str]]] = field(default_factory=list)

    @property
    def stored(self) -> Holding:
        return stored(self.citewell, self.name)

    @property
    def ids(self) -> dict[str, str]:
        return ids(self.citewell, self.name)

    @property
    def readers(self) -> dict[str, frozenset[str]]:
        return readers(self.citewell, self.name)

    def sync(
        self,
        *lines: str,
        since: str = "",
        dry_run: bool = False,
        retry: bool = False,
        pace: Pace | None = None,
        heard: Callable[[IngestResult], None] | None = None,
    ) -> SourceOutcome:
        """What a sync does, with these lines in the file."""
        written = "\n".join([f'[source.{self.name}]\nkind = "git"\nurl = "/nowhere"', *lines])
        configured = parse_source_file(written.encode(), "citewell.toml")[self.name]
        given = {f"source:{self.name}/{path}".encode(): groups for path, groups in self.source.rights.items()}
        syncing = SyncingTools(
            self.citewell.documents.tools(given.get),
            nullcontext,
            lambda document_id, before, now: self.changes.append((document_id, before, now)),
            pace or Pace(per_second=1e9, seconds=1e9),
            lambda result, *_: heard(result) if heard else None,
            dry_run=dry_run,
            retry=retry,
        )
        return sync_source(self.source, configured, syncing, since=since)


@pytest.fixture(scope="module")
def one_citewell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    """One for all tests of this file, each of which has a source of its own."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.documents.put("bound", b"A loan lasts four weeks.", media_type="text/plain")
        yield citewell


@pytest.fixture
def home(one_citewell: Citewell) -> Following:
    """Citewell, and a source with ten documents that it has taken in."""
    following = Following(one_citewell, Told(first_holding(10)))
    outcome = following.sync()
    assert (len(outcome.results), outcome.is_whole, outcome.cursor != "") == (10, True, True)
    following.source.asked.clear()
    return following


def statuses(outcome: SourceOutcome) -> list[IngestStatus]:
    return [result.status for result in outcome.results]


def test_only_what_is_new_or_changed_is_read(home: Following) -> None:
    before = home.ids
    home.source.holding = next_holding(home.source.holding, share=2)
    outcome = home.sync()
    assert sorted(statuses(outcome)) == sorted([CREATED, UPDATED, MOVED, REMOVED] * 2)
    assert (outcome.unchanged, outcome.problems, len(home.source.asked)) == (4, [], 6)
    assert home.stored == home.source.holding
    moved = next(result for result in outcome.results if result.status is MOVED)
    assert moved.document_id == before[moved.previous.removeprefix(f"source:{home.name}/")]
    home.source.asked.clear()
    again = home.sync(since=outcome.cursor)
    assert (again.results, again.unchanged, again.cursor, home.source.asked) == ([], 10, outcome.cursor, [])


def test_a_source_that_is_down_costs_nothing(home: Following) -> None:
    before = home.stored
    home.source.is_down = True
    outcome = home.sync()
    assert (outcome.results, outcome.cursor) == ([], "")
    assert outcome.problems == ["it does not answer. What was read from it before stays."]
    assert home.stored == before


def test_nothing_is_removed_after_a_listing_that_breaks_off(home: Following) -> None:
    before = home.stored

    def break_off() -> Iterator[SourceEntry]:
        raise FetchFailed("the connection failed")
        yield

    home.source.holding = {"new.md": b"# New\n\nThe door opens at ten.\n"}
    home.source.more = break_off
    outcome = home.sync()
    assert statuses(outcome) == [CREATED]
    assert outcome.problems == ["The listing is not complete: the connection failed. Nothing is removed."]
    assert home.stored == before | home.source.holding


def test_an_endless_listing_is_cut_and_removes_nothing(home: Following) -> None:
    before = home.stored
    home.source.holding = {}
    home.source.more = lambda: (SourceEntry(f"../{n}", "1") for n in itertools.count())
    outcome = home.sync("max_documents = 50")
    assert outcome.results == []
    assert outcome.problems == [
        "The listing is not complete: it lists more than 50 names that cannot be used. Nothing is removed.",
        '51 names cannot be used, the first: ../0: its name has an empty part, "." or "..", or a space at an end of a'
        " part.",
    ]
    home.source.more = lambda: (SourceEntry(f"{n}.md", "1") for n in itertools.count())
    home.source.broken = {f"{n}.md" for n in range(50)}
    outcome = home.sync("max_documents = 50")
    assert "it lists more than the 50 documents that are taken" in outcome.problems[0]
    home.source.more = lambda: (SourceEntry("one.md", "1") for _ in itertools.count())
    home.source.broken = {"one.md"}
    assert "it lists the same names again and again" in home.sync("max_documents = 50").problems[0]
    assert home.stored == before


BAD_NAMES = (
    *("../a.md", "a/../b.md", "/a.md", "a//b.md", "./a.md", "a\nb.md", "a\0b.md", "\ud800.md", "\u202egnp.md"),
    *("", " a.md", "x" * 1_001, "a/" * 100 + "b.md"),
)


def test_a_name_that_could_mean_something_else_is_not_used(home: Following) -> None:
    assert [path for path in BAD_NAMES if why_not_path(path) == ""] == []
    assert [path for path in home.source.holding if why_not_path(path) != ""] == []
    home.source.more = lambda: [SourceEntry(path, "1") for path in BAD_NAMES]
    before = home.stored
    outcome = home.sync()
    assert (outcome.results, outcome.cursor) == ([], "")
    (problem,) = outcome.problems
    assert problem.startswith("13 names cannot be used, the first: ../a.md: ")
    assert home.stored == before


def test_a_moment_of_a_source_is_in_utc_or_none() -> None:
    written = ("2026-11-28T01:00:00Z", "2026-11-28T01:00:00+02:00", "2026-11-28", "x" * 20, "0001-01-01T00:00:00+14:00")
    assert [moment_of(moment) for moment in written] == [
        "2026-11-28T01:00:00+00:00",
        "2026-11-27T23:00:00+00:00",
        "2026-11-28T00:00:00+00:00",
        "",
        "",
    ]


def test_hidden_files_and_formats_without_a_reader_are_passed_over(home: Following) -> None:
    home.source.more = lambda: [SourceEntry(path, "1") for path in (".git/a.md", "a/.b.md", "a.png", "Makefile")]
    outcome = home.sync()
    assert (outcome.results, outcome.problems, home.source.asked) == ([], [], [])


def test_patterns_say_what_is_wanted(home: Following) -> None:
    outcome = home.sync('exclude = ["rule-1.md", "rule-2.md"]')
    assert statuses(outcome) == [REMOVED, REMOVED]
    assert statuses(home.sync('include = ["rule-1.md"]', "max_removed = 1")) == [CREATED, *[REMOVED] * 8]
    assert list(home.stored) == ["folder 0/rule-1.md"]


def test_many_documents_are_not_removed_at_once(home: Following) -> None:
    before = home.stored
    home.source.holding = {}
    (problem,) = home.sync().problems
    assert problem.startswith("It lists nothing, but 10 documents came from it. Nothing is removed")
    home.source.holding = {path: before[path] for path in list(before)[:4]}
    (problem,) = home.sync().problems
    assert problem.startswith("6 of its 10 documents would be removed, more than the share of 0.5")
    assert home.stored == before
    assert statuses(home.sync("max_removed = 0.6")) == [REMOVED] * 6
    assert home.stored == home.source.holding


def test_one_document_that_cannot_be_had_keeps_what_was_stored_of_it(home: Following) -> None:
    before = home.stored
    path = next(iter(before))
    home.source.holding = before | {path: b"# Changed\n\nIt is another one.\n"}
    home.source.broken = {path}
    outcome = home.sync()
    assert (statuses(outcome), outcome.cursor) == ([FAILED], "")
    assert home.stored == before
    home.source.broken = set()
    assert statuses(home.sync()) == [UPDATED]
    assert home.stored == home.source.holding


def test_a_source_that_goes_down_in_the_middle_is_left_alone(home: Following) -> None:
    before = home.stored
    home.source.holding = first_holding(40)
    del home.source.holding["folder 0/rule-3.md"]
    home.source.broken = {path for path in home.source.holding if not path.startswith("folder 0/")}
    outcome = home.sync()
    assert (len(home.source.asked), statuses(outcome)) == (5, [FAILED] * 5)
    assert outcome.problems == [
        "25 documents were not read: 5 documents failed one after the other. They are read the next time, and nothing"
        " is removed before."
    ]
    assert home.stored == before
    home.source.broken = set()
    home.sync()
    assert home.stored == home.source.holding


def test_a_size_that_is_a_lie_does_not_get_more_in_than_is_allowed(home: Following) -> None:
    most = home.citewell.settings.max_document_bytes
    home.source.more = lambda: [SourceEntry("large.md", "1", most + 1)]
    outcome = home.sync()
    assert [result.error for result in outcome.results] == [
        f"source:{home.name}/large.md: more than {most:,} bytes, but {most:,} are allowed; split the document or raise"
        " CITEWELL_MAX_DOCUMENT_BYTES"
    ]
    assert "large.md" not in home.source.asked


def test_what_no_reader_can_read_is_told_once_and_tried_again_when_it_changes(home: Following) -> None:
    path = "folder 0/rule-1.md"
    good = home.source.holding[path]
    home.source.holding[path] = b"\0\0\0"
    outcome = home.sync()
    assert statuses(outcome) == [FAILED, REMOVED]
    assert path not in home.stored, "what it said is not there any more"
    home.source.asked.clear()
    again = home.sync()
    assert (again.results, again.failed_before, home.source.asked) == ([], 1, [])
    assert statuses(home.sync(retry=True)) == [FAILED]
    home.source.holding[path] = good
    assert statuses(home.sync()) == [CREATED]
    assert home.stored == home.source.holding


def test_a_dry_run_changes_nothing_and_says_what_would_be_done(home: Following) -> None:
    before = home.stored, home.ids, home.readers
    home.source.holding = next_holding(home.source.holding, share=2)
    home.source.rights = {path: frozenset({"staff"}) for path in home.source.holding}
    outcome = home.sync(dry_run=True)
    assert sorted(statuses(outcome)) == sorted([CREATED, UPDATED, MOVED, REMOVED] * 2)
    assert (home.stored, home.ids, home.readers) == before
    assert home.changes == []


@pytest.mark.parametrize("after", [1, 5, 11, 17])
def test_a_sync_that_is_cut_short_is_gone_on_with(home: Following, after: int) -> None:
    known = home.ids
    home.source.holding = next_holding(first_holding(30), share=4)
    home.source.rights = {path: frozenset({"staff"}) for path in home.source.holding}
    left = after

    def cut(_: IngestResult) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home.sync(heard=cut)
    assert [check for check in home.citewell.maintenance.check() if not check.ok] == []
    assert home.sync("max_removed = 1").is_whole
    assert home.stored == home.source.holding
    assert set(home.readers.values()) == {frozenset({"staff"})}
    still = {path: known[path] for path in home.ids if path in known}
    assert {path: home.ids[path] for path in still} == still


# -- rights ----------------------------------------------------------------------------------------------------------


def test_rights_follow_the_source_without_reading_anything_again(home: Following) -> None:
    paths = sorted(home.source.holding)
    home.source.rights = dict.fromkeys(paths, frozenset({"staff"}))
    outcome = home.sync()
    assert (outcome.rights_changed, home.source.asked) == (10, [])
    home.source.rights[paths[0]] = frozenset({"board"})
    home.source.rights[paths[1]] = frozenset()
    home.changes.clear()
    assert home.sync().rights_changed == 2
    assert home.readers == home.source.rights
    staff = Access("ida", frozenset({"staff"}))
    assert {info.source.id for info in home.citewell.documents.all(access=staff)} & set(home.ids.values()) == {
        home.ids[path] for path in paths[2:]
    }
    assert home.sync().rights_changed == 0
    documents = {document_id for document_id, _, _ in home.changes}
    assert documents == {home.ids[path] for path in paths[:2]}


def test_what_was_set_by_hand_stays_whatever_the_source_does_and_what_it_says_is_kept(home: Following) -> None:
    """Through a move, a new text that cannot be read at first, and less and more rights."""
    path = sorted(home.source.holding)[0]
    home.source.rights = dict.fromkeys(home.source.holding, frozenset({"board", "staff"}))
    home.sync()
    access = home.citewell.access
    access.set_groups(home.ids[path], ["guests"], access=EVERYTHING)
    home.source.holding[path] = b"# Rule\n\nIt says less now.\n"
    home.source.rights[path] = frozenset({"staff", "audit"})
    home.source.broken = {path}
    home.changes.clear()
    assert (home.sync().rights_changed, home.changes) == (0, [])
    assert home.readers[path] == frozenset({"guests"})
    assert access.groups_given_back(home.ids[path]) == {"staff"}, "the others are not to read what it said before"
    home.source.broken = set()
    assert statuses(home.sync()) == [UPDATED]
    moved = f"moved/{path}"
    home.source.holding[moved] = home.source.holding.pop(path)
    home.source.rights[moved] = home.source.rights.pop(path)
    assert statuses(home.sync()) == [MOVED]
    assert home.readers[moved] == frozenset({"guests"})
    found = access.set_groups(home.ids[moved], None, access=EVERYTHING)
    assert (found.groups, found.given_by) == (frozenset({"staff", "audit"}), GivenBy.SOURCE)
    home.source.rights[moved] = frozenset({"board"})
    assert home.sync().rights_changed == 1
    assert home.readers[moved] == frozenset({"board"})


def test_a_new_document_is_never_read_by_others_than_the_source_says(home: Following) -> None:
    home.source.holding["secret.md"] = b"# Secret\n\nThe vault opens at noon.\n"
    home.source.rights = {"secret.md": frozenset({"board"})}
    seen = []
    home.sync(heard=lambda _: seen.append(home.readers.get("secret.md")))
    assert seen == [frozenset({"board"})]


def test_rights_are_taken_away_at_once_and_widened_with_the_text_that_they_are_for(home: Following) -> None:
    path = "folder 0/rule-1.md"
    home.source.rights = dict.fromkeys(home.source.holding, frozenset({"board", "staff"}))
    home.sync()
    home.source.holding[path] = b"# Rule\n\nIt says less now.\n"
    home.source.rights[path] = frozenset({"staff", "guests"})
    home.source.broken = {path}
    home.sync()
    assert home.readers[path] == frozenset({"staff"}), "guests are not to read what it said before"
    home.source.broken = set()
    home.sync()
    assert home.readers[path] == frozenset({"staff", "guests"})


def test_without_a_word_of_the_source_the_rules_decide(home: Following) -> None:
    assert set(home.readers.values()) == {frozenset({"everybody"})}
    home.citewell.access.deny_by_default(is_on=True)
    home.source.holding["new.md"] = b"# New\n\nThe door opens at ten.\n"
    home.sync()
    home.citewell.access.deny_by_default(is_on=False)
    assert home.readers["new.md"] == frozenset()


def test_names_of_groups_that_mean_something_here_are_not_taken_from_a_source() -> None:
    theirs = frozenset({"staff", "everybody", "person:ida", "", " x", "a\nb", "x" * 201})
    assert groups_in(theirs, {}) == frozenset({"staff"})
    assert groups_in(theirs, {"everybody": "everybody", "crew": "staff"}) == frozenset({"everybody"})


# -- pace ------------------------------------------------------------------------------------------------------------


def test_requests_are_spread_and_end_when_the_time_is_over() -> None:
    now, slept = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    pace = Pace(per_second=2, seconds=1.2, clock=lambda: now, sleep=sleep)
    pace.step()
    pace.step()
    pace.step()
    assert slept == [0.5, 0.5]
    with pytest.raises(SourceTimeOver, match=r"0\.02 minutes"):
        pace.step()


def test_what_there_was_no_time_for_is_read_the_next_time_and_nothing_is_removed_before(home: Following) -> None:
    before = home.stored
    home.source.holding = next_holding(first_holding(10), share=2)
    now = 0.0

    def clock() -> float:
        return now

    class Late(Told):
        def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
            pace.left()
            return super().read(entry, max_bytes)

    def pass_time(_: IngestResult) -> None:
        nonlocal now
        now = 100.0

    pace = Pace(per_second=1e9, seconds=60, clock=clock, sleep=lambda _: None)
    late = replace(home, source=Late(home.source.holding, more=_until(lambda: pass_time(None))))  # type: ignore[arg-type] # nothing is looked at
    outcome = late.sync(pace=pace)
    assert outcome.results == []
    assert "it took longer than the 1 minutes that it may" in outcome.problems[0]
    assert home.stored == before
    home.sync()
    assert home.stored == home.source.holding


def _until(then: Callable[[], None]) -> Callable[[], Iterable[SourceEntry]]:
    def more() -> Iterator[SourceEntry]:
        then()
        yield from ()

    return more


def test_ids_stay_where_documents_are_exchanged(home: Following) -> None:
    one, two = list(home.source.holding)[:2]
    before = home.ids
    home.source.holding[one], home.source.holding[two] = home.source.holding[two], home.source.holding[one]
    assert statuses(home.sync()) == [UPDATED, UPDATED]
    assert home.ids == before
    assert home.stored == home.source.holding
    assert len(home.ids) == 10
