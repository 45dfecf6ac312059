"""Files and folders that are there whole or not at all.

What is being written is hidden beside its place, as `.NAME.….part`, readable for its owner alone.
A process that is killed leaves it; the next export of the same name clears it away.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO, NoReturn

from navfeed.errors import ConfigError, StoppedError
from navfeed.signals import ending_signals, handled, is_ignored

try:
    import fcntl
except ImportError:  # pragma: no cover  Windows: there, what is open cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replaced(path: Path, *, mode: int = 0o600, stoppable: bool = True) -> Iterator[BinaryIO]:
    """Write a file that takes the place of `path` when it is complete, and never before.

    A new file gets `mode`, its owner's alone; one that was there keeps its permissions and, when
    root replaces it, its owner. On any failure, or a signal to stop (`StoppedError`), the old file
    stays and nothing else is left. Unless `stoppable`, signal handlers are left alone.
    """
    old = _standing(path)
    path = path.resolve()  # a link stays one, and leads to the new file
    with _stoppable(path) if stoppable else nullcontext():
        _clear(path)
        out, temporary = _temporary(path)
        try:
            with out:
                yield out
                out.flush()
                _take_after(temporary, old, mode)
                os.fsync(out.fileno())
                temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _keep_name(path.parent)


@contextmanager
def replaced_folder(path: Path, is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """Fill a folder that takes the place of `path` when it is complete, as `replaced` does.

    It keeps the permissions of the folder and of each file that was there.

    Raises `ConfigError` where something stands there that is neither empty nor, by `is_ours`, what
    an earlier export made: it would be lost.
    """
    path = path.resolve()
    check_replaceable(path, is_ours)
    with _stoppable(path):
        _clear(path)
        with workroom(path) as room:
            new = room / "new"
            new.mkdir(mode=0o700)
            yield new
            _put(new, path, room / "old")
    _keep_name(path.parent)


def check_replaceable(path: Path, is_ours: Callable[[Path], bool] | None = None) -> None:
    """Raise `ConfigError` where `replaced` would; with `is_ours`, where `replaced_folder` would."""
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {path}: there is no folder {path.absolute().parent}")
    if is_ours is None:
        _standing(path)
    elif path.exists() and not (path.is_dir() and (not any(path.iterdir()) or is_ours(path))):
        raise ConfigError(
            f"{path} contains files that --split did not write. Name a new folder with --output"
        )


def _put(new: Path, path: Path, old: Path) -> None:
    """No system of ours exchanges two folders at once: for a moment, neither is there."""
    if not path.exists():
        new.rename(path)
        return
    _take_permissions(new, path)
    path.rename(old)
    try:
        new.rename(path)
    except BaseException:
        old.rename(path)
        raise


def _take_permissions(new: Path, old: Path) -> None:
    """Give a folder and each of its files those of the old ones.

    A file of a new name gets them where all old files have the same, and is else its owner's alone.
    """
    kinds = {(one.st_uid, one.st_gid, one.st_mode): one for one in map(Path.stat, old.iterdir())}
    alike = next(iter(kinds.values())) if len(kinds) == 1 else None
    for one in new.iterdir():
        _take_after(one, _standing(old / one.name) or alike, 0o600)
    _take_after(new, old.stat(), 0o700)


@contextmanager
def workroom(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path`, its owner's alone, for what is needed on the way."""
    number, folder = _claimed(path, _folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(number)


def _temporary(path: Path) -> tuple[BinaryIO, Path]:
    """A file beside `path`, readable for its owner alone."""
    number, temporary = _claimed(path, tempfile.mkstemp)
    # By its name, which whoever writes it in a way of their own may need.
    return open(temporary, "r+b", opener=lambda *_: number), temporary


def _folder(suffix: str, prefix: str, parent: Path) -> tuple[int, str]:
    name = tempfile.mkdtemp(suffix, prefix, parent)
    return os.open(name, os.O_RDONLY), name


def _claimed(path: Path, make: Callable[[str, str, Path], tuple[int, str]]) -> tuple[int, Path]:
    """Make something beside `path` that shows, as long as it is open, that somebody works on it.

    `make` takes the suffix, the prefix and the folder of its name.
    """
    while True:
        try:
            number, name = make(".part", f".{path.name}.", path.parent)
        except OSError as error:
            raise ConfigError(f"cannot write {path}: {error.strerror}") from error
        _lock(number, wait=True)
        if Path(name).exists():  # not cleared away before it was locked
            return number, Path(name)
        os.close(number)


def _lock(number: int, *, wait: bool) -> bool:
    """Whether it was free. The system releases it when the process ends, however it ends."""
    if fcntl is not None:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:  # somebody else's; or a file system without locks
            return False
    return True


def _clear(path: Path) -> None:
    """Remove what killed exports of this name left; what a living one writes is locked."""
    for part in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError):
            number = os.open(part, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            try:
                if _lock(number, wait=False):
                    shutil.rmtree(part) if part.is_dir() else part.unlink()
            finally:
                os.close(number)
    for beside in path.parent.glob(f".{escape(path.name)}.*.part-*"):  # SQLite's own files
        if not beside.with_name(beside.name.rpartition("-")[0]).exists():
            beside.unlink(missing_ok=True)


def _standing(path: Path) -> os.stat_result | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not a regular file. Name another with --output")
    return found


def _take_after(new: Path, old: os.stat_result | None, mode: int) -> None:
    if old is not None and hasattr(os, "chown"):  # Windows has none
        with suppress(PermissionError):
            os.chown(new, old.st_uid, old.st_gid)
    new.chmod(mode if old is None else stat.S_IMODE(old.st_mode))


@contextmanager
def _stoppable(path: Path) -> Iterator[None]:
    """Let a signal to stop raise, so that what was begun is cleared away."""

    def stop(*_: object) -> NoReturn:
        raise StoppedError(f"stopped before the end; {path} is unchanged")

    heeded = (one for one in ending_signals() if not is_ignored(one))
    with handled(dict.fromkeys(heeded, stop)):
        yield


def _keep_name(folder: Path) -> None:
    """Make the new name survive a power loss, where folders can be synced."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
