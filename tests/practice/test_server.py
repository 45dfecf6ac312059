"""The server over real sockets: keep-alive, gzip, and answers sent badly."""

import gzip
import http.client
import json
import socket
import threading
import zlib
from contextlib import closing
from datetime import datetime

import pytest

from navfeed.practice import Practice, PracticeServer, faults, run
from support.clock import NOW
from support.shell import invoke


@pytest.fixture
def ad(world):
    return world.publish()


@pytest.fixture
def server(practice, ad):
    del ad
    with PracticeServer(practice) as running:
        yield running


@pytest.fixture
def client(server):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        yield connection


@pytest.fixture
def send(client, practice):
    """Ask on the one connection; return the response and its body."""

    def exchange(target, method="GET", body=None, **headers):
        sent = {"Authorization": f"Bearer {practice.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        client.request(method, target, body, sent)
        response = client.getresponse()
        return response, response.read()

    return exchange


@pytest.fixture
def raw(server, practice, ad):
    """Ask for the detail over a bare socket; return all that comes until the connection ends."""

    def exchange(distort):
        practice.script(faults.on("detail"), distort)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(request_for(practice, ad))
            return received(connection)

    return exchange


def request_for(practice, ad):
    return (
        f"GET /api/v1/feedentry/{ad} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {practice.token}\r\n\r\n"
    ).encode()


def received(connection):
    """Read to the end; return the bytes and whether the connection was broken off."""
    pieces = []
    try:
        while piece := connection.recv(65_536):
            pieces.append(piece)
    except ConnectionResetError:
        return b"".join(pieces), True
    return b"".join(pieces), False


def test_answers_are_those_of_the_practice_feed(send, reader, ad):
    response, body = send(f"/api/v1/feedentry/{ad}")
    assert response.status == 200
    assert response.getheader("Content-Type") == "application/json"
    assert body == reader.detail(ad).body
    response, body = send("/api/v1/feed")
    assert body == reader.get("/api/v1/feed").body
    assert response.getheader("ETag") == reader.get("/api/v1/feed").header("ETag")


def test_one_connection_serves_many_requests(send, client, ad):
    send("/api/publicToken")
    mine = client.sock.getsockname()
    for target, status in ((f"/api/v1/feedentry/{ad}", 200), ("/nowhere", 404), ("/", 404)):
        assert send(target)[0].status == status
    assert client.sock.getsockname() == mine


def test_connection_is_closed_on_request(send, client):
    send("/api/publicToken", Connection="close")
    assert client.sock is None or client.sock.recv(1) == b""


def test_gzip_when_requested(send, ad):
    _, plain = send(f"/api/v1/feedentry/{ad}")
    response, packed = send(f"/api/v1/feedentry/{ad}", Accept_Encoding="gzip, deflate")
    assert response.getheader("Content-Encoding") == "gzip"
    assert len(packed) < len(plain) / 2
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("deflate, gzip; q=0.000", False),
        ("br", False),
        ("x-gzip-not", False),
    ],
)
def test_gzip_is_not_sent_to_whom_it_is_worth_nothing(send, ad, accepted, packed):
    response, _ = send(f"/api/v1/feedentry/{ad}", Accept_Encoding=accepted)
    assert (response.getheader("Content-Encoding") == "gzip") is packed


def test_small_bodies_are_not_packed(send):
    for target in ("/api/v1/feed", "/api/publicToken"):
        response, body = send(target, Accept_Encoding="gzip")
        assert response.getheader("Content-Encoding") is None
        assert 0 < len(body) < 1_500


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_pages_come_in_chunks_and_details_do_not(send, reader, world, accepted):
    for _ in range(3):
        world.publish()
    response, body = send("/api/v1/feed", Accept_Encoding=accepted)
    assert response.getheader("Transfer-Encoding") == "chunked"
    assert response.getheader("Content-Length") is None
    text = gzip.decompress(body) if accepted == "gzip" else body
    assert text == reader.get("/api/v1/feed").body
    response, _ = send(f"/api/v1/feedentry/{world.active()[0]}", Accept_Encoding=accepted)
    assert response.getheader("Transfer-Encoding") is None
    assert int(response.getheader("Content-Length"))


def test_a_large_page_is_many_chunks(world):
    for _ in range(100):
        world.publish()
    practice = Practice(world)
    with (
        PracticeServer(practice) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection,
    ):
        connection.sendall(
            b"GET /api/v1/feed HTTP/1.1\r\nConnection: close\r\n"
            b"Authorization: Bearer " + practice.token.encode() + b"\r\n\r\n"
        )
        raw, broken = received(connection)
    _, _, body = raw.partition(b"\r\n\r\n")
    assert not broken
    assert body.startswith(b"8000\r\n")
    assert body.endswith(b"\r\n0\r\n\r\n")


def test_304_has_no_body_and_keeps_the_connection(send):
    etag = send("/api/v1/feed")[0].getheader("ETag")
    response, body = send("/api/v1/feed", If_None_Match=etag)
    assert (response.status, body, response.getheader("Content-Length")) == (304, b"", "0")
    assert send("/api/v1/feed")[0].status == 200


def test_head_is_answered_without_a_token(client):
    client.request("HEAD", "/api/v1/feed")
    assert client.getresponse().status == 200


@pytest.mark.parametrize("sent", [b"hei\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_no_http_ends_the_connection(server, sent):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        assert received(connection)[0] == b""


def test_several_connections_at_once(server, practice, ad):
    bodies = []

    def fetch():
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            for _ in range(20):
                connection.sendall(request_for(practice, ad))
            connection.shutdown(socket.SHUT_WR)
            bodies.append(received(connection)[0].count(b"HTTP/1.1 200 OK"))

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [20] * 8


def test_a_port_in_use_is_reported(server, practice):
    with pytest.raises(OSError, match="in use"):
        PracticeServer(practice, server.port).start()
    result = invoke(["practice", "--port", str(server.port), "--entries", "1"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"port {server.port} " in result.stderr
    assert "--port" in result.stderr


def test_reset_mid_body(raw, reader, ad):
    data, broken = raw(faults.reset_mid_body(0.5))
    head, _, body = data.partition(b"\r\n\r\n")
    assert broken
    assert not head or len(body) < len(reader.detail(ad).body)


@pytest.mark.parametrize("distort", [faults.cut_mid_body(0.5), faults.claim_longer(7)])
def test_content_length_larger_than_what_is_sent(send, practice, ad, distort):
    practice.script(faults.on("detail"), distort)
    with pytest.raises(http.client.IncompleteRead):
        send(f"/api/v1/feedentry/{ad}")


def test_longer_claim_sends_the_whole_body(raw, reader, ad):
    data, _ = raw(faults.claim_longer(7))
    head, _, body = data.partition(b"\r\n\r\n")
    assert body == reader.detail(ad).body
    assert b"Content-Length: %d\r\n" % (len(body) + 7) in head + b"\r\n"


def test_chunks_cut_short(send, practice, ad):
    practice.script(faults.on("detail"), faults.cut_chunks())
    with pytest.raises(http.client.IncompleteRead):
        send(f"/api/v1/feedentry/{ad}")


def test_closed_or_broken_off_before_an_answer(raw):
    assert raw(faults.close_unanswered) == (b"", False)
    assert raw(faults.reset_unanswered) == (b"", True)


def test_keep_alive_closed_between_requests(raw, reader, ad):
    data, broken = raw(faults.close_afterwards)
    assert data.endswith(reader.detail(ad).body)
    assert b"Connection: close" not in data
    assert not broken


def test_dribble_sends_everything_bit_by_bit(send, practice, reader, ad):
    practice.script(faults.on("detail"), faults.dribble(interval=0, size=200))
    assert send(f"/api/v1/feedentry/{ad}")[1] == reader.detail(ad).body


def test_hold_waits_for_its_gate(server, practice, reader, ad):
    gate = threading.Event()
    practice.script(faults.on("detail"), faults.hold(gate, share=0.5))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request_for(practice, ad))
        assert connection.recv(8) == b"HTTP/1.1"
        gate.set()
        connection.shutdown(socket.SHUT_WR)
        assert received(connection)[0].endswith(reader.detail(ad).body)


@pytest.mark.parametrize(
    "distort",
    [faults.hang, faults.stall_mid_body, faults.dribble(3600), faults.hold(threading.Event())],
)
def test_closing_waits_for_no_hung_client(practice, ad, distort):
    arrived = threading.Event()
    practice.script(lambda _: arrived.set() is None, distort)
    with PracticeServer(practice) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        connection.sendall(request_for(practice, ad))
        assert arrived.wait(10)
    with connection:
        data, _ = received(connection)
    assert not data.endswith(b"}")


def test_closing_ends_idle_connections(practice, ad):
    with PracticeServer(practice) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        connection.sendall(request_for(practice, ad))
        assert connection.recv(8) == b"HTTP/1.1"
    with connection:
        received(connection)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=10)


def begin_reading(server, practice, ad, size):
    """Read the beginning of an answer without end, and walk away."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request_for(practice, ad))
        data = b""
        while len(data) < size:
            data += connection.recv(65_536)
        return data


def test_gzip_bomb_swells_a_thousandfold(server, practice, ad):
    practice.script(faults.on("detail"), faults.gzip_bomb)
    data = begin_reading(server, practice, ad, 20_000)
    head, _, chunks = data.partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    first = chunks.partition(b"\r\n")[2]
    assert len(zlib.decompressobj(wbits=31).decompress(first, 10**6)) == 10**6


def test_body_without_end(server, practice, reader, ad):
    plain = reader.detail(ad).body
    practice.script(faults.on("detail"), faults.endless_body())
    body = begin_reading(server, practice, ad, 10**6)
    assert plain[:-1] in body
    assert plain not in body


def test_headers_without_end(server, practice, ad):
    practice.script(faults.on("detail"), faults.endless_headers)
    headers = begin_reading(server, practice, ad, 10**6)
    assert b"\r\n\r\n" not in headers
    assert headers.startswith(b"HTTP/1.1 200 OK\r\n")


def test_control_moves_the_world_on(send, world):
    before = len(world.entries())
    response, body = send("/practice/advance", "POST", '{"rounds": 2, "changes": 5, "seconds": 60}')
    answer = json.loads(body)
    assert response.status == 200
    assert sum(answer["counts"].values()) == len(world.entries()) - before
    assert answer["counts"]["published"] == len(answer["ads"]["published"])
    assert datetime.fromisoformat(answer["now"]) == world.now


def test_control_names_ten_ads_of_a_kind_at_most(send):
    answer = json.loads(send("/practice/advance", "POST", '{"changes": 100}')[1])
    assert answer["counts"]["published"] > len(answer["ads"]["published"]) == 10


def test_control_counts_connections(send, server):
    send("/practice/truth")
    assert json.loads(send("/practice/connections")[1]) == {"count": 1}
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as another:
        another.sendall(b"GET /practice/connections HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert json.loads(received(another)[0].partition(b"\r\n\r\n")[2]) == {"count": 2}


def test_control_reports_the_truth_and_counts_requests(send, world, practice, ad):
    send(f"/api/v1/feedentry/{ad}")
    send("/api/v1/feed")
    assert json.loads(send("/practice/truth")[1]) == world.truth()
    assert json.loads(send("/practice/requests")[1]) == {"detail": 1, "seek": 1}
    assert len(practice.requests) == 2


def test_control_scripts_faults(send, ad):
    order = {"fault": "503", "on": "detail", "ident": ad, "times": 1, "skip": 1}
    assert send("/practice/script", "POST", json.dumps(order))[0].status == 200
    assert [send(f"/api/v1/feedentry/{ad}")[0].status for _ in range(3)] == [200, 503, 200]
    send("/practice/script", "POST", '{"fault": "429", "times": null}')
    assert [send("/api/v1/feed")[0].status for _ in range(2)] == [429, 429]
    names = json.loads(send("/practice/script", "POST", '{"fault": null}')[1])["faults"]
    assert {"reset", "portal", "bomb"} <= set(names)
    assert send("/api/v1/feed")[0].status == 200


def test_control_replaces_the_token(send, practice):
    old = practice.token
    answer = json.loads(send("/practice/token", "POST", '{"life": 0}')[1])
    assert answer["token"] == practice.token != old
    assert send("/api/v1/feed")[0].status == 401


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("/practice/nothing", "{}", 404),
        ("/practice/advance", "{", 400),
        ("/practice/advance", "[]", 400),
        ("/practice/advance", '{"rounds": "many"}', 400),
        ("/practice/advance", '{"seconds": 1e300}', 400),
        ("/practice/script", '{"fault": "flood"}', 400),
        ("/practice/token", "{}", 400),
    ],
)
def test_control_refuses_bad_orders(send, target, body, status):
    response, answer = send(target, "POST", body)
    assert response.status == status
    assert "error" in json.loads(answer)


def test_run_serves_until_stopped_and_prints_nothing(capfd):
    stop, urls = threading.Event(), []

    def ready(server):
        urls.append(server.url)
        stop.set()

    run(now=NOW, entries=50, ready=ready, stop=stop)
    assert urls[0].startswith("http://127.0.0.1:")
    assert capfd.readouterr() == ("", "")


def test_live_worlds_move_on():
    """The stop event ends the third wait; no real time passes."""
    waits = []
    worlds = []

    class Stop:
        def wait(self, seconds):
            waits.append(seconds)
            return len(waits) >= 3

    run(
        now=NOW,
        entries=300,
        live=5.0,
        ready=lambda server: worlds.append(server.practice.world),
        stop=Stop(),
        passed=lambda: 1_000 + 60.0 * len(waits),  # a busy machine: each turn takes a minute
    )
    assert waits[:3] == [5.0, 5.0, 5.0]
    assert len(worlds[0].entries()) >= 304
    assert 120 <= (worlds[0].now - NOW).total_seconds() < 125


def test_an_interrupt_ends_a_run_in_good_order():
    servers = []

    class Interrupted:
        def wait(self, seconds):
            raise KeyboardInterrupt

    run(now=NOW, entries=5, ready=servers.append, stop=Interrupted())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", servers[0].port), timeout=10)


def test_answers_can_take_their_time(practice, monkeypatch):
    with PracticeServer(practice, latency=0.25) as server:
        waited = []
        monkeypatch.setattr(server._closing, "wait", waited.append)
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as client:
            client.request("GET", "/api/publicToken")
            assert client.getresponse().read()
    assert waited == [0.25]
