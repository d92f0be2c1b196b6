"""DokuWiki of Debian on this machine, in a copy of its own, served by PHP itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import pytest

from tests.support.ports import free_port, wait_until_taken

_PROGRAM, _CONFIGURATION = Path("/usr/share/dokuwiki"), Path("/etc/dokuwiki")
_HAS_IT = shutil.which("php") is not None and _PROGRAM.is_dir()
needs_dokuwiki = pytest.mark.skipif(not _HAS_IT, reason="DokuWiki is missing: the Debian packages dokuwiki and php-cli")
# A superuser, and somebody who may sign in and no more.
CHIEF, MEMBER, WORD = "chief", "eve", "hush hush"
_FOLDERS = "attic cache index locks log media media_attic media_meta meta pages tmp"


@dataclass
class Dokuwiki:
    """One wiki, and where its files lie."""

    port: int
    data: Path
    access: Path
    times: int = 2_100_000_000  # later than now: the wiki keeps what it made of a page until the page is newer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/lib/exe/xmlrpc.php"

    def write(self, page: str, text: str) -> None:
        """Edit a page, or make it."""
        self._put(self.file(page), text.encode())

    def upload(self, media: str, data: bytes) -> None:
        self._put(self.data / "media" / media.replace(":", "/"), data)

    def move(self, page: str, to: str) -> None:
        """What there was under one name is under another, as the plugin for it leaves it."""
        target = self.file(to)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.file(page).rename(target)

    def file(self, page: str) -> Path:
        return self.data / "pages" / f"{page.replace(':', '/')}.txt"

    def let(self, lines: Mapping[str, str]) -> None:
        """Let the access list have these lines: who may do what, by scope, such as "@staff 1, eve 0"."""
        rows = [f"{scope} {line.strip()}" for scope, told in lines.items() for line in told.split(",")]
        self.access.write_text("\n".join(["# acl.auth.php", *rows, ""]))

    def html_of(self, page: str) -> str:
        """What the wiki makes of a page, as Python's own client is told."""
        address = self.url.replace("http://", f"http://{CHIEF}:{WORD.replace(' ', '%20')}@")
        with xmlrpc.client.ServerProxy(address) as server:
            return str(server.wiki.getPageHTML(page))

    def _put(self, file: Path, data: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        self.times += 1
        os.utime(file, (self.times, self.times))


def _other_languages(folder: str, names: list[str]) -> set[str]:
    """What is not copied: most of its files are in languages that no test speaks."""
    return set(names) - {"en"} if Path(folder).name == "lang" else set()


@contextmanager
def dokuwiki_serving(folder: Path) -> Iterator[Dokuwiki]:
    """A wiki without pages, until the end of the block."""
    program, settings, data = folder / "program", folder / "settings", folder / "data"
    shutil.copytree(_PROGRAM, program, ignore=_other_languages, ignore_dangling_symlinks=True)
    settings.mkdir()
    for file in _CONFIGURATION.glob("*.conf"):
        shutil.copy(file, settings)
    for name in ("dokuwiki.php", "license.php", "mediameta.php", "plugins.php", "plugins.required.php"):
        shutil.copy(_CONFIGURATION / name, settings)
    for name in _FOLDERS.split():
        (data / name).mkdir(parents=True)
    (program / "inc" / "preload.php").write_text(f"<?php\ndefine('DOKU_CONF', '{settings}/');\n")
    told = {"savedir": str(data), "superuser": "@admin", "remoteuser": "", "license": "cc-by-sa"}
    numbers = {"useacl": 1, "remote": 1, "cachetime": -1, "updatecheck": 0}
    lines = [f"$conf['{key}'] = {value!r};" for key, value in (told | numbers).items()]
    (settings / "local.php").write_text("\n".join(["<?php", *lines, ""]))
    word = md5(WORD.encode(), usedforsecurity=False).hexdigest()
    people = [f"{CHIEF}:{word}:Chief:chief@example.org:admin,user", f"{MEMBER}:{word}:Eve:eve@example.org:user"]
    (settings / "users.auth.php").write_text("\n".join([*people, ""]))
    wiki = Dokuwiki(free_port(), data, settings / "acl.auth.php")
    wiki.let({"*": "@ALL 1"})
    log = folder / "log"
    kept = "opcache.enable_cli=1"  # else each request reads the program anew
    command = [
        "php",
        "-d",
        kept,
        "-d",
        f"session.save_path={data / 'tmp'}",
        "-S",
        f"127.0.0.1:{wiki.port}",
        "-t",
        str(program),
    ]
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        wait_until_taken(wiki.port, process, log)
        yield wiki
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(program)  # thousands of files, which pytest would keep of the last three runs
