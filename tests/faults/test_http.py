"""faults.md, HTTP: one test or more for each row, over real sockets."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from itertools import cycle

import pytest

from navfeed.errors import ExitCode
from navfeed.model import HISTORY, Problem, oslo_time
from navfeed.practice import Practice, PracticeServer, Request, World, faults
from navfeed.practice.dates import http_date
from navfeed.store.query import Reader
from navfeed.sync.walk import Start
from support.clock import NOW, machine_now
from support.extra_faults import endless, from_the, gzipped, raw, with_status
from support.memory import peak_of_a_sync
from support.socket_harness import WALK, SocketLab

OVERLOADS = (500, 502, 503, 504)
HISTORY_PLAN = Start(since=NOW - HISTORY)


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes between the asking for a pause and its beginning."""
    monkeypatch.setattr("navfeed.client.feed.monotonic", lambda: 100.0)


def kinds(socket_lab: SocketLab) -> list[str]:
    return [request.kind for request in socket_lab.practice.requests]


def busy(code: int, retry_after: str | None = None) -> faults.Distort:
    asks = [] if retry_after is None else [faults.retry_after(retry_after)]
    return faults.then(faults.status(code), *asks)


# H1


@pytest.mark.parametrize(
    ("kind", "code"), [("token", 500), ("seek", 502), ("page", 503), ("page", 504)]
)
def test_H1_an_overload_that_does_not_end_ends_the_run_with_5(socket_lab, kind, code):
    assert f"answers {code}" in socket_lab.stops_at(kind, busy(code))


def test_H1_an_overload_for_some_ads_holds_up_no_other(socket_lab):
    problems = socket_lab.leaves_out_each({str(code): busy(code) for code in OVERLOADS})
    assert all(f"answers {code}" in problem for code, problem in problems.items())


def test_H1_who_read_the_log_but_could_have_no_details_has_not_caught_up(tmp_path):
    """An empty store would pass for fresh, whatever --max-age allows."""
    world = World(2, now=NOW)
    world.batch([lambda batch: batch.publish() for _ in range(70)])
    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        socket_lab.spoil("detail", busy(500))
        assert socket_lab.sync().exit_code is ExitCode.FEED
        assert socket_lab.rows("SELECT caught_up_at FROM feed") == [(None,)]
        socket_lab.recovers()
        assert socket_lab.rows("SELECT caught_up_at FROM feed") != [(None,)]


def test_H1_what_some_details_failed_with_is_reported(socket_lab):
    """Exit code 4 alone leaves everybody guessing."""
    first, second = socket_lab.world.active()[:2]
    socket_lab.spoil(faults.on("detail", first), busy(502))
    socket_lab.spoil(faults.on("detail", second), busy(502))
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.WAITING
    because = "the feed answers 502 for /api/v1/feedentry/…. Run again later"
    message = f"caught up; 2 ads could not be fetched ({because}); retrying automatically"
    assert ended.outcome == message
    with Reader(socket_lab.path, NOW.date()) as reader:
        assert reader.status(NOW).problems == (Problem(because, 2),)
    socket_lab.recovers()


@pytest.mark.parametrize("code", OVERLOADS)
def test_H1_an_overload_that_passes_is_waited_out(socket_lab, code):
    rules = [socket_lab.spoil(kind, busy(code), times=3) for kind in (*WALK, "detail")]
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert [rule.used for rule in rules] == [3, 3, 3, 3]
    assert socket_lab.is_exact()


@pytest.mark.usefixtures("still")
def test_H1_retry_after_is_obeyed_in_seconds(socket_lab):
    socket_lab.spoil("page", busy(503, "7"), times=1)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.pauses[0] == 7


@pytest.mark.usefixtures("still")
def test_H1_retry_after_is_obeyed_as_a_date_by_the_clock_of_the_server(socket_lab):
    """Our own clock is months away from the world's."""
    socket_lab.world.advance(timedelta(seconds=1) - timedelta(microseconds=NOW.microsecond))
    now = socket_lab.world.now.replace(microsecond=0)
    socket_lab.spoil("page", busy(503, http_date(now + timedelta(seconds=9))), times=1)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.pauses[0] == 9


def test_H1_a_retry_after_without_a_meaning_is_no_pause(socket_lab):
    for value in ("", "soon", "-5", "2.5", "Mon, 99 Jun 2026 09:00:00 GMT"):
        socket_lab.spoil("page", busy(503, value), times=1)
    assert socket_lab.sync(workers=1).exit_code is ExitCode.FEED  # more often than it is tried
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.pauses == []


IN_SECONDS, AS_A_DATE = (
    lambda _: "7200",
    lambda now: http_date(now + timedelta(hours=2)),
)


@pytest.mark.parametrize(
    ("kind", "code", "value"),
    [
        ("token", 503, IN_SECONDS),
        ("seek", 429, AS_A_DATE),
        ("page", 503, AS_A_DATE),
        ("page", 429, IN_SECONDS),
        ("detail", 429, IN_SECONDS),
        ("detail", 503, AS_A_DATE),
    ],
)
def test_H1_a_pause_longer_than_our_patience_ends_the_run_and_binds_the_next(
    socket_lab, kind, code, value
):
    socket_lab.clock = lambda: machine_now()
    rule = socket_lab.spoil(kind, busy(code, value(socket_lab.world.now)))
    before = machine_now()
    first = socket_lab.sync(retry_now=False, workers=1)
    assert first.exit_code is ExitCode.FEED
    assert "--retry-now" in first.outcome
    assert rule.used == 1
    assert socket_lab.pauses == []

    ((retry_at,),) = socket_lab.rows("SELECT retry_at FROM feed")
    request = datetime.fromisoformat(retry_at) - before
    assert timedelta(minutes=119) < request < timedelta(minutes=121)

    kept = socket_lab.committed()
    second = socket_lab.sync(retry_now=False)
    assert second.exit_code is ExitCode.FEED
    assert "--retry-now" in second.outcome
    assert socket_lab.practice.requests == []
    assert socket_lab.committed() == kept

    socket_lab.recovers()
    assert socket_lab.rows("SELECT retry_at FROM feed") == [(None,)]


def test_H1_over_the_command_line(socket_lab):
    socket_lab.spoil("seek", busy(503, "3600"))
    assert "pause until" in socket_lab.command().fails_well(ExitCode.FEED)
    socket_lab.practice.clear_script()
    socket_lab.practice.forget_requests()
    assert "requested a pause until" in socket_lab.command().fails_well(ExitCode.FEED)
    assert socket_lab.practice.requests == []
    assert socket_lab.command("--retry-now").code == ExitCode.DONE
    assert socket_lab.is_exact()


@pytest.mark.parametrize("value", ["9" * 12, "9" * 400, "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_H1_a_pause_of_years_is_taken_for_a_week(socket_lab, value):
    socket_lab.clock = lambda: machine_now()
    socket_lab.spoil("seek", busy(503, value))
    assert socket_lab.sync().exit_code is ExitCode.FEED
    ((retry_at,),) = socket_lab.rows("SELECT retry_at FROM feed")
    pause = datetime.fromisoformat(retry_at) - machine_now()
    assert timedelta(days=6) < pause <= timedelta(days=7)


# H2


def test_H2_a_429_slows_every_worker_down(socket_lab):
    """One of four has to wait; none of them sends a request before all four may."""
    first_request, together = threading.Event(), threading.Barrier(4, timeout=20)
    pausing: set[int] = set()

    def pause(seconds: float) -> None:
        assert seconds <= 30
        first_request.set()
        if threading.get_ident() not in pausing:
            pausing.add(threading.get_ident())
            together.wait()

    socket_lab.pause = pause
    socket_lab.spoil("detail", busy(429, "30"), times=1)
    socket_lab.spoil(
        "detail", faults.hold(first_request)
    )  # nobody is ahead of the one that is told
    assert socket_lab.sync(workers=4).exit_code is ExitCode.DONE
    assert len(pausing) == 4
    assert socket_lab.is_exact()


@pytest.mark.usefixtures("still")
def test_H2_a_429_without_a_pause_is_given_a_second(socket_lab):
    socket_lab.spoil("page", busy(429), times=1)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.pauses[0] == 1


@pytest.mark.parametrize("kind", ["token", "page"])
def test_H2_a_429_that_does_not_end_ends_the_run_with_5(socket_lab, kind):
    assert "answers 429" in socket_lab.stops_at(kind, busy(429))


# H3

NO_ACCESS = faults.status(401, b'{"status":401}', "application/json")


@pytest.mark.parametrize("kind", ["seek", "page", "detail"])
def test_H3_the_public_token_replaced_in_mid_run_is_fetched_again_once(socket_lab, kind):
    old = socket_lab.practice.token

    def replaced(request):
        if request.kind == kind and socket_lab.practice.token == old:
            socket_lab.practice.rotate_token()
        return False

    socket_lab.spoil(replaced, NO_ACCESS)
    assert socket_lab.sync(workers=4).exit_code is ExitCode.DONE
    assert socket_lab.is_exact()
    assert kinds(socket_lab).count("token") == 2
    refused = [one for one in socket_lab.practice.requests if old in str(one.headers)]
    assert refused[-1].kind == kind


def test_H3_eight_workers_refused_at_once_fetch_one_token(tmp_path):
    world = World(2, now=NOW)
    world.batch([lambda batch: batch.publish() for _ in range(24)])
    all_ask = threading.Barrier(8, timeout=20)

    def refused(wire, head, body):
        all_ask.wait()
        wire.send(head + body)

    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        rule = socket_lab.spoil("detail", NO_ACCESS, faults.delivered(refused), times=8)
        assert socket_lab.sync(workers=8).exit_code is ExitCode.DONE
        assert rule.used == 8
        assert kinds(socket_lab).count("token") == 2
        assert socket_lab.is_exact()


@pytest.mark.parametrize("kind", ["seek", "page"])
def test_H3_a_token_refused_twice_ends_with_6_and_keeps_the_state(socket_lab, kind):
    message = socket_lab.stops_at(kind, NO_ACCESS, code=ExitCode.TOKEN)
    assert "401" in message


def test_H3_a_token_refused_among_the_details_ends_with_6_and_keeps_the_state(socket_lab):
    socket_lab.spoil(from_the(3, faults.on("detail")), NO_ACCESS)
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.TOKEN
    assert len(socket_lab.stored()) == 2
    assert len(socket_lab.queued()) == len(socket_lab.world.truth()) - 2
    socket_lab.recovers()


def test_H3_a_token_of_ones_own_is_never_replaced(socket_lab):
    socket_lab.token = socket_lab.practice.issue_token(timedelta(days=3))
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert "token" not in kinds(socket_lab)
    socket_lab.practice.forget_requests()
    message = socket_lab.command(NAVFEED_TOKEN="no.such.token").fails_well(ExitCode.TOKEN)
    assert "your token" in message
    assert "NAVFEED_TOKEN" in message
    assert "token" not in kinds(socket_lab)


# H4


def test_H4_an_expired_public_token_is_seen_from_its_exp(socket_lab):
    socket_lab.practice.rotate_token(life=timedelta(hours=-1))
    expected = socket_lab.as_after(0)
    assert socket_lab.sync().exit_code is ExitCode.TOKEN
    assert socket_lab.committed() == expected
    assert kinds(socket_lab) == ["token"]
    message = socket_lab.command().fails_well(ExitCode.TOKEN)
    assert "expired (2026-11-21 12:00 +01:00)" in message
    assert "expected by 2026-11-21 17:00 +01:00; run again then" in message
    socket_lab.world.advance(timedelta(hours=5))
    socket_lab.recovers()


def test_H4_a_token_that_should_have_been_replaced_long_ago_may_be_any_moment(socket_lab):
    old = socket_lab.practice.rotate_token(life=timedelta(hours=-30))
    socket_lab.spoil("token", faults.body(f"Den offentlige:\n{old}\n"))
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.TOKEN
    assert f"expected by {oslo_time(socket_lab.world.now)}" in ended.outcome


def test_H4_a_public_token_that_expires_in_mid_run(socket_lab):
    socket_lab.practice.rotate_token(life=timedelta(minutes=1))
    socket_lab.spoil(lambda request: request.kind == "detail" and later(), NO_ACCESS)

    def later():
        socket_lab.world.advance(timedelta(minutes=2))
        return False

    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.TOKEN
    assert "run again then" in ended.outcome
    assert socket_lab.queued()
    socket_lab.world.advance(timedelta(hours=6))
    socket_lab.recovers()


def test_H4_no_public_token_at_all(socket_lab):
    socket_lab.practice.withdraw_token()
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.TOKEN
    assert "no public token" in ended.outcome
    socket_lab.practice.rotate_token()
    socket_lab.recovers()


# H5


@pytest.mark.parametrize("kind", WALK)
@pytest.mark.parametrize(
    ("code", "shown"),
    [(403, faults.body(b"")), (403, faults.captive_portal), (451, faults.body(b""))],
)
def test_H5_no_access_ends_with_6(socket_lab, kind, code, shown):
    message = socket_lab.stops_at(kind, shown, with_status(code), code=ExitCode.TOKEN)
    assert str(code) in message


@pytest.mark.parametrize("code", [403, 451])
def test_H5_no_access_to_details_ends_with_6(socket_lab, code):
    socket_lab.spoil("detail", faults.status(code))
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.TOKEN
    assert str(code) in ended.outcome
    assert socket_lab.stored() == {}
    assert len(socket_lab.queued()) == len(socket_lab.world.truth())
    socket_lab.recovers()


@pytest.mark.parametrize(("code", "own"), [(403, False), (401, True), (401, False)])
def test_H5_each_worker_meets_a_refusal_once_and_no_more(tmp_path, code, own):
    world = World(2, now=NOW)
    world.batch([lambda batch: batch.publish() for _ in range(60)])
    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        socket_lab.token = socket_lab.practice.issue_token() if own else None
        socket_lab.spoil("detail", faults.status(code))
        assert socket_lab.sync(workers=4).exit_code is ExitCode.TOKEN
        replays = 2 if code == 401 and not own else 1
        assert len(socket_lab.requests_of("detail")) <= 4 * replays
        assert len(socket_lab.requests_of("token")) <= 4 * replays
        assert len(socket_lab.queued()) == 60
        socket_lab.token = None
        socket_lab.recovers()


# H6


def moved_on(socket_lab: SocketLab) -> None:
    """A day later, with some news at the end of the log."""
    socket_lab.world.advance(timedelta(days=1))
    ads = socket_lab.world.active()
    socket_lab.world.stop(ads[0])
    socket_lab.world.update(ads[1])
    socket_lab.world.publish()


def cursor(socket_lab: SocketLab) -> list[str]:
    return [page for (page,) in socket_lab.rows("SELECT page FROM milestones ORDER BY ordinal")]


@pytest.mark.parametrize("code", [404, 410])
def test_H6_a_lost_cursor_falls_back_to_an_older_page(socket_lab, code):
    socket_lab.settle()
    moved_on(socket_lab)
    socket_lab.spoil("page", faults.status(code), times=1)
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.DONE
    assert socket_lab.is_exact()
    lost, older, *_ = socket_lab.requests_of("page")
    assert lost != older
    assert "seek" not in kinds(socket_lab)
    ((trouble,),) = socket_lab.rows("SELECT trouble FROM feed")
    assert lost in trouble
    assert older in trouble


def test_H6_no_page_left_falls_back_to_a_seek_by_date_and_never_to_the_beginning(socket_lab):
    plan = {"start": HISTORY_PLAN}
    assert socket_lab.sync(**plan).exit_code is ExitCode.DONE
    for page in set(cursor(socket_lab)):
        socket_lab.world.forget_page(page)
    moved_on(socket_lab)
    assert socket_lab.sync(**plan).exit_code is ExitCode.DONE
    assert socket_lab.is_exact()
    seeks = [one for one in socket_lab.practice.requests if one.kind == "seek"]
    assert seeks
    assert all("if-modified-since" in one.headers for one in seeks)


def test_H6_pages_and_seek_gone_is_an_error_and_removes_nothing(socket_lab):
    assert socket_lab.sync().exit_code is ExitCode.DONE
    kept = socket_lab.committed()
    for kind in ("page", "seek"):
        socket_lab.spoil(kind, faults.status(404))
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.FEED
    assert "no entries at all" in ended.outcome
    assert socket_lab.committed() == kept
    socket_lab.recovers()


def test_H6_a_seek_that_is_ignored_is_not_taken_for_success(socket_lab):
    """The server answers a date that it cannot read with the oldest page of all."""
    socket_lab.world.advance(timedelta(days=400))
    socket_lab.world.publish()
    expected = socket_lab.as_after(0)
    socket_lab.spoil("seek", oldest_page(socket_lab))
    ended = socket_lab.sync(start=Start(since=socket_lab.world.now - HISTORY))
    assert ended.exit_code is ExitCode.FEED
    assert "--from-start" in ended.outcome
    assert socket_lab.committed() == expected


def test_H6_a_question_for_the_newest_entry_that_is_ignored_is_not_taken_for_success(socket_lab):
    socket_lab.world.advance(timedelta(days=400))
    socket_lab.world.publish()
    expected = socket_lab.as_after(0)
    socket_lab.spoil(lambda request: "last" in request.query, oldest_page(socket_lab))
    ended = socket_lab.sync(start=Start(from_tip=True))
    assert ended.exit_code is ExitCode.FEED
    assert "newest" in ended.outcome
    assert socket_lab.committed() == expected


def oldest_page(socket_lab: SocketLab) -> faults.Distort:
    return lambda _: socket_lab.practice._seek(Request("GET", "/api/v1/feed"))


def test_H6_a_404_on_a_page_in_mid_walk_is_not_the_end_of_the_feed(socket_lab):
    message = socket_lab.stops_at("page", faults.status(404))
    assert "does not have" in message


# H7


@pytest.mark.parametrize("code", [404, 410])
def test_H7_an_ad_that_is_gone_is_removed_and_a_newer_ACTIVE_entry_brings_it_back(socket_lab, code):
    socket_lab.sync()
    ad = socket_lab.world.active()[0]
    before = socket_lab.stored()
    socket_lab.world.update(ad)
    socket_lab.spoil(faults.on("detail", ad), faults.status(code))
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.DONE
    del before[ad]
    assert socket_lab.stored() == before
    assert socket_lab.queued() == []
    assert ended.counts.removed == 1
    for table in ("locations", "occupations", "categories", "contacts"):
        assert socket_lab.rows(f"SELECT 1 FROM {table} WHERE ad = ?", ad) == []

    socket_lab.practice.clear_script()
    socket_lab.world.update(ad)
    socket_lab.recovers()
    assert ad in socket_lab.stored()


# H8


@pytest.mark.parametrize("kind", ["seek", "page", "detail", "token"])
def test_H8_a_304_nobody_requested_is_requested_again(socket_lab, kind):
    rule = socket_lab.spoil(kind, faults.not_modified, times=2)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert rule.used == 2
    assert socket_lab.is_exact()
    assert all("if-none-match" not in one.headers for one in socket_lab.practice.requests)


@pytest.mark.parametrize("kind", ["seek", "page"])
def test_H8_304_for_ever_is_no_answer(socket_lab, kind):
    assert "304" in socket_lab.stops_at(kind, faults.not_modified)


def test_H8_a_304_for_details_keeps_the_ad_queued(socket_lab):
    assert "304" in socket_lab.leaves_out(faults.not_modified)


@pytest.mark.parametrize("entries", range(1, 9))
def test_H8_a_304_never_hides_an_entry_past_the_end_of_the_run(tmp_path, entries):
    """One more entry at every length of the log: full pages, tips of one, tips of two."""
    world = World(3, now=NOW)
    with SocketLab(tmp_path / "navfeed.db", world, page_size=3) as socket_lab:
        for _ in range(entries):
            world.publish()
        socket_lab.settle()
        for _ in range(3):
            world.publish()
            assert socket_lab.sync().exit_code is ExitCode.DONE
            assert socket_lab.is_exact()


def test_H8_a_validator_is_sent_byte_for_byte_where_it_is_safe(tmp_path):
    """Bare as it came: in quotes, the server would not know it again."""
    world = World(3, now=NOW)
    world.publish()
    with SocketLab(tmp_path / "navfeed.db", world) as socket_lab:
        socket_lab.settle()
        assert socket_lab.sync().exit_code is ExitCode.DONE
        (request,) = [one for one in socket_lab.practice.requests if one.kind == "page"]
        assert request.headers["if-none-match"] == world.newest().page_id
        assert socket_lab.practice.answer(request).status == 304


@pytest.mark.parametrize("etag", ['"ø"', "\xff" * 8, "with space", "\x9b31m"])
def test_H8_a_validator_that_cannot_be_sent_back_is_left_out(tmp_path, etag):
    world = World(3, now=NOW)
    world.publish()
    with SocketLab(tmp_path / "navfeed.db", world) as socket_lab:
        socket_lab.spoil("seek", faults.header("ETag", etag))
        socket_lab.spoil("page", faults.header("ETag", etag))
        socket_lab.settle()
        world.publish()
        assert socket_lab.sync().exit_code is ExitCode.DONE
        assert socket_lab.is_exact()
        assert all("if-none-match" not in one.headers for one in socket_lab.practice.requests)


# H9

HOLLOW = {
    "204": faults.status(204),
    "206": with_status(206),
    "201": with_status(201),
    "an empty 200": faults.body(b""),
    "a blank 200": faults.body(b" \r\n\t\n"),
    "an empty gzip": gzipped(lambda _: b""),
}


@pytest.mark.parametrize(
    ("kind", "name"), [("token", "204"), ("seek", "206"), *(("page", name) for name in HOLLOW)]
)
def test_H9_an_answer_with_nothing_in_it_is_a_contract_failure(socket_lab, kind, name):
    assert "status 20" in socket_lab.stops_at(kind, HOLLOW[name])


def test_H9_details_with_nothing_in_them_stay_queued(socket_lab):
    problems = socket_lab.leaves_out_each(HOLLOW)
    assert all("status 20" in problem for problem in problems.values())


# H10


def test_H10_one_redirect_on_the_same_origin_is_followed(socket_lab):
    rules = [socket_lab.spoil(kind, same_place(socket_lab, kind), times=1) for kind in WALK]
    rules.append(socket_lab.spoil("detail", same_place(socket_lab, "detail"), times=1))
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert [rule.used for rule in rules] == [1, 1, 1, 1]
    assert socket_lab.is_exact()


def same_place(socket_lab: SocketLab, kind: str) -> faults.Distort:
    """To where it was requested already, once by its path and once by its whole address."""

    def distort(answer):
        target = next(
            one.target for one in reversed(socket_lab.practice.requests) if one.kind == kind
        )
        return faults.redirect(f"{socket_lab.url}{target}" if kind == "page" else target, 307)(
            answer
        )

    return distort


@pytest.mark.parametrize("kind", WALK)
def test_H10_a_second_redirect_is_not_followed(socket_lab, kind):
    target = {
        "token": "/api/publicToken",
        "seek": "/api/v1/feed",
        "page": f"/api/v1/feed/{socket_lab.world.newest().page_id}",
    }[kind]
    message = socket_lab.stops_at(kind, faults.redirect(target))
    assert "redirected" in message


def elsewheres(here: str, there: str) -> dict[str, str]:
    port = there.rpartition(":")[2]
    host = here.removeprefix("http://")
    return {
        "another port": f"{there}/api/v1/feed",
        "no scheme": f"//127.0.0.1:{port}/api/v1/feed",
        "user": f"http://{host}@127.0.0.1:{port}/api/v1/feed",
        "our host, a user": f"http://token@{host}/api/v1/feed",
        "https": f"https://{host}/api/v1/feed",
        "backslashes": f"\\\\127.0.0.1:{port}\\api\\v1\\feed",
        "file": "file:///etc/passwd",
        "data": "data:application/json,{}",
        "nonsense": "http://[::1",
        "a broken name": "https://xn--a.example/",
        "a broken port": "http://127.0.0.1:99999/",
        "control characters": "http://127.0.0.1/\x7f",
        "latin": f"{there}/\xe6\xf8\xe5",
    }


@pytest.mark.parametrize(
    ("kind", "place"), [*zip(cycle(WALK), elsewheres("http://a:1", "http://a:2"), strict=False)]
)
def test_H10_another_origin_gets_no_request_and_never_sees_the_token(socket_lab, kind, place):
    with PracticeServer(Practice(World(9, now=NOW))) as stranger:
        location = elsewheres(socket_lab.url, stranger.url)[place]
        socket_lab.stops_at(kind, faults.redirect(location))
        assert stranger.practice.requests == []


def test_H10_a_redirect_of_details_to_another_origin_is_never_followed(socket_lab):
    with PracticeServer(Practice(World(9, now=NOW))) as stranger:
        message = socket_lab.leaves_out(faults.redirect(f"{stranger.url}/api/v1/feed"))
        assert "redirected" in message
        assert stranger.practice.requests == []


@pytest.mark.parametrize("code", [404, 410])
def test_H10_a_redirect_to_where_nothing_is_removes_no_ad(socket_lab, code):
    """It is the place that is not there, which means nothing for the ad."""
    socket_lab.sync()
    before = socket_lab.stored()
    socket_lab.world.update(socket_lab.world.active()[0])
    socket_lab.spoil("detail", faults.redirect("/maintenance"))
    socket_lab.spoil("other", faults.status(code))
    assert socket_lab.sync().exit_code is ExitCode.WAITING
    assert socket_lab.stored() == before
    assert "other" in kinds(socket_lab)
    socket_lab.recovers()


# H11

MONSTERS = {
    "gzip bomb": faults.gzip_bomb,
    "endless body": faults.endless_body(),
    "endless gzip of nothing": faults.then(
        faults.header("Content-Encoding", "gzip"),
        endless(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", b"\x00\x00\x00\xff\xff" * 13_000),
    ),
    "gzip, then rubbish for ever": faults.then(
        faults.header("Content-Encoding", "gzip"),
        endless(bytes.fromhex("1f8b08000000000000030300000000000000000000"), bytes(65_536)),
    ),
    "endless headers": faults.endless_headers,
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("seek", "gzip bomb"),
        ("seek", "endless headers"),
        ("detail", "endless body"),
        *(
            pytest.param(kind, name, marks=pytest.mark.campaign)
            for kind in ("seek", "detail")
            for name in MONSTERS
        ),
    ],
)
def test_H11_memory_stays_bounded_whatever_comes(socket_lab, kind, name):
    socket_lab.spoil(kind, MONSTERS[name])
    code, megabytes = peak_of_a_sync(socket_lab, "--connections", "8")
    assert code == ExitCode.FEED if kind == "seek" else code in (ExitCode.FEED, ExitCode.WAITING)
    assert megabytes < 150
    socket_lab.recovers()


@pytest.mark.parametrize(("kind", "name"), [*zip(cycle(WALK), MONSTERS, strict=False)])
def test_H11_nothing_of_it_is_kept(socket_lab, kind, name):
    socket_lab.stops_at(kind, MONSTERS[name])


def test_H11_details_without_end_keep_their_ads_queued(socket_lab):
    socket_lab.leaves_out_each(MONSTERS)


PAGE = b'{"id":"0c12d1b5-41c3-4d5e-9e0b-0d6c9fbd9f0a","next_url":null,"items":[%s]}'


@pytest.mark.parametrize(("piece", "count"), [(b"0,", 190_000), (b"{},", 2_000_000)])
def test_H11_a_page_within_the_cap_that_would_unpack_to_gigabytes(socket_lab, piece, count):
    """Within the cap on parts as well, or far beyond it."""
    socket_lab.spoil("seek", faults.body(PAGE % (piece * count)[:-1]))
    code, megabytes = peak_of_a_sync(socket_lab)
    assert code == ExitCode.FEED
    assert megabytes < 150


def test_H11_more_than_the_cap_is_refused_whole_answers_below_it_are_not(socket_lab):
    padding = " " * (8 * 2**20)
    message = socket_lab.stops_at("seek", faults.edit(lambda page: page.update(extra=padding)))
    assert "larger than 8,388,608 bytes" in message
    socket_lab.spoil("seek", faults.edit(lambda page: page.update(extra=padding[: 7 * 2**20])))
    socket_lab.recovers()


def test_H11_an_encoding_not_requested_is_refused(socket_lab):
    message = socket_lab.stops_at("seek", faults.header("Content-Encoding", "br"))
    assert "was not requested" in message


@pytest.mark.parametrize(
    "data",
    [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200\x00 OK\r\n\r\n", b"\x16\x03\x01", b""],
    ids=repr,
)
def test_H11_what_is_no_http_is_no_answer(socket_lab, data):
    assert "no HTTP" in socket_lab.stops_at("seek", raw(data))


def test_H11_cookies_are_not_carried_along(socket_lab):
    socket_lab.spoil(faults.anything, faults.header("Set-Cookie", f"a={'x' * 2_000}; Path=/"))
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert all("cookie" not in one.headers for one in socket_lab.practice.requests)
