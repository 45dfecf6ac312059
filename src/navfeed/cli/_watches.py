"""What `navfeed watch` does; `navfeed.cli.watch` declares its commands.

A module of its own, so that other commands start without loading its dependencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from navfeed.api import now, open_store
from navfeed.cli._age import limits
from navfeed.cli._filters import FilterOptions, suggest_values
from navfeed.cli._output import RowsFormat, print_json, print_lines, print_warning, text_stdout
from navfeed.cli._pager import paged
from navfeed.cli._rows import print_columns, print_record, print_rows
from navfeed.cli._watch_runs import FILTERS, WatchRunner, lock_watches, manager_of, viewed
from navfeed.config import Settings
from navfeed.errors import ExitCode, StoreError
from navfeed.model import counted
from navfeed.names import option_of, setting_of
from navfeed.text.plaintext import cell_text, sanitize
from navfeed.watches.choices import WATCH_FIELDS, Channel, Format
from navfeed.watches.describe import filter_words, target_state, watch_object, watch_rows
from navfeed.watches.digest import Ad, Digest, Group
from navfeed.watches.events import RunOptions
from navfeed.watches.formats import item_object, payload, render
from navfeed.watches.manager import AddedWatch, EditedWatch
from navfeed.watches.near import NearMiss


def add(
    settings: Settings, name: str, options: FilterOptions, own: Mapping[str, Any], *, backlog: bool
) -> None:
    table = _table(options, own)
    options.filters(now())  # invalid filters are refused before anything is written
    with lock_watches(settings):
        added = manager_of(settings).add(name, table, backlog=backlog)
    _suggest(settings, options)
    _report_start(added, backlog=backlog)
    if added.lacks_mail_server:
        print_warning(
            "no mail server is configured. Add [mail] with host and from to "
            f"{settings.watches_file}"
        )


def _suggest(settings: Settings, options: FilterOptions) -> None:
    """Warn about values that match no ad, if there is a store yet."""
    moment = now()
    with suppress(StoreError), open_store(settings.db, at=moment) as reader:
        suggest_values(reader, options.filters(moment))


def _table(options: FilterOptions, own: Mapping[str, Any]) -> dict[str, Any]:
    """The given options as the watch file has them. Targets are validated when it is read."""
    given = {setting_of(name): value for name in FILTERS if (value := getattr(options, name))}
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


def _report_start(added: AddedWatch, *, backlog: bool) -> None:
    name = added.watch.name
    if added.matching is None:
        how = "delivers the ads of" if backlog else "starts with"
        print_warning(f"{name} {how} the first complete copy of the feed. Run `navfeed sync`")
    elif added.matching:
        fate = "are delivered by the next run" if backlog else "are not delivered"
        print_warning(f"{name} has started. Ads that match today ({added.matching:,}) {fate}")
    else:
        hint = f"; `navfeed watch preview {name}` shows near misses"
        several = len(added.watch.filters) > 1
        print_warning(f"{name} has started. No ad matches today{hint if several else ''}")


def list_all(settings: Settings, format_: RowsFormat, columns: Sequence[str] | None) -> None:
    file = manager_of(settings).read()
    objects = [watch_object(one) for one in file.watches.values()]
    if columns is not None:
        print_columns(columns, objects, format_)
        return
    if format_ is RowsFormat.JSON:
        print_json(objects)
        return
    rows = [
        (one.name, filter_words(one), ", ".join(target.display for target in one.to))
        for one in file.watches.values()
    ]
    print_rows(("watch", "filters", "to"), rows)
    if not rows:
        print_warning(f"no watches in {file.path} yet. `navfeed watch init` creates one")


def show(settings: Settings, name: str, format_: RowsFormat, columns: Sequence[str] | None) -> None:
    manager = manager_of(settings)
    one = manager.read().get(name)
    with manager.state() as state:
        targets = [target_state(state, one, target) for target in one.to]
    record = watch_object(one) | {"channels": [target.as_object() for target in targets]}
    if columns is not None:
        print_record(columns, record, format_)
        return
    if format_ is RowsFormat.JSON:
        print_json(record)
        return
    rows = [(target.target.display, target.words()) for target in targets]
    print_rows(("", ""), [*watch_rows(one), *rows])


def edit(
    settings: Settings, name: str, options: FilterOptions, own: Mapping[str, Any], *, backlog: bool
) -> None:
    """`own`: the watch's other settings; an empty list removes one."""
    table = _table(options, own)
    options.filters(now())
    with lock_watches(settings):
        edited = manager_of(settings).edit(name, table, backlog=backlog)
    _suggest(settings, options)
    print_warning(_edited(edited))


def _edited(edited: EditedWatch) -> str:
    watch = edited.watch
    to = ", ".join(target.display for target in watch.to)
    skipped = (
        f". Ads that match already ({edited.skipped:,}) are not delivered there; --backlog "
        "delivers them too"
    )
    now_is = f"{watch.name} is now {filter_words(watch)}, delivered to {to}"
    return now_is + (skipped if edited.skipped else "")


def predict_edit(
    settings: Settings, name: str, options: FilterOptions, own: Mapping[str, Any]
) -> None:
    """Print what `edit` would change."""
    table = _table(options, own)
    options.filters(now())
    before, after = map(watch_object, manager_of(settings).predict_edit(name, table))
    changed = [field for field in WATCH_FIELDS if before[field] != after[field]]
    for field in changed:
        both = f"{cell_text(before[field])} -> {cell_text(after[field])}"
        print_lines([f"would change {field} of {name}: {sanitize(both)}"])
    if not changed:
        print_lines([f"would change nothing of {name}"])


def remove(settings: Settings, name: str) -> None:
    with lock_watches(settings):
        manager_of(settings).remove(name)
    print_warning(f"removed {name} and its delivery history")


def predict_removal(settings: Settings, name: str) -> None:
    one = manager_of(settings).read().get(name)
    targets = ", ".join(target.display for target in one.to)
    print_lines(
        [f"would remove {name} ({filter_words(one)}) and its delivery history for {targets}"]
    )


def run(
    settings: Settings,
    options: RunOptions,
    format_: Format | None,
    max_age: str | None,
    *,
    quiet: bool,
) -> ExitCode:
    file = manager_of(settings).read()
    for name in options.only or ():
        file.get(name)
    with viewed(settings) as view:
        limits(settings, max_age).check(view.caught_up_at, view.snapshot.now)
    return WatchRunner(quiet=quiet).run(settings, options, format_)


def preview(
    settings: Settings, name: str, limit: int, format_: Format, columns: Sequence[str] | None
) -> None:
    found = manager_of(settings).preview(name)
    items, count = found.items[:limit], len(found.items)
    if columns is not None:
        print_columns(columns, list(map(item_object, items)), format_)
        return
    shown = Digest((Group(name, items),))
    if format_ is Format.JSON:
        missed = [_near_object(one, limit) for one in found.near_misses]
        facts = {"started": found.started, "count": count, "near_misses": missed}
        print_json(payload(shown) | facts)
        return
    if not found.started:
        print_warning(
            f"{name} has not started: its first run does not deliver the ads that match today "
            f"({count:,}), except with --backlog"
        )
    _show_preview(shown, found.near_misses, count, limit, format_)


def _show_preview(
    shown: Digest, near: Iterable[NearMiss], count: int, limit: int, format_: Format
) -> None:
    if count:
        with paged():
            text_stdout().write(render(shown, format_))
    else:
        print_warning("no pending notifications")
    if count > limit:
        print_warning(f"{limit} of {count:,} shown; show all with --limit {count}")
    for one in near:
        _warn_of_near_miss(one, min(limit, 3))


def _near_object(miss: NearMiss, limit: int) -> dict[str, object]:
    ads = [_ad_object(ad) for ad in miss.ads[:limit]]
    return {"filter": setting_of(miss.filter), "count": len(miss.ads), "ads": ads}


def _ad_object(ad: Ad) -> dict[str, object]:
    return {"uuid": ad.uuid, "title": ad.title, "employer": ad.employer, "place": ad.place}


def _warn_of_near_miss(miss: NearMiss, limit: int) -> None:
    print_warning(f"{counted(len(miss.ads), 'more ad')} without {option_of(miss.filter)}:")
    for ad in miss.ads[:limit]:
        print_warning(f"  {ad.title} · {ad.employer} · {ad.place} · {ad.page_url}")
