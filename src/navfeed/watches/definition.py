"""What a watch is: filters, targets and preferences, and the settings that watches share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

from navfeed.errors import ConfigError
from navfeed.watches.choices import Channel, Format, Security
from navfeed.watches.decide import Preferences
from navfeed.watches.target import Target, short_hash


@dataclass(frozen=True, slots=True)
class Watch:
    """One `[watch.NAME]`. `filters` are those of `navfeed list`, by name."""

    name: str
    filters: Mapping[str, tuple[str, ...]]
    to: tuple[Target, ...] = (Target(Channel.STDOUT),)
    preferences: Preferences = field(default_factory=Preferences)
    format: Format = Format.TEXT

    @property
    def filters_hash(self) -> str:
        """Identifies the search: watches with different filters are different watches."""
        return short_hash(json.dumps(sorted((name, list(of)) for name, of in self.filters.items())))


@dataclass(frozen=True, slots=True)
class MailSettings:
    """`[mail]`: the mail server, and the sender of all mail."""

    host: str
    sender: str
    port: int
    security: Security
    user: str | None = None
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Throttle:
    """`[delivery]`: how often channels may interrupt somebody, and when not.

    `min_interval`: between two deliveries of the service. `quiet_hours`: from and until when, in
    Oslo time; None: there are none.
    """

    min_interval: timedelta = timedelta(hours=1)
    quiet_hours: tuple[time, time] | None = None

    def is_quiet(self, at: time) -> bool:
        if self.quiet_hours is None:
            return False
        start, end = self.quiet_hours
        return start <= at < end if start <= end else at >= start or at < end


@dataclass(frozen=True, slots=True)
class WatchFile:
    """The contents of the file of watches."""

    path: Path
    watches: Mapping[str, Watch]
    mail: MailSettings | None = None
    throttle: Throttle = field(default_factory=Throttle)

    def get(self, name: str) -> Watch:
        """Raises `ConfigError` where there is no such watch."""
        if name not in self.watches:
            names = ", ".join(self.watches) or "none yet; `navfeed watch add` creates one"
            raise ConfigError(f"no watch is called {name!r}. Existing watches: {names}")
        return self.watches[name]
