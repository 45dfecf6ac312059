"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from navfeed.errors import ConfigError, StoppedError


@contextmanager
def replaced(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Write a file that takes the place of `path` when it is complete, and never before.

    A new file gets `mode`, its owner's alone; one that was there keeps its permissions. On any
    failure, or a signal to stop (`StoppedError`), the old file stays and nothing else is left.
    """
    mode = _mode(path) or mode
    path = path.resolve()  # a link stays one, and leads to the new file
    with _stoppable(path):
        out, temporary = _temporary(path)
        try:
            with out:
                yield out
                out.flush()
                temporary.chmod(mode)
                os.fsync(out.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _keep_name(path.parent)


def _temporary(path: Path) -> tuple[BinaryIO, Path]:
    """A file beside `path`, readable for its owner alone."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    os.close(number)
    return Path(name).open("r+b"), Path(name)


def _mode(path: Path) -> int | None:
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found):
        raise ConfigError(f"{path} is no file that can be replaced. Name another with --output")
    return stat.S_IMODE(found)


@contextmanager
def _stoppable(path: Path) -> Iterator[None]:
    """Let a signal to stop raise, so that what was begun is cleared away."""

    def stop(*_: object) -> NoReturn:
        raise StoppedError(f"stopped before the end; {path} is as it was")

    before: dict[signal.Signals, Any] = {}
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep_name(folder: Path) -> None:
    """Make the new name survive a power loss, where folders can be synced."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
