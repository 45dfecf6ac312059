"""The library: update a store, and read it.

The commands stand on these functions; `import navfeed` offers them to others
(docs/reference/library.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from navfeed.config import Settings, feed_address, load, read_text, refuse_special
from navfeed.errors import ConfigError, ExitCode, LockedError, StoreError
from navfeed.model import HISTORY, RunFacts, RunState, oslo_day, refuse_wrong_type
from navfeed.windows import entry_points

if TYPE_CHECKING:  # loaded where they are needed: reading needs nothing of a sync
    from navfeed.client.feed import FeedClient
    from navfeed.store.query import Reader
    from navfeed.store.writer import Store
    from navfeed.sync.engine import Event, Plan, RunFinished
    from navfeed.sync.walk import Start
    from navfeed.sync.workers import Stop


def now() -> datetime:
    return datetime.now(UTC)


# Reading


def open_store(
    db: Path | str | None = None, *, at: datetime | None = None, synonyms: Path | None = None
) -> Reader:
    """Open a store to read the ads that are active at a moment (an aware datetime).

    By default that is now, and the store is the one that `navfeed` itself uses. It is read only,
    waits for no sync, and every answer is about one state of it. `synonyms` is a file of words that
    mean the same, besides navfeed's own. Raises `StoreError`, and `ConfigError` for such a file
    that cannot be read, and where `db` is a pipe or a device.
    """
    from navfeed.store.query import Reader

    refuse_wrong_type("open_store", "db", db, Path | str | None)
    refuse_wrong_type("open_store", "at", at, datetime | None)
    path = load({}).db if db is None else Path(db)
    refuse_special(path)
    more = read_text(synonyms, "the list of synonyms") if synonyms else ""
    return Reader(path, oslo_day(at or now()), more)


def state_of(db: Path, run: RunFacts | None) -> RunState:
    """Whether the newest run of the store still runs, by the lock that it holds. Of none: ended.

    Raises `StoreError`.
    """
    if run is None or run.exit_code is not None:
        return RunState.ENDED
    locked = _is_locked(db)
    if locked is None:
        return RunState.UNKNOWN
    if locked:
        return RunState.RUNNING
    with open_store(db) as reader:
        (newest,) = reader.runs(1)
    # It may have ended since `run` was read, and then it was no dead one's record that was read.
    alive = newest.id != run.id or newest.exit_code is not None
    return RunState.RUNNING if alive else RunState.KILLED


def _is_locked(db: Path) -> bool | None:
    """Whether the store's lock is taken; None if it cannot be tried."""
    from filelock import FileLock, Timeout

    lock = Path(f"{db.resolve()}.lock")
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0, mode=0o600):
            return False
    except Timeout:
        return True
    except OSError:
        return None


# Bringing up to date


def sync_store(
    settings: Settings | None = None,
    plan: Plan | None = None,
    *,
    stop: Stop | None = None,
    progress: Callable[[Event], object] = lambda _: None,
    feed_moved: bool = False,
) -> RunFinished:
    """Run to the end of the feed and through the details, as `navfeed sync` does.

    By default with the settings and the plan that the command has. `progress` gets every step
    once it is committed, in the calling thread; `stop.request()`, from any thread or signal
    handler, ends the run well. What goes wrong with the feed is in the answer's `error` and
    `exit_code`, and costs time alone; so is a scope that was refused, which changes nothing
    (`Plan.scope_agreed`). A store follows one feed; `feed_moved` says that the address in the
    settings is a new one of the same feed. Raises `ConfigError` (also for another feed than the
    store's), `LockedError` where another sync is running, and `StoreError`.
    """
    from navfeed.sync.engine import Plan
    from navfeed.sync.workers import Stop

    refuse_wrong_type("sync_store", "settings", settings, Settings | None)
    refuse_wrong_type("sync_store", "plan", plan, Plan | None)
    refuse_wrong_type("sync_store", "stop", stop, Stop | None)
    settings = load({}) if settings is None else settings
    token = settings.token.read()  # without a usable one, neither store nor feed is touched
    with open_for_sync(settings, feed_moved=feed_moved) as store, client(settings, token) as feed:
        return run_sync(
            feed, store, plan or make_plan(settings), stop=stop or Stop(), progress=progress
        )


def make_plan(settings: Settings, start: Start | None = None) -> Plan:
    """What a run does by the settings. By default, a first one reads all that can be active."""
    from navfeed.sync.engine import Plan
    from navfeed.sync.walk import Start

    refuse_wrong_type("make_plan", "settings", settings, Settings)
    refuse_wrong_type("make_plan", "start", start, Start | None)
    return Plan(
        start=Start(back=HISTORY) if start is None else start,
        scope=settings.scope,
        workers=settings.connections,
        lateness=settings.look_back,
        recheck_after=settings.recheck_after,
        recheck_most=settings.recheck_most,
        keep_changes=settings.keep_changes,
        entry_points=entry_points(settings.windows),
    )


def run_sync(
    feed: FeedClient,
    store: Store,
    plan: Plan,
    *,
    stop: Stop,
    progress: Callable[[Event], object],
) -> RunFinished:
    """One run of the engine over parts that are open. Raises `StoreError`."""
    from navfeed.sync import engine

    for event in engine.sync(feed, store, plan, clock=now, stop=stop):
        progress(event)
    assert isinstance(event, engine.RunFinished)  # noqa: S101  the engine's last event
    if feed.token_expires is not None:
        store.remember_token(feed.token_expires)
    if event.exit_code in (ExitCode.DONE, ExitCode.WAITING):
        store.end_upgrade()
    return event


# The parts


@contextmanager
def open_for_sync(settings: Settings, *, feed_moved: bool = False) -> Iterator[Store]:
    """The store, locked, with its own settings as `settings` want them.

    Raises `ConfigError` where it follows another feed, unless that has moved.
    """
    with store_lock(settings.db):
        from navfeed.privacy.erasure import take_up_contacts
        from navfeed.store.writer import Store

        address = feed_address(settings.base_url)
        with Store(settings.db, feed_url=address, upgrade_copy=settings.upgrade_copy) as store:
            if not feed_moved:
                _refuse_another_feed(store, address)
            if settings.inactive not in (None, store.inactive()):
                store.set_inactive(settings.inactive)
            take_up_contacts(store, settings.contacts, now())
            yield store


def _refuse_another_feed(store: Store, address: str) -> None:
    """Two feeds in one store would remove each other's ads."""
    if (follows := store.feed_url()) not in (None, address):
        raise ConfigError(
            f"{store.path} follows the feed at {follows}, not {address}. Name that feed, "
            "or another store with --db. If the feed has moved, run `navfeed sync "
            "--feed-moved` once"
        )


def client(settings: Settings, token: str | None) -> FeedClient:
    from navfeed.client.feed import FeedClient
    from navfeed.client.http import Http

    http = Http(settings.base_url, size=settings.connections)
    return FeedClient(http, token=token, seconds=settings.timeout)


_TRIED = 0.1
"""Seconds to wait for the lock: checking whether it is free holds it for an instant."""


@contextmanager
def store_lock(
    db: Path, kind: str = "lock", who: str = "another sync is running on"
) -> Iterator[None]:
    """Hold the store's lock. The system lets go of it when the process ends, however it ends."""
    from filelock import FileLock, Timeout

    db = db.resolve()  # a store has one lock, whatever name it is called by
    try:
        db.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{db}.{kind}", timeout=_TRIED, mode=0o600)
        lock.acquire()
    except Timeout:
        raise LockedError(f"{who} {db}. Wait for it, or run again later") from None
    except OSError as error:
        raise StoreError(f"cannot write beside {db}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
