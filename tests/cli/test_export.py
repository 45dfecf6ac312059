"""`navfeed export`: whole, exact, and never half a file."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from unittest.mock import Mock

import pytest

from cli.support import Fields, ad, answer, fill, place, process, run_command, uuid_of
from navfeed.errors import ConfigError, StoppedError
from navfeed.export.columns import EXPORTED
from navfeed.files import replaced


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


pytestmark = pytest.mark.usefixtures("noon")

PRETTY = (
    f'{{\r\n  "uuid": "{uuid_of(1)}",\n\t"title": "linje\\nto \\ud83d\\ude00 \\ud800 \\u0000",'
    '\n  "unknown": {"big": 123456789012345678901234567890, "float": 1.10, "e": 1E400},'
    '\n  "twice": 1, "twice": 2, "separator": "\u2028"\r}'
)


def records(text: str) -> list[Fields]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_json_is_what_nav_served(db: Path) -> None:
    plain = json.dumps(ad(2), ensure_ascii=False)
    fill(db, plain, PRETTY)
    text = answer(db, "export", "--format", "json")

    assert text == f"[\n{PRETTY},\n{plain}\n]\n"
    assert json.loads(text) == [json.loads(PRETTY), json.loads(plain)]


def test_jsonl_is_an_ad_a_line(db: Path) -> None:
    fill(db, PRETTY, ad(2))
    lines = answer(db, "export", "--format", "jsonl").split("\n")

    assert lines[0] == PRETTY.replace("\r", " ").replace("\n", " ")
    assert [json.loads(line) for line in lines[:-1]] == [json.loads(PRETTY), ad(2)]
    assert lines[-1] == ""


@pytest.mark.parametrize(("format_", "empty"), [("json", "[]\n"), ("jsonl", "")])
def test_no_ads(db: Path, format_: str, empty: str) -> None:
    fill(db, ad(1, expires="2026-11-20T00:00:00Z"))

    assert answer(db, "export", "--format", format_) == empty


def test_csv_has_the_documented_columns(db: Path) -> None:
    fill(
        db,
        ad(
            1,
            title='Sykepleier; "natt",\nvikar',
            workLocations=[place("BERGEN", "VESTLAND", address="Storgata 1"), place("ÅS")],
            occupationCategories=[
                {"level1": "Helse", "level2": "Sykepleier"},
                {"level1": "Helse", "level2": None},
            ],
        ),
        ad(2, title=None, workLocations=[], categoryList=[]),
    )
    text = answer(db, "export", "--format", "csv")
    first, second = records(text)

    assert text.startswith(",".join(EXPORTED) + "\r\n")
    assert first["title"] == 'Sykepleier; "natt",\nvikar'
    assert first["municipalities"] == "BERGEN; ÅS"
    assert first["cities"] == "BERGEN; ÅS"
    assert first["addresses"] == "Storgata 1"
    assert first["postal_codes"] == "5003"
    assert first["occupations"] == "Helse / Sykepleier; Helse"
    assert first["categories"] == "STYRK08 2223 Sykepleiere"
    assert (second["title"], second["municipalities"], second["categories"]) == ("", "", "")
    for personal in ("Kari", "kari@", "19 00 00 01"):
        assert personal not in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
@pytest.mark.parametrize("command", ["list", "export"])
def test_a_spreadsheet_runs_nothing(db: Path, start: str, command: str) -> None:
    evil = f"{start}cmd|' /C calc'!A1"
    fill(db, ad(1, title=evil, workLocations=[place(evil), place(f" {evil}")]))
    (record,) = records(answer(db, command, "--format", "csv"))

    assert record["title"] == f"'{evil}"
    assert record["municipalities"] == f"'{evil};  {evil}"


def test_the_filters_are_those_of_list(db: Path) -> None:
    fill(
        db,
        ad(1),
        ad(2, workLocations=[place("OSLO")]),
        ad(3, workLocations=[place("BÆRUM", "AKERSHUS")], description="<p>båt</p>"),
        ad(4, published="2026-10-01T00:00:00Z", jobtitle="Kokk"),
        ad(5, expires="2027-10-01T00:00:00Z", employer={"name": "Rema"}),
    )
    for arguments, expected in {
        ("--municipality", "bærum", "--municipality", "oslo"): [2, 3],
        ("--county", "akershus"): [3],
        ("--employer", "rema"): [5],
        ("--occupation", "kokk"): [4],
        ("--published-since", "2026-11-01", "--expires-before", "2027-01-01"): [1, 2, 3],
        ("--text", "BÅT"): [3],
    }.items():
        found = json.loads(answer(db, "export", *arguments, "--format", "json"))
        assert [int(one["uuid"][:8], 16) for one in found] == expected


def test_wrong_use(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1))
    assert run_command(db, "export").exit_code == 2
    assert run_command(db, "export", "--format", "table").exit_code == 2
    assert run_command(db, "export", "--format", "csv", "--municipality", "").exit_code == 2
    for output in (tmp_path, tmp_path / "none" / "x.csv", Path(os.devnull)):
        result = run_command(db, "export", "--format", "csv", "--output", str(output))
        assert result.exit_code == 2
        assert str(output) in result.stderr
    assert run_command(tmp_path / "no.db", "export", "--format", "csv").exit_code == 7


def test_the_store_is_not_overwritten(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1))
    link = tmp_path / "link.csv"
    link.symlink_to(db)
    for output in (db, link, db.with_name(f"{db.name}-wal"), db.with_name(f"{db.name}.lock")):
        result = run_command(db, "export", "--format", "csv", "--output", str(output))
        assert result.exit_code == 2
        assert "is the store itself" in result.stderr
    assert len(answer(db, "list").splitlines()) == 1


# Files


def beside(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir() if not one.name.startswith("navfeed.db")}


@pytest.mark.parametrize("format_", ["csv", "json", "jsonl"])
def test_a_file_holds_what_stdout_would(db: Path, tmp_path: Path, format_: str) -> None:
    fill(db, PRETTY, ad(2))
    output = tmp_path / "ads"
    text = answer(db, "export", "--format", format_, "--output", str(output))

    assert text == ""
    assert output.read_bytes().decode() == answer(db, "export", "--format", format_)
    assert beside(output) == {"ads"}


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new"
    before = os.umask(0)
    try:
        with replaced(path) as out:
            (temporary,) = tmp_path.iterdir()
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
            out.write(b"new")
    finally:
        os.umask(before)

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_old_file_keeps_its_permissions_and_a_link_stays(tmp_path: Path) -> None:
    path, link = tmp_path / "old", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    with replaced(link) as out:
        out.write(b"new")

    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "chown"), reason="files have no owner here")
def test_what_root_replaces_stays_its_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _, user, group: given.append((user, group)))
    with replaced(path) as out:
        out.write(b"new")
    assert given == [(path.stat().st_uid, path.stat().st_gid)]


def test_what_another_replaces_is_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "chown", Mock(side_effect=PermissionError))
    with replaced(path) as out:
        out.write(b"new")
    assert path.read_bytes() == b"new"


def half(path: Path, then: Callable[[], object]) -> None:
    with replaced(path) as out:
        out.write(b"half")
        then()


def raise_(error: BaseException) -> NoReturn:
    raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        half(path, lambda: raise_(error))

    assert path.read_bytes() == b"old"
    assert beside(path) == {"old"}


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    number = getattr(signal, name)
    usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    before = signal.signal(number, usual)  # a job in the background is born ignoring some
    try:
        with pytest.raises(StoppedError):
            half(path, lambda: os.kill(os.getpid(), number))
        after = signal.getsignal(number)
    finally:
        signal.signal(number, before)

    assert path.read_bytes() == b"old"
    assert beside(path) == {"old"}
    assert after is usual


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")
def test_a_signal_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with replaced(tmp_path / "new") as out:
            os.kill(os.getpid(), signal.SIGHUP)
            out.write(b"new")
    finally:
        signal.signal(signal.SIGHUP, before)

    assert (tmp_path / "new").read_bytes() == b"new"


def test_a_damaged_store_leaves_the_old_file(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1))
    connection = sqlite3.connect(db)
    connection.execute("DROP TABLE categories")
    connection.close()
    path = tmp_path / "old.csv"
    path.write_bytes(b"old")
    result = run_command(db, "export", "--format", "csv", "--output", str(path))

    assert result.exit_code == 7
    assert path.read_bytes() == b"old"
    assert beside(path) == {"old.csv"}


def test_special_files_are_not_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(ConfigError, match="is not a regular file"), replaced(fifo):
        pass
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_as_a_process(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1, title="Førskolelærer", expires="2999-01-01T00:00:00Z"))
    output = tmp_path / "ads.json"
    ended = process(
        *("export", "--output", str(output), "--db", str(db), "--format", "json"),
        PYTHONIOENCODING="ascii",
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert "Førskolelærer".encode() in output.read_bytes()
