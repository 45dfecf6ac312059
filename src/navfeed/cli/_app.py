"""The group of commands, and the error boundary around all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from io import UnsupportedOperation
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_group

from navfeed.cli._help import MAX_WIDTH, Command, Group, width_of_names, write_section
from navfeed.cli._output import log_to, print_error, print_lines, print_stopped
from navfeed.cli._pager import paged
from navfeed.errors import ConfigError, ExitCode, NavfeedError, StoppedError
from navfeed.names import RENAMED, parameter_of
from navfeed.version import __version__

GROUPS = {
    "Look for ads": {
        "list": "List the active ads.",
        "show": "Show one ad.",
        "save": "Save an ad for later.",
        "applied": "Note that you applied.",
        "ignore": "Hide an ad from all watches.",
        "watch": "Report new matching ads.",
    },
    "Count and export": {
        "stats": "Count active ads.",
        "quality": "Show how good the data is.",
        "export": "Export active ads.",
    },
    "Serve programs": {
        "changes": "Write what changed, for other programs.",
        "push": "Keep PostgreSQL or OpenSearch equal to the store.",
        "serve": "Serve the store to browsers and programs.",
        "mcp": "Let an assistant search the store.",
    },
    "Keep the copy": {
        "sync": "Update the store from NAV's feed.",
        "status": "Show the state of the store.",
        "verify": "Compare the store with the feed.",
        "runs": "Show sync history.",
        "doctor": "Diagnose configuration, store and feed.",
        "backup": "Copy the store to a file.",
        "restore": "Replace the store with a copy.",
        "vacuum": "Compact the store.",
        "check": "Check the store for damage.",
        "privacy": "Find or erase what is stored about a person.",
    },
    "Set up": {
        "init": "Set up navfeed: a settings file and a timer.",
        "config": "Show and check the settings.",
        "practice": "Run a local practice feed.",
    },
}
"""Every command and the first line of its help, by the heading and in the order of the help.

The module of the same name registers it with `app`. The root's help and the completion of a name
need only this table, and load no command.
"""

COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}

Function = TypeVar("Function", bound=Callable[..., Any])


class Boundary(Group):
    """Loads the commands, and turns what one raises into one line on stderr and an exit code."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401  typer's own
        """Load this command only."""
        self.load([cmd_name] if cmd_name in COMMANDS else COMMANDS)  # all, to suggest a similar one
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002  typer's own
        for heading, commands in GROUPS.items():
            write_section(formatter, heading, [*commands.items()], width_of_names(COMMANDS.items()))

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401  typer's own
        ctx.command = self._table()  # by which typer looks for the names that begin so
        return ctx.command.shell_complete(ctx, incomplete)

    def _table(self) -> TyperGroup:
        """The names and first lines of the commands, without loading them."""
        stubs: dict[str, Any] = {
            name: TyperCommand(name, help=summary) for name, summary in COMMANDS.items()
        }
        return TyperGroup(name=self.name, commands=stubs, params=self.params)

    def load(self, names: Iterable[str]) -> None:
        """Import the modules of these commands, and make typer build what they register."""
        if missing := [name for name in names if name not in self.commands]:
            for name in missing:
                import_module(f"navfeed.cli.{name}")
            self.commands.update(get_group(app).commands)

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        *,
        standalone_mode: bool = True,
        **more: Any,  # noqa: ANN401  what typer takes
    ) -> object:
        """Like typer's, but report wrong use in one line, not in a box."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **more)
        try:
            code = super().main(args, standalone_mode=False, **more)
        except TyperException as error:
            _report_wrong_use(error, sys.argv[1:] if args is None else args)
            code = error.exit_code
        except ConfigError as error:
            print_error(str(error))
            code = error.exit_code
        sys.exit(code)

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        for one in args:
            _refuse_other_encodings(one)
        if not args and not ctx.resilient_parsing:
            _welcome()
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> None:  # type: ignore[override]
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except NavfeedError as error:
            report = print_stopped if isinstance(error, StoppedError) else print_error
            report(str(error))
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


def _welcome() -> None:
    """Without a store, three lines help more than the list of commands."""
    from navfeed.cli._welcome import greeting

    if lines := greeting():
        print_lines(lines)
        raise typer.Exit


def _refuse_other_encodings(text: str) -> None:
    """Refuse bytes that are not text: Python passes them as lone surrogates."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ConfigError(
            f"{text!a} is not valid {sys.getfilesystemencoding()}, your locale's "
            "encoding. Re-encode it, or set LC_ALL to a UTF-8 locale such as C.UTF-8"
        )


def _report_wrong_use(error: TyperException, words: Sequence[str]) -> None:
    """One line on stderr; the help on stdout if there were no arguments at all."""
    if type(error).__name__ == "NoArgsIsHelpError":  # no public class
        with paged():
            print_lines([error.format_message()])
        sys.stdout.flush()
        return
    from navfeed.cli._wrong_use import describe

    print_error(describe(error, words))


def _leave_quietly() -> NoReturn:
    """The reader closed the pipe (`| head`): end without a message, and flush nothing."""
    _drop_output()
    raise typer.Exit(ExitCode.DONE)


def _drop_output() -> None:
    """Drop unwritten output: Python would try again at exit, and end with 120."""
    with suppress(UnsupportedOperation):  # tests in this process have no such file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_bug(error: Exception) -> NoReturn:
    """Report the place of a bug without values, which may be tokens or names."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else "?"
    print_error(
        f"this is a bug ({type(error).__name__} at {where}, navfeed {__version__}). "
        "Committed data is safe. Please report it",
        ExitCode.BUG,
    )
    raise typer.Exit(ExitCode.BUG)


def _canonical(word: str) -> str:
    """The declared name of an option, or a choice: NAV's names work too.

    A second name in the declaration would show in the help, and truncate both.
    """
    return parameter_of(word) if word in RENAMED else word


class Commands(typer.Typer):
    """A group of commands, each a `Command`."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  what typer takes
        super().__init__(**{"cls": Group, **more})

    def command(
        self,
        name: str | None = None,
        **more: Any,  # noqa: ANN401  what typer takes
    ) -> Callable[[Function], Function]:
        return super().command(name, cls=Command, **more)


app = Commands(
    name="navfeed",
    cls=Boundary,
    help="An exact, lawful, queryable local copy of NAV's job vacancy feed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": MAX_WIDTH,
        "token_normalize_func": _canonical,
    },
)


def _show_version(ctx: typer.Context, value: bool) -> None:
    if not value:
        return
    print(f"navfeed {__version__}")  # noqa: T201
    if ctx.params.get("check"):  # eager, and so read before
        _compare_version()
    raise typer.Exit


def _compare_version() -> None:
    from navfeed.ops.new_version import report

    try:
        print(report())  # noqa: T201
    except NavfeedError as error:
        print_error(str(error))
        raise typer.Exit(error.exit_code) from None


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, help="Show the version and exit."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", is_eager=True, help="With --version: look on PyPI for a newer release."
        ),
    ] = False,
) -> None:
    """Do nothing: the commands do the work."""
    if check:
        raise ConfigError("--check goes with --version: navfeed --version --check")
