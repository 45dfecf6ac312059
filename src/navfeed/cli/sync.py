"""`navfeed sync`."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.cli.app import ConfigOption, DbOption, app
from navfeed.config import Settings, load
from navfeed.errors import ConfigError, ExitCode, LockedError, StoreError
from navfeed.model import HISTORY, OSLO, Inactive

if TYPE_CHECKING:
    from navfeed.sync.crew import Stop
    from navfeed.sync.engine import Ended, Plan
    from navfeed.sync.walk import Start


class SummaryFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def sync(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    base_url: Annotated[
        str | None, typer.Option(help="The feed's address. Default: NAV's.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|DAYS",
            help="First sync only: read the log from this day on (2026-05-01), or from so many "
            "days back. Default: 183 days, which makes a complete copy.",
            show_default=False,
        ),
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="First sync only: read the whole log.")
    ] = False,
    from_tip: Annotated[
        bool, typer.Option("--from-tip", help="First sync only: follow from now on.")
    ] = False,
    max_time: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Stop after this long (90, 10m, 2h).", show_default=False
        ),
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many pages.", show_default=False)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Details fetched at once. Default: 8.", show_default=False
        ),
    ] = None,
    inactive: Annotated[
        Inactive | None,
        typer.Option(
            help="What stays of an ad that is no longer shown: nothing, or figures without text "
            "and names. A setting of the store. Default: delete.",
            show_default=False,
        ),
    ] = None,
    retry_now: Annotated[
        bool, typer.Option("--retry-now", help="Try again at once whatever waits for a retry.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    format_: Annotated[
        SummaryFormat, typer.Option("--format", help="json: a summary object on stdout.")
    ] = SummaryFormat.TEXT,
) -> None:
    """Bring the store to what NAV shows now: one run to the end of the feed, and the details.

    Ends with 0 when caught up, 3 when stopped early, 4 when some details wait for a retry, 5 when
    the feed cannot be reached or answers wrongly, 6 for tokens, 7 for the store, 75 when another
    sync is running.
    """
    flags = {"db": db, "base_url": base_url, "workers": workers, "inactive": inactive}
    settings = load(flags, config=config)
    plan_start = _start(since, from_start=from_start, from_tip=from_tip)
    seconds = _seconds(max_time)
    from navfeed.sync.crew import Stop  # noqa: PLC0415
    from navfeed.sync.engine import Plan  # noqa: PLC0415

    plan = Plan(
        start=plan_start,
        workers=settings.workers,
        max_pages=max_pages,
        retry_now=retry_now,
        lateness=settings.look_back,
        recheck_after=settings.recheck_after,
        recheck_most=settings.recheck_most,
    )
    stop = Stop(seconds)
    with _signals(stop), _alone(settings.db):
        ended = _run(settings, plan, stop, quiet=quiet)
    _conclude(ended, format_)


def _run(settings: Settings, plan: Plan, stop: Stop, *, quiet: bool) -> Ended:
    from navfeed.client.feed import FeedClient  # noqa: PLC0415
    from navfeed.client.http import Http  # noqa: PLC0415
    from navfeed.progress import choose  # noqa: PLC0415
    from navfeed.store.writer import Store  # noqa: PLC0415
    from navfeed.sync.engine import Ended, sync  # noqa: PLC0415

    with Store(settings.db) as store:
        if settings.inactive not in (None, store.inactive()):
            store.set_inactive(settings.inactive)
        http = Http(settings.base_url, size=settings.workers)
        client = FeedClient(http, token=settings.token, seconds=settings.timeout)
        with client as feed, choose(quiet=quiet) as progress:
            events = sync(
                feed,
                store,
                plan,
                in_scope=lambda _: True,
                clock=lambda: datetime.now(UTC),
                stop=stop,
            )
            for event in events:
                progress.show(event)
        store.remember_token(client.token_expires)
    assert isinstance(event, Ended)  # noqa: S101  the engine's last event
    return event


def _conclude(ended: Ended, format_: SummaryFormat) -> None:
    if format_ is SummaryFormat.JSON:
        summary = {
            "exit_code": ended.exit_code,
            "outcome": ended.outcome,
            **ended.counts.as_dict(),
            "erasure_owed": ended.erasure_owed,
        }
        print(json.dumps(summary, ensure_ascii=False))  # noqa: T201
    if ended.error is not None:
        raise ended.error
    if ended.exit_code is not ExitCode.DONE:
        raise typer.Exit(ended.exit_code)


def _start(since: str | None, *, from_start: bool, from_tip: bool) -> Start:
    from navfeed.sync.walk import Start  # noqa: PLC0415

    if sum([since is not None, from_start, from_tip]) > 1:
        raise ConfigError("--since, --from-start and --from-tip exclude each other")
    if from_start:
        return Start()
    now = datetime.now(UTC)
    return Start(since=now - HISTORY if since is None else _since(since, now), from_tip=from_tip)


def _since(text: str, now: datetime) -> datetime:
    try:
        if text.isdecimal():
            return now - timedelta(days=int(text))
        return datetime.fromisoformat(text).replace(tzinfo=OSLO)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"--since takes a day (2026-05-01) or a number of days, not {text!r}"
        ) from None


_UNITS = {"s": 1, "m": 60, "h": 3_600}


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _UNITS else (text, "s")
    if not number.isdecimal() or int(number) == 0:
        raise ConfigError(f"--max-time takes seconds, or 10m, or 2h; not {text!r}")
    return float(int(number) * _UNITS[unit])


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the run well; what was there before comes back after."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {
        name: signal.signal(getattr(signal, name), lambda *_, name=name: stop.request(name))
        for name in names
    }
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextmanager
def _alone(db: Path) -> Iterator[None]:
    """Hold the store's lock. The system lets go of it when the process ends, however it ends."""
    from filelock import FileLock, Timeout  # noqa: PLC0415

    try:
        db.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{db}.lock", timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        raise LockedError(
            f"another sync works on {db}. Let it finish, or run again later"
        ) from None
    except OSError as error:
        raise StoreError(f"cannot write beside {db}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
