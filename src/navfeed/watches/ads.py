"""Matching ads out of the store, made safe for every format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

from navfeed.present.words import pieces
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Cell
from navfeed.text.html import words_of
from navfeed.text.plaintext import sanitize
from navfeed.watches.choices import Field
from navfeed.watches.digest import Ad, Pieces
from navfeed.watches.target import short_hash

COLUMNS = (
    *("uuid", "title", "employer", "places", "application_due", "due_date", "last_day"),
    *("application_url", "link"),
)
"""The columns that are read of every matching ad."""

NAV_PAGE = "https://arbeidsplassen.nav.no/stillinger/stilling/"

LONGEST_EXCERPT = 240
LONGEST_URL = 1_000
MOST_PLACES = 6


def matching(reader: Reader, filters: Filters) -> dict[str, Ad]:
    """The matching ads, the newest first, without their texts."""
    from navfeed.store.selection import Sort

    return {str(row[0]): _ad(row) for row in reader.rows(COLUMNS, filters, Sort.PUBLISHED)}


def with_excerpts(reader: Reader, filters: Filters, ads: Sequence[Ad]) -> dict[str, Ad]:
    """The same ads, each with the passage that matches the search best, or its first lines."""
    snippet = reader.snippets(filters)
    texts = dict(_descriptions(reader, [ad.uuid for ad in ads]))
    return {
        ad.uuid: replace(
            ad, excerpt=_cut(pieces(snippet(ad.uuid))) or _first_lines(texts.get(ad.uuid, ""))
        )
        for ad in ads
    }


def _descriptions(reader: Reader, uuids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(uuids), 500):
        only = Filters(uuid=tuple(uuids[start : start + 500]))
        yield from ((str(a), str(b or "")) for a, b in reader.rows(("uuid", "description"), only))


def _cut(snippet: Iterable[tuple[str, bool]]) -> Pieces:
    """A snippet is limited in words, which may be of any length."""
    kept: list[tuple[str, bool]] = []
    left = LONGEST_EXCERPT
    for text, found in snippet:
        if left > 0:
            kept.append((text[:left], found))
        left -= len(text)
    return tuple(kept)


def _first_lines(html: str) -> Pieces:
    text = sanitize(" ".join(words_of(html).split()))
    if len(text) > LONGEST_EXCERPT:
        text = f"{text[:LONGEST_EXCERPT].rsplit(' ', 1)[0]} …"
    return ((text, False),) if text else ()


def _ad(row: Sequence[Cell]) -> Ad:
    uuid, title, employer, places, due, due_date, last_day, apply_url, page_url = row
    return Ad(
        str(uuid),
        _line(title, 300) or "(no title)",
        _line(employer, 200),
        _places(places if isinstance(places, tuple) else ()),
        _line(due, 100),
        _day(due_date),
        _day(last_day),
        safe_url(apply_url),
        safe_url(page_url) or f"{NAV_PAGE}{uuid}",
        {
            Field.TITLE: short_hash(f"{uuid} {title}"),
            Field.PLACE: short_hash(f"{uuid} {places}"),
            Field.DEADLINE: short_hash(f"{uuid} {due_date or due} {last_day}"),
        },
    )


def _line(cell: Cell, most: int) -> str:
    """One line of limited length: services limit their messages, and ads contain anything."""
    text = sanitize(" ".join(str(cell or "").split()))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _places(places: Sequence[str]) -> str:
    more = len(places) - MOST_PLACES
    named = [_line(place, 60) for place in places[:MOST_PLACES]]
    return "; ".join(named) + (f" and {more} more" if more > 0 else "")


def _day(cell: Cell) -> date | None:
    return date.fromisoformat(str(cell)) if cell else None


def safe_url(cell: Cell) -> str:
    """A URL that a link may lead to; empty for `javascript:` and the like.

    Characters that end a URL or start markup in one of the formats are escaped.
    """
    address = str(cell or "").strip().translate(_ESCAPED)
    try:
        url = urlsplit(address)
    except ValueError:
        return ""
    usable = url.scheme in ("https", "http") and url.hostname and address.isprintable()
    return address if usable and " " not in address and len(address) <= LONGEST_URL else ""


_ESCAPED = {ord(letter): f"%{ord(letter):02X}" for letter in '<>"`|\\^{}'}
