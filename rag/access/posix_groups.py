"""The groups that a system of the POSIX kind lets read a file, by its owner, group and mode and those of its folders.

A file may be read by whoever may read it and search all folders above it. Where a folder and the file name different
groups, only people in both could; that cannot be said with groups, and so it is nobody. Access control lists are not
looked at: a file that has one is for its owner alone.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path

from rag.records import ALONE, EVERYBODY

# Between the path of an archive and the name of an entry, as locations have it.
_INSIDE = "!/"
_ACCESS_LIST = "system.posix_acl_access"


def posix_groups(location: str) -> frozenset[str]:
    """The groups that may read what is at a location, which a person's name may be too; none where it is no file."""
    if not location.startswith("/"):
        return frozenset()
    path = Path(location)
    if not path.exists() and _INSIDE in location:
        path = Path(location.split(_INSIDE)[0])
    try:
        found = _named(path, stat.S_IRUSR, stat.S_IRGRP, stat.S_IROTH)
        for folder in path.resolve().parents:
            found = _both(found, _named(folder, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH))
    except OSError:
        return frozenset()
    return found


def _named(path: Path, owner: int, group: int, others: int) -> frozenset[str]:
    """Who has the right with these bits at one path. Raises OSError."""
    status = path.stat()
    has_list = _ACCESS_LIST in os.listxattr(path)
    names = set()
    if status.st_mode & owner:
        names.add(f"{ALONE}{_user(status.st_uid)}")
    if status.st_mode & group and not has_list:
        names.add(_group(status.st_gid))
    if status.st_mode & others and not has_list:
        # Whoever is in the group has the group's right, not that of the others, so both must have it.
        names.add(EVERYBODY if status.st_mode & group else "")
    return frozenset(names - {""})


def _both(some: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """Who is named, or meant by everybody, in both."""
    both = some & others
    if EVERYBODY in some:
        both |= others
    if EVERYBODY in others:
        both |= some
    return both


def _user(number: int) -> str:
    """The name of a user, or the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    """The name of a group, or the number where it has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return f"gid {number}"
