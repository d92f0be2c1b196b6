"""TLS before a PostgreSQL server that was built without it: begun as PostgreSQL begins it, then passed on in the clear.

https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

from __future__ import annotations

import selectors
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.certificates import Certificates

_ASKS_FOR_TLS = (8).to_bytes(4) + (80_877_103).to_bytes(4)
_AT_ONCE = 1 << 16


@contextmanager
def tls_before(server: Path, certificates: Certificates | None) -> Iterator[int]:
    """The port on 127.0.0.1 that leads to the socket of a server; without certificates one that speaks no TLS."""
    context = None
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server, certificates.key)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # Whoever refuses the certificate, or ends a connection, does so at any moment.
            with suppress(OSError):
                _serve(self.request, server, context)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as relay:
        threading.Thread(target=relay.serve_forever).start()
        try:
            yield relay.server_address[1]
        finally:
            relay.shutdown()


def _serve(client: socket.socket, server: Path, context: ssl.SSLContext | None) -> None:
    """One connection, until either side ends it. Whoever does not ask for TLS is not let in."""
    if client.recv(len(_ASKS_FOR_TLS), socket.MSG_WAITALL) != _ASKS_FOR_TLS:
        return
    if context is None:
        client.sendall(b"N")
        client.recv(1)  # the client ends it
        return
    client.sendall(b"S")
    with (
        context.wrap_socket(client, server_side=True) as encrypted,
        socket.socket(socket.AF_UNIX) as clear,
        selectors.DefaultSelector() as ready,
    ):
        clear.connect(str(server))
        ready.register(encrypted, selectors.EVENT_READ, (encrypted, clear))
        ready.register(clear, selectors.EVENT_READ, (clear, encrypted))
        while True:
            for key, _ in ready.select():
                source, target = key.data
                data = source.recv(_AT_ONCE)
                while source is encrypted and encrypted.pending():
                    data += source.recv(_AT_ONCE)
                if not data:
                    return
                target.sendall(data)
