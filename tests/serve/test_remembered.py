"""What is remembered holds for one state of the store, and for no other."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from cli.support import ad, store_ads, uuid_of
from navfeed.errors import ConfigError
from navfeed.model import DetailDecision, Reason
from navfeed.serve.remembered import Remembered
from navfeed.store.writer import Store
from serve.support import serving
from support.clock import NOW


def test_a_result_is_made_once_for_each_state() -> None:
    remembered = Remembered(most=9)
    results = [remembered.get(state, "ads", iter([state]).__next__) for state in "aab"]
    assert results == ["a", "a", "b"]


def test_another_state_empties_it() -> None:
    """Also one from before, of a request that began then: two states are never there at once."""
    remembered = Remembered(most=9)
    numbers = iter(range(9))
    assert [remembered.get(state, "ads", numbers.__next__) for state in "aba"] == [0, 1, 2]


def test_the_least_used_is_forgotten() -> None:
    remembered = Remembered(most=2)
    numbers = iter(range(9))
    made = [remembered.get("a", key, numbers.__next__) for key in "xyxzxy"]
    assert made == [0, 1, 0, 2, 0, 3]


def test_who_waits_for_what_fails_gets_the_same_error_and_it_is_made_again() -> None:
    remembered = Remembered(most=9)
    is_made, go_on = Event(), Event()
    errors: list[ConfigError] = []

    def fail() -> int:
        is_made.set()
        assert go_on.wait(30)
        raise ConfigError("no search")

    def want() -> None:
        try:
            remembered.get("a", "ads", fail)
        except ConfigError as error:
            errors.append(error)

    callers = [Thread(target=want)]
    callers[0].start()
    assert is_made.wait(30)
    callers.append(Thread(target=want))
    callers[1].start()
    go_on.set()
    for one in callers:
        one.join(30)
    assert len(errors) == 2
    assert remembered.get("a", "ads", lambda: 7) == 7


def test_a_failure_takes_nothing_away_that_another_state_made() -> None:
    remembered = Remembered(most=9)

    def fail() -> int:
        assert remembered.get("b", "ads", lambda: 1) == 1
        raise ConfigError("of the state before")

    with pytest.raises(ConfigError):
        remembered.get("a", "ads", fail)
    assert remembered.get("b", "ads", lambda: 2) == 1


LISTS = (
    *("/", "/?text=natt", "/?municipal=BERGEN", "/map", "/api/ads", "/api/ads?text=natt"),
    *("/api/stats", "/feed.atom", "/feed.atom?municipal=BERGEN"),
    *("/public-feed/api/v1/ads", "/public-feed/api/v1/ads?municipal=BERGEN"),
)


@pytest.mark.parametrize("path", LISTS)
def test_an_ad_that_was_taken_out_is_in_no_answer(tmp_path: Path, path: str) -> None:
    """Each answer is that of a service which never saw the ad."""
    with serving(tmp_path / "a.db", [ad(1), ad(2, title="Borte")], {}) as service:
        before = service.get(path)
        assert service.get(path).body == before.body
        with Store(service.db) as store:
            store.commit_details([DetailDecision(uuid_of(2), Reason.INACTIVE)], [], NOW)
        after = service.get(path)
        with serving(service.db, [], {}) as anew:
            assert anew.get(path).body == after.body != before.body
        assert b"Borte" not in after.body
        assert uuid_of(2).encode() not in after.body
        with Store(service.db) as store:
            store_ads(store, [ad(2, title="Borte")])
        assert (uuid_of(2) if "/ads" in path else "2").encode() in service.get(path).body
