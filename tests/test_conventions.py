"""The tests keep their own rules: one clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
READ_THE_CLOCK = {"datetime.now", "datetime.utcnow", "date.today", "time.time"}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(TESTS.rglob("*.py")):
        yield path.relative_to(TESTS), ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.AST) -> Iterator[str]:
    return (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


def assigned(tree: ast.AST) -> Iterator[str]:
    """The names that get a value anywhere in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_now_is_defined_once() -> None:
    homes = {str(path) for path, tree in trees() if "NOW" in assigned(tree)}
    assert homes == {"support/clock.py"}


def test_the_machines_clock_is_read_in_one_place() -> None:
    """What starts a process of its own for another clock, outside the suite, reads it too."""
    homes = {str(path) for path, tree in trees() if READ_THE_CLOCK & {*calls(tree)}}
    assert homes == {"support/clock.py", "clock/run.py"}
