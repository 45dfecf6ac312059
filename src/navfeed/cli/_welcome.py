"""What to show to somebody who is here for the first time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from navfeed.config import LogSettings, Settings, load
from navfeed.errors import NavfeedError


def greeting() -> list[str]:
    """In place of the help, where `navfeed` alone is typed on a terminal and there is no store."""
    with suppress(NavfeedError):  # the help then; the command that is tried next reports it
        settings = load({})
        if sys.stdout.isatty() and not settings.db.exists():
            return [*_hello(settings)]
    return []


def _hello(settings: Settings) -> Iterator[str]:
    yield f"`navfeed sync` copies the job ads of {_host(settings)} into {settings.db}."
    yield "The first time takes minutes; Ctrl-C stops it, and the next sync continues from there."
    yield "`navfeed init` sets up what to keep and how often; `navfeed --help` lists all commands."


def before_first_sync(settings: Settings, *, quiet: bool) -> None:
    """Three lines on a terminal, before a store is made."""
    is_logged = settings.log != LogSettings()
    if quiet or is_logged or settings.db.exists() or not sys.stderr.isatty():
        return
    for line in _first_sync(settings):
        print(line, file=sys.stderr)  # noqa: T201


def _first_sync(settings: Settings) -> Iterator[str]:
    yield f"First sync: the job ads of {_host(settings)} are copied into {settings.db}."
    yield "It reads some hundred pages and 10,000 ads and takes minutes; later syncs take seconds."
    yield "Ctrl-C stops it at any time. What has been stored stays, and the next sync continues."


def _host(settings: Settings) -> str:
    return urlsplit(settings.base_url).netloc
