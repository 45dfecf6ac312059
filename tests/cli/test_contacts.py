"""Contacts are where they are requested, and nowhere else."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, uuid_of
from cli.terminal import on_terminal

pytestmark = pytest.mark.usefixtures("noon")

KARI = "Kari Nordmann, Avdelingsleder, 19 00 00 01, kari@sykehjem.example"
OLA = "Ola, rådgiver, ola@sykehjem.example"
PEOPLE = [
    ad(1)["contactList"][0],
    {"name": "Ola", "title": "", "role": "rådgiver", "email": "ola@sykehjem.example"},
]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1, contactList=PEOPLE), ad(2, contactList=[]))


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--format", "csv"],
        ["list", "--format", "json"],
        ["list", "--format", "jsonl"],
        ["list"],
        ["export", "--format", "csv"],
        ["export", "--format", "csv", "--without-contacts"],
    ],
)
def test_columns_leave_contacts_out_unless_requested(db: Path, words: list[str]) -> None:
    output = answer(db, *words)
    assert "Sykepleier" in output
    assert "Kari" not in output
    assert "contacts" not in output


def test_a_list_gives_contacts_on_request(db: Path) -> None:
    rows = json.loads(answer(db, "list", "--format", "json", "--with-contacts"))
    assert {row["uuid"]: row["contacts"] for row in rows} == {
        uuid_of(1): [KARI, OLA],
        uuid_of(2): [],
    }
    output = answer(db, "list", "--format", "csv", "--with-contacts")
    assert [row["contacts"] for row in csv.DictReader(io.StringIO(output))] == [
        f"{KARI}; {OLA}",
        "",
    ]
    [first, second] = answer(db, "list", "--with-contacts").splitlines()
    assert first.endswith(f"\t2026-12-10\t{KARI}; {OLA}")
    assert second.endswith("\t2026-12-10\t")
    assert "Kari" not in answer(db, "list")


def test_an_export_gives_contacts_on_request(db: Path) -> None:
    output = answer(db, "export", "--format", "csv", "--with-contacts")
    assert [row["contacts"] for row in csv.DictReader(io.StringIO(output))] == [
        f"{KARI}; {OLA}",
        "",
    ]


@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_exact_content_has_them_and_can_leave_them_out(db: Path, format_: str) -> None:
    def exported(*more: str) -> list[object]:
        output = answer(db, "export", "--format", format_, *more)
        listed: list[object] = json.loads(
            output if format_ == "json" else f"[{','.join(output.splitlines())}]"
        )
        return listed

    whole = [ad(1, contactList=PEOPLE), ad(2, contactList=[])]
    assert exported() == exported("--with-contacts") == whole
    assert exported("--without-contacts") == [{**one, "contactList": []} for one in whole]


def test_one_ad_has_them_and_can_leave_them_out(db: Path) -> None:
    assert KARI in answer(db, "show", uuid_of(1))
    assert "Kari" in answer(db, "show", uuid_of(1), "--format", "json")
    output = answer(db, "show", uuid_of(1), "--without-contacts")
    assert "Contacts" not in output
    assert "Kari" not in output
    assert "Turnus" in output
    served = answer(db, "show", uuid_of(1), "--without-contacts", "--format", "json")
    assert json.loads(served) == ad(1, contactList=[])


def test_a_table_has_a_column_for_them(tmp_path: Path) -> None:
    db = fill(tmp_path / "other.db", ad(1, expires="2999-01-01T00:00:00Z"))
    _, drawn, _ = on_terminal(200, "list", "--db", str(db), "--with-contacts")
    assert "contacts" in drawn
    assert "Kari Nordmann, Avd" in drawn
    assert "Kari" not in on_terminal(200, "list", "--db", str(db))[1]
