"""A Git repository as a source, asked with git itself."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import InvalidSetting, StorageBusy
from rag.sources import FILE_NAME, SourceList
from rag.sources.git_source import GitSource
from rag.sources.pace import Pace, SourceTimeOver
from rag.sources.source_file import parse_source_file
from rag.sources.source_report import alone_with, load_state
from tests.support.access import EVERYTHING
from tests.support.git_repositories import commit, commit_entries, git, make_repository, needs_git
from tests.support.listening import answering
from tests.support.source_scenes import (
    Holding,
    counts,
    first_holding,
    follow_a_change,
    ids,
    next_holding,
    readers,
    stored,
    sync,
    write_source_file,
)

pytestmark = needs_git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server that gives out the files of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_what_is_stored_is_what_the_repository_holds_before_and_after_a_change(
    one_citewell: Citewell, repository: Path
) -> None:
    moments = count(1_700_000_000, 100)
    table = {"kind": "git", "url": repository}
    follow_a_change(one_citewell, lambda held: commit(repository, held, at=next(moments)), table, first_holding())
    assert counts(sync(one_citewell)) == (0, 0, 0, 0, 200, 0)


SYNC = """
import os, signal, sys
from pathlib import Path
from rag.app import Citewell
from rag.settings import Settings
from tests.support.fakes import HashEmbedder
left = int(sys.argv[2])
def kill(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
settings = Settings(data_dir=Path(sys.argv[1]), reader=False)
with Citewell.open(settings, embedder=HashEmbedder()) as citewell:
    list(citewell.sources.sync("killed", on_result=kill))
"""


@pytest.mark.crash
def test_a_sync_whose_process_is_killed_is_gone_on_with(one_citewell: Citewell, repository: Path) -> None:
    """Killed when all is new, and again over a change: what is there is never of two states, and in the end all is."""
    before = first_holding(40)
    commit(repository, before)
    table = {"kind": "git", "url": repository, "groups": ["staff"], "folder_groups": {"folder 3": ["board"]}}
    write_source_file(one_citewell, killed=table)

    def killed(results: int) -> Holding:
        command = [sys.executable, "-c", SYNC, str(one_citewell.settings.data_dir), str(results)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert [check for check in one_citewell.maintenance.check() if not check.ok] == []
        found = stored(one_citewell, "killed")
        boards = {path for path, groups in readers(one_citewell, "killed").items() if groups == {"board"}}
        assert boards == {path for path in found if path.startswith("folder 3/")}
        return found

    assert killed(25).items() <= before.items()
    assert sync(one_citewell, "killed").ok
    assert stored(one_citewell, "killed") == before
    after = next_holding(before, share=4)
    commit(repository, after, at=1_700_000_100)
    assert killed(7).items() <= before.items() | after.items()
    assert sync(one_citewell, "killed").ok
    assert stored(one_citewell, "killed") == after


def test_a_document_was_changed_when_its_last_commit_was_made(one_citewell: Citewell, repository: Path) -> None:
    commit(repository, {"a.md": b"# A\n\nIt opens at one.\n", "b.md": b"# B\n\nIt opens at two.\n"})
    write_source_file(one_citewell, dated={"kind": "git", "url": f"file://{repository}", "branch": "main"})
    sync(one_citewell, "dated")
    commit(repository, {"a.md": b"# A\n\nIt opens at six.\n", "b.md": b"# B\n\nIt opens at two.\n"}, at=1_710_000_000)
    sync(one_citewell, "dated")
    found = ids(one_citewell, "dated")
    assert [one_citewell.documents.get(found[path], access=EVERYTHING).modified_at for path in ("a.md", "b.md")] == [
        "2024-03-09T16:00:00+00:00",
        "2023-11-14T22:13:20+00:00",
    ]


def test_a_repository_is_followed_over_http_and_one_that_is_down_costs_nothing(
    one_citewell: Citewell, repository: Path
) -> None:
    holding = {"docs/a.md": b"# A\n\nIt opens at one.\n", "other/b.md": b"# B\n\nIt opens at two.\n"}
    commit(repository, holding)
    git(repository, "update-server-info")
    with served(repository / ".git") as address:
        write_source_file(one_citewell, web={"kind": "git", "url": address, "folder": "docs", "branch": "main"})
        assert counts(sync(one_citewell, "web")) == (1, 0, 0, 0, 0, 0)
    assert stored(one_citewell, "web") == {"a.md": holding["docs/a.md"]}
    report = sync(one_citewell, "web")
    assert (report.ok, report.removed) == (False, 0)
    assert report.problems[0].startswith("git cannot fetch it: ")
    assert stored(one_citewell, "web") == {"a.md": holding["docs/a.md"]}
    state = load_state(one_citewell.settings.data_dir, "web")
    assert (state.report, state.succeeded_at != "", state.cursor) == (report, True, "")


def test_a_server_that_says_nothing_is_left_when_the_time_is_over(tmp_path: Path) -> None:
    now = 0.0

    def say_nothing(connection: socket.socket) -> None:
        nonlocal now
        with connection:
            connection.recv(1)
            now = 100.0
            while connection.recv(1_000):
                """Until git is ended, at the other end."""

    pace = Pace(per_second=1e9, seconds=60, clock=lambda: now, sleep=lambda _: None)
    with answering(say_nothing, patience=60) as port:
        written = f'[source.home]\nkind = "git"\nurl = "http://127.0.0.1:{port}/rules.git"\n'
        configured = parse_source_file(written.encode(), FILE_NAME)["home"]
        with closing(GitSource(configured, tmp_path / "copy", pace)) as source, pytest.raises(SourceTimeOver):
            source.list("")


def test_history_that_was_written_anew_is_taken_as_it_is_now(one_citewell: Citewell, repository: Path) -> None:
    commit(repository, {"a.md": b"# A\n\nIt opens at one.\n", "b.md": b"# B\n\nIt opens at two.\n"})
    write_source_file(one_citewell, anew={"kind": "git", "url": repository})
    sync(one_citewell, "anew")
    git(repository, "checkout", "--quiet", "--orphan", "other")
    holding = {"b.md": b"# B\n\nIt opens at two.\n", "c.md": b"# C\n\nIt opens at ten.\n"}
    commit(repository, holding)
    git(repository, "branch", "--quiet", "--move", "--force", "other", "main")
    assert counts(sync(one_citewell, "anew")) == (1, 0, 0, 1, 1, 0)
    assert stored(one_citewell, "anew") == holding


def test_nothing_of_a_hostile_repository_is_run_or_believed(
    one_citewell: Citewell, repository: Path, tmp_path: Path
) -> None:
    """Hooks, configuration, filters, links out, submodules, and names that no working tree could have."""
    good = b"# Good\n\nIt opens at one.\n"
    commit(repository, {"good.md": good})
    blob = git(repository, "hash-object", "-w", "--stdin", data=good).strip()
    link = git(repository, "hash-object", "-w", "--stdin", data=b"/etc/passwd").strip()
    attributes = git(repository, "hash-object", "-w", "--stdin", data=b"*.md filter=x diff=x\n").strip()
    commit_entries(
        repository,
        ("100644", b"..", blob),
        ("100644", b".gitattributes", attributes),
        ("100644", b"a\nb.md", blob),
        ("100644", b"good.md", blob),
        ("120000", b"link.md", link),
        ("160000", b"module.md", git(repository, "rev-parse", "HEAD").strip()),
        ("100644", b"\xff\xfe.md", blob),
    )
    harm = tmp_path / "harm"
    run = tmp_path / "run"
    run.write_text(f"#!/bin/sh\ntouch {harm}\ncat\n")
    run.chmod(0o755)
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-merge", "fsmonitor-watchman"):
        (repository / ".git/hooks").mkdir(exist_ok=True)
        (repository / ".git/hooks" / hook).write_text(run.read_text())
        (repository / ".git/hooks" / hook).chmod(0o755)
    for key in (
        "core.fsmonitor",
        "filter.x.smudge",
        "uploadpack.packObjectsHook",
        "core.sshCommand",
        "diff.x.textconv",
    ):
        git(repository, "config", key, str(run))
    git(repository, "config", "core.hooksPath", str(repository / ".git/hooks"))
    write_source_file(one_citewell, hostile={"kind": "git", "url": repository})
    report = sync(one_citewell, "hostile")
    assert stored(one_citewell, "hostile") == {"good.md": good}
    assert report.problems == (
        '3 names cannot be used, the first: ..: its name has an empty part, "." or "..", or a space at an end of a'
        " part.",
    )
    assert not harm.exists()


@pytest.mark.parametrize(
    "url",
    ["ext::sh -c touch% harm", "ssh://host.example/a", "git://host.example/a", "--upload-pack=x", "https://a:b@c/"],
)
def test_no_other_protocol_of_git_is_spoken(tmp_path: Path, url: str) -> None:
    configured = parse_source_file(f'[source.home]\nkind = "git"\nurl = "{url}"\n'.encode(), FILE_NAME)["home"]
    with pytest.raises(InvalidSetting, match=r"source home: url: .*Other protocols of git are not spoken"):
        GitSource(configured, tmp_path / "copy", Pace(per_second=1, seconds=1))


def test_a_password_goes_only_where_nobody_can_listen(tmp_path: Path) -> None:
    written = '[source.home]\nkind = "git"\nurl = "http://git.example/a"\nuser = "ida"\npassword_env = "GIT_WORD"\n'
    configured = parse_source_file(written.encode(), FILE_NAME)["home"]
    with pytest.raises(InvalidSetting, match="a password is sent with https only"):
        GitSource(configured, tmp_path / "copy", Pace(per_second=1, seconds=1), password="hush")  # noqa: S106 - it is none


def test_a_copy_that_grows_too_large_is_given_up(one_citewell: Citewell, repository: Path) -> None:
    commit(repository, {"a.md": b"# A\n\nIt opens at one.\n", "large.bin": os.urandom(3_000_000)})
    write_source_file(one_citewell, large={"kind": "git", "url": repository, "max_repository_megabytes": 1})
    report = sync(one_citewell, "large")
    assert report.problems == (
        "its copy takes more than 1 MB; raise max_repository_megabytes. What was read from it before stays.",
    )
    assert not (one_citewell.settings.data_dir / "sources" / "large.git").exists()


def test_a_copy_that_is_damaged_is_made_anew(one_citewell: Citewell, repository: Path) -> None:
    holding = {"a.md": b"# A\n\nIt opens at one.\n"}
    commit(repository, holding)
    write_source_file(one_citewell, damaged={"kind": "git", "url": repository})
    sync(one_citewell, "damaged")
    copy = one_citewell.settings.data_dir / "sources" / "damaged.git"
    for path in copy.rglob("*"):
        if path.is_file() and "objects" in path.parts:
            path.chmod(0o600)
            path.write_bytes(b"damaged")
    (copy / "refs/heads/taken.lock").touch()
    commit(repository, holding | {"b.md": b"# B\n\nIt opens at two.\n"})
    assert not sync(one_citewell, "damaged").ok
    assert stored(one_citewell, "damaged") == holding
    assert counts(sync(one_citewell, "damaged")) == (1, 0, 0, 0, 1, 0)


def test_a_source_is_asked_without_storing_and_by_one_at_a_time(one_citewell: Citewell, repository: Path) -> None:
    commit(repository, {"a.md": b"# A\n\nIt opens at one.\n"})
    write_source_file(
        one_citewell, tried={"kind": "git", "url": repository}, lost={"kind": "git", "url": repository / "lost"}
    )
    listed = SourceList(one_citewell.settings, {})
    one, other = listed.check()
    assert (one.name, one.documents, one.error) == ("tried", 1, "")
    assert (other.name, other.documents) == ("lost", 0)
    assert other.error.startswith("git cannot fetch it: ")
    assert stored(one_citewell, "tried") == {}
    with alone_with(one_citewell.settings.data_dir, "tried"), pytest.raises(StorageBusy, match="by another process"):
        sync(one_citewell, "tried")


def test_rights_that_the_file_gave_are_taken_back_when_it_says_nothing_any_more(
    one_citewell: Citewell, repository: Path
) -> None:
    """All but those that somebody set by hand, which count until they are given back, and then the rules do."""
    commit(repository, {"a.md": b"# A\n\nIt opens at one.\n", "hand.md": b"# B\n\nIt opens at two.\n"})
    table = {"kind": "git", "url": repository}
    write_source_file(one_citewell, given=table | {"groups": ["staff"]})
    sync(one_citewell, "given")
    staff, board = frozenset({"staff"}), frozenset({"board"})
    assert readers(one_citewell, "given") == {"a.md": staff, "hand.md": staff}
    by_hand = ids(one_citewell, "given")["hand.md"]
    one_citewell.access.set_groups(by_hand, ["guests"], access=EVERYTHING)
    write_source_file(one_citewell, given=table | {"groups": ["board"]})
    assert sync(one_citewell, "given").rights_changed == 1
    assert readers(one_citewell, "given") == {"a.md": board, "hand.md": frozenset({"guests"})}
    assert one_citewell.access.groups_given_back(by_hand) == board
    one_citewell.access.deny_by_default(is_on=True)
    write_source_file(one_citewell, given=table)
    sync(one_citewell, "given")
    assert readers(one_citewell, "given") == {"a.md": frozenset(), "hand.md": frozenset({"guests"})}
    assert one_citewell.access.set_groups(by_hand, None, access=EVERYTHING).groups == frozenset()
    one_citewell.access.deny_by_default(is_on=False)
