"""What docs/generate.py writes is what stands in docs, and what people write beside it is true."""

from __future__ import annotations

import importlib.util
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from navfeed import config
from navfeed.errors import ExitCode, NavfeedError
from navfeed.store.schema import OWN, PUBLIC, VIEWS
from navfeed.store.shards import SCHEMA as INDEX

ROOT = Path(__file__).parents[2]
GENERATED = (
    "docs/reference/api.md",
    "docs/reference/cli.md",
    "docs/reference/columns.md",
    "docs/reference/exit-codes.md",
    "docs/screens.md",
)


@pytest.fixture(scope="module")
def module_patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def generate(module_patch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    module_patch.setitem(sys.modules, spec.name, module)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(generate: ModuleType) -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): text for path, text in generate.pages().items()}


@pytest.mark.parametrize("page", [*GENERATED, "docs/reference/schema.md"])
def test_page_matches_the_code(pages: dict[str, str], page: str) -> None:
    assert pages[page] == (ROOT / page).read_text(encoding="utf-8"), "run `make docs`"


def test_what_is_installed_matches_the_code(pages: dict[str, str]) -> None:
    """Manual pages, completions and the bill of materials; none is left of a former command."""
    packaged = {name: text for name, text in pages.items() if name.startswith("packaging/")}
    folders = (ROOT / "packaging/man", ROOT / "packaging/completions")
    there = {path.relative_to(ROOT).as_posix() for folder in folders for path in folder.iterdir()}
    assert packaged.keys() == there | {"packaging/navfeed.cdx.json"}
    stale = [
        name for name, text in packaged.items() if text != (ROOT / name).read_text(encoding="utf-8")
    ]
    assert stale == [], "run `make docs`"


def test_every_exit_code_has_its_meaning(generate: ModuleType) -> None:
    assert list(generate.MEANINGS) == list(ExitCode)
    raised = {error.exit_code for error in generate.tree(NavfeedError)}
    named = set(re.findall(r"`\w+Error`", generate.exit_codes_page()))
    assert len(named) == len(raised)


def test_every_column_is_documented_once(generate: ModuleType) -> None:
    page = generate.schema_page()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(PUBLIC + INDEX + OWN + VIEWS)
        names = connection.execute(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
            "WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'search!_%' ESCAPE '!'"
        ).fetchall()
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE))
    assert {table for table, _ in names} == sections.keys()
    for table, column in names:
        assert sections[table].count(f"| `{column}` |") == 1


def test_comments_of_the_schema_reach_the_page(generate: ModuleType) -> None:
    page = generate.schema_page()
    comments = re.findall(r"-- (.*)", PUBLIC + INDEX + OWN + VIEWS)
    assert len(comments) > 20
    assert [comment for comment in comments if comment not in page.replace("\n", " ")] == []


def test_queries_in_the_schema_page_run() -> None:
    page = (ROOT / "docs/reference/schema.md").read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(queries) == 5
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(PUBLIC + INDEX + OWN + VIEWS)
        for query in queries:
            connection.execute(query).fetchall()


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    of_tables = {"after_sync", "targets", "ping"} | config.SCOPES.keys()
    assert documented == (config._KEYS - {"scope", "hooks", "push", "notify"}) | of_tables
    variables = set(re.findall(r"`(NAVFEED_[A-Z_]+)`", page))
    assert variables >= {"NAVFEED_DB", "NAVFEED_BASE_URL", "NAVFEED_TOKEN", "NAVFEED_TOKEN_FILE"}


def test_defaults_in_the_settings_page_are_those_of_the_code(tmp_path: Path) -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `(\w+)` \|.*\| `([^`]+)` \|$", page, re.MULTILINE))
    settings = config.load({"db": tmp_path / "x.db"}, {}, _empty(tmp_path))
    assert documented["base_url"] == settings.base_url
    assert documented["connections"] == str(settings.connections)
    assert documented["windows"] == str(settings.windows)
    assert documented["large_pages"] == str(settings.large_pages).lower()
    assert documented["timeout"] == f"{settings.timeout:g}"
    assert documented["look_back_minutes"] == f"{settings.look_back.total_seconds() / 60:g}"
    assert documented["recheck_days"] == str(settings.recheck_after.days)
    assert documented["recheck_most"] == str(settings.recheck_most)
    assert documented["changes_days"] == str(settings.keep_changes.days)


def test_the_settings_page_shows_a_file_that_works(tmp_path: Path) -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "navfeed.toml"
    token = tmp_path / "token"
    token.write_text("a.b.c")
    file.write_text(example.replace("~/.config/navfeed/token", str(token)), encoding="utf-8")
    settings = config.load({}, {}, file)
    assert settings.token.read() == "a.b.c"
    assert settings.scope


def test_links_between_the_pages_lead_somewhere() -> None:
    pages = [
        *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
        *(ROOT / "docs").rglob("*.md"),
    ]
    for page in pages:
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        for link in links:
            if not link.startswith("https://"):
                assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_the_map_of_the_tests_names_what_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"`((?:tests|src|docs|\.ci|\.github|benchmarks|examples)/[\w/.-]+)`", page)
    )
    assert len(named) > 30
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_test_stands_in_the_map() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page.partition("\n## The tests\n")[2].partition("\n## ")[0]
    places = [path for path in (ROOT / "tests").iterdir() if path.suffix in {"", ".py"}]
    there = {path.name for path in places} - {"__pycache__", "conftest.py"}
    assert there - set(re.findall(r"`tests/([\w.]+)`", section)) == set()


def test_every_target_of_the_makefile_is_explained_once() -> None:
    targets = re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `make (\w+)`", page, re.MULTILINE)
    assert sorted(explained) == sorted(set(targets) - {"help", "install"})


def _empty(folder: Path) -> Path:
    file = folder / "empty.toml"
    file.touch()
    return file
