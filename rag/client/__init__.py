"""A client of a running Citewell, for programs in Python: `Client`, and `AsyncClient` for asyncio.

    with Client("https://citewell.example", key="cwk_...") as client:
        answer = client.ask("How long may I keep a book?")

What comes back are the bodies of the REST API, as dictionaries with types (`rag.client.json_bodies`).
"""

from __future__ import annotations

from rag.client.client_errors import ClientError, RequestRefused, ServiceUnreachable
from rag.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "ClientError", "RequestRefused", "ServiceUnreachable"]
