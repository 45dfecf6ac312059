"""Filters, the same for every command: whole names, parts, codes, dates, numbers, and `!`."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, place, run_command, uuid_of
from navfeed.cli import _completion
from navfeed.cli._filters import FilterOptions
from navfeed.places import county_names
from navfeed.store.filters import COUNTY, Filters, conditions
from navfeed.store.query import Reader
from navfeed.text.letters import fold
from support.clock import NOW
from support.warm import navfeed_command

pytestmark = pytest.mark.usefixtures("noon")


def category(type_: str, code: str, name: str) -> dict[str, object]:
    return {"categoryType": type_, "code": code, "name": name, "description": None, "score": 1}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "navfeed.db",
        ad(1),
        ad(
            2,
            workLocations=[
                place("OSLO", "OSLO", city="Oslo", postalCode="0150"),
                place("VÅLER", "INNLANDET", city="Braskereidfoss", postalCode="2435"),
            ],
            employer={"name": "Kafé Ås AS", "orgnr": "300000027"},
            jobtitle="Kokk",
            occupationCategories=[{"level1": "Reiseliv og mat", "level2": "Kokk"}],
            categoryList=[
                category("STYRK08", "5120", "Kokker"),
                category("ESCO", "http://data.europa.eu/esco/1", "kokk"),
                category("STYRK08NAV", "5120.01", "Kokk, skip"),
            ],
            engagementtype="Vikariat",
            extent="Deltid",
            sector="Privat",
            source="AMEDIA",
            positioncount="10",
            published="2026-11-01T08:00:00+01:00",
            updated="2026-11-20T08:00:00+01:00",
            expires="2026-12-24T23:59:59+01:00",
            applicationDue="1. desember 2026",
        ),
        ad(
            3,
            workLocations=[{"country": "SVERIGE", "postalCode": None}],
            employer=None,
            jobtitle=None,
            occupationCategories=[],
            categoryList=[category("JANZZ", "2223", "Sykepleiere")],
            engagementtype=None,
            extent="",
            sector=None,
            source=None,
            positioncount="mange",
            published=None,
            updated=None,
            expires=None,
            applicationDue="Snarest",
        ),
    )


CASES: list[tuple[str, str | None, str]] = [
    ("municipal", "bergen", "1"),
    ("municipal", "BERGEN,OSLO", "12"),
    ("municipal", "!BERGEN", "23"),
    ("municipal", "!BERGEN,OSLO", "3"),
    ("municipal", "4601", "1"),
    ("municipal", "!4601", "23"),
    ("municipal", "VÅ*", "2"),
    ("municipal", "VA*", ""),
    ("municipal", "!*", "3"),  # no municipality at all
    ("county", "innlandet", "2"),
    ("country", "SVERIGE", "3"),
    ("country", "!norge", "3"),
    ("city", "braskereidfoss", "2"),
    ("postal-code", "0150", "2"),
    ("postal-code", "50*", "1"),
    ("postal-code", "!50*", "23"),
    ("employer", "ås", "2"),
    ("employer", "!kommune", "23"),
    ("orgnr", "300000027", "2"),
    ("orgnr", "300000019, 300000027", "12"),
    ("orgnr", "!300000027", "13"),
    ("orgnr", "30000002*", "2"),
    ("occupation", "kokk", "2"),
    ("occupation", "!sykepl", "2"),
    ("level1", "helse og sosial", "1"),
    ("level1", "!Helse og sosial", "23"),
    ("level2", "KOKK", "2"),
    ("level2", "kok", ""),
    ("styrk", "5120", "2"),
    ("styrk", "kokk, skip", "2"),
    ("styrk", "Kokker", "2"),
    ("styrk", "22*", "1"),
    ("styrk", "!22*", "23"),
    ("styrk", "2223", "1"),  # of another type in the third
    ("esco", "http://data.europa.eu/esco/1", "2"),
    ("esco", "Kokk", "2"),
    ("esco", "5120", ""),
    ("engagement", "fast", "1"),
    ("engagement", "!fast", "23"),
    ("extent", "deltid", "2"),
    ("sector", "privat", "2"),
    ("source", "amedia", "2"),
    ("source", "!AMEDIA", "13"),
    ("positions", "2", "1"),
    ("positions", "[3,*)", "2"),
    ("positions", "(2,10]", "2"),
    ("positions", "*", "12"),
    ("published", "2026-11-10", "1"),
    ("published", "[*,2026-11-10)", "2"),
    ("updated", "yesterday", "2"),
    ("expires", "[2026-12-11,*)", "2"),
    ("expires", "2026-12-10", "1"),
    ("due", "2026-12-01", "2"),
    ("due", "[2026-12-02,*)", "1"),
    ("due", "[*,2026-12-10)", "2"),
    ("due", "*", "12"),
    ("due", "9", ""),  # today is the 21st of November
    ("due", "10", "2"),
    ("due", "19", "12"),
    ("published-since", "2026-11-02", "1"),
    ("expires-before", "2026-12-11", "1"),
    ("due-before", "2026-12-10", "2"),
    ("due-before", "20", "12"),
    ("closing-soon", None, ""),
    ("uuid", uuid_of(2), "2"),
    ("uuid", f"{uuid_of(2).upper()},{uuid_of(3)}", "23"),
    ("uuid", f"!{uuid_of(2)}", "13"),
    ("near", "ASKØY", "1"),
    ("near", "4601", "1"),
    ("text", "kokk", "2"),
    ("title", "kokk", "2"),
]
"""An option, its value (None: it takes none), and which ads it finds."""


@pytest.mark.parametrize(("option", "value", "expected"), CASES)
def test_a_filter(db: Path, option: str, value: str | None, expected: str) -> None:
    words = [f"--{option}"] if value is None else [f"--{option}", value]
    lines = answer(db, "list", *words).splitlines()
    assert "".join(sorted(line[7] for line in lines)) == expected
    exported = answer(db, "export", "--format", "jsonl", *words)
    assert len(exported.splitlines()) == len(expected)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(municipal=("BERGEN",)),
        Filters(municipal=("ber*", "OSLO")),
        Filters(municipal=("HERØY", "!OSLO")),
        Filters(county=("VESTLAND",)),
        Filters(county=("46", "inn*", "!TROMS")),
        Filters(county=("NORDLAND",), municipal=("HERØY",)),
    ],
)
def test_places_are_found_by_indexes(db: Path, filters: Filters) -> None:
    """Reading every place of every ad took 7 ms with 10,000 ads, and grew with them."""
    with Reader(db, NOW.date()) as reader:
        for condition, values in conditions(filters):
            plan = reader._all(f"EXPLAIN QUERY PLAN SELECT 1 FROM ads WHERE {condition}", *values)
            assert [step for *_, step in plan if step.startswith("SCAN locations")] == []
            assert [step for *_, step in plan if "locations_by_" in step]


PLACES = [
    place(municipal, county, **more)
    for municipal, more in (
        ("BERGEN", {}),
        (None, {"postalCode": "5003"}),
        (None, {"postalCode": "5003", "country": "DANMARK"}),
        (None, {"postalCode": None}),
    )
    for county in ("VESTLAND", "Vestland", "FINNMÁRKU", "Lappland", "  ", "", None)
]
EVERY = {uuid_of(number) for number in range(len(PLACES))}


@pytest.mark.parametrize("value", ["VESTLAND", "46", "vest*", "*", "finnmark", "LAPPLAND", "lapp*"])
def test_a_county_is_that_of_the_ad_or_of_its_municipality_or_postal_code(
    tmp_path: Path, value: str
) -> None:
    ads = [ad(number, workLocations=[one]) for number, one in enumerate(PLACES)]
    wanted = {fold(value)} if value.endswith("*") else county_names(value)
    with Reader(fill(tmp_path / "navfeed.db", *ads), NOW.date()) as reader:
        counties = reader._all(f"SELECT ad, {COUNTY} FROM locations WHERE {COUNTY} IS NOT NULL")
        expected = {
            uuid
            for uuid, county in counties
            if any(fnmatchcase(fold(county), one) for one in wanted)
        }
        for filter_, ads_found in ((value, expected), (f"!{value}", EVERY - expected)):
            rows = reader.rows(["uuid"], Filters(county=(filter_,)))
            assert {uuid for (uuid,) in rows} == ads_found
    assert expected


def test_every_filter_is_tried() -> None:
    tried = {option.replace("-", "_") for option, _, _ in CASES}
    with_another = {"within"}  # how near
    assert tried | with_another == {field.name for field in fields(FilterOptions)}
    of_the_store = {field.name for field in fields(Filters)}
    assert tried == of_the_store - {"within", "more"}  # of export --split, and of the old API


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--near", "BERGEN", "--within", "30km"), "1"),
        (("--near", "Lørenskog", "--within", "2,5 km"), ""),
        (("--near", "Lørenskog", "--within", "30"), "2"),
        (("--municipality", "OSLO", "--county", "INNLANDET"), ""),  # no one place is both
        (("--municipality", "VÅLER", "--county", "INNLANDET"), "2"),
        (("--municipality", "OSLO", "--municipality", "!VÅLER"), ""),
        (("--municipality", "OSLO", "--municipality", "BERGEN"), "12"),
        (("--occupation-group", "Reiseliv og mat", "--level2", "Kokk"), "2"),
        (("--occupation-group", "Helse og sosial", "--level2", "Kokk"), ""),
        (("--published", "2026-11-10", "--published", "2026-11-01"), "12"),
        (("--published", "*", "--source", "!AMEDIA", "--country", "NORGE"), "1"),
        (("--positions", "2", "--positions", "10"), "12"),
    ],
)
def test_filters_together(db: Path, arguments: tuple[str, ...], expected: str) -> None:
    lines = answer(db, "list", *arguments).splitlines()
    assert "".join(sorted(line[7] for line in lines)) == expected


@pytest.mark.parametrize(
    ("option", "value", "output"),
    [
        ("--municipality", "1201", "it is now 4601 (BERGEN)"),
        ("--municipality", "!9999", "no municipality has the number 9999"),
        ("--near", "Brgen", "(did you mean BERGEN"),
        ("--near", "HERØY", "1515 (HERØY (MØRE OG ROMSDAL)) or 1818"),
        ("--near", "1201", "it is now 4601 (BERGEN)"),
        ("--within", "30km", "name a place there"),
        ("--published", "i går", "--published takes a day (2026-05-01), a range"),
        ("--due", "[2026-05-01,", "--due takes a day"),
        ("--expires", "", "--expires takes a day"),
        ("--positions", "mange", "--positions takes a number or a range"),
        ("--municipality", "OSLO,,BERGEN", "--municipality is empty"),
        ("--municipality", "!", "--municipality is empty"),
        ("--postal-code", " ", "--postal-code is empty"),
        ("--sector", "!", "--sector is empty"),
    ],
)
def test_what_is_no_filter(db: Path, option: str, value: str, output: str) -> None:
    result = run_command(db, "list", option, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert output in result.stderr


# Values that no ad has


@pytest.mark.parametrize(
    ("option", "value", "near"),
    [
        ("--municipality", "BERGNE", "BERGEN"),
        ("--municipality", "!BERGNE", "BERGEN"),
        ("--municipality", "OSLO,bregen", "BERGEN"),
        ("--municipality", "VALER", "VÅLER"),
        ("--county", "vestlandet", "VESTLAND"),
        ("--employer", "Kafe Ås", "Kafé Ås AS"),
        ("--occupation", "sykeplier", "Sykepleier"),
        ("--level2", "Kok", "Kokk"),
        ("--styrk", "Sykepleier", "Sykepleiere"),
        ("--engagement", "vikar", "Vikariat"),
        ("--source", "MEDIA", "AMEDIA"),
    ],
)
@pytest.mark.parametrize("format_", ["table", "json"])
def test_a_value_that_fits_nothing_gets_a_suggestion(
    db: Path, option: str, value: str, near: str, format_: str
) -> None:
    result = run_command(db, "list", option, value, "--format", format_)
    assert result.exit_code == 0
    assert f" (did you mean {near}" in result.stderr
    exported = run_command(db, "export", "--format", "jsonl", option, value)
    assert f"did you mean {near}" in exported.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("--county", "bergen"), "--municipality BERGEN"),
        (("--municipality", "vestland"), "--county VESTLAND"),
        (("--county", "!Nordre Follo"), "--municipality 'NORDRE FOLLO'"),
    ],
)
def test_a_place_of_the_other_kind_is_recognized(
    db: Path, words: tuple[str, ...], meant: str
) -> None:
    assert f"(did you mean {meant}?)" in run_command(db, "list", *words).stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--municipality", "XQ"), ("--municipality", "OSLO")]
)
def test_nothing_is_suggested_where_nothing_is_near(db: Path, option: str, value: str) -> None:
    assert "did you mean" not in run_command(db, "list", option, value).stderr


def test_a_suggestion_is_harmless(db: Path) -> None:
    fill(db, ad(5, sector="Privat\x1b[31m\u202e"))
    output = run_command(db, "list", "--sector", "Privat\x1b[31m").stderr
    assert "did you mean" in output
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_no_number_of_positions_is_greater_than_no_end(tmp_path: Path) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1, positioncount="9" * 30))
    assert uuid_of(1) in answer(db, "list", "--positions", "[10,*)")


@pytest.mark.parametrize(
    ("older", "number"), [(("--municipal", "bergen"), "1"), (("--level1=Reiseliv og mat",), "2")]
)
def test_the_feeds_own_names_are_understood_too(
    db: Path, older: tuple[str, ...], number: str
) -> None:
    output = answer(db, "list", *older, "--format", "jsonl")
    assert [line.count(uuid_of(int(number))) > 0 for line in output.splitlines()] == [True]
    assert run_command(db, "list", "--municipal", "").stderr.startswith(
        "navfeed: --municipality is empty"
    )


# What a shell completes


def completed(words: str, home: Path) -> list[str]:
    ended = subprocess.run(
        navfeed_command(),
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={
            **{name: text for name, text in os.environ.items() if "NAVFEED" not in name},
            "_NAVFEED_COMPLETE": "complete_bash",
            "COMP_WORDS": words.replace(" ", "\n"),
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            "XDG_CONFIG_HOME": str(home),
            "XDG_DATA_HOME": str(home),
        },
    )
    assert ended.stderr == ""
    return ended.stdout.strip().splitlines()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("list --db {} --municipality b", ["bergen"]),
        ("list --db {} --municipality V", ["VÅLER"]),
        ("list --db {} --municipality !v", ["!våler"]),
        ("list --db {} --municipality OSLO,B", ["OSLO,BERGEN"]),
        ("list --db {} --source ", ["AMEDIA", "IMPORTAPI"]),
        ("export --db {} --occupation-group r", ["reiseliv\\ og\\ mat"]),
        ("show --db {} 00000002", [uuid_of(2)]),
        ("list --db {}.none --municipality b", []),
        ("list --municipality b", []),
    ],
)
def test_the_stores_own_values_are_offered(tmp_path: Path, typed: str, offered: list[str]) -> None:
    far = {"expires": "2999-01-01T00:00:00Z"}
    other = {"level1": "Reiseliv og mat", "level2": "Kokk"}
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, **far),
        ad(2, workLocations=[place("VÅLER")], source="AMEDIA", occupationCategories=[other], **far),
        ad(3, workLocations=[place("VADSØ")], expires="2026-01-01T00:00:00Z"),  # is over
    )
    assert completed("navfeed " + typed.format(db), tmp_path) == offered


HANSEN = ["Hansen & Sønn AS", "Hansens; (Bergen) AS"]
ODD = ["Hauk $(touch x)", "Haug's", "Hav `x`\nTo"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("Hans", HANSEN),
        ("'Hansen", HANSEN),
        ("Hau", []),
        ("Hav", []),
        ("Hø", ["Høy"]),
    ],
)
def test_bash_takes_an_offered_value_for_one_word(
    tmp_path: Path, typed: str, offered: list[str]
) -> None:
    """As readline does: inside quotes the value as it is, elsewhere what stands on the line."""
    far = "2999-01-01T00:00:00Z"
    ads = [
        ad(number, employer={"name": name}, expires=far)
        for number, name in enumerate([*HANSEN, *ODD, "Høy"])
    ]
    db = fill(tmp_path / "navfeed.db", *ads)
    words = ["navfeed", "list", "--db", str(db), "--employer", typed]
    quote = "'" if typed.startswith("'") else ""
    script = f"""
        navfeed() {{ {shlex.join(navfeed_command())} "$@"; }}; export -f navfeed
        complete_() {{ IFS=$'\\n'; COMPREPLY=( $(COMP_WORDS="${{COMP_WORDS[*]}}" COMP_CWORD=5 \
            _NAVFEED_COMPLETE=complete_bash navfeed) ); }}
        COMP_WORDS=({shlex.join(words)}); complete_
        for one in "${{COMPREPLY[@]}}"; do eval "printf '%s\\n' {quote}$one{quote}"; done
    """
    ended = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, encoding="utf-8", cwd=tmp_path
    )
    assert (sorted(ended.stdout.splitlines()), ended.stderr) == (offered, "")
    assert not (tmp_path / "x").exists()


def test_powershell_quotes_nothing_so_it_gets_words_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_NAVFEED_COMPLETE", "complete_pwsh")
    assert [_completion._quoted(name) for name in (*HANSEN, *ODD, "BÆRUM")] == [*[""] * 5, "BÆRUM"]
    monkeypatch.setenv("_NAVFEED_COMPLETE", "complete_zsh")
    assert [_completion._quoted(name) for name in (*HANSEN, *ODD)] == [*HANSEN, "", "", ""]
