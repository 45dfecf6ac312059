"""Settings: flags before the environment, before `navfeed.toml`, before defaults.

No settings library: the suitable one costs 175 ms at every start, more than `navfeed list` takes.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from navfeed.errors import ConfigError
from navfeed.first_windows import MOST_WINDOWS, WINDOWS
from navfeed.model import (
    KEEP_CHANGES,
    UPGRADE_COPY,
    Contacts,
    Inactive,
    LogFormat,
    LogLevel,
    Scope,
    refuse_wrong_types,
)
from navfeed.names import setting_of
from navfeed.text.likeness import did_you_mean, nearest

NAV = "https://pam-stilling-feed.nav.no"
APP = "navfeed"

MOST_CONNECTIONS = 12
"""To one server: NAV documents no limit, and its answers come no faster for more."""

_KEYS = frozenset(
    {
        "db",
        "base_url",
        "token_file",
        "connections",
        "windows",
        "large_pages",
        "inactive",
        "contacts",
        "timeout",
        "look_back_minutes",
        "recheck_days",
        "recheck_most",
        "changes_days",
        "scope",
        "hooks",
        "push",
        "notify",
        "warn_age",
        "every",
        "metrics_file",
        "log_file",
        "log_format",
        "log_level",
        "upgrade_copy",
        "watches_file",
        "synonyms_file",
    }
)

_VARIABLES = (
    *("db", "base_url", "token_file", "timeout", "warn_age"),
    *("every", "metrics_file", "log_file", "log_format", "log_level"),
    "watches_file",
)

_OTHERS = ("token", "log", "cursor_before", "cursor_after", "mail_password")
"""Variables besides: a secret, a short name for the level of the log, and what a command after a
sync is given."""

SCOPES = {
    "municipality": "municipalities",
    "county": "counties",
    "occupation": "occupations",
    "code": "codes",
    "orgnr": "orgnrs",
    "words": "words",
}
"""The names of `[scope]` and `--scope`, and their fields of `Scope`."""


@dataclass(frozen=True, slots=True)
class TokenSource:
    """The place of the private token, which only the commands that need it read.

    `text` is not in the repr, and so in no traceback.
    """

    text: str | None = field(default=None, repr=False)
    file: Path | None = None

    def read(self) -> str | None:
        """The private token, None where there is none: the public one is fetched then.

        Raises `ConfigError`, which never shows it.
        """
        token = self.text if self.text is not None else _text_of(self.file)
        if token is None:
            return None
        token = token.strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError("the token is empty or contains invalid characters")
        return token

    @property
    def exposed(self) -> Path | None:
        """The token file, if other users may read or write it."""
        if self.text is not None or self.file is None or os.name != "posix":
            return None
        return self.file if self.file.stat().st_mode & 0o077 else None


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Level, format and file of the log. None: no log was requested; progress is shown."""

    file: Path | None = None
    format: LogFormat | None = None
    level: LogLevel | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a command."""

    db: Path
    base_url: str = NAV
    token: TokenSource = TokenSource()
    connections: int = 8
    windows: int = WINDOWS
    large_pages: bool = False
    inactive: Inactive | None = None
    contacts: Contacts | None = None
    timeout: float = 120.0
    look_back: timedelta = timedelta(minutes=15)
    recheck_after: timedelta = timedelta(days=14)
    recheck_most: int = 1_000
    keep_changes: timedelta = KEEP_CHANGES
    scope: Scope | None = None
    warn_age: timedelta | None = timedelta(days=1)
    every: timedelta = timedelta(minutes=2)
    metrics_file: Path | None = None
    after_sync: str | None = None
    push_targets: tuple[str, ...] = field(default=(), repr=False)  # passwords may stand in them
    ping: str | None = field(default=None, repr=False)  # a secret: it allows reporting for us
    log: LogSettings = LogSettings()
    upgrade_copy: bool = True
    watches_file: Path = Path("watches.toml")
    synonyms_file: Path | None = None
    """The user's own synonyms (`navfeed.text.synonyms`)."""

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


def load(
    flags: Mapping[str, object],
    environ: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Settings:
    """Merge the settings; `flags` that are None were not given. Raises `ConfigError`."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {
        **_file(config),
        **_environment(environ),
        **{name: value for name, value in flags.items() if value is not None},
    }
    return _settings(values, environ, config)


def origins(
    flags: Mapping[str, object], environ: Mapping[str, str], config: Path | None
) -> dict[str, str]:
    """The origin of each setting that is no default: `option`, a variable, or the file's path.

    Raises `ConfigError`.
    """
    file = str(config or default_config())
    return {
        **dict.fromkeys(_file(config), file),
        **_variables(environ),
        **{name: "option" for name, value in flags.items() if value is not None},
        **({"token": _variable("token")} if environ.get(_variable("token")) else {}),
    }


def load_file(text: str, path: Path) -> Settings:
    """The settings that a file at `path` with this text gives. Raises `ConfigError`."""
    try:
        values = tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"the settings for {path} cannot be read: {error}") from error
    _refuse_unknown(values, path)
    return _settings(values | _environment(os.environ), {}, path)


def problems(environ: Mapping[str, str], config: Path | None) -> list[str]:
    """All errors in the settings file and the environment."""
    try:
        values = _parsed(config or default_config(), is_needed=config is not None)
    except ConfigError as error:
        return [str(error)]
    unknown = [f"unknown setting {_with_likeness(name)}" for name in values.keys() - _KEYS]
    unknown += [f"unknown variable {_like_variable(name)}" for name in unknown_variables(environ)]
    known = {name: value for name, value in values.items() if name in _KEYS}
    each = [{name: value} for name, value in (known | _environment(environ)).items()]
    refused = (_refusal(one, config) for one in each)
    return sorted(unknown) + [str(one) for one in refused if one is not None]


def exposed_settings(config: Path | None) -> Path | None:
    """The settings file, if it holds a password and others can read it. Raises `ConfigError`."""
    path = config or default_config()
    if os.name != "posix" or not path.exists() or not path.stat().st_mode & 0o077:
        return None
    targets = _texts("push.targets", _table(_file(config), "push", "targets") or [])
    return path if any(map(_has_password, targets)) else None


def _has_password(address: str) -> bool:
    try:
        return bool(urlsplit(address).password)
    except ValueError:  # no address at all, which its own check reports
        return False


def check_values(values: Mapping[str, object]) -> None:
    """Raise `ConfigError` if one of these settings of the file is invalid."""
    _settings(values, {}, None)


def _refusal(values: Mapping[str, object], config: Path | None) -> ConfigError | None:
    try:
        _settings(values, {}, config)
    except ConfigError as error:
        return error
    return None


def _settings(
    values: Mapping[str, object], environ: Mapping[str, str], config: Path | None
) -> Settings:
    settings = Settings(
        db=_path(values.get("db")) or default_db(),
        base_url=_base_url(str(values.get("base_url", NAV))),
        token=TokenSource(environ.get("NAVFEED_TOKEN") or None, _path(values.get("token_file"))),
        connections=_whole(values, "connections", 8, least=1, most=MOST_CONNECTIONS),
        windows=_whole(values, "windows", WINDOWS, least=1, most=MOST_WINDOWS),
        large_pages=_yes_or_no(values, "large_pages", default=False),
        inactive=_choice(Inactive, values, "inactive"),
        contacts=_choice(Contacts, values, "contacts"),
        timeout=float(_whole(values, "timeout", 120, least=1, most=3_600)),
        look_back=timedelta(minutes=_whole(values, "look_back_minutes", 15, least=1, most=1_440)),
        recheck_after=timedelta(days=_whole(values, "recheck_days", 14, least=1, most=365)),
        recheck_most=_whole(values, "recheck_most", 1_000, least=0, most=1_000_000),
        keep_changes=timedelta(
            days=_whole(values, "changes_days", KEEP_CHANGES.days, least=1, most=3_650)
        ),
        scope=_scope(values.get("scope")),
        warn_age=_warn_age(str(values.get("warn_age", "24h"))),
        every=_every(str(values.get("every", "2m"))),
        metrics_file=_path(values.get("metrics_file")),
        after_sync=_after_sync(values),
        push_targets=_texts("push.targets", _table(values, "push", "targets") or []),
        ping=_ping(_table(values, "notify", "ping")),
        log=LogSettings(
            _path(values.get("log_file")),
            _choice(LogFormat, values, "log_format"),
            _choice(LogLevel, values, "log_level"),
        ),
        upgrade_copy=_yes_or_no(values, "upgrade_copy", default=True),
        watches_file=_path(values.get("watches_file"))
        or (config or default_config()).with_name("watches.toml"),
        synonyms_file=_path(values.get("synonyms_file")),
    )
    refuse_special(settings.db)
    for written in filter(None, (settings.metrics_file, settings.log.file)):
        refuse_store(written, settings.db)
    return settings


def load_settings(**values: object) -> Settings:
    """The settings; these values override the environment and `navfeed.toml`.

    Names and forms are the file's (docs/reference/configuration.md): `db="ads.db"`, `windows=1`,
    `scope={"county": ["VESTLAND"]}`. Raises `ConfigError`.
    """
    if unknown := sorted(values.keys() - _KEYS):
        raise ConfigError(f"unknown setting: {', '.join(unknown)}")
    return load(values)


_BESIDE = (
    *("", "-wal", "-shm", "-journal", ".lock", ".follow.lock"),
    *(".watches.db", ".watches.db-journal", ".watches.lock"),
)
"""How the names of a store's own files end: SQLite's (https://www.sqlite.org/tempfiles.html), the
locks of `navfeed.api.store_lock`, and the state of watches."""


def refuse_store(file: Path, db: Path, *, is_read: bool = False) -> None:
    """Raise `ConfigError` if writing `file` would overwrite a file of the store.

    `is_read`: it is only read, to replace the store; then the copy from an upgrade is allowed.
    """
    real, exists = file.resolve(), file.exists()
    endings = _BESIDE if is_read else (*_BESIDE, UPGRADE_COPY)
    for own in (db.with_name(db.name + ending) for ending in endings):
        if real == own.resolve() or (exists and own.exists() and file.samefile(own)):
            raise ConfigError(f"{file} is the store itself or a part of it. Name another file")


def refuse_special(file: Path) -> None:
    """Raise `ConfigError` if `file` is a pipe, a socket or a device.

    Opening or reading one may block forever, without handling signals.
    """
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise ConfigError(f"{file} is a pipe or a device, not a file. Name another file")


_LARGEST = 1_000_000
"""Maximum size in bytes of a file that people write: settings, a token."""


def _small_text(file: Path) -> str:
    """Read a text file. Raises OSError, ValueError if it is not text, and `ConfigError`."""
    refuse_special(file)
    with file.open("rb") as opened:
        content = opened.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ConfigError(f"{file} is larger than 1 MB. Name the right file")
    return content.decode()


def default_db() -> Path:
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False) / "navfeed.db"


def default_config() -> Path:
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / "navfeed.toml"


def _parsed(path: Path, *, is_needed: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(_small_text(path))
    except FileNotFoundError:
        if not is_needed:
            return {}
        raise ConfigError(f"there is no settings file {path}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the settings file {path}: {error}") from error


def _file(config: Path | None) -> dict[str, Any]:
    path = config or default_config()
    values = _parsed(path, is_needed=config is not None)
    _refuse_unknown(values, path)
    return values


def _refuse_unknown(values: Mapping[str, object], path: Path) -> None:
    if unknown := sorted(values.keys() - _KEYS):
        known = ", ".join(sorted(_KEYS))
        named = ", ".join(map(_with_likeness, unknown))
        raise ConfigError(f"{path} has unknown settings: {named}. Known: {known}")


def _with_likeness(name: str, known: Iterable[str] = _KEYS) -> str:
    return f"{name}{did_you_mean(nearest(name, sorted(known)))}"


def _like_variable(name: str) -> str:
    return _with_likeness(name, map(_variable, (*_VARIABLES, *_OTHERS)))


def _variable(name: str) -> str:
    return f"{APP}_{name}".upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Unknown variables with our prefix."""
    known = set(map(_variable, (*_VARIABLES, *_OTHERS)))
    return sorted(name for name in environ if name.startswith("NAVFEED_") and name not in known)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[variable] for name, variable in _variables(environ).items()}


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variable of each setting that the environment sets."""
    short = {"log_level": _variable("log")} if not environ.get(_variable("log_level")) else {}
    variables = {name: _variable(name) for name in _VARIABLES} | short
    return {name: variable for name, variable in variables.items() if environ.get(variable)}


def _path(value: object) -> Path | None:
    try:
        return Path(str(value)).expanduser() if value else None
    except RuntimeError:
        raise ConfigError(f"{value} names a home folder that does not exist") from None


def _whole(values: Mapping[str, object], name: str, default: int, *, least: int, most: int) -> int:
    value = values.get(name, default)
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ConfigError(f"{name} is {value!r}; it takes a whole number from {least} to {most}")
    return number


def _yes_or_no(values: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = values.get(name, default)
    if not isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}; it takes true or false")
    return value


_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def duration(text: str, name: str) -> timedelta:
    """`90`, `90s`, `10m`, `24h`, `2d`. Raises `ConfigError` with `name`."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _UNITS else (text, "s")
    try:
        length = timedelta(seconds=int(number) * _UNITS[unit]) if number.isdecimal() else None
    except (ValueError, OverflowError):  # more digits than Python reads, more days than there are
        length = None
    if not length:
        raise ConfigError(f"{name} takes seconds, or 90m, 24h, 2d; not {text!r}")
    return length


def _warn_age(text: str) -> timedelta | None:
    return None if text == "never" else duration(text, "warn_age (or never)")


SOONEST = timedelta(seconds=10)


def _every(text: str) -> timedelta:
    """The pause between two syncs. Each sync costs NAV a request or two."""
    every = duration(text, "every")
    if not SOONEST <= every <= timedelta(days=1):
        raise ConfigError(f"every is {text!r}; it takes a time from 10s to 24h")
    return every


def _scope(value: object) -> Scope | None:
    """None if not given: the store keeps its scope. `{}` means everything."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ConfigError(f"the scope takes lists of strings for {', '.join(SCOPES)}")
    given = {setting_of(name): texts for name, texts in value.items()}
    if len(given) < len(value):
        raise ConfigError("[scope] has a name twice, as municipal and municipality. Join them")
    if unknown := ", ".join(_with_likeness(one, SCOPES) for one in given.keys() - SCOPES.keys()):
        raise ConfigError(
            f"[scope] has {unknown}; the scope takes lists of strings for {', '.join(SCOPES)}"
        )
    return Scope(**{SCOPES[name]: _texts(f"scope.{name}", texts) for name, texts in given.items()})


def _texts(name: str, value: object) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise ConfigError(f"{name} takes a string or a list of strings, not {value!r}")
    return tuple(texts)


def _table(values: Mapping[str, object], table: str, name: str) -> object:
    """The value in a table of the settings file with a single key."""
    entries = values.get(table, {})
    if not isinstance(entries, Mapping) or entries.keys() - {name}:
        raise ConfigError(f"[{table}] takes {name}, and nothing else")
    return entries.get(name)


def _after_sync(values: Mapping[str, object]) -> str | None:
    """The flag's command, else the file's. None: there is none."""
    command = values.get("then") or _table(values, "hooks", "after_sync")
    if command is not None and not isinstance(command, str):
        raise ConfigError(f"hooks.after_sync takes a command as one string, not {command!r}")
    return command


def _ping(value: object) -> str | None:
    """The address in `[notify]`. No message shows it: it could silence the alarm."""
    if value is None:
        return None
    if not isinstance(value, str) or not _is_web_address(value):
        raise ConfigError("notify.ping is not an http(s) address")
    if "@" in urlsplit(value).netloc:
        raise ConfigError("notify.ping holds a user name or a password; leave them out")
    return value


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        host, _port = url.hostname, url.port
    except ValueError:
        return False
    is_named = host is not None and _HOST.fullmatch(host) is not None
    return is_named and url.scheme in ("http", "https") and text.isprintable() and " " not in text


_Choice = TypeVar("_Choice", bound=StrEnum)


def _choice(kind: type[_Choice], values: Mapping[str, object], name: str) -> _Choice | None:
    """None if not given: the store keeps its setting."""
    if (value := values.get(name)) is None:
        return None
    try:
        return kind(str(value))
    except ValueError:
        takes = " or ".join(kind)
        raise ConfigError(f"{name} is {value!r}; it takes {takes}") from None


_HOST = re.compile(r"(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?|[\da-f:]+", re.ASCII)
("A name that DNS can resolve, or an IPv6 address: anything else fails at the first request.")


def _base_url(text: str) -> str:
    """The feed's address. Every request carries the token, so plain http is for loopback only."""
    text = text.strip()
    try:
        url = urlsplit(text)
        host, _port = url.hostname, url.port
    except ValueError:
        host = None
    usable = host is not None and _HOST.fullmatch(host) and text.isprintable()
    if not usable or url.scheme not in ("http", "https") or url.query or url.fragment:
        raise ConfigError(f"the feed's address {_safe(text)} is not an http(s) URL")
    if "@" in url.netloc:
        raise ConfigError("the feed's address contains a user name or password; remove them")
    if url.scheme == "http" and not is_loopback(str(host)):
        raise ConfigError(
            f"{_safe(text)} would send the token unencrypted; use https (http works "
            "only for 127.0.0.1 and localhost)"
        )
    return text.rstrip("/")


def feed_address(url: str) -> str:
    """The canonical form of a feed's address, for comparing and storing it."""
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _safe(text: str) -> str:
    """Quote a text without anything before an @, which may be a password."""
    return repr(text.rsplit("@", 1)[-1])


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_text(path: Path, what: str) -> str:
    """The text of a file that a setting names. Raises `ConfigError` with `what` as its name."""
    try:
        return _small_text(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"cannot read {what} {path}: {reason}") from None


def _text_of(path: Path | None) -> str | None:
    return None if path is None else read_text(path, "the token file")
