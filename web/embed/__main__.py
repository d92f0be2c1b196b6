"""Serves the demo page from an origin of its own, as an intranet would, and gives it tokens.

Citewell has to know the origin and to have a key:

    CITEWELL_API_KEY=secret CITEWELL_ALLOWED_ORIGINS=http://127.0.0.1:9000 rag serve
    CITEWELL_API_KEY=secret python -m web.embed --citewell http://127.0.0.1:8000 --port 9000
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress

from web.embed.intranet import Intranet


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m web.embed", description=__doc__.partition("\n")[0])
    parser.add_argument("--citewell", default="http://127.0.0.1:8000", help="address of the Citewell service")
    parser.add_argument("--port", type=int, default=9000, help="where to serve the page")
    given = parser.parse_args()
    key = os.environ.get("CITEWELL_API_KEY", "")
    with Intranet(given.citewell, key, port=given.port) as server:
        sys.stdout.write(f"The demo page: {server.address}/ (Ctrl-C ends it)\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
