"""The tests keep their own rules: one clock, public names, temporary files in memory."""

from __future__ import annotations

import ast
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from coverage import Coverage

from support import temporary
from support.measuring import MEASURED, NOT_MEASURED, is_measured, without_coverage
from support.temporary import use_memory_disk

TESTS = Path(__file__).parent
READ_THE_CLOCK = {"datetime.now", "datetime.utcnow", "date.today", "time.time"}


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    return [
        (path.relative_to(TESTS), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(TESTS.rglob("*.py"))
    ]


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


PRIVATE = {
    # One connection has to do two things, or break in the middle of one.
    "test_store.py": {"_connection"},
    "test_erasure.py": {"_connection", "_cut_log", "_scrub"},
    "test_unscrubbed.py": {"_opened"},
    "watches/test_promises.py": {"_db"},
    # What is kept in memory shows nowhere else.
    "test_one_process.py": {"_kept"},
    "serve/test_page.py": {"_counted"},
    "client/test_tokens.py": {"_lock"},
    "cli/test_export_split.py": {"_lock"},
    "faults/test_origin_and_token.py": {"_http", "_tokens"},
    # Searches as they would be without what is measured, and how SQLite looks for an answer.
    "search_quality/__init__.py": {"_spelled"},
    "cli/test_filters.py": {"_all", "_quoted"},
    # An answer that the practice feed gives to another request, without recording one.
    "faults/test_http.py": {"_seek"},
    "faults/test_payload.py": {"_detail"},
    "support/extra_faults.py": {"_chunked"},
    "practice/test_server.py": {"_closing"},
    "cli/test_settings.py": {"_KEYS"},
    "docs/test_generated.py": {"_KEYS"},
    "push/test_postgres.py": {"_SCHEMA"},
    # The libraries' own.
    "watches/test_files.py": {"_Element"},
    "support/mailserver.py": {"_auth_require_tls"},
    "support/children.py": {"_exit"},
    "support/warm/client.py": {"_exit"},
    "support/warm/server.py": {"_exit", "_run_exitfuncs"},
}


def private_members(tree: ast.AST) -> set[str]:
    """The attributes with a leading underscore of anything but the object itself."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) not in {"self", "cls", "super()"}
    }


def test_private_members_are_used_where_there_is_no_public_way() -> None:
    """A test that needs one more writes down here why."""
    used = {str(path): found for path, tree in trees() if (found := private_members(tree))}
    assert used == PRIVATE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a disk")
def test_temporary_files_are_in_memory_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(temporary, "MEMORY_DISK", tmp_path)
    monkeypatch.setattr(temporary, "NEEDED_BYTES", 1 << 60)
    monkeypatch.delenv("TMPDIR", raising=False)
    use_memory_disk()
    assert "TMPDIR" not in os.environ
    monkeypatch.setattr(temporary, "NEEDED_BYTES", 1)
    use_memory_disk()
    assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(tmp_path)


def test_the_testers_own_folder_for_temporary_files_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "NEEDED_BYTES", 1)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    use_memory_disk()
    assert os.environ["TMPDIR"] == str(tmp_path)


@pytest.mark.parametrize(
    ("test", "measured"),
    [
        ("test_store.py", True),
        ("faults/test_http.py", True),
        ("serve/test_page.py", False),
        ("serve/test_readers.py", True),
        ("test_growth.py", False),
    ],
)
def test_coverage_measures_the_tests_of_what_the_gate_is_about(test: str, measured: bool) -> None:
    assert is_measured(TESTS / test) is measured


def test_what_is_not_measured_exists() -> None:
    assert [name for name in NOT_MEASURED | MEASURED if not (TESTS / name).exists()] == []


def test_a_test_without_coverage_is_not_measured(tmp_path: Path) -> None:
    """And what follows it is."""
    script = tmp_path / "script.py"
    script.write_text("def first():\n    pass\n\ndef second():\n    pass\n")
    code = compile(script.read_text(), str(script), "exec")
    names: dict[str, Callable[[], None]] = {}
    both = [Coverage(data_file=None, config_file=False, include=[str(script)]) for _ in range(2)]
    with both[0].collect(), both[1].collect():
        exec(code, names)
        with without_coverage():
            assert sys.gettrace() is None
            names["first"]()
        names["second"]()
        assert sys.gettrace() is not None
    assert both[1].get_data().lines(str(script)) == [1, 4, 5]
