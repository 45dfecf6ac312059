"""feed.md 4: details, and what ads are made of."""

import json
import statistics
from datetime import date, datetime, timedelta

import pytest

from navfeed.practice import World
from navfeed.practice.dates import OSLO
from navfeed.practice.places import PLACES

DAY = timedelta(days=1)

FIELDS = (
    "uuid published expires updated workLocations contactList title description sourceurl source "
    "applicationUrl applicationDue occupationCategories categoryList jobtitle link employer "
    "engagementtype extent starttime positioncount sector"
)


def share(contents, holds):
    return sum(map(bool, map(holds, contents))) / len(contents)


def is_date(text):
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%d.%m.%Y"):
        try:
            return bool(datetime.strptime(text, form).replace(tzinfo=OSLO))
        except ValueError:
            continue
    return False


def test_active_detail_holds_the_content(reader, world):
    ad = world.publish()
    detail = reader.detail(ad).json()
    assert detail.keys() == {"uuid", "ad_content", "sistEndret", "status"}
    assert (detail["uuid"], detail["status"]) == (ad, "ACTIVE")
    assert detail["ad_content"]["uuid"] == ad


def test_inactive_detail_is_about_110_bytes_and_holds_no_content(reader, world):
    ad = world.publish()
    world.stop(ad)
    answer = reader.detail(ad)
    assert answer.json().keys() == {"uuid", "sistEndret", "status"}
    assert 100 < len(answer.body) < 125


def test_unknown_and_unshared_ads_are_404(reader, world):
    unshared = world.publish(shared=False)
    assert world.entries()[0].ad == unshared
    assert reader.detail(unshared).status == 404
    assert reader.detail("00000000-0000-4000-8000-000000000000").status == 404
    assert unshared not in world.truth()


def test_the_ad_s_clock_is_not_the_entry_s(history):
    entries = {entry.ad: entry for entry in history.entries()}
    off = {(history.ad(ad).changed - entries[ad].written) > timedelta() for ad in history.active()}
    assert off == {True, False}
    assert all(history.ad(ad).changed.microsecond % 1000 == 0 for ad in history.active())


def test_content_can_change_without_an_entry(reader, world):
    ad = world.publish()
    before = reader.detail(ad).json()
    world.rewrite_silently(ad, {"title": "Ny tittel"})
    after = reader.detail(ad).json()
    assert len(world.entries()) == 1
    assert after["sistEndret"] == before["sistEndret"]
    assert after["ad_content"]["title"] == "Ny tittel"
    assert after["ad_content"]["description"] != before["ad_content"]["description"]


def test_a_detail_can_vanish_and_be_withdrawn_without_an_entry(reader, world):
    vanished, dropped = world.publish(), world.publish()
    world.vanish(vanished)
    world.drop_silently(dropped)
    assert len(world.entries()) == 2
    assert (reader.detail(vanished).status, world.status(vanished)) == (404, None)
    assert reader.detail(dropped).json()["status"] == "INACTIVE"
    assert world.truth() == {}


def test_a_new_entry_brings_a_vanished_detail_back(reader, world):
    ad = world.publish()
    world.vanish(ad)
    world.update(ad)
    assert reader.detail(ad).json()["status"] == "ACTIVE"


def test_content_given_stands_in_for_made_up_content(reader, world):
    ad = world.publish(content={"title": "Kokk", "contactList": None})
    content = reader.detail(ad).json()["ad_content"]
    assert (content["title"], content["contactList"]) == ("Kokk", None)
    assert content["description"]


def test_content_is_the_same_for_the_same_revision_only(world):
    ad = world.publish()
    first = world.detail(ad)
    assert world.detail(ad) == first
    world.update(ad)
    assert world.detail(ad)["ad_content"]["description"] != first["ad_content"]["description"]


def test_expires_is_two_to_eight_weeks_on_at_midnight_in_oslo(world, publish):
    for ad in publish(40):
        content = world.truth()[ad]
        ends = datetime.fromisoformat(content["expires"]).astimezone(OSLO)
        assert (ends.hour, ends.minute, ends.second) == (0, 0, 0)
        assert 14 <= (ends.date() - world.today).days <= 56


@pytest.mark.parametrize("expires", [None, "ukjent", "", 7])
def test_an_odd_expires_ends_nothing(world, expires):
    ad = world.publish(content={"expires": expires})
    world.advance(400 * DAY)
    assert world.active() == [ad]


def test_an_ad_is_active_up_to_and_including_its_last_day(now):
    world = World(now=now)
    ad = world.publish(content={"expires": "2026-11-23T00:00:00+01:00"})
    assert world.ad(ad).last_day == date(2026, 11, 23)
    world.advance(datetime(2026, 11, 23, 23, 59, tzinfo=OSLO) - world.now)
    assert ad in world.truth()
    world.advance(timedelta(minutes=1))
    assert world.truth() == {}
    assert world.overdue() == [ad]
    assert world.status(ad) == "ACTIVE"


def test_content_has_the_documented_fields(contents):
    assert all(content.keys() == set(FIELDS.split()) for content in contents)
    assert json.loads(json.dumps(contents)) == contents


def test_nested_fields_are_the_documented_ones(contents):
    nested = {"workLocations": set(), "contactList": set(), "categoryList": set()}
    for content in contents:
        for field, keys in nested.items():
            keys.update(*content[field])
    assert nested == {
        "workLocations": {"country", "address", "city", "postalCode", "county", "municipal"},
        "contactList": {"name", "email", "phone", "role", "title"},
        "categoryList": {"categoryType", "code", "name", "description", "score"},
    }
    assert contents[0]["employer"].keys() == {"name", "orgnr", "description", "homepage"}


def test_sizes_are_as_measured(reader, history, contents):
    descriptions = [len(content["description"].encode()) for content in contents]
    details = [len(json.dumps(content, ensure_ascii=False).encode()) for content in contents]
    assert 2_600 < statistics.median(descriptions) < 3_200
    assert 7_000 < statistics.median(details) < 13_000
    page = type(reader)(type(reader.practice)(history)).get("/api/v1/feed")
    assert 400_000 < len(page.body) < 520_000


def test_descriptions_are_html_with_norwegian_letters(contents):
    text = "".join(content["description"] for content in contents)
    assert all(each in text for each in ("<p>", "<h3>", "<ul><li>", "&amp;", "&ndash;"))
    assert set("æøåÆØÅ") & set(text) >= set("æøå")


def test_shares_are_as_measured(contents):
    assert 0.92 < share(contents, lambda ad: ad["contactList"]) < 0.98
    assert 0.12 < share(contents, lambda ad: not is_date(ad["applicationDue"])) < 0.22
    several = share(
        contents,
        lambda ad: sum(each["categoryType"] == "STYRK08" for each in ad["categoryList"]) > 1,
    )
    assert 0.09 < several < 0.19
    assert 0.04 < share(contents, lambda ad: len(ad["workLocations"]) > 1) < 0.15


def test_kinds_of_values_are_as_documented(contents):
    kinds = {each["categoryType"] for ad in contents for each in ad["categoryList"]}
    assert kinds == {"ESCO", "JANZZ", "STYRK08", "STYRK08NAV"}
    assert {ad["extent"] for ad in contents} == {"Heltid", "Deltid"}
    assert all(ad["positioncount"].isdigit() for ad in contents)
    assert {type(ad["employer"]["orgnr"]) for ad in contents} == {str, type(None)}
    assert {"", None} <= {each["email"] for ad in contents for each in ad["contactList"]}
    dues = {ad["applicationDue"] for ad in contents}
    assert {"Snarest", ""} <= dues


def test_descriptions_may_hold_a_contact_s_number(contents):
    """Erasing contacts must reach the text as well."""
    numbers = [(each["phone"], ad["description"]) for ad in contents for each in ad["contactList"]]
    assert any(phone and phone in text for phone, text in numbers)


def test_places_are_many_and_names_are_not_unique():
    names = [place.municipal for place in PLACES]
    assert len(names) >= 40
    assert {"BERGEN", "OSLO", "TROMSØ", "BÆRUM", "ÅS"} <= set(names)
    assert {name for name in names if names.count(name) > 1} == {"HERØY", "VÅLER"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HERØY", "HERØY (NORDLAND)"),
        ("OS", "OS (INNLANDET)"),
        ("KARASJOK", "KÁRÁŠJOHKA KARASJOK"),
    ],
)
def test_places_are_written_in_two_spellings(one: str, other: str):
    """feed.md 4."""
    assert {one, other} <= {place.municipal for place in PLACES}
    counties = {
        name: {place.county for place in PLACES if place.municipal == name} for name in (one, other)
    }
    assert counties[other] <= counties[one]


def test_bergen_is_common_and_some_ads_name_no_municipality(history):
    shown = [entry.municipal for entry in history.entries()]
    assert shown.count("BERGEN") > len(shown) / 20
    assert 0 < shown.count("?") < len(shown) / 15
    assert all(name == name.upper() for name in shown)


def test_orgnr_carry_a_right_check_digit(contents):
    weights = (3, 2, 7, 6, 5, 4, 3, 2, 1)
    for content in contents:
        digits = content["employer"]["orgnr"] or "0" * 9
        assert sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11 == 0


def test_no_subscriber_and_no_domain_of_the_real_world(contents):
    contacts = [each for ad in contents for each in ad["contactList"]]
    assert all((each["email"] or ".example").endswith(".example") for each in contacts)
    numbers = [
        each["phone"].replace(" ", "").removeprefix("+47") for each in contacts if each["phone"]
    ]
    assert all(number.startswith("19") and len(number) == 8 for number in numbers)
