"""Which system calls a process may make, enforced by the kernel (seccomp): those that reading needs and no others.

A call that is not named is refused, so that one which a later kernel brings is refused too. Of some calls only a use is
allowed: files are opened for reading, threads are started and no processes, limits and signals are for the process
itself.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# linux/prctl.h, linux/seccomp.h
_PR_GET_SECCOMP = 21
_PR_SET_SECCOMP = 22
_PR_SET_NAME = 15
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_FAIL = 0x00050000  # with an error number
_REFUSE = _FAIL | errno.EPERM
_MISSING = _FAIL | errno.ENOSYS

# linux/bpf_common.h: load a word, jump, return.
_LOAD, _IF_EQUAL, _IF_SET, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
# struct seccomp_data: number, architecture, instruction pointer, six arguments of eight bytes.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_THREAD = 0x10000  # CLONE_THREAD
_NAMESPACES = 0x7E020000 | 0x80  # CLONE_NEW*, the one for time included
# fcntl: copies of a descriptor and its flags. Not F_SETOWN, which sends signals to whom it likes.
_COMMANDS = (0, 1, 2, 3, 4, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
_CLOSING = (0x5450, 0x5451)  # FIONCLEX, FIOCLEX


@dataclass(frozen=True, slots=True)
class _Machine:
    """Numbers of system calls, from the kernel's tables."""

    architecture: int
    allowed: Mapping[str, int]
    opens: Mapping[int, int]  # calls that open a file, and which of their arguments has the flags
    clone: int
    fcntl: int
    ioctl: int
    prctl: int
    prlimit: int
    signal: int  # tgkill, by which a thread that aborts ends its process
    missing: Mapping[str, int]  # newer calls that programs do without
    foreign: int | None = None  # from here on the numbers are those of another interface


_NEWER = {"clone3": 435, "openat2": 437, "io_uring_setup": 425}
_X86_64 = _Machine(
    architecture=0xC000003E,
    allowed={
        "read": 0, "write": 1, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8, "mmap": 9,
        "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
        "pread64": 17, "readv": 19, "writev": 20, "access": 21, "select": 23, "sched_yield": 24, "mremap": 25,
        "mincore": 27, "madvise": 28, "dup": 32, "dup2": 33, "nanosleep": 35, "getpid": 39, "exit": 60, "uname": 63,
        "getcwd": 79, "readlink": 89, "umask": 95, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99,
        "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "getppid": 110, "sigaltstack": 131,
        "statfs": 137, "fstatfs": 138, "sched_getparam": 143, "sched_getscheduler": 145, "sched_get_priority_max": 146,
        "sched_get_priority_min": 147, "arch_prctl": 158, "setrlimit": 160, "gettid": 186, "time": 201, "futex": 202,
        "sched_getaffinity": 204, "getdents64": 217, "set_tid_address": 218, "restart_syscall": 219, "fadvise64": 221,
        "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "get_mempolicy": 239,
        "newfstatat": 262, "readlinkat": 267, "faccessat": 269, "pselect6": 270, "ppoll": 271, "set_robust_list": 273,
        "get_robust_list": 274, "dup3": 292, "getcpu": 309, "getrandom": 318, "membarrier": 324, "statx": 332,
        "rseq": 334, "faccessat2": 439,
    },
    opens={2: 1, 257: 2},
    clone=56, fcntl=72, ioctl=16, prctl=157, prlimit=302, signal=234,
    missing=_NEWER,
    foreign=0x40000000,
)  # fmt: skip
_ARM64 = _Machine(
    architecture=0xC00000B7,
    allowed={
        "getcwd": 17, "dup": 23, "dup3": 24, "statfs": 43, "fstatfs": 44, "faccessat": 48, "close": 57,
        "getdents64": 61, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67,
        "pselect6": 72, "ppoll": 73, "readlinkat": 78, "newfstatat": 79, "fstat": 80, "exit": 93, "exit_group": 94,
        "set_tid_address": 96, "futex": 98, "set_robust_list": 99, "get_robust_list": 100, "nanosleep": 101,
        "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "sched_getscheduler": 120,
        "sched_getparam": 121, "sched_getaffinity": 123, "sched_yield": 124, "sched_get_priority_max": 125,
        "sched_get_priority_min": 126, "restart_syscall": 128, "sigaltstack": 132, "rt_sigaction": 134,
        "rt_sigprocmask": 135, "rt_sigreturn": 139, "times": 153, "uname": 160, "getrlimit": 163, "setrlimit": 164,
        "getrusage": 165, "umask": 166, "getcpu": 168, "gettimeofday": 169, "getpid": 172, "getppid": 173,
        "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179, "brk": 214,
        "munmap": 215, "mremap": 216, "mmap": 222, "fadvise64": 223, "mprotect": 226, "mincore": 232, "madvise": 233,
        "get_mempolicy": 236, "getrandom": 278, "membarrier": 283, "statx": 291, "rseq": 293, "faccessat2": 439,
    },
    opens={56: 2},
    clone=220, fcntl=25, ioctl=29, prctl=167, prlimit=261, signal=131,
    missing=_NEWER,
)  # fmt: skip
_MACHINES = {"x86_64": _X86_64, "aarch64": _ARM64}


def is_offered() -> bool:
    """Whether the kernel can do it, and the processor is one whose numbers are known here."""
    return _machine() is not None and ctypes.CDLL(None).prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def allow_only_reading() -> None:
    """Install the filter for this thread and those that it starts. The process may not gain privileges any more.

    Raises OSError where the kernel refuses it.
    """
    machine = _machine()
    assert machine is not None  # noqa: S101 - `is_offered` was asked
    program = b"".join(_instructions(machine, os.getpid()))
    code = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    packed = ctypes.create_string_buffer(filters, len(filters))
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, packed, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the filter of system calls: {os.strerror(number)}")


def _machine() -> _Machine | None:
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    return _MACHINES.get(platform.machine())


def _instructions(machine: _Machine, process: int) -> Iterator[bytes]:
    """The filter, in the kernel's language of jumps forward: each test skips what comes after it, or does not."""
    yield _step(_LOAD, _ARCHITECTURE)
    yield from _return_if(_IF_EQUAL, machine.architecture, _REFUSE, negate=True)
    yield _step(_LOAD, _NUMBER)
    if machine.foreign is not None:
        yield from _return_if(_IF_AT_LEAST, machine.foreign, _REFUSE)
    for number in machine.allowed.values():
        yield from _return_if(_IF_EQUAL, number, _ALLOW)
    for number in machine.missing.values():
        yield from _return_if(_IF_EQUAL, number, _MISSING)
    for number, argument in machine.opens.items():
        yield from _for_call(number, argument, _return_if(_IF_SET, _WRITING, _REFUSE), otherwise=_ALLOW)
    only_threads = (*_return_if(_IF_SET, _NAMESPACES, _REFUSE), *_return_if(_IF_SET, _THREAD, _ALLOW))
    yield from _for_call(machine.clone, 0, only_threads)
    yield from _for_call(machine.fcntl, 1, _one_of(_COMMANDS))
    yield from _for_call(machine.ioctl, 1, _one_of(_CLOSING), otherwise=_FAIL | errno.ENOTTY)
    yield from _for_call(machine.prctl, 0, _one_of((_PR_SET_NAME,)))
    yield from _for_call(machine.prlimit, 0, _one_of((0,)))
    yield from _for_call(machine.signal, 0, _one_of((process,)))
    yield _step(_RETURN, _REFUSE)


def _for_call(
    number: int, argument: int, tests: Iterator[bytes] | tuple[bytes, ...], *, otherwise: int = _REFUSE
) -> Iterator[bytes]:
    """Tests of the low half of an argument of one call, and what comes of it when none of them returns."""
    steps = [_step(_LOAD, _ARGUMENTS + 8 * argument), *tests, _step(_RETURN, otherwise)]
    yield _step(_IF_EQUAL, number, otherwise=len(steps))
    yield from steps


def _one_of(values: tuple[int, ...]) -> Iterator[bytes]:
    for value in values:
        yield from _return_if(_IF_EQUAL, value, _ALLOW)


def _return_if(test: int, value: int, result: int, *, negate: bool = False) -> Iterator[bytes]:
    yield _step(test, value, then=1, otherwise=0) if negate else _step(test, value, then=0, otherwise=1)
    yield _step(_RETURN, result)


def _step(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("@HBBI", code, then, otherwise, value)
