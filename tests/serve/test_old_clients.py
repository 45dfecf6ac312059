"""Programs written for the withdrawn API, as people wrote them: only their host name is changed.

Each is the loop of a kind of client (public-feed.md 11), with the parameters that it sends and the
fields that it takes for granted. All have to come to the same ads.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from cli.support import ad, place, uuid_of
from navfeed.serve.options import Compat
from serve.support import serving

Page = dict[str, Any]
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwdWJsaWMudG9rZW4udjFAbmF2Lm5vIn0.x"
BEGAN = datetime(2026, 11, 10, 23, tzinfo=UTC)


def get(host: str, query: str, authorization: str = f"Bearer {TOKEN}") -> Page:
    request = urllib.request.Request(
        f"{host}/public-feed/api/v1/ads?{query}",
        headers={"Authorization": authorization, "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        page: Page = json.load(answer)
        return page


def singer_tap(host: str) -> Iterator[Page]:
    """Until `last`; a blank follows the comma of its interval."""
    page = 0
    while True:
        query = {"size": 50, "page": page, "updated": "[2026-01-01, 2030-12-31T00:00:00]"}
        answer = get(host, urlencode(query))
        yield from answer["content"]
        if answer["last"]:
            return
        page += 1


def big_query(host: str) -> Iterator[Page]:
    """Pages 1 to `totalPages`, so that the first is skipped and one is read past the end."""
    query = f"size=100&published={quote('[2026-01-01,2026-12-31]')}"
    first = get(host, f"{query}&page=0")
    for page in range(1, first["totalPages"] + 1):
        yield from get(host, f"{query}&page={page}")["content"]
    yield from first["content"]  # what that program never saw


def back_in_time(host: str) -> Iterator[Page]:
    """By `published=[*,X)`, X cut to 19 characters and taken for UTC."""
    until = "2027-01-01T00:00:00"
    while True:
        answer = get(host, f"size=100&published={quote(f'[*,{until})')}")
        yield from answer["content"]
        if answer["last"] or not answer["content"]:
            return
        until = answer["content"][-1]["published"][:19]


def until_empty(host: str) -> Iterator[Page]:
    """As an import into a document database does."""
    page = 0
    while ads := get(host, f"size=50&page={page}")["content"]:
        yield from ads
        page += 1


def decoder(host: str) -> Iterator[Page]:
    """Every field must be there; the scheme's word in small letters."""
    page = 0
    while True:
        answer = get(host, f"page={page}&size=20", f"bearer {TOKEN}")
        for one in answer["content"]:
            assert isinstance(one["employer"]["name"], str)
            assert isinstance(one["workLocations"][0]["municipal"], str)
            assert isinstance(one["occupationCategories"][0]["level1"], str)
            assert isinstance(one["description"], str)
            datetime.strptime(one["expires"], "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007
            assert one["positioncount"].isdecimal()
            yield one
        if page >= answer["totalPages"] - 1:
            return
        page += 1


def odd(host: str) -> Iterator[Page]:
    """Asks for 4,999, gets 100; its token lacks the word Bearer."""
    page = 0
    while not (answer := get(host, f"size=4999&page={page}", TOKEN))["last"]:
        yield from answer["content"]
        page += 1
    yield from answer["content"]


@pytest.fixture(scope="module", params=list(Compat))
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    ads = [ad(n, published=(BEGAN - timedelta(minutes=n)).isoformat()) for n in range(230)]
    ads[7] = ad(7, published=BEGAN.isoformat(), workLocations=[place("OSLO", "OSLO")])
    db = tmp_path_factory.mktemp("clients") / "navfeed.db"
    with serving(db, ads, {"compat": request.param}) as service:
        yield f"http://127.0.0.1:{service.port}"


@pytest.mark.parametrize(
    "program", [singer_tap, big_query, back_in_time, until_empty, decoder, odd]
)
def test_it_comes_to_every_ad_once(host: str, program: Callable[[str], Iterator[Page]]) -> None:
    ids = [one["uuid"] for one in program(host)]
    assert sorted(ids) == [uuid_of(number) for number in range(230)]


def test_shell_and_jq(host: str) -> None:
    """Names in title case; pages 1 to 5, whatever there is."""
    counts = [
        len(get(host, f"category=Sykepleier&county=Oslo&page={page}")["content"])
        for page in range(5)
    ]
    assert counts == [1, 0, 0, 0, 0]
