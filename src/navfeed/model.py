"""The words of the field as frozen types. Of navfeed, they import the names of filters alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from navfeed.names import field_of, setting_of

OSLO = ZoneInfo("Europe/Oslo")


def refuse_wrong_types(of: Any) -> None:  # noqa: ANN401
    """For `__post_init__`: raise `TypeError`, naming it, for a field that holds another type.

    `Filters(municipal="BERGEN")` would mean seven municipalities of one letter each.
    """
    for name, kind in _kinds(of.__class__).items():
        refuse_wrong_type(of.__class__.__name__, name, getattr(of, name), kind)


def refuse_wrong_type(whose: str, name: str, value: object, kind: Any) -> None:  # noqa: ANN401
    """Raise `TypeError` unless `value` is of that kind: a class, a union, or a tuple of such."""
    if _is_of(value, kind):
        return
    wanted = kind.__name__ if isinstance(kind, type) and not get_origin(kind) else kind
    found = type(value).__name__
    hint = ""
    if isinstance(value, datetime) and value.tzinfo is None:
        found = "datetime without a time zone"
    elif _is_of((value,), kind):
        hint = f". For a single one, write ({value!r},)"
    raise TypeError(f"{name} of {whose} takes {wanted}, not {found}{hint}")


@cache
def _kinds(of: type) -> dict[str, Any]:
    return get_type_hints(of)


def _is_of(value: object, kind: Any) -> bool:  # noqa: ANN401
    origin, within = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(_is_of(value, one) for one in within)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        each = within[:1] * len(value) if within[-1] is ... else within
        return len(value) == len(each) and all(map(_is_of, value, each))
    if isinstance(value, datetime):
        return kind is datetime and value.tzinfo is not None  # a datetime is a date to Python
    if isinstance(value, bool):
        return kind is bool  # and a bool an int
    return isinstance(value, (int, float) if kind is float else kind)


LATENESS = timedelta(minutes=15)
"""How long an entry may stay invisible after the log row before it is visible (faults.md S2)."""

HISTORY = timedelta(days=183)
"""An ad is never active for more than six months, so this much log makes a complete copy."""

KEEP_CHANGES = timedelta(days=90)
"""How long the journal keeps that an ad is gone, for whoever asks late what changed."""

WHOLE_LOG = datetime(2000, 1, 1, tzinfo=UTC)
"""From when on a copy reaches that was begun with the log's first page."""

_HISTORY_SLACK = timedelta(days=2)
"""The newest entry, by which this is judged, may be some days older than the first sync was."""


def lacks_older_ads(reaches_back: datetime | None, newest: datetime | None) -> bool:
    """Whether ads may be active that were announced before the copy began.

    Judged by the feed's time of its newest entry. A copy becomes complete by itself, once it is as
    old as an ad can be.
    """
    if reaches_back is None or newest is None:
        return False
    return newest - reaches_back < HISTORY - _HISTORY_SLACK


LONGEST_PAUSE = timedelta(days=7)
"""A pause that the feed requests is obeyed up to this long: no mistake of a server's may stop the
syncs for years (faults.md H1)."""


def binding_pause(until: datetime | None, now: datetime) -> datetime | None:
    """`until`, a remembered pause's end, where no request may be made before it; else None."""
    # Further ahead than any pause is obeyed: a clock of ours was wrong when it was put down.
    return until if until is not None and now < until <= now + LONGEST_PAUSE else None


class Status(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class Reason(StrEnum):
    """Why something was done to an ad. Every branch of the decider has its own.

    What each one means to a reader of the store stands in docs/reference/reasons.md.
    """

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ANNOUNCED = "announced"
    LATE = "late"
    SAME_MOMENT = "same moment"
    RECHECK = "recheck"
    RESCOPED = "rescoped"
    SUPERSEDED = "superseded"
    STOPPED = "stopped"
    EXPIRED = "expired"
    INACTIVE = "inactive"
    WITHHELD = "withheld"
    GONE = "gone"
    OUT_OF_SCOPE = "out of scope"


class Inactive(StrEnum):
    """What is left of an ad that is no longer shown."""

    DELETE = "delete"
    MASK = "mask"


class Contacts(StrEnum):
    """What is kept of the contact persons that an ad names."""

    KEEP = "keep"
    DROP = "drop"


UPGRADE_COPY = ".before-upgrade"
"""How the name of the copy ends that is made of a store before its schema is brought up to date."""


class LogFormat(StrEnum):
    """How lines of the log are written: for people, or a JSON object each."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """What is logged: that and all that is worse."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TermKind(StrEnum):
    """How a text that is to be forgotten is compared."""

    WORDS = "words"
    DIGITS = "digits"
    HANDLE = "handle"
    """Words without a gap, in an address: `karinordmann@example.no`."""


@dataclass(frozen=True, slots=True)
class ErasedTerm:
    """A text that is to be forgotten, known by its keyed hash; `length` counts what its kind does.

    Words, digits, or the letters of a handle.
    """

    kind: TermKind
    length: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class PrivacyPolicy:
    """What is not to be kept of an active ad. `marks` are hashed with `key`."""

    contacts: Contacts = Contacts.KEEP
    marks: frozenset[ErasedTerm] = frozenset()
    key: bytes = field(default=b"", repr=False)

    @property
    def keeps_all(self) -> bool:
        return self.contacts is Contacts.KEEP and not self.marks


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A use of `navfeed privacy`: when, what, how much; never who was meant."""

    at: datetime | None
    action: str
    ads: int
    places: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: at some moment, this ad became active or inactive.

    `written` is the moment as served: two entries are the same entry when ad, status and written
    are equal (NAV gives entries no id). `moment` is it read, or None where it cannot be read; it
    is not monotonic along the feed and never decides an ad's state. `withdrawn` is true where the
    entry states that the ad was stopped; where it does not, it gives no reason why an ad ended.
    """

    ad: str
    status: Status
    written: str
    moment: datetime | None = None
    withdrawn: bool = False

    @property
    def key(self) -> Key:
        return (self.ad, self.status, self.written)


@dataclass(frozen=True, slots=True)
class Page:
    """A window on the log. `next_id` is None at the tip, and only there."""

    id: str
    entries: tuple[Entry, ...]
    next_id: str | None
    etag: str | None = None
    served_at: datetime | None = None

    @property
    def is_tip(self) -> bool:
        return self.next_id is None

    @property
    def first_moment(self) -> datetime | None:
        """When its first entry was written, of those with a time."""
        return next((entry.moment for entry in self.entries if entry.moment), None)


@dataclass(frozen=True, slots=True)
class Location:
    country: str | None
    address: str | None
    city: str | None
    postal_code: str | None
    county: str | None
    municipal: str | None
    municipality_number: str | None = None
    """Statistics Norway's, found out from the rest (`navfeed.places`); None where it is unclear."""


@dataclass(frozen=True, slots=True)
class Occupation:
    level1: str | None
    level2: str | None


@dataclass(frozen=True, slots=True)
class Category:
    type: str | None
    code: str | None
    name: str | None
    description: str | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Contact:
    name: str | None
    email: str | None
    phone: str | None
    role: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """The content of an active ad: `raw` exactly as served, beside columns that can be queried.

    Moments are aware, in UTC, of whole seconds; None where what was served is no date. `last_day`
    is the day in Oslo up to and including which the ad may be shown; `due_date` the one up to and
    including which to apply, None where `application_due` names no one day
    (`navfeed.text.due_dates`).
    """

    raw: str
    title: str | None
    job_title: str | None
    description: str | None
    employer: str | None
    employer_orgnr: str | None
    employer_homepage: str | None
    employer_description: str | None
    application_url: str | None
    application_due: str | None
    due_date: date | None
    link: str | None
    source: str | None
    source_url: str | None
    engagement_type: str | None
    extent: str | None
    start_time: str | None
    positions: str | None
    sector: str | None
    published: datetime | None
    updated: datetime | None
    expires: datetime | None
    last_day: date | None
    locations: tuple[Location, ...]
    occupations: tuple[Occupation, ...]
    categories: tuple[Category, ...]
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which ads are kept: within a field any of the values will do, and every field must agree.

    Empty fields do not restrict. Values are compared without regard to case. `codes` are STYRK08
    or ESCO codes, `words` stand in the title, the job title or the description.
    """

    municipalities: tuple[str, ...] = ()
    counties: tuple[str, ...] = ()
    occupations: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    orgnrs: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


@dataclass(frozen=True, slots=True)
class Detail:
    """An ad as it is now. `content` is there when it is active and may be shown, and only then."""

    ad: str
    status: Status
    content: Content | None


@dataclass(frozen=True, slots=True)
class Gone:
    """The feed has no such ad (404, 410): withdrawn for good, or not to be shared."""

    ad: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The page is as it was when its validator was given out (304)."""

    served_at: datetime | None


Key = tuple[str, str, str]
"""What an entry is known by: ad, status, written."""

Effect = tuple[str, Reason]
"""An ad, and what a transaction did to it."""


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry that was read: its place in our count of the log, and what it is known by."""

    ordinal: int
    key: Key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A page that can be requested again: the place of its first entry, and the feed's clock there.

    `latest` is the latest moment of any entry up to that place, None where its own is not readable.
    """

    page: str
    ordinal: int
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """Where the reading stands.

    `checkpoints` in the order they were passed, the last being the page to read next. `top` is the
    place of the newest entry read, `newest` the feed's clock there; `head_seen_at` the server's
    clock and `head_seen_here` ours when something new was last read. Nothing can be hidden before a
    page that starts by `safe_until`, nor up to the place `closed`. `etag` vouches for the last
    checkpoint's page, and is kept only where a 304 to it cannot hide an entry (`safe_etag`).
    """

    checkpoints: tuple[Checkpoint, ...] = ()
    top: int = 0
    newest: datetime | None = None
    head_seen_at: datetime | None = None
    head_seen_here: datetime | None = None
    safe_until: datetime | None = None
    closed: int = 0
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the log that a first sync reads beside others; 0 is the newest.

    `since` is the date whose seek led to its first page (None: the oldest page of the log),
    `opening` its first entries, where the next older window ends. `page` is the page to read next,
    None once it is read to its end.
    """

    number: int
    since: datetime | None
    opening: tuple[Key, ...]
    page: str | None


@dataclass(frozen=True, slots=True)
class WindowPart:
    """Ads of a window that are queued in one transaction: their uuids, as bytes, `low` to `high`.

    `high` itself is not one of them. `is_last`: after it, all ads of the window are queued.
    """

    number: int
    low: bytes
    high: bytes
    is_last: bool


@dataclass(frozen=True, slots=True)
class EntryDecision:
    """What an ad's new entries require: `remove` what is stored, `ask` for the details, or both."""

    ad: str
    remove: bool
    ask: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Retry:
    """That an ad's details are requested again, and how often they were so far."""

    after: timedelta
    attempts: int = 0


AT_ONCE = Retry(timedelta(0))


@dataclass(frozen=True, slots=True)
class DetailDecision:
    """What a detail calls for: keep `content`, or, where it is None, keep nothing of the ad.

    With `retry`, the answer is checked again later.
    """

    ad: str
    reason: Reason
    content: Content | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds of an ad: the content as served, and its last day."""

    raw: str
    last_day: date | None


class ChangeKind(StrEnum):
    """What happened to an ad. `SNAPSHOT` is its present state, whatever happened before."""

    ADDED = "added"
    UPDATED = "updated"
    REMOVED = "removed"
    EXPIRED = "expired"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place among the changes of one store. Another store's numbers mean other changes."""

    store: str
    number: int

    def __str__(self) -> str:
        return f"{self.store}:{self.number}"


_CURSOR = re.compile(r"([0-9a-f]{16}):([0-9]{1,18})")


def read_cursor(text: str) -> Cursor:
    """A cursor as it is written. Raises `ValueError`."""
    if (read := _CURSOR.fullmatch(text.strip())) is None:
        raise ValueError(text)
    return Cursor(read[1], int(read[2]))


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an ad; whoever has applied it goes on from `cursor`.

    `content` is there where the ad is active: as it is now, which may be newer than the
    change. `changed` names the fields of `Content` that are others since the place from which
    changes are read. `reason` is why an ad is gone; `privacy`: something was removed from it.
    """

    cursor: Cursor
    kind: ChangeKind
    uuid: str
    reason: str | None
    changed: tuple[str, ...]
    last_day: date | None
    at: datetime | None
    content: Content | None


class AdState(StrEnum):
    """Where an ad stands in a store. `NOT_STORED`: entries alone are known of it."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REMOVED = "removed"
    WITHHELD = "withheld"
    OUT_OF_SCOPE = "out of scope"
    QUEUED = "queued"
    NOT_STORED = "not stored"


@dataclass(frozen=True, slots=True)
class LastChange:
    """The latest change of an ad in the journal. `changed`: fields that differ since it came."""

    number: int
    kind: ChangeKind
    reason: str | None
    changed: tuple[str, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class QueuedDetail:
    """Why the details of an ad are still to be fetched, and how that went so far."""

    reason: str
    queued_at: datetime | None
    attempts: int
    retry_at: datetime | None
    problem: str | None
    given_up: bool


@dataclass(frozen=True, slots=True)
class Mask:
    """What a store with `--inactive mask` keeps of an ad that is gone: no text and no names."""

    reason: str
    removed_at: datetime | None
    published: datetime | None
    expires: datetime | None
    municipalities: tuple[str, ...]
    counties: tuple[str, ...]
    occupations: tuple[str, ...]
    sector: str | None
    extent: str | None
    engagement_type: str | None
    first_seen: datetime | None
    last_day: date | None
    municipality_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdHistory:
    """What a store still knows of an ad, and never what it contained.

    `stored_at`, `changed_at` and `checked_at` are known while the ad is stored, and partly while it
    is outside the scope. `entries` are those in the part of the log that is read again.
    """

    uuid: str
    state: AdState
    last_day: date | None
    stored_at: datetime | None
    changed_at: datetime | None
    checked_at: datetime | None
    change: LastChange | None
    queued: QueuedDetail | None
    mask: Mask | None
    entries: tuple[SeenEntry, ...]


@dataclass(frozen=True, slots=True)
class Queued:
    """An ad whose details are wanted, how often they were requested in vain, and why."""

    ad: str
    attempts: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """An ad whose details could not be fetched: what happened, and when to try again."""

    ad: str
    problem: str
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a sync ended, for the table `runs`."""

    exit_code: int
    outcome: str
    counts: Mapping[str, int]


class RunState(StrEnum):
    """Whether a recorded sync has ended. `UNKNOWN` where the store's lock cannot be tried."""

    ENDED = "ended"
    RUNNING = "running"
    KILLED = "killed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A sync as it was recorded. Without `exit_code` it runs still, or was killed (`RunState`)."""

    id: int
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    outcome: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """How a store stands: its ads, the reading of the feed, what is owed. `size` is in bytes.

    `held_back` are those of the `waiting` details that may not be requested before their retry.
    Those that were `given_up` are not among them. `problems` are the reasons why details could
    not be fetched, the most frequent first. `reaches_back` is from when on the log was read; None
    where a navfeed of before schema 4 began the copy. `feed_url` is the feed that is followed,
    once a page of it was read. `unconfirmed` ads are stored, and not confirmed since the log began
    again.
    """

    path: str
    size: int
    schema_version: int
    inactive: Inactive
    contacts: Contacts
    active: int
    stored: int
    masked: int
    waiting: int
    held_back: int
    given_up: int
    problems: tuple[Problem, ...]
    newest: datetime | None
    caught_up_at: datetime | None
    details_complete_at: datetime | None
    trouble: str | None
    last_run: RunFacts | None
    retry_at: datetime | None
    token_expires: datetime | None
    erasure_owed: bool
    reaches_back: datetime | None = None
    scope: Scope = Scope()
    feed_url: str | None = None
    unconfirmed: int = 0


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a sync would do to a store, as far as the store itself shows. All but one are counts.

    `leaving`: how many of the `stored` ads the scope removes; `coming_in` were outside it so far
    and would be requested again; `expired` are ads whose last day is over. `contacts_dropped` ads
    would lose contacts, and `masks_deleted` are masks of removed ads that would be deleted.
    """

    scope_changes: bool
    stored: int
    leaving: int
    coming_in: int
    expired: int
    waiting: int
    contacts_dropped: int
    masks_deleted: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why details could not be fetched, and for how many ads."""

    reason: str
    ads: int


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, from `start` up to, and not including, `end`; None is no end."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


class By(StrEnum):
    """What ads are counted by. `week` is that of publication, in Oslo.

    `styrk` is a STYRK-08 code with its name, `styrk1` and `styrk2` its groups of 1 and 2 digits.
    """

    MUNICIPAL = "municipal"
    COUNTY = "county"
    MUNICIPALITY_NUMBER = "municipality_number"
    OCCUPATION = "occupation"
    EMPLOYER = "employer"
    ENGAGEMENT = "engagement"
    WEEK = "week"
    GROUP = "group"
    EXTENT = "extent"
    SECTOR = "sector"
    SOURCE = "source"
    ORGNR = "orgnr"
    STYRK = "styrk"
    STYRK1 = "styrk1"
    STYRK2 = "styrk2"
    ESCO = "esco"
    FLOW = "flow"

    @property
    def shown(self) -> str:
        """Its name for people."""
        return setting_of(self.value)

    @classmethod
    def _missing_(cls, value: object) -> By | None:
        """Those that are filters, by any of their names."""
        return {"municipal": By.MUNICIPAL, "level1": By.GROUP}.get(field_of(str(value)))


Counted = tuple[str, int]
"""A name, and how many ads have it."""


@dataclass(frozen=True, slots=True)
class Week:
    """How many ads came and went in a week (`2026-W47`); None where nobody counted."""

    week: str
    new: int | None
    removed: int | None


@dataclass(frozen=True, slots=True)
class Flow:
    """What came and went, counted from `since` on; None where nothing was counted yet."""

    since: datetime | None
    weeks: Sequence[Week]


@dataclass(frozen=True, slots=True)
class Stats:
    """What can be counted of ads: all of them, by name, the most frequent first, and over time.

    An ad with two places counts in both, so that these add up to more than `ads`.
    """

    ads: int
    tallies: Mapping[By, Sequence[Counted]]
    flow: Flow | None


def oslo_week(moment: datetime) -> str:
    """The ISO week of a moment, in Oslo."""
    year, week, _ = oslo_day(moment).isocalendar()
    return f"{year:04}-W{week:02}"


WRONG_CLOCK = timedelta(days=1)
"""A moment further ahead was put down by a clock that was wrong; clocks differ by less."""


def age_of(caught_up_at: datetime | None, now: datetime) -> timedelta | None:
    """How old the data is; negative where clocks differ a little. None: unknown.

    So it is where no sync has caught up yet, and where one did on a day that is still to come: the
    clock was wrong then, and the data would pass for fresh until that day.
    """
    if caught_up_at is None or caught_up_at - now > WRONG_CLOCK:
        return None
    return now - caught_up_at


def moment_text(moment: datetime | None) -> str | None:
    """A moment for programs and public tables: UTC, whole seconds, `2026-11-21T12:00:00Z`."""
    if moment is None:
        return None
    # `strftime` writes the year 900 with three digits.
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def oslo_day(moment: datetime) -> date:
    return moment.astimezone(OSLO).date()


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 ad`, `1,960 ads`, `2 entries`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def oslo_time(moment: datetime) -> str:
    """A moment for people, always in the one zone and to the minute: `2026-11-21 13:00 +01:00`."""
    text = moment.astimezone(OSLO).isoformat(sep=" ", timespec="minutes")
    return f"{text[:-6]} {text[-6:]}"
