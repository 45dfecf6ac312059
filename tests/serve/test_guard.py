"""Who may come in, what every answer carries, and what is logged."""

from __future__ import annotations

import socket
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cli.support import ad, uuid_of
from navfeed.model import LogLevel
from navfeed.serve.options import Limits
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from serve.conftest import Serve
from serve.support import Answer
from support.clock import NOW


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "127.0.0.1", "[::1]:80"),
        *("10.1.2.3:99", "jobs.example", "Jobs.Example:443", "localhost."),
    ],
)
def test_it_answers_to_addresses_and_to_names_that_are_its_own(serve: Serve, host: str) -> None:
    assert serve(hosts=("jobs.example",)).get("/healthz", Host=host).status == 503


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil@localhost"),
        *("localhost:8000:9", "1.2.3", "", "local host", "localhost/x", "[::1"),
    ],
)
def test_it_answers_to_no_other_name(serve: Serve, host: str) -> None:
    """DNS rebinding: a page on evil.example that points its own name to this machine."""
    answer = serve(ad(1)).get("/healthz", Host=host)
    assert answer.status in (400, 421)
    assert b"ok" not in answer.body


def test_every_answer_forbids_what_no_page_needs(serve: Serve) -> None:
    service = serve(ad(1), token="secret")
    for path in ("/healthz", "/metrics", "/nothing", "/public-feed/api/v1/ads"):
        headers = service.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers


@pytest.mark.parametrize("shown", ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret "])
def test_the_token_opens_every_door(serve: Serve, shown: str) -> None:
    assert serve(ad(1), token="s3cret").get("/metrics", Authorization=shown).status == 200


@pytest.mark.parametrize(
    "shown", ["", "s3cret", "Bearer", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "Bearer ø"]
)
def test_without_it_the_doors_are_shut(serve: Serve, shown: str) -> None:
    answer = serve(ad(1), token="s3cret").get("/metrics", Authorization=shown)
    assert (answer.status, answer.body) == (401, b"")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="feed-api-v1')


def test_a_probe_needs_no_token(serve: Serve) -> None:
    assert serve(ad(1), token="s3cret").get("/healthz").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_done_but_reading(serve: Serve, method: str) -> None:
    assert serve(ad(1)).request(method, "/healthz").status == 405


def test_an_address_that_is_too_long_is_refused(serve: Serve) -> None:
    service = serve(ad(1))
    assert service.get("/healthz", {"q": "x" * 3_900}).status == 200
    assert service.get("/healthz", {"q": "x" * 4_000}).status == 414
    assert service.get("/" + "x" * 20_000).status == 414


def test_a_page_of_a_named_origin_may_read(serve: Serve) -> None:
    service = serve(ad(1), origins=("https://jobs.example",))
    allowed = service.get("/healthz", Origin="https://jobs.example")
    assert allowed.headers["access-control-allow-origin"] == "https://jobs.example"
    assert allowed.headers["vary"] == "Origin"
    other = service.get("/healthz", Origin="https://evil.example")
    assert "access-control-allow-origin" not in other.headers
    preflight = service.request("OPTIONS", "/healthz", {"Origin": "https://jobs.example"})
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"


def test_the_log_never_contains_what_was_searched_for(serve: Serve) -> None:
    service = serve(ad(1))
    service.get("/healthz", {"q": "Kari Nordmann"})
    level, message, fields = service.log.get(timeout=30)
    assert level is LogLevel.INFO
    assert message.startswith("GET /healthz 200 in ")
    assert fields["status"] == 200
    service.get("/x%0a%1b[31mforged")
    assert service.log.get(timeout=30)[1].startswith("GET /x �[31mforged 404 in ")


def test_a_bug_is_logged_by_its_place_and_hidden_from_the_caller(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(ad(1))
    monkeypatch.setattr("navfeed.serve.api.read_parameters", lambda _: {}["Kari Nordmann"])
    answer = service.get("/api/stats")
    assert (answer.status, answer.text) == (500, "This is a bug in navfeed. Its log has more.\n")
    level, message, _ = service.log.get(timeout=30)
    assert level is LogLevel.ERROR
    assert message.startswith("this is a bug (KeyError at test_guard.py:")
    assert "Kari" not in message


def test_health_goes_with_the_age_of_the_data(serve: Serve) -> None:
    service = serve(ad(1), max_age=timedelta(hours=1))
    well = service.get("/healthz")
    assert well.json == {
        "status": "ok",
        "caught_up_at": "2026-11-21T12:00:00Z",
        "age_seconds": 0,
    }
    service.pass_time(timedelta(minutes=61))
    ill = service.get("/healthz")
    assert (ill.status, ill.json["status"], ill.json["age_seconds"]) == (503, "stale", 3_660)
    assert service.get("/metrics").status == 200


def test_data_of_no_known_age_is_too_old(serve: Serve) -> None:
    assert serve(max_age=timedelta(days=999)).get("/healthz").status == 503


def test_whatever_the_age_where_that_is_allowed(serve: Serve) -> None:
    service = serve(ad(1), max_age=None)
    service.pass_time(timedelta(days=5))
    assert service.get("/healthz").status == 200


def test_a_store_that_is_gone_is_reported_without_its_path(serve: Serve) -> None:
    service = serve(ad(1))
    service.db.unlink()
    answer = service.get("/healthz")
    assert answer.status == 503
    assert answer.json == {"status": "The store cannot be read now."}
    assert service.get("/metrics").status == 503


def test_metrics_count_the_answers(serve: Serve) -> None:
    service = serve(ad(1))
    service.get("/nothing")
    answer = service.get("/metrics")
    assert "navfeed_active_ads 1" in answer.text
    assert 'navfeed_serve_requests_total{status="404"} 1' in answer.text


def test_a_question_that_takes_too_long_is_ended(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navfeed.store.query._STEPS", 1)
    service = serve(ad(1), limits=Limits(budget=0.0))
    answer = service.get("/metrics")
    assert answer.status == 503
    assert "too long" in answer.text


@pytest.mark.parametrize("limits", [Limits(1, patience=0.01), Limits(1, waiting=1)])
def test_who_would_wait_too_long_for_a_turn_is_sent_away(serve: Serve, limits: Limits) -> None:
    service = serve(ad(1), limits=limits)
    service.may_look.clear()
    answers: list[Answer] = []
    callers = [
        threading.Thread(target=lambda: answers.append(service.get("/healthz"))) for _ in range(3)
    ]
    for caller in callers:
        caller.start()
    while not answers:
        callers[0].join(0.01)
    service.may_look.set()
    for caller in callers:
        caller.join()
    crowded = {"status": "Too many requests at the same time. Try again in a while."}
    assert answers[0].status == 503
    assert answers[0].json == crowded
    assert 200 in {one.status for one in answers}


def is_held_up(db: Path, patience: float = 30) -> bool:
    """Whether a reading transaction keeps a writer from emptying the write-ahead log.

    The service counts once by itself as it starts: that ends within `patience` seconds.
    """
    with closing(sqlite3.connect(db, timeout=patience)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS written (x)")
        connection.execute("DROP TABLE written")
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])


ALL_PATHS = (
    *("/", "/map", f"/ads/{uuid_of(1)}", f"/?ad={uuid_of(1)}&text=natt", "/?text=%22", "/?ad=none"),
    *(
        "/api/ads",
        f"/api/ads/{uuid_of(1)}",
        "/api/stats",
        "/api/changes",
        "/api/changes?snapshot=1",
    ),
    *("/api/changes?after=0123456789abcdef:1", "/feed.atom", "/healthz", "/metrics"),
    *("/public-feed/api/v1/ads", "/public-feed/api/v1/ads?size=x"),
)


@pytest.mark.parametrize("path", ALL_PATHS)
def test_no_reading_outlives_its_request(serve: Serve, path: str) -> None:
    """The next sync can empty the write-ahead log, and so erase, while the service runs."""
    service = serve(ad(1))
    service.get(path)
    assert not is_held_up(service.db)
    with Reader(service.db, NOW.date()) as reader:
        reader.count(Filters())
        assert is_held_up(service.db, patience=0)  # as a reading that goes on would do


def test_a_client_that_reads_slowly_holds_up_nothing(serve: Serve) -> None:
    """Its answer is larger than all buffers on its way: the service has not sent all of it."""
    service = serve(*(ad(number, description="x" * 1_000_000) for number in range(20)))
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(b"GET /api/changes HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1) == b"H"
        assert not is_held_up(service.db)
