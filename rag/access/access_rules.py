"""The file of rules that says which groups may read which documents, by the place that they come from.

    [[rule]]
    source = "/srv/documents/personnel/**"
    groups = ["personnel", "board"]

    [[rule]]
    source = "/srv/documents/**"
    groups = "posix"

The first rule that fits a document decides. Where none does, and with no groups, nobody may read it but whoever may
read everything. In a pattern "*" stands for any characters but "/", "**" for any at all, "?" for one; nothing else is
special.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.access.posix_groups import posix_groups
from rag.errors import InvalidSetting

FILE_NAME = "access.toml"
# What stands in a rule instead of groups: those that the system has for the file.
FROM_POSIX = "posix"
# More is no file that a person wrote.
_MAX_BYTES = 2_000_000
_MAX_GROUP_CHARS = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: documents from these places may be read by these groups."""

    number: int  # in the file, from 1
    sources: tuple[str, ...]
    groups: frozenset[str]
    is_posix: bool = False  # the groups are those that the system has for the file


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one file, in order."""

    rules: tuple[Rule, ...]
    digest: str  # of the file as it was read
    _patterns: tuple[re.Pattern[str], ...]

    def rule_for(self, location: str) -> Rule | None:
        """The first rule that fits a document from this place, if any does."""
        for rule, pattern in zip(self.rules, self._patterns, strict=True):
            if pattern.fullmatch(location):
                return rule
        return None

    def groups_for(self, location: str) -> frozenset[str]:
        """The groups that may read a document from this place."""
        rule = self.rule_for(location)
        if rule is None:
            return frozenset()
        return posix_groups(location) if rule.is_posix else rule.groups


def read_rules(path: Path) -> Rules | None:
    """The rules in a file; None where there is no such file. Raises InvalidSetting for one that makes no sense."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidSetting(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > _MAX_BYTES:
        raise InvalidSetting(f"{path} has more than {_MAX_BYTES:,} bytes; expected rules that a person wrote.")
    return parse_rules(data, str(path))


def parse_rules(data: bytes, name: str) -> Rules:
    """The rules in the bytes of a file of that name. Raises InvalidSetting, naming the rule that is wrong."""
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(f"{name} is no TOML: {error}.") from error
    unknown = sorted(set(found) - {"rule"})
    if unknown:
        raise InvalidSetting(f"{name} has {unknown[0]!r}; expected nothing but [[rule]].")
    tables = found.get("rule", [])
    if not isinstance(tables, list):
        raise InvalidSetting(f"{name} has [rule]; expected [[rule]], with two brackets, before each.")
    rules = tuple(_rule(table, number, name) for number, table in enumerate(tables, start=1))
    return Rules(rules, hashlib.sha256(data).hexdigest(), tuple(_pattern(rule.sources) for rule in rules))


def checked_groups(groups: object, where: str) -> frozenset[str]:
    """The names of groups in a list. Raises InvalidSetting for anything else, saying where it was."""
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise InvalidSetting(f"{where} has the groups {groups!r}; expected a list of names.")
    for group in groups:
        if not 1 <= len(group.strip()) <= _MAX_GROUP_CHARS or group != group.strip() or not group.isprintable():
            raise InvalidSetting(
                f"{where} has the group {group!r}; expected 1 to {_MAX_GROUP_CHARS} characters in one line, without"
                " spaces around them."
            )
    return frozenset(groups)


def _rule(table: object, number: int, name: str) -> Rule:
    """One rule. Raises InvalidSetting."""
    where = f"{name}, rule {number}"
    if not isinstance(table, dict) or set(table) != {"source", "groups"}:
        given = ", ".join(sorted(table)) if isinstance(table, dict) else type(table).__name__
        raise InvalidSetting(f"{where} has {given or 'nothing'}; expected source and groups.")
    given_sources = table["source"]
    sources = [given_sources] if isinstance(given_sources, str) else given_sources
    if not isinstance(sources, list) or not sources or not all(isinstance(s, str) and s for s in sources):
        raise InvalidSetting(f"{where} has the source {given_sources!r}; expected a pattern, or a list of patterns.")
    if table["groups"] == FROM_POSIX:
        return Rule(number, tuple(sources), frozenset(), is_posix=True)
    return Rule(number, tuple(sources), checked_groups(table["groups"], where))


def _pattern(sources: Sequence[str]) -> re.Pattern[str]:
    """What a location looks like that one of the patterns fits; one that ends with "/" fits all that is beneath."""
    return re.compile("|".join(_expression(f"{s}**" if s.endswith("/") else s) for s in sources), re.DOTALL)


def _expression(source: str) -> str:
    """The regular expression of one pattern."""
    special = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.findall(r"\*\*|\*|\?|[^*?]+", source)
    return "".join(special.get(piece) or re.escape(piece) for piece in pieces)
