"""A server on this machine that answers as the documentation of MediaWiki's API says; it is scripted, not MediaWiki."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qsl, urlsplit

BATCH = 50
BOT, BOT_WORD = "Citewell@reader", "hush"


@dataclass
class WikiPage:
    """A page as it is now."""

    number: int
    revision: int
    text: str
    timestamp: str = "2026-11-01T08:00:00Z"


@dataclass
class Wiki:
    """The pages by title, and what was asked."""

    url: str = ""
    pages: dict[str, WikiPage] = field(default_factory=dict)
    changes: int = 0
    is_private: bool = False
    asked: list[str] = field(default_factory=list)  # the action, or what was listed

    def write(self, title: str, text: str) -> None:
        """Edit a page, or make it."""
        self.changes += 1
        known = self.pages.get(title)
        number = known.number if known else 1 + max((page.number for page in self.pages.values()), default=0)
        self.pages[title] = WikiPage(number, 1_000 + self.changes, text)

    def move(self, title: str, to: str) -> None:
        """Give a page another title, which makes a revision, as in MediaWiki."""
        self.changes += 1
        page = self.pages.pop(title)
        self.pages[to] = WikiPage(page.number, 1_000 + self.changes, page.text)

    def delete(self, title: str) -> None:
        """Delete a page."""
        self.changes += 1
        del self.pages[title]

    def html_of(self, page: WikiPage) -> str:
        """What it makes of a page."""
        return f'<div class="mw-parser-output"><p>{html.escape(page.text)}</p></div>'

    def answer(self, asked: dict[str, str], form: dict[str, str], cookie: str) -> dict:
        """The body of an answer."""
        if asked["action"] == "query" and asked.get("meta") == "tokens":
            return {"query": {"tokens": {"logintoken": "t+\\"}}}
        if asked["action"] == "login":
            is_right = (form["lgname"], form["lgpassword"], form["lgtoken"]) == (BOT, BOT_WORD, "t+\\")
            return {"login": {"result": "Success" if is_right and "wiki_session=1" in cookie else "Failed"}}
        if self.is_private and "wiki_user=bot" not in cookie:
            return {"error": {"code": "readapidenied", "info": "You need read permission to use this module."}}
        if asked["action"] == "parse":
            return self._parse(int(asked["oldid"]))
        if asked.get("list") == "recentchanges":
            newest = {"type": "edit", "rcid": self.changes, "revid": 1_000 + self.changes}
            return {"query": {"recentchanges": [newest] if self.changes else []}}
        return self._list(asked)

    def _list(self, asked: dict[str, str]) -> dict:
        titles = sorted(title for title in self.pages if title >= asked.get("gapcontinue", ""))
        found: dict = {"batchcomplete": True, "query": {"pages": [self._listed(title) for title in titles[:BATCH]]}}
        if len(titles) > BATCH:
            found["continue"] = {"gapcontinue": titles[BATCH], "continue": "gapcontinue||"}
        return found

    def _listed(self, title: str) -> dict:
        page = self.pages[title]
        return {
            "pageid": page.number,
            "ns": 0,
            "title": title,
            "lastrevid": page.revision,
            "length": len(page.text),
            "fullurl": f"{self.url.removesuffix('api.php')}index.php/{title.replace(' ', '_')}",
            "revisions": [{"revid": page.revision, "timestamp": page.timestamp}],
        }

    def _parse(self, revision: int) -> dict:
        for title, page in self.pages.items():
            if page.revision == revision:
                return {"parse": {"title": title, "pageid": page.number, "revid": revision, "text": self.html_of(page)}}
        return {"error": {"code": "nosuchrevid", "info": f"There is no revision with ID {revision}."}}


@contextmanager
def wiki_serving() -> Iterator[Wiki]:
    """A wiki without pages."""
    wiki = Wiki()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(dict(parse_qsl(body.decode(), keep_blank_values=True)))

        def _reply(self, form: dict[str, str]) -> None:
            asked = dict(parse_qsl(urlsplit(self.path).query))
            wiki.asked.append(asked.get("list") or asked.get("generator") or asked.get("meta") or asked["action"])
            found = wiki.answer(asked, form, self.headers.get("Cookie", ""))
            data = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            if "query" in found and "tokens" in found["query"]:
                self.send_header("Set-Cookie", "wiki_session=1; path=/; HttpOnly")
            if found.get("login", {}).get("result") == "Success":
                self.send_header("Set-Cookie", "wiki_session=2; path=/; HttpOnly")
                self.send_header("Set-Cookie", "wiki_user=bot; path=/")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wiki.url = f"http://127.0.0.1:{cast(tuple[str, int], server.server_address)[1]}/w/api.php"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield wiki
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
