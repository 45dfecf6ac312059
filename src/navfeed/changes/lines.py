"""Changes as lines for other programs (docs/reference/changes.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from navfeed.changes.documents import document
from navfeed.changes.stream import Batch
from navfeed.model import Change, ChangeKind, Content, moment_text
from navfeed.text.plaintext import cell_text, sanitize

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


FIELDS = ("cursor", "kind", "uuid", "reason", "changed", "last_day", "at", "content")
"""What a change has as an object."""


def jsonl(change: Change, *, contacts: bool, columns: Sequence[str] = FIELDS) -> Iterator[str]:
    """One object per line."""
    yield _record(change, contacts=contacts, columns=columns)


def table(change: Change, *, contacts: bool, columns: Sequence[str]) -> Iterator[str]:
    """One row per line, tabs between its cells."""
    has_content = "content" in columns and change.content is not None
    content = _served(change.content, contacts=contacts) if has_content else None
    yield row({**_facts(change), "content": content}, columns)


def row(facts: Mapping[str, object], columns: Sequence[str]) -> str:
    """A row of a table; a cell is empty where there is no such fact."""
    return "\t".join(sanitize(cell_text(facts.get(name))) for name in columns)


def caught_up(batch: Batch) -> dict[str, str | None]:
    """The record after the last change: the position, and the times of the data."""
    return {
        "kind": "caught_up",
        "cursor": str(batch.cursor),
        "caught_up_at": moment_text(batch.caught_up_at),
        "feed_time": moment_text(batch.feed_time),
    }


def caught_up_line(batch: Batch, columns: Sequence[str] | None = None) -> str:
    """The record as JSON; only these columns of it, if there are any."""
    record = caught_up(batch)
    return _encode(record if columns is None else {name: record.get(name) for name in columns})


def _record(change: Change, *, contacts: bool, columns: Sequence[str] = FIELDS) -> str:
    texts = {name: _encode(value) for name, value in _facts(change).items()}
    if "content" in columns:
        # Spliced in unparsed: parsing and writing it again would not preserve it exactly.
        texts["content"] = _served(change.content, contacts=contacts)
    return f"{{{','.join(f'{_encode(name)}:{texts[name]}' for name in columns)}}}"


def _facts(change: Change) -> dict[str, object]:
    return {
        "cursor": str(change.cursor),
        "kind": change.kind.value,
        "uuid": change.uuid,
        "reason": change.reason,
        "changed": change.changed,
        "last_day": change.last_day.isoformat() if change.last_day else None,
        "at": moment_text(change.at),
    }


def _served(content: Content | None, *, contacts: bool) -> str:
    """The content as served, on one line: line breaks between tokens become spaces."""
    if content is None:
        return "null"
    raw = content.raw
    if not contacts:
        from navfeed.wire.rewrite import drop_contacts

        raw = drop_contacts(raw)
    return raw.replace("\r", " ").replace("\n", " ")


# CloudEvents 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md)


def cloudevents(change: Change, *, contacts: bool) -> Iterator[str]:
    """One event per line. In a snapshot all have the same cursor; the ad makes the id unique."""
    snapshot = change.kind is ChangeKind.SNAPSHOT
    event = _event(
        change.kind.value,
        store=change.cursor.store,
        ident=f"{change.cursor}:{change.uuid}" if snapshot else str(change.cursor),
        time=change.at,
    )
    subject = _encode({"subject": change.uuid})[1:-1]
    yield f'{_encode(event)[:-1]},{subject},"data":{_record(change, contacts=contacts)}}}'


def caught_up_event(batch: Batch, now: datetime) -> str:
    """An event with a new id each time: consumers that drop duplicates still see the heartbeat."""
    event = _event(
        "caught_up", batch.cursor.store, f"{batch.cursor}:caught_up:{now.isoformat()}", now
    )
    return _encode({**event, "data": caught_up(batch)})


def _event(kind: str, store: str, ident: str, time: datetime | None) -> dict[str, str | None]:
    event = {
        "specversion": "1.0",
        "id": ident,
        "source": f"urn:navfeed:{store}",
        "type": f"no.navfeed.{kind}",
        "time": moment_text(time),
        "datacontenttype": "application/json",
    }
    return {name: value for name, value in event.items() if value is not None}


# _bulk of OpenSearch and Elasticsearch


def bulk(change: Change, *, contacts: bool) -> Iterator[str]:
    """An action and, for an active ad, a document. The change's number is the document version.

    So a search engine rejects older versions, in whatever order batches arrive.
    """
    name = "delete" if change.kind in _GONE else "index"
    target = {"_id": change.uuid, "version": change.cursor.number, "version_type": "external"}
    yield _encode({name: target})
    if name == "index":
        yield _encode(document(change, contacts=contacts))


_GONE = (ChangeKind.REMOVED, ChangeKind.EXPIRED)
