"""The commands' group, and the boundary around all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from navfeed.cli.output import Color, RowsFormat, log_to, print_error, tell_stopped, use_color
from navfeed.errors import ConfigError, ExitCode, NavfeedError, StoppedError
from navfeed.version import __version__

DbOption = Annotated[
    Path | None,
    typer.Option(
        "--db", help="The store. Default: the platform's data folder.", show_default=False
    ),
]
RowsOption = Annotated[RowsFormat, typer.Option("--format", help="table: tab-separated in a pipe.")]
ColorOption = Annotated[
    Color,
    typer.Option(
        "--color",
        callback=use_color,
        help="When to draw in colour. auto: on a terminal, or if FORCE_COLOR is set.",
        show_default=False,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The settings file. Default: navfeed.toml in the platform's config folder.",
        show_default=False,
    ),
]


_ORDER = [
    *("sync", "list", "show", "watch", "save", "applied", "ignore", "export", "changes", "push"),
    *(
        "serve",
        "mcp",
        "stats",
        "quality",
        "status",
        "verify",
        "runs",
        "doctor",
        "backup",
        "restore",
    ),
    *("restore", "vacuum", "check", "privacy", "practice"),
]


class Boundary(TyperGroup):
    """Turns what a command raises into one line on stderr and an exit code."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """In the order in which one meets them."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        *,
        standalone_mode: bool = True,
        **more: Any,  # noqa: ANN401  what typer takes
    ) -> object:
        """As typer's, but wrong use is one line too, and no box that a pipe or a log breaks up."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **more)
        try:
            code = super().main(args, standalone_mode=False, **more)
        except TyperException as error:
            _tell_wrong_use(error)
            code = error.exit_code
        except ConfigError as error:
            print_error(str(error))
            code = error.exit_code
        sys.exit(code)

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        for one in args:
            _refuse_other_encodings(one)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> None:  # type: ignore[override]
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except NavfeedError as error:
            say = tell_stopped if isinstance(error, StoppedError) else print_error
            say(str(error))
            raise typer.Exit(error.exit_code) from None
        except BrokenPipeError:
            _leave_quietly()
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except OSError as error:
            print_error(f"{error.strerror or error}: {error.filename or 'the output'}")
            if error.filename is None:
                _drop_output()
            raise typer.Exit(ExitCode.USAGE) from None
        except Exception as error:  # noqa: BLE001  the last fence: no user is shown a traceback
            _report_bug(error)
        finally:
            log_to(None)


def _refuse_other_encodings(text: str) -> None:
    """Python hands on bytes that are no text as lone surrogates, which no store can look for."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ConfigError(
            f"{text!a} is no text in {sys.getfilesystemencoding()}, the encoding of your "
            "locale. Write it in that, or set LC_ALL to a locale in UTF-8, such as C.UTF-8"
        )


def _tell_wrong_use(error: TyperException) -> None:
    """The framework's own sentence. Without one, help was asked for, and has been shown."""
    said = " ".join(error.format_message().split()).rstrip(".?")
    if said:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "navfeed"
        mark = "?" if "Did you mean" in said else "."
        print_error(f"{said[0].lower()}{said[1:]}{mark} See `{command} --help`")


def _leave_quietly() -> NoReturn:
    """The reader of our output went away (`| head`): nothing to say, and nothing left to flush."""
    _drop_output()
    raise typer.Exit(ExitCode.DONE)


def _drop_output() -> None:
    """What could not be written is not tried again at the end, which would end with 120."""
    with suppress(UnsupportedOperation):  # tests in this process have no such file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_bug(error: Exception) -> NoReturn:
    """Where it happened, without values: they may be a token or somebody's name."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else "?"
    print_error(
        f"this is a bug ({type(error).__name__} at {where}, navfeed {__version__}). "
        "What was committed is kept. Please report it",
        ExitCode.BUG,
    )
    raise typer.Exit(ExitCode.BUG)


RENAMED = {"municipal": "--municipality", "level1": "--occupation-group"}
"""Filters that are called otherwise than NAV's field is; that name is understood too."""


def _canonical(word: str) -> str:
    """The name by which an option is declared, dashes aside.

    A second name in the declaration would stand in the help, and cut off both.
    """
    return RENAMED.get(word, word).removeprefix("--")


app = typer.Typer(
    name="navfeed",
    cls=Boundary,
    help="An exact, lawful, queryable local copy of NAV's job vacancy feed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # joins the lines of a docstring's paragraph
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": _canonical,
    },
)


def _show_version(value: bool) -> None:
    if value:
        print(f"navfeed {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Nothing of its own to do: the commands do it."""
