"""What the processes that answer at one address share: the sockets that they listen on."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from rag.cli.server_processes import listen
from web.settings import WebSettings


def test_an_answer_is_not_held_back_until_what_came_before_is_acknowledged(tmp_path: Path) -> None:
    """Head and body of an answer are two small packets; on a connection that stays open the second one would wait."""

    async def is_held_back() -> bool:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[bool] = loop.create_future()

        class Look(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                connection = transport.get_extra_info("socket")
                found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0)

        (listening,) = listen(WebSettings(data_dir=tmp_path, port=0))
        async with await loop.create_server(Look, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            held_back = await found
            writer.close()
            await writer.wait_closed()
            return held_back

    assert not asyncio.run(is_held_back())
