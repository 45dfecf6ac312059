"""The web server under the service: uvicorn with our socket and our shutdown."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

GRACE = 1
"""Seconds that a request under way gets once the service stops; after two seconds it is over."""

MOST_CONNECTIONS = 500
_HEAD = 16_384  # bytes of a request's head; what is longer is refused


class Server(uvicorn.Server):
    """Serves `app` until `leave` is called; `ready` is called once it accepts requests."""

    def __init__(self, app: ASGIApp, root_path: str, ready: Callable[[], object]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                root_path=root_path,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GRACE,
                h11_max_incomplete_event_size=_HEAD,
            )
        )
        self._ready = ready

    def leave(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's business."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def listening(host: str, port: int) -> socket.socket:
    """A socket that is open to callers. Raises OSError where there cannot be one."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    door = socket.create_server(address[:2], family=family, backlog=2_048)
    # Connections take it over. asyncio sets it only where the protocol was named to the socket, and
    # a body then waits for the caller to acknowledge its headers: 40 ms.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


_FIRST = 3  # the number of the first one that a service manager hands over


def handed_over(environ: Mapping[str, str]) -> socket.socket | None:
    """The socket that the service manager opened for us (systemd's socket activation), if any.

    https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
    """
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS") != "1":
        return None
    return socket.socket(fileno=_FIRST)


def address_of(door: socket.socket, root_path: str) -> str:
    """Where a browser on this machine finds it."""
    name, port = door.getsockname()[:2]
    if ip_address(name).is_unspecified:  # all addresses: also the one by which it calls itself
        name = "127.0.0.1" if door.family == socket.AF_INET else "::1"
    host = f"[{name}]" if ":" in name else name
    return f"http://{host}:{port}{root_path}/"
