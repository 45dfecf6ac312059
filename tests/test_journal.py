"""The journal: what it records of each change, and never an ad's text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from navfeed.errors import CursorError
from navfeed.model import (
    Change,
    Contacts,
    Cursor,
    DetailDecision,
    EntryDecision,
    FeedCursor,
    Inactive,
    Reason,
    Scope,
    read_cursor,
)
from navfeed.privacy.erasure import apply_contacts_setting, erase_person
from navfeed.privacy.matcher import term_of
from navfeed.store import ads, journal
from navfeed.store.backup import copy
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.writer import Store
from support.bench import Bench
from support.clock import NOW
from support.crash import Crash, crash, fragile
from support.scripted import active, scripted_content, uuid_named
from support.sql import writing

TODAY = NOW.date()
ONE, TWO, THREE = uuid_named("one"), uuid_named("two"), uuid_named("three")
NO_FILTERS = Filters()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "navfeed.db") as store:
        yield store


def store_ad(store: Store, ad: str, reason: Reason = Reason.NEW, **fields: object) -> None:
    store.commit_details([DetailDecision(ad, reason, scripted_content(ad, **fields))], [], NOW)


def drop(store: Store, ad: str, reason: Reason = Reason.STOPPED) -> None:
    store.commit_details([DetailDecision(ad, reason)], [], NOW)


def changes_of(
    store: Store,
    after: Cursor | None = None,
    filters: Filters = NO_FILTERS,
    today: date = TODAY,
) -> list[Change]:
    with Reader(store.path, today) as reader:
        return list(reader.changes(after, filters))


def short(changes: list[Change]) -> list[tuple[str, str, str | None]]:
    return [(change.uuid, change.kind.value, change.reason) for change in changes]


def here(store: Store) -> Cursor:
    with Reader(store.path, TODAY) as reader:
        return reader.cursor()


# What is told


def test_an_ad_comes_changes_and_goes(store: Store) -> None:
    start = here(store)
    store_ad(store, ONE, title="Kokk", expires="2027-03-31T00:00:00+02:00")
    store_ad(store, TWO)
    (one, two) = changes_of(store, start)
    assert short([one, two]) == [(ONE, "added", None), (TWO, "added", None)]
    assert (one.last_day, one.at) == (date(2027, 3, 31), NOW)
    assert one.content is not None
    assert (one.content.title, one.changed) == ("Kokk", ())
    assert (one.cursor.number, two.cursor) == (start.number + 1, here(store))

    after = here(store)
    store_ad(store, ONE, Reason.CHANGED, title="Baker", expires="2027-03-30T00:00:00+02:00")
    (changed,) = changes_of(store, after)
    assert short([changed]) == [(ONE, "updated", None)]
    assert set(changed.changed) == {"title", "expires", "last_day"}
    assert short(changes_of(store, start)) == [(TWO, "added", None), (ONE, "added", None)]

    after = here(store)
    drop(store, ONE, Reason.GONE)
    (gone,) = changes_of(store, after)
    assert short([gone]) == [(ONE, "removed", "gone")]
    assert (gone.content, gone.changed, gone.last_day) == (None, (), date(2027, 3, 30))
    assert changes_of(store, here(store)) == []


def test_fields_are_those_that_changed_since_the_cursor(store: Store) -> None:
    store_ad(store, ONE, title="Kokk", sector="Privat")
    first = here(store)
    store_ad(store, ONE, Reason.CHANGED, title="Baker", sector="Privat")
    second = here(store)
    store_ad(store, ONE, Reason.CHANGED, title="Baker", sector="Offentlig")
    (since_first,) = changes_of(store, first)
    (since_second,) = changes_of(store, second)
    assert set(since_first.changed) == {"title", "sector"}
    assert set(since_second.changed) == {"sector"}


def test_a_change_to_what_has_no_field_is_one_of_the_content(store: Store) -> None:
    store_ad(store, ONE)
    after = here(store)
    store_ad(store, ONE, Reason.CHANGED, somethingNew=1)
    (changed,) = changes_of(store, after)
    assert changed.changed == ("content",)


def test_an_ad_that_is_sent_again_as_it_was_is_no_change(store: Store) -> None:
    store_ad(store, ONE)
    after = here(store)
    store_ad(store, ONE, Reason.UNCHANGED)
    drop(store, TWO)
    assert here(store) == after


def test_what_comes_back_is_added(store: Store) -> None:
    store_ad(store, ONE)
    after = here(store)
    drop(store, ONE)
    store_ad(store, ONE)
    store_ad(store, ONE, Reason.CHANGED, title="Baker")
    assert short(changes_of(store, after)) == [(ONE, "added", None)]


def test_the_end_of_the_last_day_is_a_change(store: Store) -> None:
    store_ad(store, ONE, expires="2026-11-20T23:00:00+01:00")
    store_ad(store, TWO, expires="2026-11-21T23:00:00+01:00")
    after = here(store)
    assert store.sweep(TODAY, NOW) == [(ONE, Reason.EXPIRED)]
    assert short(changes_of(store, after)) == [(ONE, "expired", "expired")]


def test_an_ad_past_its_last_day_is_reported_as_expired_before_any_sync(store: Store) -> None:
    store_ad(store, ONE, expires="2026-11-21T23:00:00+01:00")
    (today,) = changes_of(store)
    (tomorrow,) = changes_of(store, today=TODAY + timedelta(days=1))
    assert (today.kind.value, today.content is None) == ("added", False)
    assert short([tomorrow]) == [(ONE, "expired", "expired")]
    assert tomorrow.content is None


def test_entries_remove_in_the_page_s_own_transaction(tmp_path: Path) -> None:
    boundaries: list[int] = []
    with fragile(lambda: boundaries.append(1))(tmp_path / "navfeed.db") as store:
        store_ad(store, ONE)
        after = here(store)
        boundaries.clear()
        verdict = EntryDecision(ONE, remove=True, ask=False, reason=Reason.STOPPED)
        store.commit_page([verdict], [], FeedCursor(), keep_from=0, now=NOW)
        assert boundaries == [1, 1]  # before the commit, and after it
        assert short(changes_of(store, after)) == [(ONE, "removed", "stopped")]


def test_a_change_that_is_rolled_back_has_no_number(store: Store) -> None:
    store_ad(store, ONE)
    after = here(store)
    with pytest.raises(Crash):
        remove_and_crash(store)
    assert here(store) == after
    assert changes_of(store, after) == []


def remove_and_crash(store: Store) -> None:
    with writing(store.path) as db:
        ads.remove(db, ONE, Reason.STOPPED, NOW)
        crash()


# Scope, privacy, masks


def test_what_leaves_the_scope_is_removed(store: Store) -> None:
    store_ad(store, ONE)
    after = here(store)
    store.rescope(Scope(municipalities=("OSLO",)), [ONE], ask=False, now=NOW)
    assert short(changes_of(store, after)) == [(ONE, "removed", "out of scope")]


def test_an_erasure_makes_everyone_take_over_what_is_left(store: Store) -> None:
    store_ad(store, ONE, title="Kari Nordmann leder")
    store_ad(store, TWO)
    after = here(store)
    erase_person(store, term_of("Kari Nordmann"), NOW)
    (changed,) = changes_of(store, after)
    assert short([changed]) == [(ONE, "updated", "privacy")]
    assert "title" in changed.changed
    assert changed.content is not None
    assert "Nordmann" not in changed.content.raw


def test_contacts_that_are_dropped_are_a_change(store: Store) -> None:
    store_ad(store, ONE, contactList=[{"name": "Kari Nordmann", "email": "kari@example.no"}])
    store_ad(store, TWO)
    after = here(store)
    apply_contacts_setting(store, Contacts.DROP, NOW)
    (changed,) = changes_of(store, after)
    assert short([changed]) == [(ONE, "updated", "privacy")]
    assert changed.changed == ("contacts",)


@pytest.mark.parametrize("inactive", Inactive)
def test_X3_no_word_of_an_ad_that_is_gone_is_in_the_journal(
    store: Store, inactive: Inactive
) -> None:
    store.set_inactive(inactive)
    store_ad(store, ONE, title="hemmeligkanari", sector="kanarisektor")
    store_ad(store, ONE, Reason.CHANGED, title="kanarifugl", sector="fuglesektor")
    drop(store, ONE)
    with closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute("SELECT * FROM changes").fetchall()
    assert len(rows) == 1
    assert not {"kanari", "fugl"} & set(str(rows).lower().split())
    assert "kanari" not in str(rows)
    assert "fugl" not in str(rows)


# Filters


def test_an_ad_that_no_longer_fits_is_removed_for_who_filters(store: Store) -> None:
    kitchens = Filters(sector=("privat",))
    store_ad(store, ONE, sector="Privat")
    store_ad(store, TWO, sector="Offentlig")
    assert short(changes_of(store, None, kitchens)) == [(ONE, "added", None)]
    after = here(store)
    store_ad(store, ONE, Reason.CHANGED, sector="Offentlig")
    store_ad(store, THREE, sector="Offentlig")
    (gone,) = changes_of(store, after, kitchens)
    assert short([gone]) == [(ONE, "removed", "filtered")]
    assert (gone.content, gone.changed) == (None, ())
    store_ad(store, ONE, Reason.CHANGED, sector="Privat")
    assert short(changes_of(store, after, kitchens)) == [(ONE, "updated", None)]


def test_one_that_came_back_and_no_longer_fits_is_removed_too(store: Store) -> None:
    """A reader that got it and did not note it would keep it for ever."""
    kitchens = Filters(sector=("privat",))
    after = here(store)
    store_ad(store, ONE, sector="Privat")
    drop(store, ONE)
    store_ad(store, ONE, sector="Offentlig")
    assert short(changes_of(store, after, kitchens)) == [(ONE, "removed", "filtered")]


def test_more_changes_than_are_read_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "CHUNK", 2)
    ads = [uuid_named(f"ad {number}") for number in range(5)]
    for ad in ads:
        store_ad(store, ad)
    assert [change.uuid for change in changes_of(store)] == ads


# A snapshot


def test_a_snapshot_states_where_it_stands(store: Store) -> None:
    store_ad(store, ONE, sector="Privat")
    store_ad(store, TWO)
    store_ad(store, THREE, expires="2026-11-20T23:00:00+01:00")
    with Reader(store.path, TODAY) as reader:
        everything = list(reader.snapshot())
        some = list(reader.snapshot(Filters(sector=("privat",)), content=False))
        cursor = reader.cursor()
    assert sorted(short(everything)) == sorted([(ONE, "snapshot", None), (TWO, "snapshot", None)])
    assert {change.cursor for change in everything} == {cursor}
    assert all(change.content for change in everything)
    assert [(change.uuid, change.content) for change in some] == [(ONE, None)]


# Cursors


def test_K3_a_cursor_that_cannot_be_continued(store: Store, tmp_path: Path) -> None:
    store_ad(store, ONE)
    start = here(store)
    foreign = Cursor("0" * 16, 1)
    with pytest.raises(CursorError, match="of another store.*navfeed changes --snapshot"):
        changes_of(store, foreign)
    with pytest.raises(CursorError, match="ahead of the store.*navfeed changes --snapshot"):
        changes_of(store, Cursor(start.store, start.number + 1))
    drop(store, ONE)
    before = here(store)
    store_ad(store, TWO)
    store.prune_changes(NOW)
    assert short(changes_of(store, start)) == [(ONE, "removed", "stopped"), (TWO, "added", None)]
    store.prune_changes(NOW + timedelta(seconds=1))
    with pytest.raises(CursorError, match="too old.*navfeed changes --snapshot"):
        changes_of(store, start)
    assert short(changes_of(store, before)) == [(TWO, "added", None)]
    assert short(changes_of(store)) == [(TWO, "added", None)]


def test_a_copy_has_a_name_of_its_own(store: Store, tmp_path: Path) -> None:
    store_ad(store, ONE)
    cursor = here(store)
    with (tmp_path / "copy.db").open("w+b") as out:
        copy(store.path, out)
    with Store(tmp_path / "copy.db") as other:
        assert here(other).store != cursor.store
        assert here(other).number == cursor.number
        with pytest.raises(CursorError, match="another store"):
            changes_of(other, cursor)


def test_two_stores_have_two_names(store: Store, tmp_path: Path) -> None:
    with Store(tmp_path / "other.db") as other:
        assert here(other).store != here(store).store


@pytest.mark.parametrize(
    "text", ["", "12", "abc:12", f"{'a' * 16}:", f"{'a' * 16}:-1", f"{'a' * 16}:{'9' * 19}"]
)
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match=rf"^{text}$"):
        read_cursor(text)


def test_a_cursor_reads_as_it_was_written() -> None:
    cursor = Cursor("0123456789abcdef", 17)
    assert read_cursor(f"{cursor}\n") == cursor


def test_a_run_drops_what_is_too_old(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "navfeed.db", ("one", "ACTIVE", 1))
    bench.feed.active = active(["one"])
    bench.sync()
    bench.feed.active = {}
    with Store(bench.path) as store:
        drop(store, uuid_named("one"))
        start = Cursor(here(store).store, 0)
    bench.pass_time(timedelta(days=300))
    bench.sync(keep_changes=timedelta(days=400))
    with Reader(bench.path, TODAY) as reader:
        assert [change.kind for change in reader.changes(start)] == ["removed"]
    bench.sync(keep_changes=timedelta(days=299))
    with Reader(bench.path, TODAY) as reader, pytest.raises(CursorError):
        reader.changes(start)
