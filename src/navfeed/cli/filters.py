"""The options that say which ads are meant: one declaration, the same for every command.

A command takes all of them with `@takes_filters`, and is handed one `Asked` as `asked`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from navfeed.errors import ConfigError
from navfeed.model import oslo_day
from navfeed.store.query import Filters

PANEL = "Filters"
"""Under which heading a terminal's help shows them."""


def _filter(metavar: str, text: str) -> Any:  # noqa: ANN401  typer says so
    return typer.Option(metavar=metavar, help=text, show_default=False, rich_help_panel=PANEL)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options said: a field an option, in the order in which help shows them."""

    municipal: Annotated[
        list[str] | None, _filter("NAME", "Only ads with a work location in this municipality.")
    ] = None
    county: Annotated[
        list[str] | None, _filter("NAME", "Only ads with a work location in this county.")
    ] = None
    employer: Annotated[
        list[str] | None, _filter("PART", "Only ads of employers with this in their name.")
    ] = None
    occupation: Annotated[
        list[str] | None,
        _filter("PART", "Only ads with this in their job title, occupation or category."),
    ] = None
    published_since: Annotated[
        str | None,
        _filter("DATE|DAYS", "Published on this day (2026-05-01) or later, or so many days back."),
    ] = None
    expires_before: Annotated[
        str | None,
        _filter(
            "DATE|DAYS", "Last shown before this day (2026-05-01), or in fewer than so many days."
        ),
    ] = None
    text: Annotated[
        list[str] | None,
        _filter(
            "WORDS",
            'Only ads that say all these words, whole ones: word, "two words" in a row, begin*, '
            "and -word for none of it.",
        ),
    ] = None

    def filters(self, now: datetime) -> Filters:
        """What is asked of the store at `now`. Raises `ConfigError` for what cannot be read."""
        today = oslo_day(now)
        return Filters(
            municipal=_named("--municipal", self.municipal),
            county=_named("--county", self.county),
            employer=_named("--employer", self.employer),
            occupation=_named("--occupation", self.occupation),
            published_since=_day("--published-since", self.published_since, today, -1),
            expires_before=_day("--expires-before", self.expires_before, today, 1),
            text=_named("--text", self.text),
        )


def takes_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every filter option, in the place of its parameter `asked`."""
    own = inspect.signature(command, eval_str=True)

    @wraps(command)
    def filtered(*args: object, **values: object) -> None:
        chosen = {field.name: values.pop(field.name) for field in fields(Asked)}
        command(*args, asked=Asked(**chosen), **values)  # type: ignore[arg-type]

    parameters = [
        option
        for parameter in own.parameters.values()
        for option in (_OPTIONS if parameter.name == "asked" else (parameter,))
    ]
    filtered.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    filtered.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    return filtered


def _option(name: str, default: object, annotation: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


_HINTS = get_type_hints(Asked, include_extras=True)
_OPTIONS = tuple(_option(one.name, one.default, _HINTS[one.name]) for one in fields(Asked))


def _named(option: str, values: list[str] | None) -> tuple[str, ...]:
    """An empty name is a script's mistake: it would fit every ad, or none."""
    names = tuple(value.strip() for value in values or ())
    if not all(names):
        raise ConfigError(f"{option} is empty. Leave it out, or give it a value")
    return names


def _day(option: str, text: str | None, today: date, direction: int) -> date | None:
    """A day as `2026-05-01`, or as a number of days from today."""
    if text is None:
        return None
    try:
        if text.isdecimal():
            return today + direction * timedelta(days=int(text))
        if text[7:8] == "-":  # ISO has other ways to write a day, none with a dash there
            return date.fromisoformat(text)
    except (ValueError, OverflowError):
        pass
    raise ConfigError(f"{option} takes a day (2026-05-01) or a number of days, not {text!r}")
