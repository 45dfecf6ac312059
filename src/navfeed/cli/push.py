"""`navfeed push`: keep an engine current that many machines read from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from time import sleep
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from navfeed.api import now, open_store
from navfeed.changes.stream import BATCH, Source
from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, hint_at_unknown, takes_filters
from navfeed.cli._options import (
    ConfigOption,
    DbOption,
    FormatOption,
    QuietOption,
    SummaryFormat,
    WithContactsOption,
)
from navfeed.cli._output import print_json, print_lines, print_warning
from navfeed.config import load
from navfeed.errors import ConfigError, ExitCode, StoreError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from navfeed.push.engine import Difference, Pushed, Target

POLL_SECONDS = 1.0
"""How often --follow looks for news in the store."""

LONGEST_PAUSE = 60.0
"""Seconds between two tries at a target that is down; doubled from the first second on."""


@app.command()
@takes_filters
def push(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="postgresql://user@host/database (a password belongs into PGPASSFILE), or "
            "opensearch+https://host/index.",
            show_default=False,
        ),
    ],
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    asked: FilterOptions,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on pushing what happens, until stopped.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be pushed or mended; change nothing.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Then compare every ad with the store's.")
    ] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="As --verify, and mend every difference.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="Changes in one transaction, at most.")
    ] = BATCH,
    with_contacts: WithContactsOption = False,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
) -> None:
    """Keep PostgreSQL or OpenSearch equal to the store.

    First all ads, then what happens to them. The target remembers where it stands, so that each
    run goes on where the last one ended, however that was. Another choice of filters, a restored
    store, or a cursor that is too old make it load all ads anew. Contacts are left out unless they
    are asked for.

    Ends with 7 where the target or the store cannot be used, with 9 where --verify found
    differences. With --follow it waits out a target that is down.
    """
    if follow and (dry_run or verify or reconcile):
        raise ConfigError("--follow only pushes. Leave --dry-run, --verify and --reconcile out")
    settings = load({"db": db}, config=config)
    open_target = opener(
        target, selection_of(asked, contacts=with_contacts), contacts=with_contacts
    )
    with open_store(settings.db) as reader:
        hint_at_unknown(reader, asked.filters(now()))
    source = Source(partial(open_store, settings.db), lambda: asked.filters(now()))
    pushing = Pushing(open_target, source, batch, format_, quiet=quiet)
    if follow:
        pushing.follow()
    elif dry_run:
        pushing.pretend()
    else:
        pushing.once()
    if verify or reconcile:
        pushing.compare(mend=reconcile and not dry_run)


def selection_of(asked: FilterOptions, *, contacts: bool = False) -> str:
    """What is asked for, in a form that says when it is something else. Names may be private."""
    return sha256(repr((asked, contacts)).encode()).hexdigest()


def opener(
    target: str, selection: str, *, contacts: bool
) -> Callable[[], AbstractContextManager[Target]]:
    """What opens the target. Raises `ConfigError` where nobody knows its kind."""
    scheme = urlsplit(target).scheme if "://" in target else ""
    if scheme in ("postgresql", "postgres"):
        from navfeed.push.postgres import Postgres

        return partial(Postgres, target, selection=selection, contacts=contacts)
    if scheme in ("opensearch+http", "opensearch+https"):
        from navfeed.push.opensearch import OpenSearch

        return partial(OpenSearch, target, selection=selection, contacts=contacts)
    raise ConfigError(
        f"there is no target of the kind {scheme or 'that was given'!r}. "
        "Give an address such as postgresql://user@host/database or opensearch+https://host/index"
    )


@dataclass(slots=True)
class Pushing:
    """Pushes, and tells of it."""

    open: Callable[[], AbstractContextManager[Target]]
    source: Source
    batch: int
    format: SummaryFormat
    quiet: bool
    _pause: float = POLL_SECONDS

    def once(self) -> None:
        with self.open() as target:
            self._tell(self._push(target), "pushed")

    def pretend(self) -> None:
        from navfeed.push.engine import pending

        with self.open() as target:
            self._tell(pending(target, self.source), "would push")

    def follow(self) -> None:
        """Until stopped, or until something is wrong that does not pass by itself."""
        while True:
            try:
                with self.open() as target:
                    self._keep_up(target)
            except StoreError as error:
                if not error.passes:
                    raise
                if self._pause == POLL_SECONDS:  # told once, and not at each try
                    print_warning(f"{error}. Trying again until it works; nothing is lost")
                sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _keep_up(self, target: Target) -> None:
        at = None
        while True:
            done = self._push(target)
            self._pause = POLL_SECONDS
            if done.changes or at is None:
                self._tell(done, "pushed")
            at = done.cursor
            sleep(POLL_SECONDS)

    def _push(self, target: Target) -> Pushed:
        """All there is; answers what it was in all."""
        from navfeed.push.engine import Pushed, push

        steps = list(push(target, self.source, self.batch))
        changes = sum(step.changes for step in steps)
        return Pushed(changes, steps[-1].cursor, True, loaded=steps[-1].loaded)

    def _tell(self, done: Pushed, did: str) -> None:
        if self.format is SummaryFormat.JSON:
            print_json({**asdict(done), "cursor": str(done.cursor)}, indent=None)
            sys.stdout.flush()
        elif not self.quiet:
            what = "ads, all anew" if done.loaded else "changes"
            print_warning(f"{did} {done.changes:,} {what}, up to {done.cursor}")

    def compare(self, *, mend: bool) -> None:
        """Each difference on stdout. Ends with 9 where one is left."""
        from navfeed.push.engine import compare, reconcile

        with self.open() as target:
            found = compare(target, self.source)
            if found and mend:
                reconcile(target, self.source, found)
        self._report(found, mended=mend)

    def _report(self, found: list[Difference], *, mended: bool) -> None:
        if self.format is SummaryFormat.JSON:
            listed = [asdict(one) for one in found]
            print_json({"reconciled": mended, "differences": listed}, indent=None)
        else:
            print_lines(f"{one.kind}\t{one.uuid}" for one in found)
        if found and not mended:
            raise typer.Exit(ExitCode.DIFFERENT)
