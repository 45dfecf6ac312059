"""TLS on loopback, under a certificate that no authority of this machine knows."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self

from support.proxy import pump

AUTHORITY = Path(__file__).with_name("loopback.pem")
"""A key and its self-signed certificate for 127.0.0.1, made for these tests; good until 2126."""


class TlsFront:
    """Takes TLS off, and passes the rest on to a port of this machine. A context manager."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(AUTHORITY)
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.ended = threading.Event()
        """Whether a connection has ended."""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            suppress(OSError),
            self._context.wrap_socket(client, server_side=True) as secure,
        ):
            self._relay(secure)
        self.ended.set()

    def _relay(self, secure: ssl.SSLSocket) -> None:
        with socket.create_connection(("127.0.0.1", self._behind)) as behind:
            back = threading.Thread(target=pump, args=(behind, secure), daemon=True)
            back.start()
            pump(secure, behind)
            back.join(5)


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never sends anything."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=16)) as listener:
        yield int(listener.getsockname()[1])
