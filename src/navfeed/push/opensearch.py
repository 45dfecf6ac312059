"""OpenSearch, and Elasticsearch, as a target: an index of documents behind an alias.

All ads are loaded into a new index, and the alias is switched when they are complete. Later
changes carry their number as the document version, so the engine itself rejects older ones.
The position is a separate document, written after the changes have been acknowledged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from navfeed.changes.documents import document
from navfeed.changes.stream import Batch
from navfeed.errors import ConfigError, TargetError
from navfeed.extras import require_extra
from navfeed.model import OSLO, Change, Cursor, moment_text
from navfeed.text.synonyms import groups, navfeeds_own

if TYPE_CHECKING:
    from opensearchpy import OpenSearch as Client

VERSION = 1
_MAX_BYTES = 8_000_000
"""Largest request body. The engine refuses more than 100 MB, and keeps all of it in memory."""

_TIMEOUT_SECONDS = 60

_TEXT = {"type": "text", "analyzer": "ads", "search_analyzer": "searches"}
# A term holds at most 32,766 bytes; a longer value is found by its words alone.
_NAME = {"type": "keyword", "ignore_above": 8_000}
_BOTH = {**_TEXT, "fields": {"keyword": _NAME}}
_DATE = {"type": "date", "ignore_malformed": True}
_CHILD = {"type": "nested", "include_in_root": True, "dynamic": False}

_FIELDS: dict[str, Any] = {
    "uuid": _NAME,
    "number": {"type": "long"},
    "shown_until": {"type": "date"},
    **dict.fromkeys(("title", "job_title", "employer"), _BOTH),
    **dict.fromkeys(("description", "employer_description"), _TEXT),
    **dict.fromkeys(("published", "updated", "expires", "last_day", "due_date"), _DATE),
    **dict.fromkeys(
        (
            *("employer_orgnr", "employer_homepage", "application_url", "application_due", "link"),
            *("source", "source_url", "engagement_type", "extent", "start_time", "positions"),
            "sector",
        ),
        _NAME,
    ),
    "locations": {
        **_CHILD,
        "properties": dict.fromkeys(
            (
                *("country", "address", "city", "postal_code", "county", "municipal"),
                "municipality_number",
            ),
            _NAME,
        ),
    },
    "occupations": {**_CHILD, "properties": dict.fromkeys(("level1", "level2"), _NAME)},
    "categories": {
        **_CHILD,
        "properties": {**dict.fromkeys(("type", "code"), _NAME), "name": _BOTH},
    },
    "contacts": {"type": "object", "enabled": False},
}


def _index() -> dict[str, Any]:
    return {
        "settings": {
            "index": {
                # The default is a minute; a late change must not restore a deleted ad.
                "gc_deletes": "1h",
                "mapping.nested_objects.limit": 200_000,
            },
            "analysis": {
                "filter": {
                    "norwegian": {"type": "stemmer", "language": "norwegian"},
                    # After the stemmer, so that each form of a word finds the others.
                    "synonyms": {
                        "type": "synonym",
                        "lenient": True,
                        "synonyms": [
                            ", ".join(group) for group in groups(navfeeds_own()) if group[1:]
                        ],
                    },
                },
                "analyzer": {
                    "ads": {
                        "type": "custom",
                        "char_filter": ["html_strip"],
                        "tokenizer": "standard",
                        "filter": ["lowercase", "norwegian"],
                    },
                    "searches": {
                        "type": "custom",
                        "tokenizer": "standard",
                        "filter": ["lowercase", "norwegian", "synonyms"],
                    },
                },
            },
        },
        "mappings": {"dynamic": False, "properties": _FIELDS},
    }


_ACTIVE_ONLY = {
    "bool": {
        "should": [
            {"range": {"shown_until": {"gt": "now"}}},
            {"bool": {"must_not": {"exists": {"field": "shown_until"}}}},
        ]
    }
}


@dataclass(frozen=True, slots=True)
class _State:
    """The position of the target, and the version of the document that records it."""

    index: str
    cursor: Cursor
    selection: str
    as_of: tuple[str | None, str | None]
    sequence: tuple[int, int]


class OpenSearch:
    """A client for one alias. A target with another `selection` is reloaded completely."""

    def __init__(self, url: str, *, selection: str, contacts: bool) -> None:
        require_extra("opensearchpy", "opensearch")
        import opensearchpy

        # It logs every response other than 200, even an expected 404.
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)
        self._errors = opensearchpy.exceptions
        self._client, self._alias = _client_of(url, opensearchpy.OpenSearch)
        self._state_index = f"{self._alias}-navfeed"
        self._selection = selection
        self._contacts = contacts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    # The Target protocol

    def cursor(self) -> Cursor | None:
        with self._translate_errors():
            state = self._read_state()
            if state is None or state.selection != self._selection:
                return None
            if self._behind_alias() != [state.index]:
                return None
            self._drop(one for one in self._own_indices() if one != state.index)
            return state.cursor

    def load(self, batch: Batch) -> int:
        with self._translate_errors():
            before = self._read_state()
            older = self._own_indices()
            name = f"{self._alias}-{batch.cursor.store}-{batch.cursor.number}-{self._next(older)}"
            self._client.indices.create(index=name, body=_index())
            count = self._send(name, self._actions(batch.changes))
            self._client.indices.refresh(index=name)
            self._switch(name)
            self._save_state(name, batch, before)
            self._drop(older)
        return count

    def apply(self, batch: Batch, after: Cursor) -> None:
        with self._translate_errors():
            state = self._read_state()
            if state is None or state.cursor != after:
                raise TargetError(
                    "another push changed the target at the same time. Run again, and let "
                    "only one process push to it"
                )
            if batch.cursor == after and state.as_of == _as_of(batch):
                return
            self._send(state.index, self._actions(batch.changes))
            self._save_state(state.index, batch, state)

    def expected(self, change: Change) -> bytes:
        return _hash(self._document(change))

    def held(self, today: date) -> Iterator[tuple[str, bytes]]:
        from opensearchpy.helpers import scan

        with self._translate_errors():
            index = self._index()
            self._client.indices.refresh(index=index)
            # Compared as served: a query would leave out a last day that the engine cannot parse.
            for hit in scan(self._client, index=index, size=100):
                if (hit["_source"].get("last_day") or "a") < today.isoformat():
                    continue
                yield hit["_id"], _hash(hit["_source"])

    def repair(self, _wrong: Iterable[Change], _gone: Iterable[str], /) -> bool:
        """Never: a single write would need a version that the later changes could not exceed."""
        return False

    # Documents

    def _actions(self, changes: Iterable[Change]) -> Iterator[bytes]:
        for change in changes:
            number = change.cursor.number
            if change.content is None:
                yield _action("delete", change.uuid, number)
            else:
                source = json.dumps(self._document(change), ensure_ascii=False).encode()
                yield _action("index", change.uuid, number) + source + b"\n"

    def _document(self, change: Change) -> dict[str, Any]:
        facts = document(change, contacts=self._contacts)
        return {**facts, "shown_until": _end_of(change.last_day)}

    def _send(self, index: str, actions: Iterable[bytes]) -> int:
        """Send the actions and return how many. Raises unless all are acknowledged."""
        count = 0
        for body in _parts(actions):
            answer = self._client.bulk(
                body=body, index=index, params={"request_timeout": _TIMEOUT_SECONDS}
            )
            count += len(answer["items"])
            if answer["errors"]:
                _refuse([item for one in answer["items"] for item in one.values()])
        return count

    # The position

    def _read_state(self) -> _State | None:
        try:
            found = self._client.get(index=self._state_index, id="target")
        except self._errors.NotFoundError:
            return None
        source = found["_source"]
        if source["version"] != VERSION:
            raise TargetError(
                f"the index has the format of another navfeed (version {source['version']}, this "
                f"one uses {VERSION}). Upgrade navfeed, or push to a new index"
            )
        cursor = Cursor(source["store"], source["number"])
        sequence = found["_seq_no"], found["_primary_term"]
        as_of = source["caught_up_at"], source["feed_time"]
        return _State(source["index"], cursor, source["selection"], as_of, sequence)

    def _index(self) -> str:
        state = self._read_state()
        assert state is not None  # noqa: S101  pushed before it is compared
        return state.index

    def _save_state(self, index: str, batch: Batch, before: _State | None) -> None:
        """Save the position; fails if another process has saved one in the meantime."""
        caught_up_at, feed_time = _as_of(batch)
        source = {
            "version": VERSION,
            "index": index,
            "store": batch.cursor.store,
            "number": batch.cursor.number,
            "selection": self._selection,
            "caught_up_at": caught_up_at,
            "feed_time": feed_time,
        }
        params: dict[str, Any] = {"op_type": "create"}
        if before is not None:
            params = {"if_seq_no": before.sequence[0], "if_primary_term": before.sequence[1]}
        self._client.index(index=self._state_index, id="target", body=source, params=params)

    def _behind_alias(self) -> list[str]:
        try:
            return sorted(self._client.indices.get_alias(name=self._alias))
        except self._errors.NotFoundError:
            return []

    def _own_indices(self) -> list[str]:
        """The indices of earlier loads, complete or not."""
        found = self._client.indices.get(
            index=f"{self._alias}-*", params={"ignore_unavailable": "true"}
        )
        return sorted(name for name in found if name != self._state_index)

    def _drop(self, indices: Iterable[str]) -> None:
        """Delete what a killed push left: nobody would remove inactive ads from it."""
        for one in indices:
            self._client.indices.delete(index=one, params={"ignore_unavailable": "true"})

    def _next(self, older: Sequence[str]) -> int:
        return 1 + max((int(name.rsplit("-", 1)[1]) for name in older), default=0)

    def _switch(self, name: str) -> None:
        if self._client.indices.exists(index=self._alias) and not self._behind_alias():
            raise TargetError(
                f"{self._alias} is an index, not an alias of navfeed. Choose another name"
            )
        actions: list[dict[str, Any]] = [
            {"remove": {"index": one, "alias": self._alias}} for one in self._behind_alias()
        ]
        actions.append({"add": {"index": name, "alias": self._alias, "filter": _ACTIVE_ONLY}})
        self._client.indices.update_aliases(body={"actions": actions})

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except self._errors.ConflictError as error:
            raise TargetError(
                "another push changed the target at the same time. Run again, and let only one "
                "process push to it"
            ) from error
        except self._errors.ConnectionError as error:
            raise TargetError(
                f"the search engine cannot be reached. Check its address, then run again "
                f"({_message_of(error)})",
                passes=True,
            ) from error
        except self._errors.OpenSearchException as error:
            status = getattr(error, "status_code", None)
            raise TargetError(
                _explain(status, _message_of(error)), passes=status in _TRANSIENT
            ) from error


_TRANSIENT = (429, 500, 502, 503, 504, 507)


def _explain(status: object, reason: str) -> str:
    if "cluster_block" in reason or "read-only" in reason or status in (429, 507):
        return f"the search engine accepts no more data: free some space, then run again ({reason})"
    if status in (401, 403):
        return f"the search engine denies this user write access. Check its rights ({reason})"
    return f"the search engine refused the request. Check its version, then run again ({reason})"


def _message_of(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _client_of(url: str, make: type[Client]) -> tuple[Client, str]:
    """The client, and the name of the alias. Raises `ConfigError`."""
    parts = urlsplit(url.removeprefix("opensearch+"))
    alias = parts.path.strip("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _is_name(alias):
        raise ConfigError(
            "a search engine's address is opensearch+https://host:9200/index, the name of the "
            "index in lower case"
        )
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return make(
        hosts=[{"host": parts.hostname, "port": parts.port or 9_200}],
        use_ssl=parts.scheme == "https",
        http_auth=user,
        timeout=_TIMEOUT_SECONDS,
        max_retries=0,
    ), alias


def _is_name(alias: str) -> bool:
    return (
        bool(alias)
        and alias[0].isalnum()
        and alias == alias.lower()
        and alias.isascii()
        and (alias.replace("-", "").replace("_", "").replace(".", "").isalnum())
    )


def _action(name: str, uuid: str, number: int) -> bytes:
    target = {"_id": uuid.lower(), "version": number, "version_type": "external"}
    return json.dumps({name: target}).encode() + b"\n"


def _as_of(batch: Batch) -> tuple[str | None, str | None]:
    return moment_text(batch.caught_up_at), moment_text(batch.feed_time)


def _parts(actions: Iterable[bytes]) -> Iterator[bytes]:
    part: list[bytes] = []
    size = 0
    for action in actions:
        if part and size + len(action) > _MAX_BYTES:
            yield b"".join(part)
            part, size = [], 0
        part.append(action)
        size += len(action)
    if part:
        yield b"".join(part)


def _refuse(items: Iterable[dict[str, Any]]) -> None:
    """Raise for any failure but a conflict: then the engine holds a version as new already."""
    for item in items:
        if "error" in item and item["status"] != 409:
            reason = f"{item['_id']}: {item['error'].get('type')}, {item['error'].get('reason')}"
            raise TargetError(
                _explain(item["status"], reason[:300]), passes=item["status"] in _TRANSIENT
            )


def _hash(source: dict[str, Any]) -> bytes:
    facts = {name: value for name, value in source.items() if name != "number"}
    return sha256(json.dumps(facts, sort_keys=True).encode()).digest()


def _end_of(last_day: date | None) -> str | None:
    """The moment from which on an ad may not be shown: midnight in Oslo."""
    if last_day is None or last_day == date.max:
        return None
    end = datetime.combine(last_day + timedelta(days=1), time(), OSLO)
    return moment_text(end.astimezone(UTC))
