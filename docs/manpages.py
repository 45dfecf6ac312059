"""Writes the manual pages and the completions that the wheel installs: `make docs`.

One page for navfeed, and one a command, from the same texts as `--help`; a test fails when a page
and the code disagree.
"""

# ruff: noqa: INP001  a script, beside the pages it writes

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer import Context
from typer._completion_shared import get_completion_script
from typer.main import get_group

from navfeed.cli._examples import EXAMPLES
from navfeed.cli._help import NAMES_OF_TYPES, panels_of
from navfeed.cli.commands import app
from navfeed.errors import ExitCode
from navfeed.version import __version__

PACKAGING = Path(__file__).resolve().parents[1] / "packaging"
MAN = PACKAGING / "man"
COMPLETIONS = PACKAGING / "completions"


def pages(meanings: dict[ExitCode, str]) -> dict[Path, str]:
    """Every file, with its text; `meanings` is what each exit code stands for."""
    group = get_group(app)
    commands = {("navfeed",): group, **dict(commands_of(group, ("navfeed",)))}
    manuals = {
        MAN / f"{'-'.join(name)}.1": manual(name, command, meanings)
        for name, command in commands.items()
    }
    return {**manuals, **completions()}


def commands_of(group: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401  typer's groups
    """Each command with its words, those of a group behind the group."""
    for word in group.list_commands(Context(group)):
        command = group.commands[word]
        yield (*above, word), command
        if hasattr(command, "commands"):
            yield from commands_of(command, (*above, word))


# Manual pages, in the macros of man(7)


def manual(name: tuple[str, ...], command: Any, meanings: dict[ExitCode, str]) -> str:  # noqa: ANN401
    """One page. It has no date: two builds of a version are equal, byte for byte."""
    first, _, rest = (command.help or "").partition("\n\n")
    title = "-".join(name)
    parts = [
        f'.TH "{title.upper()}" "1" "" "navfeed {__version__}" "navfeed manual"',
        section("NAME", f"{escape(title)} \\- {escape(one_line(first).rstrip('.'))}"),
        section("SYNOPSIS", synopsis(name, command)),
        *([section("DESCRIPTION", prose(rest))] if rest else []),
        *([section("COMMANDS", listed(name, command))] if hasattr(command, "commands") else []),
        *([section("EXAMPLES", examples)] if (examples := examples_of(name)) else []),
        section("OPTIONS", options_of(command)),
        *(top_level(meanings) if len(name) == 1 else ()),
        section("SEE ALSO", see_also(name, command)),
    ]
    return "\n".join(parts) + "\n"


def section(title: str, text: str) -> str:
    return f".SH {title}\n{text}"


def synopsis(name: tuple[str, ...], command: Any) -> str:  # noqa: ANN401
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    words = [shown(one) for one in arguments]
    if hasattr(command, "commands"):
        words = ["COMMAND", "..."]
    return " ".join([f"\\fB{escape(' '.join(name))}\\fR", "[OPTIONS]", *map(escape, words)])


def shown(argument: Any) -> str:  # noqa: ANN401
    word = (argument.metavar or argument.name).upper().strip("[]")
    return word if argument.required else f"[{word}]"


def examples_of(name: tuple[str, ...]) -> str:
    """Each line below what it does."""
    return "\n".join(
        f".TP\n{inline(meaning)}\n\\fB{escape(line)}\\fR"
        for meaning, line in EXAMPLES.get(" ".join(name[1:]), ())
    )


def options_of(command: Any) -> str:  # noqa: ANN401
    """The options; with panels, each below its heading."""
    panels = {
        heading: "\n".join(described(one) for one in found if one.param_type_name == "option")
        for heading, found in panels_of(command, Context(command)).items()
        if heading != "Arguments"
    }
    if len(panels) == 1:
        return "\n".join(panels.values())
    return "\n".join(f".SS {heading}\n{text}" for heading, text in panels.items())


def described(option: Any) -> str:  # noqa: ANN401
    names = ", ".join(f"\\fB{escape(one)}\\fR" for one in (*option.opts, *option.secondary_opts))
    return f".TP\n{names}{value_of(option)}\n{inline(one_line(option.help or ''))}"


def value_of(option: Any) -> str:  # noqa: ANN401
    """What the option takes, in italics; nothing for a flag."""
    if option.is_flag or option.name == "help":
        return ""
    takes = getattr(option.type, "choices", None)
    word = option.metavar or ("|".join(map(str, takes)) if takes else _kind(option.type.name))
    return f" \\fI{escape(word)}\\fR"


def _kind(name: str) -> str:
    return {"str": "TEXT", **NAMES_OF_TYPES}.get(name, name.upper())


def listed(name: tuple[str, ...], group: Any) -> str:  # noqa: ANN401
    rows = (
        f".TP\n\\fB{escape('-'.join((*name, word)))}\\fR(1)\n{inline(first_line(command))}"
        for word, command in ((one, group.commands[one]) for one in group.list_commands(None))
    )
    return "\n".join(rows)


def first_line(command: Any) -> str:  # noqa: ANN401
    return one_line((command.help or "").partition("\n\n")[0])


def top_level(meanings: dict[ExitCode, str]) -> tuple[str, ...]:
    codes = "\n".join(f".TP\n{code.value}\n{inline(text)}" for code, text in meanings.items())
    files = "\n".join(
        f".TP\n\\fI{escape(name)}\\fR\n{inline(text)}" for name, text in FILES.items()
    )
    return section("EXIT STATUS", codes), section("FILES", files)


FILES = {
    "~/.config/navfeed/navfeed.toml": "Settings; `navfeed config path` names the file in use.",
    "~/.config/navfeed/watches.toml": "What `navfeed watch` notifies of.",
    "~/.local/share/navfeed/navfeed.db": "The store, one SQLite file.",
}


def see_also(name: tuple[str, ...], command: Any) -> str:  # noqa: ANN401
    others = [name[:-1]] if len(name) > 1 else []
    if hasattr(command, "commands"):  # which are in the order in which they were loaded
        others += [(*name, word) for word in command.list_commands(Context(command))]
    if not others:
        return "\\fBsqlite3\\fR(1)"
    return ",\n".join(f"\\fB{escape('-'.join(one))}\\fR(1)" for one in others)


def prose(text: str) -> str:
    """Paragraphs; a line that is indented stands as it is."""
    return "\n.PP\n".join(inline(one_line(part)) for part in text.strip().split("\n\n"))


def one_line(text: str) -> str:
    return " ".join(text.split())


def inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", lambda found: f"\\fB{found[1]}\\fR", escape(text))


def escape(text: str) -> str:
    """No letter of it a command of roff's; hyphens stay hyphens, for whoever copies an option."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


# Completions


def completions() -> dict[Path, str]:
    """What each shell reads, under the name by which it finds it."""
    return {
        COMPLETIONS / "navfeed.bash": script_of("bash"),
        COMPLETIONS / "_navfeed": script_of("zsh").replace(*BY_ITSELF),
        COMPLETIONS / "navfeed.fish": script_of("fish"),
        COMPLETIONS / "navfeed.ps1": script_of("powershell"),
    }


def script_of(shell: str) -> str:
    script = get_completion_script(
        prog_name="navfeed", complete_var="_NAVFEED_COMPLETE", shell=shell
    )
    return re.sub(r"[ \t]+$", "", script.strip(), flags=re.MULTILINE) + "\n"


BY_ITSELF = (
    "\ncompdef _navfeed_completion navfeed",
    """
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _navfeed_completion "$@"
else
  compdef _navfeed_completion navfeed
fi""",
)
"""zsh loads the file at the first Tab, and wants an answer: typer's registers for the next one."""
