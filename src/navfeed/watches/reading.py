"""Read the file of watches: tables that people edit by hand.

`[watch.NAME]` is a watch, `[mail]` the mail server, `[delivery]` how often to deliver. Passwords
are in files of their own or in the environment, never here; a webhook's URL may be a secret too, so
a new file is readable by its owner alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from navfeed.config import duration, is_loopback
from navfeed.errors import ConfigError
from navfeed.names import field_of, setting_of
from navfeed.store.filters import FLAGS
from navfeed.text.likeness import nearest_or_all
from navfeed.watches.choices import Channel, Field, Format, Security, Trigger
from navfeed.watches.decide import Preferences
from navfeed.watches.definition import MailSettings, Throttle, Watch, WatchFile
from navfeed.watches.target import Target, parse_target

NAME = re.compile(r"[A-Za-z0-9ÆØÅæøå_-]{1,60}")

SETTINGS = ("to", "notify", "changes", "closing_days", "format")
"""The settings of a watch besides its filters."""

_Choice = TypeVar("_Choice", bound=StrEnum)
_Values = Mapping[str, Any]


def read_watch_file(path: Path, filters: Iterable[str]) -> WatchFile:
    """Read the file; without one there are no watches. Raises `ConfigError`.

    `filters` are the names of the filters that a watch may have.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return WatchFile(path, {})
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the watches in {path}: {error}") from error
    return parse_watch_file(values, path, filters)


def parse_watch_file(values: _Values, path: Path, filters: Iterable[str]) -> WatchFile:
    """The same, from parsed TOML. Raises `ConfigError`, which names the file and the place."""
    root = _Table(path, "", values)
    root.refuse_unknown(("watch", "mail", "delivery"))
    names = frozenset(filters)
    watches = root.table("watch")
    parsed = WatchFile(
        path,
        {name: _watch(watches.table(name), name, names) for name in watches.values},
        _mail(root.table("mail")) if "mail" in values else None,
        _throttle(root.table("delivery")),
    )
    _refuse_shared_feeds(parsed)
    return parsed


def _refuse_shared_feeds(parsed: WatchFile) -> None:
    owners: dict[str, str] = {}
    for watch in parsed.watches.values():
        for target in watch.to:
            feed = target.address
            if target.channel is Channel.ATOM and owners.setdefault(feed, watch.name) != watch.name:
                raise ConfigError(
                    f"{parsed.path}: {owners[feed]} and {watch.name} both write the feed {feed}. "
                    "A feed belongs to one watch: use another file"
                )


def _watch(table: _Table, name: str, filters: frozenset[str]) -> Watch:
    if not NAME.fullmatch(name):
        raise table.error("", "a name consists of letters, digits, - and _, at most 60 of them")
    given = _filters(table, filters)
    if not given:
        raise table.error("", "a watch without filters would match every ad. Add a filter")
    return Watch(
        name,
        given,
        _targets(table),
        Preferences(
            frozenset(table.choices("notify", Trigger)),
            frozenset(table.choices("changes", Field)),
            table.integer("closing_days", 3, most=60),
        ),
        table.choice("format", Format, Format.TEXT),
    )


def _filters(table: _Table, names: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The filters of a watch by their fields."""
    keys = [key for key in table.values if field_of(key) in names]
    table.refuse_unknown((*SETTINGS, *sorted(map(setting_of, names))), also=keys)
    given: dict[str, tuple[str, ...]] = {}
    for key in keys:
        if field_of(key) in given:
            raise table.error(key, "this filter is here twice, under two names. Join their values")
        given[field_of(key)] = _filter(table, key)
    return given


def _filter(table: _Table, key: str) -> tuple[str, ...]:
    if field_of(key) not in FLAGS:
        return table.strings(key)
    if table.values[key] is not True:
        raise table.error(key, f"expected true, or no {key}")
    return ("true",)


def _targets(table: _Table) -> tuple[Target, ...]:
    specs = table.strings("to") if "to" in table.values else (Channel.STDOUT.value,)
    try:
        return tuple(map(parse_target, specs))
    except ValueError as error:
        raise table.error("to", str(error)) from None


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def _mail(table: _Table) -> MailSettings:
    table.refuse_unknown(("host", "port", "security", "user", "password_file", "from"))
    host, sender = table.string("host"), table.string("from")
    if not host or not sender or "@" not in sender:
        raise table.error("", 'it needs host and from, such as from = "me@example.org"')
    security = table.choice("security", Security, Security.STARTTLS)
    if security is Security.NONE and not is_loopback(host):
        reason = "unencrypted mail is for a server on this machine only: use starttls or tls"
        raise table.error("security", reason)
    file = table.string("password_file")
    return MailSettings(
        host,
        sender,
        table.integer("port", _PORTS[security], most=65_535),
        security,
        table.string("user"),
        Path(file).expanduser() if file else None,
    )


def _throttle(table: _Table) -> Throttle:
    table.refuse_unknown(("min_interval", "quiet_hours"))
    interval, quiet = table.string("min_interval"), table.string("quiet_hours")
    return Throttle(
        duration(interval, table.place("min_interval")) if interval else Throttle().min_interval,
        _hours(table, quiet) if quiet else None,
    )


def _hours(table: _Table, text: str) -> tuple[time, time]:
    start, dash, end = text.partition("-")
    try:
        if dash:
            return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        pass
    raise table.error("quiet_hours", f'expected hours such as "22:00-07:00", not {text!r}')


class _Table:
    """A table of the file. Every method may raise `ConfigError`, which names file and place."""

    def __init__(self, path: Path, name: str, values: _Values) -> None:
        self._path = path
        self._name = name
        self.values = values

    def place(self, key: str = "") -> str:
        """The file and the key: `FILE: watch.NAME.key`."""
        return f"{self._path}: {self._key(key)}"

    def _key(self, key: str) -> str:
        return ".".join(filter(None, (self._name, key)))

    def error(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self.place(key)}: {problem}")

    def table(self, key: str) -> _Table:
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            raise self.error(key, f"expected a table, [{self._key(key)}]")
        return _Table(self._path, self._key(key), value)

    def refuse_unknown(self, known: Sequence[str], also: Sequence[str] = ()) -> None:
        """`also`: further names that are known, and not suggested."""
        for key in self.values:
            if key not in known and key not in also:
                raise self.error(key, f"unknown{nearest_or_all(key, known)}")

    def strings(self, key: str) -> tuple[str, ...]:
        """A string or a number, or a list of them."""
        value = self.values[key]
        values = _as_list(value)
        valid = all(isinstance(one, str | int) and not isinstance(one, bool) for one in values)
        if not values or not valid:
            raise self.error(key, f"expected a string or a list of strings, not {value!r}")
        return tuple(map(str, values))

    def string(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self.error(key, f"expected a string, not {value!r}")
        return value

    def integer(self, key: str, default: int, *, most: int) -> int:
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise self.error(key, f"expected an integer from 0 to {most}, not {value!r}")
        return value

    def choices(self, key: str, kind: type[_Choice]) -> Sequence[_Choice]:
        """One or several of an enumeration, all by default."""
        value = self.values.get(key, list(kind))
        return [self._member(key, kind, one) for one in _as_list(value)]

    def choice(self, key: str, kind: type[_Choice], default: _Choice) -> _Choice:
        return self._member(key, kind, self.values.get(key, default))

    def _member(self, key: str, kind: type[_Choice], value: object) -> _Choice:
        try:
            return kind(str(value))
        except ValueError:
            raise self.error(key, f"expected {', '.join(kind)}; not {value!r}") from None


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
