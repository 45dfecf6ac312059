"""The feed of a watch for feed readers: Atom, RFC 4287.

Ids never change, `updated` moves with each notification of an ad, and ads that are gone leave. The
time of writing is not in it, so that a feed without news stays the same to the byte.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET  # written, never parsed

from navfeed.version import __version__
from navfeed.watches.digest import Digest, Item
from navfeed.watches.html import details
from navfeed.watches.wording import label

ATOM = "http://www.w3.org/2005/Atom"
EPOCH = datetime(2023, 6, 14, tzinfo=UTC)
"""The start of NAV's feed: the date of a feed without entries."""


def feed(watch: str, digest: Digest) -> str:
    """The complete document; `digest` has the current ads."""
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "no"})
    items = list(digest.items)
    _add(root, "id", f"urn:uuid:{uuid5(NAMESPACE_URL, f'navfeed:watch:{watch}')}")
    _add(root, "title", watch)
    _add(root, "updated", _moment(max((_updated(item) for item in items), default=EPOCH)))
    _add(root, "generator", "navfeed", version=__version__)
    _add(ET.SubElement(root, "author"), "name", "navfeed")
    for item in items:
        # The days left would change every day by themselves.
        _entry(ET.SubElement(root, "entry"), replace(item, days_left=None))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _entry(entry: ET.Element, item: Item) -> None:
    ad = item.ad
    _add(entry, "id", f"urn:uuid:{ad.uuid}")
    _add(entry, "title", ad.title)
    _add(entry, "updated", _moment(_updated(item)))
    if item.first_notified_at is not None:
        _add(entry, "published", _moment(item.first_notified_at))
    _add(ET.SubElement(entry, "author"), "name", ad.employer or "(no employer)")
    _link(entry, "alternate", ad.page_url)
    if ad.apply_url:
        _link(entry, "related", ad.apply_url)
    ET.SubElement(entry, "category", {"term": item.trigger.value})
    content = f"<p>{label(item).capitalize()}</p>\n{''.join(details(item))}"
    _add(entry, "content", content, type="html")


def _updated(item: Item) -> datetime:
    return item.last_notified_at or EPOCH


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _xml_text(text)


def _link(entry: ET.Element, rel: str, address: str) -> None:
    ET.SubElement(entry, "link", {"rel": rel, "href": _xml_text(address)})


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml_text(text: str) -> str:
    """Replace the characters that XML cannot contain, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
