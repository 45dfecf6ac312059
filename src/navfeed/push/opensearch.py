"""OpenSearch, and Elasticsearch, as a target: an index of documents behind an alias.

All ads are loaded into a new index, and the alias is switched once they are in. What follows goes
by the number of each change as its version, so that the engine itself leaves alone what is older.
Where it stands is a document of its own, written after the changes were acknowledged.
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
_MOST_BYTES = 8_000_000
"""Of one request. The engine refuses more than 100 MB, and holds all of it in its memory."""

_PATIENCE = 60

_TEXT = {"type": "text", "analyzer": "ads", "search_analyzer": "searches"}
# What a term can hold is limited to 32,766 bytes; a longer value is found by its words alone.
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
                # A minute by itself: what arrives late must not bring back what is gone.
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


_IN_FORCE = {
    "bool": {
        "should": [
            {"range": {"shown_until": {"gt": "now"}}},
            {"bool": {"must_not": {"exists": {"field": "shown_until"}}}},
        ]
    }
}


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where the target stands, and the version of the document that says so."""

    index: str
    cursor: Cursor
    selection: str
    as_of: tuple[str | None, str | None]
    sequence: tuple[int, int]


class OpenSearch:
    """A client for one alias. `selection` says what is asked for; another one is loaded anew."""

    def __init__(self, url: str, *, selection: str, contacts: bool) -> None:
        require_extra("opensearchpy", "opensearch")
        import opensearchpy

        # It tells of each answer that is no 200, a 404 that was expected too.
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)
        self._errors = opensearchpy.exceptions
        self._client, self._alias = _client_of(url, opensearchpy.OpenSearch)
        self._state = f"{self._alias}-navfeed"
        self._selection = selection
        self._contacts = contacts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    # What the engine asks

    def cursor(self) -> Cursor | None:
        with self._explained():
            standing = self._standing()
            if standing is None or standing.selection != self._selection:
                return None
            if self._behind_alias() != [standing.index]:
                return None
            self._drop(one for one in self._ours() if one != standing.index)
            return standing.cursor

    def load(self, batch: Batch) -> int:
        with self._explained():
            before = self._standing()
            older = self._ours()
            name = f"{self._alias}-{batch.cursor.store}-{batch.cursor.number}-{self._next(older)}"
            self._client.indices.create(index=name, body=_index())
            count = self._send(name, self._actions(batch.changes))
            self._client.indices.refresh(index=name)
            self._switch(name)
            self._note(name, batch, before)
            self._drop(older)
        return count

    def apply(self, batch: Batch, after: Cursor) -> None:
        with self._explained():
            standing = self._standing()
            if standing is None or standing.cursor != after:
                raise TargetError(
                    "another push brought the target elsewhere meanwhile. Run again, and let one "
                    "alone push to it"
                )
            if batch.cursor == after and standing.as_of == _as_of(batch):
                return
            self._send(standing.index, self._actions(batch.changes))
            self._note(standing.index, batch, standing)

    def expected(self, change: Change) -> bytes:
        return _hash(self._document(change))

    def held(self, today: date) -> Iterator[tuple[str, bytes]]:
        from opensearchpy.helpers import scan

        with self._explained():
            index = self._index()
            self._client.indices.refresh(index=index)
            # By what was served of them: a query would leave out a last day that is no date to it.
            for hit in scan(self._client, index=index, size=100):
                if (hit["_source"].get("last_day") or "a") < today.isoformat():
                    continue
                yield hit["_id"], _hash(hit["_source"])

    def mend(self, _wrong: Iterable[Change], _gone: Iterable[str], /) -> bool:
        """By hand a document gets a version of the engine's own, which no number of ours beats."""
        return False

    # Documents

    def _actions(self, changes: Iterable[Change]) -> Iterator[bytes]:
        for change in changes:
            number = change.cursor.number
            if change.content is None:
                yield _action("delete", change.uuid, number)
            else:
                said = json.dumps(self._document(change), ensure_ascii=False).encode()
                yield _action("index", change.uuid, number) + said + b"\n"

    def _document(self, change: Change) -> dict[str, Any]:
        said = document(change, contacts=self._contacts)
        return {**said, "shown_until": _end_of(change.last_day)}

    def _send(self, index: str, actions: Iterable[bytes]) -> int:
        """All acknowledged, or an error. Answers how many."""
        count = 0
        for body in _parts(actions):
            answer = self._client.bulk(
                body=body, index=index, params={"request_timeout": _PATIENCE}
            )
            count += len(answer["items"])
            if answer["errors"]:
                _refuse([item for one in answer["items"] for item in one.values()])
        return count

    # Where it stands

    def _standing(self) -> _Standing | None:
        try:
            found = self._client.get(index=self._state, id="target")
        except self._errors.NotFoundError:
            return None
        said = found["_source"]
        if said["version"] != VERSION:
            raise TargetError(
                f"the index was made by another navfeed (version {said['version']}, this one knows "
                f"{VERSION}). Upgrade navfeed, or push to a new index"
            )
        cursor = Cursor(said["store"], said["number"])
        sequence = found["_seq_no"], found["_primary_term"]
        as_of = said["caught_up_at"], said["feed_time"]
        return _Standing(said["index"], cursor, said["selection"], as_of, sequence)

    def _index(self) -> str:
        standing = self._standing()
        assert standing is not None  # noqa: S101  it was pushed before it was compared
        return standing.index

    def _note(self, index: str, batch: Batch, before: _Standing | None) -> None:
        """Only where nobody else noted something meanwhile."""
        caught_up_at, feed_time = _as_of(batch)
        said = {
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
        self._client.index(index=self._state, id="target", body=said, params=params)

    def _behind_alias(self) -> list[str]:
        try:
            return sorted(self._client.indices.get_alias(name=self._alias))
        except self._errors.NotFoundError:
            return []

    def _ours(self) -> list[str]:
        """Indices that were loaded, or half loaded, before."""
        found = self._client.indices.get(
            index=f"{self._alias}-*", params={"ignore_unavailable": "true"}
        )
        return sorted(name for name in found if name != self._state)

    def _drop(self, indices: Iterable[str]) -> None:
        """What a push that was killed left: nobody would take ads out of it that end."""
        for one in indices:
            self._client.indices.delete(index=one, params={"ignore_unavailable": "true"})

    def _next(self, older: Sequence[str]) -> int:
        return 1 + max((int(name.rsplit("-", 1)[1]) for name in older), default=0)

    def _switch(self, name: str) -> None:
        if self._client.indices.exists(index=self._alias) and not self._behind_alias():
            raise TargetError(
                f"there is an index {self._alias} that is no alias of navfeed's. Name another one"
            )
        actions: list[dict[str, Any]] = [
            {"remove": {"index": one, "alias": self._alias}} for one in self._behind_alias()
        ]
        actions.append({"add": {"index": name, "alias": self._alias, "filter": _IN_FORCE}})
        self._client.indices.update_aliases(body={"actions": actions})

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._errors.ConflictError as error:
            raise TargetError(
                "another push brought the target elsewhere meanwhile. Run again, and let one alone "
                "push to it"
            ) from error
        except self._errors.ConnectionError as error:
            raise TargetError(
                f"the search engine cannot be reached. Check its address, then run again "
                f"({_said(error)})",
                passes=True,
            ) from error
        except self._errors.OpenSearchException as error:
            status = getattr(error, "status_code", None)
            raise TargetError(_explain(status, _said(error)), passes=status in _PASSING) from error


_PASSING = (429, 500, 502, 503, 504, 507)


def _explain(status: object, said: str) -> str:
    if "cluster_block" in said or "read-only" in said or status in (429, 507):
        return f"the search engine takes nothing more now: make room, then run again ({said})"
    if status in (401, 403):
        return f"the search engine does not let this user write. Check its rights ({said})"
    return f"the search engine refused what was asked. Check its version, then run again ({said})"


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _client_of(url: str, make: type[Client]) -> tuple[Client, str]:
    """The client, and the name of the alias. Raises `ConfigError`."""
    parts = urlsplit(url.removeprefix("opensearch+"))
    alias = parts.path.strip("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _is_name(alias):
        raise ConfigError(
            "a search engine's address is opensearch+https://host:9200/index, the name of the "
            "index in small letters"
        )
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return make(
        hosts=[{"host": parts.hostname, "port": parts.port or 9_200}],
        use_ssl=parts.scheme == "https",
        http_auth=user,
        timeout=_PATIENCE,
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
        if part and size + len(action) > _MOST_BYTES:
            yield b"".join(part)
            part, size = [], 0
        part.append(action)
        size += len(action)
    if part:
        yield b"".join(part)


def _refuse(items: Iterable[dict[str, Any]]) -> None:
    """A conflict says that what is there is as new; what else went wrong is an error."""
    for item in items:
        if "error" in item and item["status"] != 409:
            said = f"{item['_id']}: {item['error'].get('type')}, {item['error'].get('reason')}"
            raise TargetError(
                _explain(item["status"], said[:300]), passes=item["status"] in _PASSING
            )


def _hash(said: dict[str, Any]) -> bytes:
    facts = {name: value for name, value in said.items() if name != "number"}
    return sha256(json.dumps(facts, sort_keys=True).encode()).digest()


def _end_of(last_day: date | None) -> str | None:
    """The moment from which on an ad may not be shown: midnight in Oslo."""
    if last_day is None or last_day == date.max:
        return None
    end = datetime.combine(last_day + timedelta(days=1), time(), OSLO)
    return moment_text(end.astimezone(UTC))
