"""citewell.toml: what may be written in it, and what is said of what may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import InvalidSetting
from rag.sources.source_file import ConfiguredSource, parse_source_file, read_source_file
from rag.sources.source_report import FOLDER, SourceState, load_state

GIT = 'kind = "git"\nurl = "/srv/handbook.git"\n'


def parse(written: str) -> dict[str, ConfiguredSource]:
    return parse_source_file(written.encode(), "citewell.toml")


def test_a_source_is_what_is_written() -> None:
    written = (
        f'[source.handbook]\n{GIT}branch = "main"\ninclude = ["*.md"]\ngroups = ["staff", "board"]\nmax_minutes = 5\n'
        'user = "ida"\npassword_file = "/run/word"\n'
    )
    found = parse(f"{written}[source.second]\n{GIT}")
    assert list(found) == ["handbook", "second"]
    assert found["handbook"] == ConfiguredSource(
        "handbook",
        "git",
        {"url": "/srv/handbook.git", "branch": "main"},
        (("*.md",), ()),
        groups=frozenset({"staff", "board"}),
        limits={"max_minutes": 5},
        user="ida",
        password_file=Path("/run/word"),
    )
    assert (found["handbook"].prefix, found["handbook"].limit("max_minutes")) == ("source:handbook/", 5)
    assert (found["second"].groups, found["second"].limit("max_documents")) == (None, 100_000)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[source.a\n", "citewell.toml is no TOML: Expected ']' .*line 1"),
        ("x = 1", "citewell.toml has 'x'; expected nothing but"),
        (f"[[source]]\n{GIT}", r"has \[\[source\]\]; expected \[source.NAME\]"),
        (f"[source.A_b]\n{GIT}", "source A_b: expected a name of 1 to 40 letters"),
        ("[source.a]\nkind = 'cvs'", "source a: kind is 'cvs'; expected one of git"),
        ("[source.a]\nkind = 'git'", "source a has no url, which a source of the kind git needs"),
        (f"[source.a]\n{GIT}uurl = 1", "source a has 'uurl'; a source of the kind git has branch, "),
        (f"[source.a]\n{GIT}password = 'x'", "source a has password: no secret stands in this file"),
        (f"[source.a]\n{GIT}password_env = 'a b'", "password_env is 'a b'; expected the name of a variable"),
        (f"[source.a]\n{GIT}password_env = 'CITEWELL_X'", "what begins with CITEWELL_ is a setting"),
        (f"[source.a]\n{GIT}password_env = 'A'\npassword_file = '/b'", "expected one of them"),
        (f"[source.a]\n{GIT}groups = 'staff'", "source a: groups is 'staff'; expected a list"),
        (f"[source.a]\n{GIT}groups = [' x']", "expected a list of names of groups"),
        (
            f"[source.a]\n{GIT}folder_groups = {{ a = ['x'] }}",
            "folder_groups and no groups; expected the groups of all",
        ),
        (f"[source.a]\n{GIT}groups = []\nfolder_groups = ['x']", "folder_groups is .*; expected lines such as"),
        (f"[source.a]\n{GIT}groups = []\nfolder_groups = {{ '/a' = ['x'] }}", "the folder '/a'; expected a path"),
        (f"[source.a]\n{GIT}groups = []\nfolder_groups = {{ a = 'x' }}", "folder_groups, a: groups is 'x'"),
        (f"[source.a]\n{GIT}max_minutes = 0", "source a: max_minutes is 0; expected a whole number from 1"),
        (f"[source.a]\n{GIT}max_minutes = true", "max_minutes is True; expected"),
        (f"[source.a]\n{GIT}max_removed = 2", "max_removed is 2; expected a share"),
        (f"[source.a]\n{GIT}include = ['****a*b*c*d']", "source a: include, line 1"),
        (f"[source.a]\n{GIT}include = 'x'", "source a: include is 'x'; expected a list of patterns"),
        (f'[source.a]\n{GIT}branch = "a\\nb"', "branch is 'a.nb'; expected a text in one line"),
        (f"[source.a]\n{GIT}rights = 'x'", "source a has 'rights'; a source of the kind git has"),
    ],
)
def test_what_cannot_be_used_is_named(written: str, said: str) -> None:
    with pytest.raises(InvalidSetting, match=said):
        parse(written)


def test_the_innermost_folder_that_is_named_says_who_may_read() -> None:
    written = f'[source.a]\n{GIT}groups = ["all"]\nfolder_groups = {{ "B" = ["board"], "B/open" = ["staff"] }}'
    source = parse(written)["a"]
    paths = ("x.md", "B", "B.md", "B/x.md", "B/y/x.md", "B/open/x.md", "B/open/y/x.md", "C/B/x.md", "b/x.md")
    assert [sorted(source.groups_of(path) or ()) for path in paths] == [
        *(["all"], ["all"], ["all"]),
        *(["board"], ["board"]),
        *(["staff"], ["staff"]),
        *(["all"], ["all"]),
    ]


def test_without_a_file_there_are_no_sources(tmp_path: Path) -> None:
    assert read_source_file(tmp_path / "citewell.toml") == {}
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_source_file(tmp_path / "folder")


def test_a_password_is_where_the_file_says(tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("hush\n")
    from_file = parse(f'[source.a]\n{GIT}password_file = "{word}"')["a"]
    from_variable = parse(f'[source.a]\n{GIT}password_env = "WORD"')["a"]
    assert (from_file.password({}), from_variable.password({"WORD": "hush"})) == ("hush", "hush")
    with pytest.raises(InvalidSetting, match="source a: password_env names WORD, which is not set"):
        from_variable.password({})
    word.write_text("")
    with pytest.raises(InvalidSetting, match="which is empty"):
        from_file.password({})
    with pytest.raises(InvalidSetting, match="a line break or control character"):
        from_variable.password({"WORD": "hush\r\nX: y"})


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"cursor": 1}', "null"])
def test_a_state_that_is_damaged_costs_no_more_than_a_full_comparison(tmp_path: Path, damage: str) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "home.json").write_text(damage)
    assert load_state(tmp_path, "home") == SourceState()
