"""The commands' group, and the boundary around all of them."""

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

from navfeed.cli._output import log_to, print_error, print_lines, print_stopped
from navfeed.errors import ConfigError, ExitCode, NavfeedError, StoppedError
from navfeed.version import __version__

COMMANDS = {
    "sync": "Update the store from NAV's feed.",
    "list": "List the active ads.",
    "show": "Show one ad.",
    "watch": "Report new matching ads.",
    "save": "Save an ad for later.",
    "applied": "Note that you applied.",
    "ignore": "Hide an ad from all watches.",
    "export": "Export active ads.",
    "changes": "Write what changed, for other programs.",
    "push": "Keep PostgreSQL or OpenSearch equal to the store.",
    "serve": "Serve the store to browsers and programs.",
    "mcp": "Let an assistant search the store.",
    "stats": "Count active ads.",
    "quality": "Show how good the data is.",
    "status": "Show the state of the store.",
    "verify": "Compare the store with the feed.",
    "runs": "Show sync history.",
    "doctor": "Diagnose configuration, store and feed.",
    "backup": "Copy the store to a file.",
    "restore": "Replace the store with a copy.",
    "vacuum": "Compact the store.",
    "check": "Check the store for damage.",
    "privacy": "Find or erase what is stored about a person.",
    "init": "Set up navfeed: a settings file and a timer.",
    "config": "Show and check the settings.",
    "practice": "Run a local practice feed.",
}
"""Every command and the first line of its help, in the order of the help.

The module of the same name registers it with `app`. The root's help and the completion of a name
need only this table, and load no command.
"""

Function = TypeVar("Function", bound=Callable[..., Any])


class Boundary(TyperGroup):
    """Loads the commands, and turns what one raises into one line on stderr and an exit code."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401  typer's own
        """Load one command, and no other."""
        self.load([cmd_name] if cmd_name in COMMANDS else COMMANDS)  # all, to suggest a similar one
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
        self._table().format_commands(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401  typer's own
        return self._table().shell_complete(ctx, incomplete)

    def _table(self) -> TyperGroup:
        """The commands' names and first lines, without what they do."""
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
        """As typer's, but wrong use is one line too, and no box that a pipe or a log breaks up."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **more)
        try:
            code = super().main(args, standalone_mode=False, **more)
        except TyperException as error:
            _report_wrong_use(error)
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
    """Where nothing is here yet, three lines say more than the list of commands."""
    from navfeed.cli._welcome import greeting

    if lines := greeting():
        print_lines(lines)
        raise typer.Exit


def _refuse_other_encodings(text: str) -> None:
    """Python hands on bytes that are no text as lone surrogates, which no store can look for."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ConfigError(
            f"{text!a} is not valid {sys.getfilesystemencoding()}, your locale's "
            "encoding. Re-encode it, or set LC_ALL to a UTF-8 locale such as C.UTF-8"
        )


def _report_wrong_use(error: TyperException) -> None:
    """One line on stderr; the help on stdout if there were no arguments at all."""
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":  # no public class
        print_lines([message])
        sys.stdout.flush()
        return
    message = " ".join(message.split()).rstrip(".?")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "navfeed"
    mark = "?" if "Did you mean" in message else "."
    print_error(f"{message[0].lower()}{message[1:]}{mark} See `{command} --help`")


def _leave_quietly() -> NoReturn:
    """The reader of our output went away (`| head`): no message, and nothing left to flush."""
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
        "Committed data is safe. Please report it",
        ExitCode.BUG,
    )
    raise typer.Exit(ExitCode.BUG)


RENAMED = {"municipal": "--municipality", "level1": "--occupation-group"}
"""Filters whose option has another name than NAV's field; both names work."""


def _canonical(word: str) -> str:
    """The name by which an option is declared, dashes aside.

    A second name in the declaration would stand in the help, and cut off both.
    """
    return RENAMED.get(word, word).removeprefix("--")


class Command(TyperCommand):
    """A command whose help has a section for each group of options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                default = f"{parameter.param_type_name.capitalize()}s"
                heading = getattr(parameter, "rich_help_panel", None) or default
                sections.setdefault(heading, []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class Commands(typer.Typer):
    """A group of commands, each a `Command`."""

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
    rich_markup_mode=None,  # rich takes 0.2 s to draw a help, and splits it into narrow columns
    context_settings={
        "help_option_names": ["-h", "--help"],
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
    """Nothing of its own to do: the commands do it."""
    if check:
        raise ConfigError("--check goes with --version: navfeed --version --check")
