from __future__ import annotations

from pathlib import Path

import pytest

from rag.access.access_rules import parse_rules, read_rules
from rag.errors import InvalidSetting

FILE = b"""
[[rule]]
source = "/srv/hr/"
groups = ["hr", "board"]

[[rule]]
source = ["/srv/*/minutes-??.md", "https://intranet.example/**"]
groups = ["everybody"]

[[rule]]
source = "/srv/**"
groups = []
"""


@pytest.mark.parametrize(
    ("location", "number"),
    [
        ("/srv/hr/pay.md", 1),
        ("/srv/hr/2026/pay.md", 1),
        ("/srv/hr/minutes-01.md", 1),
        ("/srv/old.zip!/hr/pay.md", 3),
        ("/srv/sales/minutes-01.md", 2),
        ("/srv/sales/minutes-1.md", 3),
        ("/srv/sales/old/minutes-01.md", 3),
        ("https://intranet.example/a/b?c", 2),
        ("https://intranet.example.evil/a", None),
        ("/srv/line\nbreak", 3),
        ("/srv", None),
        ("api:handbook", None),
        ("", None),
    ],
)
def test_the_first_rule_that_fits_decides(location: str, number: int | None) -> None:
    rule = parse_rules(FILE, "access.toml").rule_for(location)
    assert (rule and rule.number) == number


def test_groups_are_those_of_the_rule_and_none_where_none_fits() -> None:
    rules = parse_rules(FILE, "access.toml")
    assert rules.groups_for("/srv/hr/pay.md") == {"hr", "board"}
    assert rules.groups_for("https://intranet.example/") == {"everybody"}
    assert rules.groups_for("/srv/elsewhere.md") == rules.groups_for("api:handbook") == frozenset()


@pytest.mark.parametrize("source", ["/srv/a.md", "/srv/[a]", "/srv/(a|b)", "/srv/a+b", "$HOME", "a\\d"])
def test_nothing_but_stars_and_question_marks_is_special(source: str) -> None:
    rules = parse_rules(f"[[rule]]\nsource = '{source}'\ngroups = ['a']".encode(), "access.toml")
    assert rules.rule_for(source)
    assert rules.rule_for("/srv/axmd") is None
    assert rules.rule_for("/srv/a") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rule]\n", "access.toml is no TOML"),
        ("\xff", None),
        ("[rule]\nsource = 'a'\ngroups = []", "two brackets"),
        ("[[rules]]\nsource = 'a'\ngroups = []", "has 'rules'; expected nothing but"),
        ("[[rule]]\nsource = 'a'", "rule 1 has source; expected source and groups"),
        ("[[rule]]\nsource = 'a'\ngroups = []\nusers = []", "rule 1 has groups, source, users"),
        ("rule = ['a']", "rule 1 has str"),
        ("[[rule]]\nsource = 'a'\ngroups = []\n[[rule]]\nsource = []\ngroups = []", r"rule 2 has the source \[\]"),
        ("[[rule]]\nsource = 7\ngroups = []", "rule 1 has the source 7"),
        ("[[rule]]\nsource = 'a'\ngroups = 'hr'", "rule 1 has the groups 'hr'; expected a list of names"),
        ("[[rule]]\nsource = 'a'\ngroups = [1]", "expected a list of names"),
        ("[[rule]]\nsource = 'a'\ngroups = ['']", "rule 1 has the group ''"),
        ("[[rule]]\nsource = 'a'\ngroups = [' hr']", "without spaces around"),
        ("[[rule]]\nsource = 'a'\ngroups = [\"a\\nb\"]", "in one line"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(text: str, message: str | None) -> None:
    with pytest.raises(InvalidSetting, match=message or "no TOML"):
        parse_rules(text.encode("latin-1"), "access.toml")


def test_no_file_is_no_rules_and_one_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    assert read_rules(tmp_path / "access.toml") is None
    (tmp_path / "access.toml").write_bytes(FILE)
    found = read_rules(tmp_path / "access.toml")
    assert found == parse_rules(FILE, "access.toml")
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_rules(tmp_path)
