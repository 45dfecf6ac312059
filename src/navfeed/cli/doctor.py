"""The operator's commands: `runs`, `doctor`, `backup`, `restore`, `vacuum`, `check`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from navfeed.api import client, now, open_store, state_of
from navfeed.cli._app import app
from navfeed.cli._options import ColorOption, ConfigOption, DbOption, RowsOption, UrlOption
from navfeed.cli._output import (
    Color,
    RowsFormat,
    print_json,
    print_rows,
)
from navfeed.config import (
    Settings,
    feed_address,
    is_loopback,
    load,
    unknown_variables,
)
from navfeed.errors import ConfigError, ExitCode, NavfeedError, StoreError
from navfeed.model import UPGRADE_COPY, binding_pause
from navfeed.ops import doctor as questions
from navfeed.ops.doctor import Finding, fine
from navfeed.store.schema import VERSION
from navfeed.store.upgrade import kept_copy


@app.command()
def doctor(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    base_url: UrlOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the feed.")] = False,
    format_: RowsOption = RowsFormat.TABLE,
    _color: ColorOption = Color.AUTO,
) -> None:
    """Diagnose configuration, store and feed.

    Checks token, clock, disk and permissions too, and says what to do. Changes nothing. Ends
    with 0 where nothing failed, whatever the warnings; else with the exit code that belongs to
    the first failure: 2 configuration or clock, 5 feed, 6 token, 7 store, 8 no recent data.
    """
    flags = {"db": db, "base_url": base_url}
    findings = list(_examined(flags, config, offline=offline))
    if format_ is RowsFormat.JSON:
        print_json([asdict(finding) for finding in findings])
    else:
        print_rows(("check", "level", "finding", "advice"), list(map(_cells, findings)))
    if (code := questions.verdict(findings)) is not ExitCode.DONE:
        raise typer.Exit(code)


def _cells(finding: Finding) -> tuple[str, ...]:
    return (finding.check, finding.level, finding.says, finding.advice)


def _examined(
    flags: Mapping[str, object], config: Path | None, *, offline: bool
) -> Iterator[Finding]:
    try:
        settings = load(flags, config=config)
        token = settings.token.read()
    except ConfigError as error:
        yield questions.failed("configuration", error)
        return
    yield fine("configuration", f"store {settings.db}, feed {settings.base_url}")
    if unknown := questions.check_variables(unknown_variables(os.environ)):
        yield unknown
    yield questions.check_token(
        private=token is not None, exposed=settings.token.exposed, left=_left_of(token)
    )
    yield from _of_the_machine(settings.db)
    paused_until = yield from _of_the_store(settings)
    if not offline:
        yield from _of_the_feed(settings, token, paused_until)


def _left_of(token: str | None) -> timedelta | None:
    if token is None:
        return None
    from navfeed.wire.token import token_expiry

    expires = token_expiry(token)
    return expires - now() if expires else None


def _of_the_machine(db: Path) -> Iterator[Finding]:
    folder = next(one for one in db.resolve().parents if one.exists())
    size = db.stat().st_size if db.exists() else 0
    yield questions.check_disk(shutil.disk_usage(folder).free, size)
    files = [db, *(db.with_name(db.name + kind) for kind in ("-wal", "-shm", UPGRADE_COPY))]
    exposed = [one for one in files if one.exists() and one.stat().st_mode & 0o077]
    yield questions.check_permissions(
        folder, exposed if os.name == "posix" else [], writable=os.access(folder, os.W_OK)
    )


def _of_the_store(settings: Settings) -> Generator[Finding, None, datetime | None]:
    """Answers until when the feed asked not to be called, where the store knows."""
    moment = now()
    paused_until = None
    try:
        with open_store(settings.db) as reader:
            facts = reader.facts(moment)
            paused_until = facts.retry_at
            yield questions.check_schema(facts.schema_version, VERSION)
            if kept := questions.check_upgrade(kept_copy(settings.db)):
                yield kept
            yield questions.check_integrity(reader.problems())
    except StoreError as error:
        yield questions.failed("store", error)
        return paused_until
    yield questions.check_feed(facts.feed_url, feed_address(settings.base_url))
    state = state_of(settings.db, facts.last_run)
    yield questions.check_runs(facts.last_run, facts.trouble, state, facts.unconfirmed)
    yield questions.check_lag(facts.caught_up_at, moment, settings.warn_age)
    yield questions.check_reach(facts)
    yield questions.check_backlog(facts)
    yield questions.check_erasure(owed=facts.erasure_owed)
    return paused_until


def _of_the_feed(
    settings: Settings, token: str | None, paused_until: datetime | None
) -> Iterator[Finding]:
    """Two requests at most; none where the feed asked for a pause."""
    if (until := binding_pause(paused_until, now())) is not None:
        yield questions.check_pause(until)
        return
    try:
        with client(settings, token) as feed:
            page = feed.newest()
    except NavfeedError as error:
        yield questions.failed("reachability", error)
        return
    yield questions.check_reachability(page.first_moment if page else None)
    is_here = is_loopback(urlsplit(settings.base_url).hostname or "")
    yield questions.check_clock(page.served_at if page else None, now(), is_here=is_here)
