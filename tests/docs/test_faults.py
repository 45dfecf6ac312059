"""The table of faults and the tests agree: each row has tests named after it, and no other."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from navfeed.errors import ExitCode

ROOT = Path(__file__).parents[2]
LABEL = re.compile(r"test_([A-Z]\d+)_")
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+?) \| (.+?) \| ([^|]+) \|$", re.MULTILINE)


def rows() -> dict[str, str]:
    """Each row's name and what is under "exits with"."""
    page = (ROOT / "docs/reference/faults.md").read_text(encoding="utf-8")
    found = ROW.findall(page)
    assert len(found) == len({label for label, *_ in found})
    return {label: codes for label, _, _, codes in found}


@pytest.fixture(scope="module")
def named_after() -> dict[str, set[str]]:
    """The files of the tests named after each row."""
    found = defaultdict(set)
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (label := LABEL.match(node.name)):
                found[label[1]].add(file.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize("label", rows())
def test_every_fault_has_a_test_of_its_name_in_every_run(
    named_after: dict[str, set[str]], label: str
) -> None:
    files = named_after.get(label, set())
    assert [file for file in files if not file.startswith("tests/stress/")]


def test_no_test_is_named_after_a_fault_that_is_not_in_the_table(
    named_after: dict[str, set[str]],
) -> None:
    assert named_after.keys() - rows().keys() == set()


def test_the_table_is_whole_and_its_codes_exist() -> None:
    letters = [(label[0], int(label[1:])) for label in rows()]
    assert letters == [(letter, n) for letter, n in letters if n == 1 or (letter, n - 1) in letters]
    assert {"N", "H", "P", "S", "R", "D", "T", "C", "X", "K"} == {letter for letter, _ in letters}
    codes = {code for cell in rows().values() for code in re.findall(r"\d+", cell)}
    assert codes <= {str(int(code)) for code in ExitCode}
    assert all(cell == "-" or re.fullmatch(r"\d+(, \d+)*", cell) for cell in rows().values())
