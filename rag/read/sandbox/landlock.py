"""Which files a process may open, enforced by the kernel (Landlock, Linux 5.13 and later): these and no others.

Connections over TCP, and signals to processes outside, are forbidden too where the kernel is new enough to say so.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path

# include/uapi/linux/landlock.h. The numbers of the calls are the same on all processors.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIRECTORY = 1 << 2, 1 << 3
# Rights over files that a version knows of; later ones know those of the last.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP_RIGHTS = 0b11  # bind, connect; from version 4 on
_SCOPES = 0b11  # abstract UNIX sockets, signals; from version 6 on
_WITH_TCP, _WITH_SCOPES = 4, 6

_PROGRAM = Path(__file__).parents[2]
# Libraries, fonts for pages that do not bring their own, time zones, how many processors there are.
_OF_THE_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/usr/local/share"),
    *("/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom", "/sys/devices/system/cpu"),
)


@cache
def version() -> int:
    """The version that the kernel offers; 0 where it has none, or it is switched off."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))))


def is_offered() -> bool:
    """Whether the kernel can do it."""
    return version() > 0


def own_files() -> list[Path]:
    """What the program, Python and its libraries consist of; not a folder that has the sources and perhaps data."""
    of_python = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    sources = None if (_PROGRAM.parent / "lxml").is_dir() else _PROGRAM.parent  # else it is installed among libraries
    searched = [entry for entry in sys.path if entry and Path(entry) != sources]
    return [_PROGRAM, Path(sys.base_prefix, "lib"), *map(Path, (*of_python, *searched, *_OF_THE_SYSTEM))]


def allow_only(readable: Iterable[Path]) -> None:
    """Let this thread, and what it starts from now on, read these files and folders and open nothing else.

    A path that is not there is passed over. The process may not gain privileges any more. Raises OSError.
    """
    known = min(version(), max(_FILE_RIGHTS))
    attributes = struct.pack("=Q", _FILE_RIGHTS[known])
    if version() >= _WITH_TCP:
        attributes += struct.pack("=Q", _TCP_RIGHTS)
    if version() >= _WITH_SCOPES:
        attributes += struct.pack("=Q", _SCOPES)
    rules = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    try:
        for path in dict.fromkeys(readable):
            _allow(rules, path)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        rights = _READ_FILE | (_READ_DIRECTORY if is_folder else 0)
        _call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock (system call {number}): {os.strerror(code)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
