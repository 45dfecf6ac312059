"""Targets by their address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from hashlib import sha256
from urllib.parse import urlsplit

from navfeed.errors import ConfigError
from navfeed.push.engine import Target

OpenTarget = Callable[[], AbstractContextManager[Target]]


def opener(target: str, selection: str, *, contacts: bool) -> OpenTarget:
    """A function that opens the target. Raises `ConfigError` for an unknown kind.

    `selection` identifies the filters: a target that was loaded with others is loaded again.
    """
    scheme = urlsplit(target).scheme if "://" in target else ""
    if scheme in ("postgresql", "postgres"):
        from navfeed.push.postgres import Postgres

        return partial(Postgres, target, selection=selection, contacts=contacts)
    if scheme in ("opensearch+http", "opensearch+https"):
        from navfeed.push.opensearch import OpenSearch

        return partial(OpenSearch, target, selection=selection, contacts=contacts)
    raise ConfigError(
        f"unknown kind of target {scheme or target!r}. "
        "Give an address such as postgresql://user@host/database or opensearch+https://host/index"
    )


def selection_of(given: Mapping[str, object], *, contacts: bool = False) -> str:
    """Identifies the given filters without showing them: they may hold names."""
    plain = sorted((name, _plain(name, value)) for name, value in given.items())
    return sha256(repr((plain, contacts)).encode()).hexdigest()


def _plain(name: str, value: object) -> str:
    """Neither case nor order matters, except in a search: its `OR` is not `or`."""
    if name in ("text", "title"):
        return repr(value)
    return repr(sorted(map(str.casefold, value)) if isinstance(value, list) else value).casefold()


def without_password(target: str) -> str:
    """An address to show: without user, password, port and parameters."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
