"""The socket that callers connect to."""

from __future__ import annotations

import socket

from navfeed.serve.server import listening


def test_a_body_does_not_wait_until_its_headers_are_acknowledged() -> None:
    """Callers acknowledge up to 40 ms late (Nagle's algorithm with delayed acknowledgements)."""
    with listening("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        connection, _ = door.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
