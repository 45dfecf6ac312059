"""An ad as a document of a search engine: flat where it can be, and typed by its mapping alone."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from navfeed.model import Change, Content, moment_text

_NOT_FLAT = {"raw", "contacts"}


def document(change: Change, *, contacts: bool) -> dict[str, Any]:
    """The fields of `Content`, without what was served and, unless wanted, without contacts.

    With `uuid`, `last_day` and `number`, the change it is as of.
    """
    facts: dict[str, Any] = {"uuid": change.uuid, "number": change.cursor.number}
    content = change.content
    if content is None:
        return {**facts, "last_day": change.last_day.isoformat() if change.last_day else None}
    return {**facts, **_said(content, contacts=contacts)}


def _said(content: Content, *, contacts: bool) -> dict[str, Any]:
    said = {
        field.name: getattr(content, field.name)
        for field in fields(content)
        if field.name not in _NOT_FLAT
    }
    for name in ("locations", "occupations", "categories"):
        said[name] = [asdict(one) for one in said[name]]
    for name in ("due_date", "last_day"):
        said[name] = said[name].isoformat() if said[name] else None
    for name in ("published", "updated", "expires"):
        said[name] = moment_text(said[name])
    if contacts:
        said["contacts"] = [asdict(one) for one in content.contacts]
    return said
