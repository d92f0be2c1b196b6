"""`rag sources`: what is printed, where, and the exit codes."""

from __future__ import annotations

from pathlib import Path

from tests.support.git_repositories import commit, make_repository, needs_git
from tests.support.hash_cli import Rag

pytestmark = needs_git


def test_sources_are_tried_brought_in_and_listed(rag: Rag, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert rag("sources", "list").out == (
        f"No source is named: {data_dir}/citewell.toml is not there, or has no [source.NAME].\n"
    )
    assert rag("sources", "sync").code == 2
    repository = make_repository(tmp_path / "repository")
    commit(repository, {"a.md": b"# A\n\nIt opens at one.\n", "b.md": b"# B\n\nIt opens at two.\n", "c.md": b""})
    data_dir.mkdir(exist_ok=True)
    (data_dir / "citewell.toml").write_text(
        f'[source.home]\nkind = "git"\nurl = "{repository}"\n[source.lost]\nkind = "git"\nurl = "{tmp_path}/lost"\n'
    )
    checked = rag("sources", "check")
    assert (checked.code, checked.out) == (1, "home: 3 files\n")
    assert checked.err.startswith("lost: git cannot fetch it: ")
    ran = rag("sources", "sync", "home")
    assert (ran.code, ran.out) == (1, "home: 2 created, 1 failed\n")
    assert ran.err == "  failed: source:home/c.md: the file is empty; a document with text was expected\n"
    both = rag("sources", "sync", "--json")
    assert both.code == 1
    home, lost = both.json["reports"]
    assert (home["name"], home["report"]["unchanged"], home["report"]["failed"]) == ("home", 2, 1)
    assert (lost["name"], lost["report"]["ok"]) == ("lost", False)
    listed = rag("sources", "list", "--json").json
    assert [source["report"] for source in listed["sources"]] == [home["report"], lost["report"]]
    assert rag("sources", "sync", "other").err == (
        f"Error: {data_dir}/citewell.toml has no source 'other'; it has home, lost.\n"
    )
