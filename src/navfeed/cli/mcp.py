"""`navfeed mcp`: the store for assistants, through stdin and stdout."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import redirect_stdout
from typing import NoReturn

from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption
from navfeed.cli._run import open_log
from navfeed.cli.serve import ShownAgeOption, look_at_the_store, oldest, options_of
from navfeed.config import load
from navfeed.errors import ExitCode
from navfeed.extras import require_extra
from navfeed.signals import ending_signals


@app.command()
def mcp(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    max_age: ShownAgeOption = "1h",
) -> None:
    """Let an assistant search the store.

    By the Model Context Protocol, on stdin and stdout. The assistant can only read, is warned that
    ads are text from outsiders, and gets no contacts.
    """
    require_extra("mcp", "mcp")
    settings = load({"db": db}, config=config)
    log = open_log(settings, quiet=False, always=True)
    assert log is not None  # noqa: S101  as it was asked for
    options = options_of(settings, log, max_age=oldest(max_age))
    look_at_the_store(settings, max_age)
    from navfeed.serve.mcp_server import build_assistant

    for number in ending_signals():
        signal.signal(number, _leave)
    # The SDK closes the stdout that it finds.
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with pipe, redirect_stdout(pipe):
        build_assistant(options).run()


def _leave(*_: object) -> NoReturn:
    """At once: nothing was begun that has to be ended well, and the SDK waits for its caller."""
    os._exit(ExitCode.STOPPED)
