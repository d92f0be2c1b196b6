"""Takes rights from a process before it reads files of strangers. It cannot get any of them back.

Everywhere: memory, time, writing files. On Linux with x86-64 or ARM64 besides: every system call that reading does not
need (`system_calls`), and every file but the program's own and its libraries' (`landlock`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

from rag.read.sandbox import landlock, system_calls

_OPEN_FILES = 64

# linux/prctl.h
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38


def restrict(memory_bytes: int) -> None:
    """Give up what reading does not need. `memory_bytes` is address space, what is shared or only reserved included.

    Raises OSError when the kernel offers a protection, see `missing_protections`, and then does not give it.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_AS, memory_bytes)
    if sys.platform == "linux":
        close_to_others()
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        if landlock.is_offered():
            landlock.allow_only(landlock.own_files())
        if system_calls.is_offered():
            system_calls.allow_only_reading()


def missing_protections() -> tuple[str, ...]:
    """What this machine cannot keep a reading process from, in words; nothing where it has all that is used."""
    missing = []
    if not system_calls.is_offered():
        missing.append("reach the network, start programs and use other system calls that reading does not need")
    if not landlock.is_offered():
        missing.append("read files that this user may read")
    return tuple(missing)


def close_to_others() -> None:
    """Keep other processes of the same user from looking into this one: its environment, memory and open files.

    For the server, too, which has the secrets. Does nothing but on Linux. Raises OSError.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_DUMPABLE, 0)


def allow_seconds(seconds: int) -> None:
    """Let this process compute for so long from now on; then the kernel ends it, also when nobody else would."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _limit(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}, {value}): {os.strerror(number)}")
