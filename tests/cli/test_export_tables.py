"""`navfeed export` as tables: columns, dialects, child tables; opened by other readers too."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from cli.support import Fields, ad, answer, fill, place, run_command, store_ads, uuid_of
from cli.test_hostile import hostile, storable, texts
from navfeed.errors import ConfigError
from navfeed.export import columns, xlsx
from navfeed.export.columns import LIST_FIELDS
from navfeed.export.formats import Dialect, write_csv
from navfeed.export.xlsx import write_xlsx
from navfeed.store.selection import LIST_COLUMNS
from navfeed.store.writer import Store
from support.sql import rows
from support.tools import need

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


def beside(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if not one.name.startswith("navfeed.db")}


def rows_of(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter))


def sheet_of(path: Path) -> list[list[Any]]:
    """What another program reads in an xlsx file; a formula would be read as one."""
    book = load_workbook(path, read_only=True)
    (sheet,) = book.worksheets
    cells = list(map(list, sheet.iter_rows()))
    book.close()
    assert {cell.data_type for row in cells for cell in row} <= {"s", "n", "inlineStr"}
    return [[_read(cell.value) for cell in row] for row in cells]


def _read(value: Any) -> Any:
    """Excel's own way to write what XML cannot hold, which openpyxl leaves to its callers."""
    return unescape(value) if isinstance(value, str) else value


# Columns


def test_what_list_gives_is_the_beginning_of_what_export_gives() -> None:
    assert tuple(columns.EXPORTED)[: len(LIST_FIELDS)] == LIST_FIELDS
    assert not columns.EXPORTED.keys() & columns.ON_REQUEST.keys()


def test_the_store_has_every_column_that_is_documented(db: Path) -> None:
    fill(db, ad(1))
    every = [*columns.EXPORTED, *columns.ON_REQUEST]
    (header, record) = rows_of(
        answer(db, "export", "--format", "csv", "--columns", ",".join(every))
    )
    assert header == every
    assert len(record) == len(every)
    assert LIST_COLUMNS - {"places"} == columns.LISTS
    for table, names in columns.OF_TABLES.items():
        header, *_ = rows_of(answer(db, "export", "--format", "csv", "--table", table))
        assert header == list(names)


def test_columns_are_chosen_in_their_order(db: Path) -> None:
    fill(db, ad(1), ad(2, title="Kokk"))
    text = answer(db, "export", "--format", "csv", "--columns", "title, uuid,contacts")
    assert rows_of(text) == [
        ["title", "uuid", "contacts"],
        [
            "Sykepleier natt",
            uuid_of(1),
            "Kari Nordmann, Avdelingsleder, 19 00 00 01, kari@sykehjem.example",
        ],
        ["Kokk", uuid_of(2), "Kari Nordmann, Avdelingsleder, 19 00 00 01, kari@sykehjem.example"],
    ]


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["csv", "--columns", "uuid,titel"], "no column 'titel' (did you mean title?)"),
        (["csv", "--columns", "uuid,,title"], "no column ''"),
        (["csv", "--columns", "uuid,uuid"], "names a column twice"),
        (["csv", "--columns", "contacts", "--without-contacts"], "names people"),
        (["csv", "--columns", "content", "--without-contacts"], "names people"),
        (["csv", "--table", "locations", "--columns", "title"], "no column 'title'"),
        (["csv", "--table", "locations", "--with-contacts"], "has no contacts"),
        (["json", "--columns", "uuid"], "json holds whole ads"),
        (["jobposting", "--table", "locations"], "jobposting holds whole ads"),
        (["json", "--excel"], "--excel is for csv"),
        (["xlsx", "--raw-cells"], "--raw-cells is for csv"),
        (["xlsx"], "name it with --output"),
        (["parquet"], "name it with --output"),
        (["csv", "--split"], "name it with --output"),
    ],
)
def test_what_cannot_be_is_reported(db: Path, arguments: list[str], output: str) -> None:
    fill(db, ad(1))
    result = run_command(db, "export", "--format", *arguments)
    assert result.exit_code == 2
    assert output in result.stderr
    assert result.stdout == ""


def test_contacts_come_on_request(db: Path) -> None:
    fill(db, ad(1))
    with_contacts = answer(db, "export", "--format", "csv", "--with-contacts")
    assert rows_of(with_contacts)[0] == [*columns.EXPORTED, "contacts"]
    named = answer(db, "export", "--format", "csv", "--with-contacts", "--columns", "contacts,uuid")
    assert rows_of(named)[0] == ["contacts", "uuid"]


# Child tables

SCORED = {"categoryType": "ESCO", "code": "x", "name": "=1", "description": "-2", "score": -0.5}


def test_a_row_for_each_of_several(db: Path) -> None:
    fill(
        db,
        ad(
            1, workLocations=[place("BERGEN", "VESTLAND"), place("ÅS", "AKERSHUS")], categoryList=[]
        ),
        ad(2, workLocations=[], categoryList=[SCORED]),
        ad(3, expires="2026-11-20T00:00:00Z"),
        ad(4, workLocations=[place("OSLO")], categoryList=[]),
    )
    places = rows_of(answer(db, "export", "--format", "csv", "--table", "locations"))
    assert [(row[0], row[1], row[7]) for row in places[1:]] == [
        (uuid_of(1), "0", "BERGEN"),
        (uuid_of(1), "1", "ÅS"),
        (uuid_of(4), "0", "OSLO"),
    ]
    one = answer(
        db,
        "export",
        "--format",
        "csv",
        "--table",
        "locations",
        "--municipality",
        "ås",
        "--columns",
        "city",
    )
    assert rows_of(one) == [["city"], ["BERGEN"], ["ÅS"]]
    found = rows_of(answer(db, "export", "--format", "csv", "--table", "categories"))
    assert found[1] == [uuid_of(2), "0", "ESCO", "x", "'=1", "'-2", "-0.5"]
    found = rows_of(answer(db, "export", "--format", "csv", "--table", "occupations"))
    assert found[1] == [uuid_of(1), "0", "Helse og sosial", "Sykepleier"]


def test_child_rows_are_read_in_order_without_sorting(db: Path) -> None:
    """Sorting would hold all of them in memory."""
    fill(db, ad(1))
    plan = rows(
        db,
        "EXPLAIN QUERY PLAN SELECT locations.city FROM ads CROSS JOIN locations "
        "ON locations.ad = ads.uuid ORDER BY ads.uuid, locations.position",
    )
    assert plan
    assert not [row for row in plan if "TEMP B-TREE" in row[3]]


# csv for Excel, and as it is


def test_excel_in_norwegian(db: Path) -> None:
    fill(db, ad(1, title="Kokk; å være", categoryList=[SCORED]))
    text = answer(db, "export", "--format", "csv", "--excel", "--columns", "title,uuid")
    assert text == f'\ufefftitle;uuid\r\n"Kokk; å være";{uuid_of(1)}\r\n'
    scores = answer(
        db,
        "export",
        "--format",
        "csv",
        "--excel",
        "--table",
        "categories",
        "--columns",
        "score,name",
    )
    assert scores == "\ufeffscore;name\r\n-0,5;'=1\r\n"


def test_raw_cells_are_left_alone(db: Path) -> None:
    fill(db, ad(1, title="=1+1"), ad(2, title="'=1+1"))
    for arguments, first in (([], "'=1+1"), (["--raw-cells"], "=1+1")):
        text = answer(db, "export", "--format", "csv", "--columns", "title", *arguments)
        assert rows_of(text) == [["title"], [first], ["'=1+1"]]


@pytest.mark.parametrize("start", ["\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_signs_of_full_width_run_nothing_either(start: str) -> None:
    out = io.BytesIO()
    write_csv(["title"], [(f"{start}1",)], out, Dialect())
    assert out.getvalue().decode() == f"title\r\n'{start}1\r\n"


# xlsx


def test_xlsx_holds_what_csv_holds(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1, title="Førskolelærer"), ad(2, title="=1+1", workLocations=[]))
    path = tmp_path / "ads.xlsx"
    assert answer(db, "export", "--format", "xlsx", "--output", str(path)) == ""
    table = rows_of(answer(db, "export", "--format", "csv", "--raw-cells"))
    assert [[cell or "" for cell in row] for row in sheet_of(path)] == table
    assert beside(tmp_path) == {"ads.xlsx"}


def test_xlsx_has_numbers_where_the_store_has(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1, categoryList=[SCORED]))
    path = tmp_path / "categories.xlsx"
    answer(db, "export", "--format", "xlsx", "--table", "categories", "--output", str(path))
    assert sheet_of(path)[1] == [uuid_of(1), 0, "ESCO", "x", "=1", "-2", -0.5]


def test_what_excel_cannot_hold_is_cut_and_reported(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1, description="å" * 40_000), ad(2, description="👩" * 20_000))
    path = tmp_path / "ads.xlsx"
    result = run_command(
        db, "export", "--format", "xlsx", "--columns", "description", "--output", str(path)
    )
    assert "2 texts cut at 32,767 characters" in result.stderr
    assert sheet_of(path)[1:] == [["å" * 32_767], ["👩" * 16_383]]


def test_more_rows_than_a_sheet_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 2)
    with pytest.raises(ConfigError, match="use csv or parquet"):
        write_xlsx(["n"], [(1,), (2,), (3,)], io.BytesIO(), tmp_path)


class FullDisk(io.BytesIO):
    def write(self, _: Any) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_no_bug(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No space left on device"):
        write_xlsx(["n"], [(1,)], FullDisk(), tmp_path)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("hostile") / "navfeed.db") as store:
        yield store


EVERY = "uuid,title,municipalities,categories,contacts,description"


@given(text=texts)
def test_hostile_text_in_xlsx(
    store: Store, tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    store_ads(store, [json.dumps(hostile(text))])
    path = tmp_path_factory.getbasetemp() / "hostile.xlsx"
    answer(store.path, "export", "--format", "xlsx", "--columns", EVERY, "--output", str(path))
    _, record = sheet_of(path)
    assert (record[1] or "") == storable(text)
    assert (record[2] or "") == storable(text)
    assert (record[5] or "") == storable(text)


@given(text=texts, excel=st.booleans(), raw=st.booleans())
def test_hostile_text_in_csv_of_every_dialect(
    store: Store, text: str, excel: bool, raw: bool
) -> None:
    store_ads(store, [json.dumps(hostile(text))])
    dialect = [*(["--excel"] if excel else []), *(["--raw-cells"] if raw else [])]
    output = answer(store.path, "export", "--format", "csv", "--columns", EVERY, *dialect)
    (_, record) = rows_of(output.removeprefix("\ufeff"), ";" if excel else ",")
    kept = storable(text)
    for cell in (record[1], record[2], record[5]):
        assert cell == kept or (not raw and cell == f"'{kept}")
        assert raw or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(text=texts, excel=st.booleans())
def test_another_programs_csv_reader_reads_the_same(store: Store, text: str, excel: bool) -> None:
    need("pandas")
    import pandas as pd

    store_ads(store, [json.dumps(hostile(text))])
    dialect = ["--raw-cells", *(["--excel"] if excel else [])]
    output = answer(store.path, "export", "--format", "csv", "--columns", EVERY, *dialect)
    table = pd.read_csv(
        io.BytesIO(output.encode()),
        sep=";" if excel else ",",
        encoding="utf-8-sig",
        dtype=str,
        keep_default_na=False,
    )
    (record,) = table.to_dict("records")
    kept = storable(text)
    assert (record["title"], record["description"], record["municipalities"]) == (kept, kept, kept)


# parquet, where pyarrow is installed (`make recipes`)


def parquet_of(path: Path) -> Any:
    need("pyarrow")
    from pyarrow import parquet

    return parquet.read_table(path)


def export_parquet(db: Path, path: Path, *arguments: str) -> Any:
    need("pyarrow")
    answer(db, "export", "--format", "parquet", "--output", str(path), *arguments)
    return parquet_of(path)


def test_parquet_is_typed(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1), ad(2, published=None, workLocations=[], expires=None))
    table = export_parquet(db, tmp_path / "ads.parquet")
    assert table.column_names == list(columns.EXPORTED)
    first, second = table.to_pylist()
    assert first["municipalities"] == ["BERGEN"]
    assert first["published"].astimezone(UTC) == datetime(2026, 11, 10, 8, tzinfo=UTC)
    assert first["last_day"] == date(2026, 12, 10)
    assert first["positions"] == "2"
    assert (second["published"], second["last_day"], second["municipalities"]) == (None, None, [])


def test_parquet_of_a_child_table_and_of_nothing(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1, categoryList=[SCORED]))
    table = export_parquet(db, tmp_path / "categories.parquet", "--table", "categories")
    assert table.to_pylist() == [
        {
            "ad": uuid_of(1),
            "position": 0,
            **{name: SCORED[name] for name in ("code", "name", "description", "score")},
            "type": "ESCO",
        }
    ]
    nothing = export_parquet(db, tmp_path / "none.parquet", "--municipality", "OSLO")
    assert nothing.num_rows == 0
    assert nothing.column_names == list(columns.EXPORTED)


@given(text=texts)
def test_hostile_text_in_parquet(
    store: Store, tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    store_ads(store, [json.dumps(hostile(text))])
    path = tmp_path_factory.getbasetemp() / "hostile.parquet"
    (record,) = export_parquet(store.path, path, "--columns", EVERY).to_pylist()
    kept = storable(text)
    assert (record["title"] or "", record["description"] or "") == (kept, kept)
    assert record["municipalities"] == ([kept] if kept else [])


@given(second=st.integers(0, int(timedelta(days=3_652_000).total_seconds())))
def test_any_moment_goes_into_parquet(
    tmp_path_factory: pytest.TempPathFactory, second: int
) -> None:
    need("pyarrow")
    from navfeed.export.parquet import write_parquet

    moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    out = io.BytesIO()
    cells = (f"{moment.replace(tzinfo=None).isoformat()}Z", moment.date().isoformat())
    write_parquet(["published", "last_day"], [cells], out)
    path = tmp_path_factory.getbasetemp() / "moment.parquet"
    path.write_bytes(out.getvalue())
    (record,) = parquet_of(path).to_pylist()
    assert (record["published"], record["last_day"]) == (moment, moment.date())


# Extras


@pytest.mark.parametrize(("format_", "module"), [("xlsx", "xlsxwriter"), ("parquet", "pyarrow")])
def test_a_missing_extra_is_named(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    fill(db, ad(1))
    output = tmp_path / f"ads.{format_}"
    result = run_command(db, "export", "--format", format_, "--output", str(output))
    assert result.exit_code == 2
    assert f"pip install 'navfeed[{format_}]'" in result.stderr
    assert beside(tmp_path) == set()


def test_nothing_of_the_people_to_ask_by_itself(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1, description="<p>x</p>"))
    path = tmp_path / "ads.xlsx"
    answer(db, "export", "--format", "xlsx", "--output", str(path))
    output: list[Fields] = [dict.fromkeys(map(str, row)) for row in sheet_of(path)]
    assert "Kari" not in str(output)
