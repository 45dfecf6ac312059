"""`navfeed export --split`: a file for each municipality, and nobody else's file is touched."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook

from cli.support import ad, answer, fill, place, run_command, store_ads, uuid_of
from navfeed import files
from navfeed.errors import ConfigError
from navfeed.export.split import files_of, is_split
from navfeed.files import replaced_folder
from navfeed.store.writer import Store

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "navfeed.db",
        ad(1),
        ad(2, workLocations=[place("BERGEN"), place("ÅS"), place("BERGEN")]),
        ad(3, workLocations=[place("Ås"), place("../../etc/passwd")]),
        ad(4, workLocations=[]),
        ad(5, workLocations=[place("?", postalCode="")]),
        ad(6, workLocations=[place("OSLO")], expires="2026-11-20T00:00:00Z"),
    )


def uuids(path: Path) -> list[int]:
    with path.open(encoding="utf-8", newline="") as text:
        return [int(row["uuid"][:8], 16) for row in csv.DictReader(text)]


def index_of(folder: Path) -> list[list[str]]:
    with (folder / "index.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def test_each_file_has_its_ads(db: Path, tmp_path: Path) -> None:
    folder = tmp_path / "split"
    assert answer(db, "export", "--format", "csv", "--split", "--output", str(folder)) == ""

    assert {one.name: uuids(one) for one in folder.iterdir() if one.name != "index.csv"} == {
        "BERGEN.csv": [1, 2],
        "ÅS.csv": [2, 3],
        "ETC_PASSWD.csv": [3],
        "_none.csv": [4],
        "_.csv": [5],
    }
    assert index_of(folder) == [
        ["file", "municipal", "rows"],
        ["BERGEN.csv", "BERGEN", "2"],
        ["ETC_PASSWD.csv", "../../etc/passwd", "1"],
        ["_.csv", "?", "1"],
        ["ÅS.csv", "ÅS; Ås", "2"],
        ["_none.csv", "", "1"],
    ]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}


def test_the_filters_count_too(db: Path, tmp_path: Path) -> None:
    folder = tmp_path / "split"
    answer(
        *(db, "export", "--format", "csv", "--split", "--output", str(folder)),
        *("--municipality", "ås", "--employer", "bergen"),
    )
    assert {one.name: uuids(one) for one in folder.iterdir() if one.name != "index.csv"} == {
        "BERGEN.csv": [2],
        "ÅS.csv": [2, 3],
        "ETC_PASSWD.csv": [3],
    }


def test_no_ads_are_an_empty_index(db: Path, tmp_path: Path) -> None:
    folder = tmp_path / "split"
    answer(
        db, "export", "--format", "json", "--split", "--output", str(folder), "--county", "nordland"
    )
    assert [one.name for one in folder.iterdir()] == ["index.csv"]
    answer(db, "export", "--format", "json", "--split", "--output", str(folder))
    assert json.loads((folder / "_none.json").read_text())[0]["uuid"] == uuid_of(4)


def test_other_formats_and_tables(db: Path, tmp_path: Path) -> None:
    folder = tmp_path / "split"
    answer(db, "export", "--format", "xlsx", "--split", "--output", str(folder))
    book = load_workbook(folder / "BERGEN.xlsx", read_only=True)
    assert [row[0] for row in book.worksheets[0].values] == ["uuid", uuid_of(1), uuid_of(2)]
    book.close()
    answer(db, "export", "--format", "jobposting", "--split", "--output", str(folder))
    assert len((folder / "BERGEN.jsonl").read_text().splitlines()) == 2
    assert not (folder / "BERGEN.xlsx").exists()
    answer(
        db, "export", "--format", "csv", "--table", "locations", "--split", "--output", str(folder)
    )
    assert index_of(folder)[1] == ["BERGEN.csv", "BERGEN", "4"]


def test_what_is_no_longer_there_leaves_the_folder(db: Path, tmp_path: Path) -> None:
    """An ad that may not be shown any more must not stand in an old file."""
    folder = tmp_path / "split"
    folder.mkdir(mode=0o750)
    answer(db, "export", "--format", "csv", "--split", "--output", str(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
    answer(
        *(db, "export", "--format", "csv", "--split", "--output", str(folder)),
        *("--municipality", "BERGEN"),
    )
    assert {one.name for one in folder.iterdir()} == {"BERGEN.csv", "ÅS.csv", "index.csv"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert beside(tmp_path) == {"split"}


def beside(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if not one.name.startswith("navfeed.db")}


@pytest.mark.parametrize("name", ["letter.txt", "BERGEN.csv/letter", "index.csv"])
def test_somebodys_folder_is_left_alone(db: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "split"
    if name != "index.csv":
        answer(db, "export", "--format", "csv", "--split", "--output", str(folder))
        (folder / "BERGEN.csv").unlink()
    letter = folder / name
    letter.parent.mkdir(exist_ok=True)
    letter.write_bytes(b"\xff dear grandmother")
    (folder / "other").touch()
    result = run_command(db, "export", "--format", "csv", "--split", "--output", str(folder))
    assert result.exit_code == 2
    assert "--split did not write" in result.stderr
    assert letter.read_bytes() == b"\xff dear grandmother"


def test_a_file_is_no_folder(db: Path) -> None:
    result = run_command(db, "export", "--format", "csv", "--split", "--output", str(db))
    assert result.exit_code == 2
    assert len(answer(db, "list").splitlines()) == 5
    missing = db.parent / "no" / "folder"
    assert (
        run_command(db, "export", "--format", "csv", "--split", "--output", str(missing)).exit_code
        == 2
    )


def test_a_failure_leaves_the_old_folder(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "split"
    answer(db, "export", "--format", "csv", "--split", "--output", str(folder))
    before = {one.name: one.read_bytes() for one in folder.iterdir()}

    def fill_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("navfeed.export.writing.write_csv", fill_disk)
    result = run_command(db, "export", "--format", "csv", "--split", "--output", str(folder))
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before
    assert beside(tmp_path) == {"split"}


def test_a_folder_that_cannot_take_its_place_puts_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "split"
    folder.mkdir()
    (folder / "old").touch()
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="Input/output"):
        with replaced_folder(folder, lambda _: True):
            pass
    assert [one.name for one in folder.iterdir()] == ["old"]
    assert beside(tmp_path) == {"split"}


def test_an_index_is_taken_for_one_only_where_it_is_whole(tmp_path: Path) -> None:
    assert not is_split(tmp_path)
    (tmp_path / "index.csv").write_bytes(b"\xff")
    assert not is_split(tmp_path)
    (tmp_path / "index.csv").write_text("file,municipal,rows\nA.csv,A,1\n")
    assert is_split(tmp_path)
    (tmp_path / "B.csv").touch()
    assert not is_split(tmp_path)


@pytest.mark.parametrize(
    "index",
    [
        "",
        "letter.csv\n",
        "file,municipal,rows\nletter.csv,LETTER,1\n",
        "file,municipal,rows\nLETTER.txt,LETTER,1\n",
        "file,municipal,rows\nLETTER.csv,LETTER,many\n",
        "file,municipal,rows\nLETTER.csv\n",
        "file,rows,municipal\nLETTER.csv,1,LETTER\n",
        'file,municipal,rows\nLETTER.csv,"LETTER,1\n',
    ],
)
def test_a_forged_index_takes_nobodys_file_away(db: Path, tmp_path: Path, index: str) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    letters = [folder / name for name in ("letter.csv", "LETTER.txt", "LETTER.csv")]
    (letter,) = [one for one in letters if one.name in index] or letters[:1]
    letter.write_text("dear grandmother")
    (folder / "index.csv").write_text(index)
    result = run_command(db, "export", "--format", "csv", "--split", "--output", str(folder))
    assert (result.exit_code, "--split did not write" in result.stderr) == (2, True)
    assert letter.read_text() == "dear grandmother"


def test_an_index_that_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "index.csv")
    assert not is_split(tmp_path)
    (tmp_path / "index.csv").unlink()
    (tmp_path / "list").write_text("file,municipal,rows\n")
    (tmp_path / "index.csv").symlink_to("list")
    assert not is_split(tmp_path)


def test_a_municipality_that_is_called_as_the_index_has_a_file_beside_it(tmp_path: Path) -> None:
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, workLocations=[place("INDEX")]),
        ad(2, workLocations=[place("Index_")]),
    )
    folder = tmp_path / "split"
    for _ in range(2):
        answer(db, "export", "--format", "csv", "--split", "--output", str(folder))
        assert index_of(folder)[1:] == [["INDEX_.csv", "INDEX; Index_", "2"]]
        assert uuids(folder / "INDEX_.csv") == [1, 2]


@given(names=st.sets(st.text()))
def test_any_name_names_a_harmless_file(names: set[str]) -> None:
    stems = files_of(names)
    assert {name for group in stems.values() for name in group} == names
    folded = {stem.casefold() for stem in stems}
    assert len(folded) == len(stems)
    for stem in stems:
        assert files_of({stem}) == {stem: [stem]}
        assert stem.casefold() != "index"
        assert stem == Path(stem).name
        assert not stem.startswith(".")
        assert len(f"{stem}.parquet".encode()) < 255


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("any") / "navfeed.db") as store:
        yield store


@given(name=st.text(st.characters(blacklist_categories=["Cs"]), min_size=1))
@example(name="-")
def test_any_municipality_can_be_split_off(store: Store, name: str) -> None:
    store_ads(store, [ad(1, workLocations=[place(name)])])
    out = store.path.parent / "split"
    answer(store.path, "export", "--format", "csv", "--split", "--output", str(out))
    (file,) = [one for one in out.iterdir() if one.name != "index.csv"]
    assert uuids(file) == [1]
    assert is_split(out)


def test_two_at_once_do_not_clear_each_other_away(tmp_path: Path) -> None:
    folder = tmp_path / "split"
    with replaced_folder(folder, is_split) as first:
        (first / "first").touch()
        with replaced_folder(folder, is_split) as second:
            (second / "second").touch()
        assert (first / "first").exists()
        (folder / "second").unlink()
    assert [one.name for one in folder.iterdir()] == ["first"]


def test_a_room_that_was_cleared_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files._lock
    made = []

    def lock(number: int, *, wait: bool) -> bool:
        if not made:
            (hidden,) = tmp_path.iterdir()
            made.append(hidden)
            hidden.rmdir()
        return real(number, wait=wait)

    monkeypatch.setattr(files, "_lock", lock)
    with files.workroom(tmp_path / "x") as room:
        assert room.is_dir()
        assert [room] != made
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write"):
        with files.workroom(tmp_path / "no" / "x"):
            pass


def test_a_folder_that_others_may_read_stays_readable(db: Path, tmp_path: Path) -> None:
    folder = tmp_path / "split"
    export = ("export", "--format", "csv", "--split", "--output", str(folder))
    answer(db, *export)
    folder.chmod(0o755)
    for one in folder.iterdir():
        one.chmod(0o644)
    fill(db, ad(7, workLocations=[place("NARVIK")]))
    answer(db, *export)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}
    assert (modes["NARVIK.csv"], {*modes.values()}) == (0o644, {0o644})  # like all the others
    (folder / "BERGEN.csv").chmod(0o640)
    fill(db, ad(8, workLocations=[place("VOSS")]))
    answer(db, *export)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}
    assert (modes.pop("BERGEN.csv"), modes.pop("VOSS.csv")) == (0o640, 0o600)
    assert {*modes.values()} == {0o644}
