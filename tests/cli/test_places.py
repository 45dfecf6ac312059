"""A place is found in whichever way an ad writes it, and only that place."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.support import ad, answer, fill, place, run_command
from navfeed.decide import in_scope
from navfeed.model import Scope
from navfeed.places import (
    alike,
    counties,
    county_names,
    is_county,
    is_municipality,
    is_one_of,
    municipalities,
    ways_to_write,
)
from support.scripted import scripted_content, uuid_named

NAMES = (
    ("HERØY", "MØRE OG ROMSDAL"),
    ("HERØY (MØRE OG ROMSDAL)", "MØRE OG ROMSDAL"),
    ("HERØY", "NORDLAND"),
    ("Herøy (Nordland)", "NORDLAND"),
    ("HERØY", None),
    ("OS", "INNLANDET"),
    ("OS (INNLANDET)", None),
    ("KARASJOK", "FINNMARK"),
    ("KÁRÁŠJOHKA KARASJOK", "FINNMÁRKU"),
    ("KARASJOHKA KARASJOK", "FINNMARK"),
    ("OSLO", "OSLO"),
    ("", "FINNMARK"),
    (None, None),
)
"""The places of ads 1, 2, 3 …"""

MEANT = [
    ("municipal", "herøy", {1, 2, 3, 4, 5}),
    ("municipal", "HERØY (NORDLAND)", {3, 4, 5}),
    ("municipal", "Herøy (Møre og Romsdal)", {1, 2, 5}),
    ("municipal", "OS", {6, 7}),
    ("municipal", "OS (INNLANDET)", {6, 7}),
    ("municipal", "Karasjok", {8, 9, 10}),
    ("municipal", "KÁRÁŠJOHKA KARASJOK", {8, 9, 10}),
    ("municipal", "Kárášjohka", {8, 9, 10}),
    ("municipal", "KARASJOK (FINNMARK)", {8, 9, 10}),
    ("municipal", "Oslo", {11}),
    ("municipal", "NOWHERE", set()),
    ("county", "Finnmark", {8, 9, 10, 12}),
    ("county", "Finnmárku", {8, 9, 10, 12}),
    ("county", "NORDLAND", {3, 4}),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ads = [ad(at, workLocations=[place(*names)]) for at, names in enumerate(NAMES, 1)]
    return fill(tmp_path_factory.mktemp("places") / "navfeed.db", *ads)


def numbers(listed: str) -> set[int]:
    return {int(line[:8], 16) for line in listed.splitlines()}


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(("name", "value", "found"), MEANT)
def test_a_filter_that_names_one_spelling_finds_all(
    db: Path, name: str, value: str, found: set[int]
) -> None:
    assert numbers(answer(db, "list", f"--{name}", value)) == found


@pytest.mark.usefixtures("noon")
def test_an_excluded_place_is_left_out_in_all_spellings(db: Path) -> None:
    everything = set(range(1, len(NAMES) + 1))
    assert numbers(answer(db, "list", "--municipal", "!KARASJOK")) == everything - {8, 9, 10}
    assert numbers(answer(db, "list", "--municipal", "HER*,!HERØY (NORDLAND)")) == {1, 2}
    assert numbers(answer(db, "list", "--county", "FINN*")) == {8, 9, 10, 12}


@pytest.mark.parametrize(("name", "value", "found"), MEANT)
def test_a_scope_means_the_same_places(name: str, value: str, found: set[int]) -> None:
    scope = Scope(
        **{"municipal": {"municipalities": (value,)}, "county": {"counties": (value,)}}[name]
    )
    kept = {
        at
        for at, (municipal, county) in enumerate(NAMES, 1)
        if in_scope(
            scope,
            scripted_content(
                uuid_named("x"), workLocations=[{"municipal": municipal, "county": county}]
            ),
        )
    }
    assert kept == found


def test_two_names_are_those_of_two_municipalities_and_no_other() -> None:
    names = municipalities()
    assert {name for name in names if names.count(name) > 1} == {"HERØY", "VÅLER"}


def test_the_table_is_norways() -> None:
    assert len(counties()) == 15 + 1 + 6  # with Svalbard, and names in Sámi and Kven
    assert all(map(is_municipality, ("BÆRUM", "gáivuotna kåfjord", "Os (Innlandet)", "SVALBARD")))
    assert not is_municipality("Brgen")
    assert is_county("romsa")
    assert not is_county("Norge")
    assert county_names("Utlandet") == {"utlandet"}


def test_no_name_is_no_place() -> None:
    assert not is_one_of(ways_to_write(""), "", None)


def test_what_looks_alike_is_suggested() -> None:
    assert alike("Brgen", municipalities())[0] == "BERGEN"


@pytest.mark.usefixtures("noon")
def test_what_is_nearest_comes_first(tmp_path: Path) -> None:
    names = [("OSLO", "OSLO"), ("VOSS", "VESTLAND"), ("BERGEN", "VESTLAND"), (None, None)]
    two = [place("TRONDHEIM", "TRØNDELAG"), place("ASKØY", "VESTLAND")]
    ads = [ad(at, workLocations=[place(*one, postalCode="")]) for at, one in enumerate(names, 1)]
    db = fill(tmp_path / "navfeed.db", *ads, ad(5, workLocations=two))
    listed = answer(db, "list", "--near", "BERGEN", "--within", "500km", "--sort", "distance")
    assert [int(line[:8], 16) for line in listed.splitlines()] == [3, 5, 2, 1]
    assert "--near" in run_command(db, "list", "--sort", "distance").output
    assert "30km" in run_command(db, "list", "--near", "BERGEN", "--within", "far").output


@pytest.mark.usefixtures("noon")
def test_a_place_without_a_county_is_in_that_of_its_municipality_or_postal_code(
    tmp_path: Path,
) -> None:
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, workLocations=[place("BERGEN", None, postalCode=None)]),
        ad(2, workLocations=[place(None, None, postalCode="5550", city="SVEIO")]),
        ad(3, workLocations=[place(None, None, postalCode="5550", country="DANMARK")]),
    )
    assert numbers(answer(db, "list", "--county", "VESTLAND")) == {1, 2}
    assert numbers(answer(db, "list", "--county", "46")) == {1, 2}
    assert numbers(answer(db, "list", "--municipality", "SVEIO")) == {2}
    scope = Scope(counties=("Vestland",))
    assert in_scope(
        scope, scripted_content(uuid_named("x"), workLocations=[{"municipal": "BERGEN"}])
    )
    sveio = [{"postalCode": "5550", "city": "SVEIO"}]
    assert in_scope(
        Scope(municipalities=("4612",)), scripted_content(uuid_named("x"), workLocations=sveio)
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--municipality", "BERGN"), "--municipality BERGN: no municipality has that name (did"),
        (("--municipality", "UTSIR"), "did you mean UTSIRA"),
        (("--county", "VESTLND"), "--county VESTLND: no county has that name (did you mean VESTLA"),
    ],
)
def test_no_new_file_is_empty_for_a_mistyped_place(tmp_path: Path, words, message) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1))
    file, folder = tmp_path / "ads.json", tmp_path / "places"
    for target in (["--output", str(file)], ["--split", "--output", str(folder)]):
        result = run_command(db, "export", "--format", "jobposting", *target, *words)
        assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    assert (file.exists(), folder.exists()) == (False, False)
    assert run_command(db, "export", "--format", "jsonl", *words).exit_code == 0


def test_a_place_to_leave_out_is_never_refused(tmp_path: Path) -> None:
    """The file of all others would keep what is withdrawn, once the last ad there has left."""
    db = fill(tmp_path / "navfeed.db", ad(1))
    file = tmp_path / "ads.jsonl"
    answer(db, "export", "--format", "jsonl", "--output", str(file), "--municipality", "!ESBJERG")
    assert file.read_bytes()


@pytest.mark.parametrize("name", ["UTSIRA", "4601", "Narnia", "NARN*", "UTS*"])
def test_a_known_place_without_ads_is_an_empty_file(tmp_path: Path, name: str) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1, workLocations=[place("NARNIA", "OSLO")]))
    file = tmp_path / "ads.jsonl"
    words = ("--municipality", name, "--extent", "Deltid")
    answer(db, "export", "--format", "jsonl", "--output", str(file), *words)
    assert file.read_bytes() == b""


@pytest.mark.parametrize("name", ["STOCKHOLM", "ESBJERG"])  # one of them is like FLESBERG
def test_a_place_abroad_whose_last_ad_has_left_leaves_no_ad_in_the_file(
    tmp_path: Path, name: str
) -> None:
    """No table has it, so that it looks like a mistyped name: only a new file is refused."""
    db = fill(tmp_path / "navfeed.db", ad(1))
    file = tmp_path / "ads.jsonl"
    export = ("export", "--format", "jsonl", "--output", str(file), "--municipality", name)
    result = run_command(db, *export)
    assert (result.exit_code, file.exists()) == (2, False)
    assert f"--municipality {name}: no municipality has that name" in result.stderr
    file.write_text("an ad that was withdrawn")
    result = run_command(db, *export)
    assert (result.exit_code, file.read_bytes()) == (0, b"")
    assert f"--municipality {name}: no municipality has that name" in result.stderr
