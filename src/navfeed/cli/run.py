"""What the commands that follow the feed have in common: the lock, the signals, the parts."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from navfeed.cli.output import hint, log_to
from navfeed.config import SCOPES, Settings, duration
from navfeed.errors import ConfigError, LockedError, NavfeedError, StoppedError, StoreError
from navfeed.model import HISTORY, OSLO, LogFormat, LogLevel, oslo_day

if TYPE_CHECKING:
    from navfeed.client.feed import FeedClient
    from navfeed.logs import Log
    from navfeed.store.writer import Store
    from navfeed.sync.crew import Stop
    from navfeed.sync.walk import Start


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Workshop:
    """The open parts of a run, held by this process alone."""

    store: Store
    feed: FeedClient
    stop: Stop


@contextmanager
def workshop(settings: Settings, max_time: str | None) -> Iterator[Workshop]:
    """Take the lock, listen for signals, open store and client; put all of it back in the end.

    The token is read first: without a usable one nothing is touched, and nobody asked.
    """
    from navfeed.sync.crew import Stop

    token = token_of(settings)
    stop = Stop(seconds(max_time))
    with signals(stop), held(settings) as store, client(settings, token) as feed:
        yield Workshop(store, feed, stop)
        remember_token(store, feed)


def seconds(max_time: str | None) -> float | None:
    return None if max_time is None else duration(max_time, "--max-time").total_seconds()


@contextmanager
def held(settings: Settings) -> Iterator[Store]:
    """The store, locked, with its own settings as `settings` want them."""
    # By its real path: a store has one lock, whatever name it is called by.
    with alone(settings.db.resolve()):
        from navfeed.store.writer import Store
        from navfeed.sync.privacy import take_up_contacts

        with Store(settings.db) as store:
            if settings.inactive not in (None, store.inactive()):
                store.set_inactive(settings.inactive)
            take_up_contacts(store, settings.contacts, now())
            yield store


def client(settings: Settings, token: str | None) -> FeedClient:
    from navfeed.client.feed import FeedClient
    from navfeed.client.http import Http

    http = Http(settings.base_url, size=settings.workers)
    return FeedClient(http, token=token, seconds=settings.timeout)


def remember_token(store: Store, feed: FeedClient) -> None:
    if feed.token_expires is not None:
        store.remember_token(feed.token_expires)


def open_log(settings: Settings, *, quiet: bool, always: bool = False) -> Log | None:
    """The log that the settings ask for; from now on hints and complaints go there too."""
    wanted = settings.log
    if not always and wanted.file is None and wanted.format is None and wanted.level is None:
        log_to(None)
        return None
    from navfeed.logs import Log

    least = LogLevel.WARNING if quiet and wanted.file is None else LogLevel.INFO
    log = Log(wanted.format or LogFormat.TEXT, wanted.level or least, wanted.file)
    log_to(log)
    return log


def write_metrics(settings: Settings) -> None:
    """The figures, where they are asked for. Their failure is told, and fails nothing else."""
    if settings.metrics_file is None:
        return
    from navfeed.export.files import replaced
    from navfeed.metrics import exposition
    from navfeed.store.query import Reader

    moment = now()
    try:
        with Reader(settings.db, oslo_day(moment)) as reader:
            facts = reader.facts(moment)
        with replaced(settings.metrics_file, mode=0o644) as out:
            out.write(exposition(facts).encode())
    except StoppedError:
        raise
    except (NavfeedError, OSError) as error:
        hint(f"no metrics were written: {error}")


def token_of(settings: Settings) -> str | None:
    """The private token; tells when others can read its file. Raises `ConfigError`."""
    token = settings.token.read()
    if file := settings.token.exposed:
        hint(f"others can read the token file {file}. Make it yours alone: chmod 600 {file}")
    return token


def scope_of(flags: list[str]) -> dict[str, list[str]] | None:
    """`--scope municipal=BERGEN --scope words=natt` as the settings file would say it."""
    scope: dict[str, list[str]] = {}
    for flag in flags:
        name, _, value = flag.partition("=")
        if flag != "all" and (name not in SCOPES or not value):
            raise ConfigError(
                f"--scope takes NAME=VALUE with a name of {', '.join(SCOPES)}; or all. Not {flag!r}"
            )
        if flag != "all":
            scope.setdefault(name, []).append(value)
    return scope if flags else None


def start_of(since: str | None, *, from_start: bool = False, from_tip: bool = False) -> Start:
    from navfeed.sync.walk import Start

    if sum([since is not None, from_start, from_tip]) > 1:
        raise ConfigError("--since, --from-start and --from-tip exclude each other")
    if from_start:
        return Start()
    back = now() - HISTORY if since is None else _since(since)
    return Start(since=back, from_tip=from_tip)


def _since(text: str) -> datetime:
    try:
        if text.isdecimal():
            return now() - timedelta(days=int(text))
        return datetime.fromisoformat(text).replace(tzinfo=OSLO)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"--since takes a day (2026-05-01) or a number of days, not {text!r}"
        ) from None


@contextmanager
def signals(stop: Stop, hang_up: Callable[[], None] | None = None) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the run well; what was there before comes back after.

    With `hang_up`, SIGHUP does that instead.
    """

    def heed(name: str) -> None:
        if name == "SIGHUP" and hang_up is not None:
            hang_up()
        else:
            stop.request(name)

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {
        name: signal.signal(getattr(signal, name), lambda *_, name=name: heed(name))
        for name in names
    }
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextmanager
def alone(db: Path, kind: str = "lock", who: str = "another sync works on") -> Iterator[None]:
    """Hold the store's lock. The system lets go of it when the process ends, however it ends."""
    from filelock import FileLock, Timeout

    try:
        db.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{db}.{kind}", timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        raise LockedError(f"{who} {db}. Let it finish, or run again later") from None
    except OSError as error:
        raise StoreError(f"cannot write beside {db}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
