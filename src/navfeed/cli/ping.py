"""`[notify] ping`: report how each sync ended to what raises alarms, as healthchecks.io takes it.

A GET of the address after a sync that is well, of `ADDRESS/fail` after one that failed. A missing
ping raises the alarm too, for what a broken machine cannot report.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from navfeed.cli.output import print_warning
from navfeed.errors import ExitCode, NavfeedError

SECONDS = 10.0
"""For the whole request. It holds up the end of a sync, or the next one."""

_MOST_BYTES = 100_000

GOOD = (ExitCode.DONE, ExitCode.WAITING)
SILENT = (ExitCode.STOPPED, ExitCode.LOCKED)
"""Neither good nor bad: stopped on purpose, or another sync is at work, which reports itself."""


class Pings:
    """What is reported of a row of runs: each that is well, and an outage once."""

    def __init__(self) -> None:
        self._is_out = False

    def after(self, address: str | None, code: ExitCode) -> None:
        """Report a run that ended with `code`. A ping that fails is a warning, and nothing more."""
        if address is None or code in SILENT:
            return
        good = code in GOOD
        if good or not self._is_out:
            _send(urlsplit(address), is_good=good)
        self._is_out = not good


def _send(url: SplitResult, *, is_good: bool) -> None:
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
        _warn(url, "did not get through")
    else:
        if not 200 <= status < 300:
            _warn(url, f"was answered with {status}")


def _warn(url: SplitResult, what: str) -> None:
    print_warning(f"the ping to {url.hostname} {what}. The sync is not affected; check notify.ping")
