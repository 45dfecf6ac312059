"""One ad's details: its status, and its content as typed fields."""

from __future__ import annotations

import json
from typing import Any

from navfeed.errors import ContractError
from navfeed.model import Category, Contact, Content, Detail, Location, Occupation, Status
from navfeed.places import municipality_number
from navfeed.text.due_dates import read_due
from navfeed.wire.json_text import Parts, decode, lenient_int, refuse_depths, split_object, value_of
from navfeed.wire.values import (
    as_number,
    as_text,
    last_day_of,
    moment_of,
    objects_of,
    texts_of,
    uuid_of,
    whole_seconds,
)


def read_detail(body: bytes, *, expected: str) -> Detail:
    """Read one ad's details. `ContractError` if they are another ad's, or are not details."""
    text = decode(body)
    parts = split_object(text)
    ad = uuid_of(value_of(parts, "uuid"), "uuid in a detail")
    if ad != expected:
        raise ContractError(f"the feed answered a request for ad {expected} with another ad")
    status = value_of(parts, "status")
    if not isinstance(status, str):
        raise ContractError("the feed sent details without the status of the ad")
    if status != Status.ACTIVE:
        return Detail(ad, Status.INACTIVE, None)
    return Detail(ad, Status.ACTIVE, _content(parts))


def _content(parts: Parts) -> Content | None:
    """The server sends `ad_content`; NAV's page calls it `json`. Either will do.

    None where neither has content: NAV blanks what may not be shown (feed.md 4).
    """
    for name in ("ad_content", "json"):
        value, raw = parts.get(name, (None, ""))
        if isinstance(value, dict):
            refuse_depths(raw)
            return _typed(value, raw)
    return None


def read_content(raw: str) -> Content:
    """Read content that was stored as served."""
    return _typed(json.loads(raw, parse_int=lenient_int), raw)


CONTACTS = "contactList"


# No field of an ad is ever refused: each is text or None. So these are NAV's names in the order
# of our types' fields, and no models.
_LOCATION = ("country", "address", "city", "postalCode", "county", "municipal")

_OCCUPATION = ("level1", "level2")

_CATEGORY = ("categoryType", "code", "name", "description")

_CONTACT = ("name", "email", "phone", "role", "title")


def _location(value: dict[str, Any]) -> Location:
    country, address, city, postal_code, county, municipal = texts_of(value, _LOCATION)
    number = municipality_number(municipal, county, postal_code, city, country)
    return Location(country, address, city, postal_code, county, municipal, number)


def contact_of(value: dict[str, Any]) -> Contact:
    return Contact(*texts_of(value, _CONTACT))


def _category(value: dict[str, Any]) -> Category:
    kind, code, name, description = texts_of(value, _CATEGORY)
    return Category(kind, code, name, description, as_number(value.get("score")))


def _typed(value: dict[str, Any], raw: str) -> Content:
    def text(name: str) -> str | None:
        return as_text(value.get(name))

    member = value.get("employer")
    employer = member if isinstance(member, dict) else {}
    expires = moment_of(text("expires"))
    return Content(
        raw=raw,
        title=text("title"),
        job_title=text("jobtitle"),
        description=text("description"),
        employer=as_text(employer.get("name")),
        employer_orgnr=as_text(employer.get("orgnr")),
        employer_homepage=as_text(employer.get("homepage")),
        employer_description=as_text(employer.get("description")),
        application_url=text("applicationUrl"),
        application_due=text("applicationDue"),
        due_date=read_due(text("applicationDue")),
        link=text("link"),
        source=text("source"),
        source_url=text("sourceurl"),
        engagement_type=text("engagementtype"),
        extent=text("extent"),
        start_time=text("starttime"),
        positions=text("positioncount"),
        sector=text("sector"),
        published=whole_seconds(moment_of(text("published"))),
        updated=whole_seconds(moment_of(text("updated"))),
        expires=whole_seconds(expires),
        last_day=last_day_of(expires),
        locations=tuple(map(_location, objects_of(value.get("workLocations")))),
        occupations=tuple(
            Occupation(*texts_of(one, _OCCUPATION))
            for one in objects_of(value.get("occupationCategories"))
        ),
        categories=tuple(map(_category, objects_of(value.get("categoryList")))),
        contacts=tuple(map(contact_of, objects_of(value.get(CONTACTS)))),
    )
