"""Metrics for Prometheus in its text format, for node_exporter's textfile collector.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows,
`_timestamp_seconds` for moments, so that an age is `time() - x`. The format is of
https://prometheus.io/docs/instrumenting/exposition_formats/. No figure is about a person or an ad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from navfeed.config import Settings
from navfeed.errors import NavfeedError
from navfeed.model import RunFacts, StoreFacts
from navfeed.version import __version__


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its samples: a label's value (empty: no label) and the figure."""

    name: str
    about: str
    samples: tuple[tuple[str, float], ...]
    label: str = ""
    kind: str = "gauge"


def write_metrics(settings: Settings, warn: Callable[[str], object]) -> None:
    """Write the metrics file, if there is one. A failure is reported and fails nothing else."""
    if settings.metrics_file is None:
        return
    from navfeed.api import now, open_store
    from navfeed.files import replaced

    moment = now()
    try:
        with open_store(settings.db, at=moment) as reader:
            facts = reader.status(moment)
        # A reload signal during this must not end a service.
        with replaced(settings.metrics_file, mode=0o644, stoppable=False) as out:
            out.write(exposition(facts).encode())
    except (NavfeedError, OSError) as error:
        warn(f"cannot write metrics: {error}")


def exposition(facts: StoreFacts) -> str:
    """All metrics of a store; unknown ones are left out."""
    return "".join(map(_lines, _metrics(facts)))


def _lines(metric: Metric) -> str:
    lines = [f"# HELP {metric.name} {metric.about}\n", f"# TYPE {metric.name} {metric.kind}\n"]
    for value, figure in metric.samples:
        label = f'{{{metric.label}="{value}"}}' if metric.label else ""
        lines.append(f"{metric.name}{label} {_number(figure)}\n")
    return "".join(lines) if metric.samples else ""


def _number(figure: float) -> str:
    return str(int(figure)) if figure == int(figure) else repr(figure)


def _metrics(facts: StoreFacts) -> Iterator[Metric]:
    yield Metric(
        "navfeed_info", "The version of navfeed that wrote this.", ((__version__, 1),), "version"
    )
    yield _one("navfeed_active_ads", "Ads that may be shown today.", facts.active)
    yield _one("navfeed_ads_stored", "Ads in the store.", facts.stored)
    yield Metric(
        "navfeed_details_queued",
        "Ads whose details are still to fetch: due, held_back until their retry, given_up.",
        (
            ("due", facts.waiting - facts.held_back),
            ("held_back", facts.held_back),
            ("given_up", facts.given_up),
        ),
        "state",
    )
    yield _moment(
        "navfeed_caught_up",
        "The end of the log at the last run that read it; details may be missing.",
        facts.caught_up_at,
    )
    yield _moment(
        "navfeed_details_complete",
        "The end of the log at the last run that left out no new ad.",
        facts.details_complete_at,
    )
    yield _moment("navfeed_newest_entry", "When the newest entry read was written.", facts.newest)
    yield _moment("navfeed_token_expiry", "When the token in use expires.", facts.token_expires)
    yield _moment("navfeed_pause_until", "The feed requested a pause until.", facts.retry_at)
    yield _one(
        "navfeed_erasure_owed", "1: a reader keeps removed text on disk.", facts.erasure_owed
    )
    yield _one(
        "navfeed_feed_log_broken",
        "1: the log broke, and not every ad is confirmed since.",
        facts.trouble is not None,
    )
    yield _one(
        "navfeed_ads_unconfirmed",
        "Ads in the store that are not confirmed since the log restarted.",
        facts.unconfirmed,
    )
    yield _one("navfeed_store_size_bytes", "Size of the store's main file.", facts.size)
    yield _one("navfeed_schema_version", "Version of the store's schema.", facts.schema_version)
    if facts.last_run is not None:
        yield from _run(facts.last_run)


def _run(run: RunFacts) -> Iterator[Metric]:
    yield _one("navfeed_runs_total", "Runs that were ever started.", run.id, kind="counter")
    yield _moment("navfeed_last_run_start", "When the last run started.", run.started_at)
    yield _moment("navfeed_last_run_end", "When the last run ended.", run.ended_at)
    if run.exit_code is not None:
        yield _one("navfeed_last_run_exit_code", "Exit code of the last run.", run.exit_code)
    yield Metric(
        "navfeed_last_run_items",
        "What the last run did, by kind.",
        tuple(run.counts.items()),
        "kind",
    )


def _one(name: str, about: str, figure: int, kind: str = "gauge") -> Metric:
    """`figure` True is 1."""
    return Metric(name, about, (("", figure),), kind=kind)


def _moment(name: str, about: str, moment: datetime | None) -> Metric:
    samples = () if moment is None else (("", moment.timestamp()),)
    return Metric(f"{name}_timestamp_seconds", about, samples)


def served(answered: Mapping[str, int]) -> str:
    """The number of requests that a server has answered, by status."""
    about = "Requests that `navfeed serve` has answered, by status."
    name = "navfeed_serve_requests_total"
    return _lines(Metric(name, about, tuple(sorted(answered.items())), "status", "counter"))
