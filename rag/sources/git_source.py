"""A Git repository: the files of one branch, read with git itself from a copy without a working tree.

Nothing of the repository is ever run or looked up: there is no checkout, so that no filter and no link matters; hooks
are off; no configuration is read but what stands here; submodules are not followed; git may speak the one protocol of
the address and follows no redirect. The copy lies in the data directory and can be deleted at any time.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from rag import read
from rag.disk import bytes_under, make_private_directory
from rag.errors import FetchFailed, FetchRefused, InvalidSetting
from rag.hosts import is_loopback
from rag.ingest.sources.web.urls import parse_url
from rag.sources.document_source import SourceEntry, SourceListing
from rag.sources.pace import Pace
from rag.sources.source_file import ConfiguredSource

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ENTRY = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(-|\d+)\t(.+)", re.DOTALL)
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{))[\w][\w./+-]{0,198}")
_FILES = (b"100644", b"100755")
_TAKEN = "refs/heads/taken"
_NOTHING = os.devnull
# Seconds between two looks at how far git is, and how large the copy has become.
_LOOK = 0.1
# What of its messages is told.
_MAX_MESSAGE = 300
_COMMANDS = (
    f"core.hooksPath={_NOTHING}",
    f"core.attributesFile={_NOTHING}",
    f"core.excludesFile={_NOTHING}",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "http.followRedirects=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",
    "maintenance.auto=false",
    "submodule.recurse=false",
)


class GitSource:
    """The files of one branch of a repository."""

    def __init__(self, configured: ConfiguredSource, copy: Path, pace: Pace, *, password: str = "") -> None:
        """`copy` is the folder of the copy, which is made when it is needed. Raises InvalidSetting."""
        self._copy = copy
        self._pace = pace
        self._max_bytes = configured.limit("max_repository_megabytes") * 1_000_000
        self._branch = configured.options.get("branch", "")
        self._folder = configured.options.get("folder", "").strip("/")
        if self._branch and not _BRANCH.fullmatch(self._branch):
            raise InvalidSetting(f"source {configured.name}: branch is {self._branch!r}; expected one like main.")
        self._url, self._protocol, self._secrets = _place(configured, password)
        self._objects: subprocess.Popen[bytes] | None = None
        self._is_damaged = False  # the copy; a new one is made the next time

    def list(self, since: str) -> SourceListing:
        """As in DocumentSource; the cursor is the commit."""
        if shutil.which("git") is None:
            raise FetchFailed("git is not installed; the Debian package is called git")
        self._fetch()
        commit = self._ask("rev-parse", "--verify", "--end-of-options", f"{_TAKEN}^{{commit}}").strip()
        if not _COMMIT.fullmatch(commit):
            raise self._damage("git gives no commit")
        if since == commit:
            return SourceListing(iter(()), commit, is_unchanged=True)
        return SourceListing(self._entries(commit, since), commit)

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """As in DocumentSource."""
        objects = self._objects
        if objects is None:
            objects = self._objects = self._start("cat-file", "--batch", stdin=subprocess.PIPE)
        assert objects.stdin is not None and objects.stdout is not None  # noqa: S101 - pipes were asked for
        self._pace.left()
        try:
            objects.stdin.write(f"{entry.reference}\n".encode())
            objects.stdin.flush()
            head = objects.stdout.readline(200).split()
            if len(head) != 3 or head[1] != b"blob":
                raise self._damage(f"{entry.path}: git does not have it")
            size = int(head[2])
            if size > max_bytes:
                self._end_objects()
                raise read.too_large(entry.path, size, max_bytes)
            data = objects.stdout.read(size + 1)
        except OSError as error:
            self._end_objects()
            raise FetchFailed(f"{entry.path}: git has ended ({error}); try again") from error
        if len(data) != size + 1:
            self._end_objects()
            raise FetchFailed(f"{entry.path}: git has ended in the middle of it; try again")
        return data[:size]

    def close(self) -> None:
        """As in DocumentSource."""
        self._end_objects()
        if self._is_damaged:
            shutil.rmtree(self._copy, ignore_errors=True)

    # -- the copy -----------------------------------------------------------------------------------------------------

    def _fetch(self) -> None:
        """Bring the copy up to date. Raises FetchFailed."""
        make_private_directory(self._copy.parent)
        if not (self._copy / "objects").is_dir():
            shutil.rmtree(self._copy, ignore_errors=True)
            self._ask("init", "--quiet", "--bare", f"--template={_NOTHING}", os.fspath(self._copy), is_inside=False)
        # What a git that was killed has left behind; nobody else uses the copy.
        for left in (*self._copy.rglob("*.lock"), *self._copy.glob("objects/pack/tmp_*")):
            left.unlink(missing_ok=True)
        what = f"refs/heads/{self._branch}" if self._branch else "HEAD"
        git = self._start(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--force",
            "--no-auto-gc", "--end-of-options", self._url, f"+{what}:{_TAKEN}",
        )  # fmt: skip
        try:
            message = self._wait(git)
        finally:
            _end(git)
        if git.returncode:
            self._look_for_damage()
            raise FetchFailed(f"git cannot fetch it: {message or 'it says nothing'}")

    def _wait(self, git: subprocess.Popen[bytes]) -> str:
        """What git says at its end. Raises FetchFailed where it takes too long, or too much room."""
        looked = time.monotonic()
        while True:
            try:
                _, said = git.communicate(timeout=min(_LOOK, self._pace.left()))
                self._check_room(git)
                return _message(said)
            except subprocess.TimeoutExpired:
                if time.monotonic() - looked < 10 * _LOOK:
                    continue
                self._check_room(git)
                looked = time.monotonic()

    def _check_room(self, git: subprocess.Popen[bytes]) -> None:
        """Raise FetchFailed where the copy has become too large, which is the end of it."""
        if bytes_under(self._copy) > self._max_bytes:
            _end(git)
            shutil.rmtree(self._copy, ignore_errors=True)
            most = self._max_bytes // 1_000_000
            raise FetchFailed(f"its copy takes more than {most:,} MB; raise max_repository_megabytes")

    def _look_for_damage(self) -> None:
        """See whether it is the copy that is at fault, where there is anything in it."""
        if not any(self._copy.glob(f"{_TAKEN}*")) and not (self._copy / "packed-refs").exists():
            return
        try:
            self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{_TAKEN}^{{tree}}")
        except FetchFailed:
            self._is_damaged = True

    def _damage(self, what: str) -> FetchFailed:
        """The error for a copy that is not as it should be."""
        self._is_damaged = True
        return FetchFailed(f"{what}; the next time a new copy is made")

    def _entries(self, commit: str, since: str) -> Iterator[SourceEntry]:
        """The files of a commit. Raises FetchFailed where the listing breaks off."""
        dates = self._dates(commit, since)
        top = f"{self._folder}/".encode() if self._folder else b""
        where = ("--", f":(literal){self._folder}") if self._folder else ()
        git = self._start("ls-tree", "-r", "-z", "-l", "--full-tree", commit, *where)
        try:
            assert git.stdout is not None  # noqa: S101 - a pipe was asked for
            for line in _parts(git.stdout):
                found = _ENTRY.fullmatch(line)
                if found is None:
                    raise self._damage("git lists what is none of its entries")
                mode, kind, blob, size, path = found.groups()
                if mode not in _FILES or kind != b"blob" or not path.startswith(top):
                    continue
                name = path[len(top) :].decode("utf-8", "surrogateescape")
                identity = blob.decode()
                yield SourceEntry(name, identity, int(size), dates.get(path, ""), reference=identity)
            git.wait()
        finally:
            _end(git)
        if git.returncode:
            raise self._damage("git could not list all of it")

    def _dates(self, commit: str, since: str) -> dict[bytes, str]:
        """When each file was last changed that was changed since a commit, ISO 8601, UTC; without one, since ever."""
        span = commit
        with suppress(FetchFailed):
            if _COMMIT.fullmatch(since):
                self._ask("merge-base", "--is-ancestor", since, commit)
                span = f"{since}..{commit}"
        git = self._start("log", "-z", "--format=%x01%ct", "--name-only", "--no-renames", "--no-ext-diff", span, "--")
        dates: dict[bytes, str] = {}
        date = ""
        try:
            assert git.stdout is not None  # noqa: S101 - a pipe was asked for
            for part in _parts(git.stdout):
                name = part.removeprefix(b"\n")
                if name.startswith(b"\x01"):
                    date = read.as_date(float(name[1:])) if name[1:].isdigit() else ""
                elif name:
                    dates.setdefault(name, date)
                self._pace.left()
        finally:
            _end(git)
        return dates

    # -- git ----------------------------------------------------------------------------------------------------------

    def _ask(self, *arguments: str, is_inside: bool = True) -> str:
        """What git answers. Raises FetchFailed where it fails."""
        git = self._start(*arguments, is_inside=is_inside)
        try:
            answer, said = git.communicate(timeout=self._pace.left())
        except subprocess.TimeoutExpired:
            self._pace.left()
            raise FetchFailed("git takes too long") from None
        finally:
            _end(git)
        if git.returncode:
            raise FetchFailed(f"git fails: {_message(said) or 'it says nothing'}")
        return answer.decode("utf-8", "replace")

    def _start(
        self, *arguments: str, is_inside: bool = True, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """git, started in a group of its own."""
        settings = [word for setting in _COMMANDS for word in ("-c", setting)]
        where = ["--git-dir", os.fspath(self._copy)] if is_inside else []
        # Only where the messages are read is there a pipe for them: nobody waits for a reader that is not there.
        listens = arguments[0] in ("fetch", "init", "rev-parse", "merge-base")
        return subprocess.Popen(  # noqa: S603 - the arguments are ours, the address was checked
            ["git", *settings, *where, *arguments],  # noqa: S607 - where git is, is the system's business
            env=self._environment(),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if listens else subprocess.DEVNULL,
            start_new_session=True,
            cwd=self._copy.parent,
        )

    def _environment(self) -> Mapping[str, str]:
        """All that git is told by its environment; nothing of ours is in it but where programs are."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": _NOTHING,
            "XDG_CONFIG_HOME": _NOTHING,
            "LC_ALL": "C.UTF-8",
            "GIT_ALLOW_PROTOCOL": self._protocol,
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": _NOTHING,
            "GIT_CONFIG_GLOBAL": _NOTHING,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_ASKPASS": "false",
            "SSH_ASKPASS": "false",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            **self._secrets,
        }

    def _end_objects(self) -> None:
        objects, self._objects = self._objects, None
        if objects is not None:
            _end(objects)


def _place(configured: ConfiguredSource, password: str) -> tuple[str, str, dict[str, str]]:
    """The address for git, the protocol that it may speak, and what it signs in with. Raises InvalidSetting."""
    written, where = configured.options["url"], f"source {configured.name}"
    if written.startswith("/"):
        return written, "file", {}
    parts = urlsplit(written)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return unquote(parts.path), "file", {}
    try:
        url = parse_url(written)
    except FetchRefused as error:
        raise InvalidSetting(
            f"{where}: url: {error}; or a folder, or file:///. Other protocols of git are not spoken."
        ) from error
    if not password:
        return url.text, url.scheme, {}
    if url.scheme != "https" and not is_loopback(url.name):
        raise InvalidSetting(f"{where}: a password is sent with https only; {url.text} is not.")
    word = base64.b64encode(f"{configured.user}:{password}".encode()).decode()
    # In the environment, because everybody on the machine can see the arguments of a program.
    secrets = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{url.scheme}://{url.authority}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {word}",
    }
    return url.text, url.scheme, secrets


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    """What stands between zero bytes. Raises FetchFailed for a part without an end in sight."""
    rest = b""
    while piece := stream.read(65_536):
        *whole, rest = (rest + piece).split(b"\0")
        yield from whole
        if len(rest) > 1_000_000:
            raise FetchFailed("git lists a name without an end")
    if rest:
        yield rest


def _message(said: bytes) -> str:
    """The last line that git says, fit to be printed and stored."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return "".join(c if c.isprintable() else "\ufffd" for c in lines[-1])[:_MAX_MESSAGE].strip(" .") if lines else ""


def _end(git: subprocess.Popen[bytes]) -> None:
    """End git and all that it has started, if it has not ended."""
    if git.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(git.pid, signal.SIGKILL)
    for stream in (git.stdin, git.stdout, git.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    git.wait()
