"""`navfeed init`: ask a few questions, write a settings file and schedule the syncs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption
from navfeed.cli._output import confirmed, print_lines, print_warning
from navfeed.config import check_values, default_config, load_file
from navfeed.errors import ConfigError
from navfeed.model import Contacts
from navfeed.ops import schedule
from navfeed.ops.schedule import Schedule
from navfeed.places import alike, counties, is_county, is_municipality, municipalities
from navfeed.text.likeness import did_you_mean

Answer = TypeVar("Answer")
EVERYTHING = "all"
NOWHERE = "none"
CURRENT = "current"
"""The default answer: keep the present setting."""

KEEP = "Which counties or municipalities to keep? Separate them by commas; all keeps every ad"
CONTACTS = "Keep the contact persons that ads name (keep or drop)?"
EVERY = "How often to sync (10m, 30m, 1h)?"
PING = "Where to report how each sync ended? A ping URL, as of healthchecks.io; none for nowhere"
SCHEDULE = "What should start the syncs: systemd, cron or none?"


@app.command()
def init(
    *,
    config: ConfigOption = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="PLACES",
            help="Keep the ads of these counties or municipalities, or all.",
            show_default=False,
        ),
    ] = None,
    contacts: Annotated[
        Contacts | None,
        typer.Option(help="Whether to keep the people that ads name.", show_default=False),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How often to sync: 10m, 1h.", show_default=False),
    ] = None,
    ping: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Report how each sync ended there, or none.", show_default=False
        ),
    ] = None,
    start: Annotated[
        Schedule | None,
        typer.Option("--schedule", help="What starts the syncs.", show_default=False),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Take the defaults, and replace files without asking."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")
    ] = False,
) -> None:
    """Set up navfeed: a settings file and a timer.

    Asks what to keep, how often to sync, where to report, and what starts the syncs; an option
    answers its question. Other settings in the file stay. What is written is shown, and a file
    that exists is replaced only after a question.
    """
    file = config or default_config()
    document = _document(file)

    def now(name: str, default: str) -> str:
        return CURRENT if name in document else default

    ask = _Asker(takes_defaults=yes)
    answers = _Answers(
        scope=ask(KEEP, now("scope", EVERYTHING), keep, _scope),
        contacts=ask(CONTACTS, str(document.get("contacts", "keep")), contacts, Contacts),
        every=ask(EVERY, _present_every(document), every, _every),
        ping=ask(PING, now("notify", NOWHERE), ping, _ping),
    )
    starter = ask(SCHEDULE, schedule.usual(), start, Schedule)

    text = _settings_text(document, answers)
    settings = load_file(text, file)
    words = schedule.command(config, settings.every)
    files = {file: text}
    if starter is Schedule.SYSTEMD:
        files |= schedule.units(words, settings.every)
    line = schedule.cron_line(words, settings.every) if starter is Schedule.CRON else None
    changed = {path: new for path, new in files.items() if _text_of(path) != new}
    if not dry_run:
        _agree([path for path in changed if path.exists()], agreed=yes)
        for path, new in changed.items():
            _write(path, new)
    did = dict.fromkeys(changed, "Would write" if dry_run else "Wrote")
    _show({path: (did.get(path, "Unchanged"), new) for path, new in files.items()}, line)
    print_lines([f"`navfeed sync` makes the first copy now, in {settings.db}."])


@dataclass(frozen=True, slots=True)
class _Answers:
    """`scope`: lists of places under the names of `[scope]`; None: unchanged."""

    scope: dict[str, list[str]] | None
    contacts: Contacts
    every: str
    ping: str


@dataclass(frozen=True, slots=True)
class _Asker:
    """Asks on stderr and reads stdin, or takes the defaults."""

    takes_defaults: bool

    def __call__(
        self, question: str, default: str, given: str | None, read: Callable[[str], Answer]
    ) -> Answer:
        """An answer that `read` accepts; on a terminal, repeat the question until it does."""
        if given is not None or self.takes_defaults:
            return _read(read, default if given is None else given)
        while True:
            try:
                return _read(read, _answer(question, default))
            except ConfigError as error:
                if not sys.stdin.isatty():
                    raise
                print_warning(str(error))


def _read(read: Callable[[str], Answer], text: str) -> Answer:
    try:
        return read(text)
    except ValueError:  # an enum's, whose message names its class
        raise ConfigError(f"{text!r} is none of the answers") from None


def _answer(question: str, default: str) -> str:
    typer.echo(f"{question} [{default}]: ", nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        raise ConfigError("the answers ended before the questions did; nothing was written")
    return line.strip() or default


def _scope(text: str) -> dict[str, list[str]] | None:
    """Places under the names of `[scope]`. Raises `ConfigError` with suggestions."""
    if text == CURRENT:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if text == EVERYTHING or not names:
        return {}
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_kind_of(name), []).append(name.upper())
    if len(found) > 1:
        raise ConfigError(
            "a scope of counties and municipalities keeps the ads that are in both: name either"
        )
    return found


def _present_every(document: Mapping[str, object]) -> str:
    """The interval in the settings file, with its unit."""
    text = str(document.get("every", "30m"))
    return f"{text}s" if text.isdecimal() else text


def _every(text: str) -> str:
    """Refuse a number without a unit: who types 30 means minutes, and the file has seconds."""
    if text.isdecimal():
        raise ConfigError(f"{text} of what? {text}m are minutes, {text}s seconds")
    check_values({"every": text})
    return text


def _ping(text: str) -> str:
    if text not in (NOWHERE, CURRENT):
        check_values({"notify": {"ping": text}})
    return text


def _kind_of(name: str) -> str:
    if is_county(name):  # OSLO is both, and the same ads
        return "county"
    if is_municipality(name):
        return "municipality"
    hint = did_you_mean(alike(name, [*counties(), *municipalities()]))
    raise ConfigError(f"{name!r} is no county and no municipality{hint}")


def _document(file: Path) -> MutableMapping[str, Any]:
    """The present settings file with its comments, or a new one."""
    import tomlkit

    try:
        return tomlkit.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        document = tomlkit.document()
        document.add(tomlkit.comment("Written by `navfeed init`; `navfeed config show` explains."))
        return document
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the settings file {file}: {error}") from error


def _settings_text(document: MutableMapping[str, Any], answers: _Answers) -> str:
    """Put the answers into the document; everything else stays."""
    import tomlkit

    document["every"] = answers.every
    # Not written where it is the default: a store that drops contacts is to go on with that.
    if answers.contacts is Contacts.DROP or "contacts" in document:
        document["contacts"] = answers.contacts.value
    if answers.scope is not None:
        _set_table(document, "scope", answers.scope)
    if answers.ping != CURRENT:
        _set_table(document, "notify", {} if answers.ping == NOWHERE else {"ping": answers.ping})
    return tomlkit.dumps(document)


def _set_table(document: MutableMapping[str, Any], name: str, values: object) -> None:
    document.pop(name, None)
    if values:
        document[name] = values


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None


def _agree(replaced: list[Path], *, agreed: bool) -> None:
    """Ask before replacing a file. Raises `ConfigError` without a terminal, or without consent."""
    if agreed or not replaced:
        return
    names = ", ".join(map(str, replaced))
    if sys.stdin.isatty() and confirmed(f"Replace {names}?"):
        return
    raise ConfigError(f"{names} would be replaced; nothing was written. --yes replaces it")


def _write(path: Path, text: str) -> None:
    from navfeed.files import replaced

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    with replaced(path) as out:
        out.write(text.encode())


def _show(files: dict[Path, tuple[str, str]], line: str | None) -> None:
    """Print each file with its text and what was done with it, and how to start the syncs."""
    for path, (did, text) in files.items():
        print_lines([f"{did} {path}:", "", *(f"    {one}" for one in text.splitlines()), ""])
    if len(files) > 1:
        print_lines(["To start the timer:", "", *(f"    {one}" for one in schedule.START), ""])
    if line is not None:
        print_lines(["To start the syncs, add this line with `crontab -e`:", "", f"    {line}", ""])
