"""Gather the facts for `ops.doctor`: settings, machine, store and feed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from navfeed.api import client, now, open_store, state_of
from navfeed.config import (
    Settings,
    exposed_settings,
    feed_address,
    is_loopback,
    load,
    unknown_variables,
)
from navfeed.errors import ConfigError, NavfeedError, StoreError
from navfeed.model import UPGRADE_COPY, binding_pause
from navfeed.ops import doctor as checks
from navfeed.ops.doctor import Finding
from navfeed.store.pre_upgrade_copy import kept_copy
from navfeed.store.schema import VERSION


def examine(
    flags: Mapping[str, object], config: Path | None, *, offline: bool
) -> Iterator[Finding]:
    """Check settings, machine, store and, unless `offline`, the feed. Changes nothing."""
    try:
        settings = load(flags, config=config)
    except ConfigError as error:
        yield checks.failed("configuration", error)
        return
    if exposed := exposed_settings(config):
        yield checks.check_settings_permissions(exposed)
    else:
        yield checks.fine("configuration", f"store {settings.db}, feed {settings.base_url}")
    if unknown := checks.check_variables(unknown_variables(os.environ)):
        yield unknown
    try:
        token = settings.token.read()
    except ConfigError as error:
        yield checks.unreadable_token(error)
        offline = True  # without the token, the feed would refuse
    else:
        yield checks.check_token(
            private=token is not None, exposed=settings.token.exposed, left=_token_left(token)
        )
    yield from _machine(settings.db)
    paused_until = yield from _store(settings)
    if not offline:
        yield from _feed(settings, token, paused_until)


def _token_left(token: str | None) -> timedelta | None:
    if token is None:
        return None
    from navfeed.wire.token import token_expiry

    expires = token_expiry(token)
    return expires - now() if expires else None


def _machine(db: Path) -> Iterator[Finding]:
    folder = next(one for one in db.resolve().parents if one.exists())
    size = db.stat().st_size if db.exists() else 0
    yield checks.check_disk(shutil.disk_usage(folder).free, size)
    files = [db, *(db.with_name(db.name + kind) for kind in ("-wal", "-shm", UPGRADE_COPY))]
    exposed = [one for one in files if one.exists() and one.stat().st_mode & 0o077]
    yield checks.check_permissions(
        folder, exposed if os.name == "posix" else [], writable=os.access(folder, os.W_OK)
    )


def _store(settings: Settings) -> Generator[Finding, None, datetime | None]:
    """Returns the end of the pause that the feed requested, if the store knows one."""
    moment = now()
    paused_until = None
    try:
        with open_store(settings.db) as reader:
            facts = reader.status(moment)
            paused_until = facts.retry_at
            yield checks.check_schema(facts.schema_version, VERSION)
            if kept := checks.check_upgrade(kept_copy(settings.db)):
                yield kept
            yield checks.check_integrity(reader.problems())
    except StoreError as error:
        yield checks.failed("store", error)
        return paused_until
    yield checks.check_feed(facts.feed_url, feed_address(settings.base_url))
    state = state_of(settings.db, facts.last_run)
    yield checks.check_runs(facts.last_run, facts.trouble, state, facts.unconfirmed)
    yield checks.check_lag(facts.caught_up_at, moment, settings.warn_age)
    yield checks.check_history(facts)
    yield checks.check_backlog(facts)
    yield checks.check_erasure(owed=facts.erasure_owed)
    return paused_until


def _feed(
    settings: Settings, token: str | None, paused_until: datetime | None
) -> Iterator[Finding]:
    """At most two requests; none during a pause that the feed requested."""
    if (until := binding_pause(paused_until, now())) is not None:
        yield checks.check_pause(until)
        return
    try:
        with client(settings, token) as feed:
            page = feed.newest()
    except NavfeedError as error:
        yield checks.failed("reachability", error)
        return
    yield checks.check_reachability(page.first_moment if page else None)
    is_here = is_loopback(urlsplit(settings.base_url).hostname or "")
    yield checks.check_clock(page.served_at if page else None, now(), is_here=is_here)
