"""The operator's commands: `runs`, `doctor`, `backup`, `restore`, `vacuum`, `check`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from navfeed.api import client, now, open_store, state_of, store_lock
from navfeed.cli.app import ColorOption, ConfigOption, DbOption, RowsOption, app
from navfeed.cli.output import Color, RowsFormat, print_json, print_lines, print_rows, print_warning
from navfeed.cli.status import run_as_json
from navfeed.config import (
    Settings,
    feed_address,
    is_loopback,
    load,
    refuse_special,
    refuse_store,
    unknown_variables,
)
from navfeed.errors import ConfigError, ExitCode, NavfeedError, StoppedError, StoreError
from navfeed.model import UPGRADE_COPY, RunFacts, RunState, binding_pause, counted
from navfeed.ops import doctor as questions
from navfeed.ops.doctor import Finding, fine
from navfeed.present.words import RUNS_AS, run_row
from navfeed.store.schema import VERSION
from navfeed.store.upgrade import kept_copy
from navfeed.text.plaintext import sanitize

if TYPE_CHECKING:
    from navfeed.model import PrivacyPolicy


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


@app.command()
def runs(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those that ended with neither 0, 3 nor 4.")
    ] = False,
    format_: RowsOption = RowsFormat.TABLE,
    _color: ColorOption = Color.AUTO,
) -> None:
    """Show sync history.

    The newest first: when, how they ended, what they did. The store keeps the last 10,000: two
    weeks of a service, seven months of a run every half hour.
    """
    path = load({"db": db}, config=config).db
    with open_store(path) as reader:
        found = reader.runs(limit, failed=failed)
    listed = [(run, _state_in_list(path, run, newest=not at)) for at, run in enumerate(found)]
    if format_ is RowsFormat.JSON:
        print_json([{"run": run.id, **run_as_json(run, state)} for run, state in listed])
    else:
        print_rows(RUNS_AS, [run_row(run, state) for run, state in listed])


def _state_in_list(db: Path, run: RunFacts, *, newest: bool) -> RunState:
    """There is one sync at a time: an older one without an end can only have been killed."""
    return RunState.KILLED if run.exit_code is None and not newest else state_of(db, run)


@app.command()
def doctor(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", help="The feed's address. Default: NAV's.", show_default=False),
    ] = None,
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
            facts = reader.status(moment)
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


@app.command()
def backup(
    file: FileArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
) -> None:
    """Copy the store to a file.

    As it is at one moment, also while a sync runs. It is whole or not there at all, and its
    owner's alone. It holds the ads of that moment and nothing of those removed before; those
    withdrawn later stay in it: let old copies expire.
    """
    from navfeed.files import replaced
    from navfeed.store.backup import copy, refuse_foreign

    path = load({"db": db}, config=config).db
    refuse_store(file, path)
    refuse_special(file)
    refuse_foreign(file)
    if file.exists() and not force:
        raise ConfigError(f"{file} exists. Name another file, or replace it with --force")
    with replaced(file) as out:
        copy(path, out)
    print_warning(f"wrote {file}, {file.stat().st_size / 1e6:,.1f} MB")


@app.command()
def restore(
    file: FileArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
) -> None:
    """Replace the store with a copy.

    Run `navfeed sync` next, before anybody reads. FILE is checked first, and brought up to
    date. What the store was told to forget or to drop since the copy was made is taken out of
    it. Ends with 75 when a sync is running.
    """
    from navfeed.files import replaced
    from navfeed.store.backup import copy, refuse_foreign, release

    path = load({"db": db}, config=config).db
    refuse_store(file, path, is_read=True)
    if not file.is_file():
        raise StoreError(f"there is no copy at {file}. Name one that `navfeed backup` wrote")
    _agree(path, yes=yes)
    with store_lock(path):
        refuse_foreign(path)
        before = _discretion(path)
        with replaced(path) as out:
            copy(file, out)
            _mend(Path(out.name), before)
            release(path.resolve())
    print_warning(
        f"{path} is as {file} was. Run `navfeed sync` now: ads may have been withdrawn since"
    )


def _agree(path: Path, *, yes: bool) -> None:
    """Ask before a store is lost. Raises `StoppedError`; `ConfigError` where nobody can answer."""
    if yes or not path.exists():
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"restoring replaces the store {path}. Confirm it with --yes")
    try:
        agreed = typer.confirm(f"Replace what is in {path}?", err=True)
    except typer.Abort:  # Ctrl-C, or the end of the input
        agreed = False
    if not agreed:
        raise StoppedError("nothing was restored")


def _discretion(path: Path) -> PrivacyPolicy | None:
    """What the present store was told to forget; None where it cannot say."""
    from navfeed.store.writer import Store

    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with Store(path, upgrade_copy=False) as store:  # it is about to be replaced
            return store.privacy_policy()
    except StoreError as error:
        print_warning(
            f"{error}. What it was told to forget is not known: tell the restored store again"
        )
        return None


def _mend(path: Path, before: PrivacyPolicy | None) -> None:
    """Check the copy, and make it forget what the store forgot since."""
    from navfeed.privacy.erasure import take_over
    from navfeed.store.writer import Store

    Store(path, upgrade_copy=False).close()  # brings it up to date
    with open_store(path) as reader:
        if problems := reader.problems():
            raise StoreError(f"the copy is damaged ({problems[0]}); the store was left as it is")
    with Store(path) as store:
        if before is not None and not take_over(store, before, now()):
            print_warning("the copy is another store's: erase again whatever was erased here")
        store.purge()


@app.command()
def vacuum(*, db: DbOption = None, config: ConfigOption = None) -> None:
    """Compact the store.

    Writes it anew, without the free space in it. Takes as much room again meanwhile, and as
    much memory: no copy of ads gets into temporary files. Rarely worth it: free space is used
    again. Ends with 75 when a sync is running.
    """
    from navfeed.store.writer import Store

    settings = load({"db": db}, config=config)
    path = settings.db
    if not path.exists():
        raise StoreError(f"there is no store at {path} yet. Run `navfeed sync` first")
    before = path.stat().st_size
    with store_lock(path), Store(path, upgrade_copy=settings.upgrade_copy) as store:
        erased = store.vacuum()
    print_warning(f"{before / 1e6:,.1f} MB became {path.stat().st_size / 1e6:,.1f} MB")
    if not erased:
        print_warning(
            "another program reads the store: the next sync overwrites what is left on disk"
        )


@app.command()
def check(*, db: DbOption = None, config: ConfigOption = None) -> None:
    """Check the store for damage.

    Reads all of it and prints a line for each problem. Ends with 7 if there is one. It may run
    while a sync does.
    """
    path = load({"db": db}, config=config).db
    with open_store(path) as reader:
        problems = reader.problems()
    print_lines(map(sanitize, problems or ["ok"]))
    if problems:
        sys.stdout.flush()
        raise StoreError(
            f"{path} has {counted(len(problems), 'problem')}. Put a backup back with "
            "`navfeed restore`, or move the store away and run `navfeed sync` to build it anew"
        )
