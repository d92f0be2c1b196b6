"""The server of the demo page: what an intranet's own server has to do for the widget, in the standard library alone.

Where people do not sign in to Citewell, it gets tokens from there with the API key, which never reaches the page, keeps
one until shortly before it ends, and gives it to whoever may see the page. Where they do, it signs tokens itself that
say who the visitor is. A real intranet checks here who is signed in; the demo is told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any, cast
from urllib.error import URLError
from urllib.request import Request, urlopen

_FOLDER = Path(__file__).parent
_EARLY = 60  # seconds before a token ends that the next one is got
_SECONDS = 5  # to wait for Citewell
_TOKEN_SECONDS = 300  # that a token of a visitor holds
# As strict as an intranet can be: nothing but its own files and, by name, Citewell's.
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src {0}; connect-src 'self' {0}; frame-src {0};"
    " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)


@dataclass(frozen=True, slots=True)
class SignedVisitor:
    """Who looks at the page, and the key that Citewell and this server share: CITEWELL_WIDGET_KEY there."""

    widget_key: str
    person: str
    groups: tuple[str, ...]


class Intranet(ThreadingHTTPServer):
    """Serves the page at `address`. `citewell` is the address of the service, `key` its API key, "" for no tokens.

    With a `visitor` tokens are that person's, and the API key is not used.
    """

    daemon_threads = True

    def __init__(
        self,
        citewell: str,
        key: str,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        visitor: SignedVisitor | None = None,
    ) -> None:
        super().__init__((host, port), Handler)
        self.citewell = citewell.rstrip("/")
        self.address = f"http://{host}:{self.server_address[1]}"
        self._key = key
        self._visitor = visitor
        self._kept: dict[str, Any] | None = None
        self._ends = 0.0

    @property
    def gives_tokens(self) -> bool:
        """Whether the page gets any."""
        return bool(self._key) or self._visitor is not None

    def token(self) -> dict[str, Any]:
        """What Citewell gives: token, expires_at and expires_in, here the seconds that are left of it.

        Raises URLError where Citewell cannot be reached or refuses.
        """
        if self._visitor is not None:
            return {"token": signed_token(self._visitor, self.address), "expires_in": _TOKEN_SECONDS}
        if self._kept is None or self._ends - time.time() < _EARLY:
            request = Request(  # noqa: S310 - its own operator gives the address
                f"{self.citewell}/api/v1/widget/tokens",
                data=json.dumps({"origin": self.address}).encode(),
                headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
                method="POST",
            )
            with urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - as above
                kept: dict[str, Any] = json.load(response)
            self._ends = time.time() + kept["expires_in"]
            self._kept = kept
        return self._kept | {"expires_in": int(self._ends - time.time())}


def signed_token(visitor: SignedVisitor, origin: str) -> str:
    """A JSON Web Token with HS256 that says who asks in a page of `origin`. One visitor's is never given to another."""
    now = int(time.time())
    claims = {
        "aud": "citewell-widget",
        "sub": visitor.person,
        "groups": visitor.groups,
        "origin": origin,
        "iat": now,
        "exp": now + _TOKEN_SECONDS,
    }
    text = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{text}.{_encoded(hmac.digest(visitor.widget_key.encode(), text.encode(), hashlib.sha256))}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


class Handler(BaseHTTPRequestHandler):
    """The page, its style, and tokens."""

    def do_GET(self) -> None:
        """The page, its style, or a token."""
        server = cast(Intranet, self.server)
        path = self.path.partition("?")[0]
        try:
            if path == "/":
                page = Template((_FOLDER / "intranet.html").read_text(encoding="utf-8"))
                token = server.token()["token"] if server.gives_tokens else ""
                self._send(
                    "text/html; charset=utf-8", page.substitute(citewell=server.citewell, token=html.escape(token))
                )
            elif path == "/intranet.css":
                self._send("text/css; charset=utf-8", (_FOLDER / "intranet.css").read_text(encoding="utf-8"))
            elif path == "/citewell-token":
                self._send("application/json", json.dumps(server.token()))
            elif path == "/favicon.ico":
                self.send_response(HTTPStatus.NO_CONTENT)
                self.end_headers()
            else:
                self.send_error(HTTPStatus.NOT_FOUND)
        except URLError as error:
            self.send_error(HTTPStatus.BAD_GATEWAY, "Citewell gave no token", str(error.reason))

    def _send(self, media_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", _POLICY.format(cast(Intranet, self.server).citewell))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the name of the library
        """Nothing for each request."""
