"""What a process gives up before it reads files of strangers. It cannot take any of it back.

Everywhere: memory, time, writing files. On Linux with x86-64 or ARM64 besides: the network, starting programs, looking
into other processes. The kernel enforces the second part through a filter of system calls (seccomp).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_OPEN_FILES = 64

# linux/prctl.h, linux/seccomp.h
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_MISSING = 0x00050000 | errno.ENOSYS

# linux/bpf_common.h: load a word, jump, return.
_LOAD, _IF_EQUAL, _IF_SET, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
# struct seccomp_data: number, architecture, instruction pointer, six arguments of eight bytes.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16


@dataclass(frozen=True, slots=True)
class _Machine:
    """Numbers of system calls, from the kernel's tables."""

    architecture: int
    refused: Mapping[str, int]
    missing: Mapping[str, int]  # newer calls that programs do without
    opens: Mapping[int, int]  # calls that open a file, and which of their arguments has the flags
    foreign: int | None = None  # from here on the numbers are those of another interface


_X86_64 = _Machine(
    architecture=0xC000003E,
    refused={
        "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "bind": 49, "listen": 50, "socketpair": 53,
        "accept4": 288, "execve": 59, "execveat": 322, "fork": 57, "vfork": 58, "ptrace": 101, "kill": 62,
        "process_vm_readv": 310, "process_vm_writev": 311, "rename": 82, "renameat": 264, "renameat2": 316,
        "mkdir": 83, "mkdirat": 258, "rmdir": 84, "creat": 85, "link": 86, "linkat": 265, "unlink": 87,
        "unlinkat": 263, "symlink": 88, "symlinkat": 266, "chmod": 90, "fchmodat": 268, "truncate": 76, "mount": 165,
    },
    missing={"io_uring_setup": 425, "openat2": 437},
    opens={2: 1, 257: 2},
    foreign=0x40000000,
)  # fmt: skip
_ARM64 = _Machine(
    architecture=0xC00000B7,
    refused={
        "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203, "sendto": 206,
        "accept4": 242, "execve": 221, "execveat": 281, "ptrace": 117, "kill": 129, "process_vm_readv": 270,
        "process_vm_writev": 271, "renameat": 38, "renameat2": 276, "mkdirat": 34, "linkat": 37, "unlinkat": 35,
        "symlinkat": 36, "fchmodat": 53, "truncate": 45, "mount": 40,
    },
    missing={"io_uring_setup": 425, "openat2": 437},
    opens={56: 2},
)  # fmt: skip
_MACHINES = {"x86_64": _X86_64, "aarch64": _ARM64}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def restrict(memory_bytes: int) -> None:
    """Give up what reading does not need. `memory_bytes` is address space, what is shared or only reserved included."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_AS, memory_bytes)
    machine = _MACHINES.get(platform.machine())
    if sys.platform == "linux" and machine is not None and sys.maxsize > 2**32:
        _refuse_calls(machine)


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


def _refuse_calls(machine: _Machine) -> None:
    """Install the filter. A kernel built without seccomp leaves the process as it is."""
    program = b"".join(_instructions(machine))
    code = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(filters, len(filters)), 0, 0)


def _instructions(machine: _Machine) -> Iterator[bytes]:
    """The filter, in the kernel's language of jumps forward: each test skips the return after it, or does not."""
    yield _step(_LOAD, _ARCHITECTURE)
    yield from _return_if(_IF_EQUAL, machine.architecture, _REFUSE, negate=True)
    yield _step(_LOAD, _NUMBER)
    if machine.foreign is not None:
        yield from _return_if(_IF_AT_LEAST, machine.foreign, _REFUSE)
    for number in machine.refused.values():
        yield from _return_if(_IF_EQUAL, number, _REFUSE)
    for number in machine.missing.values():
        yield from _return_if(_IF_EQUAL, number, _MISSING)
    for number, argument in machine.opens.items():
        flags: Sequence[bytes] = [
            _step(_LOAD, _ARGUMENTS + 8 * argument),
            *_return_if(_IF_SET, _WRITING, _REFUSE),
            _step(_RETURN, _ALLOW),
        ]
        yield _step(_IF_EQUAL, number, otherwise=len(flags))
        yield from flags
    yield _step(_RETURN, _ALLOW)


def _return_if(test: int, value: int, result: int, *, negate: bool = False) -> Iterator[bytes]:
    yield _step(test, value, then=1, otherwise=0) if negate else _step(test, value, then=0, otherwise=1)
    yield _step(_RETURN, result)


def _step(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("@HBBI", code, then, otherwise, value)
