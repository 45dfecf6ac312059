"""From when to when each ad stood, as far as the store knows: active ads, and masks of others.

Filters and names are those of `navfeed.store.query`: tables of a connection's own, which hold the
masks, stand in the place of the store's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from pathlib import Path

from navfeed.errors import ConfigError
from navfeed.model import By, Inactive, oslo_day
from navfeed.research.series import Frame, Of, Over, Series, Spell, series_of
from navfeed.store.counting import COUNTED_BY
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Selection
from navfeed.store.status import day_after
from navfeed.store.times import read_day, read_moment

OF_MASKS = frozenset(
    {
        *("uuid", "municipal", "county", "near", "styrk", "esco", "engagement", "extent", "sector"),
        *("published", "published_since"),
    }
)
"""The filters that what is left of a removed ad still answers."""

BY_MASKS = frozenset(
    {
        *(By.MUNICIPAL, By.COUNTY, By.MUNICIPALITY_NUMBER, By.STYRK, By.STYRK1, By.STYRK2),
        *(By.ENGAGEMENT, By.EXTENT, By.SECTOR),
    }
)
"""What removed ads can still be counted by."""

_INSTEAD = {By.OCCUPATION: By.STYRK2, By.GROUP: By.STYRK1}
"""What is nearest to what only stored ads can be counted by."""

_EVER = date.min
"""A day on which every stored ad is active."""


class SpellReader(Reader):
    """A store read on `day`, a day in Oslo, for how long ads stood."""

    def __init__(self, path: Path, day: date) -> None:
        super().__init__(path, _EVER)
        self.day = day

    def keeps_masks(self) -> bool:
        """Whether the store keeps a mask of each ad that leaves."""
        (inactive,) = self._one("SELECT inactive FROM feed")
        return bool(inactive == Inactive.MASK)

    def journal_since(self) -> date | None:
        """The first day from which the journal has every ad that left; None if none has yet."""
        (moment,) = self._one(_FIRST_OF_JOURNAL)
        return day_after(read_moment(moment))

    def spells(self, filters: Filters, by: Sequence[By]) -> Iterator[Spell]:
        """Every matching active ad."""
        return self._spells("NULL", filters, by)

    def masked_spells(self, filters: Filters, by: Sequence[By]) -> Iterator[Spell]:
        """Every matching removed ad; `show_masks` first."""
        return self._spells("left_at", filters, by)

    def show_masks(self) -> None:
        """From here on this reader sees removed ads in the place of those that are stored."""
        for statement in _MASKS:
            self._all(statement)

    def names(self, by: By) -> dict[str, list[str]]:
        """What each ad is counted by."""
        found = defaultdict(list)
        for ad, value in self._all(f"SELECT DISTINCT ad, value FROM ({COUNTED_BY[by]})"):
            if value:
                found[ad].append(value)
        return found

    def journal_spells(self) -> Iterator[Spell]:
        """Every ad that left, as the journal has it: when it began is not known."""
        for last_day, at in self._all(_LEFT_BY_JOURNAL):
            yield Spell(None, self._left(last_day, at))

    def _spells(self, left_at: str, filters: Filters, by: Sequence[By]) -> Iterator[Spell]:
        names = [self.names(one) for one in by]
        columns = f"ads.uuid, coalesce(ads.published, ads.stored_at), ads.last_day, {left_at}"
        for uuid, began, last_day, left in self._select(Selection(columns), filters):
            yield Spell(
                oslo_date(began),
                self._left(last_day, left),
                tuple(tuple(each.get(uuid, ())) for each in names),
            )

    def _left(self, last_day: str | None, left_at: str | None) -> date | None:
        """The day after the last one, also where a sync saw it later."""
        last = read_day(last_day)
        after = last + timedelta(days=1) if last else None
        return min(filter(None, (after, oslo_date(left_at))), default=None)


def series(path: Path, today: date, question: Question) -> Series:
    """Count over time. Raises `ConfigError` where what is left of removed ads does not hold it."""
    with SpellReader(path, today) as reader:
        since, until = reader.complete_days(today)
        if reader.keeps_masks():
            _refuse_unknown(question)
            spells = list(reader.spells(question.filters, question.by))
            reader.show_masks()
            spells += reader.masked_spells(question.filters, question.by)
        elif question.is_plain() and (since := reader.journal_since()):
            spells = list(reader.journal_spells())
        else:
            raise ConfigError(
                "nothing is known of ads that left: the store keeps no masks of them. "
                "`navfeed sync --inactive mask` keeps them from then on"
            )
    by = tuple(one.value for one in question.by)
    frame = Frame(question.over, question.of, by, since, until, today)
    return series_of(spells, frame)


@dataclass(frozen=True, slots=True)
class Question:
    """What is counted over time: which ads, by what, and in which periods."""

    over: Over
    of: Of
    by: tuple[By, ...] = ()
    filters: Filters = field(default_factory=Filters)

    def is_plain(self) -> bool:
        """Whether the journal can answer it."""
        return self.of is Of.REMOVED and not self.by and self.filters == Filters()


def _refuse_unknown(question: Question) -> None:
    for by in question.by:
        if by not in BY_MASKS:
            known = ", ".join(sorted(one.shown for one in BY_MASKS))
            instead = f" Try {_INSTEAD[by].shown}." if by in _INSTEAD else ""
            raise ConfigError(
                f"removed ads cannot be counted by {by.shown}.{instead} A mask has {known}"
            )
    for one in fields(Filters):
        given = getattr(question.filters, one.name) != one.default
        if given and one.name not in OF_MASKS:
            name = one.name.replace("_", "-")
            raise ConfigError(
                f"what is left of a removed ad does not include its {name}: leave --{name} out"
            )


def oslo_date(text: str | None) -> date | None:
    """The day in Oslo of a moment as the store writes it; None where there is none."""
    moment = read_moment(text)
    return oslo_day(moment) if moment else None


_LEFT = "reason <> 'out of scope'"
_LEFT_BY_JOURNAL = (
    "SELECT last_day, at FROM changes WHERE kind IN ('removed', 'expired') "
    "AND reason <> 'out of scope'"
)
_FIRST_OF_JOURNAL = f"SELECT min(at) FROM ({_LEFT_BY_JOURNAL})"

# What a question names is found in these first: masks in the shape of ads.
_MASKS = (
    f"""
    CREATE TEMP TABLE ads AS
    SELECT uuid, published, first_seen AS stored_at, last_day, removed_at AS left_at,
        sector, extent, engagement_type
    FROM main.removed WHERE {_LEFT}
    """,
    """
    CREATE TEMP TABLE categories AS
    SELECT uuid AS ad, type, code, name FROM (
        SELECT uuid, substr(value, 1, instr(value, ' ') - 1) AS type,
            substr(value, instr(value, ' ') + 1) AS code
        FROM main.removed, json_each(occupations) WHERE value IS NOT NULL)
    LEFT JOIN (SELECT type, code, min(name) AS name FROM main.categories GROUP BY type, code)
        USING (type, code)
    """,
    """
    CREATE TEMP TABLE locations AS
    SELECT ad, municipal, county, NULL AS postal_code, NULL AS country,
        coalesce(number, municipality_number(municipal, county, NULL, NULL, NULL))
            AS municipality_number
    FROM (
        SELECT uuid AS ad, value AS municipal, NULL AS number,
            iif(json_array_length(counties) = 1, json_extract(counties, '$[0]'), NULL) AS county
        FROM main.removed, json_each(municipalities) WHERE value IS NOT NULL
        UNION ALL SELECT uuid, NULL, NULL, value FROM main.removed, json_each(counties)
        WHERE value IS NOT NULL
        UNION ALL SELECT uuid, NULL, value, NULL FROM main.removed, json_each(municipality_numbers)
        WHERE value IS NOT NULL)
    """,
)
