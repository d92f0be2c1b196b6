"""Serves the demo page from an origin of its own, as an intranet would, and gives it tokens.

Citewell has to know the origin and to have a key:

    export CITEWELL_API_KEY=$(openssl rand -hex 32)
    CITEWELL_ALLOWED_ORIGINS=http://127.0.0.1:9000 rag serve &
    python -m web.embed --citewell http://127.0.0.1:8000 --port 9000

Where people sign in to Citewell, the page says who its visitor is, by another key that both know:

    CITEWELL_WIDGET_KEY=KEY python -m web.embed --person ida --groups hr,staff
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress

from web.embed.intranet import Intranet, SignedVisitor


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m web.embed", description=__doc__.partition("\n")[0])
    parser.add_argument("--citewell", default="http://127.0.0.1:8000", help="address of the Citewell service")
    parser.add_argument("--port", type=int, default=9000, help="where to serve the page")
    parser.add_argument("--person", default="", help="who looks at the page, where people sign in to Citewell")
    parser.add_argument("--groups", default="", help="the groups of that person, with commas")
    given = parser.parse_args()
    key = os.environ.get("CITEWELL_API_KEY", "")
    visitor = None
    if given.person:
        groups = tuple(group for group in given.groups.split(",") if group)
        visitor = SignedVisitor(os.environ["CITEWELL_WIDGET_KEY"], given.person, groups)
    with Intranet(given.citewell, key, port=given.port, visitor=visitor) as server:
        sys.stdout.write(f"The demo page: {server.address}/ (Ctrl-C ends it)\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
