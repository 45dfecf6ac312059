"""One round of telling: what each channel is to be told, sent, and kept as told once accepted.

The order is the promise. What is to be told is read from the store, the store is let go of, the
channel is asked to accept, and only then it counts as told. A crash in between tells once more, and
loses nothing. Nothing is queued: a channel that was down is told what is news to it by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from navfeed.errors import ConfigError, DeliveryError
from navfeed.model import OSLO
from navfeed.watches.decide import Told, as_known, closes_in, ended, learned, tellings
from navfeed.watches.definition import FORMATTED, HELD, PUBLIC, STANDING, Book, Pace, Target, Watch
from navfeed.watches.digest import (
    Ad,
    Digest,
    Group,
    Item,
    gone,
    item_of,
    owned,
    standing,
    summary,
    without_repeats,
)
from navfeed.watches.state import Channel, Learned, Marked, State, refuse_another
from navfeed.watches.view import View
from navfeed.watches.words import Format, Mark, News

FIRST_RETRY = timedelta(minutes=5)
LAST_RETRY = timedelta(hours=6)

MOST_STANDING = 500
"""So many ads, those told of last, are shown at most in a feed or a file."""


class Sender(Protocol):
    """A way to tell. `send` returns when the digest was accepted, and raises `DeliveryError`."""

    most: int
    """So many ads a digest; more are sent one digest after the other."""

    def send(self, digest: Digest) -> None: ...


# What happened


@dataclass(frozen=True, slots=True)
class Began:
    """A watch begins to tell there; so many ads fit already, and are not told of."""

    watch: str
    target: Target
    known: int


@dataclass(frozen=True, slots=True)
class Delivered:
    target: Target
    summary: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A channel did not accept; `times` in a row by now. What it was to be told waits."""

    target: Target
    error: DeliveryError
    times: int
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A channel is not used now. `failing`: because it was down the last time."""

    target: Target
    why: str
    failing: bool


@dataclass(frozen=True, slots=True)
class Unready:
    """Nothing was told for a watch: the store cannot be relied on."""

    watch: str
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was told for a watch: somebody has to mend its definition."""

    watch: str
    error: ConfigError


Event = Began | Delivered | Failed | Waiting | Unready | Refused


@dataclass(frozen=True, slots=True)
class How:
    """`only`: these watches, None for all. `backlog`: tell also of what fitted before they began.

    `hurried`: wait for no quiet hours, and try channels that are down. `paced`: let time pass
    between two deliveries.
    """

    only: frozenset[str] | None = None
    backlog: bool = False
    hurried: bool = False
    paced: bool = False

    def means(self, watch: Watch) -> bool:
        return self.only is None or watch.name in self.only


@dataclass(frozen=True, slots=True)
class Portion:
    """What one watch has to tell one channel, and what is known there once that was accepted.

    `standing` are the ads that were told of before and now, and are in force.
    """

    watch: Watch
    items: tuple[Item, ...]
    told: Mapping[str, Told]
    forgotten: frozenset[str]
    told_from: datetime | None
    standing: tuple[Item, ...] = ()

    def learned(self, ads: frozenset[str]) -> Learned:
        """What is known once these ads were told of."""
        told = tuple(one for ad, one in self.told.items() if ad in ads)
        return Learned(self.watch, told, tuple(self.forgotten & ads), self.told_from)

    @property
    def silent(self) -> frozenset[str]:
        """Ads of which there is something to keep, and nothing to tell."""
        return (self.forgotten | self.told.keys()) - {item.ad.uuid for item in self.items}


class Round:
    """Tells once, of everything that is news. `warning` is what to say of the data's age."""

    def __init__(
        self,
        book: Book,
        state: State,
        view: Callable[[], AbstractContextManager[View]],
        sender: Callable[[Target, Watch], Sender],
        *,
        clock: Callable[[], datetime],
        warning: Callable[[datetime | None], str] = lambda _: "",
    ) -> None:
        self._book = book
        self._state = state
        self._view = view
        self._sender = sender
        self._clock = clock
        self._warning = warning

    def run(self, how: How = How()) -> Iterator[Event]:
        """Raises `StoreError`; what is wrong with a watch or a channel is in the events."""
        sound: list[Watch] = []
        for watch in self._book.watches.values():
            try:
                refuse_another(self._state, watch)
            except ConfigError as error:
                if how.means(watch):
                    yield Refused(watch.name, error)
            else:
                sound.append(watch)
        for target, watches in by_target(sound):
            meant = [watch for watch in watches if how.means(watch)]
            if meant:  # what stands in a file are the ads of all its watches
                yield from self._tell(target, watches if target.way in STANDING else meant, how)

    def _tell(self, target: Target, watches: Sequence[Watch], how: How) -> Iterator[Event]:
        channel = self._state.channel(target)
        if not how.hurried:
            waiting = held(target, channel, self._book.pace, self._clock(), paced=how.paced)
            if waiting is not None:
                yield waiting
                return
        with self._view() as view:
            portions: list[Portion] = []
            for watch in watches:
                yield from self._prepare(view, watch, target, how, portions)
            warning = self._warning(view.caught_up_at)
        if portions:
            self._state.learn(target, [one.learned(one.silent) for one in portions], None)
            yield from self._send(target, portions, channel, warning)

    def _prepare(
        self, view: View, watch: Watch, target: Target, how: How, portions: list[Portion]
    ) -> Iterator[Event]:
        """Add what the watch has to tell to `portions`."""
        if (why := view.why_not(self._state.told_from(watch.name))) is not None:
            yield Unready(watch.name, why)
            return
        try:
            ads = view.fitting(watch)
        except ConfigError as error:
            yield Refused(watch.name, error)
            return
        if not self._state.has_begun(watch, target):
            count = begin(self._state, view, watch, target, {} if how.backlog else ads)
            yield Began(watch.name, target, count)
        marks = self._state.marks()
        if target.way in PUBLIC:
            marks = {ad: replace(one, note=None) for ad, one in marks.items()}
        told = self._state.told(watch, target)
        if how.backlog:
            told = {ad: one for ad, one in told.items() if one.news}
        portion = portion_of(view, watch, ads, told, marks)
        if target.way in STANDING:
            known = {**told, **portion.told}
            portion = replace(portion, standing=standing_of(view, watch, ads, known, marks))
        portions.append(portion)

    def _send(
        self, target: Target, portions: Sequence[Portion], channel: Channel, warning: str
    ) -> Iterator[Event]:
        groups = without_repeats(Group(one.watch.name, one.items) for one in portions)
        news = Digest(groups, warning)
        try:
            sender = self._sender(target, portions[0].watch)
            if target.way in STANDING:
                # Shown is what stands, also where there is no news: what is gone leaves.
                shown = tuple(Group(one.watch.name, one.standing) for one in portions)
                sender.send(Digest(shown, warning))
                if groups or channel.failures:
                    yield from self._accepted(target, portions, news)
                return
            for part in news.parts(sender.most):
                sender.send(part)
                yield from self._accepted(target, portions, part)
        except DeliveryError as error:
            yield self._failed(target, error)

    def _accepted(
        self, target: Target, portions: Sequence[Portion], part: Digest
    ) -> Iterator[Event]:
        ads = frozenset(item.ad.uuid for item in part.items)
        self._state.learn(target, [one.learned(ads) for one in portions], self._clock())
        if ads:
            yield Delivered(target, summary(part))

    def _failed(self, target: Target, error: DeliveryError) -> Failed:
        # Asked anew: a part of the digest may have been accepted just now.
        times = self._state.channel(target).failures + 1
        retry_at = self._clock() + retry_delay(times, error.retry_after)
        self._state.failed(target, times, retry_at)
        return Failed(target, error, times, retry_at)


def portion_of(
    view: View,
    watch: Watch,
    ads: Mapping[str, Ad],
    told: Mapping[str, Told],
    marks: Mapping[str, Marked],
) -> Portion:
    """What the watch has to tell somebody who knows `told`, of the ads that fit."""
    at, kinds = view.at, {ad: one.mark for ad, one in marks.items()}
    shown = {ad: one for ad, one in ads.items() if kinds.get(ad) is not Mark.IGNORED}
    news = {
        one.ad: one
        for one in tellings([ad.fit() for ad in shown.values()], told, watch.wish, kinds, at.today)
    }
    over = dict(ended(told, view.alive, kinds, watch.wish, at))
    now_told = {
        ad: one
        for ad in shown
        if (one := learned(ads[ad].fit(), told.get(ad), news.get(ad), watch.wish, at)) is not None
    }
    said = view.with_excerpts(watch, [ads[ad] for ad in news])
    items = [
        *(item_of(one, said[ad]) for ad, one in news.items()),
        *(Item(gone(ad), News.GONE) for ad, wanted in over.items() if wanted),
    ]
    return Portion(
        watch,
        tuple(_owned(sorted(items, key=lambda item: [*News].index(item.news)), marks)),
        now_told,
        frozenset(over),
        view.caught_up_at,
    )


def standing_of(
    view: View,
    watch: Watch,
    ads: Mapping[str, Ad],
    told: Mapping[str, Told],
    marks: Mapping[str, Marked],
) -> tuple[Item, ...]:
    """The ads that somebody was told of and that still fit, those told of last first."""
    shown = [
        (one, one.news)
        for ad, one in told.items()
        if one.news and ad in ads and not _is_ignored(ad, marks)
    ]
    shown.sort(key=lambda each: (each[0].last_at, each[0].ad), reverse=True)
    del shown[MOST_STANDING:]
    said = view.with_excerpts(watch, [ads[one.ad] for one, _ in shown])
    today = view.at.today
    items = (
        standing(one, news, said[one.ad], closes_in(said[one.ad].fit(), watch.wish, today))
        for one, news in shown
    )
    return tuple(_owned(items, marks))


def _owned(items: Sequence[Item] | Iterator[Item], marks: Mapping[str, Marked]) -> Iterator[Item]:
    made = {ad: (one.mark, one.note) for ad, one in marks.items()}
    return (owned(item, made) for item in items)


def _is_ignored(ad: str, marks: Mapping[str, Marked]) -> bool:
    return ad in marks and marks[ad].mark is Mark.IGNORED


def by_target(watches: Sequence[Watch]) -> Iterator[tuple[Target, list[Watch]]]:
    """Who tells where. Watches that tell at one place do so in one digest, if in one format."""
    told: dict[tuple[Target, Format | None], list[Watch]] = {}
    for watch in watches:
        for target in dict.fromkeys(watch.to):
            format_ = watch.format if target.way in FORMATTED else None
            told.setdefault((target, format_), []).append(watch)
    return ((target, at_it) for (target, _), at_it in told.items())


def begin(state: State, view: View, watch: Watch, target: Target, ads: Mapping[str, Ad]) -> int:
    """Begin to tell there; the `ads` are known already. Answers how many they are."""
    known = [as_known(ad.fit(), watch.wish, view.at) for ad in ads.values()]
    state.begin(watch, target, known)
    return len(known)


def held(
    target: Target, channel: Channel, pace: Pace, now: datetime, *, paced: bool
) -> Waiting | None:
    """Why a channel is not used now; None where it is."""
    if channel.retry_at and now < channel.retry_at <= now + LAST_RETRY:
        when = channel.retry_at.astimezone(OSLO).isoformat(" ", "minutes")
        return Waiting(target, f"it failed; it is tried again at {when}", failing=True)
    if target.way not in HELD:
        return None
    if pace.is_quiet(now.astimezone(OSLO).time()):
        return Waiting(target, "these are quiet hours", failing=False)
    last = channel.delivered_at
    if paced and last is not None and last <= now < last + pace.every:
        return Waiting(target, "it was used a short while ago", failing=False)
    return None


def retry_delay(times: int, asked: timedelta | None) -> timedelta:
    """Twice as long each time, up to six hours; longer only where the channel asks, up to that."""
    delay: timedelta = FIRST_RETRY * (1 << min(times - 1, 10))
    return min(max(delay, asked or delay), LAST_RETRY)
