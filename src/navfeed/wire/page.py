"""A page of the log. It alone needs pydantic: the shape is promised, and a breach is an error.

The schema is written for pydantic's core (docs.pydantic.dev/latest/api/pydantic_core_schema): its
models load 45 modules more, a fifth of the processor time of a run that finds nothing new.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema

from navfeed.errors import ContractError
from navfeed.model import Entry, Page, Status
from navfeed.wire.json_text import JSON, decode
from navfeed.wire.values import UUID_PATTERN, as_text, is_plausible, moment_of, uuid_of

PAGE_PATH = "/api/v1/feed"

DETAIL_PATH = "/api/v1/feedentry"

_NEXT_URL = re.compile(rf"{PAGE_PATH}/({UUID_PATTERN.pattern})")

_ITEM_URL = re.compile(rf"{DETAIL_PATH}/({UUID_PATTERN.pattern})")

_WITHDRAWN_TITLE = "..."


def _required(schema: CoreSchema) -> core_schema.TypedDictField:
    return core_schema.typed_dict_field(schema, required=True)


def _optional(schema: CoreSchema) -> core_schema.TypedDictField:
    return core_schema.typed_dict_field(schema, required=False)


_TEXT = core_schema.str_schema()
_TEXT_OR_NULL = core_schema.nullable_schema(_TEXT)

# Other members are ignored, or kept as they are and converted by `as_text` where they are used: a
# validator for each would cost a third of the time of a page.
_KEPT = _optional(core_schema.any_schema())

_ENTRY = core_schema.typed_dict_schema(
    {
        "uuid": _required(_TEXT),
        "status": _KEPT,
        "title": _KEPT,
        "businessName": _KEPT,
        "sistEndret": _KEPT,
    }
)

_ITEM = core_schema.typed_dict_schema(
    {
        "id": _required(_TEXT),
        "url": _optional(_TEXT_OR_NULL),
        "date_modified": _KEPT,
        "_feed_entry": _required(_ENTRY),
    }
)

_PAGE = SchemaValidator(
    core_schema.typed_dict_schema(
        {
            "id": _required(_TEXT),
            "next_url": _required(_TEXT_OR_NULL),
            "next_id": _optional(_TEXT_OR_NULL),
            # Without `fail_fast`, a page of a million wrong items makes a million errors first.
            "items": _required(core_schema.list_schema(_ITEM, min_length=1, fail_fast=True)),
        }
    )
)


def read_page(body: bytes, *, etag: str | None, served_at: datetime | None) -> Page:
    """Read a page of the log, or raise `ContractError` when any part of it cannot be trusted.

    One bad item refuses the whole page: a page applied in part would lose the rest for ever.
    """
    try:
        # The standard library's parser: pydantic's refuses lone surrogates, and a title that holds
        # one must not stop the feed.
        wire = _PAGE.validate_python(JSON.decode(decode(body)))
    except ValidationError as error:
        raise ContractError(f"the feed sent an invalid page: {_first(error)}") from error
    except (ValueError, RecursionError) as error:
        raise ContractError("the feed sent an invalid page: it is not JSON") from error
    return Page(
        id=uuid_of(wire["id"], "page id"),
        entries=tuple(_entry(item) for item in wire["items"]),
        next_id=_next_id(wire),
        etag=etag,
        served_at=served_at,
    )


def _first(error: ValidationError) -> str:
    """The first validation error, without the input itself (it may contain personal data)."""
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the body"
    return f"{where}: {problem['msg'].split(':')[0].lower()}"


def _next_id(wire: dict[str, Any]) -> str | None:
    """Only an explicit null ends the feed; a link must be a page of this feed, on this origin."""
    if wire["next_url"] is None:
        if wire.get("next_id") is not None:
            raise ContractError("the page names a next page but has no link to it")
        return None
    match = _NEXT_URL.fullmatch(wire["next_url"])
    if match is None:
        raise ContractError("the page's next_url does not lead to a page of the feed")
    if wire.get("next_id") not in (None, match[1]):
        raise ContractError("the page's next_url and next_id disagree")
    return uuid_of(match[1], "next_url")


def _entry(item: dict[str, Any]) -> Entry:
    entry = item["_feed_entry"]
    ad = uuid_of(item["id"], "item id")
    if entry["uuid"] != item["id"] and uuid_of(entry["uuid"], "entry uuid") != ad:
        raise ContractError("an item and its entry name two different ads")
    _check_item_url(item.get("url"), ad)
    written = as_text(entry.get("sistEndret")) or as_text(item.get("date_modified")) or ""
    moment = moment_of(written)
    return Entry(
        ad=ad,
        # A status we do not know is not a permission to show the ad.
        status=Status.ACTIVE if entry.get("status") == Status.ACTIVE else Status.INACTIVE,
        written=written,
        moment=moment if moment and is_plausible(moment) else None,
        withdrawn=entry.get("title") == _WITHDRAWN_TITLE and not entry.get("businessName"),
    )


def _check_item_url(url: str | None, ad: str) -> None:
    if url is None or url == f"{DETAIL_PATH}/{ad}":
        return
    match = _ITEM_URL.fullmatch(url)
    if match is None or match[1].lower() != ad:
        raise ContractError("an item's url does not lead to its ad's details")
