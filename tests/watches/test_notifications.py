"""What is delivered, and that it is delivered once."""

from __future__ import annotations

import json

import pytest

from cli.support import ad, fill, uuid_of
from navfeed.model import DetailDecision, Reason
from navfeed.store.writer import Store
from support.clock import NOW
from support.sql import rows
from watches.subscriber import OSLO, Subscriber


def test_what_matches_when_a_watch_starts_is_not_delivered(me: Subscriber):
    me.add()
    assert me.notified() == []
    me.sync(ad(3), ad(4, workLocations=OSLO))
    assert me.notified() == [("new", 3)]
    assert me.notified() == []


def test_what_came_between_adding_and_the_first_run_is_delivered(me: Subscriber):
    me.add()
    me.sync(ad(3))
    assert me.notified() == [("new", 3)]


def test_a_watch_written_by_hand_starts_with_its_first_run(me: Subscriber):
    me.watches.write_text('[watch.bergen]\nmunicipal = "BERGEN"\n')
    result = me.run("watch", "run")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Ads that match already are skipped (1); --backlog" in result.stderr
    me.sync(ad(3))
    assert me.notified() == [("new", 3)]


def test_the_backlog_is_delivered_on_request(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--backlog")
    assert me.notified() == [("new", 1)]
    me.add("oslo", "--municipal", "oslo")
    assert me.notified() == []
    assert me.notified("oslo", "--backlog") == [("new", 2)]
    assert me.notified("oslo", "--backlog") == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"title": "Sykepleier dag"}, "title"),
        ({"applicationDue": "2026-12-20"}, "deadline"),
        ({"workLocations": [*ad(1)["workLocations"], *OSLO]}, "place"),
    ],
)
def test_a_change_that_matters_is_delivered_once(me: Subscriber, change, part):
    me.add()
    me.sync(ad(1, **change))
    output = json.loads(me.do("watch", "run", "--format", "json"))
    (item,) = output["watches"][0]["ads"]
    assert (item["trigger"], item["changed"]) == ("changed", [part])
    assert me.notified() == []


def test_a_change_that_does_not_matter_is_not_delivered(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--changes", "deadline")
    me.sync(ad(1, title="Sykepleier dag", description="<p>Annet</p>", positioncount="3"))
    assert me.notified() == []
    me.sync(ad(1, title="Sykepleier dag", applicationDue="2026-12-20"))
    assert me.notified() == [("changed", 1)]


def test_what_closes_soon_is_delivered_once(me: Subscriber):
    me.add()
    me.sync(ad(3, applicationDue="2026-11-26"))
    assert me.notified() == [("new", 3)]
    me.pass_time(days=2)  # it closes on the 26th, in three days
    me.sync()
    assert me.notified() == [("closing", 3)]
    me.pass_time(days=1)
    me.sync()
    assert me.notified() == []


def test_a_new_ad_that_closes_soon_is_marked_so_and_not_delivered_again(me: Subscriber):
    me.add()
    me.sync(ad(3, applicationDue="2026-11-22"))
    output = json.loads(me.do("watch", "run", "--format", "json"))
    assert output["watches"][0]["ads"][0]["closes_in_days"] == 1
    assert me.notified() == []


def test_a_deadline_that_moved_may_come_near_again(me: Subscriber):
    me.add()
    me.sync(ad(3, applicationDue="2026-11-22"))
    me.notified()
    me.sync(ad(3, applicationDue="2026-11-30"))
    assert me.notified() == [("changed", 3)]
    me.pass_time(days=7)
    me.sync()
    assert me.notified() == [("closing", 3)]


def test_a_gone_ad_is_reported_to_who_received_it(me: Subscriber):
    me.add()
    me.sync(ad(3))
    me.notified()
    me.sync(stop=[1, 3])
    output = me.do("watch", "run", "--format", "json")
    (item,) = json.loads(output)["watches"][0]["ads"]
    assert (item["trigger"], item["uuid"]) == ("gone", uuid_of(3))
    assert item["title"] is item["link"] is item["application_url"] is None
    assert "Sykepleier" not in output
    assert me.notified() == []
    me.sync(ad(3))
    assert me.notified() == [("new", 3)]


def test_an_ad_whose_details_wait_is_not_gone(me: Subscriber):
    me.add()
    me.sync(ad(3))
    me.notified()
    me.sync(stop=[3])
    rows(
        me.db,
        "INSERT INTO queue (ad, reason, queued_at) VALUES (?, 'changed', ?)",
        *(uuid_of(3), "2026-11-21T12:00:00+00:00"),
    )
    assert me.notified() == []


def test_an_ad_that_left_the_scope_is_not_gone(me: Subscriber):
    me.add()
    me.sync(ad(3))
    me.notified()
    with Store(me.db) as store:
        store.commit_details([DetailDecision(uuid_of(3), Reason.OUT_OF_SCOPE)], [], NOW)
    assert me.notified() == []
    me.sync(stop=[3])
    assert me.notified() == [("gone", 3)]


def test_other_triggers_are_not_delivered(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--notify", "closing")
    me.sync(ad(3, applicationDue="2026-11-26"))
    assert me.notified() == []
    me.sync(ad(3, applicationDue="2026-11-25", title="Annet"))
    assert me.notified() == []
    me.pass_time(days=2)
    me.sync()
    assert me.notified() == [("closing", 3)]
    me.sync(stop=[3])
    assert me.notified() == []


def test_an_ad_that_became_inactive_before_its_delivery_is_dropped(me: Subscriber):
    me.add()
    me.sync(ad(3))
    me.sync(stop=[3])
    assert me.notified() == []


def test_a_store_that_is_rebuilt_delivers_nothing_again(me: Subscriber):
    me.add()
    me.sync(ad(3))
    me.notified()
    for file in me.folder.glob("navfeed.db*"):
        if not file.name.startswith(me.state.name):
            file.unlink()
    fill(me.db)
    result = me.run("watch", "run")
    assert (result.exit_code, result.stdout) == (8, "")
    assert "bergen did not run: the data is incomplete" in result.stderr
    fill(me.db, ad(1), ad(3), ad(5))
    assert me.notified() == [("new", 5)]


def test_a_store_that_was_restored_delivers_nothing_until_it_has_caught_up(me: Subscriber):
    me.add()
    me.do("backup", str(me.folder / "copy.db"))
    me.pass_time(hours=1)
    me.sync(ad(3))
    assert me.notified() == [("new", 3)]
    me.do("restore", str(me.folder / "copy.db"), "--yes")
    result = me.run("watch", "run")
    assert (result.exit_code, result.stdout) == (8, "")
    assert "older than at the last delivery" in result.stderr
    me.pass_time(hours=1)
    me.sync(ad(3), ad(4))
    assert me.notified() == [("new", 4)]


def test_old_data_can_be_refused_and_is_never_passed_off_as_new(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--backlog")
    me.pass_time(days=3)
    refused = me.run("watch", "run", "--max-age", "1d")
    assert (refused.exit_code, refused.stdout) == (8, "")
    output = me.do("watch", "run")
    assert "3 days ago. Ads may have been withdrawn since." in output


def test_each_ad_is_delivered_once_though_it_matches_several_watches(me: Subscriber):
    me.add("bergen")
    me.add("nurses", "--text", "sykepleier")
    me.sync(ad(3), ad(4, workLocations=OSLO))
    output = json.loads(me.do("watch", "run", "--format", "json"))
    assert [watch["watch"] for watch in output["watches"]] == ["bergen", "nurses"]
    assert [[one["uuid"] for one in watch["ads"]] for watch in output["watches"]] == [
        [uuid_of(3)],
        [uuid_of(4)],
    ]
    assert output["watches"][0]["ads"][0]["also_matches"] == ["nurses"]
    assert me.notified() == []


def test_who_went_away_during_the_output_is_notified_again(me: Subscriber, monkeypatch):
    me.add()
    me.sync(ad(3))

    def gone(*_: object) -> None:
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr("navfeed.cli._watch_runs.text_stdout", gone)
        me.run("watch", "run")
    assert me.notified() == [("new", 3)]


def test_the_state_holds_no_text_and_is_its_owners(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--backlog")
    me.notified()
    assert me.state.stat().st_mode & 0o777 == 0o600
    raw = me.state.read_bytes()
    assert not [text for text in (b"sykepleier", b"fana", b"storgata") if text in raw.lower()]
