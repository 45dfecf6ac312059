"""The commands around the file of watches: written, shown, changed, taken out, tried."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from typing import Any

import pytest

from cli.support import ad, answer, fill, process, uuid_of
from cli.terminal import on_terminal, read_to_the_end
from support.warm import navfeed_command
from watches.subscriber import OSLO, Subscriber


def written(me: Subscriber) -> dict[str, Any]:
    return tomllib.loads(me.watches.read_text(encoding="utf-8"))["watch"]


def test_a_watch_is_a_table_that_people_can_read(me: Subscriber):
    me.add(
        *("bergen-natt", "--text", "sykepleier natt", "--municipal", "BERGEN,OSLO"),
        *("--published-since", "30", "--to", "stdout", "--to", "mail:me@example.org"),
        *("--notify", "new", "--notify", "closing", "--changes", "deadline", "--closing-days", "5"),
        *("--format", "html"),
    )
    assert written(me)["bergen-natt"] == {
        "text": ["sykepleier natt"],
        "municipality": ["BERGEN,OSLO"],
        "published_since": "30",
        "to": ["stdout", "mail:me@example.org"],
        "notify": ["new", "closing"],
        "changes": ["deadline"],
        "closing_days": 5,
        "format": "html",
    }
    assert me.watches.stat().st_mode & 0o777 == 0o600
    (shown,) = json.loads(me.do("watch", "list", "--format", "json"))
    assert shown["watch"] == "bergen-natt"
    assert shown["notify"] == ["new", "closing"]
    assert "--text 'sykepleier natt' --municipality BERGEN,OSLO" in me.do("watch", "list")


def test_adding_reports_what_matches(me: Subscriber):
    output = me.run("watch", "add", "bergen", "--municipal", "bergen").stderr
    assert "bergen has started. Ads that match today (1) are not delivered" in output
    output = me.run("watch", "add", "narvik", "--municipal", "narvik", "--text", "natt").stderr
    assert "No ad matches today; `navfeed watch preview narvik`" in output


def test_adding_and_editing_suggest_what_may_have_been_meant(me: Subscriber):
    hint = "no ad matches --municipality Bergn (did you mean BERGEN?)"
    assert hint in me.run("watch", "add", "bergen", "--municipality", "Bergn").stderr
    assert hint in me.run("watch", "edit", "bergen", "--municipality", "Bergn,OSLO").stderr
    assert "did you mean" not in me.run("watch", "edit", "bergen", "--municipality", "OSLO").stderr


@pytest.mark.parametrize(
    ("words", "matching"),
    [
        (("--near", "BERGEN"), 1),
        (("--near", "BERGEN", "--within", "30km"), 1),
        (("--published-since", "30"), 2),
        (("--expires-before", "30"), 2),
        (("--due-before", "30"), 2),
        (("--closing-soon",), 0),
        (("--municipality", "BERGEN", "--closing-soon"), 0),
    ],
)
def test_a_watch_may_have_every_filter_that_is_no_list(me: Subscriber, words, matching):
    me.add("mine", *words)
    listed = me.do("list", "--columns", "uuid", *words).splitlines()
    assert len(listed) == matching
    pending = me.notified("--backlog")
    assert len(pending) == matching
    shown = me.do("watch", "show", "mine")
    assert " ".join(words) in shown


def test_a_watch_can_be_added_before_there_is_a_store(me: Subscriber):
    me.db.unlink()
    output = me.run("watch", "add", "bergen", "--municipal", "bergen")
    assert (output.exit_code, "starts with the first complete copy" in output.stderr) == (0, True)
    fill(me.db, ad(1))
    assert me.notified() == []
    me.sync(ad(3))
    assert me.notified() == [("new", 3)]


def test_a_watch_that_waits_for_the_first_copy_may_be_edited_by_hand(me: Subscriber):
    me.db.unlink()
    me.add()
    me.watches.write_text(me.watches.read_text().replace("bergen", "oslo"))
    me.watches.write_text(me.watches.read_text().replace("[watch.oslo]", "[watch.bergen]"))
    fill(me.db, ad(1), ad(2, workLocations=OSLO))
    assert me.notified() == []
    me.sync(ad(3, workLocations=OSLO))
    assert me.notified() == [("new", 3)]


def test_a_preview_of_a_watch_that_has_not_started_shows_that_it_skips_these(me: Subscriber):
    me.watches.write_text('[watch.natt]\nmunicipal = "BERGEN"\n')
    result = me.run("watch", "preview", "natt")
    assert "NEW: Sykepleier natt" in result.stdout
    assert (
        "natt has not started: its first run does not deliver the ads that match today (1), "
        "except with --backlog"
    ) in result.stderr
    shown = json.loads(me.do("watch", "preview", "natt", "--format", "json"))
    assert (shown["count"], shown["started"]) == (1, False)
    me.do("watch", "run")
    assert json.loads(me.do("watch", "preview", "natt", "--format", "json"))["started"] is True


def test_without_watches_there_is_a_next_step(me: Subscriber):
    assert "`navfeed watch init` creates one" in me.run("watch", "list").stderr
    result = me.run("watch", "show", "bergen")
    assert (result.exit_code, "no watch is called 'bergen'" in result.stderr) == (2, True)
    assert me.do("watch", "run") == ""


def test_the_file_is_found_beside_the_settings(me: Subscriber, monkeypatch):
    config = me.folder / "navfeed.toml"
    config.write_text(f'db = "{me.db}"\n')
    answer(me.db, "watch", "add", "bergen", "--municipal", "bergen", "--config", str(config))
    assert "bergen" in written(me)
    other = me.folder / "other.toml"
    monkeypatch.setenv("NAVFEED_WATCHES_FILE", str(other))
    answer(me.db, "watch", "add", "oslo", "--municipal", "oslo")
    assert "oslo" in other.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a b", "--municipal", "x"], "a name consists of letters, digits, - and _"),
        (["all"], "a watch without filters would match every ad"),
        (["x", "--municipal", "x", "--to", "fax:1"], "unknown channel 'fax'. Use one of stdout"),
        (
            ["x", "--municipal", "x", "--to", "mail:me"],
            "mail needs a single mail address",
        ),
        (["x", "--municipal", "x", "--to", "atom:"], "atom needs an address, such as atom:~/feeds"),
        (["x", "--municipal", "x", "--to", "slack:ftp://x"], "slack needs an http or https URL"),
        (["x", "--municipal", "x", "--to", "webhook:http://[x"], "needs an http or https URL"),
        (
            ["x", "--municipal", "x", "--to", 'command:a "b'],
            "unbalanced quotation marks",
        ),
        (["x", "--municipal", "x", "--to", "stdout:y"], "stdout takes no address"),
        (["x", "--published", "soon"], "--published takes a day"),
    ],
)
def test_what_cannot_be_used_is_not_written(me: Subscriber, words, message):
    me.add()
    before = me.watches.read_bytes()
    result = me.run("watch", "add", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert me.watches.read_bytes() == before


def test_a_name_is_taken_once(me: Subscriber):
    me.add()
    result = me.run("watch", "add", "bergen", "--municipal", "oslo")
    assert (result.exit_code, "`navfeed watch edit bergen`" in result.stderr) == (
        2,
        True,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[watch.x]\nmunicipl = 'A'", "watch.x.municipl: unknown (did you mean municipality?)"),
        (
            "[watch.x]\nmunicipal = [1.5]",
            "municipal: expected a string or a list of strings",
        ),
        ("[watch]\nx = 1", "watch.x: expected a table, [watch.x]"),
        (
            "[watch.x]\nmunicipal = 'A'\nmunicipality = 'B'",
            "watch.x.municipality: this filter is here twice, under two names",
        ),
        ("[wach.x]\nmunicipal = 'A'", "wach: unknown (did you mean watch?)"),
        (
            "[watch.x]\ntext='a'\nnotify = 'old'",
            "watch.x.notify: expected new, changed",
        ),
        ("[watch.x]\ntext='a'\nclosing_days = 99", "expected an integer from 0 to 60, not 99"),
        ("[watch.x]\nclosing_soon = false", "closing_soon: expected true, or no closing_soon"),
        ("[watch.x]\nmunicipal = true", "municipal: expected a string or a list of strings"),
        ("[mail]\nhost = 'x'", "mail: it needs host and from"),
        ("[mail]\nhost = 1\nfrom = 'a@b'", "mail.host: expected a string, not 1"),
        (
            "[mail]\nhost = 'mail.example'\nfrom = 'a@b'\nsecurity = 'none'",
            "unencrypted mail is for a server on this machine only: use starttls or tls",
        ),
        (
            "[delivery]\nquiet_hours = '22'",
            'quiet_hours: expected hours such as "22:00-07:00"',
        ),
        ("[delivery]\nquiet_hours = '22-26'", "delivery.quiet_hours: expected hours such as"),
        ("[delivery]\nmin_interval = 'often'", "delivery.min_interval takes seconds, or 90m"),
        ("[watch.x", "cannot read the watches in"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(me: Subscriber, text, message):
    me.watches.write_text(text)
    result = me.run("watch", "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert str(me.watches) in result.stderr


def test_a_filter_that_cannot_be_read_stops_that_watch_alone(me: Subscriber):
    me.add()
    with me.watches.open("a") as file:
        file.write('\n[watch.odd]\npublished = "soon"\n')
    me.sync(ad(3))
    result = me.run("watch", "run")
    assert result.exit_code == 2
    assert "--published takes a day" in result.stderr
    assert "NEW: Sykepleier natt" in result.stdout


def test_editing_keeps_comments_and_delivers_nothing_again(me: Subscriber):
    me.add()
    text = me.watches.read_text().replace("municipality", "# mine\nmunicipality")
    me.watches.write_text(f"# About work\n{text}")
    me.sync(ad(3), ad(4, workLocations=OSLO), ad(5, workLocations=OSLO))
    assert me.notified() == [("new", 3)]
    me.sync(ad(6))
    me.do("watch", "edit", "bergen", "--municipal", "bergen,oslo", "--closing-days", "2")
    assert me.watches.read_text().startswith("# About work\n")
    assert "# mine" in me.watches.read_text()
    assert written(me)["bergen"] == {"municipality": ["bergen,oslo"], "closing_days": 2}
    me.sync(ad(7, workLocations=OSLO))
    assert me.notified() == [("new", 6), ("new", 7)]


def test_a_filter_under_navs_name_is_the_same_and_keeps_its_name(me: Subscriber):
    me.add()
    assert written(me)["bergen"] == {"municipality": ["bergen"]}
    me.watches.write_text('[watch.bergen]\nmunicipal = ["bergen"] # NAV\n')
    me.sync(ad(3))
    assert me.notified() == [("new", 3)]
    assert "--municipality bergen" in me.do("watch", "list")
    me.do("watch", "edit", "bergen", "--municipality", "bergen,oslo")
    assert me.watches.read_text() == '[watch.bergen]\nmunicipal = ["bergen,oslo"] # NAV\n'
    me.watches.write_text('[watch.bergen]\nmunicipal = "bergen,oslo"\noccupation-group = "it"\n')
    me.do("watch", "edit", "bergen", "--without", "occupation_group")
    assert written(me)["bergen"] == {"municipal": "bergen,oslo"}


def test_an_edit_reports_what_the_watch_does_now(me: Subscriber):
    me.add()
    page = me.folder / "page.txt"
    edited = me.run("watch", "edit", "bergen", "--to", f"file:{page}", "--text", "natt")
    assert edited.stderr == (
        f"navfeed: bergen is now --municipality bergen --text natt, delivered to file:{page}. Ads "
        "that match already (1) are not delivered there; --backlog delivers them too\n"
    )
    assert "match already" not in me.run("watch", "edit", "bergen", "--closing-days", "2").stderr
    me.sync(ad(3))
    backlog = me.run("watch", "edit", "bergen", "--to", "stdout", "--backlog").stderr
    assert backlog == (
        "navfeed: bergen is now --municipality bergen --text natt, delivered to stdout\n"
    )
    assert me.run("watch", "remove", "bergen").stderr == (
        "navfeed: removed bergen and its delivery history\n"
    )


def test_what_matches_only_now_can_be_delivered(me: Subscriber):
    me.add()
    me.do("watch", "edit", "bergen", "--municipal", "bergen,oslo", "--backlog")
    assert me.notified() == [("new", 2)]


def test_a_setting_is_taken_out(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--text", "natt", "--closing-days", "5")
    me.do("watch", "edit", "bergen", "--without", "text", "--without", "closing-days")
    assert written(me)["bergen"] == {"municipality": ["bergen"]}
    result = me.run("watch", "edit", "bergen", "--without", "municipal")
    assert (result.exit_code, "a watch without filters" in result.stderr) == (2, True)


def test_a_new_target_starts_now(me: Subscriber):
    me.add()
    me.sync(ad(3))
    me.notified()
    page = me.folder / "page.txt"
    me.do("watch", "edit", "bergen", "--to", "stdout", "--to", f"file:{page}")
    me.sync(ad(4))
    assert me.notified() == [("new", 4)]
    assert page.read_text().count("Sykepleier natt") == 1


def test_a_target_that_was_removed_starts_again(me: Subscriber):
    page = me.folder / "page.txt"
    me.add("bergen", "--municipal", "bergen", "--to", "stdout", "--to", f"file:{page}")
    me.do("watch", "edit", "bergen", "--to", "stdout")
    me.sync(ad(3))
    me.do("watch", "edit", "bergen", "--to", "stdout", "--to", f"file:{page}")
    assert me.notified() == [("new", 3)]
    assert page.read_text().startswith("no ads: bergen")


def test_a_watch_that_was_changed_by_hand_is_not_taken_for_the_old_one(me: Subscriber):
    me.add()
    me.add("oslo", "--municipal", "oslo")
    me.watches.write_text(me.watches.read_text().replace('"bergen"', '"bergen", "oslo"'))
    me.sync(ad(3), ad(4, workLocations=OSLO))
    result = me.run("watch", "run", "--format", "json")
    assert result.exit_code == 2
    assert "Run `navfeed watch edit bergen` to continue with them" in result.stderr
    reported = json.loads(result.stdout)["watches"]
    assert [(watch["watch"], len(watch["ads"])) for watch in reported] == [("oslo", 1)]
    me.do("watch", "edit", "bergen")
    me.sync(ad(5, workLocations=OSLO))
    assert me.notified("bergen") == [("new", 5)]


def test_what_is_no_filter_may_be_changed_by_hand(me: Subscriber):
    me.add()
    me.watches.write_text(me.watches.read_text() + 'notify = ["gone"]\n')
    me.sync(ad(3))
    assert me.notified() == []


def test_a_watch_is_not_changed_where_that_would_lose_news(me: Subscriber):
    me.add()
    fresh = me.folder / "other"
    me.db.rename(fresh)
    result = me.run("watch", "edit", "bergen", "--municipal", "oslo")
    assert result.exit_code == 7
    fill(me.db)
    result = me.run("watch", "edit", "bergen", "--municipal", "oslo")
    assert (result.exit_code, "cannot be changed now" in result.stderr) == (2, True)
    assert written(me)["bergen"] == {"municipality": ["bergen"]}


def test_a_watch_that_has_not_started_is_changed_freely(me: Subscriber):
    me.watches.write_text('[watch.bergen]\nmunicipal = "BERGEN"\n')
    me.do("watch", "edit", "bergen", "--municipal", "oslo")
    assert me.notified() == []
    me.sync(ad(3, workLocations=OSLO))
    assert me.notified() == [("new", 3)]


def test_a_removed_watch_is_forgotten(me: Subscriber):
    me.add()
    me.add("oslo", "--municipal", "oslo")
    me.do("watch", "remove", "bergen")
    assert written(me).keys() == {"oslo"}
    assert me.run("watch", "remove", "bergen").exit_code == 2
    me.sync(ad(3))
    me.add()
    assert me.notified() == []


def test_how_it_stands_is_shown(me: Subscriber):
    me.add(
        "bergen", "--municipal", "bergen", "--to", "stdout", "--to", "webhook:http://127.0.0.1:1/s"
    )
    me.sync(ad(3))
    me.run("watch", "run")
    shown = json.loads(me.do("watch", "show", "bergen", "--format", "json"))
    stdout, hook = shown["channels"]
    assert (stdout["notified"], stdout["failures"], stdout["retry_at"]) == (1, 0, None)
    assert stdout["delivered_at"] == "2026-11-21T12:00:00+00:00"
    assert hook["to"] == "webhook:127.0.0.1"
    assert (hook["notified"], hook["failures"]) == (0, 1)
    assert hook["retry_at"] == "2026-11-21T12:05:00+00:00"
    text = me.do("watch", "show", "bergen")
    assert "1 active ads delivered, last 2026-11-21 13:00 +01:00" in text
    assert "failing since 2026-11-21 13:00 +01:00, next attempt 2026-11-21 13:05" in text
    assert "`navfeed watch run --now` tries now, and shows what is wrong" in text
    me.watches.write_text(me.watches.read_text() + '\n[watch.new]\ntext = "natt"\n')
    assert "not started" in me.do("watch", "show", "new")


def test_a_channel_that_still_fails_is_named_on_a_terminal(me: Subscriber):
    pty = pytest.importorskip("pty")
    me.add("bergen", "--municipal", "bergen", "--to", "webhook:http://127.0.0.1:1/s3cr3t")
    me.sync(ad(3))
    assert me.run("watch", "run").exit_code == 4
    again = me.run("watch", "run")
    assert (again.exit_code, again.output) == (4, "")  # cron would mail it each time
    ours, theirs = pty.openpty()
    words = ("watch", "run", "--db", str(me.db), "--watches", str(me.watches))
    code = subprocess.run(navfeed_command(*words), stderr=theirs, check=False).returncode
    os.close(theirs)
    shown = b"".join(read_to_the_end(ours)).decode()
    assert code == 4
    assert "webhook:127.0.0.1: the last delivery failed; next attempt at 2026-11-21 13:05" in shown
    assert "Retry now: `navfeed watch run --now`" in shown
    assert "s3cr3t" not in shown


def test_a_preview_delivers_nothing_and_shows_near_misses(me: Subscriber):
    me.watches.write_text('[watch.natt]\nmunicipal = "BERGEN"\ntext = "sykepleier"\n')
    me.sync(ad(3, title="Kokk", description="<p>Mat</p>", jobtitle="Kokk"))
    result = me.run("watch", "preview", "natt")
    assert result.exit_code == 0
    assert "NEW: Sykepleier natt" in result.stdout
    assert "1 more ad without --municipality:\nnavfeed:   Kokk" in result.stderr
    assert not me.state.exists()
    me.do("watch", "run")
    assert "no pending notifications" in me.run("watch", "preview", "natt").stderr
    shown = json.loads(me.do("watch", "preview", "natt", "--format", "json"))
    assert shown["count"] == 0
    assert {one["filter"]: one["count"] for one in shown["near_misses"]} == {
        "municipality": 1,
        "text": 1,
    }
    assert shown["near_misses"][0]["ads"][0]["uuid"] == uuid_of(2)


def test_a_single_filter_has_no_near_misses(me: Subscriber):
    me.watches.write_text('[watch.natt]\nmunicipal = "NARVIK"\n')
    assert json.loads(me.do("watch", "preview", "natt", "--format", "json"))["near_misses"] == []


def test_a_target_that_is_added_again_starts_without_its_old_failures(me: Subscriber):
    words = ("--municipal", "bergen", "--to", "webhook:http://127.0.0.1:1/s")
    me.add("bergen", *words)
    me.sync(ad(3))
    assert me.run("watch", "run").exit_code == 4
    me.do("watch", "remove", "bergen")
    me.add("bergen", *words)
    me.sync(ad(4))
    assert "cannot be reached" in me.run("watch", "run").stderr


def test_a_preview_is_cut(me: Subscriber):
    me.watches.write_text('[watch.natt]\nmunicipal = "BERGEN"\n')
    me.sync(*(ad(n) for n in range(3, 20)))
    result = me.run("watch", "preview", "natt", "--limit", "2")
    assert result.stdout.count("NEW:") == 2
    assert "2 of 18 shown; show all with --limit 18" in result.stderr


def test_five_questions_make_a_watch(me: Subscriber):
    answers = "sykepleier\nBergen\n\n\nnatt\n"
    words = ("watch", "init", "--db", str(me.db), "--watches", str(me.watches))
    ended = process(*words, stdin=answers.encode())
    assert (ended.returncode, ended.stdout) == (0, b"")
    short = process(*words, stdin=b"sykepleier\n")
    assert (short.returncode, b"the input ended before" in short.stderr) == (2, True)
    assert b"natt has started. Ads that match today (1)" in ended.stderr
    assert written(me) == {
        "natt": {"text": ["sykepleier"], "municipality": ["Bergen"], "to": ["stdout"]}
    }


def test_on_a_terminal_the_list_is_a_table(me: Subscriber):
    me.add()
    code, drawn, _ = on_terminal(
        100, "watch", "list", "--db", str(me.db), "--watches", str(me.watches)
    )
    assert code == 0
    assert "filters" in drawn


def test_another_run_is_not_disturbed(me: Subscriber):
    from navfeed.api import store_lock

    me.add()
    with store_lock(me.db, "watches.lock"):
        result = me.run("watch", "run")
    assert result.exit_code == 75


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 and more", b"hello"])
def test_another_file_in_the_place_of_the_state_is_left_alone(me: Subscriber, content):
    import sqlite3

    if content == b"":
        with sqlite3.connect(me.state) as other:
            other.execute("CREATE TABLE mine (x)")
        other.close()
        content = me.state.read_bytes()
    else:
        me.state.write_bytes(content)
    me.watches.write_text('[watch.natt]\nmunicipal = "BERGEN"\n')
    result = me.run("watch", "run")
    assert (result.exit_code, result.stdout) == (7, "")
    assert str(me.state) in result.stderr
    assert me.state.read_bytes() == content


def test_a_state_of_a_newer_navfeed_is_left_alone(me: Subscriber):
    import sqlite3

    me.add()
    with sqlite3.connect(me.state) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    result = me.run("watch", "run")
    assert (result.exit_code, "newer navfeed" in result.stderr) == (7, True)


def test_other_commands_do_not_load_what_watches_need(me: Subscriber):
    import subprocess
    import sys

    program = (
        "import sys; from navfeed.cli.commands import app; "
        "print(*(m for m in sys.modules if m.startswith('navfeed.watches')))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(output.stdout.split()) == {"navfeed.watches", "navfeed.watches.choices"}
