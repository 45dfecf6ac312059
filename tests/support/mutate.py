"""Changes a function by its syntax tree: layout, comments and line breaks do not matter.

What is replaced and what replaces it are both written as Python: an expression, or statements. A
body of `...` is any body, and `...` in the replacement is that body again.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from copy import deepcopy
from textwrap import dedent
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class PlaceGoneError(Exception):
    """The function is not there any more, or what is to be changed is not in it exactly once."""


def mutate(source: str, function: str, before: str, after: str) -> str:
    """The module's source with the change made. An empty `function`: anywhere in the module.

    Raises `PlaceGoneError`.
    """
    tree = ast.parse(source)
    swap = _Swap(_statements(before), _statements(after))
    swap.visit(_find(tree, function))
    if swap.count != 1:
        raise PlaceGoneError(f"{function or 'the module'} has {swap.count} times: {before}")
    return ast.unparse(ast.fix_missing_locations(tree))


def _find(tree: ast.Module, function: str) -> ast.AST:
    """A function by its name, or a method by `Class.method`."""
    place: ast.Module | Function = tree
    for name in filter(None, function.split(".")):
        found = [one for one in place.body if isinstance(one, Function) and one.name == name]
        if not found:
            raise PlaceGoneError(f"there is no {function}")
        place = found[-1]
    return place


def _statements(code: str) -> list[ast.stmt]:
    return ast.parse(dedent(code)).body


class _Swap(ast.NodeTransformer):
    """Replaces one fragment with another, and counts how often it does."""

    def __init__(self, before: list[ast.stmt], after: list[ast.stmt]) -> None:
        self.count = 0
        self._before = before
        self._after = after
        self._values = _values(before, after)

    def visit(self, node: ast.AST) -> Any:
        if self._values is not None:
            before, after = self._values
            if isinstance(node, ast.expr) and ast.dump(node) == ast.dump(before):
                self.count += 1
                return deepcopy(after)
            return self.generic_visit(node)
        self.generic_visit(node)  # first: what is put in is not searched
        for name, field in ast.iter_fields(node):
            if isinstance(field, list) and field and isinstance(field[0], ast.stmt):
                setattr(node, name, self._swapped(field))
        return node

    def _swapped(self, body: list[ast.stmt]) -> list[ast.stmt]:
        size = len(self._before)
        places = [
            at
            for at in range(len(body) - size + 1)
            if all(map(_matches, body[at : at + size], self._before))
        ]
        self.count += len(places)
        for at in reversed(places):
            run = body[at : at + size]
            inner = [one for statement in run for one in getattr(statement, "body", [])]
            body = [*body[:at], *_filled(self._after, inner), *body[at + size :]]
        return body


def _values(
    before: Sequence[ast.stmt], after: Sequence[ast.stmt]
) -> tuple[ast.expr, ast.expr] | None:
    """Both as expressions, where both are."""
    match (*before, None, *after):
        case ast.Expr(first), None, ast.Expr(second):
            return first, second
    return None


def _is_any(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and ast.dump(statement.value) == "Constant(value=Ellipsis)"
    )


def _matches(statement: ast.stmt, pattern: ast.stmt) -> bool:
    body = getattr(pattern, "body", None)
    if body and _is_any(body[0]) and hasattr(statement, "body"):
        statement = deepcopy(statement)
        statement.body = body  # type: ignore[attr-defined]
    return ast.dump(statement) == ast.dump(pattern)


def _filled(statements: Sequence[ast.stmt], inner: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements, with `inner` in the place of each `...`."""
    filled: list[ast.stmt] = []
    for statement in map(deepcopy, statements):
        if _is_any(statement):
            filled.extend(inner)
            continue
        if hasattr(statement, "body"):
            statement.body = _filled(statement.body, inner)
        filled.append(statement)
    return filled
