"""`navfeed changes`: lines, cursors, removed ads, and what a silent stream means."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.support import ad, answer, fill, process, run_command, store_ads, uuid_of
from navfeed.changes import stream, writer
from navfeed.model import DetailDecision, FeedCursor, Reason
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.clock import NOW
from support.warm import navfeed_command

Line = dict[str, Any]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1), ad(2, sector="Privat"))


def changes_of(db: Path, *words: str) -> list[Line]:
    return [json.loads(line) for line in answer(db, "changes", *words).splitlines()]


def change(db: Path, number: int, **fields: object) -> None:
    content = read_content(json.dumps(ad(number, **fields), ensure_ascii=False))
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(number), Reason.CHANGED, content)], [], NOW)


def drop(db: Path, number: int) -> None:
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(number), Reason.STOPPED)], [], NOW)


def kinds(lines: list[Line]) -> list[tuple[str, str | None]]:
    return [(line["kind"], line.get("uuid")) for line in lines]


# Lines


def test_columns_give_a_table_with_the_cursor_in_its_last_line(db: Path) -> None:
    change(db, 2, title="Kokk\t\x1b[2J", sector="Privat")
    lines = answer(db, "changes", "--columns", "kind,changed,last_day,cursor").splitlines()
    store_id = lines[-1].rpartition("\t")[2].partition(":")[0]
    assert lines == [
        f"added\t\t2026-12-10\t{store_id}:1",
        f"added\t\t2026-12-10\t{store_id}:3",
        f"caught_up\t\t\t{store_id}:3",
    ]
    assert answer(db, "changes", "--format", "table").count("\t") == 3 * 6
    content = answer(db, "changes", "--columns", "content").splitlines()
    assert json.loads(content[0])["title"] == "Sykepleier natt"
    assert "Nordmann" not in content[0]
    assert "\x1b" not in content[1]


def test_content_in_chosen_columns_is_as_served(db: Path) -> None:
    whole = answer(db, "changes").splitlines()
    chosen = answer(db, "changes", "--json", "content,uuid").splitlines()
    for line, part in zip(whole[:-1], chosen, strict=False):
        served = line.partition('"content":')[2][:-1]
        assert part == f'{{"content":{served},"uuid":"{json.loads(line)["uuid"]}"}}'
    assert chosen[-1] == '{"content":null,"uuid":null}'


@pytest.mark.parametrize("format_", ["cloudevents", "bulk"])
def test_envelopes_have_no_columns(db: Path, format_: str) -> None:
    result = run_command(db, "changes", "--format", format_, "--columns", "kind")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--columns chooses columns of table and jsonl, not of {format_}" in result.stderr
    assert run_command(db, "changes", "--format", format_, "--json", "kind").exit_code == 2


def test_a_line_a_change_and_where_one_stands(db: Path) -> None:
    with Store(db) as store:
        newest = NOW - timedelta(minutes=5)
        store.end_walk(FeedCursor(newest=newest), [])
    one, two, last = changes_of(db)
    store_id = last["cursor"].partition(":")[0]
    assert list(one) == [
        *("cursor", "kind", "uuid", "reason", "changed", "last_day", "at", "content")
    ]
    assert one["content"]["title"] == "Sykepleier natt"
    assert {name: value for name, value in one.items() if name != "content"} == {
        "cursor": f"{store_id}:1",
        "kind": "added",
        "uuid": uuid_of(1),
        "reason": None,
        "changed": [],
        "last_day": "2026-12-10",
        "at": "2026-11-21T12:00:00Z",
    }
    assert two["cursor"] == last["cursor"] == f"{store_id}:2"
    assert last == {
        "kind": "caught_up",
        "cursor": f"{store_id}:2",
        "caught_up_at": "2026-11-21T12:00:00Z",
        "feed_time": "2026-11-21T11:55:00Z",
    }


def test_the_content_is_what_export_gives(db: Path) -> None:
    odd = json.dumps(ad(3, title='Kokk "natt"', extra=[1.50, "å"]), indent=1).replace("\n", "\r\n")
    with Store(db) as store:
        store_ads(store, [odd])
    exported = answer(db, "export", "--format", "jsonl", "--without-contacts").splitlines()
    lines = answer(db, "changes").splitlines()[:-1]
    assert [line.partition('"content":')[2] for line in lines] == [text + "}" for text in exported]
    with_contacts = answer(db, "changes", "--with-contacts").splitlines()[:-1]
    served = answer(db, "export", "--format", "jsonl").splitlines()
    assert [line.partition('"content":')[2] for line in with_contacts] == [
        text + "}" for text in served
    ]


def test_contacts_are_shown_where_they_are_requested(db: Path) -> None:
    assert "Nordmann" not in answer(db, "changes")
    assert "Nordmann" not in answer(db, "changes", "--snapshot")
    assert "Nordmann" not in answer(db, "changes", "--format", "bulk")
    assert "Nordmann" in answer(db, "changes", "--with-contacts")
    assert "Nordmann" in answer(db, "changes", "--with-contacts", "--format", "bulk")


def test_only_which_ad_and_what_happened(db: Path) -> None:
    assert [line.get("content") for line in changes_of(db, "--no-content")] == [None, None, None]
    assert "Sykepleier" not in answer(db, "changes", "--no-content")


def test_what_happened_since_a_cursor(db: Path) -> None:
    before = changes_of(db)[-1]["cursor"]
    change(db, 1, title="Kokk")
    drop(db, 2)
    changed, gone, last = changes_of(db, "--after", before)
    assert kinds([changed, gone]) == [("updated", uuid_of(1)), ("removed", uuid_of(2))]
    assert (changed["changed"], changed["content"]["title"]) == (["title"], "Kokk")
    assert (gone["reason"], gone["content"], gone["changed"]) == ("stopped", None, [])
    assert kinds(changes_of(db, "--after", last["cursor"])) == [("caught_up", None)]


def test_a_limit_is_reported_as_far_as_it_goes(db: Path) -> None:
    first, stands = changes_of(db, "--limit", "1")
    assert (first["uuid"], stands["cursor"]) == (uuid_of(1), first["cursor"])
    second, end = changes_of(db, "--after", stands["cursor"], "--limit", "1")
    assert (second["uuid"], end["cursor"]) == (uuid_of(2), second["cursor"])
    assert kinds(changes_of(db, "--after", end["cursor"], "--limit", "1")) == [("caught_up", None)]


def test_more_than_one_batch(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BATCH", 2)
    with Store(db) as store:
        store_ads(store, map(ad, range(3, 8)))
    assert kinds(changes_of(db)) == [
        *(("added", uuid_of(n)) for n in range(1, 8)),
        ("caught_up", None),
    ]
    assert len(changes_of(db, "--limit", "3")) == 4


# Filters


def test_the_beginning_is_read_past_removals_that_are_no_longer_kept(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who begins with nothing lacks none of them, however many batches it takes."""
    drop(db, 1)
    with Store(db) as store:
        store_ads(store, [ad(3)])
        store.prune_changes(NOW + timedelta(days=1))
    monkeypatch.setattr(stream, "BATCH", 1)
    assert kinds(changes_of(db)) == [
        ("added", uuid_of(2)),
        ("added", uuid_of(3)),
        ("caught_up", None),
    ]


def test_an_ad_that_no_longer_fits_is_removed(db: Path) -> None:
    one, last = changes_of(db, "--sector", "Privat")
    assert one["uuid"] == uuid_of(2)
    change(db, 2, sector="Offentlig")
    gone, stands = changes_of(db, "--sector", "Privat", "--after", last["cursor"])
    assert (gone["kind"], gone["uuid"], gone["reason"]) == ("removed", uuid_of(2), "filtered")
    change(db, 1, title="Kokk")
    _, moved = changes_of(db, "--sector", "Privat", "--after", stands["cursor"])
    assert moved["cursor"] != stands["cursor"]


def test_a_cursor_moves_past_what_the_filters_leave_out(db: Path) -> None:
    (only,) = changes_of(db, "--county", "FINNMARK")
    assert only["cursor"] == changes_of(db)[-1]["cursor"]


def test_a_mistyped_filter_gets_a_suggestion(db: Path) -> None:
    assert "did you mean BERGEN" in run_command(db, "changes", "--municipal", "BERGN").stderr


# Snapshots


def test_a_snapshot_and_what_follows_it(db: Path) -> None:
    drop(db, 2)
    one, last = changes_of(db, "--snapshot")
    assert (one["kind"], one["uuid"], one["cursor"]) == ("snapshot", uuid_of(1), last["cursor"])
    assert one["content"]["title"] == "Sykepleier natt"
    change(db, 1, title="Kokk")
    assert kinds(changes_of(db, "--after", last["cursor"]))[0] == ("updated", uuid_of(1))


# Cursor files


def test_a_cursor_in_a_file(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    assert len(changes_of(db, "--cursor", str(file))) == 3
    assert file.read_text().splitlines()[0] == changes_of(db)[-1]["cursor"]
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.stat().st_mtime_ns
    assert len(changes_of(db, "--cursor", str(file))) == 1
    drop(db, 1)
    assert kinds(changes_of(db, "--cursor", str(file)))[0] == ("removed", uuid_of(1))
    assert file.stat().st_mtime_ns >= before
    assert len(changes_of(db, "--cursor", str(file), "--snapshot")) == 2


def test_a_cursor_file_belongs_to_its_filters(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    private = ("--sector", "Privat", "--cursor", str(file))
    assert len(changes_of(db, *private)) == 2
    noted = file.read_bytes()
    for others in ((), ("--sector", "Offentlig"), ("--sector", "Privat", "--extent", "Heltid")):
        result = run_command(db, "changes", *others, "--cursor", str(file))
        assert (result.exit_code, result.stdout) == (10, "")
        assert f"the filters differ from those of {file}" in result.stderr
        assert "--snapshot" in result.stderr
    assert file.read_bytes() == noted
    assert b"Privat" not in noted
    assert kinds(changes_of(db, *private)) == [("caught_up", None)]
    lower = ("--sector", "privat", "--cursor", str(file))  # the same ads
    assert kinds(changes_of(db, *lower)) == [("caught_up", None)]
    assert len(changes_of(db, "--cursor", str(file), "--snapshot")) == 3
    assert kinds(changes_of(db, "--cursor", str(file))) == [("caught_up", None)]


def test_a_cursor_file_of_an_older_version_takes_any_filters(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    file.write_text(changes_of(db)[-1]["cursor"] + "\n")
    assert kinds(changes_of(db, "--sector", "Privat", "--cursor", str(file))) == [
        ("caught_up", None)
    ]
    assert run_command(db, "changes", "--cursor", str(file)).exit_code == 10


def test_K1_a_cursor_is_noted_once_its_lines_were_handed_over(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [
                *navfeed_command("changes"),
                "--cursor",
                file,
                "--db",
                db,
                "--no-content",
            ],
            env=buffered,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    assert not file.exists()
    assert len(changes_of(db, "--cursor", str(file))) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(("", "holds no cursor"), ("17", "holds no cursor"), (None, "Is a directory")),
        ("0123456789abcdef:1\nof another program", "holds no cursor"),
    ],
)
def test_a_file_that_is_no_cursor(db: Path, tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "cursor"
    file.mkdir() if text is None else file.write_text(text)
    result = run_command(db, "changes", "--cursor", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"cannot continue from {file}: " in result.stderr
    assert message in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--after", "17"], "--after takes a cursor"),
        (["--after", "x", "--cursor", "y"], "exclude each other"),
        (["--snapshot", "--after", "x"], "--snapshot excludes"),
        (["--snapshot", "--limit", "3"], "--snapshot excludes"),
    ],
)
def test_wrong_use(db: Path, words: list[str], message: str) -> None:
    result = run_command(db, "changes", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_the_store_is_no_place_for_a_cursor(db: Path) -> None:
    result = run_command(db, "changes", "--cursor", str(db))
    assert (result.exit_code, "itself" in result.stderr) == (2, True)


def test_K3_a_cursor_that_cannot_be_continued(db: Path, tmp_path: Path) -> None:
    cursor = changes_of(db)[-1]["cursor"]
    ahead = f"{cursor.partition(':')[0]}:9"
    for lost in ("0" * 16 + ":1", ahead):
        result = run_command(db, "changes", "--after", lost)
        assert (result.exit_code, result.stdout) == (10, "")
        assert "`navfeed changes --snapshot`" in result.stderr
    (tmp_path / "copies").mkdir()
    copy = str(tmp_path / "copies" / "copy.db")
    assert run_command(db, "backup", copy).exit_code == 0
    assert run_command(db, "restore", copy, "--yes").exit_code == 0
    result = run_command(db, "changes", "--after", cursor)
    assert (result.exit_code, result.stdout) == (10, "")
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED)], [], NOW)
        store.prune_changes(NOW + timedelta(days=1))
    start = f"{changes_of(db)[-1]['cursor'].partition(':')[0]}:1"
    assert run_command(db, "changes", "--after", start).exit_code == 10
    assert kinds(changes_of(db, "--snapshot"))[0] == ("snapshot", uuid_of(2))


def test_where_there_is_no_store(tmp_path: Path) -> None:
    assert run_command(tmp_path / "none.db", "changes").exit_code == 7


# Other formats


def test_events(db: Path) -> None:
    drop(db, 2)
    one, two, last = changes_of(db, "--format", "cloudevents")
    lines = changes_of(db)
    store = lines[-1]["cursor"].partition(":")[0]
    assert one == {
        "specversion": "1.0",
        "id": lines[0]["cursor"],
        "source": f"urn:navfeed:{store}",
        "type": "no.navfeed.added",
        "time": "2026-11-21T12:00:00Z",
        "datacontenttype": "application/json",
        "subject": uuid_of(1),
        "data": lines[0],
    }
    assert (two["type"], two["data"]) == ("no.navfeed.removed", lines[1])
    assert (last["type"], last["data"]) == ("no.navfeed.caught_up", lines[2])
    snapshot = changes_of(db, "--format", "cloudevents", "--snapshot")
    assert snapshot[0]["id"] == f"{lines[-1]['cursor']}:{uuid_of(1)}"


def test_bulk(db: Path) -> None:
    drop(db, 2)
    action, document, gone = changes_of(db, "--format", "bulk")
    assert action == {"index": {"_id": uuid_of(1), "version": 1, "version_type": "external"}}
    assert gone == {"delete": {"_id": uuid_of(2), "version": 3, "version_type": "external"}}
    assert (document["uuid"], document["number"]) == (uuid_of(1), 1)
    assert document["title"] == "Sykepleier natt"
    assert document["last_day"] == "2026-12-10"
    assert [place["municipal"] for place in document["locations"]] == ["BERGEN"]
    _, bare, _ = changes_of(db, "--format", "bulk", "--no-content")
    assert bare == {"uuid": uuid_of(1), "number": 1, "last_day": "2026-12-10"}


# Following


@contextmanager
def following(db: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        navfeed_command("changes", "--follow", "--db", str(db), *words),
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def read_lines(process: subprocess.Popen[bytes], count: int) -> list[Line]:
    assert process.stdout
    return [json.loads(process.stdout.readline()) for _ in range(count)]


def test_follow_reports_what_happens_and_ends_on_a_signal(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    with following(db, "--cursor", str(file)) as process:
        assert kinds(read_lines(process, 3))[-1] == ("caught_up", None)
        drop(db, 2)
        gone, stands = read_lines(process, 2)
        assert kinds([gone, stands]) == [("removed", uuid_of(2)), ("caught_up", None)]
        drop(db, 1)
        assert kinds(read_lines(process, 2))[0] == ("removed", uuid_of(1))
        assert file.read_text().splitlines()[0] >= stands["cursor"]  # noted before it went on
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 3
    assert ("removed", uuid_of(2)) not in kinds(changes_of(db, "--cursor", str(file)))


def test_follow_shows_that_it_lives(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is silent for longer is dead."""
    naps: list[float] = []
    seconds = iter(range(0, 1_000, 11))

    def nap(length: float) -> None:
        naps.append(length)
        if len(naps) == 7:
            drop(db, 1)

    monkeypatch.setattr(writer, "sleep", nap)
    monkeypatch.setattr(writer, "monotonic", lambda: next(seconds))
    lines = changes_of(db, "--follow", "--limit", "3", "--no-content")
    told_of = [line["kind"] for line in lines]
    assert told_of == ["added", "added", *["caught_up"] * 3, "removed", "caught_up"]
    assert lines[2] == lines[3] == lines[4]
    assert naps == [1.0] * 7


def test_a_reader_that_goes_away_is_no_error(db: Path) -> None:
    with Store(db) as store:
        store_ads(store, map(ad, range(3, 300)))
    with following(db) as process:
        read_lines(process, 1)
        assert process.stdout
        process.stdout.close()
        assert process.wait(20) == 0


def test_lines_are_utf8_whatever_the_locale(db: Path) -> None:
    change(db, 1, title="Kjøkkensjef")
    ended = process("changes", "--db", str(db), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "Kjøkkensjef".encode() in ended.stdout
    assert os.linesep.encode() in ended.stdout
