"""Made-up Norwegian ads with the shapes, gaps and proportions of real ones.

An ad is made in two steps, both repeatable from a key: an `Outline` (who, what, where) as soon as
the log needs a title, and the full content only when it is requested.

No person or firm is meant: mail addresses end in `.example`, phone numbers begin with 19 (no
subscriber's do) and organisation numbers with 3 (the register's own test series).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, cycle
from typing import Any
from zlib import crc32

from navfeed.practice import occupations, places, prose
from navfeed.practice.dates import iso, oslo_day, seeded
from navfeed.practice.occupations import OCCUPATIONS, Occupation
from navfeed.practice.places import PLACES, Place

_PLACE_WEIGHTS = list(accumulate(places.WEIGHTS))
_OCCUPATION_WEIGHTS = list(accumulate(occupations.WEIGHTS))

_SOURCES = ("IMPORTAPI", "Stillingsregistrering", "AMEDIA", "EURES", "POLARIS", "XML_STILLING")
_SOURCE_WEIGHTS = (49, 37, 6, 3, 3, 2)

_STREETS = ("Storgata", "Kirkeveien", "Bryggen", "Skoleveien", "Industrivegen", "Øvregata")
_ENGAGEMENTS = ("Fast", "Fast", "Fast", "Vikariat", "Engasjement", "Sesong", "")

_PLAIN = str.maketrans("æøåéöä", "eoaeoa")

_DESCRIPTION_MEDIAN = 2_900
_DESCRIPTION_SPREAD = 0.45


@dataclass(frozen=True, slots=True)
class Employer:
    name: str
    orgnr: str


@dataclass(frozen=True, slots=True)
class Location:
    """A work location, in the feed's own fields; None becomes null."""

    country: str
    address: str | None
    city: str | None
    postal_code: str | None
    county: str | None
    municipal: str | None


@dataclass(frozen=True, slots=True)
class Outline:
    """What all revisions of an ad share."""

    title: str
    occupation: Occupation
    employer: Employer
    locations: tuple[Location, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Term:
    """When an ad was published, last changed, and ceases to be shown."""

    published: datetime
    updated: datetime
    expires: datetime


def outline(key: str) -> Outline:
    """Sketch the ad of that key."""
    rng = seeded("outline", key)
    occupation = rng.choices(OCCUPATIONS, cum_weights=_OCCUPATION_WEIGHTS)[0]
    place = rng.choices(PLACES, cum_weights=_PLACE_WEIGHTS)[0]
    return Outline(
        title=_title(rng, occupation),
        occupation=occupation,
        employer=_employer(rng, occupation, place),
        locations=_locations(rng, place),
        source=rng.choices(_SOURCES, _SOURCE_WEIGHTS)[0],
    )


def content(key: str, ad: str, facts: Outline, term: Term) -> dict[str, Any]:
    """Write the ad's `ad_content` in full."""
    rng = seeded("content", key)
    contacts = _contacts(rng, facts)
    return {
        "uuid": ad,
        "published": iso(term.published),
        "expires": iso(term.expires),
        "updated": iso(term.updated),
        "workLocations": [_location(location) for location in facts.locations],
        "contactList": contacts,
        "title": facts.title,
        "description": _description(rng, facts, contacts),
        **_links(rng, ad, facts),
        "applicationDue": _due(rng, term.expires),
        "occupationCategories": _groups(rng, facts.occupation),
        "categoryList": _categories(rng, facts.occupation, as_group=_is_group(key)),
        "jobtitle": rng.choice((facts.occupation.titles[0], facts.title, "")),
        "employer": _employer_content(rng, facts),
        **_terms_of_work(rng, facts.occupation),
        "starttime": _start(rng, term.published),
    }


def municipal(locations: object) -> str:
    """Return an entry's municipality: the first location's, upper case, or `?`."""
    match locations:
        case [{"municipal": str(name)}, *_] if name:
            return name.upper()
    return "?"


def first_municipal(facts: Outline) -> str:
    return facts.locations[0].municipal or "?"


def _title(rng: random.Random, occupation: Occupation) -> str:
    title = rng.choice(occupation.titles)
    extra = rng.choice(("", "", "", " 100 %", " - vikariat", ", fast stilling", " (50-80 %)"))
    return f"{title}{extra}"


def _employer(rng: random.Random, occupation: Occupation, place: Place) -> Employer:
    name = _public_name(rng, occupation, place) if occupation.public else _firm(rng, occupation)
    return Employer(name, _orgnr(name))


def _public_name(rng: random.Random, occupation: Occupation, place: Place) -> str:
    town = place.municipal.partition(" (")[0].title()
    if rng.random() < 0.3:
        return f"{town} kommune"
    start = rng.choice(prose.FIRM_STARTS)
    return f"{town} kommune, {start} {rng.choice(prose.UNITS[occupation.level1])}"


def _firm(rng: random.Random, occupation: Occupation) -> str:
    return f"{rng.choice(prose.FIRM_STARTS)} {rng.choice(prose.FIRM_ENDS[occupation.level1])}"


def _orgnr(name: str) -> str:
    """Return a nine-digit number that belongs to the name and has a right check digit."""
    stem = 30_000_000 + crc32(name.encode()) % 10_000_000
    while (check := _check_digit(stem)) == 10:
        stem += 1
    return f"{stem}{check}"


def _check_digit(stem: int) -> int:
    weights = (3, 2, 7, 6, 5, 4, 3, 2)
    total = sum(int(digit) * weight for digit, weight in zip(str(stem), weights, strict=True))
    return -total % 11


def _locations(rng: random.Random, place: Place) -> tuple[Location, ...]:
    draw = rng.random()
    if draw < 0.02:
        return (_county_only(place), _street(rng, place)) if draw < 0.01 else (_county_only(place),)
    if draw < 0.03:
        return (Location("SVERIGE", None, "STRÖMSTAD", "45230", None, None),)
    more = rng.randint(1, 3) if draw > 0.92 else 0
    others = rng.choices(PLACES, cum_weights=_PLACE_WEIGHTS, k=more) if more else ()
    return tuple(_street(rng, each) for each in (place, *others))


def _county_only(place: Place) -> Location:
    return Location("NORGE", None, None, None, place.county, None)


def _street(rng: random.Random, place: Place) -> Location:
    code, city = rng.choice(place.postal)
    address = f"{rng.choice(_STREETS)} {rng.randint(1, 99)}" if rng.random() < 0.7 else None
    return Location("NORGE", address, city, code, place.county, place.municipal)


def _location(location: Location) -> dict[str, Any]:
    return {
        "country": location.country,
        "address": location.address,
        "city": location.city,
        "postalCode": location.postal_code,
        "county": location.county,
        "municipal": location.municipal,
    }


def _contacts(rng: random.Random, facts: Outline) -> list[dict[str, Any]]:
    if rng.random() < 0.05:
        return []
    return [_contact(rng, facts) for _ in range(2 if rng.random() < 0.15 else 1)]


def _contact(rng: random.Random, facts: Outline) -> dict[str, Any]:
    given, family = rng.choice(prose.GIVEN_NAMES), rng.choice(prose.FAMILY_NAMES)
    mail = f"{_plain(given)}.{_plain(family)}@{_domain(facts.employer)}"
    role = rng.choice(prose.ROLES)
    return {
        "name": f"{given} {family}",
        "email": mail if rng.random() < 0.8 else rng.choice((None, "")),
        "phone": _phone(rng) if rng.random() < 0.85 else rng.choice((None, "")),
        "role": None if rng.random() < 0.9 else "Kontaktperson",
        "title": role if role or rng.random() < 0.5 else "",
    }


def _phone(rng: random.Random) -> str:
    digits = f"19{rng.randrange(1_000_000):06}"
    spaced = f"{digits[:2]} {digits[2:4]} {digits[4:6]} {digits[6:]}"
    return rng.choice((digits, spaced, f"+47 {spaced}", f"+47{digits}"))


def _domain(employer: Employer) -> str:
    words = _plain(employer.name).replace(",", " ").split()
    return f"{'-'.join(word for word in words if word.isalpha() and len(word) > 2)}.example"


def _plain(text: str) -> str:
    return text.lower().translate(_PLAIN)


def _description(rng: random.Random, facts: Outline, contacts: list[dict[str, Any]]) -> str:
    target_length = rng.lognormvariate(math.log(_DESCRIPTION_MEDIAN), _DESCRIPTION_SPREAD)
    parts = [f"<p>{_introduction(rng, facts)}</p>"]
    length = len(parts[0])
    for section in _sections(rng, facts, contacts):
        if length + len(section) / 2 > target_length:
            break
        parts.append(section)
        length += len(section)
    return "".join(parts)


def _introduction(rng: random.Random, facts: Outline) -> str:
    place = facts.locations[0].city or facts.locations[0].county or "hele landet"
    employer = facts.employer.name.replace("&", "&amp;")
    return rng.choice(prose.INTRODUCTIONS).format(
        title=facts.title.lower(), employer=employer, place=place.title()
    )


def _sections(rng: random.Random, facts: Outline, contacts: list[dict[str, Any]]) -> Iterator[str]:
    closings = _closings(contacts)
    makers: tuple[Callable[[], str], ...] = (
        lambda: _prose(rng, "Om oss", prose.ABOUT),
        lambda: _listing(rng, "Arbeidsoppgaver", prose.TASKS[facts.occupation.level1]),
        lambda: _listing(rng, "Kvalifikasjoner", prose.QUALIFICATIONS),
        lambda: _listing(rng, "Personlige egenskaper", prose.QUALITIES),
        lambda: _listing(rng, "Vi tilbyr", prose.OFFERS),
        lambda: _prose(rng, "Praktiske opplysninger", closings),
    )
    return (make() for make in cycle(makers))


def _closings(contacts: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the closing sentences; as often in real ads, the text repeats the phone number."""
    if not contacts or not contacts[0]["phone"]:
        return prose.CLOSINGS[1:]
    contact = contacts[0]
    contact_line = prose.CLOSINGS[0].format(contact=contact["name"], phone=contact["phone"])
    return (contact_line, *prose.CLOSINGS[1:])


def _prose(rng: random.Random, heading: str, sentences: tuple[str, ...]) -> str:
    chosen = rng.sample(sentences, k=rng.randint(3, 5))
    return f"<h3>{heading}</h3>\n<p>{' '.join(chosen)}</p>\n"


def _listing(rng: random.Random, heading: str, items: tuple[str, ...]) -> str:
    chosen = rng.sample(items, k=rng.randint(3, len(items)))
    rows = "".join(f"<li>{item}</li>" for item in chosen)
    return f"<h3>{heading}</h3>\n<ul>{rows}</ul>\n"


def _links(rng: random.Random, ad: str, facts: Outline) -> dict[str, Any]:
    page = f"https://{_domain(facts.employer)}/stillinger/{rng.randrange(10**6)}"
    return {
        "sourceurl": page if rng.random() < 0.7 else "",
        "source": facts.source,
        "applicationUrl": f"{page}/soknad?kilde=nav" if rng.random() < 0.75 else "",
        "link": f"https://arbeidsplassen.nav.no/stillinger/stilling/{ad}",
    }


def _due(rng: random.Random, expires: datetime) -> str:
    """Write the application deadline as free text; one in six is not a date."""
    day = oslo_day(expires)
    if rng.random() < 1 / 6:
        return rng.choice(("Snarest", "Snarest", "", "", "Snarest mulig", "Fortløpende vurdering"))
    return rng.choice((f"{day}T00:00:00", f"{day}T00:00:00", f"{day}", f"{day:%d.%m.%Y}"))


def _start(rng: random.Random, published: datetime) -> str:
    day = oslo_day(published) + timedelta(days=rng.randint(20, 120))
    return rng.choice(("", "", "Snarest", "Etter avtale", f"{day}T00:00:00"))


def _groups(rng: random.Random, occupation: Occupation) -> list[dict[str, Any]]:
    groups = [{"level1": occupation.level1, "level2": occupation.level2}]
    if rng.random() < 0.07:
        other = rng.choices(OCCUPATIONS, cum_weights=_OCCUPATION_WEIGHTS)[0]
        groups.append({"level1": other.level1, "level2": other.level2})
    return groups


def _is_group(key: str) -> bool:
    """Whether an ISCO group replaces the ESCO occupation: in one ad of ten."""
    return seeded("esco", key).random() < 0.1


def _categories(
    rng: random.Random, occupation: Occupation, *, as_group: bool
) -> list[dict[str, Any]]:
    code, name = occupation.styrk
    label = crc32(name.encode())
    found = [_category("JANZZ", str(label % 900_000 + 100_000), occupation.titles[0], 0.0)]
    if rng.random() < 0.8:
        esco, called = f"occupation/{label:08x}", occupation.titles[0].lower()
        if as_group:
            esco, called = f"isco/C{code}", name
        address = f"http://data.europa.eu/esco/{esco}"
        found.insert(0, _category("ESCO", address, called, _score(rng)))
    found.append(_category("STYRK08", code, name, _score(rng)))
    if rng.random() < 0.136:
        found.append(_category("STYRK08", *occupation.related, _score(rng)))
    if rng.random() < 0.4:
        found.append(_category("STYRK08NAV", f"{code}.{label % 90 + 10}", name, 0.0))
    return found


def _category(kind: str, code: str, name: str, score: float) -> dict[str, Any]:
    text = "" if kind == "JANZZ" else f"Yrkesgruppen {code} {name} etter standarden {kind}."
    return {"categoryType": kind, "code": code, "name": name, "description": text, "score": score}


def _score(rng: random.Random) -> float:
    return round(rng.uniform(0.35, 1.0), 6)


def _employer_content(rng: random.Random, facts: Outline) -> dict[str, Any]:
    # Employers paste the same long story into every ad: half of a detail's bytes, no new words.
    paragraphs = rng.choice((0, 5, 7, 9, 11))
    text = "".join(f"<p>{' '.join(rng.sample(prose.ABOUT, k=8))}</p>" for _ in range(paragraphs))
    homepage = f"https://www.{_domain(facts.employer)}"
    return {
        "name": facts.employer.name,
        "orgnr": facts.employer.orgnr if rng.random() < 0.97 else None,
        "description": text,
        "homepage": homepage if rng.random() < 0.6 else rng.choice(("", None)),
    }


def _terms_of_work(rng: random.Random, occupation: Occupation) -> dict[str, Any]:
    sector = "Offentlig" if occupation.public else "Privat"
    return {
        "engagementtype": rng.choice(_ENGAGEMENTS),
        "extent": "Deltid" if rng.random() < 0.25 else "Heltid",
        "positioncount": rng.choice(("1", "1", "1", "1", "2", "3", "10")),
        "sector": sector if rng.random() < 0.85 else rng.choice(("Ikke oppgitt", "")),
    }
