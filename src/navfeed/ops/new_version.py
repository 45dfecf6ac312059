"""Whether there is a newer version. Only `navfeed --version --check` looks for one."""

from __future__ import annotations

import json
import re

from navfeed.errors import ContractError
from navfeed.version import __version__

INDEX = "https://pypi.org"
"""Where releases are published; tests put a server of their own here."""

_PATH = "/pypi/navfeed/json"
_MOST_BYTES = 20_000_000
_SECONDS = 10.0


def report() -> str:
    """Whether this is the newest release, in a sentence. Raises `NavfeedError`: it is not known."""
    newest = _newest()
    if _order(newest) > _order(__version__):
        return f"{newest} is available. To upgrade: pipx upgrade navfeed"
    return "This is the newest release."


def _newest() -> str:
    from navfeed.client.http import Http, Request

    http = Http(INDEX, size=1)
    try:
        reply = http.get(Request(_PATH, _MOST_BYTES), seconds=_SECONDS)
    finally:
        http.close()
    try:
        version = json.loads(reply.body)["info"]["version"] if reply.status == 200 else None
    except (ValueError, KeyError, TypeError):
        version = None
    if not isinstance(version, str) or not re.fullmatch(r"\d+(\.\d+)*", version):
        raise ContractError(
            f"{INDEX}{_PATH} names no release (HTTP {reply.status}). Try again later"
        )
    return version


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))
