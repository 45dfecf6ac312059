"""What one watch has to deliver to one target, and what the subscriber knows afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from navfeed.watches.choices import Format, Mark, Trigger
from navfeed.watches.decide import KnownAd, Match, Notification, days_left, gone_ads, known_after
from navfeed.watches.decide import notifications as notifications_of
from navfeed.watches.definition import Watch
from navfeed.watches.digest import Ad, Item, gone_ad
from navfeed.watches.state import StateUpdate, Triaged
from navfeed.watches.target import FORMATTED_CHANNELS, Target
from navfeed.watches.view import View

MOST_CURRENT = 500
"""A feed or a file shows at most this many ads, the latest."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one watch has to deliver to one target, and what is known there once accepted.

    `current` are the ads delivered before and now that are still active.
    """

    watch: Watch
    items: tuple[Item, ...]
    known: Mapping[str, KnownAd]
    dropped: frozenset[str]
    data_as_of: datetime | None
    current: tuple[Item, ...] = ()

    def update(self, ads: frozenset[str]) -> StateUpdate:
        """What to record once these ads were delivered."""
        known = tuple(one for ad, one in self.known.items() if ad in ads)
        return StateUpdate(self.watch, known, tuple(self.dropped & ads), self.data_as_of)

    @property
    def unreported(self) -> frozenset[str]:
        """Ads with something to record and nothing to deliver."""
        return (self.dropped | self.known.keys()) - {item.ad.uuid for item in self.items}


def make_batch(
    view: View,
    watch: Watch,
    ads: Mapping[str, Ad],
    known: Mapping[str, KnownAd],
    triaged: Mapping[str, Triaged],
) -> Batch:
    """What to deliver of the matching `ads` to a subscriber who knows `known`."""
    marks = {ad: one.mark for ad, one in triaged.items()}
    shown = [ad for ad in ads if marks.get(ad) is not Mark.IGNORED]
    matches = [ads[ad].match() for ad in shown]
    due = {
        one.ad: one
        for one in notifications_of(matches, known, watch.preferences, marks, view.snapshot.today)
    }
    gone = dict(gone_ads(known, view.active_ids, marks, watch.preferences, view.snapshot))
    after = _known_after(view, watch, matches, known, due)
    items = sorted(_items(view, watch, ads, due, gone), key=lambda item: _ORDER[item.trigger])
    return Batch(
        watch, tuple(_with_marks(items, triaged)), after, frozenset(gone), view.caught_up_at
    )


_ORDER = {trigger: place for place, trigger in enumerate(Trigger)}


def _known_after(
    view: View,
    watch: Watch,
    matches: Iterable[Match],
    known: Mapping[str, KnownAd],
    due: Mapping[str, Notification],
) -> dict[str, KnownAd]:
    at, preferences = view.snapshot, watch.preferences
    found = (
        known_after(one, known.get(one.ad), due.get(one.ad), preferences, at) for one in matches
    )
    return {one.ad: one for one in found if one is not None}


def _items(
    view: View,
    watch: Watch,
    ads: Mapping[str, Ad],
    due: Mapping[str, Notification],
    gone: Mapping[str, bool],
) -> Iterator[Item]:
    complete = view.with_excerpts(watch, [ads[ad] for ad in due])
    for ad, one in due.items():
        yield Item(complete[ad], one.trigger, one.changed, one.days_left)
    yield from (Item(gone_ad(ad), Trigger.GONE) for ad, notify in gone.items() if notify)


def current_items(
    view: View,
    watch: Watch,
    ads: Mapping[str, Ad],
    known: Mapping[str, KnownAd],
    triaged: Mapping[str, Triaged],
) -> tuple[Item, ...]:
    """The ads that were delivered and still match, those notified of last first."""
    shown = [
        one
        for ad, one in known.items()
        if one.trigger and ad in ads and not _is_ignored(ad, triaged)
    ]
    shown.sort(key=lambda one: (one.last_notified_at, one.ad), reverse=True)
    del shown[MOST_CURRENT:]
    complete = view.with_excerpts(watch, [ads[one.ad] for one in shown])
    items = (_current_item(view, watch, one, complete[one.ad]) for one in shown)
    return tuple(_with_marks(items, triaged))


def _current_item(view: View, watch: Watch, known: KnownAd, ad: Ad) -> Item:
    return Item(
        ad,
        known.trigger or Trigger.NEW,
        days_left=days_left(ad.match(), watch.preferences, view.snapshot.today),
        first_notified_at=known.first_notified_at,
        last_notified_at=known.last_notified_at,
    )


def _with_marks(items: Iterable[Item], triaged: Mapping[str, Triaged]) -> Iterator[Item]:
    for item in items:
        one = triaged.get(item.ad.uuid)
        yield item.with_mark(one.mark, one.note) if one else item


def _is_ignored(ad: str, triaged: Mapping[str, Triaged]) -> bool:
    return ad in triaged and triaged[ad].mark is Mark.IGNORED


def by_target(watches: Sequence[Watch]) -> Iterator[tuple[Target, list[Watch]]]:
    """Watches by target: those with the same one share a digest, if in the same format."""
    found: dict[tuple[Target, Format | None], list[Watch]] = {}
    for watch in watches:
        for target in dict.fromkeys(watch.to):
            format_ = watch.format if target.channel in FORMATTED_CHANNELS else None
            found.setdefault((target, format_), []).append(watch)
    return ((target, of_target) for (target, _), of_target in found.items())
