"""HTTP/1.1 on a connection: when it is used again, where a body ends, and proxies."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from time import monotonic

import httpx
import pytest

from navfeed.client import transport as client_transport
from navfeed.client.http import DroppedError, Http, Request
from navfeed.client.transport import Transport
from navfeed.errors import UnreachableError
from navfeed.practice import Practice, PracticeServer, World
from support.canned import Canned
from support.clock import NOW
from support.proxy import TunnelProxy
from support.tls import AUTHORITY, TlsFront, silent_port

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def body(http: Http) -> bytes:
    return http.get(Request("/x", 100_000), seconds=10).body


# One connection for many requests


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 3\r\n\r\nabc",
        CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"2 ; x=y\r\nab\r\n1\nc\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
        + OK
        + b"Content-Length: 3\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_an_answer_with_an_end_leaves_the_connection_for_the_next(
    canned: Canned, answer: bytes
) -> None:
    for _ in range(3):
        canned.will_send(answer)
        assert body(canned.http) == b"abc"
    assert canned.connections == 1


@pytest.mark.parametrize("status", ["204 None", "304 Not Modified"])
def test_an_answer_without_a_body_may_name_its_length(canned: Canned, status: str) -> None:
    for _ in range(2):
        canned.answers(b"", "Content-Length: 500", status=status, length=False)
        assert body(canned.http) == b""
    assert canned.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"\r\nabc",
        OK + b"Content-Length: 3, 3\r\nContent-Length: 3\r\n\r\nabc",
        OK + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        OK + b"Content-Length: 3\r\n\r\nabcHTTP/1.1 200 Smuggled\r\n",
    ],
    ids=["no length", "two lengths", "close", "1.0", "more behind it"],
)
def test_other_answers_end_their_connection(canned: Canned, answer: bytes) -> None:
    for _ in range(2):
        canned.will_send(answer)
        assert body(canned.http) == b"abc"
    assert canned.connections == 2


def test_an_answer_that_is_not_read_to_its_end_ends_its_connection(canned: Canned) -> None:
    for _ in range(2):
        canned.answers(b"x" * 200_000)
        with pytest.raises(Exception, match="larger than"):
            body(canned.http)
    assert canned.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_transport, "IDLE_SECONDS", 0.0)
    for _ in range(2):
        canned.answers(b"abc")
        body(canned.http)
    assert canned.connections == 2


def test_what_is_sent_without_a_request_ends_the_connection(canned: Canned) -> None:
    canned.answers(b"abc")
    body(canned.http)
    canned.sockets[0].becomes_readable()
    canned.answers(b"abc")
    body(canned.http)
    assert canned.connections == 2


def test_without_poll_select_looks_whether_something_came(
    canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(select, "poll")
    test_what_is_sent_without_a_request_ends_the_connection(canned)


def test_no_more_connections_stay_open_than_configured(canned: Canned) -> None:
    transport = Transport(httpx.URL("http://127.0.0.1"), size=1)
    canned.will_send(*[OK + b"Content-Length: 1\r\n\r\n", b"a"] * 2)
    answers = [transport.handle_request(get("http://127.0.0.1/")) for _ in range(1)]
    canned.will_send(OK + b"Content-Length: 1\r\n\r\n")
    answers.append(transport.handle_request(get("http://127.0.0.1/")))
    canned.will_send(b"a", b"b")
    assert [b"".join(one.iter_raw()) for one in answers] == [b"a", b"b"]
    assert [one.is_closed for one in canned.sockets] == [False, True]
    transport.close()
    assert [one.is_closed for one in canned.sockets] == [True, True]


def test_threads_share_as_many_connections_as_there_are_threads(
    front: TlsFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    request = Request("/api/publicToken", 10_000)
    with closing(Http(front.url, size=4)) as http, ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: http.get(request, seconds=10), range(40)))
    assert {reply.status for reply in replies} == {200}
    assert front.connections <= 4


def test_an_answer_that_was_closed_has_no_body(canned: Canned) -> None:
    transport = Transport(httpx.URL("http://127.0.0.1"), size=1)
    canned.answers(b"abc")
    answer = transport.handle_request(get("http://127.0.0.1/"))
    answer.close()
    assert list(answer.stream) == []
    assert canned.sockets[0].is_closed


def get(url: str, seconds: float = 10.0) -> httpx.Request:
    return httpx.Request("GET", url, extensions={"ends": monotonic() + seconds, "connect": 10.0})


# Where a body ends


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 4\r\n\r\nabc",
        OK + b"Content-Length: 3, 4\r\n\r\nabcd",
        OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        OK + b"Content-Length: +3\r\n\r\nabc",
        OK + b"Content-Length: -1\r\n\r\nabc",
        OK + b"Content-Length:\r\n\r\nabc",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"no header\r\nContent-Length: 3\r\n\r\nabc",
        CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"1_0\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nabc",
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\n",
        CHUNKED + b"3;" + b"x" * 2_000 + b"\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"0\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_a_body_without_a_certain_end_is_refused(canned: Canned, answer: bytes) -> None:
    canned.will_send(answer)
    with pytest.raises(DroppedError, match="broke off, or is no HTTP"):
        body(canned.http)


def test_long_headers_are_cut_off_early(canned: Canned) -> None:
    pieces = [b"X: " + b"y" * 60_000 + b"\r\n"] * 50
    canned.will_send(OK, *pieces)
    with pytest.raises(DroppedError, match="is no HTTP"):
        body(canned.http)
    assert len(canned.left) > 40


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nX: y", "a\rX: y"])
def test_a_header_that_would_be_two_is_not_sent(canned: Canned, value: str) -> None:
    canned.answers(b"")
    with pytest.raises(UnreachableError, match="the end of a line"):
        canned.http.get(Request("/x", 9, {"If-None-Match": value}), seconds=1)
    assert canned.sent == []


# Proxies


@pytest.fixture
def front() -> Iterator[TlsFront]:
    """A practice feed behind TLS; it counts connections."""
    with (
        PracticeServer(Practice(World(1, now=NOW))) as server,
        TlsFront(server.port) as front,
    ):
        yield front


def through(front_url: str, proxy: str) -> Transport:
    trust = ssl.create_default_context(cafile=AUTHORITY)
    return Transport(httpx.URL(front_url), size=1, trust=trust, proxy=httpx.Proxy(proxy))


def ask_twice(transport: Transport, url: str) -> None:
    with closing(transport):
        for _ in range(2):
            answer = transport.handle_request(get(f"{url}/api/publicToken"))
            text = b"".join(answer.iter_raw())
            assert (answer.status_code, b"token" in text.lower()) == (200, True)


def test_a_tunnel_is_used_for_many_requests(front: TlsFront) -> None:
    with TunnelProxy() as proxy:
        ask_twice(through(front.url, f"http://me:it@127.0.0.1:{proxy.port}"), front.url)
        (request,) = proxy.connects
    address = front.url.removeprefix("https://")
    assert (
        request
        == (
            f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n"
            "Proxy-Authorization: Basic bWU6aXQ=\r\n\r\n"
        ).encode()
    )
    assert front.connections == 1


def test_a_proxy_may_be_behind_tls_itself(front: TlsFront) -> None:
    with TunnelProxy() as proxy, TlsFront(proxy.port) as outer:
        ask_twice(through(front.url, outer.url), front.url)
        (request,) = proxy.connects
    assert request.startswith(b"CONNECT ")
    assert (outer.connections, front.connections) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 407 Who\r\n\r\n", "the proxy answers 407"),
        (b"ftp ready\r\n\r\n", "the proxy does not speak HTTP"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_named(front: TlsFront, answer: bytes, error: str) -> None:
    with (
        TunnelProxy(answer) as proxy,
        closing(through(front.url, f"http://127.0.0.1:{proxy.port}")) as transport,
    ):
        with pytest.raises(httpx.TransportError, match=error):
            transport.handle_request(get(front.url))
    assert front.connections == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_hangs_is_cut_by_the_deadline(scheme: str) -> None:
    with (
        silent_port() as port,
        closing(through("https://feed.example", f"{scheme}://127.0.0.1:{port}")) as transport,
        pytest.raises(httpx.ConnectTimeout),
    ):
        transport.handle_request(get("https://feed.example", seconds=0.2))


def test_an_origin_that_hangs_behind_tls_twice_is_cut_by_the_deadline() -> None:
    with silent_port() as port, TunnelProxy() as proxy, TlsFront(proxy.port) as outer:
        origin = f"https://127.0.0.1:{port}"
        with closing(through(origin, outer.url)) as transport, pytest.raises(httpx.ConnectTimeout):
            transport.handle_request(get(origin, seconds=0.3))


def test_an_origin_that_goes_away_behind_tls_twice_is_a_broken_connection() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        with TunnelProxy() as proxy, TlsFront(proxy.port) as outer:
            origin = f"https://127.0.0.1:{port}"
            with closing(through(origin, outer.url)) as transport:
                listener.close()
                with pytest.raises(httpx.ConnectError):
                    transport.handle_request(get(origin, seconds=5))


def test_an_untrusted_origin_behind_a_proxy_is_refused(front: TlsFront) -> None:
    with TunnelProxy() as proxy:
        transport = Transport(
            httpx.URL(front.url),
            size=1,
            trust=ssl.create_default_context(),
            proxy=httpx.Proxy(f"http://127.0.0.1:{proxy.port}"),
        )
        with closing(transport), pytest.raises(httpx.ConnectError, match="certificate"):
            transport.handle_request(get(front.url))


def test_an_address_of_ip6_is_written_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy(b"HTTP/1.1 502 No\r\n\r\n") as proxy:
        transport = through("https://[2001:db8::1]", f"http://127.0.0.1:{proxy.port}")
        with closing(transport), pytest.raises(httpx.ConnectError):
            transport.handle_request(get("https://[2001:db8::1]"))
    assert proxy.connects[0].startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n")


def test_a_name_that_dns_does_not_allow_is_unreachable() -> None:
    with closing(Http(f"http://{'a' * 70}.example", size=1)) as http:
        with pytest.raises(UnreachableError, match="cannot reach"):
            body(http)
