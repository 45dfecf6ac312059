"""The page of every name that `import navfeed` offers, from the code: part of `make docs`.

Plain Markdown instead of Sphinx's autodoc, so that the page reads the same on the site, in the
repository and as the site's Markdown twin.
"""

# ruff: noqa: INP001  a script, beside the page it writes

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
import typing
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any

import navfeed

INTRO = """\
# API

Every name that `import navfeed` offers, with signatures, fields and errors, taken from the code.
[navfeed as a library](library.md) shows how they work together.
"""
FUNCTIONS, EVENTS, ERRORS = "Functions", "Events of a sync", "Errors"
SECTIONS = (FUNCTIONS, "The store", "Ads and changes", "Settings and runs", EVENTS, ERRORS)
LINE = 80
"""Characters of a signature that fit on a line of the site."""
STORE = ("Reader", "Filters", "Span", "Sort", "StoreFacts")
RUNS = ("Settings", "Scope", "Plan", "Start", "Stop", "Counts", "Reason", "ExitCode")


def page() -> str:
    names = [name for name in navfeed.__all__ if name != "__version__"]
    sections = (
        "\n".join(
            [f"## {section}\n", *(entry(name) for name in names if section_of(name) == section)]
        )
        for section in SECTIONS
    )
    return "\n".join([INTRO, *sections])


def section_of(name: str) -> str:
    given = getattr(navfeed, name)
    if inspect.isfunction(given):
        return FUNCTIONS
    if not isinstance(given, type) or given in typing.get_args(navfeed.Event):
        return EVENTS
    if issubclass(given, Exception):
        return ERRORS
    return SECTIONS[1] if name in STORE else SECTIONS[3] if name in RUNS else SECTIONS[2]


def entry(name: str) -> str:
    """A heading, a signature, what the code documents, and what the thing consists of."""
    given = getattr(navfeed, name)
    if inspect.isfunction(given):
        return documented(name, wrapped(f"{name}{signature(given)}"), given)
    if not isinstance(given, type):
        one_of = ", ".join(f"`{each.__name__}`" for each in typing.get_args(given))
        return f"### {name}\n\nOne of {one_of}.\n"
    if issubclass(given, Exception):
        return error(name, given)
    if issubclass(given, Enum):
        return documented(name, f"class {name}({given.__mro__[1].__name__})", given) + members(
            given
        )
    return documented(name, f"class {name}", given) + consists_of(given)


def documented(name: str, code: str, given: object) -> str:
    text = inspect.cleandoc(given.__doc__ or "")
    if text.startswith(f"{name}("):  # what dataclasses write by themselves
        text = ""
    return f"### {name}\n\n```python\n{code}\n```\n" + (f"\n{text}\n" if text else "")


def error(name: str, given: type[Exception]) -> str:
    code = getattr(given, "exit_code", None)
    ends = f"Exit code {code.value}, `{code.name}`." if isinstance(code, navfeed.ExitCode) else ""
    text = inspect.cleandoc(given.__doc__ or "")
    kind = f"class {name}({given.__bases__[0].__name__})"
    parts = [f"### {name}\n", f"```python\n{kind}\n```\n", *(f"{t}\n" for t in (text, ends) if t)]
    return "\n".join(parts)


def members(given: type[Enum]) -> str:
    notes = notes_of(given)
    rows = (f"| `{each.name}` | `{each.value}` | {notes.get(each.name, '')} |" for each in given)
    return table("| member | value | meaning |", rows)


def consists_of(given: type) -> str:
    attributes = ""
    if is_dataclass(given):
        notes = notes_of(given)
        rows = (
            f"| `{each.name}` | `{readable(each.type)}` | {default(each)} "
            f"| {notes.get(each.name, '')} |"
            for each in fields(given)
        )
        attributes = table("| field | type | default | meaning |", rows)
    return attributes + "".join(methods(given))


def default(each: Field[Any]) -> str:
    """As code; nothing for a field that has to be given, or whose default is made each time."""
    known = each.default is not MISSING and len(repr(each.default)) < 40
    return f"`{readable(repr(each.default))}`" if known else ""


def table(head: str, rows: Iterator[str]) -> str:
    rule = "| --- " * (head.count("|") - 1) + "|"
    escaped = (row.replace(" | None`", " \\| None`") for row in rows)
    return "\n" + "\n".join([head, rule, *escaped]) + "\n"


def methods(given: type) -> Iterator[str]:
    """The public ones, each with its signature and docstring."""
    for name, member in vars(given).items():
        function = member.__func__ if isinstance(member, classmethod) else member
        if inspect.isfunction(function) and not name.startswith("_"):
            text = textwrap.indent(inspect.cleandoc(function.__doc__ or ""), "  ")
            yield f"\n- `{name}{signature(function)}`\n" + (f"\n{text}\n" if text else "")


def signature(function: Any) -> str:  # noqa: ANN401  any callable
    """As it is written, without `self`, and without where modules are."""
    found = inspect.signature(function)
    kept = [each for name, each in found.parameters.items() if name not in {"self", "cls"}]
    return readable(str(found.replace(parameters=kept)))


def wrapped(call: str) -> str:
    """A long signature with a line for each parameter."""
    if len(call) <= LINE:
        return call
    name, parameters, returned = re.fullmatch(r"(\w+)\((.*)\)( -> .*)", call).groups()  # type: ignore[union-attr]
    lines = re.sub(r", (?=[\w*]+(?:[:,]| =|$))", ",\n    ", parameters)
    return f"{name}(\n    {lines},\n){returned}"


def readable(written: object) -> str:
    text = written if isinstance(written, str) else getattr(written, "__name__", str(written))
    text = re.sub(r"<function [\w.]*<lambda> at 0x\w+>", "...", text)
    text = text.replace("PosixPath(", "Path(")
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)


def notes_of(given: type) -> dict[str, str]:
    """What stands in a text or comment at each attribute."""
    source = textwrap.dedent(inspect.getsource(given))
    lines = source.splitlines()
    (body,) = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101  it is the source of a class
    notes = {}
    for at, each in enumerate(body.body):
        if isinstance(each, (ast.Assign, ast.AnnAssign)):
            target = each.target if isinstance(each, ast.AnnAssign) else each.targets[0]
            comment = lines[(each.end_lineno or each.lineno) - 1].partition("  # ")[2]
            notes[ast.unparse(target)] = text_below(body.body[at + 1 : at + 2]) or sentence(comment)
    return notes


def text_below(after: list[ast.stmt]) -> str:
    for each in after:
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            return " ".join(str(each.value.value).split())
    return ""


def sentence(comment: str) -> str:
    return comment[:1].upper() + comment[1:] if not comment.startswith("noqa") else ""


if __name__ == "__main__":
    sys.stdout.write(page())
