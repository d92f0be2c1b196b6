"""A real nginx in front of the service, with the configuration that the documentation shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.certificates import make_certificates
from tests.support.places import ROOT
from tests.support.ports import free_port, wait_until_taken

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MISSING = "no reverse proxy to ask through: apt-get install nginx-light"
NAME = "citewell.example"
ADDRESS = "127.0.0.2"  # from which nginx connects to the service here, so that others on this machine are not it


class _SignOn(BaseHTTPRequestHandler):
    """Knows who is signed in, as oauth2-proxy and its like do: here by a cookie that says it."""

    def do_GET(self) -> None:
        found = re.search(r"person=([a-z]+)/([a-z,]*)", self.headers.get("Cookie", ""))
        self.send_response(202 if found else 401)
        if found:
            self.send_header("X-Auth-Request-User", found[1])
            self.send_header("X-Auth-Request-Groups", found[2])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the name of the library
        """Nothing."""


@contextmanager
def nginx_before(port: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """The port of nginx, over TLS, and the certificate to know it by."""
    assert NGINX is not None
    certificates = make_certificates(folder / "certificates", NAME)
    sign_on = ThreadingHTTPServer(("127.0.0.1", 0), _SignOn)
    threading.Thread(target=sign_on.serve_forever).start()
    own_port = free_port()
    block = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/access.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    server = (
        block[1]
        .replace("listen 443 ssl;", f"listen 127.0.0.1:{own_port} ssl;")
        .replace("/etc/ssl/citewell.pem", str(certificates.server))
        .replace("/etc/ssl/citewell.key", str(certificates.key))
        .replace("http://127.0.0.1:4180", f"http://127.0.0.1:{sign_on.server_address[1]}")
        .replace("proxy_pass http://127.0.0.1:8000;", f"proxy_pass http://127.0.0.1:{port}; proxy_bind {ADDRESS};")
    )
    configuration = folder / "nginx.conf"
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {paths}\n{server} }}\n"
    )
    log = folder / "nginx.log"
    with log.open("wb") as written:
        process = subprocess.Popen([NGINX, "-p", folder, "-c", configuration], stdout=written, stderr=written)
    try:
        wait_until_taken(own_port, process, log)
        yield own_port, certificates.authority
    finally:
        process.terminate()
        process.wait(20)
        sign_on.shutdown()
        sign_on.server_close()
