"""TLS on loopback, under a certificate that no authority of this machine knows."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self

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

    def _begin(self, work, *arguments: object) -> None:
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
        with client, suppress(OSError):
            with self._context.wrap_socket(client, server_side=True) as secure:
                self._relay(secure)

    def _relay(self, secure: ssl.SSLSocket) -> None:
        """Question by question: what the practice feed is asked ends with an empty line."""
        with socket.create_connection(("127.0.0.1", self._behind)) as behind:
            pump = threading.Thread(target=_pump, args=(behind, secure), daemon=True)
            pump.start()
            _pump(secure, behind)
            pump.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing, ever."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=16)) as listener:
        yield int(listener.getsockname()[1])
