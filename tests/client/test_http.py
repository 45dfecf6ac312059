"""One GET: its deadline, its caps, what it makes of what comes."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
import zlib
from contextlib import closing
from datetime import UTC, datetime
from time import monotonic

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navfeed import __version__
from navfeed.client.http import DroppedError, Http, Reply, Request, http_date
from navfeed.errors import ConfigError, ContractError, NavfeedError, UnreachableError
from navfeed.practice import Practice, PracticeServer, World, faults
from support.canned import Canned
from support.clock import NOW
from support.tls import AUTHORITY, TlsFront, silent_port

GZIP = "Content-Encoding: gzip"
PACKED = gzip.compress(b"{}", mtime=0)


def get(http: Http, *, seconds: float = 10.0, most_bytes: int = 1_000, **headers: str) -> Reply:
    return http.get(Request("/api/v1/feed", most_bytes, headers), seconds=seconds)


# The request, the reply


def test_the_request_names_its_client_and_what_it_accepts(canned):
    canned.answers(b"{}")
    get(canned.http, Authorization="Bearer x.y.z")
    lines = b"".join(canned.sent).decode().split("\r\n")
    assert lines[0] == "GET /api/v1/feed HTTP/1.1"
    assert f"User-Agent: navfeed/{__version__}" in lines
    assert "Accept: application/json, text/plain;q=0.5" in lines
    assert "Accept-Encoding: gzip" in lines
    assert "Authorization: Bearer x.y.z" in lines


def test_the_path_of_the_base_stays_in_front(canned):
    canned.http.close()
    with closing(Http("http://127.0.0.1:80/nav/", size=1)) as http:
        canned.answers(b"{}")
        get(http)
    assert canned.sent[0].startswith(b"GET /nav/api/v1/feed HTTP/1.1")


def test_a_reply_is_whole_and_its_headers_have_small_names(canned):
    canned.answers(b'{"a":1}', "X-ODD: Value", "ETag: bare", status="203 So So")
    reply = get(canned.http)
    assert (reply.status, reply.body) == (203, b'{"a":1}')
    assert (reply.headers["x-odd"], reply.headers["etag"]) == ("Value", "bare")


def test_a_reply_shows_neither_headers_nor_body_in_its_repr(canned):
    canned.answers(b"se.cr.et", "X-Echo: se.cr.et")
    assert "se.cr.et" not in repr(get(canned.http))


def test_the_server_s_clock_is_read_from_its_answer(canned):
    canned.answers(b"", "Date: Sat, 21 Nov 2026 08:00:00 GMT")
    assert get(canned.http).served_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    canned.answers(b"")
    assert get(canned.http).served_at is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sat, 1 Jun 2024 00:00:00 +0200", datetime(2024, 5, 31, 22, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 08:00:00 GMT", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 08:00:00 -0000", None),
        ("Sat, 21 Nov 1999 08:00:00 GMT", None),
        ("Sat, 21 Nov 2200 08:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Mon, 01 Jun 2026 09:00:00 +99999999999999999999", None),
        ("Mon, 01 Jun 99999999999999999999 09:00:00 GMT", None),
        ("", None),
        ("snart", None),
    ],
)
def test_dates_are_read_where_some_clock_can_have_shown_them(text, moment):
    assert http_date(text) == moment


@given(st.text())
def test_no_text_makes_the_reading_of_dates_fail(text):
    http_date(text)


def test_cookies_are_not_kept(canned):
    for _ in range(2):
        canned.answers(b"{}", "Set-Cookie: a=b; Path=/; Domain=127.0.0.1")
        get(canned.http)
    assert b"cookie" not in b"".join(canned.sent).lower()


# Sizes


def test_a_body_may_be_as_large_as_the_cap_and_no_larger(canned):
    canned.answers(b"x" * 1_000)
    assert len(get(canned.http).body) == 1_000
    canned.answers(b"x" * 1_001)
    with pytest.raises(ContractError, match="larger than 1,000 bytes"):
        get(canned.http)


def test_gzip_is_unpacked(canned):
    for name in (GZIP, "Content-Encoding: GZip", "Content-Encoding: x-gzip"):
        canned.answers(gzip.compress(b'{"a":1}', mtime=0), name)
        assert get(canned.http).body == b'{"a":1}'


def test_gzip_that_comes_byte_by_byte_is_unpacked(canned):
    packed = gzip.compress(bytes(range(256)) * 500)
    head = f"HTTP/1.1 200 OK\r\n{GZIP}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    canned.will_send(head, *(packed[at : at + 1] for at in range(len(packed))))
    assert get(canned.http, most_bytes=128_000).body == bytes(range(256)) * 500


def test_a_gzip_bomb_is_noticed_before_it_is_unpacked(canned):
    canned.answers(gzip.compress(bytes(40 * 2**20), mtime=0), GZIP)
    tracemalloc.start()
    try:
        with pytest.raises(ContractError, match="larger than 200,000 bytes"):
            get(canned.http, most_bytes=200_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20


def test_gzip_of_nothing_is_capped_as_it_comes(canned):
    squeeze = zlib.compressobj(wbits=31)
    packed = squeeze.compress(b"{}") + squeeze.flush(zlib.Z_SYNC_FLUSH)
    canned.answers(packed + b"\x00\x00\x00\xff\xff" * 1_000, GZIP)
    with pytest.raises(ContractError, match="larger than 1,000 bytes"):
        get(canned.http)


def test_gzip_with_something_behind_it_is_refused(canned):
    canned.answers(PACKED + b"more", GZIP)
    with pytest.raises(ContractError, match="declared as gzip and is not"):
        get(canned.http)


@pytest.mark.parametrize("body", [b"no gzip", b"\x1f\x8b\xff\xff", PACKED[2:]])
def test_what_is_no_gzip_is_refused(canned, body):
    canned.answers(body, GZIP)
    with pytest.raises(ContractError, match="declared as gzip and is not"):
        get(canned.http)


def test_gzip_that_ends_early_is_a_broken_connection(canned):
    canned.answers(PACKED[:-3], GZIP)
    with pytest.raises(DroppedError, match="broke off"):
        get(canned.http)


def test_nothing_at_all_needs_no_unpacking(canned):
    canned.answers(b"", GZIP, status="304 Not Modified")
    assert get(canned.http).body == b""


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_encodings_are_refused(canned, coding):
    canned.answers(b"{}", f"Content-Encoding: {coding}")
    with pytest.raises(ContractError, match="was not requested"):
        get(canned.http)


def test_headers_are_capped(canned):
    canned.will_send(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 10_000] * 100)
    with pytest.raises(DroppedError, match="no HTTP"):
        get(canned.http)


# What breaks


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
        [b"HTTP/1.1 200 OK\r\n", ConnectionResetError()],
        [b"ftp ready\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n"],
    ],
    ids=["nothing", "short", "chunks", "reset", "no http", "length"],
)
def test_a_connection_that_breaks_is_worth_another_try(canned, pieces):
    canned.will_send(*pieces)
    with pytest.raises(DroppedError) as caught:
        get(canned.http)
    assert caught.value.may_retry
    assert "run again" in str(caught.value)


def test_trouble_that_is_no_broken_connection_names_the_origin(canned, monkeypatch):
    def unplugged(*_: object) -> None:
        raise OSError("the cable is out")

    monkeypatch.setattr(socket, "create_connection", unplugged)
    with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1.*the cable is out") as caught:
        get(canned.http)
    assert not isinstance(caught.value, DroppedError)


@pytest.mark.parametrize("location", ["https://xn--a.example/", "data:application/json,{}"])
def test_a_location_that_is_no_address_leads_nowhere(canned, location):
    canned.answers(b"", f"Location: {location}", status="302 Found")
    assert canned.http.location(get(canned.http), "/") is None


def test_once_it_is_closed_nothing_more_is_requested(server):
    """The threads of a run that was stopped have questions left; they end with the process."""
    http = Http(server.url, size=1)
    http.close()
    with pytest.raises(UnreachableError, match="the run is over") as caught:
        get(http)
    assert not caught.value.may_retry
    assert server.practice.requests == []


def test_closing_closes_the_connections(server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with TlsFront(server.port) as front:
        http = Http(front.url, size=1)
        get(http)
        http.close()
        assert front.ended.wait(10)


# The deadline


@pytest.fixture
def server():
    with PracticeServer(Practice(World(1, now=NOW))) as server:
        yield server


def took_less_than(seconds: float, since: float) -> bool:
    return monotonic() - since < seconds


@pytest.mark.parametrize("slow", [faults.dribble(0.05), faults.hang, faults.stall_mid_body])
def test_the_deadline_holds_for_the_whole_request(server, slow):
    server.practice.script(faults.anything, slow, times=None)
    with closing(Http(server.url, size=1)) as http:
        since = monotonic()
        with pytest.raises(UnreachableError, match=r"within 0\.2 seconds") as caught:
            http.get(Request("/api/publicToken", 10**6), seconds=0.2)
        assert took_less_than(5, since)
        assert caught.value.may_retry


def test_a_deadline_that_is_over_leaves_no_time_to_write(canned):
    canned.answers(b"{}")
    with pytest.raises(UnreachableError, match="within 0 seconds"):
        get(canned.http, seconds=0)


def test_a_handshake_that_hangs_is_no_connection():
    with (
        silent_port() as port,
        closing(Http(f"https://127.0.0.1:{port}", size=1)) as http,
        pytest.raises(UnreachableError, match=r"no connection within 0\.2 seconds"),
    ):
        get(http, seconds=0.2)


def test_the_time_for_connecting_is_limited_by_itself(monkeypatch):
    monkeypatch.setattr("navfeed.client.http.CONNECT_SECONDS", 0.2)
    with (
        silent_port() as port,
        closing(Http(f"https://127.0.0.1:{port}", size=1)) as http,
        pytest.raises(UnreachableError, match=r"no connection within 0\.2 seconds"),
    ):
        get(http, seconds=60)


def test_one_thread_s_deadline_is_not_another_s(server):
    """The deadline of a request that is over does not apply to the next."""
    with closing(Http(server.url, size=1)) as http:
        server.practice.script(faults.anything, faults.hang, times=1)
        with pytest.raises(UnreachableError):
            http.get(Request("/api/publicToken", 10**6), seconds=0.1)
        reply = http.get(Request("/api/publicToken", 10**6), seconds=10)
        assert reply.status == 200


# Certificates


def test_an_untrusted_certificate_is_final_and_reported_with_its_reason(server):
    with TlsFront(server.port) as front, closing(Http(front.url, size=1)) as http:
        with pytest.raises(UnreachableError, match=r"certificate.*self-signed") as caught:
            get(http)
        assert not caught.value.may_retry


def test_a_trusted_certificate_is_good(server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with TlsFront(server.port) as front, closing(Http(front.url, size=1)) as http:
        for _ in range(2):  # the second over the same connection
            assert get(http).status == 401
        assert front.connections == 1


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_authorities_that_cannot_be_read_are_a_mistake_of_the_settings(
    tmp_path, monkeypatch, content
):
    file = tmp_path / "ca.pem"
    if content:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        Http("https://feed.example", size=1)


def test_clear_text_needs_no_authorities(monkeypatch):
    def load(*_args, **_kwargs):
        raise AssertionError

    monkeypatch.setattr(httpx, "create_ssl_context", load)
    Http("http://127.0.0.1:1", size=1).close()


# Redirects

BASE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/x?y=1", f"{BASE}/x?y=1"),
        (f"{BASE}/x", f"{BASE}/x"),
        ("HTTP://127.0.0.1:8080/x", f"{BASE}/x"),
        ("?y", f"{BASE}/api/v1/feed?y"),
        ("../x", f"{BASE}/api/x"),
        ("", f"{BASE}/api/v1/feed"),
        ("http://127.0.0.1:8081/x", None),
        ("https://127.0.0.1:8080/x", None),
        ("//127.0.0.1/x", None),
        ("http://localhost:8080/x", None),
        ("http://127.0.0.1:8080@evil.example/x", None),
        ("http://me@127.0.0.1:8080/x", None),
        ("http://[::1", None),
        ("http://xn--a.example/", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
    ],
)
def test_a_redirect_is_worth_following_on_the_same_origin_only(location, target):
    with closing(Http(BASE, size=1)) as http:
        reply = Reply(302, {"location": location}, b"")
        assert http.location(reply, "/api/v1/feed") == target


def test_a_redirect_under_a_base_with_a_path_is_not_put_below_it_twice(canned):
    with closing(Http("http://127.0.0.1/nav", size=1)) as http:
        reply = Reply(302, {"location": "/nav/x"}, b"")
        target = http.location(reply, "/api/v1/feed")
        canned.answers(b"{}")
        http.get(Request("/api/v1/feed", 9, at=target), seconds=1)
    assert canned.sent[0].startswith(b"GET /nav/x HTTP/1.1")


@given(st.text())
def test_no_location_makes_the_reading_of_redirects_fail(location):
    with closing(Http(BASE, size=1)) as http:
        target = http.location(Reply(302, {"location": location}, b""), "/api/v1/feed")
    assert target is None or target.startswith(f"{BASE}/")


# Proxies


def proxied(monkeypatch, address: str) -> bytes:
    """What a proxy on a port of ours receives first."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        monkeypatch.setenv("HTTPS_PROXY", address.format(port=listener.getsockname()[1]))
        http = Http("https://feed.example", size=1)
        with closing(http), pytest.raises(UnreachableError):
            get(http, seconds=0.3, Authorization="Bearer x.y.z")
        with closing(listener.accept()[0]) as client:
            return client.recv(65_536)


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "127.0.0.1:{port}"])
def test_a_proxy_of_the_environment_is_used_for_https(monkeypatch, address):
    message = proxied(monkeypatch, address)
    assert message.startswith(b"CONNECT feed.example:443 HTTP/1.1\r\n")
    assert b"Bearer" not in message


def test_a_proxy_gets_its_password(monkeypatch):
    assert b"Proxy-Authorization: Basic bWU6aXQ=" in proxied(
        monkeypatch, "http://me:it@127.0.0.1:{port}"
    )


@pytest.mark.parametrize("address", ["socks5://p:1", "ftp://p", "http://[::1", "http://a b\x7f"])
def test_a_proxy_of_another_kind_is_a_mistake_of_the_settings(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        Http("https://feed.example", size=1)
    assert address not in str(caught.value)


def test_no_proxy_comes_between_us_and_this_machine(monkeypatch, server):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with closing(Http(server.url, size=1)) as http:
        assert get(http).status == 401


def test_a_host_may_be_kept_from_the_proxy(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://would.be.refused")
    monkeypatch.setenv("NO_PROXY", "feed.example")
    Http("https://feed.example", size=1).close()


# Whatever comes

STARTS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"HTTP/1.0 404 \r\n",
    b"HTTP/1.1 100 C\r\n",
]
HEADERS = [
    b"Content-Length: 3\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"Date: x\r\n",
    b"Connection: close\r\n",
    b" folded\r\n",
    b": \r\n",
    b"Set-Cookie: a=b; Expires=never; Domain=..\r\n",
]
ENDS = [
    b"\r\n",
    b"\r\nabc",
    b"\r\n3\r\nabc\r\n0\r\n\r\n",
    b"\r\n" + gzip.compress(b"abc", mtime=0),
    b"\r\nffffffffffffffffffff\r\n",
]
LOCATIONS = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")).map(
        lambda text: text.encode("latin-1")
    ),
    st.sampled_from([b"//", b"http:", b"http://", b"https://xn--/", b"http://a:b/", b"?", b"#"]),
)


@given(
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(HEADERS), max_size=4),
    LOCATIONS,
    st.sampled_from(ENDS),
    st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=4)), max_size=3),
)
def test_no_bytes_of_a_server_raise_anything_but_our_own(start, headers, location, end, changes):
    response = bytearray(start + b"".join(headers) + b"Location: " + location + b"\r\n" + end)
    for at, data in changes:
        response[at : at + len(data)] = data
    with pytest.MonkeyPatch.context() as patch:
        canned = Canned(patch)
        canned.will_send(bytes(response))
        with closing(canned.http):
            message = message_of(canned.http)
    assert message.isprintable()


def message_of(http: Http) -> str:
    """The message of what went wrong, if anything did."""
    try:
        reply = get(http)
    except NavfeedError as error:
        return str(error)
    return f"{reply.served_at} {http.location(reply, '/api/v1/feed')}"
