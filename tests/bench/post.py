"""A small HTTP/1.1 client for load: POST JSON over connections that are kept. Takes little of the cores it shares."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit


class BrokenReply(Exception):
    """The server closed the connection in the middle, or what it sent is no HTTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Poster:
    """Sends questions to one address, each over an idle connection or a new one. For one event loop."""

    def __init__(self, url: str) -> None:
        """`url` is "http://host:port/path"."""
        self.url = url
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "127.0.0.1", parts.port or 80, parts.path or "/"
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, question: str, *, timeout_seconds: float) -> Reply:
        """The reply to one question. Raises TimeoutError, OSError and BrokenReply."""
        async with asyncio.timeout(timeout_seconds):
            while self._idle:
                reader, writer = self._idle.pop()
                if not reader.at_eof():  # else the server has closed it meanwhile
                    break
                writer.close()
            else:
                reader, writer = await asyncio.open_connection(self._host, self._port, limit=2**20)
            is_whole = False
            try:
                writer.write(self._request(question))
                reply = await read_reply(reader)
                is_whole = reply.headers.get("connection", "") != "close"
            finally:
                if is_whole:
                    self._idle.append((reader, writer))
                else:
                    writer.close()
            return reply

    async def __aenter__(self) -> Poster:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for _, writer in self._idle:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _request(self, question: str) -> bytes:
        body = json.dumps({"question": question}).encode()
        head = f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
        return head.encode() + b"Accept: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """One reply: with Content-Length, in chunks, or until the end. Raises BrokenReply."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])
        }
        if "content-length" in headers:
            return Reply(status, headers, await reader.readexactly(int(headers["content-length"])))
        if headers.get("transfer-encoding") == "chunked":
            return Reply(status, headers, await _read_chunks(reader))
        return Reply(status, headers | {"connection": "close"}, await reader.read())
    except (asyncio.IncompleteReadError, ValueError, IndexError) as error:
        raise BrokenReply(str(error)) from error


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while (await reader.readline()).strip():  # trailers, and the empty line at the end
        pass
    return body
