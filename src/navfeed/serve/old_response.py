"""Ads as the withdrawn API showed them (public-feed.md 5 and 6): every key, in its order.

Its names are nearly those of the feed, so that an ad is made from the content as it was served.
It never had contacts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from navfeed.model import OSLO
from navfeed.serve.old_request import OldRequest, named
from navfeed.serve.options import Compat

OldAd = dict[str, Any]

_LINK = "https://arbeidsplassen.nav.no/stillinger/stilling/"
"""NAV's page of an ad: a program that shows it must not send people here."""

NO_OCCUPATION = {"level1": "Uoppgitt/ ikke identifiserbare", "level2": "Ikke identifiserbare"}
"""What the old index wrote where an ad had none; clients take the first one for granted."""


def root(wanted: OldRequest, total: int, ads: Sequence[OldAd]) -> dict[str, object]:
    """A page. `total` is how many ads fit."""
    elements = total if wanted.most is None else min(total, wanted.most)
    pages = -(-elements // wanted.size)
    return {
        "content": ads,
        "totalElements": elements,
        "pageNumber": wanted.number,
        "pageSize": wanted.size,
        "totalPages": pages,
        "first": wanted.number == 0,
        "last": wanted.number >= pages - 1,
        "sort": named(wanted.sort),
    }


def old_ad(raw: str, compat: Compat) -> OldAd:
    """An ad, from what NAV's feed serves of it."""
    content = json.loads(raw)
    extent = _strict_extent if compat is Compat.STRICT else _text
    return {
        "uuid": content.get("uuid"),
        "published": _utc(content.get("published")),
        "expires": _utc(content.get("expires")),
        "updated": _utc(content.get("updated")),
        "workLocations": [_place(one) for one in _objects(content.get("workLocations"))],
        "title": _text(content.get("title")) or "",
        "description": _text(content.get("description")),
        "sourceurl": _filled(content.get("sourceurl")),
        "source": _text(content.get("source")),
        "applicationUrl": _filled(content.get("applicationUrl")),
        "applicationDue": _filled(content.get("applicationDue")),
        "occupationCategories": _occupations(content.get("occupationCategories"), compat),
        "jobtitle": _filled(content.get("jobtitle")),
        "link": f"{_LINK}{content.get('uuid')}",
        "employer": _employer(content.get("employer")),
        "engagementtype": _filled(content.get("engagementtype")),
        "extent": extent(content.get("extent")),
        "starttime": _filled(content.get("starttime")),
        "positioncount": _text(content.get("positioncount")),
        "sector": _filled(content.get("sector")),
    }


def _text(value: object) -> str | None:
    """A number is a text here: `positioncount` always was."""
    if isinstance(value, str):
        return value
    return None if value is None or isinstance(value, (list, dict)) else json.dumps(value)


def _filled(value: object) -> str | None:
    return _text(value) or None


def _strict_extent(value: object) -> str:
    return "Deltid" if (_text(value) or "").casefold() == "deltid" else "Heltid"


def _utc(value: object) -> str | None:
    """Always with `Z`; a fraction without the zeros at its end. What is no date stays as it is."""
    text = _text(value)
    try:
        moment = datetime.fromisoformat(text or "")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=OSLO)
        utc = aware.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return text
    whole = utc.isoformat(timespec="seconds")
    fraction = f".{utc.microsecond:06}".rstrip("0") if utc.microsecond else ""
    return f"{whole}{fraction}Z"


def _objects(value: object) -> list[Mapping[str, object]]:
    items = value if isinstance(value, list) else []
    return [one for one in items if isinstance(one, dict)]


_PLACE = ("country", "address", "city", "postalCode", "county", "municipal")


def _place(value: Mapping[str, object]) -> OldAd:
    return {name: _text(value.get(name)) for name in _PLACE}


def _occupations(value: object, compat: Compat) -> list[OldAd]:
    levels = [
        {"level1": _text(one.get("level1")), "level2": _text(one.get("level2"))}
        for one in _objects(value)
    ]
    whole: list[OldAd] = [one for one in levels if all(one.values())]
    return whole or ([{**NO_OCCUPATION}] if compat is Compat.STRICT else [])


def _employer(value: object) -> OldAd:
    keys = value if isinstance(value, dict) else {}
    read: Callable[[str], str | None] = lambda name: _filled(keys.get(name))  # noqa: E731
    return {
        "name": read("name") or "",
        "orgnr": read("orgnr"),
        "description": read("description"),
        "homepage": read("homepage"),
    }
