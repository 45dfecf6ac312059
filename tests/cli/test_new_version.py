"""`navfeed --version --check` asks the index; `--version` alone and every other command do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import pytest

from navfeed import __version__
from navfeed.ops import new_version
from support.shell import invoke


class Index:
    """A package index on loopback that names one release."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.status = 200
        self.body = json.dumps({"info": {"version": "99.10.1"}}).encode()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.requested.append(self.path)
                self.send_response(owner.status)
                self.send_header("Content-Length", str(len(owner.body)))
                self.end_headers()
                self.wfile.write(owner.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def index() -> Iterator[Index]:
    one = Index()
    thread = threading.Thread(target=one.server.serve_forever, args=(0.01,))
    thread.start()
    with mock.patch.object(new_version, "INDEX", one.url):
        yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join(20)


@pytest.mark.parametrize("words", [("--version", "--check"), ("--check", "--version")])
def test_a_newer_release_is_named_with_the_way_to_it(index: Index, words: tuple[str, ...]) -> None:
    done = invoke(words)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"navfeed {__version__}",
        "99.10.1 is available. To upgrade: pipx upgrade navfeed",
    ]
    assert index.requested == ["/pypi/navfeed/json"]


@pytest.mark.parametrize("newest", [__version__, "0.0.9"])
def test_the_newest_release_is_called_so(index: Index, newest: str) -> None:
    index.body = json.dumps({"info": {"version": newest}}).encode()
    assert invoke(["--version", "--check"]).stdout.endswith("This is the newest release.\n")


def test_without_check_nothing_is_requested(index: Index) -> None:
    assert invoke(["--version"]).stdout == f"navfeed {__version__}\n"
    assert index.requested == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b'{"info": {"version": "\\u001b[2J"}}')],
)
def test_an_answer_without_a_release_is_reported(index: Index, status: int, body: bytes) -> None:
    index.status, index.body = status, body
    done = invoke(["--version", "--check"])
    assert (done.exit_code, done.stdout) == (5, f"navfeed {__version__}\n")
    assert "names no release" in done.stderr


def test_an_index_out_of_reach_is_reported(index: Index) -> None:
    with mock.patch.object(new_version, "INDEX", "http://127.0.0.1:1"):
        done = invoke(["--version", "--check"])
    assert (done.exit_code, done.stdout) == (5, f"navfeed {__version__}\n")
    assert done.stderr.startswith("navfeed: cannot reach http://127.0.0.1:1")


def test_check_alone_is_wrong_use(index: Index) -> None:
    done = invoke(["--check", "list"])
    assert (done.exit_code, index.requested) == (2, [])
    assert "navfeed --version --check" in done.stderr
