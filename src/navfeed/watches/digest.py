"""What is said of ads, before anybody decides how it looks: no markup, nothing that could harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from urllib.parse import urlsplit

from navfeed.present.words import pieces
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Cell
from navfeed.text.html import words_of
from navfeed.text.plaintext import sanitize
from navfeed.watches.decide import Fit, Telling, Told
from navfeed.watches.definition import digest
from navfeed.watches.words import Mark, News, Part

COLUMNS = (
    *("uuid", "title", "employer", "places", "application_due", "due_date", "last_day"),
    *("application_url", "link"),
)
"""What is read of every ad that fits."""

NAV_PAGE = "https://arbeidsplassen.nav.no/stillinger/stilling/"

LONGEST_EXCERPT = 240
LONGEST_ADDRESS = 1_000
MOST_PLACES = 6

Pieces = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it is what was searched for."""


@dataclass(frozen=True, slots=True)
class Ad:
    """What a digest says of an ad. Addresses are of the web, or empty; `due` is free text."""

    uuid: str
    title: str
    employer: str
    place: str
    due: str
    due_date: date | None
    last_day: date | None
    apply_at: str
    page: str
    prints: Mapping[Part, str]
    excerpt: Pieces = ()

    @property
    def closes(self) -> date | None:
        """The day by which to apply, or the last one on which the ad is shown."""
        return min(filter(None, (self.due_date, self.last_day)), default=None)

    @property
    def deadline(self) -> str:
        """How the ad says by when to apply; empty where it does not."""
        return self.due_date.isoformat() if self.due_date else self.due

    def fit(self) -> Fit:
        return Fit(self.uuid, self.prints, self.closes)


@dataclass(frozen=True, slots=True)
class Item:
    """An ad in a digest: why it is there, what changed of it, and what its owner made of it.

    Of one that is gone, nothing but its id is known. `closes_in`: days, 0 for today, where that is
    soon. `also`: other watches that it fits.
    """

    ad: Ad
    news: News
    changed: tuple[Part, ...] = ()
    closes_in: int | None = None
    mark: Mark | None = None
    note: str | None = None
    also: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What one watch has to tell."""

    watch: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What is told at once. `warning`: that the data is old, where it is."""

    groups: tuple[Group, ...]
    warning: str = ""

    @property
    def items(self) -> Iterator[Item]:
        return (item for group in self.groups for item in group.items)

    def parts(self, most: int) -> Iterator[Digest]:
        """The same in pieces of at most so many ads."""
        listed = [(group.watch, item) for group in self.groups for item in group.items]
        for start in range(0, len(listed), most):
            part = groupby(listed[start : start + most], key=itemgetter(0))
            groups = (Group(watch, tuple(item for _, item in of)) for watch, of in part)
            yield replace(self, groups=tuple(groups))

    def fingerprint(self) -> str:
        """The same for the same news: a hash."""
        said = [
            f"{group.watch} {item.ad.uuid} {item.news} {item.ad.prints}"
            for group in self.groups
            for item in group.items
        ]
        return digest("\n".join(said))


SAID = {
    News.NEW: "new",
    News.CHANGED: "changed",
    News.CLOSING: "closing soon",
    News.GONE: "gone",
}


def summary(digest_: Digest) -> str:
    """`2 new, 1 closing soon: bergen-night`."""
    counts = Counter(item.news for item in digest_.items)
    said = ", ".join(f"{counts[news]:,} {SAID[news]}" for news in News if counts[news])
    return f"{said or 'no ads'}: {', '.join(group.watch for group in digest_.groups)}"


def label(item: Item) -> str:
    """Why the ad is told of, in a few words: `changed (deadline), closes in 2 days`."""
    changed = f" ({', '.join(item.changed)})" if item.changed else ""
    closes = "" if item.closes_in is None else closing_words(item.closes_in)
    if item.news is News.CLOSING:
        return closes or SAID[item.news]
    return f"{SAID[item.news]}{changed}{', ' if closes else ''}{closes}"


def closing_words(days: int) -> str:
    return {0: "closes today", 1: "closes tomorrow"}.get(days, f"closes in {days} days")


def facts(item: Item) -> Iterator[str]:
    """Lines below the title: who and where, by when, what its owner made of it."""
    ad = item.ad
    if said := " · ".join(filter(None, (ad.employer, ad.place))):
        yield said
    if ad.deadline:
        yield f"Apply by: {ad.deadline}"
    elif ad.last_day:
        yield f"Shown until: {ad.last_day.isoformat()}"
    if item.mark:
        yield f"You {_MADE[item.mark]} it"
    if item.note:
        yield f"Your note: {sanitize(item.note)}"
    if item.also:
        yield f"Also fits: {', '.join(item.also)}"


_MADE = {Mark.SAVED: "saved", Mark.APPLIED: "applied for", Mark.IGNORED: "ignored"}


def links(item: Item) -> Iterator[tuple[str, str]]:
    """What each link is, and where it leads. NAV's terms: the way to apply leads to the source."""
    if item.ad.apply_at:
        yield "Apply", item.ad.apply_at
    if item.ad.page:
        yield "At NAV", item.ad.page


# From the store


def fitting(reader: Reader, filters: Filters) -> dict[str, Ad]:
    """The ads that fit, the newest first, without what they say."""
    from navfeed.store.selection import Sort

    return {str(row[0]): _ad(row) for row in reader.rows(COLUMNS, filters, Sort.PUBLISHED)}


def with_excerpts(reader: Reader, filters: Filters, ads: Sequence[Ad]) -> dict[str, Ad]:
    """The same ads with the piece that fits the search best, or with their first lines."""
    snippet = reader.snippets(filters)
    said = dict(_descriptions(reader, [ad.uuid for ad in ads]))
    return {
        ad.uuid: replace(
            ad, excerpt=_cut(pieces(snippet(ad.uuid))) or _first_lines(said.get(ad.uuid, ""))
        )
        for ad in ads
    }


def _descriptions(reader: Reader, uuids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(uuids), 500):
        only = Filters(uuid=tuple(uuids[start : start + 500]))
        yield from ((str(a), str(b or "")) for a, b in reader.rows(("uuid", "description"), only))


def _cut(said: Iterable[tuple[str, bool]]) -> Pieces:
    """A snippet is of so many words, which may be of any length."""
    kept: list[tuple[str, bool]] = []
    left = LONGEST_EXCERPT
    for text, found in said:
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
    uuid, title, employer, places, due, due_date, last_day, apply_at, page = row
    return Ad(
        str(uuid),
        _line(title, 300) or "(no title)",
        _line(employer, 200),
        _places(places if isinstance(places, tuple) else ()),
        _line(due, 100),
        _day(due_date),
        _day(last_day),
        web_address(apply_at),
        web_address(page) or f"{NAV_PAGE}{uuid}",
        {
            Part.TITLE: digest(f"{uuid} {title}"),
            Part.PLACE: digest(f"{uuid} {places}"),
            Part.DEADLINE: digest(f"{uuid} {due_date or due} {last_day}"),
        },
    )


def gone(uuid: str) -> Ad:
    """An ad of which nothing is left: its id, and nothing that it said."""
    return Ad(uuid, f"ad {uuid}", "", "", "", None, None, "", "", {})


def _line(cell: Cell, most: int) -> str:
    """Services take messages of a certain length, and an ad may say anything."""
    text = sanitize(" ".join(str(cell or "").split()))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _places(places: Sequence[str]) -> str:
    more = len(places) - MOST_PLACES
    named = [_line(place, 60) for place in places[:MOST_PLACES]]
    return "; ".join(named) + (f" and {more} more" if more > 0 else "")


def _day(cell: Cell) -> date | None:
    return date.fromisoformat(str(cell)) if cell else None


def web_address(cell: Cell) -> str:
    """An address that a link may lead to; empty for `javascript:` and the like.

    What ends an address or begins something else in one of the formats is escaped.
    """
    address = str(cell or "").strip().translate(_ESCAPED)
    try:
        url = urlsplit(address)
    except ValueError:
        return ""
    usable = url.scheme in ("https", "http") and url.hostname and address.isprintable()
    return address if usable and " " not in address and len(address) <= LONGEST_ADDRESS else ""


_ESCAPED = {ord(letter): f"%{ord(letter):02X}" for letter in '<>"`|\\^{}'}


# Putting together


def item_of(telling: Telling, ad: Ad) -> Item:
    return Item(ad, telling.news, telling.changed, telling.closes_in)


def standing(known: Told, news: News, ad: Ad, closes_in: int | None) -> Item:
    """An ad that was told of and is still in force."""
    return Item(ad, news, closes_in=closes_in, first_at=known.first_at, last_at=known.last_at)


def without_repeats(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Each ad once, under the first watch that tells of it; there it says which others it fits."""
    groups = list(groups)
    fits: dict[str, list[str]] = {}
    for group in groups:
        for item in group.items:
            fits.setdefault(item.ad.uuid, []).append(group.watch)
    kept = (
        replace(
            group,
            items=tuple(
                replace(item, also=tuple(fits[item.ad.uuid][1:]))
                for item in group.items
                if fits[item.ad.uuid][0] == group.watch
            ),
        )
        for group in groups
    )
    return tuple(group for group in kept if group.items)


def owned(item: Item, marks: Mapping[str, tuple[Mark, str | None]]) -> Item:
    """The item with what its owner made of the ad."""
    mark, note = marks.get(item.ad.uuid, (None, None))
    return replace(item, mark=mark, note=note)
