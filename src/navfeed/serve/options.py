"""The options of `navfeed serve`, as one frozen value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from navfeed.model import LogLevel
from navfeed.serve.personal import Personal
from navfeed.store.filters import Filters


class Compat(StrEnum):
    """How the withdrawn API is answered: to the letter, or without what nobody wanted of it."""

    SANE = "sane"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class FilterHelp:
    """A filter's name in an address, the form of its values, and its help text."""

    name: str
    metavar: str
    help: str


class ReadFilters(Protocol):
    """Parse the filters of an address at a moment. Raises `ConfigError`."""

    def __call__(self, parameters: Mapping[str, Sequence[str]], now: datetime, /) -> Filters: ...


class WriteLog(Protocol):
    """Write a line to the log."""

    def __call__(self, level: LogLevel, message: str, /, **fields: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that callers may take of the machine. `budget`, `patience`, `kept_open`: seconds.

    At most `at_once` queries run at the same time; another waits `patience` for its turn, and a
    query is cancelled once it has run for its `budget`. The store's file is closed once nobody has
    sent a request for `kept_open`.
    """

    at_once: int = 4
    waiting: int = 200
    budget: float = 4.0
    patience: float = 10.0
    kept_open: float = 1.0
    address_length: int = 4_000
    page_size: int = 100


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `navfeed serve` serves, to which callers, and within which limits.

    `columns` are the columns of a list, `token` is what a caller has to send, `origins` are the
    foreign pages that may read responses, `hosts` the host names that the service answers to
    besides addresses and `localhost`. Data older than `max_age` is not shown; None: at any age.
    """

    db: Path
    read_filters: ReadFilters
    filters: tuple[FilterHelp, ...]
    columns: tuple[str, ...]
    log: WriteLog
    compat: Compat = Compat.SANE
    token: str | None = field(default=None, repr=False)
    max_age: timedelta | None = timedelta(hours=1)
    with_contacts: bool = False
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    root_path: str = ""
    personal: Personal | None = None
    limits: Limits = Limits()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
