"""What should happen to an ad, and why. Pure: no clock, no store, no network.

The rules and where they come from:

- Feed order is the truth about order; moments are not (navikt.github.io/pam-stilling-feed; the
  server writes several entries with one moment, and in an order of its own).
- An INACTIVE entry removes at once; an ACTIVE entry only ever requests the ad's details, and
  content enters the store from an ACTIVE detail alone.
- Where the order does not show what is true now, the details decide.
- ACTIVE without content is an ad that NAV may not show now: nor may anybody (feed.md 4).
- An ad is shown up to and including its last day in Oslo, and not after (NAV's terms).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta

from navfeed import places
from navfeed.model import (
    Content,
    Detail,
    DetailDecision,
    Entry,
    EntryDecision,
    Gone,
    Location,
    Queued,
    Reason,
    Retry,
    Scope,
    Status,
    Stored,
    oslo_day,
)
from navfeed.text.letters import fold


@dataclass(frozen=True, slots=True)
class ObservedEntry:
    """One entry as read in this run.

    `known`: it was read before, so it changes nothing. `contested`: it is new, yet stands before
    entries of the same ad that were read earlier, so order does not show which is newer. `late`: it
    is new and stands before something that was read earlier. `tied`: another entry of the same ad
    has the same moment and the other status.
    """

    entry: Entry
    known: bool = False
    contested: bool = False
    late: bool = False
    tied: bool = False


def decide_entries(
    sightings: Sequence[ObservedEntry], *, stored: bool, last_day: date | None, today: date
) -> EntryDecision | None:
    """Judge the entries of one ad on one page, in feed order. None when none of them is new.

    `last_day` is that of the ad as it is stored, where it is.
    """
    new = [sighting for sighting in sightings if not sighting.known]
    if not new:
        return None
    last = new[-1]
    if last.entry.status is Status.ACTIVE:
        reason = Reason.LATE if last.contested else Reason.ANNOUNCED
        return EntryDecision(last.entry.ad, remove=False, ask=True, reason=reason)
    if last.contested:
        return EntryDecision(last.entry.ad, remove=False, ask=stored, reason=Reason.SUPERSEDED)
    if last.tied:
        return EntryDecision(last.entry.ad, remove=True, ask=True, reason=Reason.SAME_MOMENT)
    reason = Reason.STOPPED if last.entry.withdrawn else _ending(last_day, today)
    return EntryDecision(last.entry.ad, remove=True, ask=False, reason=reason)


def _ending(last_day: date | None, today: date) -> Reason:
    """Why an ad is INACTIVE, where nothing shows that it was stopped.

    An entry that still has its title ran out, or is of a source (DIR) whose entries all have it:
    only a last day that is over distinguishes them.
    """
    return Reason.EXPIRED if is_past(last_day, today) else Reason.INACTIVE


def decide_detail(
    answer: Detail | Gone,
    *,
    stored: Stored | None,
    queued: Queued | None,
    today: date,
    scope: Scope,
) -> DetailDecision:
    """Judge an ad by its details: they are true now, whatever any entry stated.

    `stored` and `queued` are what the store has of it, None where that is nothing.
    """
    if isinstance(answer, Gone):
        retry = retry_of_gone(stored=stored is not None, queued=queued)
        return DetailDecision(answer.ad, Reason.GONE, retry=retry)
    if is_withheld(answer):
        return DetailDecision(answer.ad, Reason.WITHHELD)
    if answer.content is None:
        return DetailDecision(answer.ad, _ending(stored.last_day if stored else None, today))
    if is_past(answer.content.last_day, today):
        return DetailDecision(answer.ad, Reason.EXPIRED)
    if not in_scope(scope, answer.content):
        return DetailDecision(answer.ad, Reason.OUT_OF_SCOPE)
    return DetailDecision(answer.ad, _difference(answer.content.raw, stored), answer.content)


def is_withheld(detail: Detail) -> bool:
    """Whether NAV calls an ad active and serves no content."""
    return detail.content is None and detail.status is Status.ACTIVE


def _difference(raw: str, stored: Stored | None) -> Reason:
    if stored is None:
        return Reason.NEW
    return Reason.UNCHANGED if raw == stored.raw else Reason.CHANGED


def confirmed_day(served_at: datetime | None, newest: datetime | None, here: datetime) -> date:
    """The day by which ads run out: the earlier of the feed's and ours.

    The feed's is its server's clock, or else the moment of its newest entry. Where there is
    neither, nobody confirms our clock, and no ad runs out. One that is taken out days late is
    hidden all the same; one that a clock ahead of its time took out would be lost (faults.md T1).
    """
    confirmed = served_at or newest
    return min(oslo_day(confirmed), oslo_day(here)) if confirmed else date.min


def is_past(last_day: date | None, today: date) -> bool:
    """Whether a last day lies behind us. An ad without a readable one never runs out by itself."""
    return last_day is not None and last_day < today


_EVERYTHING = Scope()


def in_scope(scope: Scope, content: Content) -> bool:
    """Whether an ad is one to keep, judged by its details: an entry names one place of several."""
    if scope == _EVERYTHING:
        return True
    jobs = [name for job in content.occupations for name in (job.level1, job.level2)]
    return (
        _any_municipality(scope.municipalities, content.locations)
        and _any_county(scope.counties, content.locations)
        and _any_equal(scope.occupations, jobs)
        and _any_equal(scope.codes, (category.code for category in content.categories))
        and _any_equal(scope.orgnrs, (content.employer_orgnr,))
        and _any_word(scope.words, (content.title, content.job_title, content.description))
    )


def _any_municipality(wanted: Sequence[str], found: Sequence[Location]) -> bool:
    ways = [way for name in wanted for way in places.ways_to_write(name)]
    numbers = {number for name in wanted for number in places.numbers_of(name)}
    return not wanted or any(
        places.is_one_of(ways, one.municipal, one.county) or one.municipality_number in numbers
        for one in found
    )


def _any_county(wanted: Sequence[str], found: Sequence[Location]) -> bool:
    names = [name for county in wanted for name in places.county_names(county)]
    return _any_equal(
        names,
        (
            places.county_of(one.county, one.municipality_number, one.postal_code, one.country)
            for one in found
        ),
    )


def _any_equal(wanted: Sequence[str], found: Iterable[str | None]) -> bool:
    there = {fold(text) for text in found if text}
    return not wanted or any(fold(text) in there for text in wanted)


def _any_word(wanted: Sequence[str], texts: Iterable[str | None]) -> bool:
    text = "\n".join(text for text in texts if text).casefold()
    return not wanted or any(word.casefold() in text for word in wanted)


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name in a scope that no ad and no table has; `kind` as in "a municipality"."""

    kind: str
    name: str
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeVerdict:
    """What a new scope does to a store: `leaving` are the ads that it removes of all `stored`."""

    leaving: tuple[str, ...]
    stored: int
    unknown: tuple[UnknownName, ...]

    @property
    def removes_most(self) -> bool:
        return 2 * len(self.leaving) > self.stored


def judge_scope(scope: Scope, before: Scope, ads: Iterable[tuple[str, Content]]) -> ScopeVerdict:
    """Judge a scope by the `ads` that are stored, before it acts.

    Places are known from a table or from the ads, occupations from the ads, where these are all
    that there are. Codes, numbers and words may well be right though no ad has them today.
    """
    leaving = []
    stored = 0
    municipalities, counties, occupations = set[str](), set[str](), set[str]()
    for ad, content in ads:
        stored += 1
        municipalities.update(one.municipal for one in content.locations if one.municipal)
        counties.update(one.county for one in content.locations if one.county)
        occupations.update(
            name for job in content.occupations for name in (job.level1, job.level2) if name
        )
        if not in_scope(scope, content):
            leaving.append(ad)
    municipalities.update(places.municipalities())
    counties.update(places.counties())
    unknown = [
        *_unknown("municipality", scope.municipalities, municipalities, places.is_municipality),
        *_unknown("county", scope.counties, counties, places.is_county),
    ]
    if stored and before == _EVERYTHING:
        unknown += _unknown("occupation", scope.occupations, occupations, lambda _: False)
    return ScopeVerdict(tuple(leaving), stored, tuple(unknown))


def _unknown(
    kind: str, wanted: Iterable[str], known: set[str], is_known: Callable[[str], bool]
) -> Iterator[UnknownName]:
    folded = set(map(fold, known))
    for name in wanted:
        if not is_known(name) and fold(name) not in folded:
            yield UnknownName(kind, name, tuple(places.alike(name, sorted(known))))


def narrows(new: Scope, old: Scope) -> bool:
    """Whether every ad in the new scope is in the old one, so that none has to be fetched."""
    return all(
        not before or (after and {v.casefold() for v in after} <= {v.casefold() for v in before})
        for after, before in zip(astuple(new), astuple(old), strict=True)
    )


GONE_AGAIN = (timedelta(hours=1), timedelta(days=1))


def retry_of_gone(*, stored: bool, queued: Queued | None) -> Retry | None:
    """When an ad that NAV no longer has is requested again; None: not any more.

    A 404 may be a passing fault: a stored ad, which leaves at once, is requested twice more.
    """
    first, last = GONE_AGAIN
    if stored:
        return Retry(first)
    is_first = queued is not None and queued.reason is Reason.GONE and not queued.attempts
    return Retry(last, attempts=1) if is_first else None


LONGEST_RETRY = timedelta(days=1)

GIVEN_UP_AFTER = timedelta(days=14)
GIVEN_UP_TRIES = 15
"""An ad whose details could not be fetched for so long, requested so often, is given up.

Both must be true: a machine that was off for a month has requested nothing. 15 tries take six days
at least (`retry_delay`).
"""


def patience_began(now: datetime) -> datetime:
    """What was queued by then has been waited for long enough."""
    return now - GIVEN_UP_AFTER


def retry_delay(attempts: int) -> timedelta:
    """How long an ad whose details failed `attempts` times waits for its next try.

    The first two runs may try again at once (most faults are weather); then 5 minutes doubling up
    to a day, so that a broken ad costs a request a day and no more.
    """
    if attempts <= 2:
        return timedelta(0)
    return min(timedelta(minutes=5 << min(attempts - 3, 10)), LONGEST_RETRY)
