"""Forks a process of navfeed for each client (see `support.warm`)."""

from __future__ import annotations

import atexit
import gc
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NoReturn

import navfeed
from navfeed.cli import _app

sys.path.insert(0, str(Path(__file__).parents[2]))
from support.clock import CHILD_CLOCK, without_child_clock

LIBRARIES = (
    *("httpx", "platformdirs.unix", "rich.console", "rich.progress", "rich.table"),
    *("sqlite_utils", "time_machine"),
)
COMMANDS = tuple(f"navfeed.cli.{name}" for name in (*_app.COMMANDS, "commands"))
SAME = {"", "C", "POSIX", "C.UTF-8"}
"""Locales in which Python reads and writes the same bytes."""


def load() -> None:
    """Import what commands import, but not the commands: each is made alone, as ever."""
    names = [module.name for module in walk_packages(navfeed.__path__, "navfeed.")]
    for name in [*LIBRARIES, *names]:
        if name != "navfeed.__main__" and not name.startswith(COMMANDS):
            import_module(name)
    gc.collect()
    gc.freeze()


def of_python(environ: dict[str, str]) -> dict[str, str]:
    """The variables that change Python itself, but for those that set a test's clock."""
    return {
        name: value
        for name, value in without_child_clock(environ).items()
        if name.startswith(("PYTHON", "LC_", "LANG", "LD_")) and value not in SAME
    }


class Request:
    """What a client handed over."""

    def __init__(self, connection: socket.socket) -> None:
        length, self.streams, _, _ = socket.recv_fds(connection, 8, 3)
        size = int.from_bytes(length, "big")
        received = b""
        while len(received) < size:
            received += connection.recv(size - len(received))
        folder, mask, ignored, count, *fields = map(os.fsdecode, received.split(b"\0"))
        self.folder, self.mask = folder, int(mask)
        self.ignored = {int(number) for number in ignored.split()}
        self.words, variables = fields[: int(count)], fields[int(count) :]
        self.environ = dict(zip(variables[::2], variables[1::2], strict=True))

    def take_over(self) -> None:
        """Make this process the one that the client requested."""
        for number, stream in enumerate(self.streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(self.folder)
        os.umask(self.mask)
        os.environ.clear()
        os.environ.update(self.environ)
        time.tzset()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN if number in self.ignored else signal.SIG_DFL)
        on_int = signal.SIG_IGN if signal.SIGINT in self.ignored else signal.default_int_handler
        signal.signal(signal.SIGINT, on_int)
        sys.argv = [str(Path(navfeed.__file__).with_name("__main__.py")), *self.words]
        errors = "surrogateescape" if sys.stdin.errors == "surrogateescape" else "strict"
        sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors=errors)  # noqa: SIM115
        sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", errors=errors)  # noqa: SIM115
        sys.stderr = sys.__stderr__ = open(  # noqa: SIM115
            2, "w", buffering=1, encoding="utf-8", errors="backslashreplace"
        )
        if "TESTS_NOW" in os.environ:
            runpy.run_path(str(CHILD_CLOCK / "sitecustomize.py"))


def attend(connection: socket.socket, own: dict[str, str]) -> Request | None:
    """Answer a client. The process that the command runs in gets the request; the others None."""
    request = Request(connection)
    if of_python(request.environ) != own:
        connection.sendall((0).to_bytes(8, "big"))
        return None
    number = os.fork()
    if number == 0:
        return request
    connection.sendall(number.to_bytes(8, "big"))
    for stream in request.streams:
        os.close(stream)
    code = ended(number, connection)
    with suppress(OSError):
        connection.sendall(code.to_bytes(8, "big", signed=True))
    return None


def ended(number: int, connection: socket.socket) -> int:
    """Wait for a command. It is killed when its client is."""
    ready, _, _ = select.select([os.pidfd_open(number), connection], [], [])
    if connection in ready:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    _, status = os.waitpid(number, 0)
    return os.waitstatus_to_exitcode(status)


def reap() -> None:
    """Wait for whoever has ended, so that the time of all is counted as the server's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def requests(listener: socket.socket) -> Request:
    """Attend to each client in a process of its own, until the tests end. Returns in a command."""
    own = of_python({**os.environ})
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready:
            os._exit(0)
        connection, _ = listener.accept()
        reap()
        if os.fork() == 0:
            break
        connection.close()
    listener.close()
    request = attend(connection, own)
    connection.close()
    if request is None:
        os._exit(0)
    return request


def run() -> int:
    """Run the command. Answers its exit code, as Python makes one of what it raises."""
    from navfeed.cli import main as navfeed_main

    try:
        navfeed_main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        return 1
    return 0


def end(code: int) -> NoReturn:
    """End as Python does, without taking down a thousand modules: that takes 0.1 s."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = 120
            traceback.print_exc()
    os._exit(code)


def main() -> None:
    load()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen(64)
        os.write(1, b"ready\n")
        request = requests(listener)
    request.take_over()
    end(run())


if __name__ == "__main__":
    main()
