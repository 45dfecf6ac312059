"""What the commands that tell have in common: the file of watches, the state, one round."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from functools import partial

from navfeed.api import now, open_store, store_lock
from navfeed.cli._filters import FilterOptions
from navfeed.cli._output import print_error, print_warning, program_stdout, text_stdout
from navfeed.config import Settings, refuse_store
from navfeed.errors import ExitCode, NavfeedError, StoppedError
from navfeed.model import age_of
from navfeed.present.words import freshness
from navfeed.store.filters import Filters
from navfeed.watches import deliver
from navfeed.watches.channels import Surroundings, sender_of
from navfeed.watches.definition import Book, Watch, read_book
from navfeed.watches.state import State, state_path
from navfeed.watches.view import View
from navfeed.watches.words import Format

FILTERS = tuple(one.name for one in fields(FilterOptions))
"""What a watch can ask by: every filter of `navfeed list`."""

_SINGLE = ("published_since", "expires_before")
"""Filters that take one value."""


def book_of(settings: Settings) -> Book:
    """The watches, each of which can be asked. Raises `ConfigError`."""
    return read_book(settings.watches_file, FILTERS)


def filters_of(watch: Watch, moment: datetime) -> Filters:
    """What a watch asks of the store. Raises `ConfigError`."""
    lists = {name: list(texts) for name, texts in watch.asked.items() if name not in _SINGLE}
    single = {name: watch.asked[name][-1] for name in _SINGLE if name in watch.asked}
    return FilterOptions(**lists, **single).filters(moment)  # type: ignore[arg-type]


@contextmanager
def viewed(settings: Settings) -> Iterator[View]:
    """The store as of now. Raises `StoreError`."""
    moment = now()
    with open_store(settings.db, at=moment) as reader:
        yield View(reader, moment, filters_of)


@contextmanager
def state_of(settings: Settings) -> Iterator[State]:
    with State(state_path(settings.db)) as state:
        yield state


class Teller:
    """Makes rounds. A service keeps one, so that it says only once what stays wrong.

    `heed` is called between two deliveries, and may raise to end the round.
    """

    def __init__(self, *, quiet: bool = False, heed: Callable[[], None] = lambda: None) -> None:
        self._quiet = quiet
        self._heed = heed
        self._said: set[str] = set()

    def tell(self, settings: Settings, how: deliver.How, format_: Format | None = None) -> ExitCode:
        """One round, and the exit code that it amounts to. What goes wrong is told on stderr.

        A channel that stays down is told of once, in whatever process. Raises `LockedError` where
        another round is on its way, `ConfigError` and `StoreError`.
        """
        codes = {ExitCode.DONE}
        said: set[str] = set()
        with (
            store_lock(settings.db, "watches.lock", "another `navfeed watch` tells from"),
            state_of(settings) as state,
        ):
            for event in _round(settings, state, format_).run(how):
                self._heed()
                code, words = _outcome(event, how, quiet=self._quiet)
                codes.add(code)
                if words:
                    said.add(words)
                    if words not in self._said:
                        (print_warning if code is ExitCode.DONE else print_error)(words)
        self._said = said
        order = (ExitCode.USAGE, ExitCode.STALE, ExitCode.WAITING, ExitCode.DONE)
        return next(code for code in order if code in codes)

    def tell_after_sync(self, settings: Settings, *, paced: bool) -> ExitCode:
        """The same, where its failure must not be taken for the sync's: it is only told."""
        try:
            return self.tell(settings, deliver.How(paced=paced))
        except StoppedError:
            raise
        except NavfeedError as error:
            if str(error) not in self._said:
                print_error(f"nothing was told: {error}")
            self._said = {str(error)}
            return error.exit_code


def _round(settings: Settings, state: State, format_: Format | None) -> deliver.Round:
    book = book_of(settings)
    around = Surroundings(
        book,
        _write,
        partial(refuse_store, db=settings.db),
        now,
        os.environ.get("NAVFEED_MAIL_PASSWORD") or None,
        format_,
    )
    return deliver.Round(
        book,
        state,
        lambda: viewed(settings),
        partial(sender_of, around),
        clock=now,
        warning=partial(_warning, settings),
    )


def _write(text: str, format_: Format) -> None:
    """On stdout, and out of our hands: only then it counts as told."""
    if format_ in (Format.JSON, Format.HTML):
        program_stdout().write(text.encode())
    else:
        text_stdout().write(text)
    sys.stdout.flush()


def _warning(settings: Settings, caught_up_at: datetime | None) -> str:
    """What a digest says where its data is older than `warn_age`."""
    moment = now()
    age = age_of(caught_up_at, moment)
    if settings.warn_age is None or (age is not None and age <= settings.warn_age):
        return ""
    return f"The data is {freshness(caught_up_at, moment)}. Ads may have been withdrawn since."


def _outcome(event: deliver.Event, how: deliver.How, *, quiet: bool) -> tuple[ExitCode, str]:
    """What an event amounts to, and what is to be said of it, if anything."""
    match event:
        case deliver.Began(watch, target, known) if known and not quiet:
            return ExitCode.DONE, (
                f"{watch} begins to tell by {target.shown}: {known:,} ads fit already and are not "
                "told of. --backlog tells of them too"
            )
        case deliver.Failed(target, error, times, _):
            words = (
                f"{target.shown}: {error}. What it was to be told waits; it is tried again, and "
                "this is not told again. `navfeed watch run --now` tries at once"
            )
            return ExitCode.WAITING, words if times == 1 or how.hurried else ""
        case deliver.Waiting(failing=True):
            return ExitCode.WAITING, ""
        case deliver.Unready(watch, why):
            words = f"nothing was told for {watch}: {why}. Run `navfeed sync` to its end"
            return ExitCode.STALE, "" if quiet else words
        case deliver.Refused(_, error):
            return ExitCode.USAGE, str(error)
        case _:
            return ExitCode.DONE, ""
