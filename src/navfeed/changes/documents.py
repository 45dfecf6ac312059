"""An ad as a document for a search engine: flat where possible, typed by the mapping alone."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from navfeed.model import Change, Content, moment_text

_NOT_FLAT = {"raw", "contacts"}


def document(change: Change, *, contacts: bool) -> dict[str, Any]:
    """The fields of `Content` without the raw content and, by default, without contacts.

    Also `uuid`, `last_day` and `number`: the number of the change.
    """
    facts: dict[str, Any] = {"uuid": change.uuid, "number": change.cursor.number}
    content = change.content
    if content is None:
        return {**facts, "last_day": change.last_day.isoformat() if change.last_day else None}
    return {**facts, **_fields_of(content, contacts=contacts)}


def _fields_of(content: Content, *, contacts: bool) -> dict[str, Any]:
    facts = {
        field.name: getattr(content, field.name)
        for field in fields(content)
        if field.name not in _NOT_FLAT
    }
    for name in ("locations", "occupations", "categories"):
        facts[name] = [asdict(one) for one in facts[name]]
    for name in ("due_date", "last_day"):
        facts[name] = facts[name].isoformat() if facts[name] else None
    for name in ("published", "updated", "expires"):
        facts[name] = moment_text(facts[name])
    if contacts:
        facts["contacts"] = [asdict(one) for one in content.contacts]
    return facts
