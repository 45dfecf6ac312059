"""`navfeed doctor` on watches: what keeps notifications back, and what to do about it."""

from __future__ import annotations

import json
import sqlite3

import pytest

from cli.support import ad, fill
from watches.subscriber import Subscriber

FAILING = "webhook:127.0.0.1 has been failing since 2026-11-21 13:00 +01:00"


def diagnose(me: Subscriber) -> list[tuple[str, str, str]]:
    """The level, the finding and the advice of each check of the watches."""
    config = me.folder / "navfeed.toml"
    config.write_text(f'db = "{me.db}"\n')
    result = me.run("doctor", "--offline", "--format", "json", "--config", str(config))
    return [
        (one["level"], one["message"], one["advice"])
        for one in json.loads(result.stdout)
        if one["check"] == "watches"
    ]


@pytest.fixture(autouse=True)
def no_file_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NAVFEED_WATCHES_FILE", raising=False)


def test_without_watches_there_is_no_finding(me: Subscriber):
    assert diagnose(me) == []
    assert not me.state.exists()


def test_working_watches_are_counted(me: Subscriber):
    me.add()
    me.add("oslo", "--municipal", "oslo")
    me.do("watch", "run")
    assert diagnose(me) == [("ok", "2 watches, 1 target", "")]


def test_a_watch_that_never_ran(me: Subscriber):
    me.watches.write_text('[watch.bergen]\nmunicipal = "BERGEN"\n')
    (finding,) = diagnose(me)
    assert finding[:2] == ("warning", "bergen has not run yet")
    assert "--then-watch" in finding[2]
    assert not me.state.exists()  # a diagnosis changes nothing


def test_a_watch_that_stopped_running(me: Subscriber):
    me.add()
    me.do("watch", "run")
    me.pass_time(days=2)
    me.sync()
    (finding,) = diagnose(me)
    assert finding[1] == "bergen last ran with the data of 2026-11-21 13:00 +01:00"


def test_a_failing_channel_and_what_waits_for_it(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--to", "webhook:http://127.0.0.1:1/secret")
    me.add("nurses", "--text", "sykepleier", "--to", "webhook:http://127.0.0.1:1/secret")
    me.sync(ad(3))
    assert me.run("watch", "run").exit_code == 4
    me.pass_time(hours=2)
    me.sync(ad(4))
    assert me.run("watch", "run").exit_code == 4
    (finding,) = diagnose(me)
    assert finding == (
        "warning",
        f"{FAILING} (2 attempts, 2 notifications pending since then)",
        "Retry now and see the reason: `navfeed watch run --now`",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[watch.x", "cannot read the watches in"),
        ("[watch.x]\nmunicipl = 'A'", "watch.x.municipl: unknown (did you mean municipality?)"),
    ],
)
def test_a_watch_file_with_a_mistake(me: Subscriber, text: str, message: str):
    me.watches.write_text(text)
    (finding,) = diagnose(me)
    assert finding[0] == "failure"
    assert message in finding[1]
    assert me.run("doctor", "--offline", "--config", str(me.folder / "navfeed.toml")).exit_code == 2


def test_filters_that_changed_or_cannot_be_read(me: Subscriber):
    me.add()
    me.watches.write_text(me.watches.read_text().replace('bergen"', 'oslo"'))
    with me.watches.open("a") as file:
        file.write('\n[watch.odd]\npublished = "soon"\n')
    changed, odd = diagnose(me)
    assert "`navfeed watch edit bergen`" in changed[1]
    assert "odd cannot run: --published takes a day" in odd[1]


def test_a_foreign_file_in_the_place_of_the_state(me: Subscriber):
    me.watches.write_text('[watch.bergen]\nmunicipal = "BERGEN"\n')
    with sqlite3.connect(me.state) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    me.state.chmod(0o600)
    (finding,) = diagnose(me)
    assert finding[0] == "failure"
    assert "is not a state file of navfeed" in finding[1]


def test_files_that_others_can_read(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--to", "webhook:http://127.0.0.1:1/secret")
    me.do("watch", "run")
    me.state.chmod(0o640)
    me.watches.chmod(0o644)
    (finding,) = diagnose(me)[:1]
    assert finding[1] == f"others can read {me.state} {me.watches}"
    assert finding[2] == f"chmod 600 {me.state} {me.watches}"


def test_a_damaged_store_is_the_stores_own_finding(me: Subscriber):
    me.add()
    me.db.write_bytes(b"no store")
    assert diagnose(me) == []


def test_an_incomplete_store_has_no_pending_notifications_to_count(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--to", "webhook:http://127.0.0.1:1/secret")
    me.sync(ad(3))
    assert me.run("watch", "run").exit_code == 4
    me.db.unlink()
    fill(me.db)
    (finding,) = diagnose(me)
    assert finding[1] == f"{FAILING} (1 attempt)"
