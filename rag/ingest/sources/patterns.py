"""Patterns for the wanted files of a folder: lines like those of a .gitignore file.

`*.pdf`, `drafts/`, `/old/**`, `!keep.md`; what a line means is `pathspec`'s business, which follows git. A line has few
stars: how long one with many takes to match grows without bounds, and whoever writes into the folder writes the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pathspec

from rag.errors import InvalidSetting

IGNORE_FILE = ".citewellignore"
# Three stars cost 0.05 s on the worst name that a file system takes, four 2 s, five a minute and a half.
MAX_STARS = 3
MAX_LINES = 1_000
MAX_LINE_CHARS = 256

Lines = pathspec.PathSpec[pathspec.Pattern]


@dataclass(frozen=True, slots=True)
class Patterns:
    """What the user asked for: only files that match `include`, if there is one, and none that match `exclude`."""

    include: Lines | None = None
    exclude: Lines | None = None

    @classmethod
    def of(cls, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Patterns:
        """The patterns of these lines. Raises InvalidSetting for a line that cannot be used."""
        return cls(
            parse(include, "--include") if include else None,
            parse(exclude, "--exclude") if exclude else None,
        )

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path, relative to the folder asked about, is not wanted."""
        if self.exclude is not None and matches(self.exclude, path, is_folder=is_folder):
            return True
        return not is_folder and self.include is not None and not matches(self.include, path, is_folder=False)


def parse(lines: Iterable[str], where: str) -> Lines:
    """The lines as something to match with. Raises InvalidSetting, naming `where` and the line."""
    kept = list(lines)
    if len(kept) > MAX_LINES:
        raise InvalidSetting(f"{where} has {len(kept):,} lines; at most {MAX_LINES:,} are read.")
    for number, line in enumerate(kept, start=1):
        if len(line) > MAX_LINE_CHARS:
            raise InvalidSetting(
                f"{where}, line {number}, has {len(line)} characters; expected at most {MAX_LINE_CHARS}."
            )
        if not line.startswith("#") and len(re.findall(r"\*+", line)) > MAX_STARS:
            raise InvalidSetting(
                f"{where}, line {number}: {line!r} has more than {MAX_STARS} stars, which takes too long to match;"
                " write it with fewer."
            )
    try:
        return pathspec.GitIgnoreSpec.from_lines(kept)
    except (ValueError, re.error) as error:
        raise InvalidSetting(f"{where} has a line that is no pattern like those of .gitignore: {error}.") from error


def matches(lines: Lines, path: str, *, is_folder: bool) -> bool:
    """Whether the last line that speaks of the path takes it in."""
    return verdict(lines, path, is_folder=is_folder) is True


def verdict(lines: Lines, path: str, *, is_folder: bool) -> bool | None:
    """True or False when a line takes the path in or out, None when none speaks of it."""
    return lines.check_file(f"{path}/" if is_folder else path).include
