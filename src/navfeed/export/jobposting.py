"""Ads as schema.org JobPosting in JSON-LD, for those who publish them.

https://schema.org/JobPosting, and what a search engine requires of it:
https://developers.google.com/search/docs/appearance/structured-data/job-posting
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from itertools import groupby
from typing import Any

from navfeed.model import OSLO, Contact, Content, Location, moment_text
from navfeed.text.html import Block, BlockKind, blocks_of

REQUIRED = ("title", "description", "datePosted", "hiringOrganization", "jobLocation")
"""Properties that Google requires; an ad that lacks one is left out."""

Posting = dict[str, Any]


class Postings:
    """Postings, one by one; `left_out` counts the ads that lack what is required."""

    def __init__(self, ads: Iterable[tuple[str, Content]], *, contacts: bool) -> None:
        self._ads = ads
        self._contacts = contacts
        self.left_out = 0

    def __iter__(self) -> Iterator[str]:
        """Each as a JSON text that may stand in a page's `<script type="application/ld+json">`."""
        for uuid, content in self._ads:
            one = posting(uuid, content, contacts=self._contacts)
            if all(name in one for name in REQUIRED):
                yield _in_a_page(json.dumps(one, ensure_ascii=False))
            else:
                self.left_out += 1


def _in_a_page(text: str) -> str:
    """These three stand in JSON within texts only, and could end the script they stand in."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def posting(uuid: str, content: Content, *, contacts: bool = False) -> Posting:
    """The ad's value of each property; a property without a value is left out."""
    return _said(
        {
            "@context": "https://schema.org",
            "@type": "JobPosting",
            "identifier": {"@type": "PropertyValue", "name": "NAV", "value": uuid},
            "title": _text(content.job_title) or _text(content.title),
            "description": _prose(content.description or ""),
            "datePosted": moment_text(content.published),
            "validThrough": _valid_through(content),
            "employmentType": _employment_types(content),
            "hiringOrganization": _employer(content),
            "jobLocation": [_place(one) for one in content.locations if _country(one)],
            "occupationalCategory": _occupations(content),
            "totalJobOpenings": _openings(content.positions),
            "url": _address(content.link),
            "potentialAction": _application(content),
            "applicationContact": [_person(one) for one in content.contacts] if contacts else None,
        }
    )


def _said(properties: Posting) -> Posting:
    return {name: value for name, value in properties.items() if value not in (None, "", [], {})}


def _text(text: str | None) -> str:
    return (text or "").strip()


def _valid_through(content: Content) -> str | None:
    """The last second of the last day, in Oslo."""
    if content.last_day is None:
        return None
    return datetime.combine(content.last_day, time(23, 59, 59), OSLO).isoformat()


# NAV's words for how long and how much; Google's list of values.
_ENGAGEMENTS = {
    "vikariat": "TEMPORARY",
    "engasjement": "TEMPORARY",
    "sesong": "TEMPORARY",
    "feriejobb": "TEMPORARY",
    "åremål": "TEMPORARY",
    "prosjekt": "CONTRACTOR",
    "selvstendig næringsdrivende": "CONTRACTOR",
    "trainee": "INTERN",
    "lærling": "INTERN",
    "frivillig": "VOLUNTEER",
    "annet": "OTHER",
}
_EXTENTS = {
    "heltid": ["FULL_TIME"],
    "deltid": ["PART_TIME"],
    "heltid og deltid": ["FULL_TIME", "PART_TIME"],
}


def _employment_types(content: Content) -> list[str]:
    extents = _EXTENTS.get(_text(content.extent).casefold(), [])
    engagement = _ENGAGEMENTS.get(_text(content.engagement_type).casefold())
    return [*extents, *filter(None, [engagement])]


def _employer(content: Content) -> Posting | None:
    if not (name := _text(content.employer)):
        return None
    return _said(
        {
            "@type": "Organization",
            "name": name,
            "sameAs": _address(content.employer_homepage),
            "identifier": _text(content.employer_orgnr),
        }
    )


def _place(location: Location) -> Posting:
    address = {
        "@type": "PostalAddress",
        "streetAddress": _text(location.address),
        "postalCode": _text(location.postal_code),
        "addressLocality": _text(location.city) or _text(location.municipal),
        "addressRegion": _text(location.county),
        "addressCountry": _country(location),
    }
    return {"@type": "Place", "address": _said(address)}


def _country(location: Location) -> str:
    """`NO`, or another country as NAV names it. Only places in Norway have a municipality there."""
    country = _text(location.country)
    at_home = location.municipal or location.county
    return (
        "NO" if country.casefold() in {"norge", "noreg"} or (at_home and not country) else country
    )


def _occupations(content: Content) -> list[Posting]:
    return [
        _said(
            {
                "@type": "CategoryCode",
                "inCodeSet": "STYRK-08",
                "codeValue": _text(one.code),
                "name": _text(one.name),
            }
        )
        for one in content.categories
        if one.type == "STYRK08"
    ]


def _openings(positions: str | None) -> int | None:
    text = _text(positions)
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 6 else None


def _address(text: str | None) -> str:
    address = _text(text)
    return address if address.startswith(("https://", "http://")) else ""


def _application(content: Content) -> Posting | None:
    """Straight to the source's own page, as NAV's terms require (feed terms, 4)."""
    address = _address(content.application_url)
    return {"@type": "ApplyAction", "target": address} if address else None


def _person(contact: Contact) -> Posting:
    return _said(
        {
            "@type": "ContactPoint",
            "name": _text(contact.name),
            "contactType": _text(contact.title) or _text(contact.role),
            "telephone": _text(contact.phone),
            "email": _text(contact.email),
        }
    )


def _prose(served: str) -> str:
    """Paragraphs and lists, with no other tag and no attribute: nothing in it can run."""
    pieces: list[str] = []
    for is_list, blocks in groupby(blocks_of(served), lambda block: block.kind is BlockKind.ITEM):
        inner = "".join(_element(block) for block in blocks)
        pieces.append(f"<ul>{inner}</ul>" if is_list else inner)
    return "".join(pieces)


def _element(block: Block) -> str:
    tag = "li" if block.kind is BlockKind.ITEM else "p"
    lines = "<br>".join(html.escape(line, quote=False) for line in block.text.split("\n"))
    return f"<{tag}>{lines}</{tag}>"
