"""`navfeed serve`: its options, its socket, its signals."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints
from urllib.parse import urlsplit

import typer

from navfeed.api import now, open_store
from navfeed.cli._age import limits
from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions
from navfeed.cli._options import ConfigOption, DbOption, WithContactsOption
from navfeed.cli._output import print_warning
from navfeed.cli._run import open_log
from navfeed.config import Settings, duration, is_loopback, load
from navfeed.errors import ConfigError, StaleError, StoppedError
from navfeed.export.columns import LIST_FIELDS
from navfeed.extras import require_modules
from navfeed.log import LogEvent
from navfeed.model import LogLevel
from navfeed.names import field_of, parameter_of
from navfeed.ops.systemd import Notifier
from navfeed.present.run_log import Log
from navfeed.signals import ending_signals, handled
from navfeed.store.filters import Filters

if TYPE_CHECKING:
    from navfeed.serve.options import FilterHelp, ServeOptions
    from navfeed.serve.personal import Personal


ACCESS = "Access"

ShownAgeOption = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="Show no ads when the data is older than this (90m, 24h, 2d); never: always show.",
    ),
]


@app.command()
def serve(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port; 0: any free port.")
    ] = 8_000,
    compat: Annotated[
        str,
        typer.Option(
            metavar="sane|strict",
            help="How closely to follow NAV's withdrawn public-feed API; strict: to the letter.",
        ),
    ] = "sane",
    require_token: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Require the token in FILE (Authorization: Bearer ...).",
            rich_help_panel=ACCESS,
            show_default=False,
        ),
    ] = None,
    max_age: ShownAgeOption = "1h",
    with_contacts: WithContactsOption = False,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Let pages of this origin (https://example.org) read the answers.",
            rich_help_panel=ACCESS,
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A host name to accept, besides localhost and addresses.",
            rich_help_panel=ACCESS,
            show_default=False,
        ),
    ] = None,
    personal: Annotated[
        bool,
        typer.Option(
            "--personal",
            help="Also show your watches and marks, and let the page mark ads. For this machine "
            "alone.",
        ),
    ] = False,
    root_path: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="The path prefix behind a proxy, such as /jobs.",
            rich_help_panel=ACCESS,
        ),
    ] = "",
) -> None:
    """Serve the store to browsers and programs.

    Offers a page, NAV's withdrawn public-feed API, a JSON API and Atom. May run during a sync, and
    shows active ads only. Stop it with Ctrl-C.
    """
    require_modules(("starlette", "uvicorn", "jinja2", "nh3"), "serve")
    settings = load({"db": db}, config=config)
    log = open_log(settings, quiet=False, always=True)
    assert log is not None  # noqa: S101  it was requested
    options = options_of(
        settings,
        log,
        compat=_compat(compat),
        token=_token(require_token),
        max_age=oldest(max_age),
        with_contacts=with_contacts,
        origins=tuple(map(_origin, cors or ())),
        hosts=(host.lower(), *(name.lower() for name in allow_host or ())),
        personal=_personal(settings) if personal else None,
        root_path=_root(root_path),
    )
    look_at_the_store(settings, max_age)
    if not is_loopback(host) and options.token is None:
        print_warning(
            f"{host} can be reached from other machines, by anybody and in clear text. "
            "Ask for a token with --require-token, and put a proxy with TLS in front"
        )
    if personal and (cors or allow_host):
        raise ConfigError("--personal is for this machine alone: leave out --cors and --allow-host")
    door = _door(host, port)
    if personal and not is_loopback(door.getsockname()[0]):
        door.close()
        raise ConfigError(f"--personal is for this machine alone: {host} is not loopback")
    _serve(options, door)


def _personal(settings: Settings) -> Personal:
    from navfeed.serve.personal import Personal
    from navfeed.watches.state_file import state_path

    names = tuple(one.name for one in fields(FilterOptions))
    return Personal(settings.watches_file, state_path(settings.db), names)


def options_of(settings: Settings, log: Log, **values: Any) -> ServeOptions:  # noqa: ANN401
    from navfeed.serve.options import ServeOptions

    def write(level: LogLevel, message: str, /, **more: float) -> None:
        log.say(level, message, LogEvent.ANSWERED if more else LogEvent.MESSAGE, **more)

    return ServeOptions(
        db=settings.db,
        read_filters=_read_filters,
        filters=_filters(),
        columns=LIST_FIELDS,
        log=write,
        clock=now,
        **values,
    )


def _serve(options: ServeOptions, door: socket.socket) -> None:
    from navfeed.serve.app import build
    from navfeed.serve.server import Server, address_of

    notifier = Notifier(os.environ)

    def ready() -> None:
        print(address_of(door, options.root_path), flush=True)  # noqa: T201
        notifier.ready()

    with door:
        server = Server(build(options), options.root_path, ready)
        with _stopped_by_signals(server.leave) as signals:
            server.run([door])
    notifier.stopping()
    if signals:
        raise StoppedError(f"stopped serving ({signals[0]})")


@contextmanager
def _stopped_by_signals(leave: Any) -> Iterator[list[str]]:  # noqa: ANN401
    """Shut the server down on a signal that ends navfeed. Yields the names of those received."""
    names: list[str] = []

    def stop(number: signal.Signals) -> None:
        names.append(number.name)
        leave()

    with handled(dict.fromkeys(ending_signals(), stop)):
        yield names


# Options


def _filters() -> tuple[FilterHelp, ...]:
    """The filters of `list`, under the same names."""
    from navfeed.serve.options import FilterHelp

    hints = get_type_hints(FilterOptions, include_extras=True)
    options = {one.name: hints[one.name].__metadata__[0] for one in fields(FilterOptions)}
    return tuple(
        FilterHelp(parameter_of(name), option.metavar, option.help)
        for name, option in options.items()
    )


def _read_filters(parameters: Mapping[str, Sequence[str]], moment: datetime, /) -> Filters:
    """Read filters as `list` reads its options. Raises `ConfigError`."""
    texts = {field_of(name): values for name, values in parameters.items()}
    return FilterOptions.from_texts(texts).filters(moment)


def oldest(text: str) -> timedelta | None:
    """The maximum age of the data; None: no limit."""
    return None if text == "never" else duration(text, "--max-age (or never)")


def _compat(text: str) -> object:
    from navfeed.serve.options import Compat

    try:
        return Compat(text)
    except ValueError:
        raise ConfigError(f"--compat takes sane or strict, not {text!r}") from None


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"cannot read the token file {file}: {reason}") from None
    if not token:
        raise ConfigError(f"the token file {file} is empty. Write a token of your own into it")
    return token


def _origin(text: str) -> str:
    url = urlsplit(text.rstrip("/"))
    if url.scheme not in ("http", "https") or not url.netloc or url.path or url.query:
        raise ConfigError(f"--cors takes an origin such as https://example.org, not {text!r}")
    return text.rstrip("/").lower()


def _root(text: str) -> str:
    path = text.rstrip("/")
    if path and not (path.startswith("/") and path.isprintable() and path.isascii()):
        raise ConfigError(f"--root-path takes a path such as /jobs, not {text!r}")
    return path


def look_at_the_store(settings: Settings, max_age: str) -> None:
    """Raises `StoreError` if it cannot be read. Old data is no error: it may be updated."""
    moment = now()
    with open_store(settings.db, at=moment) as reader:
        caught_up_at = reader.caught_up_at()
    try:
        limits(settings, None if max_age == "never" else max_age).check(caught_up_at, moment)
    except StaleError as error:
        print_warning(f"{error}; until then no ads are shown")


def _door(host: str, port: int) -> socket.socket:
    from navfeed.serve.server import handed_over, listening

    if (given := handed_over(os.environ)) is not None:
        return given
    try:
        return listening(host, port)
    except socket.gaierror:
        raise ConfigError(f"--host {host} is not an address of this machine") from None
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise
        raise ConfigError(
            f"cannot listen on {host} port {port} ({os.strerror(error.errno)}). Choose "
            "another with --port; 0 picks a free one"
        ) from error
