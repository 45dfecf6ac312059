"""`navfeed export` for research: removed ads, a day that is over, codes, and the codebook."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import time_machine

from cli.support import ad, answer, fill, place, run_command, store_ads, uuid_of
from navfeed.export.columns import EXPORTED, OF_TABLES, ON_REQUEST
from navfeed.model import DetailDecision, Inactive, Reason
from navfeed.store.writer import Store
from navfeed.version import __version__
from support.clock import NOW

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """The second ad was removed on 10 November, the third on the 15th; today is the 21st.

    All is known from the 10th on.
    """
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        store.set_inactive(Inactive.MASK)
        store.caught_up(NOW.replace(day=9))
        early = NOW.replace(day=2)
        store_ads(store, [ad(2, published="2026-11-02T08:00:00+01:00")], early)
        store_ads(store, [ad(3, published="2026-11-02T08:00:00+01:00")], early)
        store_ads(store, [ad(1, published="2026-11-12T08:00:00+01:00")], NOW.replace(day=12))
        for number, day in ((2, 10), (3, 15)):
            gone = [DetailDecision(uuid_of(number), Reason.STOPPED)]
            store.commit_details(gone, [], NOW.replace(day=day))
        store.caught_up(NOW)
    return path


def rows(db: Path, *arguments: str) -> list[dict[str, str]]:
    text = answer(db, "export", "--format", "csv", *arguments)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_what_is_left_of_removed_ads(db: Path) -> None:
    second, third = rows(db, "--table", "removed")
    assert second == {
        "uuid": uuid_of(2),
        "reason": "stopped",
        "first_seen": "2026-11-02T12:00:00Z",
        "removed_at": "2026-11-10T12:00:00Z",
        "published": "2026-11-02T07:00:00Z",
        "expires": "2026-12-10T22:59:59Z",
        "last_day": "2026-12-10",
        "left_on": "2026-11-10",
        "municipalities": "BERGEN",
        "counties": "VESTLAND",
        "municipality_numbers": "4601",
        "styrk08": "2223",
        "esco": "",
        "sector": "Offentlig",
        "extent": "Heltid",
        "engagement_type": "Fast",
    }
    assert third["uuid"] == uuid_of(3)
    assert [*rows(db, "--table", "removed", "--columns", "uuid,reason")[0]] == ["uuid", "reason"]


def test_which_ads_were_active_on_a_day(db: Path) -> None:
    def active(day: str) -> list[str]:
        return [row["uuid"] for row in rows(db, "--as-of", day)]

    assert active("2026-11-10") == [uuid_of(3)]
    assert active("2026-11-14") == [uuid_of(1), uuid_of(3)]
    assert active("2026-11-20") == [uuid_of(1)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--as-of", "2026-11-09"), "from 2026-11-10 on, so far to 2026-11-20"),
        (("--as-of", "2026-11-21"), "is not over"),
        (("--as-of", "yesterday"), "takes a day"),
        (("--as-of", "2026-11-14", "--sector", "Privat"), "leave filters"),
        (("--table", "removed", "--near", "BERGEN"), "leave filters"),
        (("--codebook",), "name it by --output"),
    ],
)
def test_what_is_not_known_is_refused(db: Path, arguments: tuple[str, ...], reason: str) -> None:
    result = run_command(db, "export", "--format", "csv", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("number", "fields", "left_on", "counties"),
    [
        (4, {"expires": "2026-11-12T23:59:59+01:00"}, "2026-11-13", "VESTLAND"),
        (
            5,
            {"workLocations": [place("OSLO"), place("BERGEN", "Vestland")]},
            "2026-11-20",
            "OSLO; VESTLAND",
        ),
    ],
)
def test_a_removed_ad_is_exported_as_it_is_counted(
    db: Path, number: int, fields: dict[str, object], left_on: str, counties: str
) -> None:
    """It left before the sync that saw it; its counties are those of its municipalities too."""
    with Store(db) as store:
        store_ads(store, [ad(number, **fields)])
        gone = [DetailDecision(uuid_of(number), Reason.STOPPED)]
        store.commit_details(gone, [], NOW.replace(day=20))
    removed = {row["uuid"]: row for row in rows(db, "--table", "removed")}[uuid_of(number)]
    assert (removed["left_on"], removed["counties"]) == (left_on, counties)


def test_an_ad_that_left_the_scope_left_on_no_day(db: Path) -> None:
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(1), Reason.OUT_OF_SCOPE)], [], NOW)
    removed = {row["uuid"]: row for row in rows(db, "--table", "removed")}[uuid_of(1)]
    assert (removed["reason"], removed["left_on"]) == ("out of scope", "")


def test_without_masks_no_day_is_known(tmp_path: Path) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1))
    result = run_command(db, "export", "--format", "csv", "--as-of", "2026-11-14")
    assert "--inactive mask" in result.stderr
    assert rows(db, "--table", "removed") == []


def test_codes_and_text_have_columns_of_their_own(db: Path) -> None:
    (row,) = rows(db, "--columns", "styrk08,esco,description_text,municipality_numbers")
    assert row["styrk08"] == "2223"
    assert row["esco"] == ""
    assert "<" not in row["description_text"]
    assert "Vi søker sykepleier." in row["description_text"]
    assert row["municipality_numbers"] == "4601"


@pytest.mark.parametrize("format_", ["csv", "xlsx", "parquet"])
def test_the_codebook_describes_the_file(db: Path, tmp_path: Path, format_: str) -> None:
    if format_ == "parquet":
        pytest.importorskip("pyarrow")
    file = tmp_path / f"ads.{format_}"
    options = ("--output", str(file), "--codebook", "--municipality", "4601")
    answer(db, "export", "--format", format_, *options)
    package = json.loads((tmp_path / f"ads.{format_}.datapackage.json").read_text("utf-8"))
    (resource,) = package["resources"]
    assert resource["path"] == file.name
    assert resource["hash"] == f"sha256:{sha256(file.read_bytes()).hexdigest()}"
    assert (resource["bytes"], resource["rows"]) == (file.stat().st_size, 1)
    fields = {one["name"]: one for one in resource["schema"]["fields"]}
    assert all(set(one) == {"name", "type", "description", "missing"} for one in fields.values())
    assert (fields["published"]["type"], fields["municipalities"]["type"]) == ("datetime", "array")
    assert (fields["uuid"]["missing"], fields["title"]["missing"]) == (0, 0)
    assert package["navfeed"]["version"] == __version__
    assert package["navfeed"]["filters"] == {"municipality": ["4601"]}
    assert package["navfeed"]["change"] == 5
    known = {name: package["navfeed"][name] for name in ("known_since", "until", "waiting")}
    assert known == {"known_since": "2026-11-10", "until": "2026-11-20", "waiting": 0}
    assert package["created"] == NOW.isoformat()


def test_every_column_is_described_by_itself() -> None:
    for columns in ({**EXPORTED, **ON_REQUEST}, *OF_TABLES.values()):
        for name, meaning in columns.items():
            assert meaning, name
            assert "likewise" not in meaning, name


def test_the_codebook_counts_what_is_missing(db: Path, tmp_path: Path) -> None:
    with Store(db) as store:
        store_ads(store, [ad(4, sector=None)])
    file = tmp_path / "ads.csv"
    answer(db, "export", "--format=csv", "--output", str(file), "--codebook")
    package = json.loads((tmp_path / "ads.csv.datapackage.json").read_text("utf-8"))
    missing = {one["name"]: one["missing"] for one in package["resources"][0]["schema"]["fields"]}
    assert missing["sector"] == 0.5


def test_equal_data_is_an_equal_workbook(
    db: Path, tmp_path: Path, noon: time_machine.Coordinates
) -> None:
    one, other = tmp_path / "one.xlsx", tmp_path / "other.xlsx"
    answer(db, "export", "--format=xlsx", "--output", str(one))
    noon.move_to(NOW + timedelta(hours=3))
    answer(db, "export", "--format=xlsx", "--output", str(other))
    assert one.read_bytes() == other.read_bytes()
