"""Wrong use in one line: what is wrong, what would be right, and where the help is.

Loaded only after wrong use.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from shlex import quote
from typing import Any

from navfeed.cli._help import in_words, name_of_value
from navfeed.text.likeness import did_you_mean, nearest

OTHER_NAMES = {
    **dict.fromkeys(("search", "find", "query", "ls", "ads"), "list"),
    **dict.fromkeys(("get", "view", "cat", "open"), "show"),
    **dict.fromkeys(("fetch", "update", "download", "pull", "refresh"), "sync"),
    **dict.fromkeys(("count", "statistics"), "stats"),
    **dict.fromkeys(("dump", "csv", "excel"), "export"),
    **dict.fromkeys(("delete", "rm"), "remove"),
    **dict.fromkeys(("new", "create"), "add"),
    **dict.fromkeys(("setup", "configure"), "init"),
    **dict.fromkeys(("notify", "alert", "subscribe"), "watch"),
    **dict.fromkeys(("log", "history"), "runs"),
    **dict.fromkeys(("settings",), "config"),
}
"""What other programs call a command that has another name here."""

OTHER_OPTIONS = {
    **dict.fromkeys(("--kommune", "--city", "--place"), "--municipality"),
    "--fylke": "--county",
    "--yrke": "--occupation",
    **dict.fromkeys(("--search", "--query"), "--text"),
    **dict.fromkeys(("--frist", "--deadline"), "--due"),
}
"""What people call an option that has another name here."""


def describe(error: Any, words: Sequence[str]) -> str:  # noqa: ANN401  typer's exceptions
    """The line for an error of typer's; `words` is the command line."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "navfeed"
    text = _message(error, words)
    return f"{text[0].lower()}{text[1:]}. See `{command} --help`"


def _message(error: Any, words: Sequence[str]) -> str:  # noqa: ANN401
    found = _unknown_option(error, words) or _unknown_command(error)
    found = found or _bad_value(error) or _without_value(error) or _extra(error)
    found = found or _missing_id(error)
    return found or " ".join(error.format_message().split()).rstrip(".?")


def _options(error: Any) -> dict[str, Any]:  # noqa: ANN401
    """The options of the command by name, hidden ones left out."""
    if not (context := getattr(error, "ctx", None)):
        return {}
    shown = [one for one in context.command.params if not getattr(one, "hidden", False)]
    options = [one for one in shown if one.param_type_name == "option"]
    return {name: one for one in options for name in (*one.opts, *one.secondary_opts)}


def _unknown_option(error: Any, words: Sequence[str]) -> str | None:  # noqa: ANN401
    if not hasattr(error, "possibilities"):
        return None
    name: str = error.option_name
    options = [*_options(error), "--help"]
    if not name.startswith("--") and (whole := _with_one_dash(name, words, options)):
        return f"no such option: {whole}{did_you_mean([f'-{whole}'])}"
    other = [one for one in [OTHER_OPTIONS.get(name)] if one in options]
    near = other or (_near(name, options) if name.startswith("--") else [])
    hint = did_you_mean(near[:2])
    if not hint and hasattr(error.ctx.command, "commands"):
        hint = ". Options of a command stand after its name"
    return f"no such option: {name}{hint}"


def _with_one_dash(name: str, words: Sequence[str], options: Collection[str]) -> str | None:
    """The option typed with one dash only: of `-municipality`, typer names just `-m`."""
    typed = (word.partition("=")[0] for word in words if word.startswith(name))
    return next((one for one in typed if f"-{one}" in options), None)


def _near(name: str, names: Collection[str]) -> list[str]:
    """The names nearest to a mistyped or an unfinished one, best first."""
    begun = [one for one in names if one.startswith(name)]
    return begun or nearest(name, names)


def _unknown_command(error: Any) -> str | None:  # noqa: ANN401
    found = re.match(r"No such command '(.*?)'\.", error.message)
    if not found:
        return None
    name = found[1]
    known = error.ctx.command.list_commands(error.ctx)
    if name in ("help", "version"):
        return f"no such command {name!r}{did_you_mean([f'--{name}'])}"
    other = [one for one in [OTHER_NAMES.get(name)] if one in known]
    near = other or _near(name, known)
    return f"no such command {name!r}{did_you_mean([repr(one) for one in near[:2]])}"


def _bad_value(error: Any) -> str | None:  # noqa: ANN401
    parameter, message = getattr(error, "param", None), error.message
    if parameter is None or parameter.param_type_name != "option":
        return None
    option = max(parameter.opts, key=len)
    if found := re.match(r"'(.*)' is not one of (.*)", message, re.DOTALL):
        choices = re.findall(r"'([^']*)'", found[2])
        near = _near(found[1], choices)
        return f"{option} takes {_either(choices)}, not {found[1]!r}{did_you_mean(near[:1])}"
    if found := re.match(r"'?(.*?)'? is not a valid (?:int|float)", message, re.DOTALL):
        return f"{option} takes a number, not {found[1]!r}"
    if found := re.match(r"(\S+) is not in the range (.*)", message):
        return f"{option} takes {in_words(found[2].rstrip('.'))}, not {found[1]}"
    return None


def _either(choices: Sequence[str]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


def _without_value(error: Any) -> str | None:  # noqa: ANN401
    if not error.message.endswith("requires an argument."):
        return None
    option = _options(error).get(error.option_name)
    takes = name_of_value(option.make_metavar(ctx=error.ctx)) if option else "VALUE"
    return f"{error.option_name} needs a value: {error.option_name} {takes}"


def _missing_id(error: Any) -> str | None:  # noqa: ANN401
    parameter = getattr(error, "param", None)
    if parameter is None or parameter.metavar != "UUID" or "Missing" not in error.format_message():
        return None
    return "missing the id of an ad, or its first characters; `navfeed list` shows them"


def _extra(error: Any) -> str | None:  # noqa: ANN401
    found = re.match(r"Got unexpected extra argument(?:\(s\)|s?) \((.*)\)", error.message)
    if not found:
        return None
    hint = [f"--text {quote(found[1])}"] if "--text" in _options(error) else []
    if found[1] == "help":
        hint = ["--help"]
    return f"unexpected argument {found[1]!r}{did_you_mean(hint)}"
