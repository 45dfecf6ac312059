"""Whose token is sent, and what happens when it is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest

from navfeed.client.tokens import PrivateToken, PublicToken
from navfeed.errors import ContractError, TokenError, UnreachableError
from support.clock import NOW


def jwt(exp: object = None) -> str:
    """A token as NAV signs them, with that `exp` or none."""
    claims = {"sub": "x"} if exp is None else {"sub": "x", "exp": exp}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.signature"


def public(*tokens: str | Exception | None, now: datetime = NOW) -> tuple[PublicToken, list[int]]:
    """A public token whose endpoint hands out these, one after the other; and the fetches made."""
    fetches: list[int] = []
    pending = list(tokens)

    def fetch() -> tuple[str | None, datetime]:
        fetches.append(len(fetches) + 1)
        token = pending.pop(0)
        if isinstance(token, Exception):
            raise token
        return token, now

    return PublicToken(fetch), fetches


# One's own


def test_a_token_of_ones_own_is_sent_as_it_is():
    token = PrivateToken("a.b.c")
    assert token.get().text == "a.b.c"
    assert token.expires is None


def test_a_token_of_ones_own_that_is_refused_is_the_user_s_to_replace():
    token = PrivateToken("a.b.c")
    with pytest.raises(TokenError, match="NAVFEED_TOKEN") as caught:
        token.renew(token.get())
    assert not caught.value.passes
    assert "valid until" not in str(caught.value)


@pytest.mark.parametrize("year", [2020, 2100])
def test_a_refused_token_of_ones_own_is_reported_with_its_end_past_or_not(year):
    end = datetime(year, 1, 1, tzinfo=UTC)
    token = PrivateToken(jwt(end.timestamp()))
    assert token.expires == end
    with pytest.raises(TokenError, match=rf"valid until {year}-01-01 01:00 \+01:00"):
        token.renew(token.get())


# The public one


def test_the_public_token_is_fetched_when_first_needed_and_once():
    token, fetches = public("a.b.c")
    assert fetches == []
    assert [token.get().text for _ in range(3)] == ["a.b.c"] * 3
    assert fetches == [1]


def test_a_refused_public_token_is_fetched_again():
    token, fetches = public("a.b.c", "d.e.f")
    first = token.get()
    assert token.renew(first).text == "d.e.f"
    assert token.get().text == "d.e.f"
    assert fetches == [1, 2]


def test_whoever_was_refused_with_an_older_token_finds_the_newer_one():
    token, fetches = public("a.b.c", "d.e.f", "g.h.i")
    first = token.get()
    second = token.renew(first)
    assert token.renew(first) == second
    assert fetches == [1, 2]
    assert token.renew(second).text == "g.h.i"


def test_the_same_token_fetched_again_counts_as_fetched():
    """For hours the endpoint may hand out what is refused: not every client may request it."""
    token, fetches = public("a.b.c", "a.b.c", "a.b.c")
    first = token.get()
    second = token.renew(first)
    assert (second.text, second) == (first.text, token.renew(first))
    assert fetches == [1, 2]
    token.renew(second)
    assert fetches == [1, 2, 3]


def test_a_failed_fetch_is_shared_by_those_refused_with_the_same_token():
    token, fetches = public("a.b.c", UnreachableError("out. Run again later"), "d.e.f")
    first = token.get()
    for _ in range(3):
        with pytest.raises(UnreachableError, match="out"):
            token.renew(first)
    assert fetches == [1, 2]
    assert token.get().text == "d.e.f"


def test_what_is_nobody_s_answer_is_not_shared():
    token, fetches = public("a.b.c", KeyError("a bug"), "d.e.f")
    first = token.get()
    with pytest.raises(KeyError):
        token.renew(first)
    assert token.renew(first).text == "d.e.f"
    assert fetches == [1, 2, 3]


class Watched:
    """A lock that reports when somebody waits for it."""

    def __init__(self, lock: object) -> None:
        self._lock = lock
        self.wanted = Event()

    def __enter__(self) -> None:
        if self._lock.locked():
            self.wanted.set()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def together(use: Callable[[PublicToken], object], *tokens: str | Exception) -> tuple[list, int]:
    """Two threads that need a token while it is being fetched; their results, and the fetches."""
    fetches, under_way, go_on = [], Event(), Event()
    pending = list(tokens)

    def fetch() -> tuple[str | None, datetime]:
        fetches.append(1)
        under_way.set()
        assert go_on.wait(20)
        token = pending.pop(0)
        if isinstance(token, Exception):
            raise token
        return token, NOW

    shared = PublicToken(fetch)
    shared._lock = watched = Watched(shared._lock)
    results: list[object] = []

    def run() -> None:
        try:
            results.append(use(shared))
        except UnreachableError as error:
            results.append(error)

    first, second = Thread(target=run), Thread(target=run)
    first.start()
    assert under_way.wait(20)
    second.start()
    assert watched.wanted.wait(20)
    go_on.set()
    for thread in (first, second):
        thread.join(20)
    return results, len(fetches)


def test_two_threads_that_need_the_first_token_fetch_it_once():
    results, fetches = together(lambda token: token.get().text, "a.b.c", "d.e.f")
    assert results == ["a.b.c", "a.b.c"]
    assert fetches == 1


def test_two_threads_share_a_fetch_that_fails():
    """Or eight workers would wait for a hanging endpoint one after the other."""
    problem = UnreachableError("out. Run again later")
    results, fetches = together(lambda token: token.get().text, problem, "d.e.f")
    assert results == [problem, problem]
    assert fetches == 1


def test_no_public_token_is_shown():
    token, _ = public(None)
    with pytest.raises(TokenError, match="Run again later"):
        token.get()


def test_an_expired_public_token_is_not_sent_and_the_time_of_the_next_is_reported():
    token, _ = public(jwt((NOW - timedelta(hours=1)).timestamp()))
    with pytest.raises(TokenError, match=r"by 2026-11-21 17:00 \+01:00") as caught:
        token.get()
    assert caught.value.passes  # a service waits for it
    assert token.expires == NOW - timedelta(hours=1)


def test_a_public_token_long_expired_may_be_replaced_any_moment():
    token, _ = public(jwt((NOW - timedelta(hours=9)).timestamp()))
    with pytest.raises(TokenError, match=r"by 2026-11-21 13:00 \+01:00"):
        token.get()


def test_a_public_token_ends_with_the_second_of_its_exp():
    token, _ = public(jwt(NOW.timestamp()))
    with pytest.raises(TokenError):
        token.get()
    token, _ = public(jwt(NOW.timestamp() + 1))
    assert token.get()
    assert token.expires == NOW + timedelta(seconds=1)


def test_a_public_token_without_a_readable_end_is_used():
    token, _ = public("a.b.c")
    assert token.get().text == "a.b.c"
    assert token.expires is None


def test_a_wrong_answer_of_the_endpoint_is_no_token():
    token, _ = public(ContractError("HTML"), "a.b.c")
    with pytest.raises(ContractError):
        token.get()
    assert token.get().text == "a.b.c"


def test_a_token_shows_in_no_repr():
    token, _ = public("sec.re.t")
    assert "sec" not in repr(token.get())
    assert "sec" not in repr(PrivateToken("sec.re.t").get())
