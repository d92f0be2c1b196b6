"""Backups encrypted with age (https://age-encryption.org), by its own program and from file to file.

Only public keys are named on a command line. A secret key stays in its file, and is read by age alone.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.disk import flush_directory, make_private_directory, scratch_folder, storage_error
from rag.errors import InputError, StorageDamaged, StorageError

_RECIPIENT = re.compile(r"age1[0-9a-z]{58}|ssh-(ed25519|rsa) [A-Za-z0-9+/]+=*( [\w.@-]+)?")
_INTRO = b"age-encryption.org/v1\n"
# The line that ends the header: a MAC of 32 bytes in Base64. Beyond so many bytes there is none.
_END_OF_HEADER = re.compile(rb"\n--- [A-Za-z0-9+/]{43}\n")
_LONGEST_HEADER = 1_000_000
# What follows it: a nonce, then pieces of so many bytes, each with a tag.
_NONCE, _PIECE, _TAG = 16, 65_536, 16
_ADVICE = "report unexpected or unhelpful errors"


def is_encrypted(path: Path) -> bool:
    """Whether a file is one of age. Raises InputError where there is none, or it cannot be read."""
    if not path.is_file():
        raise InputError(f"{path} is no file; expected one that `rag backup` wrote.")
    try:
        with path.open("rb") as file:
            return file.read(len(_INTRO)) == _INTRO
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def write_encrypted(target: Path, recipients: Sequence[str], write: Callable[[Path], int], *, room: Path) -> int:
    """Let `write` make a file, and put it at the new `target`, encrypted to these public keys; its size in bytes.

    The file lies in the folder `room` until then, and nowhere else unencrypted. Raises InputError when something is at
    `target`, for what is no public key and without age; StorageError when it cannot be written, and then nothing is
    left there.
    """
    target = target.absolute()
    program = _program()
    for recipient in recipients:
        _check_recipient(recipient)
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} is there already; a backup is never written over something. Choose another name.")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is no folder; expected one to write the backup into.")
    new = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        with scratch_folder(room) as apart:
            size = write(apart / "plain")
            names = [part for recipient in recipients for part in ("--recipient", recipient)]
            said = _run([program, "--encrypt", *names, "--output", str(new), str(apart / "plain")])
        if said or not _is_whole(new, size):
            raise StorageError(f"{target} could not be encrypted: {said or 'age wrote less than all of it'}.")
        new.chmod(0o600)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(target)
        flush_directory(target.parent)
        return target.stat().st_size
    except OSError as error:
        raise storage_error(error, target) from error
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def decrypted(path: Path, identity: Path | None, *, room: Path) -> Iterator[Path]:
    """A file as it was before it was encrypted, in the folder `room` while the block runs; itself if it was not.

    Raises InputError without the key that opens it and without age; StorageDamaged for a file that is not as it was
    written.
    """
    if not is_encrypted(path):
        yield path
        return
    if identity is None:
        raise InputError(
            f"{path} is encrypted; expected the file with its secret key: --identity FILE, or CITEWELL_BACKUP_IDENTITY."
        )
    if not identity.is_file():
        raise InputError(f"{identity} is no file; expected one with the secret key, as age-keygen writes it.")
    program = _program()
    make_private_directory(room)
    with scratch_folder(room) as apart:
        plain = apart / "plain"
        said = _run([program, "--decrypt", "--identity", str(identity), "--output", str(plain), str(path)])
        if "no identity matched" in said:
            raise InputError(f"{path} is not encrypted to the key in {identity}; give the file with the right one.")
        if str(identity) in said or "identity" in said:
            raise InputError(f"{identity} has no key of age: {said}. Expected a file as age-keygen writes it.")
        if "no space left" in said:
            raise StorageError(f"{path} could not be decrypted into {room}: {said}. Free some space, and try again.")
        if said:
            raise StorageDamaged(f"{path} is damaged: {said}. Nothing was changed; use another backup.")
        yield plain


def _check_recipient(text: str) -> None:
    """Raise InputError for what is no public key; one that is secret is not repeated."""
    if text.upper().startswith("AGE-SECRET-KEY"):
        raise InputError(
            "A secret key was given to encrypt to. Give the public one, age1..., which age-keygen -y prints."
        )
    if not _RECIPIENT.fullmatch(text):
        raise InputError(f"{text!r} is no public key of age; expected age1 and 58 more characters, or a key of ssh.")


def _program() -> str:
    program = shutil.which("age")
    if program is None:
        raise InputError("age was not found, which encrypts backups. On Debian: apt-get install age")
    return program


def _run(command: Sequence[str]) -> str:
    """What age complains of; empty when it is done."""
    try:
        ran = subprocess.run(  # noqa: S603 - one program, and paths and checked keys as its arguments
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
    except OSError as error:
        raise StorageError(f"{command[0]} could not be started: {error.strerror}.") from error
    if ran.returncode == 0:
        return ""
    lines = ran.stderr.decode(errors="replace").splitlines()
    said = " ".join(line.removeprefix("age: ").removeprefix("error: ") for line in lines if _ADVICE not in line)
    return said or f"it ended with {ran.returncode}"


def _is_whole(path: Path, size: int) -> bool:
    """Whether a file of age is as long as it must be for `size` bytes; more cannot be seen without the secret key."""
    with path.open("rb") as file:
        end = _END_OF_HEADER.search(file.read(_LONGEST_HEADER))
    pieces = max(1, math.ceil(size / _PIECE))
    return end is not None and path.stat().st_size == end.end() + _NONCE + size + pieces * _TAG
