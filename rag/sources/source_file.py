"""The file that names the sources: `citewell.toml`, written by a person, without any secret in it.

    [source.handbook]
    kind = "git"
    url = "https://git.example/handbook.git"
    groups = ["staff"]

    [source.cloud]
    kind = "webdav"
    url = "https://cloud.example/remote.php/dav/files/citewell/Shared/"
    server = "nextcloud"
    user = "citewell"
    password_file = "/etc/citewell/cloud-password"
    groups = ["staff"]
    folder_groups = { "Board" = ["board"] }

What is written is checked as a whole before anything is asked of a source.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import InvalidSetting
from rag.ingest.sources.patterns import Patterns
from rag.sources.document_source import why_not_path

FILE_NAME = "citewell.toml"
# More is no file that a person wrote.
_MAX_BYTES = 1_000_000
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRETS = ("password", "token", "secret", "passwd", "pass", "key")
_MAX_GROUP_CHARS = 200


@dataclass(frozen=True, slots=True)
class KindOfSource:
    """What may be written about sources of one kind."""

    name: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()  # the ways in which it can say who may read what
    signs_in: bool = False  # it may be asked with a name and a password


KINDS = {
    kind.name: kind
    for kind in (
        KindOfSource("git", ("url",), ("branch", "folder", "max_repository_megabytes"), signs_in=True),
        KindOfSource("webdav", ("url",), ("server",), signs_in=True),
        KindOfSource("feed", ("url",), ("dropped",), signs_in=True),
        KindOfSource("mediawiki", ("url",), ("namespaces",), signs_in=True),
        KindOfSource("dokuwiki", ("url",), ("namespace",), rights=("acl",), signs_in=True),
        KindOfSource("s3", ("url", "bucket"), ("prefix", "region", "addressing"), signs_in=True),
        KindOfSource("imap", ("url",), ("since",), rights=("acl",), signs_in=True),
    )
}
_LIMITS = {"max_documents": 100_000, "max_minutes": 60, "requests_per_second": 10, "max_repository_megabytes": 2_000}
_COMMON = (
    "kind",
    "include",
    "exclude",
    "groups",
    "folder_groups",
    "max_documents",
    "max_minutes",
    "requests_per_second",
    "max_removed",
)
_SIGNING_IN = ("user", "password_env", "password_file")
_TEXTS = (
    "url",
    "branch",
    "folder",
    "server",
    "dropped",
    "namespaces",
    "namespace",
    "since",
    "bucket",
    "prefix",
    "region",
    "addressing",
    "user",
    "password_env",
    "password_file",
    "rights",
)


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """One source as it is written down, checked."""

    name: str
    kind: str
    options: Mapping[str, str]  # what only this kind has: "url", "branch", ...
    lines: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # patterns of what is taken in, and of what is left out
    groups: frozenset[str] | None = None  # that may read all of it; None where rules, or the source itself, say it
    folder_groups: Mapping[str, frozenset[str]] = field(default_factory=dict)  # likewise, of what is in a folder
    rights: str = ""  # how the source says who may read what; "" where it does not
    group_map: Mapping[str, str] = field(default_factory=dict)  # groups of the source, and what they are called here
    limits: Mapping[str, int] = field(default_factory=dict)
    max_removed: float = 0.5  # of its documents, the share that may be removed at once
    user: str = ""
    password_env: str = ""  # the variable of the environment, or the file, that has the password
    password_file: Path | None = None

    @property
    def patterns(self) -> Patterns:
        """What is wanted of it."""
        return Patterns.of(*self.lines)

    @property
    def prefix(self) -> str:
        """What the places of its documents begin with: "source:handbook/"."""
        return f"source:{self.name}/"

    def groups_of(self, path: str) -> frozenset[str] | None:
        """The groups that may read a document: those of the innermost folder that is named, else those of all of it."""
        while path:
            path = path.rpartition("/")[0]
            if path in self.folder_groups:
                return self.folder_groups[path]
        return self.groups

    def limit(self, name: str) -> int:
        """A limit as it is written, or what holds without."""
        return self.limits.get(name, _LIMITS[name])

    def password(self, environ: Mapping[str, str]) -> str:
        """The password, from where the file says that it is; "" without one. Raises InvalidSetting."""
        where = f"source {self.name}"
        if self.password_env:
            if not environ.get(self.password_env):
                raise InvalidSetting(
                    f"{where}: password_env names {self.password_env}, which is not set; expected the password there."
                )
            return _one_line(environ[self.password_env], f"{where}: the variable {self.password_env}")
        if self.password_file is not None:
            try:
                found = self.password_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise InvalidSetting(f"{where}: password_file is {self.password_file}: {error}.") from error
            if not found:
                raise InvalidSetting(f"{where}: password_file is {self.password_file}, which is empty.")
            return _one_line(found, f"{where}: the file {self.password_file}")
        return ""


def read_source_file(path: Path) -> dict[str, ConfiguredSource]:
    """The sources in a file by name, in its order; none where there is no file. Raises InvalidSetting."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidSetting(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > _MAX_BYTES:
        raise InvalidSetting(f"{path} has more than {_MAX_BYTES:,} bytes; expected sources that a person wrote.")
    return parse_source_file(data, str(path))


def parse_source_file(data: bytes, name: str) -> dict[str, ConfiguredSource]:
    """The sources in the bytes of a file of that name. Raises InvalidSetting, naming the line or key that is wrong."""
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(f"{name} is no TOML: {error}.") from error
    unknown = sorted(set(found) - {"source"})
    if unknown:
        raise InvalidSetting(f"{name} has {unknown[0]!r}; expected nothing but [source.NAME].")
    tables = found.get("source", {})
    if not isinstance(tables, dict):
        raise InvalidSetting(f"{name} has [[source]]; expected [source.NAME], with a name of yours for each.")
    return {key: _source(key, table, name) for key, table in tables.items()}


def _source(name: str, table: object, file: str) -> ConfiguredSource:
    """One source. Raises InvalidSetting."""
    where = f"{file}, source {name}"
    if not _NAME.fullmatch(name):
        raise InvalidSetting(f"{where}: expected a name of 1 to 40 letters a to z, digits and hyphens between them.")
    if not isinstance(table, dict):
        raise InvalidSetting(f"{where} is {table!r}; expected [source.{name}] and what belongs to it below.")
    kind = KINDS.get(str(table.get("kind")))
    if kind is None:
        raise InvalidSetting(f"{where}: kind is {table.get('kind')!r}; expected one of {', '.join(KINDS)}.")
    _check_keys(table, kind, where)
    for key in _TEXTS:
        if key in table and not (isinstance(table[key], str) and table[key] and table[key].isprintable()):
            raise InvalidSetting(f"{where}: {key} is {table[key]!r}; expected a text in one line.")
    if "password_env" in table and "password_file" in table:
        raise InvalidSetting(f"{where} has password_env and password_file; expected one of them.")
    rights = table.get("rights", "")
    if rights and rights not in kind.rights:
        raise InvalidSetting(f"{where}: rights is {rights!r}; expected one of {', '.join(kind.rights)}, or none.")
    if rights and "groups" in table:
        raise InvalidSetting(f"{where} has rights and groups; expected one of them: either the source says it, or you.")
    if "folder_groups" in table and "groups" not in table:
        raise InvalidSetting(
            f"{where} has folder_groups and no groups; expected the groups of all that is elsewhere too."
        )
    limits = {key: _limit(table[key], f"{where}: {key}") for key in _LIMITS if key in table}
    own = (*kind.needed, *kind.optional)
    return ConfiguredSource(
        name,
        kind.name,
        {key: table[key] for key in own if key in table and key not in _LIMITS},
        _lines(table, where),
        groups=_groups(table["groups"], where) if "groups" in table else None,
        folder_groups=_folder_groups(table.get("folder_groups", {}), where),
        rights=rights,
        group_map=_group_map(table.get("group_map", {}), where),
        limits=limits,
        max_removed=_share(table.get("max_removed", 0.5), where),
        user=table.get("user", ""),
        password_env=_variable(table.get("password_env", ""), where),
        password_file=Path(table["password_file"]) if "password_file" in table else None,
    )


def _check_keys(table: Mapping[str, object], kind: KindOfSource, where: str) -> None:
    """Raise InvalidSetting for a key that is missing, or that this kind does not have."""
    allowed = {*_COMMON, *kind.needed, *kind.optional}
    allowed |= {*_SIGNING_IN} if kind.signs_in else set()
    allowed |= {"rights", "group_map"} if kind.rights else set()
    for key in table:
        if key in _SECRETS:
            raise InvalidSetting(
                f"{where} has {key}: no secret stands in this file. Name the variable that has it with password_env, or"
                " a file with password_file."
            )
        if key not in allowed:
            raise InvalidSetting(
                f"{where} has {key!r}; a source of the kind {kind.name} has {', '.join(sorted(allowed))}."
            )
    for key in kind.needed:
        if key not in table:
            raise InvalidSetting(f"{where} has no {key}, which a source of the kind {kind.name} needs.")


def _lines(table: Mapping[str, object], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The patterns of what is taken in, and of what is left out. Raises InvalidSetting."""
    given = []
    for key in ("include", "exclude"):
        lines = table.get(key, [])
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise InvalidSetting(f"{where}: {key} is {lines!r}; expected a list of patterns.")
        given.append(tuple(lines))
    try:
        Patterns.of(*given)
    except InvalidSetting as error:
        raise InvalidSetting(f"{where}: {str(error).replace('--', '')}") from error
    return given[0], given[1]


def _groups(groups: object, where: str) -> frozenset[str]:
    if not isinstance(groups, list) or not all(_is_name(group) for group in groups):
        raise InvalidSetting(
            f"{where}: groups is {groups!r}; expected a list of names of groups, each of 1 to {_MAX_GROUP_CHARS}"
            " characters in one line."
        )
    return frozenset(groups)


def _folder_groups(given: object, where: str) -> Mapping[str, frozenset[str]]:
    if not isinstance(given, dict):
        raise InvalidSetting(
            f'{where}: folder_groups is {given!r}; expected lines such as "Board/Minutes" = ["board"].'
        )
    for folder in given:
        if why_not_path(folder):
            raise InvalidSetting(
                f"{where}: folder_groups has the folder {folder!r}; expected a path in the source, like Board/Minutes."
            )
    return {folder: _groups(groups, f"{where}: folder_groups, {folder}") for folder, groups in given.items()}


def _group_map(given: object, where: str) -> Mapping[str, str]:
    if not isinstance(given, dict) or not all(_is_name(theirs) and _is_name(ours) for theirs, ours in given.items()):
        raise InvalidSetting(f'{where}: group_map is {given!r}; expected lines such as "their name" = "our name".')
    return given


def _is_name(name: object) -> bool:
    """Whether it can be the name of a group."""
    return isinstance(name, str) and name == name.strip() and 1 <= len(name) <= _MAX_GROUP_CHARS and name.isprintable()


def _limit(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10_000_000:
        raise InvalidSetting(f"{where} is {value!r}; expected a whole number from 1 to 10,000,000.")
    return value


def _share(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InvalidSetting(f"{where}: max_removed is {value!r}; expected a share, 0 to 1.")
    return float(value)


def _variable(name: str, where: str) -> str:
    """The name of a variable of the environment. Raises InvalidSetting."""
    if name and not _VARIABLE.fullmatch(name):
        raise InvalidSetting(f"{where}: password_env is {name!r}; expected the name of a variable, not the password.")
    if name.startswith("CITEWELL_"):
        raise InvalidSetting(
            f"{where}: password_env is {name}; what begins with CITEWELL_ is a setting. Choose another name."
        )
    return name


def _one_line(secret: str, where: str) -> str:
    if not secret.isprintable():
        raise InvalidSetting(f"{where} has a line break or control character in it; expected a password in one line.")
    return secret
