"""What is watched for, and where it is told: tables in a file that people edit by hand.

`[watch.NAME]` says what a watch is about, `[mail]` by which server mail goes, `[deliver]` how
often. Passwords stand in files of their own or in the environment, never here; the address of a
webhook may be a secret too, so that a new file is its owner's alone.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from navfeed.config import duration, is_loopback
from navfeed.errors import ConfigError
from navfeed.watches.decide import Wish
from navfeed.watches.words import Format, News, Part, Security, Way

NAME = re.compile(r"[A-Za-z0-9ÆØÅæøå_-]{1,60}")


POSTED = frozenset({Way.WEBHOOK, Way.NTFY, Way.SLACK, Way.DISCORD, Way.TEAMS})
"""Ways that are a request to an address."""

PUBLIC = frozenset({*POSTED, Way.ATOM})
"""Ways that others may read along; somebody's own notes do not go there."""

STANDING = frozenset({Way.FILE, Way.ATOM})
"""Ways that show what was told and is still in force; the others send what is news."""

FORMATTED = frozenset({Way.STDOUT, Way.COMMAND})
"""Ways that take a watch's `format`; a file's name says its own."""

HELD = frozenset({*POSTED, Way.MAIL, Way.COMMAND})
"""Ways that may wake somebody up."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is told: `mail:me@example.org` is the way `mail`, and where to.

    `where` never shows in a repr, and so in no traceback: it may hold a secret.
    """

    way: Way
    where: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        return f"{self.way}:{self.where}" if self.where else self.way.value

    @property
    def shown(self) -> str:
        """As messages may say it: of an address only the host, for the rest may be a secret."""
        if self.way in POSTED:
            return f"{self.way}:{urlsplit(self.where).hostname}"
        return self.text

    @property
    def key(self) -> str:
        """What the state knows it by: a hash, from which no address can be read."""
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch as it stands in the file. `asked` are filters of `navfeed list`, by their names."""

    name: str
    asked: Mapping[str, tuple[str, ...]]
    to: tuple[Target, ...] = (Target(Way.STDOUT),)
    wish: Wish = field(default_factory=Wish)
    format: Format = Format.TEXT

    @property
    def identity(self) -> str:
        """A hash of what it watches for: two watches that differ there are not the same."""
        return digest(json.dumps(sorted((name, list(of)) for name, of in self.asked.items())))


@dataclass(frozen=True, slots=True)
class Mail:
    """By which server mail goes, and from whom."""

    host: str
    sender: str
    port: int
    security: Security
    user: str | None = None
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a channel that may wake somebody is used by itself, and at which hours not.

    `quiet`: from and until when, by Oslo's clock; None: at any hour.
    """

    every: timedelta = timedelta(hours=1)
    quiet: tuple[time, time] | None = None

    def is_quiet(self, at: time) -> bool:
        if self.quiet is None:
            return False
        start, end = self.quiet
        return start <= at < end if start <= end else at >= start or at < end


@dataclass(frozen=True, slots=True)
class Book:
    """All that stands in the file."""

    path: Path
    watches: Mapping[str, Watch]
    mail: Mail | None = None
    pace: Pace = field(default_factory=Pace)

    def named(self, name: str) -> Watch:
        """Raises `ConfigError` where there is no such watch."""
        if name not in self.watches:
            known = ", ".join(self.watches) or "none yet; `navfeed watch add` makes one"
            raise ConfigError(f"no watch is called {name!r}. There are: {known}")
        return self.watches[name]


def digest(text: str) -> str:
    """A short hash: no text can be read from it."""
    return blake2b(text.encode(), digest_size=12).hexdigest()


# Reading


def read_book(path: Path, filters: Iterable[str]) -> Book:
    """What stands in the file, an empty book where there is none. Raises `ConfigError`.

    `filters` are the names that a watch can ask by.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Book(path, {})
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the watches in {path}: {error}") from error
    return book_of(values, path, filters)


def book_of(values: Mapping[str, Any], path: Path, filters: Iterable[str]) -> Book:
    """The same, of what was read. Raises `ConfigError`, which names the file and the place."""
    reader = _Reader(path, frozenset(filters))
    reader.check_names("", values, ("watch", "mail", "deliver"))
    tables = reader.table("watch", values.get("watch", {}))
    book = Book(
        path,
        {name: reader.watch(name, table) for name, table in tables.items()},
        reader.mail(values["mail"]) if "mail" in values else None,
        reader.pace(values.get("deliver", {})),
    )
    _refuse_shared_feeds(book)
    return book


def _refuse_shared_feeds(book: Book) -> None:
    owners: dict[str, str] = {}
    for watch in book.watches.values():
        for target in watch.to:
            if target.way is Way.ATOM and owners.setdefault(target.where, watch.name) != watch.name:
                raise ConfigError(
                    f"{book.path}: {owners[target.where]} and {watch.name} both write the feed "
                    f"{target.where}. A feed is of one watch: name another file"
                )


OWN = ("to", "tell", "changes", "closing_days", "format")
"""What a watch can say besides filters."""

_Choice = TypeVar("_Choice", bound=StrEnum)


class _Reader:
    """Reads values of the file, and says where one is wrong."""

    def __init__(self, path: Path, filters: frozenset[str]) -> None:
        self._path = path
        self._filters = filters

    def watch(self, name: str, value: object) -> Watch:
        if not NAME.fullmatch(name):
            raise self._wrong(
                f"watch.{name}", "a name is letters, digits, - and _, 60 of them at most"
            )
        place = f"watch.{name}"
        table = self.table(place, value)
        self.check_names(place, table, (*OWN, *sorted(self._filters)))
        asked = {
            one: self.texts(f"{place}.{one}", table[one]) for one in table if one in self._filters
        }
        if not asked:
            raise self._wrong(place, "it has no filter, so that every ad would fit. Give it one")
        return Watch(
            name,
            asked,
            tuple(self.target(place, text) for text in self._ways(place, table)),
            Wish(
                frozenset(self._choices(place, "tell", News, table)),
                frozenset(self._choices(place, "changes", Part, table)),
                self._whole(place, "closing_days", table, 3, most=60),
            ),
            self._choice(place, "format", Format, table, Format.TEXT),
        )

    def _ways(self, place: str, table: Mapping[str, object]) -> Sequence[str]:
        return self.texts(f"{place}.to", table.get("to", [Way.STDOUT.value]))

    def target(self, place: str, text: str) -> Target:
        try:
            return target_of(text)
        except ValueError as error:
            raise self._wrong(f"{place}.to", str(error)) from None

    def mail(self, value: object) -> Mail:
        table = self.table("mail", value)
        names = ("host", "port", "security", "user", "password_file", "from")
        self.check_names("mail", table, names)
        host, sender = self._text("mail", "host", table), self._text("mail", "from", table)
        if not host or not sender or "@" not in sender:
            raise self._wrong("mail", 'it takes host and from, such as from = "me@example.org"')
        security = self._choice("mail", "security", Security, table, Security.STARTTLS)
        if security is Security.NONE and not is_loopback(host):
            raise self._wrong(
                "mail.security", "mail in clear text stays on this machine: use starttls or tls"
            )
        file = self._text("mail", "password_file", table)
        return Mail(
            host,
            sender,
            self._whole("mail", "port", table, _PORTS[security], most=65_535),
            security,
            self._text("mail", "user", table),
            Path(file).expanduser() if file else None,
        )

    def pace(self, value: object) -> Pace:
        table = self.table("deliver", value)
        self.check_names("deliver", table, ("every", "quiet"))
        every, quiet = self._text("deliver", "every", table), self._text("deliver", "quiet", table)
        return Pace(
            duration(every, f"{self._path}: deliver.every") if every else Pace().every,
            self._hours(quiet) if quiet else None,
        )

    def _hours(self, text: str) -> tuple[time, time]:
        start, mark, end = text.partition("-")
        try:
            if mark:
                return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
        except ValueError:
            pass
        raise self._wrong("deliver.quiet", f'it takes hours such as "22:00-07:00", not {text!r}')

    def table(self, place: str, value: object) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self._wrong(place, f"it takes a table, [{place}]")
        return value

    def check_names(self, place: str, table: Mapping[str, object], known: Sequence[str]) -> None:
        for name in table:
            if name not in known:
                raise self._wrong(
                    f"{place}.{name}".lstrip("."), f"unknown.{_likeness(name, known)}"
                )

    def texts(self, place: str, value: object) -> tuple[str, ...]:
        """A text or a number, or a list of them."""
        values = value if isinstance(value, list) else [value]
        fine = all(isinstance(one, str | int) and not isinstance(one, bool) for one in values)
        if not values or not fine:
            raise self._wrong(place, f"it takes a text or a list of texts, not {value!r}")
        return tuple(map(str, values))

    def _text(self, place: str, name: str, table: Mapping[str, object]) -> str | None:
        value = table.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(f"{place}.{name}", f"it takes a text, not {value!r}")
        return value

    def _whole(
        self, place: str, name: str, table: Mapping[str, object], default: int, *, most: int
    ) -> int:
        value = table.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise self._wrong(
                f"{place}.{name}", f"it takes a whole number up to {most}, not {value!r}"
            )
        return value

    def _choices(
        self, place: str, name: str, kind: type[_Choice], table: Mapping[str, object]
    ) -> Sequence[_Choice]:
        value = table.get(name, list(kind))
        values = value if isinstance(value, list) else [value]
        return [self._one_of(f"{place}.{name}", kind, one) for one in values]

    def _choice(
        self,
        place: str,
        name: str,
        kind: type[_Choice],
        table: Mapping[str, object],
        default: _Choice,
    ) -> _Choice:
        return self._one_of(f"{place}.{name}", kind, table.get(name, default))

    def _one_of(self, place: str, kind: type[_Choice], value: object) -> _Choice:
        try:
            return kind(str(value))
        except ValueError:
            raise self._wrong(place, f"it takes {', '.join(kind)}; not {value!r}") from None

    def _wrong(self, place: str, why: str) -> ConfigError:
        return ConfigError(f"{self._path}: {place}: {why}")


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def _likeness(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    return f" Did you mean {near[0]}?" if near else f" Known: {', '.join(known)}"


def target_of(text: str) -> Target:
    """`mail:me@example.org` as a target. Raises `ValueError`, which says what is wrong."""
    way, _, where = text.strip().partition(":")
    if way not in frozenset(Way):
        raise ValueError(f"{way!r} is no way to tell. It takes {', '.join(Way)}")
    target = Target(Way(way), where.strip())
    if (why := _unusable(target)) is not None:
        raise ValueError(why)
    return target


def _unusable(target: Target) -> str | None:
    where = target.where
    if target.way is Way.STDOUT:
        return "stdout takes nothing behind it" if where else None
    if not where or not where.isprintable():
        return f"{target.way} wants to know where: {_EXAMPLES[target.way]}"
    if target.way is Way.MAIL and not _ADDRESS.fullmatch(where):
        return f"mail wants one address: {_EXAMPLES[Way.MAIL]}"
    if target.way in POSTED and not _is_web(where):
        return f"{target.way} wants an address of the web: {_EXAMPLES[target.way]}"
    if target.way is Way.COMMAND and not _is_command(where):
        return "the command's quotation marks do not match"
    return None


_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")

_EXAMPLES = {
    Way.FILE: "file:~/jobs.html",
    Way.ATOM: "atom:~/feeds/jobs.xml",
    Way.MAIL: "mail:me@example.org",
    Way.WEBHOOK: "webhook:https://example.org/hook",
    Way.NTFY: "ntfy:https://ntfy.sh/a-secret-topic",
    Way.SLACK: "slack:https://hooks.slack.com/services/...",
    Way.DISCORD: "discord:https://discord.com/api/webhooks/...",
    Way.TEAMS: "teams:https://....logic.azure.com/...",
    Way.COMMAND: "command:mail -s jobs me@example.org",
}


def _is_web(address: str) -> bool:
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        return False
    return url.scheme in ("https", "http") and bool(url.hostname) and not re.search(r"\s", address)


def _is_command(text: str) -> bool:
    try:
        return bool(shlex.split(text))
    except ValueError:
        return False
