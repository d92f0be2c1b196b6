"""Check each citation of an answer without trusting the program that made it.

    python examples/verify_citations.py answer.json

`answer.json` is what `rag ask --json` or `POST /api/v1/ask` gave. The document's text is fetched from a running server,
hashed here, cut here and compared here. Where it is no longer the text that was cited, the server is asked what became
of the quote. Exits with 1 when a citation does not hold.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def text_of(url: str, document_id: str) -> str:
    """The text of a document today; empty when there is no such document."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/documents/{document_id}/text", timeout=60) as response:
            return str(response.read(), "utf-8")
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return ""


def status_at_server(url: str, citation: dict[str, Any]) -> str:
    """The server's word for what became of a citation: "superseded", "changed", "gone" ..."""
    body = {name: citation[name] for name in ("sha256", "start", "end", "quote")}
    body["document_id"] = citation["document"]["id"]
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1/verify", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(json.load(response)["status"])


def check(url: str, citation: dict[str, Any]) -> str:
    """The word "match" when the quote stands at its place in the very text that is cited, else what is wrong."""
    text = text_of(url, citation["document"]["id"])
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != citation["sha256"]:
        return status_at_server(url, citation)
    # Python's strings are sequences of code points, as the offsets count. In Java or JavaScript, convert first.
    return "match" if text[citation["start"] : citation["end"]] == citation["quote"] else "mismatch"


def main() -> None:
    parser = argparse.ArgumentParser(description="Check each citation of an answer.")
    parser.add_argument("answer", type=Path, help="a file with the JSON of an answer")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server is")
    given = parser.parse_args()

    citations = json.loads(given.answer.read_text(encoding="utf-8"))["citations"]
    found = [check(given.url, citation) for citation in citations]
    for citation, status in zip(citations, found, strict=True):
        print(f"[{citation['number']}] {status}: {citation['quote']}")
    # A superseded quote stood in an earlier text that the server keeps: true when it was said.
    sys.exit(0 if set(found) <= {"match", "superseded"} else 1)


if __name__ == "__main__":
    main()
