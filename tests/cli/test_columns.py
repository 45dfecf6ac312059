"""`--columns` and `--json`: the same for every command with rows."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, run_command, uuid_of
from cli.walk import command_of, having, options_of
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
    "config show": ("value,setting", None),
    "watch preview nurses --watches WATCHES": ("title,uuid", ["Sykepleier natt", uuid_of(1)]),
    "changes": ("kind,uuid,reason", ["added", uuid_of(1), None]),
}
"""Commands with rows, some columns of each, and what they hold in the first row."""

RECORDS = {
    f"show {uuid_of(1)[:8]}": (
        "employer,title",
        ["Bergen kommune, Fana sykehjem", "Sykepleier natt"],
    ),
    f"show {uuid_of(1)} --history": ("state,uuid", ["active", uuid_of(1)]),
    "watch show nurses --watches WATCHES": ("to,watch", [["stdout"], "nurses"]),
    "status": ("active_ads,trouble", [2, None]),
}
"""Commands with one record: `--json` prints it as an object, not as an array of rows."""

SUMMARIES = {
    "sync": "what a run did",
    "push": "what a run did",
    "watch run": "digests, for the channel",
    "watch add": "the format of later digests",
    "watch edit": "the format of later digests",
    "export": "a file's format; `list --json` has columns in JSON",
}
"""Commands whose `--format json` is no row of a table."""


def test_every_command_with_rows_has_both_options() -> None:
    tested = {command_of(command) for command in (*ROWS, *RECORDS)} | {
        "verify"
    }  # in test_cli_sync.py
    assert having("--columns", "--json") == tested
    as_json = {
        command
        for command in having("--format")
        if {"json", "jsonl"} & {*options_of(command)["--format"].type.choices}
    }
    assert as_json - tested == SUMMARIES.keys()


@pytest.mark.parametrize("command", [*ROWS, *RECORDS])
def test_the_help_lists_the_columns(db: Path, command: str) -> None:
    """All of them, or where they are listed."""
    refused = run_command(db, *_words(command, db), "--columns", "no such one").stderr
    known = refused.partition("Columns are: ")[2].split()
    text = options_of(command_of(command))["--columns"].help
    listed = {name.strip(",") for name in known} <= {*re.findall(r"\w+", text)}
    assert listed or "those of" in text, text


def _words(command: str, db: Path) -> list[str]:
    return [word.replace("WATCHES", str(db.parent / "watches.toml")) for word in command.split()]


@pytest.mark.parametrize("command", ROWS)
def test_json_names_the_fields_of_each_row_in_order(db: Path, command: str) -> None:
    names, first = ROWS[command]
    rows = _rows(run_command(db, *_words(command, db), "--json", names).stdout)
    assert [list(row) for row in rows] == [names.split(",")] * len(rows) != []
    assert first is None or list(rows[0].values()) == first


@pytest.mark.parametrize("command", ROWS)
def test_columns_are_the_same_fields_in_a_table(db: Path, command: str) -> None:
    names, _ = ROWS[command]
    rows = _rows(run_command(db, *_words(command, db), "--json", names).stdout)
    lines = run_command(db, *_words(command, db), "--columns", names).stdout.splitlines()
    assert [line.count("\t") for line in lines] == [names.count(",")] * len(rows)
    format_ = "jsonl" if command == "changes" else "json"
    as_json = run_command(db, *_words(command, db), "--columns", names, "--format", format_)
    assert _rows(as_json.stdout) == rows


def _rows(text: str) -> list[dict[str, object]]:
    """An array of objects, one object, or an object a line."""
    if text.startswith(("[\n", "{\n")):
        found = json.loads(text)
        return list(found) if isinstance(found, list) else [found]
    return list(map(json.loads, text.splitlines()))


@pytest.mark.parametrize("command", RECORDS)
def test_a_record_is_one_object_and_one_row(db: Path, command: str) -> None:
    names, values = RECORDS[command]
    words = _words(command, db)
    record = json.loads(run_command(db, *words, "--json", names).stdout)
    assert list(record.items()) == list(zip(names.split(","), values, strict=True))
    cells = [_cell(value) for value in values]
    assert run_command(db, *words, "--columns", names).stdout == "\t".join(cells) + "\n"


@pytest.mark.parametrize("command", [*[*RECORDS][1:], "changes"])  # that of `show` is NAV's own
def test_all_columns_are_the_whole_record(db: Path, command: str) -> None:
    words = _words(command, db)
    refused = run_command(db, *words, "--columns", "no such one").stderr
    known = refused.partition("Columns are: ")[2].strip().replace(" ", "")
    format_ = "jsonl" if command == "changes" else "json"
    whole = _rows(run_command(db, *words, "--format", format_).stdout)
    assert _rows(run_command(db, *words, "--json", known).stdout)[0] == whole[0]


def _cell(value: object) -> str:
    return "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)


@pytest.mark.parametrize("command", [*ROWS, *RECORDS])
def test_an_unknown_name_lists_the_known_ones_with_the_nearest(db: Path, command: str) -> None:
    names, _ = {**ROWS, **RECORDS}[command]
    first = names.split(",")[0]
    for option in ("--columns", "--json"):
        result = run_command(db, *_words(command, db), option, f"{first}x")
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"there is no column '{first}x' (did you mean {first}?)" in result.stderr
        assert "Columns are: " in result.stderr


@pytest.mark.parametrize("command", [*ROWS, *RECORDS])
def test_json_leaves_no_room_for_format_and_columns(db: Path, command: str) -> None:
    names, _ = {**ROWS, **RECORDS}[command]
    result = run_command(db, *_words(command, db), "--json", names, "--columns", names)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "leave --format and --columns out" in result.stderr


def test_several_values_of_a_cell_are_separated_by_semicolons(db: Path) -> None:
    assert answer(db, "runs", "--columns", "counts,run") == "new 3\t1\n"
    words = _words("watch list --watches WATCHES --columns filters,to", db)
    assert run_command(db, *words).stdout == "text sykepleier\tstdout\n"


def test_the_columns_of_show_are_those_of_list(db: Path) -> None:
    names = "uuid,municipalities,derived_remote,contacts"
    (record,) = _rows(answer(db, "list", "--uuid", uuid_of(1), "--json", names))
    assert json.loads(answer(db, "show", uuid_of(1), "--json", names)) == record
    line = answer(db, "list", "--uuid", uuid_of(1), "--columns", names)
    assert answer(db, "show", uuid_of(1), "--columns", names) == line
    refused = run_command(db, "show", uuid_of(1), "--without-contacts", "--columns", names)
    assert (refused.exit_code, "a column `contacts` that names people" in refused.stderr) == (
        2,
        True,
    )


def test_stats_has_columns_as_csv_too(db: Path) -> None:
    shown = answer(db, "stats", "--by", "county", "--columns", "ads,name", "--format", "csv")
    assert list(csv.reader(shown.splitlines())) == [["ads", "name"], ["2", ""], ["2", "VESTLAND"]]


def test_a_wrong_name_is_refused_before_anything_is_done(db: Path) -> None:
    assert run_command(db, "privacy", "find", "Nordmann", "--json", "tekst").exit_code == 2
    assert len(json.loads(answer(db, "privacy", "log", "--format", "json"))) == 1
