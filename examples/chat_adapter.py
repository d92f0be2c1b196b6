"""Answer a slash command of Slack, or an outgoing webhook of Teams, with what a running Citewell says.

    rag people add chat --service --role reader --group staff
    rag tokens add chat adapter --scope read
    python examples/chat_adapter.py --citewell https://citewell.example --key-file key --slack-secret-file slack

The key that the second command shows goes into the file. Slack's "Request URL" is then /slack of this program, and
the "Callback URL" of Teams is /teams. Everybody in the chat is shown what the person of the key may read: give that
account the groups of the channel, and no more.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import html
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from rag.client import Client, ClientError
from rag.client.json_bodies import AnswerJson, CitationJson

MAX_BYTES = 65_536
OLDEST_SECONDS = 300  # so that nobody can send again what they once overheard


def is_from_slack(secret: bytes, timestamp: str, body: bytes, signature: str, *, now: float) -> bool:
    """Whether Slack has signed the request, not long ago."""
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > OLDEST_SECONDS:
        return False
    signed = hmac.new(secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={signed}".encode(), signature.encode("utf-8", "replace"))


def is_from_teams(secret: bytes, body: bytes, authorization: str) -> bool:
    """Whether Teams has signed the request. `secret` is what Teams shows, in base64."""
    signed = base64.b64encode(hmac.new(base64.b64decode(secret), body, hashlib.sha256).digest())
    return hmac.compare_digest(b"HMAC " + signed, authorization.encode("utf-8", "replace"))


def outcome(answer: AnswerJson) -> str:
    """The words above the quotes."""
    if answer["status"] == "answered":
        return "From the documents:"
    return "This may answer it:" if answer["status"] == "possible" else "I did not find it."


def quoted(citation: CitationJson) -> str:
    """A quote with the words that belong in front of it."""
    lead_in = citation["lead_in"]
    return f"{lead_in['text']} {citation['quote']}" if lead_in else citation["quote"]


def for_slack(answer: AnswerJson, citewell: str) -> dict[str, Any]:
    """A message that only who asked sees. Quotes are plain text: nothing in a document becomes a link or a mention."""
    blocks: list[dict[str, Any]] = []
    for citation in answer["citations"]:
        title = html.escape(citation["document"]["title"], quote=False).replace("|", "/")
        source = {"type": "mrkdwn", "text": f"<{citewell}{citation['link']}|{title}>"}
        blocks.append({"type": "section", "text": {"type": "plain_text", "text": quoted(citation), "emoji": False}})
        blocks.append({"type": "context", "elements": [source]})
    head = {"type": "section", "text": {"type": "plain_text", "text": outcome(answer), "emoji": False}}
    return {"response_type": "ephemeral", "text": outcome(answer), "blocks": [head, *blocks]}


def for_teams(answer: AnswerJson, citewell: str) -> dict[str, Any]:
    """A message with a card. Runs of text are shown as they stand, without Markdown."""
    texts = (outcome(answer), *map(quoted, answer["citations"]))
    body = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]} for text in texts]
    actions = [
        {"type": "Action.OpenUrl", "title": citation["document"]["title"], "url": citewell + citation["link"]}
        for citation in answer["citations"]
    ]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "text": outcome(answer), "attachments": [attachment]}


class Adapter(ThreadingHTTPServer):
    """Takes questions of a chat, and asks them of a Citewell."""

    def __init__(
        self, place: tuple[str, int], citewell: str, *, key: str = "", slack: bytes = b"", teams: bytes = b""
    ) -> None:
        super().__init__(place, Handler)
        self.citewell = citewell.rstrip("/")
        self.client = Client(citewell, key=key, timeout_seconds=2.5)  # Slack waits for three seconds
        self.slack, self.teams = slack, teams


class Handler(BaseHTTPRequestHandler):
    """One request of a chat."""

    server: Adapter
    timeout = 10

    def do_POST(self) -> None:
        """Answer a question, or refuse who cannot show that it is the chat's."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BYTES:
            self._reply(413, {"error": f"expected a Content-Length of at most {MAX_BYTES}"})
            return
        body = self.rfile.read(int(length))
        try:
            question = self._question(body)
            answer = self.server.client.ask(question) if question is not None else None
        except ClientError as error:
            self._reply(200, {"type": "message", "response_type": "ephemeral", "text": str(error)})
            return
        if answer is None:
            self._reply(403, {"error": "this was not signed with the secret that is known here"})
        else:
            shape = for_slack if self.path == "/slack" else for_teams
            self._reply(200, shape(answer, self.server.citewell))

    def _question(self, body: bytes) -> str | None:
        """What was asked; None for a request that the chat has not signed."""
        header = self.headers.get
        if self.path == "/slack" and self.server.slack:
            signature, timestamp = header("X-Slack-Signature", ""), header("X-Slack-Request-Timestamp", "")
            if is_from_slack(self.server.slack, timestamp, body, signature, now=time.time()):
                return parse_qs(body.decode("utf-8", "replace")).get("text", [""])[0]
        is_teams = self.path == "/teams" and self.server.teams
        if is_teams and is_from_teams(self.server.teams, body, header("Authorization", "")):
            text = str(json.loads(body).get("text", ""))
            return html.unescape(re.sub(r"<at>.*?</at>|<[^>]*>", " ", text)).strip()
        return None

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer Slack and Teams with what a running Citewell says.")
    parser.add_argument("--citewell", default="http://127.0.0.1:8000", help="where it is; links lead there")
    parser.add_argument("--key-file", type=Path, help="a file with a key of the account that asks")
    parser.add_argument("--slack-secret-file", type=Path, help="a file with Slack's signing secret")
    parser.add_argument("--teams-secret-file", type=Path, help="a file with the token that Teams shows")
    parser.add_argument("--port", type=int, default=8300)
    given = parser.parse_args()
    files = (given.key_file, given.slack_secret_file, given.teams_secret_file)
    key, slack, teams = (path.read_text(encoding="utf-8").strip() if path else "" for path in files)
    adapter = Adapter(("127.0.0.1", given.port), given.citewell, key=key, slack=slack.encode(), teams=teams.encode())
    print(f"listening on http://127.0.0.1:{adapter.server_port}")
    adapter.serve_forever()


if __name__ == "__main__":
    main()
