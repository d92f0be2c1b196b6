"""Send a file to a running server and ask a question, with the standard library alone.

    rag serve &
    python examples/ask_over_rest.py seeds/eu-japan-technology.md "What did JSR receive?" > answer.json

The answer is printed as JSON, the steps on the error stream.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any


def call(method: str, url: str, body: bytes, media_type: str) -> dict[str, Any]:
    """The JSON that comes back. Leaves the program with the server's own words when it refuses."""
    headers = {"Content-Type": media_type}
    if "CITEWELL_API_KEY" in os.environ:
        headers["Authorization"] = f"Bearer {os.environ['CITEWELL_API_KEY']}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=120) as response:
            found: dict[str, Any] = json.load(response)
            return found
    except urllib.error.HTTPError as error:  # the body is application/problem+json, and `detail` is a sentence
        sys.exit(f"{error.code}: {json.load(error)['detail']}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Send a file to a running server and ask a question.")
    parser.add_argument("file", type=Path, help="its suffix says the format")
    parser.add_argument("question")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server is")
    given = parser.parse_args()

    # The same name again replaces the document; the same bytes again are "unchanged".
    name = urllib.parse.quote(given.file.name, safe="")
    stored = call("PUT", f"{given.url}/api/v1/files/{name}", given.file.read_bytes(), "application/octet-stream")
    print(f"{stored['status']}: {stored['id']}", file=sys.stderr)

    question = json.dumps({"question": given.question, "max_sentences": 1}).encode()
    answer = call("POST", f"{given.url}/api/v1/ask", question, "application/json")
    for citation in answer["citations"]:
        print(f"{citation['quote']}\n  {given.url}{citation['link']}", file=sys.stderr)
    if answer["status"] == "possible":  # the citations are quotes that may answer, each with its own confidence
        print("This may answer it.", file=sys.stderr)
    if answer["status"] == "no_answer":  # not an error: the status is 200, and the nearest passages are in the body
        print(f"No answer was found: {answer['reason']}.", file=sys.stderr)
    print(json.dumps(answer, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
