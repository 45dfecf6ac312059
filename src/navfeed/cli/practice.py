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
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 picks a free one.")
    ] = 8_080,
    seed: Annotated[int, typer.Option(help="The same seed makes the same feed.")] = 0,
    entries: Annotated[int, typer.Option(min=1, help="Initial length of the log.")] = 20_000,
    live: Annotated[
        float | None,
        typer.Option(min=0.1, help="Change ads at this interval in seconds.", show_default=False),
    ] = None,
    latency: Annotated[
        float,
        typer.Option(min=0, help="Delay of each answer in seconds; NAV's is 0.1 on a good day."),
    ] = 0.0,
) -> None:
    """Run a local practice feed.

    Serves invented ads on this machine with NAV's behaviour. Needs no token.
    """
    from navfeed.practice import PracticeServer, run

    def announce(server: PracticeServer) -> None:
        print(server.url, flush=True)  # noqa: T201
        print(  # noqa: T201
            f"practice feed with {entries} entries; press Ctrl-C to stop it. In another "
            f"terminal:\n  navfeed sync --base-url {server.url} --db practice.db",
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
            ready=announce,
        )


@contextmanager
def _named(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise ConfigError(
            f"cannot listen on port {port} ({os.strerror(error.errno)}). Choose another "
            "with --port; 0 picks a free one"
        ) from error
