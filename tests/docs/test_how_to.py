"""Every recipe of docs/how-to is run, against a store that was filled from a practice feed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.support import store_ads
from navfeed.model import DetailDecision, Inactive, Reason
from navfeed.practice import World
from navfeed.store.writer import Store
from support.clock import machine_now
from support.tools import need, need_program, need_r
from support.warm import navfeed_folder

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
NEVER_ENDS = re.compile(r"  # until Ctrl-C$")

NURSE = {
    "title": "Sykepleier i turnus",
    "description": "<p>Du går i turnus.</p>",
    "workLocations": [{"country": "NORGE", "county": "VESTLAND", "municipal": "BERGEN"}],
    "occupationCategories": [{"level1": "Helse og sosial", "level2": "Sykepleier"}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, practice.db."""
    now = machine_now()
    world = World.history(5, now=now, entries=600)
    world.publish(content=NURSE)
    folder = tmp_path_factory.mktemp("how-to")
    with Store(folder / "practice.db") as store:
        store_ads(store, [world.detail(one)["ad_content"] for one in world.active()], now)
        store.caught_up(now)
    return folder


def steps(page: str) -> Iterator[tuple[str, str]]:
    """What is shown to be run, in its order: lines for a shell, scripts for Python, files."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if kind == "console":
            yield from (("bash", line) for line in re.findall(r"^\$ (.+)$", block, re.MULTILINE))
        else:
            yield kind, block


def run(page: str, folder: Path) -> list[str]:
    """What each step printed."""
    printed = []
    for kind, text in steps(page):
        if kind == "json":
            json.loads(text)
            (folder / "views.json").write_text(text, encoding="utf-8")
        elif kind != "text" and not NEVER_ENDS.search(text):
            command = ["bash", "-o", "pipefail", "-c", text]
            command = command if kind == "bash" else [sys.executable, "-c", text]
            printed.append(output_of(command, folder))
    return printed


def output_of(command: list[str], folder: Path) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith("NAVFEED_")}
    env |= {
        "PATH": os.pathsep.join(
            [str(navfeed_folder()), str(Path(sys.executable).parent), env["PATH"]]
        ),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "NAVFEED_DB": str(folder / "practice.db"),
        "LC_ALL": "C.UTF-8",
        "https_proxy": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_sqlite3(folder: Path) -> None:
    need_program("sqlite3")
    count, counties, newest, words, over = run("sqlite3.md", folder)
    assert int(count) > 20
    assert "│ VESTLAND" in counties
    assert newest.startswith("published,title,employer,municipalities")
    assert "BERGEN" in newest
    assert 1 <= len(words.splitlines()) <= 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\|\d+\n", over)


def test_datasette(folder: Path) -> None:
    need("datasette")
    faceted, shown, hidden = run("datasette.md", folder)
    assert [row["title"] for row in json.loads(faceted)]
    assert [row["employer"] for row in json.loads(shown)]
    assert hidden == ""


def test_duckdb(folder: Path) -> None:
    need("duckdb", "pyarrow")
    *exports, municipalities, weeks, occupations = run("duckdb.md", folder)
    assert exports == ["", ""]
    assert re.search("│ +municipal +│", municipalities)  # as wide as the longest name of the five
    assert re.fullmatch(r"(\d{4}-\d\d-\d\d \d+\n)+", weeks)
    assert "employers" in occupations


def test_pandas(folder: Path) -> None:
    need("pandas")
    types, days, counties, export, municipalities = run("pandas.md", folder)
    assert re.search(r"published +datetime64\[\w+, UTC\]", types)
    assert "day" in days
    assert "VESTLAND" in counties
    assert export == ""
    assert "BERGEN" in municipalities


def test_research(folder: Path) -> None:
    """The sync is not run: the store is here. Nor is parquet, which needs an extra."""
    now = machine_now()
    world = World.history(6, now=now, entries=60)
    ads = [world.detail(one)["ad_content"] for one in world.active()]
    with Store(folder / "study.db") as store:
        store.set_inactive(Inactive.MASK)
        store_ads(store, ads, now)
        stopped = [DetailDecision(ad["uuid"], Reason.STOPPED) for ad in ads[::2]]
        store.commit_details(stopped, [], now)
        store.caught_up(now)
    ran = 0
    for kind, text in steps("research.md"):
        if kind == "bash" and not re.search("navfeed sync|parquet", text):
            assert output_of(["bash", "-c", text], folder) or "--output" in text
            ran += 1
    assert ran == 5
    assert (folder / "removed.csv.datapackage.json").exists()


REMOVED = """\
uuid,removed_at,counties
a,2026-11-01T23:30:00Z,OSLO; VESTLAND
b,2026-11-08T22:30:00Z,OSLO
c,2026-11-08T23:30:00Z,OSLO
d,2026-11-09T10:00:00Z,
"""
"""A week begins between b and c in Oslo, not in UTC; d has no county."""

WEEKS = {
    ("2026-W45", "OSLO"): 2,
    ("2026-W45", "VESTLAND"): 1,
    ("2026-W46", "OSLO"): 1,
}


@pytest.fixture
def removed(tmp_path: Path) -> Path:
    (tmp_path / "removed.csv").write_text(REMOVED, encoding="utf-8")
    return tmp_path


def script_of(page: str, language: str) -> str:
    (script,) = (text for kind, text in steps(page) if kind == language)
    return script


def test_research_counts_by_the_weeks_of_oslo_in_pandas(removed: Path) -> None:
    need("pandas")
    printed = output_of([sys.executable, "-c", script_of("research.md", "python")], removed)
    _, _, *weeks = (line.split() for line in printed.splitlines())
    assert weeks == [["2026-W45", "2", "1"], ["2026-W46", "1", "0"]]


def test_research_counts_by_the_weeks_of_oslo_in_duckdb(removed: Path) -> None:
    need("duckdb")
    script = f"import duckdb; print(duckdb.sql({script_of('research.md', 'sql')!r}).fetchall())"
    counted = literal_eval(output_of([sys.executable, "-c", script], removed))
    assert {(week, county): ads for week, county, ads in counted} == WEEKS


def test_research_counts_by_the_weeks_of_oslo_in_r(removed: Path) -> None:
    need_r("dplyr", "tidyr")
    script = script_of("research.md", "r").rstrip() + " |>\n  print_csv()\n"
    with_output = "print_csv <- function(rows) write.csv(rows, row.names = FALSE)\n" + script
    *_, first, second, third = output_of(["Rscript", "-e", with_output], removed).splitlines()
    counted = [line.replace('"', "").split(",") for line in (first, second, third)]
    assert {(week, county): int(ads) for week, county, ads in counted} == WEEKS


def test_count_over_time(folder: Path) -> None:
    now = machine_now()
    ended = World.history(6, now=now, entries=30)
    ads = [ended.detail(one)["ad_content"] for one in ended.active()]
    with Store(folder / "practice.db") as store:
        store.set_inactive(Inactive.MASK)
        store_ads(store, ads, now)
        stopped = [DetailDecision(ad["uuid"], Reason.STOPPED) for ad in ads]
        store.commit_details(stopped, [], now)
    flow, weeks, *kept = run("count-over-time.md", folder)
    codes = {
        f"STYRK08 {category['code']}"
        for ad in ads
        for category in ad["categoryList"]
        if category["categoryType"] == "STYRK08"
    }
    assert flow.startswith("by,name,ads\nall,,")
    header, *rows = weeks.splitlines()
    assert header == "week,occupation,ads"
    assert all(re.fullmatch(r"\d{4}-W\d\d,STYRK08 \S+,\d+", row) for row in rows)
    assert codes <= {row.split(",")[1] for row in rows}
    assert kept == ["", "", ""]


def test_keep_a_website_current(folder: Path) -> None:
    assert run("keep-a-website-current.md", folder) == [""] * 10
    assert json.loads((folder / "postings.jsonl").read_text().splitlines()[0])["@context"]
    assert (folder / "places" / "BERGEN.csv").stat().st_mode & 0o777 == 0o644
    whole = (folder / "postings.jsonl").read_text().splitlines()
    assert 0 < len((folder / "bergen.jsonl").read_text().splitlines()) < len(whole)
    assert NURSE["title"] in (folder / "bergen.csv").read_text()
    assert f"<title>{NURSE['title']}</title>" in (folder / "bergen.xml").read_text()
    *_, last = (folder / "news.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(last)["cursor"] == (folder / "site.cursor").read_text().splitlines()[0]
    assert (folder / "copy.db").exists()


_WITHOUT_TOOL = ("keep-a-website-current",)


def test_every_guide_is_run() -> None:
    # test_readme.py, test_why.py, tests/serve/test_docs.py
    elsewhere = {
        *("why-a-run-ended.md", "see-it-fail.md", "serve-the-page.md", "ask-by-assistant.md"),
        *("get-notified-of-new-ads.md", "faa-beskjed-om-nye-annonser.md"),
        *("postgresql.md", "opensearch.md"),  # tests/push
    }
    assert {page.name for page in HOW_TO.glob("*.md")} - elsewhere == {
        f"{tool}.md"
        for tool in (
            "sqlite3",
            "datasette",
            "duckdb",
            "pandas",
            "count-over-time",
            "research",
            *_WITHOUT_TOOL,
        )
    }
