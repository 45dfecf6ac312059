"""The map of counts: every municipality in its place, and all of it in a table too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from cli.support import ad, place
from navfeed.places import municipalities_by_number
from navfeed.serve.address import Address
from navfeed.serve.map import HEIGHT, LARGEST, SMALLEST, WIDTH, Circle, circles, dots
from serve.support import Service, serving
from serve.test_page import seen

OSLO, BODO = place("OSLO", "OSLO"), place("BODØ", "NORDLAND")
ADS = (
    *(ad(number, workLocations=[OSLO]) for number in range(8)),
    ad(20, workLocations=[BODO, OSLO], extent="Deltid"),
    ad(21, workLocations=[BODO], extent="Deltid"),
    ad(22, workLocations=[place("NARNIA")]),
    ad(23, workLocations=[]),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("map") / "navfeed.db", ADS, {}) as service:
        yield service


def placed(**counted: int) -> dict[str, Circle]:
    return {one.name: one for one in circles(counted.items(), Address("", {}))}


def test_each_municipality_with_ads_is_a_circle_and_a_row(service: Service) -> None:
    page = seen(service.get("/map"))
    shown = [one for one in page.all("circle") if one["class"] == "ads"]
    links = [one["href"] for one in page.all("a") if "municipality=" in one["href"]]
    assert len(shown) == 2
    oslo, bodo, narnia = (
        "/?municipality=OSLO",
        f"/?municipality={quote('BODØ')}",
        "/?municipality=NARNIA",
    )
    assert links == [oslo, bodo, oslo, bodo, narnia]
    assert "Stillinger på kart: 12 stillinger" in page.text
    assert "OSLO 9 BODØ 2 NARNIA 1" in page.text
    assert "OSLO: 9" in page.text


def test_filters_narrow_it_down_and_stay_in_its_links(service: Service) -> None:
    page = seen(service.get("/map?extent=Deltid&lang=en"))
    assert "Vacancies on a map: 2 vacancies" in page.text
    links = [one["href"] for one in page.all("a") if "municipality=" in one["href"]]
    assert all("extent=Deltid&lang=en&municipality=" in one for one in links)
    (other,) = page.all("a", hreflang="nb")
    assert other["href"] == "/map?extent=Deltid&lang=nb"
    assert service.get(other["href"]).status == 200
    listed = service.get("/?extent=Deltid&page=1&ad=x").text
    assert 'href="/map?extent=Deltid"' in listed


def test_the_map_is_hidden_from_those_who_have_the_table(service: Service) -> None:
    """No link of it can be reached by keyboard, none is read out twice."""
    page = seen(service.get("/map"))
    (svg,) = page.all("svg")
    assert svg["aria-hidden"] == "true"
    skipped = [one for one in page.all("a") if one.get("tabindex") == "-1"]
    assert len(skipped) == 2


def test_where_nothing_matches_the_country_is_still_there(service: Service) -> None:
    page = seen(service.get("/map?text=finnesikke"))
    assert "Fant ingen stillinger" in page.text
    assert len([one for one in page.all("circle") if one["class"] == "dot"]) == len(
        municipalities_by_number()
    )


@pytest.mark.parametrize("query", ["page=1", "ad=x", "mark=saved", "munic=x", "text=%22"])
def test_what_is_no_filter_is_refused(service: Service, query: str) -> None:
    assert service.get(f"/map?{query}").status == 400


def test_a_circle_has_the_area_of_its_ads_and_can_be_hit() -> None:
    found = placed(OSLO=400, BERGEN=100, UTSIRA=1)
    assert (found["OSLO"].radius, found["BERGEN"].radius) == (LARGEST, LARGEST / 2)
    assert found["UTSIRA"].radius == SMALLEST
    assert list(found) == ["OSLO", "BERGEN", "UTSIRA"]  # a small one lies on top


def test_places_lie_as_they_do_in_norway() -> None:
    found = placed(OSLO=1, BERGEN=1, TRONDHEIM=1, KRISTIANSAND=1, TROMSØ=1, VARDØ=1, SVALBARD=1)
    west_to_east = ["BERGEN", "KRISTIANSAND", "OSLO", "TROMSØ", "VARDØ"]
    assert sorted(west_to_east, key=lambda name: found[name].x) == west_to_east
    north_to_south = ["VARDØ", "TROMSØ", "TRONDHEIM", "BERGEN", "OSLO", "KRISTIANSAND"]
    assert sorted(north_to_south, key=lambda name: found[name].y) == north_to_south
    assert found["SVALBARD"].y < found["TROMSØ"].y


def test_every_place_is_on_the_sheet() -> None:
    assert len(dots()) == 358
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in dots())


def test_a_hostile_name_stays_a_name(tmp_path: Path) -> None:
    hostile = '"><script>alert(1)</script>'
    ads = [ad(1, workLocations=[place(hostile)])]
    with serving(tmp_path / "a.db", ads, {}) as service:
        assert "<script>alert" not in service.get("/map").text
