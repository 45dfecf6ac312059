"""The library: update a store, and read it.

The commands use these functions; `import navfeed` offers them to other programs
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
from navfeed.first_windows import entry_points
from navfeed.model import HISTORY, RunFacts, RunState, oslo_day, refuse_wrong_type

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

    The defaults are now and the store that `navfeed` itself uses. The reader is read-only, waits
    for no sync, and sees one consistent state. `synonyms` is a file of synonyms in addition to
    navfeed's own. Raises `StoreError`, and `ConfigError` if that file cannot be read or `db` is a
    pipe or a device.
    """
    from navfeed.store.query import Reader

    refuse_wrong_type("open_store", "db", db, Path | str | None)
    refuse_wrong_type("open_store", "at", at, datetime | None)
    path = load({}).db if db is None else Path(db)
    refuse_special(path)
    more = read_text(synonyms, "the list of synonyms") if synonyms else ""
    return Reader(path, oslo_day(at or now()), more)


def state_of(db: Path, run: RunFacts | None) -> RunState:
    """Whether the newest run of the store still runs, judged by its lock. Without a run: ended.

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
    # The run may have ended since `run` was read; only an unchanged record proves that it died.
    alive = newest.id != run.id or newest.exit_code is not None
    return RunState.RUNNING if alive else RunState.KILLED


def _is_locked(db: Path) -> bool | None:
    """Whether the store's lock is taken; None if that cannot be checked."""
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


# Updating


def sync_store(
    settings: Settings | None = None,
    plan: Plan | None = None,
    *,
    stop: Stop | None = None,
    progress: Callable[[Event], object] = lambda _: None,
    feed_moved: bool = False,
) -> RunFinished:
    """Read to the end of the feed and fetch the details, as `navfeed sync` does.

    The default settings and plan are those of the command. `progress` gets every step after its
    commit, in the calling thread; `stop.request()`, from any thread or signal handler, stops the
    run cleanly. A failure of the feed is in the result's `error` and `exit_code` and costs only
    time; so is a refused scope, which changes nothing (`Plan.scope_agreed`). A store follows one
    feed; `feed_moved` declares that the address in the settings is a new one of the same feed.
    Raises `ConfigError` (also for another feed than the store's), `LockedError` if another sync is
    running, and `StoreError`.
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
    """The plan of a run with these settings. By default, a first run reads all possible ads."""
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
        large_pages=settings.large_pages,
    )


def run_sync(
    feed: FeedClient,
    store: Store,
    plan: Plan,
    *,
    stop: Stop,
    progress: Callable[[Event], object],
) -> RunFinished:
    """Run the engine with an open feed and store. Raises `StoreError`."""
    from navfeed.sync import engine

    for event in engine.sync(feed, store, plan, clock=now, stop=stop):
        progress(event)
    assert isinstance(event, engine.RunFinished)  # noqa: S101  the engine's last event
    if feed.token_expires is not None:
        store.remember_token(feed.token_expires)
    if event.exit_code in (ExitCode.DONE, ExitCode.WAITING):
        store.end_upgrade()
    return event


# Components


@contextmanager
def open_for_sync(settings: Settings, *, feed_moved: bool = False) -> Iterator[Store]:
    """Open the store for writing, lock it, and apply `settings` to its own settings.

    Raises `ConfigError` if it follows another feed, unless that has moved.
    """
    with store_lock(settings.db):
        from navfeed.store.writer import Store

        address = feed_address(settings.base_url)
        with Store(settings.db, feed_url=address, upgrade_copy=settings.upgrade_copy) as store:
            if not feed_moved:
                _refuse_another_feed(store, address)
            if settings.inactive not in (None, store.inactive()):
                store.set_inactive(settings.inactive)
            if settings.contacts is not None:
                from navfeed.privacy.erasure import apply_contacts_setting

                apply_contacts_setting(store, settings.contacts, now())
            yield store


def _refuse_another_feed(store: Store, address: str) -> None:
    """Refuse another feed: two feeds in one store would remove each other's ads."""
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
    db: Path, kind: str = "lock", who: str = "another navfeed command is writing to"
) -> Iterator[None]:
    """Hold the store's lock. The system releases it whenever the process ends."""
    from filelock import FileLock, Timeout

    db = db.resolve()  # one lock per store, whatever path names it
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
