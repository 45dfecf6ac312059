"""What is requested from NAV, and what each answer means."""

from __future__ import annotations

import json
import locale
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from unittest import mock

import httpx
import pytest
import respx

from navfeed.client.feed import FeedClient, Throttle
from navfeed.client.http import Http
from navfeed.errors import ContractError, TokenError, UnreachableError
from navfeed.model import OSLO, Detail, Gone, Page, Status, Unchanged
from support.clock import machine_now

AD = "0c12d1b5-41c3-4d5e-9e0b-0d6c9fbd9f0a"
PAGE = "7d0b6a1e-8f0f-4a66-9d5e-2f5f4c1f0a11"
NEXT = "9a1b2c3d-4e5f-4a6b-8c7d-0e1f2a3b4c5d"
DATE = "Sat, 21 Nov 2026 08:00:00 GMT"
SERVED = datetime(2026, 11, 21, 8, tzinfo=UTC)
WRITTEN = "2026-11-21T08:55:00+01:00"


def entry(written: str = WRITTEN) -> dict[str, Any]:
    return {
        "id": AD,
        "url": f"/api/v1/feedentry/{AD}",
        "_feed_entry": {"uuid": AD, "status": "ACTIVE", "sistEndret": written},
    }


def page(*entries: dict[str, Any], id_: str = PAGE, next_: str | None = None) -> dict[str, Any]:
    return {
        "id": id_,
        "next_url": next_ and f"/api/v1/feed/{next_}",
        "next_id": next_,
        "items": list(entries) or [entry()],
    }


def answer(value: object, status: int = 200, **headers: str) -> httpx.Response:
    defaults = {"Date": DATE, "Content-Type": "application/json"}
    defaults |= {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(status, json=value, headers=defaults)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes between the asking for a pause and its beginning."""
    monkeypatch.setattr("navfeed.client.feed.monotonic", lambda: 100.0)


@pytest.fixture
def client(nav: respx.Router, pauses: list[float]) -> Iterator[FeedClient]:
    """A client with a token of its own."""
    http = Http("https://feed.example", size=1)
    with FeedClient(http, token="my.own.token", throttle=Throttle(pauses.append)) as client:
        yield client


@pytest.fixture
def anonymous(nav: respx.Router) -> Iterator[FeedClient]:
    """A client that has to use the public token."""
    with FeedClient(Http("https://feed.example", size=1), token=None) as client:
        yield client


# Seeking


def test_the_oldest_page_is_requested_without_a_date(client, nav):
    route = nav.get("/api/v1/feed").mock(answer(page(next_=NEXT), ETag="bare"))
    found = client.seek(None)
    assert "if-modified-since" not in route.calls.last.request.headers
    assert route.calls.last.request.headers["authorization"] == "Bearer my.own.token"
    assert isinstance(found, Page)
    assert (found.id, found.next_id, found.etag, found.served_at) == (PAGE, NEXT, "bare", SERVED)
    assert [one.ad for one in found.entries] == [AD]


def test_a_date_goes_out_in_the_format_of_HTTP_whatever_the_zone(client, nav):
    route = nav.get("/api/v1/feed").mock(answer(page()))
    client.seek(datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=2))))
    sent = route.calls.last.request.headers["if-modified-since"]
    assert sent == "Fri, 20 Nov 2026 23:30:00 GMT"


def test_a_date_goes_out_in_English_whatever_the_locale(client, nav):
    route = nav.get("/api/v1/feed").mock(answer(page()))
    before = locale.setlocale(locale.LC_TIME)
    names = ("nb_NO.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "C")
    for name in names:
        try:
            locale.setlocale(locale.LC_TIME, name)
        except locale.Error:
            continue
        client.seek(datetime(2026, 10, 2, tzinfo=UTC))
        locale.setlocale(locale.LC_TIME, before)
        sent = route.calls.last.request.headers["if-modified-since"]
        assert sent == "Fri, 02 Oct 2026 00:00:00 GMT"


def test_a_date_before_any_log_goes_out_as_one_that_can_be_written(client, nav):
    route = nav.get("/api/v1/feed").mock(answer(page()))
    assert client.seek(datetime(1, 1, 1, tzinfo=OSLO)) is not None
    sent = route.calls.last.request.headers["if-modified-since"]
    assert sent == "Sat, 01 Jan 2000 00:00:00 GMT"


@pytest.mark.parametrize("code", [404, 410])
def test_nothing_newer_is_no_page(client, nav, code):
    nav.get("/api/v1/feed").mock(httpx.Response(code))
    assert client.seek(SERVED) is None
    assert client.newest() is None
    nav.get(f"/api/v1/feed/{PAGE}").mock(httpx.Response(code))
    assert client.page(PAGE) is None
    nav.get(f"/api/v1/feedentry/{AD}").mock(httpx.Response(code))
    assert client.detail(AD) == Gone(AD)


def test_a_seek_is_believed_to_the_second(client, nav):
    """HTTP dates have whole seconds: an entry of the same second may come."""
    nav.get("/api/v1/feed").mock(answer(page()))
    moment = datetime(2026, 11, 21, 7, 55, tzinfo=UTC)
    assert client.seek(moment + timedelta(seconds=1)) is not None
    with pytest.raises(ContractError, match=r"answered with 2026-11-21 08:55 \+01:00"):
        client.seek(moment + timedelta(seconds=1, microseconds=1))


def test_a_seek_answered_without_dates_is_not_believed(client, nav):
    (nav.get("/api/v1/feed").mock(answer(page(entry("")))),)
    with pytest.raises(ContractError, match="undated"):
        client.seek(SERVED)
    assert client.seek(None) is not None


def test_a_seek_is_judged_by_its_first_dated_entry(client, nav):
    later, earlier = entry("2026-11-21T08:59:00+01:00"), entry("2026-11-21T08:00:00+01:00")
    nav.get("/api/v1/feed").mock(answer(page(entry("i går"), later, earlier)))
    assert client.seek(datetime(2026, 11, 21, 7, 58, tzinfo=UTC)) is not None


# The newest


def test_the_newest_entry_is_requested_by_last(client, nav):
    route = nav.get("/api/v1/feed?last").mock(answer(page()))
    assert client.newest().entries[0].ad == AD
    assert str(route.calls.last.request.url).endswith("/api/v1/feed?last")


@pytest.mark.parametrize("written", ["2023-06-14T10:00:00+02:00", "", "2026-11-20T08:59:59+01:00"])
def test_the_oldest_page_is_not_taken_for_the_newest(client, nav, written):
    """`?last` is in no document: a server may ignore it."""
    nav.get("/api/v1/feed").mock(answer(page(entry(written), next_=NEXT)))
    with pytest.raises(ContractError, match="newest"):
        client.newest()


def test_without_a_clock_of_the_server_only_a_tip_is_the_newest(client, nav):
    nav.get("/api/v1/feed").mock(httpx.Response(200, json=page(next_=NEXT)))
    with pytest.raises(ContractError):
        client.newest()
    nav.get("/api/v1/feed").mock(httpx.Response(200, json=page(entry("2023-06-14T10:00:00"))))
    assert client.newest().is_tip


def test_the_newest_page_may_have_grown_meanwhile(client, nav):
    nav.get("/api/v1/feed").mock(answer(page(entry(), next_=NEXT)))
    assert client.newest().next_id == NEXT


# Pages


def test_a_page_is_requested_by_its_id(client, nav):
    route = nav.get(f"/api/v1/feed/{PAGE}").mock(answer(page()))
    assert client.page(PAGE).id == PAGE
    assert "if-none-match" not in route.calls.last.request.headers


def test_a_validator_goes_back_byte_for_byte(client, nav):
    route = nav.get(f"/api/v1/feed/{PAGE}").mock(httpx.Response(304, headers={"Date": DATE}))
    assert client.page(PAGE, NEXT) == Unchanged(SERVED)
    assert route.calls.last.request.headers["if-none-match"] == NEXT


@pytest.mark.parametrize("etag", [None, "", "ø", "a\nb", "a b", "\x9b", "x" * 201])
def test_what_is_no_validator_is_not_sent(client, nav, etag):
    route = nav.get(f"/api/v1/feed/{PAGE}").mock(answer(page()))
    assert isinstance(client.page(PAGE, etag), Page)
    assert "if-none-match" not in route.calls.last.request.headers


def test_a_304_that_was_not_requested_is_requested_again(client, nav):
    route = nav.get(f"/api/v1/feed/{PAGE}")
    route.side_effect = [httpx.Response(304), httpx.Response(304), answer(page())]
    assert isinstance(client.page(PAGE), Page)
    route.side_effect = [httpx.Response(304)] * 4
    with pytest.raises(UnreachableError, match="304"):
        client.page(PAGE)


def test_another_page_is_not_the_one_requested(client, nav):
    nav.get(f"/api/v1/feed/{PAGE}").mock(answer(page(id_=NEXT)))
    with pytest.raises(ContractError, match=f"a request for page {PAGE}"):
        client.page(PAGE)


@pytest.mark.parametrize("damaged", ["", "x", "../publicToken", PAGE.upper(), f"{PAGE}\n", "?last"])
def test_a_damaged_id_is_never_requested(client, nav, damaged):
    assert client.page(damaged) is None
    assert client.large_page(damaged) is None
    assert client.detail(damaged) == Gone(damaged)
    assert not nav.calls


# Large pages

FULL = [entry()] * 10_000


def test_a_large_page_is_requested_by_a_size_that_nav_does_not_document(client, nav):
    route = nav.get(f"/api/v1/feed/{PAGE}", params={"pageSize": "10000"})
    route.mock(answer(page(*FULL, next_=NEXT)))
    assert client.large_page(PAGE).next_id == NEXT


@pytest.mark.parametrize(
    "odd",
    [
        httpx.Response(400, text="pageSize must be at most 1000", headers={"Date": DATE}),
        httpx.Response(404, headers={"Date": DATE}),
        httpx.Response(500, headers={"Date": DATE}),
        answer(page(*FULL, id_=NEXT, next_=NEXT)),
        answer(page(*FULL)),
        answer(page(*FULL, next_=PAGE)),
        answer(page(*FULL[1:], next_=NEXT)),
        answer({}),
    ],
    ids=["400", "404", "500", "another page", "a tip", "a circle", "too few", "no page"],
)
def test_a_large_page_that_could_be_a_misunderstanding_is_not_used(client, nav, odd):
    nav.get(f"/api/v1/feed/{PAGE}").mock(odd)
    assert client.large_page(PAGE) is None


def test_a_large_page_is_larger_than_a_page_may_be(client, nav):
    long = page(*FULL, next_=NEXT) | {"more": "x" * 10_000_000}
    nav.get(f"/api/v1/feed/{PAGE}").mock(answer(long))
    assert client.large_page(PAGE) is not None
    with pytest.raises(ContractError):
        client.page(PAGE)


def test_a_refused_token_is_no_misunderstanding(client, nav):
    nav.get(f"/api/v1/feed/{PAGE}").mock(httpx.Response(401, headers={"Date": DATE}))
    with pytest.raises(TokenError):
        client.large_page(PAGE)


# Details


def test_details_are_requested_by_the_ad(client, nav):
    nav.get(f"/api/v1/feedentry/{AD}").mock(answer({"uuid": AD, "status": "INACTIVE"}))
    assert client.detail(AD) == Detail(AD, Status.INACTIVE, None)


def test_what_the_reader_refuses_is_reported_with_where_and_what_to_do(client, nav):
    nav.get(f"/api/v1/feedentry/{AD}").mock(answer({"uuid": PAGE, "status": "ACTIVE"}))
    with pytest.raises(ContractError, match=rf"another ad \(/api/v1/feedentry/{AD}\).*run again"):
        client.detail(AD)
    nav.get("/api/v1/feed").mock(answer([]))
    with pytest.raises(ContractError, match=r"invalid page.*\(/api/v1/feed\).*run again"):
        client.seek(None)


# Answers that are none


@pytest.mark.parametrize("status", [201, 202, 203, 204, 205, 206, 400, 405, 418, 501, 505])
def test_only_200_has_a_page_in_it(client, nav, status):
    nav.get("/api/v1/feed").mock(answer(page(), status))
    with pytest.raises(ContractError, match=f"status {status}, application/json"):
        client.seek(None)


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t"])
def test_an_empty_200_is_no_page(client, nav, body):
    nav.get("/api/v1/feed").mock(httpx.Response(200, content=body))
    with pytest.raises(ContractError, match=f"status 200, no content type, {len(body)} bytes"):
        client.seek(None)


@pytest.mark.parametrize(
    "kind", ["\x9b31m/x", "plain", "x" * 60 + "/" + "y" * 60, "\u00e6/\u00f8", ""]
)
def test_an_odd_kind_is_not_repeated(client, nav, kind):
    headers = [(b"Content-Type", kind.encode("latin-1"))]
    nav.get("/api/v1/feed").mock(httpx.Response(204, headers=headers))
    with pytest.raises(ContractError, match="status 204, no content type"):
        client.seek(None)


@pytest.mark.parametrize("status", [200, 404, 410, 500 + 11])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"velkommen"),
        ("Text/HTML; charset=utf-8", b""),
        ("application/xhtml+xml", b"x"),
        ("application/json", b" \n<!DOCTYPE html>"),
        ("text/plain", b"\xef\xbb\xbf<html>"),
    ],
)
def test_a_web_page_is_nobody_s_answer(client, nav, status, kind, body):
    web = httpx.Response(status, content=body, headers={"Content-Type": kind})
    nav.get(path__startswith="/api/v1").mock(web)
    for call in (
        lambda: client.seek(None),
        client.newest,
        lambda: client.page(PAGE),
        lambda: client.detail(AD),
    ):
        with pytest.raises(ContractError, match="a web page|status 511, text"):
            call()


@pytest.mark.parametrize("status", [401, 403, 451])
def test_no_access_is_a_matter_of_the_token(client, nav, status):
    nav.get("/api/v1/feed").mock(httpx.Response(status))
    with pytest.raises(TokenError, match="your token" if status == 401 else str(status)) as caught:
        client.seek(None)
    assert not caught.value.passes


@pytest.mark.parametrize("status", [401, 403, 451])
def test_once_there_is_no_access_nothing_more_is_requested(client, nav, status):
    """Eight workers need not each get the same refusal, ad after ad."""
    nav.get("/api/v1/feed").mock(httpx.Response(status))
    with pytest.raises(TokenError) as first:
        client.seek(None)
    with pytest.raises(TokenError) as second:
        client.detail(AD)
    assert str(first.value) == str(second.value)
    assert nav.calls.call_count == 1


# The public token


def prose(token: str) -> httpx.Response:
    return httpx.Response(200, text=f"Her er det:\n{token}\n", headers={"Date": DATE})


def test_the_public_token_is_fetched_without_a_token_and_then_sent(anonymous, nav):
    tokens = nav.get("/api/publicToken").mock(prose("a.b.c"))
    pages = nav.get("/api/v1/feed").mock(answer(page()))
    assert anonymous.token_expires is None
    anonymous.seek(None)
    anonymous.newest()
    assert "authorization" not in tokens.calls.last.request.headers
    assert tokens.call_count == 1
    assert {call.request.headers["authorization"] for call in pages.calls} == {"Bearer a.b.c"}


def test_a_refused_public_token_is_fetched_again_and_the_request_made_again(anonymous, nav):
    nav.get("/api/publicToken").side_effect = [prose("a.b.c"), prose("d.e.f")]
    pages = nav.get("/api/v1/feed")
    pages.side_effect = [httpx.Response(401), answer(page())]
    assert anonymous.seek(None) is not None
    sent = [call.request.headers["authorization"] for call in pages.calls]
    assert sent == ["Bearer a.b.c", "Bearer d.e.f"]


def test_a_public_token_refused_twice_is_an_error(anonymous, nav):
    tokens = nav.get("/api/publicToken").mock(prose("a.b.c"))
    nav.get("/api/v1/feed").mock(httpx.Response(401))
    with pytest.raises(
        TokenError, match=r"401.*What was read before is kept.*half an hour"
    ) as caught:
        anonymous.seek(None)
    assert tokens.call_count == 2
    assert caught.value.passes  # NAV's processes learn of a new one within half an hour


def test_an_endpoint_that_has_no_token_now(anonymous, nav):
    nav.get("/api/publicToken").mock(httpx.Response(404, text="Public token is not available"))
    with pytest.raises(TokenError, match="no public token"):
        anonymous.seek(None)


@pytest.mark.parametrize("status", [401, 403, 451])
def test_an_endpoint_that_gives_no_access_is_a_matter_of_the_token(anonymous, nav, status):
    nav.get("/api/publicToken").mock(httpx.Response(status))
    with pytest.raises(TokenError, match=str(status)):
        anonymous.seek(None)


def test_an_endpoint_that_talks_of_something_else(anonymous, nav):
    nav.get("/api/publicToken").mock(httpx.Response(200, text="kommer snart"))
    with pytest.raises(ContractError, match="no token status 200, text/plain, 12 bytes"):
        anonymous.seek(None)


def test_without_a_clock_of_the_server_ours_decides_that_a_token_has_ended(anonymous, nav):
    nav.get("/api/publicToken").mock(httpx.Response(200, text="a.eyJleHAiOjEwMDAwMDAwMDB9.c"))
    with pytest.raises(TokenError, match=r"expired \(2001"):
        anonymous.seek(None)


def test_without_a_clock_of_the_server_ours_decides_that_a_token_is_good(anonymous, nav):
    nav.get("/api/publicToken").mock(httpx.Response(200, text="a.eyJleHAiOjQxMDI0NDQ4MDB9.c"))
    nav.get("/api/v1/feed").mock(answer(page()))
    assert anonymous.seek(None) is not None
    assert anonymous.token_expires == datetime(2100, 1, 1, tzinfo=UTC)


# Trying again


def test_a_broken_connection_is_tried_again_at_once_and_then_with_backoff(client, nav):
    route = nav.get("/api/v1/feed")
    route.side_effect = [httpx.ReadError("x"), httpx.RemoteProtocolError("x"), answer(page())]
    assert client.seek(None) is not None
    route.side_effect = httpx.ReadError("x")
    with pytest.raises(UnreachableError, match="broke off"):
        client.seek(None)
    assert route.call_count == 3 + 4


def test_the_first_broken_connection_costs_no_pause(client, nav, pauses):
    route = nav.get("/api/v1/feed")
    route.side_effect = [httpx.ReadError("x"), answer(page())]
    with mock.patch("navfeed.client.retries.FIRST_SECONDS", 0.5):
        assert client.seek(None) is not None
    assert pauses == []


def test_the_pauses_between_tries_double_up_to_a_limit(client, nav, pauses):
    route = nav.get("/api/v1/feed")
    route.side_effect = httpx.ReadError("x")
    with mock.patch("navfeed.client.retries.FIRST_SECONDS", 3.0), pytest.raises(UnreachableError):
        client.seek(None)
    assert pauses == [6.0, 8.0]


def test_no_try_begins_after_one_and_a_half_times_the_deadline(client, nav, pauses):
    route = nav.get("/api/v1/feed")
    route.side_effect = httpx.ConnectError("x")
    with (
        mock.patch("navfeed.client.retries.FIRST_SECONDS", 200.0),
        mock.patch("navfeed.client.retries.LONGEST_SECONDS", 200.0),
        pytest.raises(UnreachableError),
    ):
        client.seek(None)
    assert route.call_count == 1
    assert pauses == []


def test_a_wrong_answer_is_not_tried_again(client, nav):
    route = nav.get("/api/v1/feed").mock(answer([]))
    with pytest.raises(ContractError):
        client.seek(None)
    assert route.call_count == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_overload_is_tried_again(client, nav, status):
    route = nav.get("/api/v1/feed")
    route.side_effect = [httpx.Response(status)] * 3 + [answer(page())]
    assert client.seek(None) is not None
    route.side_effect = None
    route.mock(httpx.Response(status))
    with pytest.raises(UnreachableError, match=rf"answers {status}.*Run again later"):
        client.seek(None)


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (503, {"Retry-After": "20"}, 20),
        (503, {"Retry-After": " 60 "}, 60),
        (503, {"Retry-After": "Sat, 21 Nov 2026 08:00:30 GMT", "Date": DATE}, 30),
        (503, {"Retry-After": "Sat, 21 Nov 2026 07:00:30 GMT", "Date": DATE}, None),
        (503, {"Retry-After": "snart"}, None),
        (503, {"Retry-After": "0"}, None),
        (503, {}, None),
        (429, {"Retry-After": "snart"}, 1),
        (429, {}, 1),
        (429, {"Retry-After": "7"}, 7),
    ],
)
@pytest.mark.usefixtures("still")
def test_a_pause_that_is_requested_is_made(client, nav, pauses, status, headers, pause):
    route = nav.get("/api/v1/feed")
    route.side_effect = [httpx.Response(status, headers=headers), answer(page())]
    client.seek(None)
    assert pauses == ([] if pause is None else [pause])


LONG = "Sat, 21 Nov 2026 08:10:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "61"}, 61),
        ({"Retry-After": LONG, "Date": DATE}, 600),
        ({"Retry-After": "9" * 5_000}, 7 * 86_400),
        ({"Retry-After": "Fri, 31 Dec 2199 23:59:59 GMT", "Date": DATE}, 7 * 86_400),
        ({"Retry-After": "Fri, 31 Dec 2199 23:59:59 GMT"}, 7 * 86_400),
    ],
)
def test_a_pause_beyond_our_patience_ends_everything(client, nav, pauses, headers, seconds):
    route = nav.get("/api/v1/feed").mock(httpx.Response(503, headers=headers))
    before = machine_now()
    with pytest.raises(UnreachableError, match="--retry-now") as caught:
        client.seek(None)
    assert abs((caught.value.retry_at - before).total_seconds() - seconds) < 30
    assert route.call_count == 1
    for call in (lambda: client.page(PAGE), lambda: client.detail(AD)):
        with pytest.raises(UnreachableError) as again:
            call()
        assert again.value.retry_at == caught.value.retry_at
    assert nav.calls.call_count == 1
    assert pauses == []


def test_a_pause_is_over_when_it_is_over():
    made: list[float] = []
    pace = Throttle(made.append)
    pace.wait()
    pace.hold(-1)
    pace.wait()
    assert made == []


@pytest.mark.usefixtures("still")
def test_the_longest_pause_requested_counts():
    made: list[float] = []
    pace = Throttle(made.append)
    pace.hold(50)
    pace.hold(10)
    pace.wait()
    assert made == [50]


@pytest.mark.usefixtures("still")
def test_a_pause_requested_in_the_middle_of_another_is_made_as_well():
    """One thread waits; another learns meanwhile that the server needs longer."""
    made: list[float] = []

    def pause(seconds: float) -> None:
        made.append(seconds)
        if len(made) == 1:
            teller = threading.Thread(target=pace.hold, args=(50,))
            teller.start()
            teller.join(20)

    pace = Throttle(pause)
    pace.hold(10)
    pace.wait()
    assert made == [10, 50]


# Redirects


def test_one_redirect_on_the_same_origin_is_followed_with_the_token(client, nav):
    nav.get("/api/v1/feed").mock(httpx.Response(308, headers={"Location": "/v2"}))
    route = nav.get("/v2").mock(answer(page()))
    assert client.seek(None) is not None
    assert route.calls.last.request.headers["authorization"] == "Bearer my.own.token"


@pytest.mark.parametrize("location", ["https://elsewhere.example/", "http://feed.example/", "//x"])
def test_a_redirect_to_another_origin_is_not_followed(client, nav, location):
    route = nav.get("/api/v1/feed").mock(httpx.Response(302, headers={"Location": location}))
    with pytest.raises(ContractError, match=r"redirected \(302\)"):
        client.seek(None)
    assert nav.calls.call_count == route.call_count == 1


@pytest.mark.parametrize("status", [302, 404, 410])
def test_a_redirect_that_leads_on_or_to_nothing_is_no_answer(client, nav, status):
    nav.get(f"/api/v1/feedentry/{AD}").mock(httpx.Response(302, headers={"Location": "/v2"}))
    nav.get("/v2").mock(httpx.Response(status, headers={"Location": "/v3"}))
    with pytest.raises(ContractError, match=rf"redirected \({status}\)"):
        client.detail(AD)


def test_closing_the_client_closes_its_connections(monkeypatch):
    closed = []
    monkeypatch.setattr(Http, "close", lambda self: closed.append(self))
    http = Http("https://feed.example", size=1)
    with FeedClient(http, token="a.b.c"):
        assert closed == []
    assert closed == [http]


def test_requests_are_json_clean(client, nav):
    """The page that the client read is the page that was sent, to the last entry."""
    entries = [entry(f"2026-11-21T08:{minute:02}:00+01:00") for minute in range(60)]
    nav.get("/api/v1/feed").mock(answer(json.loads(json.dumps(page(*entries)))))
    assert [one.written for one in client.seek(None).entries] == [
        one["_feed_entry"]["sistEndret"] for one in entries
    ]
