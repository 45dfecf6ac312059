"""Mail, through a real server: accepted once, refused for now or for good, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.support import ad, uuid_of
from support.mailserver import MailServer
from support.tls import AUTHORITY
from watches.subscriber import OSLO, Subscriber


@pytest.fixture(autouse=True)
def known_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    monkeypatch.delenv("NAVFEED_MAIL_PASSWORD", raising=False)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def subscribe(me: Subscriber, server: MailServer, *more: str) -> None:
    """A watch on Bergen that delivers by mail, and a new matching ad."""
    mail = ["[mail]", 'host = "127.0.0.1"', f"port = {server.port}", 'from = "navfeed@example.org"']
    me.watches.write_text("\n".join([*mail, *more, ""]), encoding="utf-8")
    me.add("bergen", "--municipal", "bergen", "--to", "mail:me@example.org")
    me.sync(ad(3))


def run(me: Subscriber) -> tuple[int, str]:
    result = me.run("watch", "run")
    assert result.stdout == ""
    return result.exit_code, result.stderr


def test_one_mail_as_text_and_html(me: Subscriber, server: MailServer):
    subscribe(me, server)
    assert run(me) == (0, "")
    (mail,) = server.accepted
    assert server.envelopes[0].rcpt_tos == ["me@example.org"]
    assert mail["Subject"] == "1 new: bergen"
    assert mail["List-Id"] == "navfeed watches <navfeed.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
    assert mail["Message-ID"].endswith("@example.org>")
    text, html = mail.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert "NEW: Sykepleier natt" in text.get_content()
    assert "Apply: https://sykehjem.example/sok/1" in text.get_content()
    assert 'href="https://sykehjem.example/sok/1"' in html.get_content()
    assert run(me) == (0, "")
    assert len(server.accepted) == 1


def test_one_digest_for_several_watches(me: Subscriber, server: MailServer):
    subscribe(me, server)
    me.add("cooks", "--text", "kokk", "--to", "mail:me@example.org")
    me.sync(ad(4, title="Kokk", workLocations=OSLO))
    assert run(me) == (0, "")
    (mail,) = server.accepted
    assert mail["Subject"] == "2 new: bergen, cooks"


@pytest.mark.parametrize(
    ("answer", "at"),
    [
        ("450 4.2.0 Greylisted, see you later", "RCPT"),
        ("451 4.3.0 Out of memory", "DATA"),
        ("550 5.1.1 No such user", "RCPT"),
        ("554 5.7.1 Looks like spam", "DATA"),
    ],
)
def test_what_is_refused_waits_and_is_reported_once(me: Subscriber, server, answer, at):
    subscribe(me, server)
    server.at, server.answers = at, [answer, answer]
    code, output = run(me)
    assert code == 4
    assert f"mail:me@example.org: mail server 127.0.0.1:{server.port}: {answer}" in output
    assert "Its notifications are kept and retried automatically" in output
    assert run(me) == (4, "")  # not retried so soon
    assert len(server.answers) == 1
    me.pass_time(minutes=6)
    assert run(me) == (4, "")
    me.pass_time(minutes=6)
    assert run(me) == (4, "")  # twice as long this time
    me.pass_time(minutes=5)
    assert run(me) == (0, "")
    assert [mail["Subject"] for mail in server.accepted] == ["1 new: bergen"]
    assert run(me) == (0, "")


def test_a_server_that_is_down_gets_what_is_news_by_then(me: Subscriber):
    with MailServer() as server:
        subscribe(me, server)
    assert run(me)[0] == 4
    me.sync(ad(4), stop=[3])
    me.sync(ad(5))
    me.pass_time(hours=1)
    with MailServer() as server:
        text = me.watches.read_text(encoding="utf-8")
        port = text.partition("port = ")[2].split()[0]
        me.watches.write_text(text.replace(port, str(server.port)), encoding="utf-8")
        assert run(me) == (0, "")
        (mail,) = server.accepted
    assert mail["Subject"] == "2 new: bergen"
    assert "00000003" not in mail.as_string()


def test_an_outage_without_pending_mail_is_over(me: Subscriber, server: MailServer):
    """Otherwise the next outage, weeks later, would count as a repeat and go unreported."""
    subscribe(me, server)
    server.answers = ["451 4.3.0 Out of memory"]
    assert run(me)[0] == 4
    me.sync(stop=[3])
    me.pass_time(minutes=6)
    assert run(me) == (0, "")
    me.sync(ad(4))
    server.answers = ["451 4.3.0 Out of memory"]
    code, output = run(me)
    assert (code, "Out of memory" in output) == (4, True)


def test_an_error_at_quit_sends_nothing_again(me: Subscriber, server: MailServer):
    """Once it is accepted, nothing may make it be sent again."""
    subscribe(me, server)
    server.hang_up_at_quit = True
    assert run(me) == (0, "")
    assert run(me) == (0, "")
    assert len(server.accepted) == 1


def test_the_same_news_has_the_same_id(me: Subscriber, server: MailServer, monkeypatch):
    """A crash between acceptance and our own record delivers once more, recognisably."""
    subscribe(me, server)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("navfeed.watches.deliver.Deliverer._accepted", crash)
        me.run("watch", "run")
    assert run(me) == (0, "")
    first, second = server.accepted
    assert first["Message-ID"] == second["Message-ID"]


def test_a_login_over_tls(me: Subscriber, monkeypatch):
    with MailServer(tls="tls", login=("me", "secret")) as server:
        subscribe(me, server, 'security = "tls"', 'user = "me"')
        code, output = run(me)
        assert code == 4
        assert "the mail server needs a password" in output
        monkeypatch.setenv("NAVFEED_MAIL_PASSWORD", "wrong")
        output = me.run("watch", "run", "--now").stderr
        assert "535 5.7.8 Authentication credentials invalid" in output
        assert "wrong" not in output
        monkeypatch.setenv("NAVFEED_MAIL_PASSWORD", "secret")
        me.pass_time(minutes=20)
        assert run(me) == (0, "")
    assert len(server.accepted) == 1


def test_a_password_from_a_file(me: Subscriber, tmp_path: Path):
    file = tmp_path / "password"
    with MailServer(login=("me", "secret")) as server:
        subscribe(me, server, 'user = "me"', f'password_file = "{file}"')
        code, output = run(me)
        assert code == 4
        assert f"cannot read the password file {file}: No such file" in output
        file.write_text("secret\n")
        me.pass_time(minutes=6)
        assert run(me) == (0, "")
    assert len(server.accepted) == 1


def test_nothing_goes_to_a_server_with_an_unknown_certificate(me: Subscriber, server, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    subscribe(me, server)
    code, output = run(me)
    assert code == 4
    assert "certificate verify failed" in output
    assert server.accepted == []


def test_nothing_goes_unencrypted_unless_configured(me: Subscriber):
    with MailServer(tls="none") as server:
        subscribe(me, server)
        code, output = run(me)
        assert (code, "STARTTLS" in output) == (4, True)
        assert server.accepted == []
        me.watches.write_text(me.watches.read_text() + '[delivery]\nmin_interval = "1h"\n')
        text = me.watches.read_text().replace("[mail]\n", '[mail]\nsecurity = "none"\n')
        me.watches.write_text(text)
        me.pass_time(minutes=6)
        assert run(me) == (0, "")
        assert len(server.accepted) == 1


def test_without_a_server_mail_waits(me: Subscriber):
    result = me.run(
        "watch", "add", "bergen", "--municipal", "bergen", "--to", "mail:me@example.org"
    )
    assert "Add [mail] with host and from" in result.stderr
    me.sync(ad(3))
    code, output = run(me)
    assert code == 4
    assert "no mail server is configured" in output


def test_a_silent_server_times_out(me: Subscriber, monkeypatch):
    import socket

    monkeypatch.setattr("navfeed.watches.channels.mail.SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:

        class Silent:
            port = silent.getsockname()[1]

        subscribe(me, Silent())  # type: ignore[arg-type]
        code, output = run(me)
    assert (code, "timed out" in output) == (4, True)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "https://[x",
        "data:text/html,x",
        "https://a b",
        f"https://{'x' * 2000}",
    ],
)
def test_what_is_no_address_is_no_link(me: Subscriber, server: MailServer, address):
    subscribe(me, server)
    me.sync(ad(3, applicationUrl=address, link=address))
    assert run(me) == (0, "")
    html = [*server.accepted[0].iter_parts()][1].get_content()
    assert html.count("href=") == 1  # NAV's page, made of the id
    assert f'href="https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(3)}"' in html


def test_hostile_ads_stay_text(me: Subscriber, server: MailServer):
    subscribe(me, server)
    me.sync(
        ad(
            3,
            title='<script>alert(1)</script>\r\nBcc: all@example.org "><img src=x>',
            applicationUrl="javascript:alert(1)",
            link='https://x.example/"onmouseover="alert(1)',
            description="<p>&lt;b&gt;fet&lt;/b&gt; <script>alert(2)</script></p>",
        )
    )
    assert run(me) == (0, "")
    (mail,) = server.accepted
    assert mail["Bcc"] is None
    _, html = mail.iter_parts()
    page = html.get_content()
    assert "<script" not in page.lower()
    assert "<img" not in page
    assert "javascript:" not in page
    assert '"onmouseover=' not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
