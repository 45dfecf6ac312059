"""What the service manager hears, and that nothing there can end the service."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from navfeed.ops.systemd import Notifier


@pytest.fixture
def door(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(5)
        yield door


def test_it_speaks_the_protocol_of_systemd(door: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": door.getsockname()})
    notifier.ready()
    notifier.ready()  # said once
    notifier.alive()
    notifier.status("two\nlines")
    notifier.reloading()
    notifier.ready()
    notifier.stopping()
    words = [door.recv(1_000).decode() for _ in range(6)]
    assert words[:3] == ["READY=1", "WATCHDOG=1", "STATUS=two lines"]
    assert words[3].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert words[4:] == ["READY=1", "STOPPING=1"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="abstract sockets are Linux's")
def test_an_abstract_socket_is_known_by_its_at_sign() -> None:
    name = f"navfeed-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(f"\0{name}")
        door.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert door.recv(100) == b"READY=1"


def test_a_path_that_is_no_text_does_not_end_the_service(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(5)
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}).status("cannot open sm\udcf8r")
        assert door.recv(100) == b"STATUS=cannot open sm?r"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "vsock:2:1234", "@nobody-listens"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    Notifier({"NOTIFY_SOCKET": address}).ready()
    notifier = Notifier({})
    notifier.ready()
    assert notifier.tick == 60


@pytest.mark.parametrize(
    ("environ", "tick"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 60),
        ({"WATCHDOG_USEC": "900000000"}, 60),
        ({"WATCHDOG_USEC": "1"}, 0.1),
        ({"WATCHDOG_USEC": "soon"}, 60),
    ],
)
def test_it_gives_signs_of_life_three_times_as_often_as_required(
    environ: dict[str, str], tick: float
) -> None:
    assert Notifier(environ).tick == tick
