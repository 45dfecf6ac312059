"""Bytes to model: the only place that knows NAV's field names.

The shapes are NAV's (navikt.github.io/pam-stilling-feed and the server's public source,
navikt/pam-stilling-feed). What does not have them raises `ContractError`, with what came instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from json.decoder import scanstring  # type: ignore[attr-defined]
from math import isfinite
from typing import Annotated, Any, NoReturn

from pydantic import (
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    TypeAdapter,
    ValidationError,
)

from navfeed.errors import ContractError
from navfeed.model import (
    OSLO,
    Category,
    Contact,
    Content,
    Detail,
    Entry,
    Location,
    Occupation,
    Page,
    Status,
    oslo_day,
)
from navfeed.text.due import read_due

PAGE_PATH = "/api/v1/feed"
DETAIL_PATH = "/api/v1/feedentry"
TOKEN_PATH = "/api/publicToken"  # noqa: S105  a path, not a token

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_NEXT_URL = re.compile(rf"{PAGE_PATH}/({_UUID.pattern})")
_ITEM_URL = re.compile(rf"{DETAIL_PATH}/({_UUID.pattern})")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WITHDRAWN_TITLE = "..."

_MOST_PARTS = 200_000
"""Commas and brackets in one answer: 4 MB of `{},` would otherwise become a gigabyte of objects.
A page of 1,000 entries has 11,000, a detail a few hundred."""

_DEEPEST = 100
"""Levels in an ad's details. Parsers give up near 1,000, not all at the same depth, and what
is stored must be readable by everyone."""


def _storable(text: str) -> str:
    """Swap NUL and lone surrogates for U+FFFD: SQLite cuts text at one and refuses the other.

    The raw content keeps both as JSON escapes, so nothing is lost.
    """
    return text if _is_storable(text) else _UNSTORABLE.sub("�", text)


def _is_storable(text: str) -> bool:
    """Much faster than a regular expression, and nearly every text is."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_text(value: object) -> str | None:
    """Columns are text; a number that came where text belongs is kept as it reads."""
    if isinstance(value, str):
        return _storable(value)
    return None if value is None or isinstance(value, bool | list | dict) else str(value)


def _as_number(value: object) -> float | None:
    match value:
        case bool():
            return None
        case int() | float():
            return _finite(value)
        case _:
            return None


def _finite(value: float) -> float | None:
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:  # an int beyond what a float holds
        return None


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


# Where Any stands, `_as_text` is asked where the value is used: a validator for each field would
# cost a third of the time of a page.
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


def _refuse(_: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _lenient_int(digits: str) -> float | int:
    """A number too long for Python's int (over 4,300 digits) still must not stop us."""
    return int(digits) if len(digits) < 4_000 else float("inf")


_JSON = json.JSONDecoder(parse_constant=_refuse, parse_int=_lenient_int)


def read_page(body: bytes, *, etag: str | None, served_at: datetime | None) -> Page:
    """Read a page of the log, or raise `ContractError` when any part of it cannot be trusted.

    One bad item refuses the whole page: a page applied in part would lose the rest for ever.
    """
    try:
        # The standard library's parser: pydantic's refuses lone surrogates, and a title that holds
        # one must not stop the feed.
        wire = _PAGE.validate_python(_JSON.decode(_decode(body)))
    except ValidationError as error:
        raise ContractError(f"the feed sent something that is no page: {_first(error)}") from error
    except (ValueError, RecursionError) as error:
        raise ContractError("the feed sent something that is no page: it is not JSON") from error
    return Page(
        id=_uuid(wire.id, "page id"),
        entries=tuple(_entry(item) for item in wire.items),
        next_id=_next_id(wire),
        etag=etag,
        served_at=served_at,
    )


def _decode(body: bytes) -> str:
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_PARTS:
        raise ContractError("the feed sent something with more parts than any answer of its has")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError("the feed sent something that is not UTF-8") from error


def _first(error: ValidationError) -> str:
    """Where pydantic stumbled first, without the input itself (it may hold personal data)."""
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
        raise ContractError("the page's next_url leads somewhere else than to a page of the feed")
    if wire.next_id not in (None, match[1]):
        raise ContractError("the page's next_url and next_id disagree")
    return _uuid(match[1], "next_url")


def _entry(item: _WireItem) -> Entry:
    ad = _uuid(item.id, "item id")
    if item.feed_entry.uuid != item.id and _uuid(item.feed_entry.uuid, "entry uuid") != ad:
        raise ContractError("an item and its entry name two different ads")
    _check_item_url(item.url, ad)
    written = _as_text(item.feed_entry.written) or _as_text(item.date_modified) or ""
    moment = _moment(written)
    return Entry(
        ad=ad,
        # A status we do not know is not a permission to show the ad.
        status=Status.ACTIVE if item.feed_entry.status == Status.ACTIVE else Status.INACTIVE,
        written=written,
        moment=moment if moment and is_plausible(moment) else None,
        withdrawn=item.feed_entry.title == _WITHDRAWN_TITLE and not item.feed_entry.business_name,
    )


def is_plausible(moment: datetime) -> bool:
    """Whether some clock showed it. Sums with dates from the ends of the calendar overflow."""
    return 2000 <= moment.year < 2200


def _check_item_url(url: str | None, ad: str) -> None:
    if url is None or url == f"{DETAIL_PATH}/{ad}":
        return
    match = _ITEM_URL.fullmatch(url)
    if match is None or match[1].lower() != ad:
        raise ContractError("an item's url leads somewhere else than to its ad's details")


def _uuid(value: object, what: str) -> str:
    """The canonical form, so that an ad has one name whatever case it came in."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return value.lower()
    raise ContractError(f"the feed sent a {what} that is no uuid")


def read_detail(body: bytes, *, asked: str) -> Detail:
    """Read one ad's details. `ContractError` when they are another ad's, or no details at all."""
    text = _decode(body)
    parts = _split_object(text)
    ad = _uuid(_value(parts, "uuid"), "uuid in a detail")
    if ad != asked:
        raise ContractError(f"asked for ad {asked}, the feed answered with another one")
    status = _value(parts, "status")
    if not isinstance(status, str):
        raise ContractError("the feed sent details that do not say whether the ad is active")
    if status != Status.ACTIVE:
        return Detail(ad, Status.INACTIVE, None)
    return Detail(ad, Status.ACTIVE, _content(parts))


_Parts = dict[str, tuple[object, str]]


def _content(parts: _Parts) -> Content:
    """The server sends `ad_content`; NAV's page calls it `json`. Either will do."""
    for name in ("ad_content", "json"):
        value, raw = parts.get(name, (None, ""))
        if isinstance(value, dict):
            _refuse_depths(raw)
            return _typed(value, raw)
    raise ContractError("the feed says that an ad is active, but sent nothing of what it says")


_QUOTE_OR_BRACKET = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
"""One mark at a time: a pattern for whole strings took 140 bytes of memory for each letter."""

_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def _refuse_depths(raw: str) -> None:
    if raw.count("[") + raw.count("{") <= _DEEPEST:
        return
    depth = 0
    in_string = False
    for match in _QUOTE_OR_BRACKET.finditer(raw):
        if match[0] == '"':
            in_string = not in_string
        elif not in_string:
            depth += _STEPS.get(match[0], 0)
        if depth > _DEEPEST:
            raise ContractError("the feed sent details with more levels than can be read back")


def _value(parts: _Parts, name: str) -> object:
    return parts.get(name, (None, ""))[0]


_SPACE = re.compile(r"[ \t\n\r]*")


def _split_object(text: str) -> _Parts:
    """Split a JSON object into its members, each with its value and its own text as it stands.

    A parser would do for the values; the text is what makes "exactly as served" true: number
    formats, escapes, the order and even doubled names survive.
    """
    try:
        return _members(text)
    except (ValueError, RecursionError, IndexError) as error:
        raise ContractError("the feed sent details that are not a JSON object") from error


def _members(text: str) -> _Parts:
    return {name: (value, text[start:end]) for name, value, start, end in _spans(text)}


def _spans(text: str) -> Iterator[tuple[str, object, int, int]]:
    """The members of an object: name, value, and where the value stands in the text."""
    at = _expect(text, "{", 0)
    more = text[at] != "}"
    while more:
        name, at = scanstring(text, _expect(text, '"', at), True)
        start = _expect(text, ":", _skip(text, at))
        value, end = _JSON.raw_decode(text, start)
        yield name, value, start, end
        at = _skip(text, end)
        more = text[at] != "}"
        if more:
            at = _expect(text, ",", at)
    if _skip(text, at + 1) != len(text):
        raise ValueError("something follows the object")


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _expect(text: str, mark: str, at: int) -> int:
    """The place after `mark`, white space around it skipped (but never inside a string)."""
    at = _skip(text, at)
    if text[at] != mark:
        raise ValueError(f"{mark} is missing")
    return at + 1 if mark == '"' else _skip(text, at + 1)


def read_content(raw: str) -> Content:
    """Read content that was stored as served: what the store keeps can be judged again."""
    return _typed(json.loads(raw, parse_int=_lenient_int), raw)


_CONTACTS = "contactList"
_NO_PROSE = frozenset(
    {"uuid", "published", "expires", "updated", "categoryList", "occupationCategories"}
)
"""Codes and dates: nobody writes prose there, and digits there are no numbers to call."""

_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*:)?', re.DOTALL)


def rewrite_texts(
    content: Content, reword: Callable[[str], str], drops: Callable[[Contact], bool]
) -> Content:
    """Content whose texts `reword` may have changed, without the contacts that `drops` names.

    Every text that people write is shown to it, known field or not. What it leaves alone stays to
    the letter, so the same content served again comes out the same.
    """
    raw = _rewritten(content.raw, reword, drops)
    return content if raw == content.raw else read_content(raw)


def drop_contacts(raw: str) -> str:
    """Content without its list of contacts; all else stays to the letter."""
    return _rewritten(raw, lambda text: text, lambda _: True)


def _rewritten(raw: str, reword: Callable[[str], str], drops: Callable[[Contact], bool]) -> str:
    pieces = []
    at = 0
    for name, value, start, end in _spans(raw):
        text = raw[start:end]
        if name == _CONTACTS:
            text = _without(value, text, drops)
        pieces += [raw[at:start], text if name in _NO_PROSE else _rewritten_text(text, reword)]
        at = end
    return "".join([*pieces, raw[at:]])


def _without(contacts: object, text: str, drops: Callable[[Contact], bool]) -> str:
    """A list of contacts without some of them; whatever else stands there, without all of it."""
    if contacts is None:
        return text
    if not isinstance(contacts, list):
        return "[]"
    kept = [
        raw for one, raw in _elements(text) if isinstance(one, dict) and not drops(_contact(one))
    ]
    return text if len(kept) == len(contacts) else f"[{','.join(kept)}]"


def _elements(text: str) -> Iterator[tuple[object, str]]:
    """The elements of a list, each with its own text."""
    at = _expect(text, "[", 0)
    while text[at] != "]":
        value, end = _JSON.raw_decode(text, at)
        yield value, text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _rewritten_text(text: str, reword: Callable[[str], str]) -> str:
    """Reword the strings in a piece of JSON, names of members aside."""

    def one(match: re.Match[str]) -> str:
        if match[2] is not None or not match[1]:
            return match[0]
        said = json.loads(match[0]) if "\\" in match[1] else match[1]
        new = reword(said)
        return match[0] if new == said else json.dumps(new, ensure_ascii=_is_odd(new))

    return _STRING.sub(one, text)


def iter_texts(raw: str) -> Iterator[tuple[str, str]]:
    """Every text that stored content says, each with the field it stands in, as NAV names it.

    Doubled names count twice. No recursion: what the parser could nest, this can read.
    """
    value = json.loads(raw, parse_int=_lenient_int, object_pairs_hook=tuple)
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        field, value = waiting.pop()
        match value:
            case str():
                yield field, value
            case tuple():
                members = ((f"{field}.{name}".lstrip("."), one) for name, one in value)
                waiting += reversed(list(members))
            case list():
                places = ((f"{field}[{place}]", one) for place, one in enumerate(value))
                waiting += reversed(list(places))


def _is_odd(text: str) -> bool:
    """Lone surrogates can stand in JSON as escapes alone."""
    return not _is_storable(text)


# No field of an ad is ever refused: each is a text or nothing. So these are NAV's names in the
# order of the types' own fields, and no models.
_LOCATION = ("country", "address", "city", "postalCode", "county", "municipal")
_OCCUPATION = ("level1", "level2")
_CATEGORY = ("categoryType", "code", "name", "description")
_CONTACT = ("name", "email", "phone", "role", "title")


def _texts(value: dict[str, Any], names: Sequence[str]) -> Iterator[Any]:
    return (_as_text(value.get(name)) for name in names)


def _contact(value: dict[str, Any]) -> Contact:
    return Contact(*_texts(value, _CONTACT))


def _category(value: dict[str, Any]) -> Category:
    kind, code, name, description = _texts(value, _CATEGORY)
    return Category(kind, code, name, description, _as_number(value.get("score")))


def _typed(value: dict[str, Any], raw: str) -> Content:
    def text(name: str) -> str | None:
        return _as_text(value.get(name))

    said_of_employer = value.get("employer")
    employer = said_of_employer if isinstance(said_of_employer, dict) else {}
    expires = _moment(text("expires"))
    return Content(
        raw=raw,
        title=text("title"),
        job_title=text("jobtitle"),
        description=text("description"),
        employer=_as_text(employer.get("name")),
        employer_orgnr=_as_text(employer.get("orgnr")),
        employer_homepage=_as_text(employer.get("homepage")),
        employer_description=_as_text(employer.get("description")),
        application_url=text("applicationUrl"),
        application_due=text("applicationDue"),
        due_date=read_due(text("applicationDue")),
        link=text("link"),
        source=text("source"),
        source_url=text("sourceurl"),
        engagement_type=text("engagementtype"),
        extent=text("extent"),
        start_time=text("starttime"),
        positions=text("positioncount"),
        sector=text("sector"),
        published=_utc(_moment(text("published"))),
        updated=_utc(_moment(text("updated"))),
        expires=_utc(expires),
        last_day=_day(expires),
        locations=tuple(
            Location(*_texts(one, _LOCATION)) for one in _objects(value.get("workLocations"))
        ),
        occupations=tuple(
            Occupation(*_texts(one, _OCCUPATION))
            for one in _objects(value.get("occupationCategories"))
        ),
        categories=tuple(map(_category, _objects(value.get("categoryList")))),
        contacts=tuple(map(_contact, _objects(value.get(_CONTACTS)))),
    )


def _moment(text: str | None) -> datetime | None:
    """ISO 8601 or nothing. A time without an offset is Oslo's: NAV's clocks all are."""
    try:
        moment = datetime.fromisoformat(text or "")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=OSLO)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _utc(moment: datetime | None) -> str | None:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z" if moment else None


def _day(moment: datetime | None) -> date | None:
    try:
        return oslo_day(moment) if moment else None
    except OverflowError:  # the last hours of year 9999
        return None


_TOKEN = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]+")


def read_token(body: bytes) -> str | None:
    """The token in the prose that `/api/publicToken` answers with, or None when there is none.

    A sentence, then the token on a line of its own (feed.md 1); the sentence is not fixed.
    """
    lines = (line.strip() for line in body.splitlines())
    return next((line.decode("ascii") for line in lines if _TOKEN.fullmatch(line)), None)


def token_expiry(token: str) -> datetime | None:
    """When a JWT ends, by its own `exp`; None where it says nothing readable."""
    import base64

    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, LookupError, TypeError, OverflowError, OSError, RecursionError):
        return None
