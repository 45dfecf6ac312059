"""`[notify] ping`: report how each sync ended to what raises alarms, as healthchecks.io takes it.

A GET of the address after a sync that is well, of `ADDRESS/fail` after one that failed. A missing
ping raises the alarm too, for what a broken machine cannot report.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from navfeed.errors import ExitCode, NavfeedError

SECONDS = 10.0
"""For the whole request. It holds up the end of a sync, or the next one."""

_MOST_BYTES = 100_000

GOOD = (ExitCode.DONE, ExitCode.WAITING)
SILENT = (ExitCode.STOPPED, ExitCode.LOCKED)
"""Neither good nor bad: stopped on purpose, or another sync is at work, which reports itself."""


Warn = Callable[[str], object]


class Pings:
    """What is reported of a row of runs: each that is well, and an outage once.

    A ping that fails is reported to `warn`, and fails nothing else.
    """

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self._is_out = False

    def after(self, address: str | None, code: ExitCode) -> None:
        """Report a run that ended with `code`."""
        if address is None or code in SILENT:
            return
        good = code in GOOD
        if good or not self._is_out:
            self._send(urlsplit(address), is_good=good)
        self._is_out = not good

    def _send(self, url: SplitResult, *, is_good: bool) -> None:
        if problem := _problem(url, is_good=is_good):
            self._warn(
                f"the ping to {url.hostname} {problem}. The sync is not affected; check notify.ping"
            )


def _problem(url: SplitResult, *, is_good: bool) -> str | None:
    """Send the ping; what went wrong, if anything did."""
    from navfeed.client.http import Http, Request

    path = (url.path or "/") if is_good else f"{url.path.rstrip('/')}/fail"
    target = f"{path}?{url.query}" if url.query else path
    try:
        http = Http(f"{url.scheme}://{url.netloc}", size=1)
        try:
            status = http.get(Request(target, _MOST_BYTES), seconds=SECONDS).status
        finally:
            http.close()
    except NavfeedError:  # whose message may show the address
        return "did not get through"
    return None if 200 <= status < 300 else f"was answered with {status}"
