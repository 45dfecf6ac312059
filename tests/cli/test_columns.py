"""`--columns` and `--json`: the same for every command with rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, run_command
from navfeed.model import RunEnd
from navfeed.store.writer import Store
from support.clock import NOW

FAR = {"expires": "2999-01-01T00:00:00Z"}
WATCH = '[watch.nurses]\ntext = ["sykepleier"]\nto = ["stdout"]\n'


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A store with ads, a run and a search for a person, and a watch beside it."""
    db = fill(tmp_path / "navfeed.db", *(ad(number, **FAR) for number in (1, 2)))
    with Store(db) as store:
        store.end_run(store.begin_run(NOW), RunEnd(4, "some wait", {"new": 3}), NOW)
        store.note_find(1, 1, NOW)
    (tmp_path / "watches.toml").write_text(WATCH)
    return db


ROWS = {
    "list": ("employer,title", ["Bergen kommune, Fana sykehjem", "Sykepleier natt"]),
    "stats": ("ads,name", [2, ""]),
    "stats --by county": ("name,ads,by", ["", 2, "all"]),
    "stats --by county --and extent": ("extent,ads", ["Heltid", 2]),
    "quality": ("ads,check", None),
    "runs": ("exit_code,counts,outcome", [4, {"new": 3}, "some wait"]),
    "doctor --offline": ("level,check", None),
    "watch list --watches WATCHES": ("to,watch,filters", None),
    "privacy find Nordmann": ("text,ad", None),
    "privacy log": ("ads,action", [1, "find"]),
}


def _words(command: str, db: Path) -> list[str]:
    return [word.replace("WATCHES", str(db.parent / "watches.toml")) for word in command.split()]


@pytest.mark.parametrize("command", ROWS)
def test_json_names_the_fields_of_each_row_in_order(db: Path, command: str) -> None:
    names, first = ROWS[command]
    rows = json.loads(run_command(db, *_words(command, db), "--json", names).stdout)
    assert [list(row) for row in rows] == [names.split(",")] * len(rows) != []
    assert first is None or list(rows[0].values()) == first


@pytest.mark.parametrize("command", ROWS)
def test_columns_are_the_same_fields_in_a_table(db: Path, command: str) -> None:
    names, _ = ROWS[command]
    rows = json.loads(run_command(db, *_words(command, db), "--json", names).stdout)
    lines = run_command(db, *_words(command, db), "--columns", names).stdout.splitlines()
    assert [line.count("\t") for line in lines] == [names.count(",")] * len(rows)
    as_json = run_command(db, *_words(command, db), "--columns", names, "--format", "json")
    assert json.loads(as_json.stdout) == rows


@pytest.mark.parametrize("command", ROWS)
def test_an_unknown_name_lists_the_known_ones_with_the_nearest(db: Path, command: str) -> None:
    names, _ = ROWS[command]
    first = names.split(",")[0]
    for option in ("--columns", "--json"):
        result = run_command(db, *_words(command, db), option, f"{first}x")
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"there is no column '{first}x' (did you mean {first}?)" in result.stderr
        assert "Columns are: " in result.stderr


@pytest.mark.parametrize("command", ROWS)
def test_json_leaves_no_room_for_format_and_columns(db: Path, command: str) -> None:
    names, _ = ROWS[command]
    result = run_command(db, *_words(command, db), "--json", names, "--columns", names)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "leave --format and --columns out" in result.stderr


def test_several_values_of_a_cell_are_separated_by_semicolons(db: Path) -> None:
    assert answer(db, "runs", "--columns", "counts,run") == "new 3\t1\n"
    words = _words("watch list --watches WATCHES --columns filters,to", db)
    assert run_command(db, *words).stdout == "text sykepleier\tstdout\n"


def test_stats_has_columns_as_csv_too(db: Path) -> None:
    shown = answer(db, "stats", "--by", "county", "--columns", "ads,name", "--format", "csv")
    assert list(csv.reader(shown.splitlines())) == [["ads", "name"], ["2", ""], ["2", "VESTLAND"]]


def test_a_wrong_name_is_refused_before_anything_is_done(db: Path) -> None:
    assert run_command(db, "privacy", "find", "Nordmann", "--json", "tekst").exit_code == 2
    assert len(json.loads(answer(db, "privacy", "log", "--format", "json"))) == 1
