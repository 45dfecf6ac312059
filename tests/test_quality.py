"""`navfeed quality`: every check finds its ad, and no other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import time_machine

from cli.support import ad, answer, fill, place, uuid_of
from navfeed.research.quality import CHECKS, DUPLICATES, EXAMPLES, MEANINGS, AdFacts, examine
from support.clock import NOW

TODAY = date(2026, 11, 21)
GOOD = AdFacts(
    uuid="good",
    title="Sykepleier 100 %",
    description="Fast 100 % stilling. Inntil 50 % rabatt, og 20 % kvelder.",
    employer="Bergen kommune",
    employer_orgnr="300000019",
    municipality_numbers=("4601",),
    municipalities=("BERGEN",),
    counties=("VESTLAND",),
    styrk08=("2223",),
    extent="Heltid",
    published="2026-11-01T08:00:00Z",
    last_day="2026-12-10",
    application_due="1. desember",
    due_date="2026-12-01",
    application_url="https://x.example",
    positions="2",
)

BAD = [
    ("no_municipality", {"municipality_numbers": ()}),
    ("no_county", {"municipality_numbers": (), "counties": ()}),
    ("no_styrk", {"styrk08": ()}),
    ("several_styrk", {"styrk08": ("2223", "2221")}),
    ("no_employer_number", {"employer_orgnr": None}),
    ("no_way_to_apply", {"application_url": ""}),
    ("full_time_in_part", {"title": "Sykepleier 50 %", "description": ""}),
    ("full_time_in_part", {"title": "Vikar", "description": "En 62,5% stilling er ledig"}),
    ("full_time_in_part", {"title": "Vikar", "description": "60 prosent fast stilling"}),
    ("part_time_in_full", {"extent": "Deltid"}),
    ("no_published", {"published": None}),
    ("published_later", {"published": "2026-11-22T08:00:00Z"}),
    ("ends_before_it_begins", {"last_day": "2026-10-31", "due_date": "2026-10-01"}),
    ("stands_too_long", {"published": "2026-01-01T00:00:00Z"}),
    ("no_last_day", {"last_day": None}),
    ("due_no_day", {"application_due": "Snarest", "due_date": None}),
    ("due_after_last_day", {"due_date": "2026-12-11"}),
    ("positions_no_number", {"positions": "mange"}),
]


@pytest.mark.parametrize(("check", "change"), BAD)
def test_a_check_finds_what_it_is_for(check: str, change: dict[str, object]) -> None:
    report = examine([GOOD, replace(GOOD, uuid="bad", employer="Other", **change)], TODAY)  # type: ignore[arg-type]
    found = {one.check: one.examples for one in report.findings if one.ads}
    assert found.pop(check) == ("bad",)
    assert set(found) <= {"no_municipality", DUPLICATES}  # where there is no county either


def test_a_good_ad_passes_every_check() -> None:
    assert not any(one.ads for one in examine([GOOD], TODAY).findings)
    assert set(MEANINGS) == {*CHECKS, DUPLICATES}
    assert {check for check, _ in BAD} == set(CHECKS)


def test_the_same_employer_title_and_places_are_a_likely_duplicate() -> None:
    same = replace(GOOD, uuid="same", title="  sykepleier  100 % ")
    elsewhere = replace(GOOD, uuid="elsewhere", municipality_numbers=("0301",))
    unnamed = [replace(GOOD, uuid=str(at), employer=None) for at in range(2)]
    (found,) = (
        one
        for one in examine([GOOD, same, elsewhere, *unnamed], TODAY).findings
        if one.check == DUPLICATES
    )
    assert (found.ads, found.share, found.examples) == (2, 0.4, ("good", "same"))


def test_a_few_examples_are_named() -> None:
    many = [replace(GOOD, uuid=str(at), title=str(at), styrk08=()) for at in range(9)]
    (found,) = (one for one in examine(many, TODAY).findings if one.ads)
    assert len(found.examples) == EXAMPLES
    assert examine([], TODAY).ads == 0


def test_the_command(tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        nowhere = [place(None, None, postalCode="")]
        db = fill(tmp_path / "navfeed.db", ad(1), ad(2, title="Vikar 50 %", workLocations=nowhere))
        report = json.loads(answer(db, "quality", "--format", "json"))
        assert report["ads"] == 2
        found = {one["check"]: one for one in report["findings"]}
        assert found["no_municipality"]["examples"] == [uuid_of(2)]
        assert found["full_time_in_part"]["share"] == 0.5
        lines = answer(db, "quality", "--municipality", "BERGEN").splitlines()
        assert lines[0].split("\t")[:3] == ["no_municipality", "0", "0.0%"]
