"""What `navfeed watch` does; `navfeed.cli.watch` declares its commands.

A module of its own, so that other commands start without loading its dependencies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import Any

from navfeed.api import now, store_lock
from navfeed.cli._age import limits
from navfeed.cli._filters import FilterOptions
from navfeed.cli._output import (
    RowsFormat,
    print_json,
    print_lines,
    print_rows,
    print_warning,
    text_stdout,
)
from navfeed.cli._rows import print_columns
from navfeed.cli._watch_runs import FILTERS, WatchRunner, state_of, viewed, watch_file_of
from navfeed.config import Settings
from navfeed.errors import ConfigError, ExitCode, StoreError
from navfeed.export.choosing import pick
from navfeed.model import counted, oslo_time
from navfeed.watches import deliver
from navfeed.watches.batch import make_batch
from navfeed.watches.choices import Channel, Field, Format, Trigger
from navfeed.watches.decide import KnownAd
from navfeed.watches.definition import Watch
from navfeed.watches.digest import Ad, Digest, Group
from navfeed.watches.editing import add_watch, edit_watch, remove_watch
from navfeed.watches.events import RunOptions
from navfeed.watches.formats import payload, render
from navfeed.watches.near import NearMiss
from navfeed.watches.state import State, Triaged
from navfeed.watches.state_file import state_path
from navfeed.watches.target import Target


def add(
    settings: Settings, name: str, options: FilterOptions, own: Mapping[str, Any], *, backlog: bool
) -> None:
    table = _table(options, own)
    options.filters(now())  # invalid filters are refused before anything is written
    with _lock(settings):
        add_watch(settings.watches_file, name, table, FILTERS)
        added = watch_file_of(settings).get(name)
        with state_of(settings) as state:
            state.remove(name)  # left by a watch of that name that was removed by hand
            matching = _start(settings, state, added, added.to, backlog=backlog)
    _report_start(settings, added, matching, backlog=backlog)


def _table(options: FilterOptions, own: Mapping[str, Any]) -> dict[str, Any]:
    """The given options as the watch file has them. Targets are validated when it is read."""
    given = {name: value for name in FILTERS if (value := getattr(options, name))}
    if own.get("to"):
        own = {**own, "to": [_absolute(text) for text in own["to"]]}
    return given | {name: _plain(value) for name, value in own.items() if value is not None}


def _absolute(target: str) -> str:
    """A path is relative to the current folder, and cron runs in another one."""
    channel, _, path = target.partition(":")
    if channel not in (Channel.FILE, Channel.ATOM) or not path or path.startswith("~"):
        return target
    return f"{channel}:{Path(path).absolute()}"


def _plain(value: object) -> object:
    """Plain strings instead of enumerations, for the TOML file."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _lock(settings: Settings) -> AbstractContextManager[None]:
    return store_lock(settings.db, "watches.lock", "another `navfeed watch` works on")


def _start(
    settings: Settings, state: State, added: Watch, targets: Iterable[Target], *, backlog: bool
) -> int | None:
    """Start delivering to these targets; return the number of matching ads, None if unknown yet."""
    try:
        with viewed(settings) as view:
            if view.not_ready(None) is not None:
                return None
            ads = view.matching(added)
            for target in targets:
                deliver.start(state, view, added, target, {} if backlog else ads)
            return len(ads)
    except StoreError:
        return None


def _report_start(settings: Settings, added: Watch, matching: int | None, *, backlog: bool) -> None:
    if matching is None:
        print_warning(
            f"{added.name} starts with the first complete copy of the feed. Run `navfeed sync`"
        )
    elif matching:
        fate = "are delivered by the next run" if backlog else "are not delivered"
        print_warning(f"{added.name} has started. Ads that match today ({matching:,}) {fate}")
    else:
        hint = f"; `navfeed watch preview {added.name}` shows near misses"
        several = len(added.filters) > 1
        print_warning(f"{added.name} has started. No ad matches today{hint if several else ''}")
    if (
        any(target.channel is Channel.MAIL for target in added.to)
        and watch_file_of(settings).mail is None
    ):
        print_warning(
            "no mail server is configured. Add [mail] with host and from to "
            f"{settings.watches_file}"
        )


FIELDS = ("watch", "filters", "to", "notify", "changes", "closing_days", "format")


def list_all(settings: Settings, format_: RowsFormat, columns: str | None) -> None:
    file = watch_file_of(settings)
    if columns is not None:
        objects = [_as_object(one) for one in file.watches.values()]
        print_columns(pick(columns, FIELDS), objects, format_)
        return
    if format_ is RowsFormat.JSON:
        print_json([_as_object(one) for one in file.watches.values()])
        return
    rows = [
        (one.name, _filter_words(one), ", ".join(target.display for target in one.to))
        for one in file.watches.values()
    ]
    print_rows(("watch", "filters", "to"), rows)
    if not rows:
        print_warning(f"no watches in {file.path} yet. `navfeed watch init` creates one")


def _as_object(one: Watch) -> dict[str, object]:
    return {
        "watch": one.name,
        "filters": {name: list(texts) for name, texts in one.filters.items()},
        "to": [target.display for target in one.to],
        "notify": _in_order(Trigger, one.preferences.triggers),
        "changes": _in_order(Field, one.preferences.changes),
        "closing_days": one.preferences.closing_days,
        "format": one.format,
    }


def _in_order(kind: type[StrEnum], chosen: Collection[StrEnum]) -> list[str]:
    return [one.value for one in kind if one in chosen]


def _filter_words(one: Watch) -> str:
    return " ".join(
        f"--{name.replace('_', '-')} {quote(text)}"
        for name, texts in one.filters.items()
        for text in texts
    )


def show(settings: Settings, name: str, format_: RowsFormat) -> None:
    one = watch_file_of(settings).get(name)
    with state_of(settings) as state:
        channels = [_channel(state, one, target) for target in one.to]
    if format_ is RowsFormat.JSON:
        print_json(_as_object(one) | {"channels": channels})
        return
    rows = [
        ("watch", one.name),
        ("filters", _filter_words(one)),
        ("notifies of", ", ".join(_in_order(Trigger, one.preferences.triggers))),
        ("changes of", ", ".join(_in_order(Field, one.preferences.changes))),
        ("closing soon", f"{one.preferences.closing_days} days before the deadline"),
        *((str(channel["to"]), _channel_words(channel)) for channel in channels),
    ]
    print_rows(("", ""), rows)


def _channel(state: State, one: Watch, target: Target) -> dict[str, object]:
    health = state.health(target)
    known = state.known_ads(one, target).values()
    return {
        "to": target.display,
        "started": state.has_started(one, target),
        "notified": sum(ad.trigger is not None for ad in known),
        "failures": health.failures,
        "failing_since": health.failing_since and health.failing_since.isoformat(),
        "retry_at": health.retry_at and health.retry_at.isoformat(),
        "delivered_at": health.delivered_at and health.delivered_at.isoformat(),
    }


def _channel_words(channel: Mapping[str, object]) -> str:
    if not channel["started"]:
        return "not started"
    words = "nothing delivered yet"
    if channel["delivered_at"]:
        words = f"{channel['notified']} active ads delivered, last {_oslo(channel['delivered_at'])}"
    if channel["failures"]:
        words += f"; failing since {_oslo(channel['failing_since'])}, "
        words += f"next attempt {_oslo(channel['retry_at'])}"
    return words


def _oslo(moment: object) -> str:
    return oslo_time(datetime.fromisoformat(str(moment)))


def edit(
    settings: Settings, name: str, options: FilterOptions, own: Mapping[str, Any], *, backlog: bool
) -> None:
    """`own`: the watch's other settings; an empty list removes one."""
    table = _table(options, own)
    options.filters(now())
    with _lock(settings), state_of(settings) as state:
        before = watch_file_of(settings).get(name)
        with _continued(settings, state, before) as adopt:
            edit_watch(settings.watches_file, name, table, FILTERS)
            adopt(watch_file_of(settings).get(name), backlog)


@contextmanager
def _continued(
    settings: Settings, state: State, before: Watch
) -> Iterator[Callable[[Watch, bool], None]]:
    """Continue with a changed watch; raise before the change if that is not possible now."""
    if not any(state.has_started(before, target) for target in before.to):
        yield lambda after, _: state.adopt(after)
        return
    with viewed(settings) as view:
        if (reason := view.not_ready(state.data_as_of(before.name))) is not None:
            raise ConfigError(f"{before.name} cannot be changed now: {reason}. Run `navfeed sync`")
        # Which ads are pending is known by the filters that the state belongs to, and no others.
        is_its = state.filters_hash(before.name) == before.filters_hash
        pending = view.matching(before) if is_its else {}

        def adopt(after: Watch, backlog: bool) -> None:
            state.adopt(after)
            ads = view.matching(after)
            for target in after.to:
                known = state.known_ads(after, target)
                due = pending.keys() if state.has_started(after, target) else ()
                unknown = {ad: ads[ad] for ad in ads if ad not in known and ad not in due}
                deliver.start(state, view, after, target, {} if backlog else unknown)

        yield adopt


def remove(settings: Settings, name: str) -> None:
    with _lock(settings):
        watch_file_of(settings).get(name)
        remove_watch(settings.watches_file, name, FILTERS)
        with state_of(settings) as state:
            state.remove(name)


def predict_removal(settings: Settings, name: str) -> None:
    one = watch_file_of(settings).get(name)
    targets = ", ".join(target.display for target in one.to)
    print_lines(
        [f"would remove {name} ({_filter_words(one)}) and its delivery history for {targets}"]
    )


def run(
    settings: Settings,
    options: RunOptions,
    format_: Format | None,
    max_age: str | None,
    *,
    quiet: bool,
) -> ExitCode:
    file = watch_file_of(settings)
    for name in options.only or ():
        file.get(name)
    with viewed(settings) as view:
        limits(settings, max_age).check(view.caught_up_at, view.snapshot.now)
    return WatchRunner(quiet=quiet).run(settings, options, format_)


def preview(settings: Settings, name: str, limit: int, format_: Format) -> None:
    one = watch_file_of(settings).get(name)
    with viewed(settings) as view, _known(settings, one) as (known, triaged):
        ads = view.matching(one)
        items = make_batch(view, one, ads, known, triaged).items
        near = view.near_misses(one, ads)
    shown = Digest((Group(one.name, items[:limit]),))
    _show_preview(shown, near, len(items), limit, format_)


@contextmanager
def _known(
    settings: Settings, one: Watch
) -> Iterator[tuple[dict[str, KnownAd], dict[str, Triaged]]]:
    """The state of the watch's first target. Creates no file."""
    if not state_path(settings.db).exists():
        yield {}, {}
        return
    with state_of(settings) as state:
        yield state.known_ads(one, one.to[0]), state.marks()


def _show_preview(
    shown: Digest, near: list[NearMiss], count: int, limit: int, format_: Format
) -> None:
    if format_ is Format.JSON:
        missed = [
            {
                "filter": one.filter,
                "count": len(one.ads),
                "ads": [_near_object(ad) for ad in one.ads[:limit]],
            }
            for one in near
        ]
        print_json(payload(shown) | {"count": count, "near_misses": missed})
        return
    if count:
        text_stdout().write(render(shown, format_))
    else:
        print_warning("no pending notifications")
    if count > limit:
        print_warning(f"{limit} of {count:,} shown; show all with --limit {count}")
    for one in near:
        print_warning(
            f"{counted(len(one.ads), 'more ad')} without --{one.filter.replace('_', '-')}:"
        )
        for ad in one.ads[: min(limit, 3)]:
            print_warning(f"  {ad.title} · {ad.employer} · {ad.place} · {ad.page_url}")


def _near_object(ad: Ad) -> dict[str, object]:
    return {"uuid": ad.uuid, "title": ad.title, "employer": ad.employer, "place": ad.place}
