"""faults.md, Network: one test or more for each row, over real sockets."""

from __future__ import annotations

import socket
from contextlib import closing
from unittest import mock

import pytest

from navfeed.errors import ExitCode
from navfeed.practice import World, faults
from support.clock import NOW
from support.extra_faults import from_the, gzipped, with_status
from support.socket_harness import WALK, SocketLab
from support.tls import AUTHORITY, TlsFront, silent_port

CUTS = {
    "reset": faults.reset_mid_body(),
    "reset before the body": faults.reset_mid_body(0),
    "closed early": faults.cut_mid_body(0.9),
    "length too large": faults.claim_longer(),
    "chunks cut": faults.cut_chunks(),
    "chunks without an end": faults.cut_chunks(1.0),
}


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


# N1


def test_N1_a_refused_connection_ends_with_5_after_a_few_tries(socket_lab):
    socket_lab.base_url = f"http://127.0.0.1:{free_port()}"
    message = socket_lab.command().fails_well(ExitCode.FEED)
    assert socket_lab.base_url in message
    assert "refused" in message
    socket_lab.recovers()


def test_N1_a_name_that_does_not_resolve_ends_with_5(socket_lab, monkeypatch):
    requests = []

    def unknown(host, *_args, **_kwargs):
        requests.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    socket_lab.base_url = "https://feed.example"
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", unknown)
        ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.FEED
    assert "https://feed.example" in ended.outcome
    assert "Name or service not known" in ended.outcome
    assert requests == ["feed.example"] * 4
    socket_lab.recovers()


def test_N1_a_connection_that_never_comes_about_is_cut_by_the_deadline(socket_lab):
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        crowd = [socket.socket() for _ in range(3)]  # whoever comes next waits for ever
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(address)
        socket_lab.seconds, socket_lab.base_url = 0.3, f"http://127.0.0.1:{address[1]}"
        ended = socket_lab.sync()
        for one in crowd:
            one.close()
    assert ended.exit_code is ExitCode.FEED
    assert socket_lab.base_url in ended.outcome
    socket_lab.recovers()


def test_N1_a_tls_handshake_that_hangs_is_cut_by_the_deadline(socket_lab):
    with silent_port() as port:
        socket_lab.seconds, socket_lab.base_url = 0.3, f"https://127.0.0.1:{port}"
        ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.FEED
    assert "0.3 seconds" in ended.outcome
    socket_lab.recovers()


def test_N1_a_server_that_never_answers_is_cut_by_the_deadline(socket_lab):
    socket_lab.spoil("seek", faults.hang)
    with mock.patch("navfeed.client.feed.ATTEMPTS", 1):
        message = socket_lab.command().fails_well(ExitCode.FEED)
    assert "no complete answer" in message
    assert "1 second" in message
    socket_lab.recovers()


# N2


@pytest.mark.parametrize(
    ("kind", "drip"),
    [
        ("token", faults.stall_mid_body),
        ("seek", faults.dribble(0.05)),
        ("page", faults.dribble(0.05)),
    ],
)
def test_N2_one_byte_at_a_time_is_cut_by_a_deadline_for_the_whole_request(socket_lab, kind, drip):
    """A byte comes well within the time that any single read may take."""
    socket_lab.seconds = 0.3
    assert "0.3 seconds" in socket_lab.stops_at(kind, drip)


def test_N2_details_one_byte_at_a_time_hold_up_no_other_ad(socket_lab):
    socket_lab.seconds = 0.5
    assert "0.5 seconds" in socket_lab.leaves_out(faults.dribble(0.1))


# N3


@pytest.mark.parametrize("kind", ["token", "page"])
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_N3_a_body_cut_short_is_never_committed(socket_lab, kind, cut):
    assert "broke" in socket_lab.stops_at(kind, cut)


def test_N3_details_cut_short_stay_queued(socket_lab):
    problems = socket_lab.leaves_out_each(CUTS)
    assert all("broke" in problem for problem in problems.values())


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_N3_what_was_cut_short_is_tried_again_in_the_same_run(socket_lab, cut):
    rules = [socket_lab.spoil(kind, cut, times=2, skip=1) for kind in ("page", "detail")]
    rules += [socket_lab.spoil(kind, cut, times=2) for kind in ("token", "seek")]
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert [rule.used for rule in rules] == [2, 2, 2, 2]
    assert socket_lab.is_exact()


def test_N3_a_prefix_that_parses_is_no_answer(socket_lab):
    """All of the JSON has come, and still more belongs to it by its length."""
    socket_lab.stops_at(
        "page", faults.header("Content-Encoding", "identity"), faults.claim_longer(1)
    )


def test_N3_gzip_cut_short_in_an_answer_that_seems_whole_is_tried_again(socket_lab):
    rule = socket_lab.spoil("page", gzipped(lambda data: data[: len(data) // 2]), times=1)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert rule.used == 1
    assert socket_lab.is_exact()


# N4


@pytest.mark.parametrize("kind", ["seek", "page", "detail"])
@pytest.mark.parametrize("close", [faults.close_unanswered, faults.reset_unanswered])
def test_N4_a_kept_alive_connection_closed_under_a_request_is_tried_again_once(
    socket_lab, kind, close
):
    rule = socket_lab.spoil(kind, close, times=1)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert rule.used == 1
    assert socket_lab.is_exact()


def test_N4_nobody_hears_of_a_connection_that_was_closed(socket_lab):
    socket_lab.spoil("page", faults.close_unanswered, times=1)
    run = socket_lab.command("--quiet")
    assert (run.code, run.out, run.err) == (ExitCode.DONE, "", "")
    assert socket_lab.is_exact()


def test_N4_connections_that_close_after_each_answer_cost_nothing(socket_lab):
    socket_lab.spoil(faults.anything, faults.close_afterwards)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.is_exact()


# N5


def test_N5_a_certificate_nobody_vouches_for_ends_with_5_at_once(socket_lab):
    with TlsFront(socket_lab.server.port) as front:
        socket_lab.base_url = front.url
        message = socket_lab.command().fails_well(ExitCode.FEED)
    assert front.connections == 1
    assert "certificate" in message
    assert "self-signed" in message
    assert "SSL_CERT_FILE" in message
    assert socket_lab.practice.requests == []
    socket_lab.recovers()


def test_N5_a_certificate_for_another_name_ends_with_5_at_once(socket_lab, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with TlsFront(socket_lab.server.port) as front:
        socket_lab.base_url = front.url.replace("127.0.0.1", "localhost")
        ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.FEED
    assert "certificate" in ended.outcome
    assert front.connections == 1
    assert socket_lab.practice.requests == []


def test_N5_an_authority_of_ones_own_is_named_by_SSL_CERT_FILE(socket_lab, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with TlsFront(socket_lab.server.port) as front:
        socket_lab.base_url = front.url
        assert socket_lab.sync().exit_code is ExitCode.DONE
        assert socket_lab.is_exact()


def test_N5_there_is_no_insecure_mode(socket_lab):
    assert socket_lab.command("--insecure").code == ExitCode.USAGE
    assert socket_lab.practice.requests == []


# N6

LOGIN = "https://login.example/hotel"
REDIRECTS = (301, 302, 303, 307, 308)
PORTALS = {
    "a login page": faults.captive_portal,
    "a page that hides its kind": faults.then(
        faults.captive_portal, faults.no_header("Content-Type")
    ),
    "XHTML": faults.then(
        faults.captive_portal, faults.header("Content-Type", "Application/XHTML+xml")
    ),
}


@pytest.mark.parametrize("kind", WALK)
@pytest.mark.parametrize("portal", PORTALS.values(), ids=PORTALS)
def test_N6_a_captive_portal_is_a_contract_failure_that_names_what_came(socket_lab, kind, portal):
    message = socket_lab.stops_at(kind, portal)
    assert "a web page (200)" in message
    assert "login" in message


def test_N6_a_captive_portal_in_the_place_of_details(socket_lab):
    problems = socket_lab.leaves_out_each(PORTALS)
    assert all("a web page" in problem for problem in problems.values())


@pytest.mark.parametrize(
    ("kind", "code"), [("token", 302), ("seek", 303), *(("page", code) for code in REDIRECTS)]
)
def test_N6_a_redirect_to_a_login_is_a_contract_failure(socket_lab, kind, code):
    message = socket_lab.stops_at(kind, faults.redirect(LOGIN, code))
    assert f"redirected ({code})" in message
    assert "login" in message


@pytest.mark.parametrize("code", [404, 410])
def test_N6_a_web_page_with_404_removes_no_ad(socket_lab, code):
    """The feed's own 404 is bare; a proxy's is HTML, and must not empty the store."""
    socket_lab.sync()
    before = socket_lab.stored()
    for ad in before:
        socket_lab.world.update(ad)
    socket_lab.spoil("detail", faults.captive_portal, with_status(code))
    ended = socket_lab.sync()
    assert ended.exit_code in (ExitCode.WAITING, ExitCode.FEED)
    assert socket_lab.stored() == before
    assert ended.counts.removed == 0
    assert set(socket_lab.queued()) == set(before)
    socket_lab.recovers()


def test_N6_over_the_command_line(socket_lab):
    socket_lab.spoil(faults.anything, faults.captive_portal)
    assert "a web page" in socket_lab.command().fails_well(ExitCode.FEED)


# N7


def test_N7_the_network_lost_among_the_details_keeps_what_came_and_queues_the_rest(tmp_path):
    world = World(2, now=NOW)
    world.batch([lambda batch: batch.publish() for _ in range(300)])
    lost = from_the(121, faults.on("detail"))
    with SocketLab(tmp_path / "navfeed.db", world, page_size=1_000) as socket_lab:
        socket_lab.spoil(lost, faults.reset_unanswered)
        ended = socket_lab.sync()
        assert ended.exit_code is ExitCode.FEED
        assert "broke" in ended.outcome
        assert len(socket_lab.stored()) == 120
        assert len(socket_lab.queued()) == 180
        assert socket_lab.stored().items() <= world.truth().items()
        socket_lab.practice.clear_script()
        assert socket_lab.sync(workers=4).exit_code is ExitCode.DONE
        assert len(socket_lab.requests_of("detail")) == 180
        assert socket_lab.is_exact()
