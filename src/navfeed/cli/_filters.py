"""The options that select ads: declared once, the same for every command.

`@takes_filters` gives a command all of them, as one parameter of the type `FilterOptions`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import partial, wraps
from shlex import quote
from typing import Annotated, Any, Self, TypeVar, get_type_hints

import typer

from navfeed.cli._completion import values_of
from navfeed.cli._help import Panel
from navfeed.cli._output import print_warning
from navfeed.errors import ConfigError
from navfeed.model import Span, oslo_day
from navfeed.names import RENAMED, option_of, parameter_of
from navfeed.places import is_county, is_municipality
from navfeed.places.near import DEFAULT_KM, Near, hint_of_former, read_near
from navfeed.store.filters import FLAGS, Filters
from navfeed.store.query import Reader
from navfeed.store.suggestions import Unmatched, unknown_places, unmatched
from navfeed.text.likeness import did_you_mean
from navfeed.text.ranges import read_numbers, read_span, read_span_ahead

SOON = 7
"""Days before its deadline within which an ad closes soon."""

T = TypeVar("T")


def _filter(panel: Panel, metavar: str, text: str, name: str | None = None) -> Any:  # noqa: ANN401
    """A filter in this panel; `name`: that of a field whose values in the store complete it."""
    return typer.Option(
        *([option_of(name)] if name in RENAMED else []),
        metavar=metavar,
        help=text,
        show_default=False,
        rich_help_panel=panel,
        autocompletion=values_of(name) if name else None,
    )


_what = partial(_filter, Panel.WHAT)
_where = partial(_filter, Panel.WHERE)
_when = partial(_filter, Panel.WHEN)

Names = list[str] | None


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """The given options: one field per option, in the order of the help."""

    text: Annotated[
        Names,
        _what(
            "WORDS",
            'All these words, in any inflection: `word`, `"word"` exactly, `"two words"` in a '
            "row, `begin*`, `title:word`, `this OR that`, `(these OR those)`, and `-word` to "
            "exclude it.",
        ),
    ] = None
    title: Annotated[
        Names, _what("WORDS", "These words in the title or job title; same syntax.")
    ] = None
    municipal: Annotated[
        Names, _where("NAME|NUMBER", "Work location in this municipality.", "municipal")
    ] = None
    county: Annotated[Names, _where("NAME", "Work location in this county.", "county")] = None
    near: Annotated[
        str | None,
        _where(
            "NAME|NUMBER",
            "Work location near this municipality, in a straight line between a point in each, "
            "not by road.",
        ),
    ] = None
    within: Annotated[
        str | None,
        _where("KM", f"Maximum distance from --near: `30km`. Default: {DEFAULT_KM:.0f}km."),
    ] = None
    country: Annotated[Names, _where("NAME", "Work location in this country.", "country")] = None
    city: Annotated[Names, _where("NAME", "Work location in this city or post town.", "city")] = (
        None
    )
    postal_code: Annotated[
        Names,
        _where("CODE", "Work location at this postal code; `50*` for an area.", "postal_code"),
    ] = None
    employer: Annotated[Names, _what("PART", "The employer's name contains this.", "employer")] = (
        None
    )
    orgnr: Annotated[Names, _what("NUMBER", "The employer's organisation number.", "orgnr")] = None
    occupation: Annotated[
        Names,
        _what("PART", "The job title, occupation or category contains this.", "occupation"),
    ] = None
    level1: Annotated[Names, _what("NAME", "Broad occupation group.", "level1")] = None
    level2: Annotated[Names, _what("NAME", "Occupation, by NAV's grouping.", "level2")] = None
    styrk: Annotated[
        Names, _what("CODE|NAME", "STYRK08 category; `22*` for a whole group.", "styrk")
    ] = None
    esco: Annotated[Names, _what("CODE|NAME", "ESCO category.", "esco")] = None
    engagement: Annotated[
        Names, _what("NAME", "Type of engagement, such as Fast.", "engagement")
    ] = None
    extent: Annotated[Names, _what("NAME", "Heltid or Deltid.", "extent")] = None
    sector: Annotated[Names, _what("NAME", "Sector, such as Offentlig.", "sector")] = None
    source: Annotated[Names, _what("NAME", "The system that the ad came from.", "source")] = None
    positions: Annotated[
        Names, _what("NUMBER|RANGE", "Number of positions: `2`, `[2,5]` or `[10,*)`.")
    ] = None
    published: Annotated[
        Names,
        _when(
            "DATE|RANGE",
            "Publication day or range: `2026-05-01`, `today`, `[2026-05-01,*)`, `[*,yesterday]`.",
        ),
    ] = None
    updated: Annotated[Names, _when("DATE|RANGE", "Day or range of the last update.")] = None
    expires: Annotated[Names, _when("DATE|RANGE", "Last day shown: a day or a range.")] = None
    due: Annotated[
        Names,
        _when(
            "DATE|RANGE|DAYS",
            "Application deadline: a day, a range, or a number of days from today.",
        ),
    ] = None
    published_since: Annotated[
        str | None,
        _when("DATE|DAYS", "Published on or after this day, or within this many days."),
    ] = None
    expires_before: Annotated[
        str | None,
        _when(
            "DATE|DAYS",
            "Last day shown before this day, or in fewer days than this.",
        ),
    ] = None
    due_before: Annotated[
        str | None,
        _when(
            "DATE|DAYS",
            "Application deadline before this day, or in fewer days than this.",
        ),
    ] = None
    closing_soon: Annotated[
        bool,
        typer.Option(
            "--closing-soon",
            rich_help_panel=Panel.WHEN,
            help=f"Application deadline within {SOON} days; for an ad without a deadline, "
            "its last day shown.",
        ),
    ] = False
    uuid: Annotated[Names, _what("UUID", "The ad's id.")] = None

    @classmethod
    def from_texts(cls, texts: Mapping[str, Sequence[str]]) -> Self:
        """The options that an address or a watch file gives by name, each as its texts.

        Raises `ConfigError`.
        """
        values: dict[str, Any] = {name: _option_value(name, those) for name, those in texts.items()}
        return cls(**values)

    def given(self) -> dict[str, object]:
        """The options that were given, by name."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}

    def filters(self, now: datetime) -> Filters:
        """The filters for the store at `now`. Raises `ConfigError` for an invalid value."""
        today = oslo_day(now)
        names: dict[str, Any] = {
            name: _named(name, getattr(self, name)) for name in (*_LISTS, *_WHOLE, "text", "title")
        }
        spans: dict[str, Any] = {
            name: _warn_if_backwards(
                name, _read(name, getattr(self, name), partial(read, now=now), takes)
            )
            for name, (read, takes) in _DATES.items()
        }
        return Filters(
            near=_near(self.near, self.within),
            **names,
            **spans,
            positions=_read("positions", self.positions, read_numbers, _NUMBERS),
            published_since=_day("published_since", self.published_since, today, -1),
            expires_before=_day("expires_before", self.expires_before, today, 1),
            due_before=_day("due_before", self.due_before, today, 1),
            closing_soon=(today, today + timedelta(days=SOON)) if self.closing_soon else None,
        )


_LISTS = ("municipal", "county", "country", "city", "postal_code", "orgnr", "source", "uuid")
"""Filters that take several values separated by commas. A leading ! excludes all of them."""

_WHOLE = (
    *("employer", "occupation", "level1", "level2", "styrk", "esco"),
    *("engagement", "extent", "sector"),
)

_SPANS = "a day (2026-05-01), a range such as [2026-05-01,2026-06-01), today, now or *"
_DATES = {
    **dict.fromkeys(("published", "updated", "expires"), (read_span, _SPANS)),
    "due": (read_span_ahead, f"{_SPANS}, or a number of days"),
}
"""Filters by time: the parser of each, and the description of what it accepts."""

_NUMBERS = "a number or a range such as [2,5] or [10,*)"


def takes_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every filter option, in the place of its parameter of `FilterOptions`."""
    own = inspect.signature(command, eval_str=True)
    (group,) = (one.name for one in own.parameters.values() if one.annotation is FilterOptions)

    @wraps(command)
    def filtered(*args: object, **values: object) -> None:
        chosen = {field.name: values.pop(field.name) for field in fields(FilterOptions)}
        command(*args, **{group: FilterOptions(**chosen)}, **values)  # type: ignore[arg-type]

    parameters = [
        option
        for parameter in own.parameters.values()
        for option in (_OPTIONS if parameter.name == group else (parameter,))
    ]
    filtered.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    filtered.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    return filtered


def _option(name: str, default: object, annotation: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


_HINTS = get_type_hints(FilterOptions, include_extras=True)
_OPTIONS = tuple(_option(one.name, one.default, _HINTS[one.name]) for one in fields(FilterOptions))


def _option_value(name: str, texts: Sequence[str]) -> object:
    if name in FLAGS:
        if texts[-1] not in ("1", "true", "yes"):
            raise ConfigError(f"{parameter_of(name)} takes 1, or is left out")
        return True
    return list(texts) if _HINTS[name].__origin__ == Names else texts[-1]


def suggest_values(reader: Reader, filters: Filters) -> None:
    """Warn about values and words that match no ad, and suggest similar ones."""
    for one in unmatched(reader, filters):
        near = _meant(one)
        if near:
            print_warning(f"no ad matches {option_of(one.field)} {one.value}{did_you_mean(near)}")
    for word in reader.commonplace(filters):
        print_warning(
            f"{word} is in very many ads: only titles were searched for it. --text "
            f"text:{word} searches the whole text"
        )
    for word, near_words in reader.misspelt(filters):
        print_warning(f"no ad contains {word}{did_you_mean(near_words)}")


def _meant(one: Unmatched) -> Sequence[str]:
    """Suggestions for a value that no ad has: a place of the other kind, or similar values."""
    place = quote(one.value.upper())
    if one.field == "county" and not is_county(one.value) and is_municipality(one.value):
        return [f"{option_of('municipal')} {place}"]
    if one.field == "municipal" and not is_municipality(one.value) and is_county(one.value):
        return [f"{option_of('county')} {place}"]
    return one.similar


def refuse_unknown_places(reader: Reader, filters: Filters, *, replaces: bool) -> None:
    """Refuse a place that is unknown: a mistyped one finds nothing, run after run.

    `replaces`: there is such a file already. Then the place may be abroad, and its last ad gone,
    which the file must not keep: a warning alone. Raises `ConfigError`.
    """
    for one in unknown_places(reader, filters):
        kind = "county" if one.field == "county" else "municipality"
        hint = did_you_mean(one.similar)
        message = f"{option_of(one.field)} {one.value}: no {kind} has that name{hint}"
        if not replaces:
            raise ConfigError(message)
        print_warning(message)


def _warn_if_backwards(name: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    if any(span.start and span.end and span.start > span.end for span in spans):
        print_warning(f"{option_of(name)} ends before it begins: no ad can match")
    return spans


def _named(name: str, values: list[str] | None) -> tuple[str, ...]:
    """Refuse an empty name, a script's mistake: it would match every ad, or none."""
    split = _listed if name in _LISTS else lambda value: (value.strip(),)
    names = tuple(one for value in values or () for one in split(value))
    if not all(one.lstrip("!") for one in names):
        raise ConfigError(f"{option_of(name)} is empty. Give it a value, or leave it out")
    if name == "municipal":
        _refuse_unknown_numbers(one.lstrip("!") for one in names)
    return names


_MUNICIPALITY_NUMBER = re.compile(r"[0-9]{4}")


def _refuse_unknown_numbers(names: Iterable[str]) -> None:
    """Refuse unknown municipality numbers, which would silently match nothing."""
    for number in filter(_MUNICIPALITY_NUMBER.fullmatch, names):
        if not is_municipality(number):
            hint = hint_of_former(number) or f"no municipality has the number {number}"
            raise ConfigError(f"--municipality: {hint}")


def _near(place: str | None, within: str | None) -> Near | None:
    if place is None:
        if within is not None:
            raise ConfigError("--within needs --near: name a place there")
        return None
    try:
        return read_near(place, within)
    except ValueError as error:
        raise ConfigError(f"--near: {error}") from error


def _listed(value: str) -> Iterator[str]:
    """Split at commas; `!OSLO,BERGEN` excludes both."""
    value = value.strip()
    mark = "!" if value.startswith("!") else ""
    return (mark + one.strip() for one in value.removeprefix("!").split(","))


def _read(
    name: str, texts: list[str] | None, read: Callable[[str], T], takes: str
) -> tuple[T, ...]:
    read_ones = []
    for text in texts or ():
        try:
            read_ones.append(read(text))
        except ValueError:
            raise ConfigError(f"{option_of(name)} takes {takes}, not {text!r}") from None
    return tuple(read_ones)


def _day(name: str, text: str | None, today: date, direction: int) -> date | None:
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
    raise ConfigError(
        f"{option_of(name)} takes a day (2026-05-01) or a number of days, not {text!r}"
    )
