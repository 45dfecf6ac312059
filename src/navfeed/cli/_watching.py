"""What `navfeed watch` does; `navfeed.cli.watch` declares its commands.

It stands apart, so that whoever runs another command does not wait for all that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from navfeed.api import now, store_lock
from navfeed.cli._age import limits
from navfeed.cli._filters import FilterOptions
from navfeed.cli._output import RowsFormat, print_json, print_rows, print_warning, text_stdout
from navfeed.cli._telling import FILTERS, Teller, book_of, state_of, viewed
from navfeed.config import Settings
from navfeed.errors import ConfigError, ExitCode, StoreError
from navfeed.watches import deliver
from navfeed.watches.book import add_watch, edit_watch, remove_watch
from navfeed.watches.decide import Told
from navfeed.watches.definition import Target, Watch
from navfeed.watches.digest import Ad, Digest, Group
from navfeed.watches.formats import payload, written
from navfeed.watches.near import Near
from navfeed.watches.state import Marked, State, state_path
from navfeed.watches.words import Format, Way


def add(
    settings: Settings, name: str, asked: FilterOptions, own: Mapping[str, Any], *, backlog: bool
) -> None:
    table = _table(asked, own)
    asked.filters(now())  # what cannot be read is refused before it is written
    with _alone(settings):
        add_watch(settings.watches_file, name, table, FILTERS)
        added = book_of(settings).named(name)
        with state_of(settings) as state:
            state.remove(name)  # of one of that name that was taken out of the file by hand
            fits = _begin(settings, state, added, added.to, backlog=backlog)
    _tell_of_start(settings, added, fits, backlog=backlog)


def _table(asked: FilterOptions, own: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, as the file says it. Targets are looked at when the file is read again."""
    given = {name: value for name in FILTERS if (value := getattr(asked, name))}
    if own.get("to"):
        own = {**own, "to": [_whole(text) for text in own["to"]]}
    return given | {name: _plain(value) for name, value in own.items() if value is not None}


def _whole(target: str) -> str:
    """A file is meant from where one is, and cron is somewhere else."""
    way, _, where = target.partition(":")
    if way not in (Way.FILE, Way.ATOM) or not where or where.startswith("~"):
        return target
    return f"{way}:{Path(where).absolute()}"


def _plain(value: object) -> object:
    """Without the types of enumerations, which the file knows nothing of."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _alone(settings: Settings) -> AbstractContextManager[None]:
    return store_lock(settings.db, "watches.lock", "another `navfeed watch` tells from")


def _begin(
    settings: Settings, state: State, added: Watch, targets: Iterable[Target], *, backlog: bool
) -> int | None:
    """Begin to tell there; how many ads fit, None where that is not known yet."""
    try:
        with viewed(settings) as view:
            if view.why_not(None) is not None:
                return None
            ads = view.fitting(added)
            for target in targets:
                deliver.begin(state, view, added, target, {} if backlog else ads)
            return len(ads)
    except StoreError:
        return None


def _tell_of_start(settings: Settings, added: Watch, fits: int | None, *, backlog: bool) -> None:
    if fits is None:
        print_warning(
            f"{added.name} begins with the first complete copy of the feed. Run `navfeed sync`"
        )
    elif fits:
        said = "are told of by the next run" if backlog else "are not told of"
        print_warning(f"{added.name} has begun: {fits:,} ads fit today, and {said}")
    else:
        print_warning(
            f"{added.name} has begun: no ad fits today. `navfeed watch preview {added.name}` "
            "tells which ones nearly do"
        )
    if any(target.way is Way.MAIL for target in added.to) and book_of(settings).mail is None:
        print_warning(
            f"no mail can go yet: add a [mail] table with host and from to {settings.watches_file}"
        )


def list_all(settings: Settings, format_: RowsFormat) -> None:
    book = book_of(settings)
    if format_ is RowsFormat.JSON:
        print_json([_as_object(one) for one in book.watches.values()])
        return
    rows = [
        (one.name, _asked_words(one), ", ".join(target.shown for target in one.to))
        for one in book.watches.values()
    ]
    print_rows(("watch", "filters", "tells"), rows)
    if not rows:
        print_warning(
            f"there is no watch in {book.path} yet. `navfeed watch init` asks and writes one"
        )


def _as_object(one: Watch) -> dict[str, object]:
    return {
        "watch": one.name,
        "filters": {name: list(texts) for name, texts in one.asked.items()},
        "to": [target.shown for target in one.to],
        "tell": sorted(one.wish.tell),
        "changes": sorted(one.wish.changes),
        "closing_days": one.wish.closing_days,
        "format": one.format,
    }


def _asked_words(one: Watch) -> str:
    return " ".join(
        f"--{name.replace('_', '-')} {quote(text)}"
        for name, texts in one.asked.items()
        for text in texts
    )


def show(settings: Settings, name: str, format_: RowsFormat) -> None:
    one = book_of(settings).named(name)
    with state_of(settings) as state:
        channels = [_channel(state, one, target) for target in one.to]
    if format_ is RowsFormat.JSON:
        print_json(_as_object(one) | {"channels": channels})
        return
    rows = [
        ("watch", one.name),
        ("filters", _asked_words(one)),
        ("tells of", ", ".join(sorted(one.wish.tell))),
        ("changes of", ", ".join(sorted(one.wish.changes))),
        ("closing soon", f"{one.wish.closing_days} days before"),
        *((str(channel["to"]), _channel_words(channel)) for channel in channels),
    ]
    print_rows(("", ""), rows)


def _channel(state: State, one: Watch, target: Target) -> dict[str, object]:
    channel = state.channel(target)
    told = state.told(one, target).values()
    return {
        "to": target.shown,
        "begun": state.has_begun(one, target),
        "told": sum(known.news is not None for known in told),
        "failures": channel.failures,
        "retry_at": channel.retry_at and channel.retry_at.isoformat(),
        "delivered_at": channel.delivered_at and channel.delivered_at.isoformat(),
    }


def _channel_words(channel: Mapping[str, object]) -> str:
    if not channel["begun"]:
        return "not begun"
    said = f"{channel['told']} ads in force told of; last {channel['delivered_at'] or 'never'}"
    if channel["failures"]:
        said += f"; failed {channel['failures']} times, tried again at {channel['retry_at']}"
    return said


def edit(
    settings: Settings, name: str, asked: FilterOptions, own: Mapping[str, Any], *, backlog: bool
) -> None:
    """`own`: the watch's other settings; an empty list takes one out."""
    table = _table(asked, own)
    asked.filters(now())
    with _alone(settings), state_of(settings) as state:
        before = book_of(settings).named(name)
        with _seen_through(settings, state, before) as adopt:
            edit_watch(settings.watches_file, name, table, FILTERS)
            adopt(book_of(settings).named(name), backlog)


@contextmanager
def _seen_through(
    settings: Settings, state: State, before: Watch
) -> Iterator[Callable[[Watch, bool], None]]:
    """Take up a changed watch; where that cannot be done now, it is known before it is changed."""
    if not any(state.has_begun(before, target) for target in before.to):
        yield lambda after, _: state.take_up(after)
        return
    with viewed(settings) as view:
        if (why := view.why_not(state.told_from(before.name))) is not None:
            raise ConfigError(f"{before.name} cannot be changed now: {why}. Run `navfeed sync`")
        # Only what the state is of tells which ads were about to be told of.
        is_its = state.identity(before.name) == before.identity
        pending = view.fitting(before) if is_its else {}

        def adopt(after: Watch, backlog: bool) -> None:
            state.take_up(after)
            ads = view.fitting(after)
            for target in after.to:
                told = state.told(after, target)
                begun = state.has_begun(after, target)
                due = pending.keys() if begun else ()
                unknown = {ad: ads[ad] for ad in ads if ad not in told and ad not in due}
                deliver.begin(state, view, after, target, {} if backlog else unknown)

        yield adopt


def remove(settings: Settings, name: str) -> None:
    with _alone(settings):
        book_of(settings).named(name)
        remove_watch(settings.watches_file, name, FILTERS)
        with state_of(settings) as state:
            state.remove(name)


def run(
    settings: Settings,
    how: deliver.How,
    format_: Format | None,
    max_age: str | None,
    *,
    quiet: bool,
) -> ExitCode:
    book = book_of(settings)
    for name in how.only or ():
        book.named(name)
    with viewed(settings) as view:
        limits(settings, max_age).check(view.caught_up_at, view.at.now)
    return Teller(quiet=quiet).tell(settings, how, format_)


def preview(settings: Settings, name: str, limit: int, format_: Format) -> None:
    one = book_of(settings).named(name)
    with viewed(settings) as view, _known(settings, one) as (told, marks):
        ads = view.fitting(one)
        items = deliver.portion_of(view, one, ads, told, marks).items
        near = view.near_misses(one, ads)
    shown = Digest((Group(one.name, items[:limit]),))
    _show_preview(shown, near, len(items), limit, format_)


@contextmanager
def _known(settings: Settings, one: Watch) -> Iterator[tuple[dict[str, Told], dict[str, Marked]]]:
    """What is known at the first place where the watch tells. Makes no file."""
    if not state_path(settings.db).exists():
        yield {}, {}
        return
    with state_of(settings) as state:
        yield state.told(one, one.to[0]), state.marks()


def _show_preview(shown: Digest, near: list[Near], count: int, limit: int, format_: Format) -> None:
    if format_ is Format.JSON:
        missed = [
            {
                "condition": one.condition,
                "count": len(one.ads),
                "ads": [_near_object(ad) for ad in one.ads[:limit]],
            }
            for one in near
        ]
        print_json(payload(shown) | {"count": count, "near_misses": missed})
        return
    if count:
        text_stdout().write(written(shown, format_))
    else:
        print_warning("there is nothing to tell")
    if count > limit:
        print_warning(f"{limit} of {count:,} shown; --limit {count} shows all")
    for one in near:
        print_warning(
            f"{len(one.ads):,} more ads would fit without --{one.condition.replace('_', '-')}:"
        )
        for ad in one.ads[: min(limit, 3)]:
            print_warning(f"  {ad.title} · {ad.employer} · {ad.place} · {ad.page}")


def _near_object(ad: Ad) -> dict[str, object]:
    return {"uuid": ad.uuid, "title": ad.title, "employer": ad.employer, "place": ad.place}
