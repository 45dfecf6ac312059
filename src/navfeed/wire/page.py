"""A page of the log. It alone needs pydantic: the shape is promised, and a breach is an error."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Field, TypeAdapter, ValidationError

from navfeed.errors import ContractError
from navfeed.model import Entry, Page, Status
from navfeed.wire.json_text import JSON, decode
from navfeed.wire.values import UUID_PATTERN, as_text, is_plausible, moment_of, uuid_of

PAGE_PATH = "/api/v1/feed"

DETAIL_PATH = "/api/v1/feedentry"

_NEXT_URL = re.compile(rf"{PAGE_PATH}/({UUID_PATTERN.pattern})")

_ITEM_URL = re.compile(rf"{DETAIL_PATH}/({UUID_PATTERN.pattern})")

_WITHDRAWN_TITLE = "..."


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


# A field of type Any is converted by `as_text` where it is used: a validator per field would cost
# a third of the time of a page.
class _WireFeedEntry(_Wire):
    uuid: str
    status: Any = None
    title: Any = None
    business_name: Any = Field(None, alias="businessName")
    written: Any = Field(None, alias="sistEndret")


class _WireItem(_Wire):
    id: str
    url: str | None = None
    date_modified: Any = None
    feed_entry: _WireFeedEntry = Field(alias="_feed_entry")


class _WirePage(_Wire):
    id: str
    next_url: str | None
    next_id: str | None = None
    # Without FailFast, a page of a million wrong items makes a million errors first.
    items: Annotated[list[_WireItem], FailFast(), Field(min_length=1)]


_PAGE = TypeAdapter(_WirePage)


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
        id=uuid_of(wire.id, "page id"),
        entries=tuple(_entry(item) for item in wire.items),
        next_id=_next_id(wire),
        etag=etag,
        served_at=served_at,
    )


def _first(error: ValidationError) -> str:
    """The first validation error, without the input itself (it may contain personal data)."""
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the body"
    return f"{where}: {problem['msg'].split(':')[0].lower()}"


def _next_id(wire: _WirePage) -> str | None:
    """Only an explicit null ends the feed; a link must be a page of this feed, on this origin."""
    if wire.next_url is None:
        if wire.next_id is not None:
            raise ContractError("the page names a next page but has no link to it")
        return None
    match = _NEXT_URL.fullmatch(wire.next_url)
    if match is None:
        raise ContractError("the page's next_url does not lead to a page of the feed")
    if wire.next_id not in (None, match[1]):
        raise ContractError("the page's next_url and next_id disagree")
    return uuid_of(match[1], "next_url")


def _entry(item: _WireItem) -> Entry:
    ad = uuid_of(item.id, "item id")
    if item.feed_entry.uuid != item.id and uuid_of(item.feed_entry.uuid, "entry uuid") != ad:
        raise ContractError("an item and its entry name two different ads")
    _check_item_url(item.url, ad)
    written = as_text(item.feed_entry.written) or as_text(item.date_modified) or ""
    moment = moment_of(written)
    return Entry(
        ad=ad,
        # A status we do not know is not a permission to show the ad.
        status=Status.ACTIVE if item.feed_entry.status == Status.ACTIVE else Status.INACTIVE,
        written=written,
        moment=moment if moment and is_plausible(moment) else None,
        withdrawn=item.feed_entry.title == _WITHDRAWN_TITLE and not item.feed_entry.business_name,
    )


def _check_item_url(url: str | None, ad: str) -> None:
    if url is None or url == f"{DETAIL_PATH}/{ad}":
        return
    match = _ITEM_URL.fullmatch(url)
    if match is None or match[1].lower() != ad:
        raise ContractError("an item's url does not lead to its ad's details")
