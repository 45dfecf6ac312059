"""Webhooks: what each service is sent, what its answers mean, and that nothing leads elsewhere."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cli.support import ad, uuid_of
from support.hookserver import HookServer
from support.tls import AUTHORITY, TlsFront
from watches.subscriber import Subscriber

HOSTILE = {
    "title": "@everyone <!channel> [klikk](https://evil.example) *fet* <at>alle</at>",
    "employer": {"name": "A & B <script>", "orgnr": None},
}


@pytest.fixture
def server() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server


def post(me: Subscriber, server: HookServer, way: str, *ads: dict, path: str = "/hook") -> list:
    """What a watch on Bergen posts of new ads."""
    me.add("bergen", "--municipal", "bergen", "--to", f"{way}:{server.url}{path}")
    me.sync(*ads)
    assert me.do("watch", "run") == ""
    return [one.body for one in server.posted]


def test_generic_json_is_that_of_stdout(me: Subscriber, server: HookServer):
    (body,) = post(me, server, "webhook", ad(3), path="/a/b?token=x")
    assert server.posted[0].path == "/a/b?token=x"
    assert server.posted[0].headers["Content-Type"] == "application/json"
    assert body["watches"][0]["ads"][0]["uuid"] == uuid_of(3)
    assert body["summary"] == "1 new: bergen"
    assert me.do("watch", "run") == ""
    assert len(server.posted) == 1


def test_a_name_and_a_password_in_the_address_are_credentials(me: Subscriber, server: HookServer):
    me.add(
        "bergen", "--municipal", "bergen", "--to", f"webhook:http://me:pa%20ss@{server.url[7:]}/"
    )
    me.sync(ad(3))
    assert me.do("watch", "run") == ""
    assert server.posted[0].headers["Authorization"] == "Basic bWU6cGEgc3M="
    assert "@" not in server.posted[0].path


def test_ntfy_of_one_ad_opens_its_application(me: Subscriber, server: HookServer):
    (body,) = post(me, server, "ntfy", ad(3), path="/my-topic")
    assert server.posted[0].path == "/"
    assert body["topic"] == "my-topic"
    assert body["title"] == "New: Sykepleier natt"
    assert body["click"] == "https://sykehjem.example/sok/1"
    assert "Bergen kommune" in body["message"]


def test_ntfy_of_many_ads_is_a_message_for_ten_of_them(me: Subscriber, server: HookServer):
    bodies = post(me, server, "ntfy", *(ad(n) for n in range(3, 15)), path="/t")
    assert [body["title"] for body in bodies] == ["10 new: bergen", "2 new: bergen"]
    assert all(len(body["message"].encode()) < 4_096 for body in bodies)


def test_slack_gets_links_and_no_commands(me: Subscriber, server: HookServer):
    (body,) = post(me, server, "slack", ad(3, **HOSTILE))
    output = json.dumps(body, ensure_ascii=False)
    assert "<https://sykehjem.example/sok/1|Apply>" in output
    assert "<!channel>" not in output
    assert "&lt;!channel&gt;" in output
    assert len(body["blocks"]) == 2


@pytest.mark.parametrize("way", ["slack", "discord"])
def test_an_address_is_an_address_to_its_end(me: Subscriber, server: HookServer, way):
    hostile = ad(3, applicationUrl="https://x.example/>[klikk](https://evil.example)|`<!channel>")
    (body,) = post(me, server, way, hostile)
    output = json.dumps(body)
    assert "x.example/%3E[klikk](https://evil.example)%7C%60%3C!channel%3E" in output


def test_discord_mentions_nobody(me: Subscriber, server: HookServer):
    bodies = post(me, server, "discord", *(ad(n, **HOSTILE) for n in range(3, 9)))
    assert [len(body["embeds"]) for body in bodies] == [5, 1]
    assert bodies[0]["allowed_mentions"] == {"parse": []}
    embed = bodies[0]["embeds"][0]
    assert embed["title"].startswith("\\@everyone \\<\\!channel\\> \\[klikk\\]\\(https\\:")
    assert embed["url"].startswith("https://arbeidsplassen.nav.no/")


def test_teams_gets_a_card(me: Subscriber, server: HookServer):
    (body,) = post(me, server, "teams", ad(3, **HOSTILE))
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert [block["type"] for block in card["body"]] == ["TextBlock"] * 3 + ["ActionSet"]
    assert card["body"][3]["actions"][0]["url"].endswith("/sok/1")
    assert "<at>" not in json.dumps(card)


@pytest.mark.parametrize("way", ["webhook", "ntfy", "slack", "discord", "teams"])
def test_a_message_stays_small_whatever_the_ads_say(me: Subscriber, server: HookServer, way):
    long = ad(
        3,
        title="Æ" * 50_000,
        employer={"name": "Ø" * 50_000, "orgnr": None},
        description=f"<p>{'Å' * 50_000}</p>",
        applicationUrl=f"https://example.org/{'x' * 50_000}",
        workLocations=[ad(1)["workLocations"][0] | {"municipal": f"M{n}"} for n in range(900)]
        + ad(1)["workLocations"],
    )
    (body,) = post(me, server, way, long)
    assert len(json.dumps(body, ensure_ascii=False).encode()) < 6_000


@pytest.mark.parametrize("way", ["webhook", "ntfy", "slack", "discord", "teams"])
def test_an_ad_that_is_gone_is_an_id(me: Subscriber, server: HookServer, way):
    post(me, server, way, ad(3))
    me.sync(stop=[3])
    assert me.do("watch", "run") == ""
    output = json.dumps(server.posted[-1].body)
    assert uuid_of(3) in output.replace("\\\\", "")
    assert "Sykepleier" not in output
    assert "https:" not in output


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "answered 500"),
        (404, "answered 404: nothing exists at that URL"),
        (401, "answered 401: the token is missing or wrong"),
        (307, "a redirect, which is not followed"),
    ],
)
def test_what_is_refused_waits(me: Subscriber, server: HookServer, status, message):
    server.answers = [(status, {"Location": f"{server.url}/elsewhere"})]
    me.add("bergen", "--municipal", "bergen", "--to", f"webhook:{server.url}/secret-token")
    me.sync(ad(3))
    result = me.run("watch", "run")
    assert (result.exit_code, result.stdout) == (4, "")
    assert message in result.stderr
    assert "secret-token" not in result.stderr
    me.pass_time(minutes=6)
    assert me.do("watch", "run") == ""
    assert [one.path for one in server.posted] == ["/secret-token", "/secret-token"]


def test_nothing_goes_to_a_server_with_an_unknown_certificate(me: Subscriber, server, monkeypatch):
    with TlsFront(server.port) as front:
        me.add("bergen", "--municipal", "bergen", "--to", f"webhook:{front.url}/")
        me.sync(ad(3))
        refused = me.run("watch", "run")
        assert (refused.exit_code, server.posted) == (4, [])
        assert "certificate verify failed" in refused.stderr
        monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
        me.do("watch", "run", "--now")
    assert len(server.posted) == 1


def test_a_requested_pause_is_kept(me: Subscriber, server: HookServer):
    server.answers = [(429, {"Retry-After": "3600"})]
    me.add("bergen", "--municipal", "bergen", "--to", f"webhook:{server.url}")
    me.sync(ad(3))
    me.run("watch", "run")
    me.pass_time(minutes=30)
    me.run("watch", "run")
    assert len(server.posted) == 1
    me.pass_time(minutes=31)
    assert me.do("watch", "run") == ""
    assert len(server.posted) == 2


def test_of_a_digest_in_parts_the_rest_waits(me: Subscriber, server: HookServer):
    server.answers = [(200, {}), (500, {})]
    me.add("bergen", "--municipal", "bergen", "--to", f"discord:{server.url}")
    me.sync(*(ad(n) for n in range(3, 11)))
    assert me.run("watch", "run").exit_code == 4
    me.pass_time(minutes=6)
    assert me.do("watch", "run") == ""
    counts = [len(one.body["embeds"]) for one in server.posted]
    assert counts == [5, 3, 3]
    assert len({embed["url"] for one in server.posted for embed in one.body["embeds"]}) == 8


def test_a_channel_that_is_down_does_not_block_another(me: Subscriber):
    me.add(
        *("bergen", "--municipal", "bergen", "--format", "json"),
        *("--to", "webhook:http://127.0.0.1:1/x", "--to", "stdout"),
    )
    me.sync(ad(3))
    result = me.run("watch", "run")
    assert result.exit_code == 4
    assert "1 new: bergen" in result.stdout
    assert "cannot be reached: Connection refused" in result.stderr
    assert me.run("watch", "run").stdout == ""


def test_a_server_that_drips_is_cut_off(me: Subscriber, monkeypatch):
    """A timeout of the socket's would restart with every byte."""
    monkeypatch.setattr("navfeed.watches.channels.webhook.SECONDS", 0.3)
    done = threading.Event()

    def drip(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            with suppress(OSError):
                while not done.wait(0.05):
                    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        me.add("bergen", "--municipal", "bergen", "--to", f"webhook:{url}")
        me.sync(ad(3))
        result = me.run("watch", "run")
        done.set()
        thread.join(10)
    assert result.exit_code == 4
    assert "cannot be reached" in result.stderr
