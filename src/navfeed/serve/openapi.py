"""The JSON API described in OpenAPI 3.1, made from the filters and columns that there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from navfeed.model import By, Category, Contact, Content, Location, Occupation
from navfeed.serve.options import ServeOptions
from navfeed.store.selection import LIST_COLUMNS, Sort
from navfeed.version import __version__

Part = dict[str, Any]

_TEXT: Part = {"type": ["string", "null"]}
_LISTS = {
    "locations": Location,
    "occupations": Occupation,
    "categories": Category,
    "contacts": Contact,
}


def described(options: ServeOptions, columns: Sequence[str], counted: Iterable[By]) -> Part:
    """The whole document. `columns` are of an ad in a list, `counted` what ads are counted by."""
    filters = [_filter(one.name, one.help) for one in options.filters]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "navfeed",
            "version": __version__,
            "description": "The ads of NAV's job vacancy feed that are active today.",
        },
        "servers": [{"url": options.root_path or "/"}],
        "paths": {
            "/api/ads": _get("Ads in a list", "Ads", [*filters, *_parts(options)]),
            "/api/ads/{uuid}": _get("One ad, with all its fields", "Ad", [_UUID], 404),
            "/api/changes": _changes(filters, _parts_of_changes()),
            "/api/stats": _get(
                "How many ads there are, by name", "Stats", [*filters, *_by(counted)]
            ),
        },
        "components": {
            "schemas": {
                "Ads": _ads(columns),
                "Ad": _ad(with_contacts=options.with_contacts),
                "Stats": _STATS,
                "Change": _CHANGE,
                "CaughtUp": _CAUGHT_UP,
                "Problem": _object(status={"type": "integer"}, error={"type": "string"}),
            }
        },
    }


def _object(**properties: Part) -> Part:
    return {"type": "object", "required": list(properties), "properties": properties}


def _array(items: Part) -> Part:
    return {"type": "array", "items": items}


def _filter(name: str, text: str) -> Part:
    return {
        "name": name,
        "in": "query",
        "description": text,
        "schema": _array({"type": "string"}),
        "explode": True,
    }


def _parts(options: ServeOptions) -> list[Part]:
    most = options.limits.page_size
    return [
        _parameter("sort", "What comes first.", {"type": "string", "enum": list(Sort)}),
        _parameter(
            "limit",
            "The most ads in one response.",
            {"type": "integer", "minimum": 1, "maximum": most, "default": 50},
        ),
        _parameter(
            "after",
            "Where to go on: it stands in `next`. While `state` stays the same, no ad is left out "
            "or comes twice; `changed` is true where it did not.",
            {"type": "string"},
        ),
    ]


def _by(counted: Iterable[By]) -> list[Part]:
    kinds = {"type": "string", "enum": [by.shown for by in counted]}
    return [
        {**_filter("by", "What to count by; all of it by default."), "schema": _array(kinds)},
        _parameter(
            "top",
            "The most names of each.",
            {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50},
        ),
    ]


def _parameter(name: str, text: str, schema: Part) -> Part:
    return {"name": name, "in": "query", "description": text, "schema": schema}


_UUID = {"name": "uuid", "in": "path", "required": True, "schema": {"type": "string"}}


def _get(summary: str, schema: str, parameters: list[Part], *more: int) -> Part:
    problems = {
        400: "A parameter cannot be read.",
        404: "There is no such active ad.",
        410: "The changes since this cursor are not kept: take a snapshot.",
    }
    answers = {
        "200": {"description": summary, "content": _content(schema)},
        "304": {"description": "Nothing has changed since the answer that had this ETag."},
        "503": {
            "description": "The data is too old to be shown, or the query takes too long.",
            "content": _content("Problem"),
        },
    }
    for status in (400, *more):
        answers[str(status)] = {
            "description": problems[status],
            "content": _content("Problem"),
        }
    return {"get": {"summary": summary, "parameters": parameters, "responses": answers}}


def _changes(filters: list[Part], own: list[Part]) -> Part:
    path = _get("What changed since a cursor", "Change", [*filters, *own], 410)
    path["get"]["responses"]["200"] = {
        "description": "A `Change` a line, and `CaughtUp` at the end; of a snapshot in parts only "
        "at the end of the last one. `Link` with `next` leads to the following part.",
        "content": {"application/jsonl": {"schema": {"type": "string"}}},
    }
    return path


def _parts_of_changes() -> list[Part]:
    flag = {"type": "string", "enum": ["0", "1"]}
    return [
        _parameter("after", "The cursor to continue from.", {"type": "string"}),
        _parameter("snapshot", "1: all active ads; `Link` continues it.", {"type": "string"}),
        _parameter(
            "limit",
            "The most changes in one response.",
            {"type": "integer", "minimum": 1, "maximum": 500, "default": 100},
        ),
        _parameter("content", "0: without the ads' content.", flag),
    ]


def _content(schema: str) -> Part:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _ads(columns: Sequence[str]) -> Part:
    several = _array({"type": "string"})
    one = _object(**{name: several if name in LIST_COLUMNS else _TEXT for name in columns})
    return _object(
        caught_up_at=_TEXT,
        state={"type": "string"},
        changed={"type": "boolean"},
        total={"type": "integer"},
        ads=_array(one),
        next=_TEXT,
    )


def _ad(*, with_contacts: bool) -> Part:
    hidden = {"raw"} if with_contacts else {"raw", "contacts"}
    properties = {
        field.name: _array(_object(**_row(_LISTS[field.name]))) if field.name in _LISTS else _TEXT
        for field in fields(Content)
        if field.name not in hidden
    }
    return _object(uuid={"type": "string"}, **properties)


def _row(kind: type) -> Part:
    return {
        one.name: {"type": ["number", "null"]} if one.name == "score" else _TEXT
        for one in fields(kind)
    }


_STATS = _object(
    caught_up_at=_TEXT,
    state={"type": "string"},
    ads={"type": "integer"},
    by={
        "type": "object",
        "additionalProperties": _array(_object(name={"type": "string"}, ads={"type": "integer"})),
    },
)

_CHANGE = _object(
    cursor={"type": "string"},
    kind={"type": "string"},
    uuid={"type": "string"},
    reason=_TEXT,
    changed=_array({"type": "string"}),
    last_day=_TEXT,
    at=_TEXT,
    content={"type": ["object", "null"], "additionalProperties": {}},
)
_CAUGHT_UP = _object(
    kind={"type": "string"}, cursor={"type": "string"}, caught_up_at=_TEXT, feed_time=_TEXT
)
