"""`contacts = drop`: never written, taken out of texts, and exact all the same."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from navfeed.model import Contacts, PrivacyPolicy, Reason
from navfeed.privacy.erasure import apply_contacts_setting
from navfeed.store.writer import Store
from support.bench import Bench
from support.lab import Lab
from support.scripted import BEGAN, active, scripted_content, uuid_named

PERSON = {"name": "Kari Nordmann", "email": "kari@example.no", "phone": "22 33 44 55"}
TELLS: dict[str, Any] = {
    "title": "Kokk, ring 918 12 345",
    "description": "<p>Spør <a href='mailto:kari@example.no'>Kari</a>, tlf. 22&nbsp;33 44 55.</p>",
    "applicationDue": "Snarest til sjef@example.no",
    "applicationUrl": "https://example.no/stilling/22334455",
    "employer": {"name": "Kro", "orgnr": "974 760 673", "description": "Sentralbord: 22334455"},
    "workLocations": [{"municipal": "BERGEN", "address": "Kai 1 (+47 22 33 44 55)"}],
    "contactList": [PERSON],
}
LOOSE = ("kari@", "sjef@", "22 33 44 55", "22&nbsp;33", "918 12 345", "Sentralbord: 2", "Nordmann")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


@pytest.fixture
def bench(path: Path) -> Bench:
    bench = Bench(path, ("ad", "ACTIVE", 1))
    bench.feed.active = active(["ad"], **TELLS)
    return bench


def take_up(path: Path, contacts: Contacts | None) -> None:
    with Store(path) as store:
        apply_contacts_setting(store, contacts, BEGAN)


def files(path: Path) -> str:
    return b"".join(one.read_bytes() for one in path.parent.iterdir()).decode(errors="replace")


def reasons(bench: Bench, **plan: Any) -> list[Reason]:
    return sorted(bench.sync(**plan).counts.reasons.elements())


def test_dropped_contacts_are_never_written(bench: Bench, path: Path) -> None:
    take_up(path, Contacts.DROP)
    assert reasons(bench) == [Reason.NEW]
    held = files(path)
    assert [text for text in LOOSE if text in held] == []
    for kept in ("Kokk, ring", "https://example.no/stilling/22334455", "974 760 673", "Kai 1 ("):
        assert kept in held


def test_what_is_left_is_raw_content_and_columns_alike(bench: Bench, path: Path) -> None:
    take_up(path, Contacts.DROP)
    bench.sync()
    with Store(path) as store:
        [(_, output)] = store.iter_contents()
    assert json.loads(output.raw)["contactList"] == list(output.contacts) == []
    assert output.title == json.loads(output.raw)["title"] == "Kokk, ring [removed]"
    assert output.locations[0].address == "Kai 1 ([removed])"


def test_an_ad_that_nav_left_as_it_was_is_unchanged_here_too(bench: Bench, path: Path) -> None:
    take_up(path, Contacts.DROP)
    bench.sync()
    bench.clock += timedelta(days=20)
    assert reasons(bench) == [Reason.UNCHANGED]
    assert reasons(bench) == []


def test_kept_contacts_cost_nothing_and_stay_to_the_letter(bench: Bench, path: Path) -> None:
    bench.sync()
    with Store(path) as store:
        assert list(store.iter_contents()) == [
            (uuid_named("ad"), bench.feed.active[uuid_named("ad")])
        ]
        assert store.privacy_policy() == PrivacyPolicy()


def test_dropping_later_takes_them_out_of_what_is_there(bench: Bench, path: Path) -> None:
    bench.sync()
    checked = "SELECT checked_at FROM ads"
    lab = Lab(path)
    before = lab.rows(checked)
    take_up(path, Contacts.DROP)
    with Store(path) as store:
        assert store.erasure_owed()
        assert store.purge()
    assert [text for text in LOOSE if text in files(path)] == []
    assert lab.rows(checked) == before  # NAV confirmed nothing
    bench.clock += timedelta(days=20)
    assert reasons(bench) == [Reason.UNCHANGED]


def test_keeping_again_fetches_them_again(bench: Bench, path: Path) -> None:
    take_up(path, Contacts.DROP)
    bench.sync()
    take_up(path, Contacts.KEEP)
    assert reasons(bench) == [Reason.CHANGED]
    assert Lab(path).rows("SELECT name, email, phone FROM contacts") == [tuple(PERSON.values())]


@pytest.mark.parametrize("contacts", [None, Contacts.DROP])
def test_what_is_so_already_is_not_done_again(
    bench: Bench, path: Path, contacts: Contacts | None
) -> None:
    take_up(path, Contacts.DROP)
    bench.sync()
    take_up(path, contacts)
    with Store(path) as store:
        assert store.privacy_policy().contacts is Contacts.DROP
        assert not store.erasure_owed()
        assert store.waiting(BEGAN) == (0, 0)


def test_a_change_that_is_cut_off_leaves_all_as_it_was(bench: Bench, path: Path) -> None:
    bench.feed.log.append(("other", "ACTIVE", 2))
    bench.feed.active |= active(["other"], **TELLS)
    bench.sync()

    def cut_off() -> Any:
        yield uuid_named("ad"), scripted_content(uuid_named("ad"))
        raise KeyboardInterrupt

    with Store(path) as store, pytest.raises(KeyboardInterrupt):
        store.set_contacts(Contacts.DROP, cut_off(), BEGAN)
    with Store(path) as store:
        assert store.privacy_policy().contacts is Contacts.KEEP
        assert dict(store.iter_contents()) == bench.feed.active


def test_verify_finds_no_difference_in_what_was_dropped(tmp_path: Path) -> None:
    from navfeed.sync.engine import Plan, verify
    from navfeed.sync.walk import Start
    from navfeed.sync.workers import Stop

    lab = Lab(tmp_path / "navfeed.db", page_size=5)
    take_up(lab.path, Contacts.DROP)
    for _ in range(6):
        lab.world.publish()
    lab.sync()
    assert lab.rows("SELECT count(*) FROM ads") == [(6,)]
    assert lab.rows("SELECT * FROM contacts") == []
    assert not lab.rows("SELECT 1 FROM ads WHERE content LIKE '%@%' OR description LIKE '%@%'")
    plan = Plan(start=Start(), workers=1)
    with Store(lab.path) as store, lab.feed() as feed:
        checked = list(verify(feed, store, plan, repair=False, clock=lab.now, stop=Stop()))
    assert [one.differences for one in checked if one.differences] == []
