"""The feed of a watch for feed readers: Atom, RFC 4287.

The ids never change, `updated` moves when an ad is told of again, and an ad that is gone leaves.
Nothing here depends on when it is written, so that a feed without news stays to the byte.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET  # written, never parsed

from navfeed.version import __version__
from navfeed.watches.digest import Digest, Item, label
from navfeed.watches.page import details

ATOM = "http://www.w3.org/2005/Atom"
EPOCH = datetime(2023, 6, 14, tzinfo=UTC)
"""When NAV's feed begins: the date of a feed that has no entry yet."""


def feed(watch: str, digest: Digest) -> str:
    """The whole document; `digest` is what stands."""
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "no"})
    items = list(digest.items)
    _add(root, "id", f"urn:uuid:{uuid5(NAMESPACE_URL, f'navfeed:watch:{watch}')}")
    _add(root, "title", f"{watch}: ads that fit")
    _add(root, "updated", _moment(max((_updated(item) for item in items), default=EPOCH)))
    _add(root, "generator", "navfeed", version=__version__)
    _add(ET.SubElement(root, "author"), "name", "navfeed")
    for item in items:
        # In how many days an ad closes would change by itself, day by day.
        _entry(ET.SubElement(root, "entry"), replace(item, closes_in=None))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _entry(entry: ET.Element, item: Item) -> None:
    ad = item.ad
    _add(entry, "id", f"urn:uuid:{ad.uuid}")
    _add(entry, "title", ad.title)
    _add(entry, "updated", _moment(_updated(item)))
    if item.first_at is not None:
        _add(entry, "published", _moment(item.first_at))
    _add(ET.SubElement(entry, "author"), "name", ad.employer or "(no employer)")
    _link(entry, "alternate", ad.page)
    if ad.apply_at:
        _link(entry, "related", ad.apply_at)
    ET.SubElement(entry, "category", {"term": item.news.value})
    _add(entry, "content", f"<p>{label(item)}</p>\n{''.join(details(item))}", type="html")


def _updated(item: Item) -> datetime:
    return item.last_at or EPOCH


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _lawful(text)


def _link(entry: ET.Element, rel: str, address: str) -> None:
    ET.SubElement(entry, "link", {"rel": rel, "href": _lawful(address)})


_UNLAWFUL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _lawful(text: str) -> str:
    """What XML cannot hold at all, not even escaped, is a replacement character."""
    return _UNLAWFUL.sub("\ufffd", text)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
