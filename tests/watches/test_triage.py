"""What somebody made of an ad: saved, applied for, ignored; and the notes, which outlive it."""

from __future__ import annotations

import json

import pytest

from cli.support import ad, uuid_of
from watches.subscriber import Subscriber


def listed(me: Subscriber, *words: str) -> list[dict]:
    return json.loads(me.do("list", "--saved", "--format", "json", *words))


def test_a_saved_ad_is_listed_with_its_note(me: Subscriber):
    me.sync(ad(3))
    output = me.run("save", uuid_of(3)[:8], "--note", "ring Kari mandag")
    assert (output.exit_code, output.stdout) == (0, "")
    assert output.stderr == "navfeed: saved: Sykepleier natt (00000003)\n"
    assert me.run("save", uuid_of(3)).stderr == output.stderr
    (one,) = listed(me)
    assert (one["uuid"], one["note"]) == (uuid_of(3), "ring Kari mandag")
    assert listed(me, "--municipal", "oslo") == []
    assert listed(me, "--uuid", uuid_of(1)) == []
    assert me.do("list", "--saved").split("\t")[-1] == "ring Kari mandag\n"
    assert "note" not in json.loads(me.do("list", "--format", "json"))[0]


def test_ads_are_listed_by_what_was_made_of_them(me: Subscriber):
    me.sync(ad(3), ad(4))
    for command, number in (("save", 1), ("applied", 2), ("ignore", 3)):
        me.do(command, uuid_of(number), "--note", command)
    for words, found in {
        ("--applied",): ["applied"],
        ("--ignored",): ["ignore"],
        ("--saved", "--applied"): ["applied", "save"],
        ("--applied", "--uuid", uuid_of(1)): [],
    }.items():
        ads = json.loads(me.do("list", *words, "--json", "title"))
        assert sorted(one["note"] for one in ads) == found


def test_without_saved_ads_the_list_is_empty(me: Subscriber):
    assert listed(me) == []


def test_a_note_survives_the_ad_and_its_text_does_not(me: Subscriber):
    me.do("save", uuid_of(1), "--note", "spurte om turnus")
    me.sync(stop=[1])
    result = me.run("list", "--saved", "--format", "json")
    assert json.loads(result.stdout) == []
    assert f"saved, no longer active: {uuid_of(1)}: spurte om turnus" in result.stderr
    assert b"Sykepleier" not in me.state.read_bytes()
    assert me.run("applied", uuid_of(1)[:8]).stderr == f"navfeed: applied: {uuid_of(1)}\n"
    assert f"applied, no longer active: {uuid_of(1)}" in me.run("list", "--applied").stderr
    assert "no longer active" not in me.run("list", "--saved").stderr


def test_a_mark_is_removed_without_the_store(me: Subscriber):
    me.do("save", uuid_of(1))
    me.db.unlink()
    assert me.run("save", uuid_of(1), "--undo").stderr == f"navfeed: not saved: {uuid_of(1)}\n"
    assert me.run("save", uuid_of(1)).exit_code == 7


def test_a_mark_can_change_and_keeps_its_note(me: Subscriber):
    me.do("save", uuid_of(1), "--note", "god plass")
    me.do("applied", uuid_of(1))
    assert listed(me) == []
    me.do("save", uuid_of(1))
    assert listed(me)[0]["note"] == "god plass"
    me.do("save", uuid_of(1), "--undo")
    assert listed(me) == []
    assert b"god plass" not in me.state.read_bytes()


def test_an_ignored_ad_is_never_delivered(me: Subscriber):
    me.add()
    me.sync(ad(3, applicationDue="2026-11-26"), ad(4))
    me.do("ignore", uuid_of(3))
    assert me.notified() == [("new", 4)]
    me.sync(ad(3, title="Annet"), ad(4, title="Annet"))
    me.do("ignore", uuid_of(4))
    assert me.notified() == []
    me.pass_time(days=3)
    me.sync(stop=[3, 4])
    assert me.notified() == []


def test_a_deadline_is_not_announced_after_applying(me: Subscriber):
    me.add()
    me.sync(ad(3, applicationDue="2026-11-26"))
    me.notified()
    me.do("applied", uuid_of(3), "--note", "sendt")
    me.pass_time(days=3)
    me.sync()
    assert me.notified() == []
    me.sync(ad(3, title="Sykepleier dag"))
    output = me.do("watch", "run")
    assert "You applied for it" in output
    assert "Your note: sendt" in output


def test_notes_go_where_nobody_reads_along(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--to", f"atom:{me.folder / 'feed.xml'}")
    me.sync(ad(3))
    me.do("save", uuid_of(3), "--note", "min hemmelighet")
    me.do("watch", "run")
    assert "hemmelighet" not in (me.folder / "feed.xml").read_text()


@pytest.mark.parametrize("command", ["save", "applied", "ignore"])
def test_an_ad_that_is_not_there(me: Subscriber, command):
    result = me.run(command, "ffff")
    assert result.exit_code == 2
    assert "no active ad has an id that begins with 'ffff'" in result.stderr


def test_half_an_id_is_not_enough_where_two_match(me: Subscriber):
    me.do("save", uuid_of(1))
    me.do("save", uuid_of(2))
    result = me.run("save", "0000000")
    assert result.exit_code == 2
    assert "0000000 is ambiguous: 00000001, 00000002. Give more of the id" in result.stderr
