"""What the commands that follow the feed have in common: signals, options, log and metrics."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING

from navfeed.api import now, open_store
from navfeed.cli import ending_signals
from navfeed.cli.output import log_to, print_warning
from navfeed.config import SCOPES, Settings, duration
from navfeed.errors import (
    EXPECTED,
    ConfigError,
    ExitCode,
    NavfeedError,
    StoreError,
    UnreachableError,
)
from navfeed.model import (
    HISTORY,
    OSLO,
    LogFormat,
    LogLevel,
    moment_text,
)
from navfeed.store.upgrade import kept_copy

if TYPE_CHECKING:
    from navfeed.present.run_log import Log
    from navfeed.sync.engine import RunFinished
    from navfeed.sync.walk import Start
    from navfeed.sync.workers import Stop


def seconds(max_time: str | None) -> float | None:
    return None if max_time is None else duration(max_time, "--max-time").total_seconds()


def open_log(settings: Settings, *, quiet: bool, always: bool = False) -> Log | None:
    """The log that the settings ask for; from now on hints and complaints go there."""
    wanted = settings.log
    if not always and wanted.file is None and wanted.format is None and wanted.level is None:
        log_to(None)
        return None
    from navfeed.present.run_log import Log

    least = LogLevel.WARNING if quiet and wanted.file is None else LogLevel.INFO
    log = Log(wanted.format or LogFormat.TEXT, wanted.level or least, wanted.file)
    log_to(log)
    return log


def tell_end(
    log: Log | None, end: RunFinished | NavfeedError, *, rest: float | None = None
) -> None:
    """How a run ended, in one line of the log: why, with which exit code, and when it goes on.

    `end` is an error where there was no run, or not to its end. `rest`: a service goes on after so
    many seconds. Without, the next try is when the server wants it, if it said so.
    """
    if log is None:
        return
    error = end if isinstance(end, NavfeedError) else end.error
    fields = {} if isinstance(end, NavfeedError) else end.counts.as_dict()
    next_try = _retry_at(error) if rest is None else now() + timedelta(seconds=rest)
    log.end(
        _gravity(end.exit_code, goes_on=rest is not None),
        _last_line(end, rest),
        end.exit_code,
        outcome=str(end) if isinstance(end, NavfeedError) else end.outcome,
        next_try_at=moment_text(next_try),
        **fields,
    )


def _retry_at(error: NavfeedError | None) -> datetime | None:
    return error.retry_at if isinstance(error, UnreachableError) else None


def _gravity(code: ExitCode, *, goes_on: bool) -> LogLevel:
    if code in EXPECTED:
        return LogLevel.INFO
    return LogLevel.WARNING if goes_on else LogLevel.ERROR


def _last_line(end: RunFinished | NavfeedError, rest: float | None) -> str:
    if isinstance(end, NavfeedError):
        return with_next_try(end, rest)
    from navfeed.present.progress import summary

    return summary(end) if end.error is None else with_next_try(end.error, rest)


def with_next_try(error: NavfeedError, rest: float | None) -> str:
    return str(error) if rest is None else f"{error}. Retrying in {rest:,.0f} s"


def write_metrics(settings: Settings) -> None:
    """The figures, where they are asked for. Their failure is told, and fails nothing else."""
    if settings.metrics_file is None:
        return
    from navfeed.files import replaced
    from navfeed.ops.metrics import exposition

    moment = now()
    try:
        with open_store(settings.db, at=moment) as reader:
            facts = reader.status(moment)
        # A service that is told to reload meanwhile must reload, and not end.
        with replaced(settings.metrics_file, mode=0o644, stoppable=False) as out:
            out.write(exposition(facts).encode())
    except (NavfeedError, OSError) as error:
        print_warning(f"no metrics were written: {error}")


def token_of(settings: Settings) -> str | None:
    """The private token; tells when others can read its file. Raises `ConfigError`."""
    token = settings.token.read()
    if file := settings.token.exposed:
        how = f"chmod 600 {quote(str(file))}"
        print_warning(f"others can read the token file {file}. Make it yours alone: {how}")
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
            values = value.split(",") if name in _PARTED else [value]
            scope.setdefault(name, []).extend(one.strip() for one in values)
    return scope if flags else None


def hint_if_begun(settings: Settings) -> None:
    """Where to begin is asked once: nobody should believe that a copy now reaches further back."""
    with suppress(StoreError), open_store(settings.db) as reader:
        if reader.status(now()).newest is not None:
            print_warning(
                f"{settings.db} has begun already and goes on where it stood: --since and "
                "--from-tip are for a first sync. For another beginning, name a new store with --db"
            )


def hint_at_copy(settings: Settings) -> None:
    if copy := kept_copy(settings.db):
        print_warning(
            f"the store as it was before its upgrade is in {copy}, until a sync has ended well"
        )


_PARTED = ("municipal", "county", "code", "orgnr")
"""Names of a scope whose values hold no comma, so that one parts them, as in filters."""

_LOOKED_UP = {
    "municipalities": ("municipal",),
    "counties": ("county",),
    "orgnrs": ("orgnr",),
    "occupations": ("level1", "level2"),
}
"""The filters that find what a field of the scope keeps."""


def hint_at_empty_scope(settings: Settings) -> None:
    """A scope that is mistyped keeps nothing, and no sync fails for that."""
    with open_store(settings.db) as reader:
        scope = reader.scope()
        for name, filters in _LOOKED_UP.items():
            for value in getattr(scope, name):
                if not any(reader.has_value(one, value) for one in filters):
                    print_warning(
                        f"no ad is kept for {value!r} among the {name} of the scope. If that is no "
                        "name of NAV's, give the scope anew with --scope"
                    )


def start_of(since: str | None, *, from_start: bool = False, from_tip: bool = False) -> Start:
    from navfeed.sync.walk import Start

    if sum([since is not None, from_start, from_tip]) > 1:
        raise ConfigError("--since, --from-start and --from-tip exclude each other")
    if from_start:
        return Start()
    if from_tip:
        return Start(from_tip=True)
    return Start(back=HISTORY) if since is None else _since(since)


def _since(text: str) -> Start:
    from navfeed.sync.walk import Start

    try:
        if text.isdecimal():
            _ = now() - timedelta(days=int(text))  # so far back there must have been a day
            return Start(back=timedelta(days=int(text)))
        since = datetime.fromisoformat(text).replace(tzinfo=OSLO)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"--since takes a day (2026-05-01) or a number of days, not {text!r}"
        ) from None
    if since > now():
        raise ConfigError(
            f"--since {text} is yet to come, and the copy would lack what is active now. Give "
            "a day that has been, or --from-tip to follow from now on"
        )
    return Start(since=since)


@contextmanager
def signals(stop: Stop, hang_up: Callable[[], None] | None = None) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the run well; what was there before comes back after.

    With `hang_up`, SIGHUP does that instead.
    """
    heeded: dict[signal.Signals, Callable[[], None]] = {
        one: partial(stop.request, one.name) for one in ending_signals()
    }
    if hang_up is not None and hasattr(signal, "SIGHUP"):
        heeded[signal.SIGHUP] = hang_up
    before = {one: signal.signal(one, lambda *_, heed=heed: heed()) for one, heed in heeded.items()}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
