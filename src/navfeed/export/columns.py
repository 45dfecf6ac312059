"""The columns that an export can have, by name, with what each of them means.

The names are a contract (docs/reference/columns.md).
"""

from __future__ import annotations

from navfeed.errors import ConfigError
from navfeed.export.choosing import pick
from navfeed.export.formats import DERIVED
from navfeed.research.derived import FACTS

_MOMENT = "UTC, `2026-11-21T08:00:00Z`; empty if the served value is no date"
_EXTENT = "full time or part time, in NAV's words: `Heltid`, `Deltid`"
_ENGAGEMENT = "the kind of contract, in NAV's words: `Fast`, `Vikariat`, `Engasjement` and others"
_SECTOR = "`Privat` or `Offentlig` (public); empty if the source gave none"

EXPORTED = {
    "uuid": "NAV's id of the ad",
    "title": "the heading, free text",
    "job_title": "the job's own title, where the employer gave one",
    "employer": "the employer's name",
    "employer_orgnr": "organisation number, mostly the establishment's",
    "municipalities": "of all places of work, each name once, in their order",
    "counties": "of all places of work, each name once, in their order",
    "municipality_numbers": "Statistics Norway's, each once, also found out from a postal code",
    "published": f"when NAV published it, {_MOMENT}",
    "updated": f"when NAV last changed it, {_MOMENT}",
    "expires": f"when it is to end, {_MOMENT}",
    "last_day": "the last day in Oslo on which the ad may be shown, `2026-12-24`",
    "application_due": "the deadline, free text: one in six is no date",
    "due_date": "the day in `application_due`, `2026-11-30`; empty if it names no single day",
    "application_url": "the source's own page: the way to apply",
    "link": "the ad at arbeidsplassen.nav.no",
    "positions": "how many; a text, as at NAV's",
    "extent": _EXTENT,
    "engagement_type": _ENGAGEMENT,
    "sector": _SECTOR,
    "start_time": "when the work begins, free text or a date",
    "source": "where NAV has the ad from",
    "cities": "of all places of work, each once",
    "postal_codes": "of all places of work, each once",
    "addresses": "of all places of work, each once",
    "countries": "of all places of work, each once",
    "occupations": "`level 1 / level 2`, each once",
    "categories": "`type code name`, each once",
    "employer_homepage": "the employer's own site",
    "source_url": "the ad at its source",
}
("The default columns of a table of ads. No contacts, and no prose, which may name them too.")

ON_REQUEST = {
    "contacts": "contact people: `name, title, phone, email`, each once; also by `--with-contacts`",
    "styrk08": "STYRK-08 codes alone, each once",
    "esco": "ESCO codes alone, each once",
    **{
        f"{DERIVED}{name}": f"derived from the text, `true` or unknown: {fact.meaning}"
        for name, fact in FACTS.items()
    },
    "description_text": "the text of the ad, without HTML; may name people",
    "description": "the text of the ad, HTML as served; may name people",
    "employer_description": "HTML as served; may name people",
    "content": "the whole ad as JSON, to the letter as served; names people",
    "stored_at": "when the ad first came into the store",
    "changed_at": "when its content last changed here",
    "checked_at": "when NAV last confirmed it",
}
"""More columns for `--columns`."""

LIST_FIELDS = (
    *("uuid", "title", "job_title", "employer", "employer_orgnr", "municipalities", "counties"),
    "municipality_numbers",
    *("published", "updated", "expires", "last_day", "application_due", "due_date"),
    *("application_url", "link"),
    *("positions", "extent", "engagement_type", "sector", "start_time", "source"),
)
"""The columns of `list` as json, jsonl and csv."""

OF_REMOVED = {
    "uuid": "NAV's id of the ad",
    "reason": "why it left: one of those in reasons.md; empty: it is still active",
    "first_seen": "when it first came into the store",
    "removed_at": "when a sync took it out, UTC",
    "left_on": "the day in Oslo on which it left, as `stats` counts it: the day after its last "
    "one, or that of `removed_at` if it is earlier; empty: it is active, or only left the scope",
    "published": f"when NAV published it, {_MOMENT}",
    "expires": f"when it was to end, {_MOMENT}",
    "last_day": "the last day in Oslo on which it might have been shown",
    "municipalities": "of all places of work, each name once",
    "counties": "as `stats` counts them, each once: also those that a municipality implies",
    "municipality_numbers": "Statistics Norway's, each once",
    "styrk08": "STYRK-08 codes, each once",
    "esco": "ESCO codes, each once",
    "sector": _SECTOR,
    "extent": _EXTENT,
    "engagement_type": _ENGAGEMENT,
}
"""What is left of a removed ad: `--table removed`; of all that were active on a day: `--as-of`."""

OF_TABLES = {
    "removed": OF_REMOVED,
    "locations": {
        "ad": "the ad's `uuid`",
        "position": "0 is the first",
        "country": "the country's name, in capitals",
        "address": "street and number",
        "city": "the postal town",
        "postal_code": "four digits in Norway",
        "county": "the county, as the ad names it",
        "municipal": "the municipality, as the ad names it",
        "municipality_number": "Statistics Norway's, found out from the rest; empty: unclear",
    },
    "occupations": {
        "ad": "the ad's `uuid`",
        "position": "0 is the first",
        "level1": "the occupation's group",
        "level2": "the occupation",
    },
    "categories": {
        "ad": "the ad's `uuid`",
        "position": "0 is the first",
        "type": "ESCO, STYRK08, STYRK08NAV, JANZZ",
        "code": "the code in that classification",
        "name": "the name of the code",
        "description": "more about the code; mostly empty",
        "score": "NAV's score of the code, a number",
    },
}
"""The tables of what an ad can have several of, one row each."""

INTEGERS = frozenset({"position"})
NUMBERS = frozenset({"score"})
DAYS = frozenset({"last_day", "due_date", "left_on"})
BOOLEANS = frozenset(f"{DERIVED}{name}" for name in FACTS)
MOMENTS = frozenset(
    {
        *("published", "updated", "expires", "stored_at", "changed_at", "checked_at"),
        *("first_seen", "removed_at"),
    }
)
LISTS = frozenset(
    {
        *("municipalities", "counties", "municipality_numbers", "cities", "postal_codes"),
        *("addresses", "countries"),
        *("occupations", "categories", "contacts", "styrk08", "esco"),
    }
)
"""Types of the columns that are no plain text, for typed formats."""


def chosen(names: str | None, table: str | None, *, contacts: bool | None) -> tuple[str, ...]:
    """The columns named in `names`, separated by commas, or the defaults of the table.

    `contacts`: whether to include contact people; None leaves it to `names`. Raises
    `ConfigError` for a name that no column has, or where the two contradict each other.
    """
    known = {**EXPORTED, **ON_REQUEST} if table is None else OF_TABLES[table]
    columns = tuple(EXPORTED if table is None else known) if names is None else pick(names, known)
    return _with_contacts(columns, contacts=contacts)


def _with_contacts(names: tuple[str, ...], *, contacts: bool | None) -> tuple[str, ...]:
    for name in names:
        if contacts is False and name in {"contacts", "content"}:
            raise ConfigError(f"--without-contacts, and a column `{name}` that names people")
    return (*names, "contacts") if contacts and "contacts" not in names else names
