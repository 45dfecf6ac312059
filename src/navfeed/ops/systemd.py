"""Messages to the service manager that started us, if any (systemd's sd_notify).

The protocol is one datagram to a socket that NOTIFY_SOCKET names:
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic_ns


class Notifier:
    """Reports the state of the service to the service manager, if there is one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.tick = _tick(environ)
        self._is_ready = False

    def ready(self) -> None:
        """Report that the service works now; only the first call does."""
        if not self._is_ready:
            self._is_ready = True
            self._send("READY=1")

    def reloading(self) -> None:
        self._is_ready = False
        self._send("RELOADING=1", f"MONOTONIC_USEC={monotonic_ns() // 1_000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog. Call it where work is done, so that a hanging service is restarted."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line that `systemctl status` shows."""
        self._send(f"STATUS={' '.join(text.split())}")

    def _send(self, *lines: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        name = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        # A service manager that went away must not end the service.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.settimeout(0.2)
            door.sendto("\n".join(lines).encode(errors="replace"), name)


LONGEST_TICK = 60.0


def _tick(environ: Mapping[str, str]) -> float:
    """The most seconds between two signs of life: a third of the watchdog's limit."""
    allowed = environ.get("WATCHDOG_USEC", "")
    is_ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if not allowed.isdecimal() or not is_ours:
        return LONGEST_TICK
    return min(max(int(allowed) / 3_000_000, 0.1), LONGEST_TICK)
