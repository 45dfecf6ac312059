"""`navfeed watch`: every ad that fits is told of once, and none is lost on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.support import NOW, ad, answer, ask, fill, place, put, uuid
from cli.terminal import on_terminal
from navfeed.model import DetailDecision, Reason
from navfeed.store.writer import Store

pytestmark = pytest.mark.usefixtures("noon")

OSLO = [place("OSLO", "OSLO")]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1), ad(2, workLocations=OSLO))


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return tmp_path / "bergen"


def told(db: Path, seen: Path, *filters: str) -> list[str]:
    """The ids that a watch tells of."""
    said = answer(db, "watch", "--seen", str(seen), "--format", "jsonl", *filters)
    return [json.loads(line)["uuid"] for line in said.splitlines()]


def add(db: Path, *numbers: int) -> None:
    with Store(db) as store:
        put(store, [ad(number) for number in numbers])


def stop(db: Path, number: int) -> None:
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid(number), Reason.STOPPED)], [], NOW)


def test_each_ad_is_told_once(db, seen):
    assert told(db, seen) == [uuid(1), uuid(2)]
    assert told(db, seen) == []
    add(db, 3, 4)
    assert told(db, seen) == [uuid(3), uuid(4)]
    assert told(db, seen) == []


def test_only_what_fits_is_told_of(db, seen):
    assert told(db, seen, "--municipality", "bergen") == [uuid(1)]
    add(db, 3)
    assert told(db, seen, "--municipality", "bergen", "--text", "sykepleier") == [uuid(3)]


def test_who_cannot_keep_what_was_told_tells_nothing(db, tmp_path):
    """Or cron would mail the same ads every half hour."""
    result = ask(db, "watch", "--seen", str(tmp_path / "nowhere" / "bergen"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot write" in result.stderr


def test_an_ad_that_comes_back_is_news_and_one_that_stays_away_is_forgotten(db, seen):
    told(db, seen)
    stop(db, 1)
    assert told(db, seen) == []
    assert seen.read_text() == f"{uuid(2)}\n"
    add(db, 1)
    assert told(db, seen) == [uuid(1)]


def test_a_line_an_ad_in_a_pipe_and_nothing_without_news(db, seen):
    first = answer(db, "watch", "--seen", str(seen))
    assert [line.split("\t")[0] for line in first.splitlines()] == [uuid(1), uuid(2)]
    assert answer(db, "watch", "--seen", str(seen)) == ""


@pytest.mark.parametrize(("format_", "none"), [("json", "[]\n"), ("jsonl", "")])
def test_programs_are_told_as_by_list(db, seen, format_, none):
    listed = answer(db, "list", "--format", format_)
    assert answer(db, "watch", "--seen", str(seen), "--format", format_) == listed
    assert answer(db, "watch", "--seen", str(seen), "--format", format_) == none


def test_on_a_terminal_it_is_a_table(db, seen):
    # In a process of its own, on whatever day that is: with ads that are in force on any.
    fill(db, ad(3, expires="2999-01-01T00:00:00+01:00"))
    code, drawn, _ = on_terminal(100, "watch", "--db", str(db), "--seen", str(seen))
    assert code == 0
    assert "Sykepleier natt" in drawn
    assert "title" in drawn
    _, drawn, said = on_terminal(100, "watch", "--db", str(db), "--seen", str(seen))
    assert (drawn, said) == ("", "")


def test_what_could_not_be_told_is_told_the_next_time(db, seen, monkeypatch):
    def gone(_: object) -> None:
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr("navfeed.cli.watch.print_lines", gone)
        ask(db, "watch", "--seen", str(seen))
    assert not seen.exists()
    assert told(db, seen) == [uuid(1), uuid(2)]


def test_the_file_is_its_owners_and_not_written_without_need(db, seen):
    told(db, seen)
    assert seen.stat().st_mode & 0o777 == 0o600
    before = seen.stat()
    told(db, seen)
    assert seen.stat() == before


@pytest.mark.parametrize("content", ["my shopping list\n", f"{uuid(1)}\nnot an id\n", "\xff"])
def test_somebody_elses_file_is_left_alone(db, seen, content):
    seen.write_bytes(content.encode("latin-1"))
    result = ask(db, "watch", "--seen", str(seen))
    assert result.exit_code == 2
    assert "Name another" in result.stderr
    assert seen.read_bytes() == content.encode("latin-1")


def test_the_stores_lock_is_no_list_of_ads_though_it_is_empty(db):
    lock = db.with_name(f"{db.name}.lock")
    lock.touch()
    assert ask(db, "watch", "--seen", str(lock)).exit_code == 2
    assert lock.read_bytes() == b""


def test_a_folder_is_no_file(db, tmp_path):
    result = ask(db, "watch", "--seen", str(tmp_path))
    assert result.exit_code == 2
    assert "cannot read" in result.stderr


def test_old_data_can_be_refused(db, seen):
    with Store(db) as store:
        store._db.execute("UPDATE feed SET caught_up_at = '2026-01-01T00:00:00+00:00'")
    result = ask(db, "watch", "--seen", str(seen), "--max-age", "1d")
    assert result.exit_code == 8
    assert not seen.exists()
