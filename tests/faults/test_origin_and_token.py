"""faults.md, X1 and X2: what is requested, and where the token may be found."""

from __future__ import annotations

import base64
from itertools import cycle
from pathlib import Path

import pytest

from navfeed.errors import ExitCode
from navfeed.practice import Practice, PracticeServer, World, faults
from support.clock import NOW
from support.extra_faults import from_the, raw
from support.socket_harness import SocketLab

ID = "0c12d1b5-41c3-4d5e-9e0b-0d6c9fbd9f0a"


def traps(here: str, there: str, path: str) -> dict[str, str]:
    """Addresses that look like `path` and lead elsewhere, `there` or nowhere."""
    host, strange = here.removeprefix("http://"), there.removeprefix("http://")
    return {
        "a host": f"{there}{path}",
        "our own host": f"{here}{path}",
        "no scheme": f"//{strange}{path}",
        "backslashes": f"\\\\{strange}{path}",
        "slash and backslash": f"/\\{strange}{path}",
        "user": f"http://{host}@{strange}{path}",
        "user alone": f"@{strange}{path}",
        "dots": f"/api/v1/feed/../../..{path}",
        "dots within": path.replace("/v1/", "/v1/../v1/"),
        "dots after": f"{path}/..",
        "encoded dots": path.replace("/v1/", "/%2e%2e/v1/"),
        "file": f"file://{path}",
        "a query": f"{path}?x=1",
        "a fragment": f"{path}#x",
        "a line break": f"{path}\n",
        "a header": f"{path} HTTP/1.1\r\nHost: {strange}",
        "white space": f" {path}",
        "another endpoint": "/api/publicToken",
        "javascript": "javascript:alert(1)",
        "other digits": path.replace("0", "\u0660"),
        "nothing": "",
    }


TRAPS = list(traps("http://a:1", "http://a:2", "/api/v1/feed/x"))


def requested(socket_lab: SocketLab) -> set[str]:
    return {request.kind for request in socket_lab.practice.requests}


@pytest.fixture
def stranger():
    with PracticeServer(Practice(World(9, now=NOW))) as stranger:
        yield stranger


@pytest.mark.parametrize(("kind", "trap"), [*zip(cycle(["seek", "page"]), TRAPS, strict=False)])
def test_X1_a_next_url_that_leads_elsewhere_is_never_requested(socket_lab, stranger, kind, trap):
    last = socket_lab.world.newest().page_id
    url = traps(socket_lab.url, stranger.url, f"/api/v1/feed/{last}")[trap]
    expected = socket_lab.as_after(0 if kind == "seek" else 1)
    socket_lab.spoil(kind, faults.next_url(url), faults.without("next_id"))
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.FEED
    assert "does not lead" in ended.outcome
    assert socket_lab.committed() == expected
    assert not any(last in request.target for request in socket_lab.practice.requests)
    assert stranger.practice.requests == []
    socket_lab.recovers()


@pytest.mark.parametrize("trap", TRAPS[::2])
def test_X1_an_item_url_that_leads_elsewhere_is_never_requested(socket_lab, stranger, trap):
    def lead_astray(item: dict[str, str]) -> None:
        item["url"] = traps(socket_lab.url, stranger.url, item["url"])[trap]

    message = socket_lab.stops_at("page", faults.edit_item(0, lead_astray))
    assert "does not lead" in message
    assert stranger.practice.requests == []


def test_X1_an_item_url_of_another_ad_is_refused(socket_lab):
    socket_lab.stops_at(
        "page", faults.edit_item(0, lambda item: item.update(url=f"/api/v1/feedentry/{ID}"))
    )


def test_X1_a_link_and_an_id_that_disagree_are_refused(socket_lab):
    message = socket_lab.stops_at("page", faults.with_field("next_id", ID))
    assert "disagree" in message


def test_X1_over_the_command_line(socket_lab, stranger):
    socket_lab.spoil("seek", faults.next_url(f"{stranger.url}/api/v1/feed/{ID}"))
    message = socket_lab.command().fails_well(ExitCode.FEED)
    assert "next_url does not lead to a page" in message
    assert stranger.practice.requests == []
    assert requested(socket_lab) == {"token", "seek"}


# X2


class Secret:
    """A token, and every way in which it could still be read somewhere."""

    def __init__(self, token: str) -> None:
        self.token = token
        parts = token.split(".")
        self.forms = [
            part.encode()
            for part in (*parts[1:], base64.b64encode(token.encode()).decode(), token[::-1])
        ]

    def is_nowhere_in(self, socket_lab: SocketLab, *message: str) -> None:
        folder: Path = socket_lab.path.parent
        places = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert str(socket_lab.path) in places
        places |= {f"output {at}": text.encode() for at, text in enumerate(message)}
        for place, data in places.items():
            assert not any(form in data for form in self.forms), place


def sent(socket_lab: SocketLab) -> str:
    """The client's last request that carried its token."""
    sent = (one.headers.get("authorization") for one in reversed(socket_lab.practice.requests))
    return next(filter(None, sent))


def echo(socket_lab: SocketLab, code: int = 500) -> faults.Distort:
    """A server that echoes what it received, in body, content type and validator."""
    return lambda answer: faults.then(
        faults.status(code, sent(socket_lab).encode(), sent(socket_lab)),
        faults.header("ETag", sent(socket_lab)),
    )(answer)


def led_off(socket_lab: SocketLab) -> faults.Distort:
    return lambda answer: faults.redirect(f"https://x.example/?{sent(socket_lab)}")(answer)


def raw_echo(socket_lab: SocketLab) -> faults.Distort:
    return lambda answer: raw(f"HTTP/1.1 200 OK\r\n{sent(socket_lab)}\r\n\r\n".encode())(answer)


WEATHER = {
    "forbidden": ("page", lambda _: faults.status(403)),
    "broken": ("page", lambda _: faults.reset_mid_body()),
    "no page": ("page", lambda _: faults.content(None)),
    "an echo": ("page", echo),
    "an echo in the place of a page": ("page", lambda socket_lab: echo(socket_lab, 200)),
    "a redirect with an echo": ("page", led_off),
    "no http": ("seek", raw_echo),
    "details that echo": ("detail", echo),
}


@pytest.mark.parametrize(
    ("weather", "own"), [*zip(WEATHER, cycle([True, False]), strict=False), ("no http", True)]
)
def test_X2_the_token_is_in_no_outcome_and_no_file(socket_lab, weather, own):
    token = socket_lab.practice.issue_token() if own else socket_lab.practice.token
    socket_lab.token = token if own else None
    kind, distortion = WEATHER[weather]
    socket_lab.spoil(kind, distortion(socket_lab))
    ended = socket_lab.sync()
    assert ended.exit_code is not ExitCode.DONE
    assert any(token in str(request.headers) for request in socket_lab.practice.requests)
    Secret(token).is_nowhere_in(socket_lab, ended.outcome, repr(ended))


@pytest.mark.parametrize(("own", "code"), [(True, 200), (True, 401), (False, 401)])
def test_X2_the_token_is_in_no_output_and_no_file(socket_lab, own, code):
    """A run that goes well, and one whose token is refused among the details."""
    token = socket_lab.practice.issue_token() if own else socket_lab.practice.token
    environment = {"NAVFEED_TOKEN": token} if own else {}
    if code != 200:
        socket_lab.spoil(from_the(2, faults.on("detail")), echo(socket_lab, code))
    run = socket_lab.command("--format", "json", **environment)
    assert run.code == (ExitCode.DONE if code == 200 else ExitCode.TOKEN)
    assert any(token in str(request.headers) for request in socket_lab.practice.requests)
    assert "Traceback" not in run.err
    Secret(token).is_nowhere_in(socket_lab, run.out, run.err)


def test_X2_the_token_is_not_shown_by_a_bug(socket_lab, tmp_path):
    """A failure that nobody foresaw, with the token in reach: reported without values."""
    token = socket_lab.practice.issue_token()
    (tmp_path / "sitecustomize.py").write_text(
        "import navfeed.client.feed as feed\n"
        "def broken(self, request):\n"
        "    token = self._tokens.get()\n"
        "    signed = request.signed(token.text)\n"
        "    raise RuntimeError(f'{token.text} {token!r} {signed!r}')\n"
        "feed.FeedClient._granted = broken\n"
    )
    run = socket_lab.process(NAVFEED_TOKEN=token, PYTHONPATH=str(tmp_path))
    assert run.code == ExitCode.BUG
    assert "this is a bug" in run.err
    assert "Traceback" not in run.err
    Secret(token).is_nowhere_in(socket_lab, run.out, run.err)


def test_X2_no_option_takes_the_token_so_that_no_list_of_processes_shows_it(socket_lab):
    token = socket_lab.practice.issue_token()
    run = socket_lab.command("--token", token)
    assert run.code == ExitCode.USAGE
    assert socket_lab.practice.requests == []


def test_X2_a_token_file_is_read_and_not_repeated(socket_lab, tmp_path_factory):
    token = socket_lab.practice.issue_token()
    file = tmp_path_factory.mktemp("secret") / "token"
    file.write_text(f"{token}\n")
    run = socket_lab.command(NAVFEED_TOKEN_FILE=str(file))
    assert run.code == ExitCode.DONE
    assert any(token in str(request.headers) for request in socket_lab.practice.requests)
    Secret(token).is_nowhere_in(socket_lab, run.out, run.err)
    file.write_text(f"{token} and {token}")
    run = socket_lab.command(NAVFEED_TOKEN_FILE=str(file))
    assert run.code == ExitCode.USAGE
    Secret(token).is_nowhere_in(socket_lab, run.out, run.err)


def test_X2_reprs_of_what_holds_the_token_do_not_show_it(socket_lab):
    token = socket_lab.practice.issue_token()
    socket_lab.token = token
    with socket_lab.feed() as feed:
        feed.newest()
        holders = [feed, feed._http, feed._tokens, feed._tokens.get()]
        assert not any(token in repr(one) for one in holders)


def test_X2_a_proxy_never_sees_the_token(socket_lab, stranger, monkeypatch):
    """A proxy gets the name of the host in clear text, and no more."""
    monkeypatch.setenv("HTTPS_PROXY", stranger.url)
    socket_lab.token = socket_lab.practice.issue_token()
    socket_lab.base_url = "https://feed.example"
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.FEED
    requests = stranger.practice.requests
    assert {(one.method, one.target) for one in requests} == {("CONNECT", "feed.example:443")}
    assert not any("authorization" in one.headers for one in requests)
