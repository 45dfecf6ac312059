"""`navfeed practice`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from errno import EADDRINUSE
from typing import Annotated

import typer

from navfeed.cli.app import app
from navfeed.errors import ConfigError


@app.command()
def practice(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8_080,
    seed: Annotated[int, typer.Option(help="The same seed makes the same feed.")] = 0,
    entries: Annotated[int, typer.Option(min=1, help="Length of the log to begin with.")] = 20_000,
    live: Annotated[
        float | None,
        typer.Option(min=0.1, help="Let ads change every so many seconds.", show_default=False),
    ] = None,
    latency: Annotated[
        float,
        typer.Option(min=0, help="Seconds until each answer; NAV's take 0.1 on a good day."),
    ] = 0.0,
) -> None:
    """Run a practice feed on this machine: made-up ads, NAV's behaviour, no token of yours."""
    from navfeed.practice import PracticeServer, run

    def say(server: PracticeServer) -> None:
        print(server.url, flush=True)  # noqa: T201
        print(  # noqa: T201
            f"practice feed with {entries} entries; stop it with Ctrl-C. In another terminal:\n"
            f"  navfeed sync --base-url {server.url} --db practice.db",
            file=sys.stderr,
            flush=True,
        )

    try:
        run(
            port,
            now=datetime.now(UTC),
            seed=seed,
            entries=entries,
            live=live,
            latency=latency,
            ready=say,
        )
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        taken = f"port {port} is taken by another program. Name another; --port 0 takes a free one"
        raise ConfigError(taken) from None
