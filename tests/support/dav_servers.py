"""WebDAV servers on this machine: wsgidav over a folder, as it is and in the way of Nextcloud; and answers that lie."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from cheroot import wsgi
from wsgidav.fs_dav_provider import FileResource, FilesystemProvider, FolderResource
from wsgidav.wsgidav_app import WsgiDAVApp

FILE_ID = "{http://owncloud.org/ns}fileid"
USER, WORD = "ida", "hush"


@dataclass
class DavServer:
    """A server over a folder, and what it was asked."""

    root: Path
    url: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # of files by path, where the server has such
    asked: list[tuple[str, str]] = field(default_factory=list)  # method and path

    def move(self, old: str, new: str) -> None:
        """Move a file; its id goes with it."""
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / old).rename(self.root / new)
        self.ids[new] = self.ids.pop(old)

    def id_of(self, path: str) -> str:
        """The id of a file, a new one for a new file."""
        return self.ids.setdefault(path, str(1000 + len(self.ids)))

    def asked_with(self, method: str) -> list[str]:
        """The paths that were asked for with a method since the last time, which are forgotten."""
        found = [path for asked, path in self.asked if asked == method]
        self.asked.clear()
        return found


class _TellingFile(FileResource):  # type: ignore[misc] # wsgidav has no types
    def get_property_value(self, name: str) -> Any:
        if name == FILE_ID:
            return self.provider.server.id_of(self.path.lstrip("/"))
        return super().get_property_value(name)

    def get_etag(self) -> str:
        return _digest(Path(self._file_path))


class _TellingFolder(FolderResource):  # type: ignore[misc] # likewise
    def get_etag(self) -> str:
        return _digest(Path(self._file_path))

    def get_member(self, name: str) -> Any:
        return self.provider.get_resource_inst(f"{self.path.rstrip('/')}/{name}", self.environ)


class _TellingProvider(FilesystemProvider):  # type: ignore[misc] # likewise
    """Says what Nextcloud says besides: ids of files, and ETags of folders that change with what is below them."""

    def __init__(self, server: DavServer) -> None:
        super().__init__(str(server.root), readonly=True, fs_opts={"follow_symlinks": False})
        self.server = server

    def get_resource_inst(self, path: str, environ: dict) -> Any:
        place = self._loc_to_file_path(path, environ)
        if not Path(place).exists():
            return None
        return (_TellingFolder if Path(place).is_dir() else _TellingFile)(path, environ, place)


def _digest(path: Path) -> str:
    """Another word whenever anything in or below a path is another one."""
    digest = hashlib.sha256()
    for each in sorted([path, *path.rglob("*")]):
        digest.update(f"{each.relative_to(path)}\0".encode("utf-8", "surrogateescape"))
        digest.update(each.read_bytes() if each.is_file() else b"/")
    return digest.hexdigest()[:20]


@contextmanager
def dav_serving(root: Path, *, is_telling: bool = False) -> Iterator[DavServer]:
    """A server over a folder, which asks for a name and a password. `is_telling`: in the way of Nextcloud."""
    server = DavServer(root)
    provider = (
        _TellingProvider(server)
        if is_telling
        else FilesystemProvider(str(root), readonly=True, fs_opts={"follow_symlinks": False})
    )
    application = WsgiDAVApp(
        {
            "provider_mapping": {"/dav": provider},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": WORD}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "dir_browser": {"enable": False},
            "lock_storage": False,
            "verbose": 0,
        }
    )

    def noted(environ: dict, start: Callable[..., Any]) -> Iterable[bytes]:
        server.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        answer: Iterable[bytes] = application(environ, start)
        return answer

    http = wsgi.Server(("127.0.0.1", 0), noted, numthreads=2)
    http.prepare()
    thread = threading.Thread(target=http.serve)
    thread.start()
    try:
        server.url = f"http://127.0.0.1:{http.bind_addr[1]}/dav/"
        yield server
    finally:
        http.stop()
        thread.join()


def multistatus(*entries: str) -> str:
    """The answer about a folder with these entries in it."""
    return f'<?xml version="1.0" encoding="utf-8"?><d:multistatus xmlns:d="DAV:">{"".join(entries)}</d:multistatus>'


def listed(href: str, *, is_folder: bool = False, status: str = "HTTP/1.1 200 OK", **properties: str) -> str:
    """What is said of one address, with properties as in getetag="1"."""
    kind = "<d:resourcetype><d:collection/></d:resourcetype>" if is_folder else "<d:resourcetype/>"
    told = "".join(f"<d:{name}>{escape(value)}</d:{name}>" for name, value in properties.items())
    return (
        f"<d:response><d:href>{escape(href)}</d:href><d:propstat><d:prop>{kind}{told}</d:prop>"
        f"<d:status>{status}</d:status></d:propstat></d:response>"
    )
