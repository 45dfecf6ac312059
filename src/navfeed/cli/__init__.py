"""The command line: wiring only, and the one place where an error becomes text and exit code."""

from __future__ import annotations

from navfeed.cli.app import app


def main() -> None:
    """Run navfeed. Ends the process with an exit code of `navfeed.errors.ExitCode`."""
    app(prog_name="navfeed")


__all__ = ["app", "main"]
