"""The house stays in order: imports go one way, and each dependency has one door.

The plan is tests/layers.py; why it is so, docs/decisions/0001-house-and-layers.md.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from layers import ROOMS

PACKAGE = Path(__file__).parents[1] / "src" / "navfeed"

DOORS = {
    "httpx": {"client/http.py", "client/transport.py"},
    "pydantic_core": {"wire/page.py"},
    "pydantic": {"serve/mcp_server.py"},  # the language of its SDK
    "sqlite_utils": {"store/migrate.py"},
    "rich": {"present/terminal.py", "present/progress.py"},
    "Stemmer": {"text/stem.py"},
    "matplotlib": {"present/plot.py"},
    "psycopg": {"push/postgres.py"},
    "opensearchpy": {"push/opensearch.py"},
    "platformdirs": {"config.py"},
    "filelock": {"api.py"},
    "tomlkit": {"watches/editing.py", "cli/init.py"},
    "starlette": {
        *("serve/responses.py", "serve/app.py", "serve/guard.py", "serve/health.py"),
        *("serve/api.py", "serve/parameters.py", "serve/atom.py", "serve/old_api.py"),
        *("serve/page.py", "serve/server.py", "serve/changes.py", "serve/triage.py"),
        *("serve/rendering.py", "serve/map.py"),
    },
    "jinja2": {"serve/rendering.py"},
    "markupsafe": {"serve/ad_view.py", "serve/rendering.py", "serve/sanitizing.py"},  # jinja2's own
    "nh3": {"serve/sanitizing.py"},
    "mcp": {"serve/mcp_server.py"},
    "uvicorn": {"serve/server.py"},
    "typer": {
        "cli/_app.py",
        "cli/_help.py",
        "cli/_completion.py",
        "cli/_filters.py",
        "cli/_options.py",
        "cli/_output.py",
        "cli/_run.py",
        "cli/_triage.py",
        "cli/backup.py",
        "cli/changes.py",
        "cli/config.py",
        "cli/doctor.py",
        "cli/export.py",
        "cli/init.py",
        "cli/list.py",
        "cli/practice.py",
        "cli/privacy.py",
        "cli/push.py",
        "cli/runs.py",
        "cli/serve.py",
        "cli/show.py",
        "cli/stats.py",
        "cli/status.py",
        "cli/sync.py",
        "cli/verify.py",
        "cli/watch.py",
    },
}
"""Each dependency and the modules that may know it."""

OTHERS_NAMES = {
    "export/jobposting.py": {"postalCode"},  # schema.org's name for the same thing
    "serve/old_response.py": {
        *("workLocations", "occupationCategories", "applicationUrl", "applicationDue"),
        *("positioncount", "engagementtype", "starttime", "sourceurl", "jobtitle", "postalCode"),
    },  # what the withdrawn API called things
}
"""Names that another interface gives to the same thing."""

NAVS_NAMES = {
    *("sistEndret", "ad_content", "businessName", "_feed_entry", "workLocations", "contactList"),
    *("occupationCategories", "categoryList", "categoryType", "applicationUrl", "applicationDue"),
    *("positioncount", "engagementtype", "starttime", "sourceurl", "jobtitle", "postalCode"),
}
"""Words of NAV's that only `wire` knows (and the practice feed, which plays NAV)."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def room_of(module: str) -> str:
    return module.partition("/")[0].removesuffix(".py")


@cache
def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def imported(tree: ast.Module) -> frozenset[str]:
    """Every module that is imported, anywhere in it, under its full name."""
    return frozenset(_imported(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(tree: ast.Module) -> set[str]:
    names = imported(tree)
    rooms = {name.split(".")[1] for name in names if name.startswith("navfeed.")}
    known = {room for room in rooms if room in ROOMS}
    only_the_package = rooms - known  # `from navfeed import __version__`
    return known | ({"__init__"} if only_the_package else set())


def test_every_room_is_in_the_plan() -> None:
    assert {room_of(name_of(module)) for module in MODULES} == ROOMS.keys()


def test_the_plan_has_no_circles() -> None:
    left = {room: may - {"*"} for room, may in ROOMS.items()}
    while free := {room for room, may in left.items() if not may & left.keys()}:
        left = {room: may for room, may in left.items() if room not in free}
    assert not left


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_go_one_way(module: Path) -> None:
    room = room_of(name_of(module))
    if "*" not in ROOMS[room]:
        assert rooms_imported(parsed(module)) <= {room, *ROOMS[room]}


def test_every_leave_to_import_is_in_use() -> None:
    """One that nobody uses any more is taken out of the plan."""
    used: dict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        used[room_of(name_of(module))] |= rooms_imported(parsed(module))
    idle = {room: may - used[room] for room, may in ROOMS.items() if may != {"*"}}
    assert {room: unused for room, unused in idle.items() if unused} == {}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_each_dependency_has_its_door(module: Path) -> None:
    packages = {name.partition(".")[0] for name in imported(parsed(module))}
    outside = packages - sys.stdlib_module_names - {"navfeed"}
    assert outside <= DOORS.keys(), "a new dependency wants a decision (docs/decisions/0002)"
    assert [each for each in outside if name_of(module) not in DOORS[each]] == []


def test_every_door_is_in_use() -> None:
    """A door that nobody uses any more is taken out of the plan."""
    used = {
        (package, name_of(module))
        for module in MODULES
        for package in {name.partition(".")[0] for name in imported(parsed(module))}
    }
    planned = {(package, module) for package, modules in DOORS.items() for module in modules}
    assert planned - used == set()


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_navs_names_stay_in_wire(module: Path) -> None:
    if room_of(name_of(module)) not in {"wire", "practice"}:
        own = NAVS_NAMES - OTHERS_NAMES.get(name_of(module), set())
        assert words_in(parsed(module)) & own == set()


def words_in(tree: ast.Module) -> set[str]:
    """Every word in the code's names and texts; docstrings and SQL's comments do not count."""
    nodes = list(ast.walk(tree))
    docstrings = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    without_comments = re.sub(r"--.*", "", "\n".join(texts))
    return set(re.findall(r"\w+", without_comments)) | names | attributes


def test_these_tests_see_what_they_look_for() -> None:
    tree = ast.parse(
        "from navfeed import __version__\n"
        "def f():\n"
        "    'sistEndret in a docstring'\n"
        "    import httpx._client\n"
        "    from navfeed.store import writer\n"
        "    return x.categoryList, 'SELECT ad_content FROM ads', f'{1}jobtitle'\n"
    )
    assert rooms_imported(tree) == {"store", "__init__"}
    assert "httpx._client" in imported(tree)
    assert words_in(tree) & NAVS_NAMES == {"categoryList", "ad_content", "jobtitle"}


def test_what_was_meant_is_worded_in_one_place() -> None:
    guesses = re.compile("did you mean|get_close_matches", re.IGNORECASE)
    found = {name_of(one) for one in MODULES if guesses.search(one.read_text(encoding="utf-8"))}
    assert found == {"text/likeness.py", "serve/words.py"}  # the page has its own, in two languages


HEAVY = ("httpx", "httpcore", "pydantic", "sqlite_utils", "rich", "typer", "sqlite3")


@pytest.mark.parametrize(
    ("statement", "light"),
    [
        ("import navfeed", HEAVY),
        ("import navfeed.model, navfeed.errors, navfeed.decide, navfeed.lookback", HEAVY),
        ("import navfeed.config", HEAVY),
        ("import navfeed.store.query", tuple({*HEAVY} - {"sqlite3"})),
        ("import navfeed.sync.engine", HEAVY),
        ("import navfeed.cli", tuple({*HEAVY} - {"typer", "sqlite3"})),
    ],
)
def test_what_is_imported_loads_nothing_heavy(statement: str, light: tuple[str, ...]) -> None:
    """Read commands are run by people who wait (decision 0002 has the milliseconds)."""
    script = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    # Without coverage, which comes along into other processes and imports a good deal itself.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    shown = subprocess.run(
        [sys.executable, "-c", script], env=alone, capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert set(json.loads(shown)) & set(light) == set()
