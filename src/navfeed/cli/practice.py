"""`navfeed practice`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from navfeed.cli._app import app
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
    """Run a local practice feed.

    Made-up ads with NAV's behaviour, on this machine, without a token of yours.
    """
    from navfeed.practice import PracticeServer, run

    def say(server: PracticeServer) -> None:
        print(server.url, flush=True)  # noqa: T201
        print(  # noqa: T201
            f"practice feed with {entries} entries; stop it with Ctrl-C. In another terminal:\n"
            f"  navfeed sync --base-url {server.url} --db practice.db",
            file=sys.stderr,
            flush=True,
        )

    with _named(port):
        run(
            port,
            now=datetime.now(UTC),
            seed=seed,
            entries=entries,
            live=live,
            latency=latency,
            ready=say,
        )


@contextmanager
def _named(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise ConfigError(
            f"cannot listen on port {port} ({os.strerror(error.errno)}). "
            "Name another with --port; 0 takes a free one"
        ) from error
