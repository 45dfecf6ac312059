"""Stands for one `python -m navfeed` (see `support.warm`); takes 4 ms to load.

It starts hundreds of times: `socket` and `signal` take 7 ms more than the modules below them.
"""

import _signal as signal
import _socket as socket
import os
import sys

STREAMS = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


def main() -> None:
    address, *words = sys.argv[1:]
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    _send(connection, words)
    number = _receive(connection)
    if number:
        _forward_signals(number)
        _end(_receive(connection))
    connection.close()
    os.execv(sys.executable, [sys.executable, "-m", "navfeed", *words])


def _send(connection: socket.socket, words: list[str]) -> None:
    mask = os.umask(0)
    os.umask(mask)
    variables = [item for pair in os.environb.items() for item in pair]
    ignored = [number for number in SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
    numbers = (str(mask), " ".join(str(int(each)) for each in ignored), str(len(words)))
    folder = os.getcwdb()  # noqa: PTH109  pathlib takes as long to load as the rest
    fields = [folder, *map(os.fsencode, (*numbers, *words)), *variables]
    request = b"\0".join(fields)
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, STREAMS)
    connection.sendmsg([len(request).to_bytes(8, "big")], [rights])
    connection.sendall(request)


def _receive(connection: socket.socket) -> int:
    return int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big", signed=True)


def _forward_signals(process: int) -> None:
    def forward(number: int, _: object) -> None:
        try:  # noqa: SIM105  contextlib takes 2 ms to load
            os.kill(process, number)
        except ProcessLookupError:
            pass  # it has just ended

    for number in SIGNALS:
        signal.signal(number, forward)


def _end(code: int) -> None:
    """End as the process did: a negative code is the signal that killed it."""
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
