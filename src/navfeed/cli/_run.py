"""Shared by the commands that follow the feed: options, log and warnings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from shlex import quote
from typing import TYPE_CHECKING

import typer

from navfeed.api import now, open_store
from navfeed.cli._output import log_to, print_warning
from navfeed.config import SCOPES, Settings, duration
from navfeed.errors import EXPECTED, ConfigError, ExitCode, StoreError
from navfeed.model import HISTORY, OSLO, LogFormat, LogLevel
from navfeed.names import setting_of
from navfeed.store.pre_upgrade_copy import kept_copy
from navfeed.text.likeness import did_you_mean, nearest

if TYPE_CHECKING:
    from navfeed.present.run_log import Log
    from navfeed.sync.engine import RunFinished
    from navfeed.sync.walk import Start


def seconds(max_time: str | None) -> float | None:
    return None if max_time is None else duration(max_time, "--max-time").total_seconds()


def open_log(settings: Settings, *, quiet: bool, always: bool = False) -> Log | None:
    """Open the log that the settings name, and send messages to it from now on."""
    chosen = settings.log
    if not always and chosen.file is None and chosen.format is None and chosen.level is None:
        log_to(None)
        return None
    from navfeed.present.run_log import Log

    least = LogLevel.WARNING if quiet and chosen.file is None else LogLevel.INFO
    log = Log(chosen.format or LogFormat.TEXT, chosen.level or least, chosen.file)
    log_to(log)
    return log


def token_of(settings: Settings) -> str | None:
    """The private token. Warns if others can read its file. Raises `ConfigError`."""
    token = settings.token.read()
    if file := settings.token.exposed:
        how = f"chmod 600 {quote(str(file))}"
        print_warning(f"others can read the token file {file}. Make it private: {how}")
    return token


def scope_of(flags: list[str]) -> dict[str, list[str]] | None:
    """`--scope municipality=BERGEN --scope words=natt` in the form of the settings file."""
    scope: dict[str, list[str]] = {}
    for flag in flags:
        given, _, value = flag.partition("=")
        name = setting_of(given)
        if flag != "all" and (name not in SCOPES or not value):
            raise ConfigError(
                f"--scope takes NAME=VALUE, where NAME is one of {', '.join(SCOPES)}; or "
                f"all. Not {flag!r}{did_you_mean(nearest(name, SCOPES))}"
            )
        if flag != "all":
            values = value.split(",") if name in _SEPARATED else [value]
            scope.setdefault(name, []).extend(one.strip() for one in values)
    return scope if flags else None


def warn_if_begun(settings: Settings) -> None:
    """Warn that the start applies once: an existing store does not reach further back now."""
    with suppress(StoreError), open_store(settings.db) as reader:
        if reader.status(now()).newest is not None:
            print_warning(
                f"{settings.db} already exists and continues from its position: --since and "
                "--from-tip apply to a first sync. To start elsewhere, name a new store "
                "with --db"
            )


def warn_of_copy(settings: Settings) -> None:
    if copy := kept_copy(settings.db):
        print_warning(
            f"the copy made before the upgrade is {copy}; the next successful sync removes it"
        )


_SEPARATED = ("municipality", "county", "code", "orgnr")
"""Names of a scope that take several values separated by commas, as filters do."""

_SCOPE_FILTERS = {
    "municipalities": ("municipal",),
    "counties": ("county",),
    "orgnrs": ("orgnr",),
    "occupations": ("level1", "level2"),
}
"""The filters that match what a field of the scope keeps."""


def warn_if_scope_matches_nothing(settings: Settings) -> None:
    """Warn about a scope that matches nothing: no sync fails for a typing error."""
    with open_store(settings.db) as reader:
        scope = reader.scope()
        for name, filters in _SCOPE_FILTERS.items():
            for value in getattr(scope, name):
                if not any(reader.has_value(one, value) for one in filters):
                    print_warning(
                        f"no stored ad matches {value!r}, one of the scope's {name}. If NAV "
                        "does not use that name, set the scope again with --scope"
                    )


def start_watches(settings: Settings) -> None:
    """Before a sync: start the watches that wait for the first complete copy."""
    try:
        if not settings.watches_file.exists():
            return
    except OSError:  # not ours to read; whoever runs the watches reports it
        return
    from navfeed.watches.state import is_any_waiting
    from navfeed.watches.state_file import state_path

    with suppress(StoreError):  # whoever runs the watches reports it
        if is_any_waiting(state_path(settings.db)):
            from navfeed.cli._watch_runs import start_waiting  # takes 100 ms to import

            start_waiting(settings)


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
            f"--since {text} is in the future, so the copy would lack the ads that are "
            "active now. Give a past day, or --from-tip to follow from now on"
        )
    return Start(since=since)


def conclude(ended: RunFinished, *, quiet: bool) -> None:
    """Raise the run's error, or end with its exit code. `quiet`: no message for an expected end."""
    if ended.error is not None and not (quiet and ended.exit_code in EXPECTED):
        raise ended.error
    if ended.exit_code is not ExitCode.DONE:
        raise typer.Exit(ended.exit_code)


def reporter(*, quiet: bool) -> Callable[[str], None]:
    """Where to report progress other than warnings; nowhere with --quiet."""
    return (lambda _: None) if quiet else print_warning
