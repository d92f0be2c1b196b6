"""Real reverse proxies with the files of deploy/proxy, before a service that tells what it was sent.

Names, ports and certificates are those of the test, and a body may have 100 kB; all else is as it stands there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.certificates import make_certificates
from tests.support.places import ROOT
from tests.support.ports import free_port, wait_until_taken

NAME = "citewell.example"
FILES = ROOT / "deploy" / "proxy"


@dataclass
class Told:
    """A service that keeps the headers of each request."""

    port: int
    requests: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs: its port, over TLS, and the certificate to know it by."""

    port: int
    authority: Path


@contextmanager
def telling() -> Iterator[Told]:
    """A service on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.requests.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_PUT(self) -> None:
            size = int(self.headers["Content-Length"])
            if len(self.rfile.read(size)) == size:
                self.do_GET()

        def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the name of the library
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Told(server.server_address[1])
    threading.Thread(target=server.serve_forever).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


def program(kind: str) -> str | None:
    """The program of this kind, nginx or caddy; None where there is none."""
    return shutil.which(kind) or shutil.which(kind, path="/usr/sbin")


@contextmanager
def proxy_before(kind: str, port: int, folder: Path) -> Iterator[Proxy]:
    """The proxy of this kind before the service at `port`."""
    found = program(kind)
    assert found is not None
    certificates = make_certificates(folder / "certificates", NAME)
    own_port = free_port()
    changed = {
        "/etc/ssl/citewell.pem": str(certificates.server),
        "/etc/ssl/citewell.key": str(certificates.key),
        "127.0.0.1:8000": f"127.0.0.1:{port}",
    }
    command = (_nginx if kind == "nginx" else _caddy)(found, folder, own_port, changed)
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, stdout=written, stderr=written, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        )
    try:
        wait_until_taken(own_port, process, log)
        yield Proxy(own_port, certificates.authority)
    finally:
        process.terminate()
        process.wait(20)


def _nginx(found: str, folder: Path, port: int, changed: Mapping[str, str]) -> list[str]:
    text = _changed("nginx.conf", {**changed, "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;"})
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};").replace("60m;", "100k;")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    around = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    (folder / "main.conf").write_text(
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {folder}/pid;\n"
        f"error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {around}\n{text} }}\n"
    )
    return [found, "-p", str(folder), "-c", str(folder / "main.conf")]


def _caddy(found: str, folder: Path, port: int, changed: Mapping[str, str]) -> list[str]:
    alone = "admin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1"
    text = _changed("Caddyfile", {**changed, f"\n{NAME} {{": f"\nhttps://{NAME}:{port} {{", "admin off": alone})
    (folder / "Caddyfile").write_text(text.replace("60MB", "100KB"))
    return [found, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _changed(name: str, changed: Mapping[str, str]) -> str:
    text = (FILES / name).read_text(encoding="utf-8")
    for before, after in changed.items():
        assert before in text, f"{name} has no {before!r} any more"
        text = text.replace(before, after)
    return text
