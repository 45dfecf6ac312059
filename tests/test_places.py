"""The table of places: whole, and right about numbers, counties, postal codes and distances."""

from __future__ import annotations

import pytest

from navfeed.places import (
    county_number,
    county_of,
    former_numbers,
    listed_names,
    municipalities_by_number,
    municipality_number,
    numbers_of,
    point_of,
)

# From the list of 2024, number by number.
MUNICIPALITIES_A_COUNTY = {
    "03": 1,
    "11": 23,
    "15": 27,
    "18": 41,
    "21": 1,
    "31": 12,
    "32": 21,
    "33": 18,
    "34": 46,
    "39": 6,
    "40": 17,
    "42": 25,
    "46": 43,
    "50": 38,
    "55": 21,
    "56": 18,
}


def test_the_table_has_every_municipality_of_2024() -> None:
    table = municipalities_by_number()
    counted = dict.fromkeys(MUNICIPALITIES_A_COUNTY, 0)
    for number, one in table.items():
        assert one.number == number
        assert len(number) == 4
        counted[number[:2]] += 1
        assert county_number(one.county[0]) == number[:2]
    assert counted == MUNICIPALITIES_A_COUNTY


def test_every_point_lies_in_norway() -> None:
    for one in municipalities_by_number().values():
        assert 57.9 < one.point.latitude < 78.3, one
        assert 4.4 < one.point.longitude < 31.2, one


def test_every_name_and_number_leads_to_its_municipality() -> None:
    for number, one in municipalities_by_number().items():
        assert numbers_of(number) == (number,)
        assert number in numbers_of(one.listed)
        assert number in numbers_of(one.name)
        for name in one.name.split(" - "):
            assert number in numbers_of(name)
        assert listed_names(number)[0] == one.listed


def test_a_former_number_leads_to_todays() -> None:
    table = municipalities_by_number()
    assert len(former_numbers()) > 450
    for former, now in former_numbers().items():
        assert former not in table
        assert set(now) <= set(table)
    assert former_numbers()["1201"] == ("4601",)
    assert former_numbers()["3018"] == ("3114",)  # Våler in Viken
    assert former_numbers()["1504"] == ("1508", "1580")  # Ålesund, parted from Haram again


PLACES = [
    # municipal, county, postal code, city, country, number
    ("BERGEN", "VESTLAND", "5003", "BERGEN", "NORGE", "4601"),
    ("Bergen", None, None, None, None, "4601"),
    ("HERØY", "NORDLAND", None, None, "NORGE", "1818"),
    ("HERØY", None, "6080", None, "NORGE", "1515"),  # by the county of its postal code
    ("HERØY", None, None, None, "NORGE", None),
    ("HERØY (NORDLAND)", None, None, None, "NORGE", "1818"),
    ("OS", "VESTLAND", None, None, "NORGE", None),  # a county in which there is none
    ("KÁRÁŠJOHKA KARASJOK", "FINNMÁRKU", None, None, "NORGE", "5610"),
    (None, None, "5003", "BERGEN", "NORGE", "4601"),
    (None, "VESTLAND", "5003", None, "NORGE", "4601"),
    (None, "FINNMARK", "5003", "BERGEN", "NORGE", None),
    (None, None, "2609", "LILLEHAMMER", "NORGE", "3405"),
    (None, None, "1430", "ÅS", "NORGE", "3218"),
    (None, None, "4990", "BERGEN", "NORGE", None),  # another town of that name
    (None, None, "5003", "BERGEN", "DANMARK", None),
    (None, None, "45230", "STRÖMSTAD", "", None),
    ("NOWHERE", None, "0150", "OSLO", "NORGE", None),
    ("?", None, "0150", "OSLO", "NORGE", "0301"),
    (None, None, None, None, None, None),
]


@pytest.mark.parametrize(
    ("municipal", "county", "postal_code", "city", "country", "number"), PLACES
)
def test_the_number_of_a_place(
    municipal: str | None,
    county: str | None,
    postal_code: str | None,
    city: str | None,
    country: str | None,
    number: str | None,
) -> None:
    assert municipality_number(municipal, county, postal_code, city, country) == number


POSTAL_CODES = [
    *(("0001", "OSLO"), ("1295", "OSLO"), ("1300", "AKERSHUS"), ("1540", "AKERSHUS")),
    *(("1601", "ØSTFOLD"), ("1890", "ØSTFOLD"), ("2050", "AKERSHUS"), ("2101", "INNLANDET")),
    *(("2150", "AKERSHUS"), ("2317", "INNLANDET"), ("2740", "AKERSHUS"), ("2815", "INNLANDET")),
    *(("3015", "BUSKERUD"), ("3080", "VESTFOLD"), ("3110", "VESTFOLD"), ("3470", "AKERSHUS")),
    *(("3510", "BUSKERUD"), ("3616", "BUSKERUD"), ("3660", "TELEMARK"), ("3915", "TELEMARK")),
    *(("4006", "ROGALAND"), ("4306", "ROGALAND"), ("4400", "AGDER"), ("4465", "ROGALAND")),
    *(("4836", "AGDER"), ("5003", "VESTLAND"), ("5527", "ROGALAND"), ("5559", "VESTLAND")),
    *(("6002", "MØRE OG ROMSDAL"), ("6657", "TRØNDELAG"), ("6763", "MØRE OG ROMSDAL")),
    *(("6800", "VESTLAND"), ("7010", "TRØNDELAG"), ("7980", "NORDLAND"), ("8006", "NORDLAND")),
    *(("9008", "TROMS"), ("9170", "SVALBARD"), ("9405", "TROMS"), ("9510", "FINNMARK")),
]


@pytest.mark.parametrize(("postal_code", "county"), POSTAL_CODES)
def test_a_postal_code_lies_in_its_county(postal_code: str, county: str) -> None:
    assert county_of(None, None, postal_code, "NORGE") == county


def test_the_county_of_a_place() -> None:
    assert county_of("FINNMÁRKU", None) == "FINNMARK"
    assert county_of("Lappland", "5610") == "Lappland"  # what the ad says stays
    assert county_of(None, "5610") == "FINNMARK"
    assert county_of(None, None, "9999", "DANMARK") is None
    assert county_of(None, None, "0000") is None
    assert county_of(None, None) is None


# Geodesics on WGS 84 between the table's points, by GeographicLib.
DISTANCES = [
    ("Oslo", "Bergen", 299.9),
    ("Oslo", "Trondheim", 374.8),
    ("Oslo", "Tromsø", 1145.1),
    ("Oslo", "Stavanger", 294.7),
    ("Oslo", "Bærum", 14.1),
    ("Oslo", "Kristiansand", 258.8),
    ("Bergen", "Askøy", 18.4),
    ("Bergen", "Voss", 69.8),
    ("Bergen", "Stavanger", 140.1),
    ("Bergen", "Ålesund", 248.2),
    ("Bodø", "Tromsø", 317.2),
    ("Bodø", "Narvik", 153.8),
    ("Hamar", "Lillehammer", 45.2),
    ("Halden", "Vardø", 1535.5),
    ("Lindesnes", "Nordkapp", 1657.0),
    ("Svalbard", "Tromsø", 963.0),
    ("Alta", "Hammerfest", 61.1),
    ("Drammen", "Kongsberg", 30.7),
    ("Tønsberg", "Sandefjord", 15.8),
    ("Molde", "Kristiansund", 49.4),
]


@pytest.mark.parametrize(("start", "end", "km"), DISTANCES)
def test_a_distance_is_that_of_the_globe(start: str, end: str, km: float) -> None:
    one, other = point_of(start), point_of(end)
    assert one
    assert other
    assert one.km_to(other) == pytest.approx(km, rel=0.006)
    assert other.km_to(one) == pytest.approx(one.km_to(other))


def test_a_point_is_that_of_one_municipality() -> None:
    assert point_of("HERØY") is None
    assert point_of("1818")
    assert point_of("Nowhere") is None
