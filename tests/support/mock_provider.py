"""A provider of somebody else's making, as a process of its own: the package oidc-provider-mock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.ports import free_port, wait_until_taken


@contextmanager
def running_provider(log: Path, *people: dict[str, Any]) -> Iterator[str]:
    """Its address, which is its issuer. Each of `people` is the claims of somebody: `sub`, and what else it says."""
    port = free_port()
    claims = [part for person in people for part in ("--user-claims", json.dumps(person))]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *claims],
            env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
            stdout=written,
            stderr=written,
        )
    try:
        wait_until_taken(port, process, log, seconds=200)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
