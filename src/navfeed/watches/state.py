"""What each subscriber knows, how each target is, and how ads were triaged.

The state holds ids, times and hashes, and no text of any ad; notes are the user's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from navfeed.errors import ConfigError
from navfeed.watches.choices import Field, Mark, Trigger
from navfeed.watches.decide import KnownAd
from navfeed.watches.definition import Watch
from navfeed.watches.state_file import StateFile
from navfeed.watches.target import Target


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """Consecutive failures and since when, the next attempt, and the last delivery."""

    failures: int = 0
    failing_since: datetime | None = None
    retry_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Triaged:
    """How the user triaged an ad, when, and the note."""

    mark: Mark
    note: str | None
    marked_at: datetime


@dataclass(frozen=True, slots=True)
class StateUpdate:
    """What a watch's subscriber knows after a delivery: ads to record, and ads to drop.

    `data_as_of` is when the data was complete.
    """

    watch: Watch
    known: tuple[KnownAd, ...]
    dropped: tuple[str, ...]
    data_as_of: datetime | None


class State(StateFile):
    """Reads and changes the state file. Every method may raise `StoreError`."""

    # Watches

    def filters_hash(self, name: str) -> str | None:
        """The filters of the watch that this state belongs to; None where there is none."""
        row = self._first("SELECT filters_hash FROM watches WHERE name = ?", name)
        return str(row[0]) if row else None

    def data_as_of(self, name: str) -> datetime | None:
        """When the data was complete that this watch last delivered from."""
        row = self._first("SELECT data_as_of FROM watches WHERE name = ?", name)
        return _moment(row[0]) if row else None

    def has_started(self, watch: Watch, target: Target) -> bool:
        sql = "SELECT 1 FROM subscriptions WHERE watch = ? AND target = ?"
        return self._first(sql, watch.name, target.key) is not None

    def waiting(self) -> frozenset[str]:
        """The names of the watches that were added, and have not started anywhere."""
        sql = "SELECT name FROM watches WHERE name NOT IN (SELECT watch FROM subscriptions)"
        return frozenset(str(name) for (name,) in self._all(sql))

    def adopt(self, watch: Watch) -> None:
        """Continue this name's state with the watch as it is now; drop its other targets."""
        keys = [target.key for target in watch.to]
        with self._transaction():
            self._save_watch(watch)
            self._db.execute(
                "DELETE FROM subscriptions WHERE watch = ? AND target NOT IN "
                "(SELECT value FROM json_each(?))",
                (watch.name, json.dumps(keys)),
            )
            self._drop_unused_targets()

    def start(self, watch: Watch, target: Target, known: Iterable[KnownAd]) -> None:
        """Start to deliver there; `known` ads match already, and are not delivered."""
        with self._transaction():
            self._save_watch(watch)
            self._db.execute(
                "INSERT OR IGNORE INTO subscriptions VALUES (?, ?)", (watch.name, target.key)
            )
            self._save_known(watch, target, known)

    def remove(self, name: str) -> None:
        """Drop everything about a watch."""
        with self._transaction():
            self._db.execute("DELETE FROM watches WHERE name = ?", (name,))
            self._drop_unused_targets()

    def _drop_unused_targets(self) -> None:
        """Whoever adds one of them again starts without its old failures."""
        self._db.execute(
            "DELETE FROM targets WHERE target NOT IN (SELECT target FROM subscriptions)"
        )

    def _save_watch(self, watch: Watch) -> None:
        self._db.execute(
            "INSERT INTO watches (name, filters_hash) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET filters_hash = excluded.filters_hash",
            (watch.name, watch.filters_hash),
        )

    # What subscribers know

    def known_ads(self, watch: Watch, target: Target) -> dict[str, KnownAd]:
        """What the subscriber knows, by the ads' ids."""
        rows = self._all(
            "SELECT ad, title_hash, place_hash, deadline_hash, announced_deadline, trigger, "
            "reaches_back, first_notified_at, last_notified_at "
            "FROM known_ads WHERE watch = ? AND target = ?",
            watch.name,
            target.key,
        )
        return {row[0]: _known_ad(row) for row in rows}

    def record(
        self, target: Target, updates: Iterable[StateUpdate], delivered_at: datetime | None
    ) -> None:
        """Record what subscribers know now; `delivered_at` where the channel accepted something."""
        with self._transaction():
            for one in updates:
                self._save_known(one.watch, target, one.known)
                self._drop_known(one.watch, target, one.dropped)
                self._db.execute(
                    "UPDATE watches SET data_as_of = ? WHERE name = ?",
                    (_text(one.data_as_of), one.watch.name),
                )
            if delivered_at is not None:
                self._save_delivery(target, delivered_at)

    def _save_known(self, watch: Watch, target: Target, known: Iterable[KnownAd]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO known_ads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((watch.name, target.key, *_row(one)) for one in known),
        )

    def _drop_known(self, watch: Watch, target: Target, ads: Iterable[str]) -> None:
        self._db.executemany(
            "DELETE FROM known_ads WHERE watch = ? AND target = ? AND ad = ?",
            ((watch.name, target.key, ad) for ad in ads),
        )

    # Targets

    def health(self, target: Target) -> TargetHealth:
        row = self._first(
            "SELECT failures, failing_since, retry_at, delivered_at FROM targets WHERE target = ?",
            target.key,
        )
        return TargetHealth(row[0], *map(_moment, row[1:])) if row else TargetHealth()

    def record_failure(
        self, target: Target, failures: int, retry_at: datetime, now: datetime
    ) -> None:
        """The channel refused, for the how many consecutive time, and is retried at a moment."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO targets (target, failures, failing_since, retry_at) "
                "VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET failures = excluded.failures, "
                "failing_since = coalesce(failing_since, excluded.failing_since), "
                "retry_at = excluded.retry_at",
                (target.key, failures, _text(now), _text(retry_at)),
            )

    def clear_failures(self, target: Target) -> None:
        """Nothing is pending there any more: the next failure is a new one."""
        with self._transaction():
            self._db.execute(
                "UPDATE targets SET failures = 0, failing_since = NULL, retry_at = NULL "
                "WHERE target = ?",
                (target.key,),
            )

    def _save_delivery(self, target: Target, at: datetime) -> None:
        self._db.execute(
            "INSERT INTO targets (target, delivered_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET "
            "failures = 0, failing_since = NULL, retry_at = NULL, "
            "delivered_at = excluded.delivered_at",
            (target.key, _text(at)),
        )

    # Triage

    def marks(self) -> dict[str, Triaged]:
        """How ads were triaged, the latest first."""
        rows = self._all("SELECT ad, mark, note, marked_at FROM marks ORDER BY marked_at DESC, ad")
        return {ad: Triaged(Mark(mark), note, _known_moment(at)) for ad, mark, note, at in rows}

    def mark(self, ad: str, mark: Mark, note: str | None, now: datetime) -> None:
        """Without a new note, the old one stays."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO marks VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET mark = "
                "excluded.mark, note = coalesce(excluded.note, note), "
                "marked_at = excluded.marked_at",
                (ad, mark.value, note, _text(now)),
            )

    def unmark(self, ad: str) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM marks WHERE ad = ?", (ad,))


def is_any_waiting(path: Path) -> bool:
    """Whether a watch was added that has not started. Makes no file. Raises `StoreError`."""
    if not path.exists():
        return False
    with State(path) as state:
        return bool(state.waiting())


def refuse_changed_filters(state: State, watch: Watch) -> None:
    """Raise `ConfigError` where the state under that name belongs to a watch with other filters."""
    if watch.name in state.waiting():
        return  # it knows no ad yet
    if state.filters_hash(watch.name) not in (None, watch.filters_hash):
        raise ConfigError(
            f"the filters of watch {watch.name} have changed since its last run, so that every ad "
            f"would look new. Run `navfeed watch edit {watch.name}` to continue with them"
        )


def _row(known: KnownAd) -> tuple[str | None, ...]:
    deadline = known.announced_deadline
    return (
        known.ad,
        *(known.hashes[one] for one in Field),
        deadline.isoformat() if deadline else None,
        known.trigger.value if known.trigger else None,
        _text(known.reaches_back),
        _text(known.first_notified_at),
        _text(known.last_notified_at),
    )


def _known_ad(row: tuple[Any, ...]) -> KnownAd:
    ad, *hashes, deadline, trigger, reaches_back, first_at, last_at = row
    return KnownAd(
        ad,
        dict(zip(Field, hashes, strict=True)),
        date.fromisoformat(deadline) if deadline else None,
        Trigger(trigger) if trigger else None,
        _moment(reaches_back),
        _known_moment(first_at),
        _known_moment(last_at),
    )


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _known_moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
