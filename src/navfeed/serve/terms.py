"""On what terms the store is served: what the command was told, as one frozen value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from navfeed.model import LogLevel
from navfeed.store.filters import Filters


class Compat(StrEnum):
    """How the withdrawn API is answered: to the letter, or without what nobody wanted of it."""

    SANE = "sane"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class FilterHelp:
    """What a filter is called in an address, the form of its values, and what it does."""

    name: str
    takes: str
    says: str


class ReadFilters(Protocol):
    """What the filters of an address ask for at a moment. Raises `ConfigError`."""

    def __call__(self, asked: Mapping[str, Sequence[str]], now: datetime, /) -> Filters: ...


class Tell(Protocol):
    """Writes a line to the log."""

    def __call__(self, level: LogLevel, message: str, /, **fields: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one caller may ask of the machine. `budget` and `patience` are seconds.

    At most `at_once` questions are put to the store at the same time; another waits `patience` for
    its turn, and is ended when it has taken its `budget`.
    """

    at_once: int = 4
    waiting: int = 200
    budget: float = 4.0
    patience: float = 10.0
    address_length: int = 4_000
    page_size: int = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What `navfeed serve` was told.

    `columns` are what a list tells of each ad, `token` is what a caller has to show, `origins` are
    the foreign pages that may read answers, `hosts` the names that the service answers to besides
    addresses and `localhost`. Data older than `max_age` is not shown; None: whatever its age.
    """

    db: Path
    read_filters: ReadFilters
    filters: tuple[FilterHelp, ...]
    columns: tuple[str, ...]
    tell: Tell
    compat: Compat = Compat.SANE
    token: str | None = field(default=None, repr=False)
    max_age: timedelta | None = timedelta(hours=1)
    with_contacts: bool = False
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    root_path: str = ""
    limits: Limits = Limits()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
