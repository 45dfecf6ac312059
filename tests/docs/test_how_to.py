"""Every recipe of docs/how-to is run, against a store that was filled from a practice feed."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from cli.support import ad, answer, place, store_ads, uuid_of
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
    """The sync is not run: the store is here."""
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
        if kind == "bash" and "navfeed sync" not in text:
            assert output_of(["bash", "-c", text], folder) or "--output" in text
            ran += 1
    assert ran == 7
    assert (folder / "removed.csv.datapackage.json").exists()


Weeks = dict[tuple[str, str], int]


def gone(number: int, municipal: str, county: str | None, **fields: object) -> dict[str, object]:
    places = [place(municipal, county)]
    return ad(number, **{"workLocations": places, "expires": "2999-01-01T00:00:00Z", **fields})


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Weeks]:
    """A folder with removed.csv and its codebook, and what `stats` counts of the same store.

    Of the 12 ads, 6 and 7 left on either side of Oslo's midnight from a Sunday to a Monday; 8 left
    weeks before a sync saw it; 9 names no county, and 10 another spelling of one; 11 has no place.
    The first left before all is known, 12 after.
    """
    moment = datetime(2026, 12, 16, 12, tzinfo=UTC)
    left = [
        *((1, 11, 3), (2, 11, 11), (3, 11, 12), (4, 11, 12), (6, 11, 29, 22, 59)),
        *((7, 11, 29, 23, 1), (9, 12, 2), (10, 12, 2), (11, 12, 2), (5, 12, 10), (8, 12, 14)),
        (12, 12, 15, 23, 30),
    ]
    ads = [
        *(gone(number, "BERGEN", "VESTLAND") for number in (1, 2, 3, 6, 7)),
        *(gone(number, "OSLO", "OSLO") for number in (4, 5, 12)),
        gone(8, "OSLO", "OSLO", expires="2026-11-20T23:59:59+01:00"),
        gone(9, "BERGEN", None),
        gone(10, "BERGEN", "Vestland"),
        ad(11, workLocations=[]),
    ]
    path = tmp_path / "study.db"
    with Store(path) as store:
        store.set_inactive(Inactive.MASK)
        store.caught_up(datetime(2026, 11, 2, 12, tzinfo=UTC))
        store_ads(store, ads, datetime(2026, 11, 2, 13, tzinfo=UTC))
        for number, *when in left:
            stopped = [DetailDecision(uuid_of(number), Reason.STOPPED)]
            store.commit_details(stopped, [], datetime(2026, *when, tzinfo=UTC))
        store.caught_up(moment)
    with time_machine.travel(moment, tick=False):
        removed = str(tmp_path / "removed.csv")
        options = ("--table=removed", "--codebook", "--output", removed)
        answer(path, "export", "--format=csv", *options)
        counts = ("--over=week", "--of=removed", "--by=county", "--format=csv")
        rows = csv.DictReader(io.StringIO(answer(path, "stats", *counts)))
        counted = {(one["week"], one["county"]): int(one["ads"]) for one in rows if one["ads"]}
    assert counted == WEEKS
    return tmp_path, counted


WEEKS = {
    ("2026-W46", "OSLO"): 1,
    ("2026-W46", "VESTLAND"): 2,
    ("2026-W47", "OSLO"): 1,
    ("2026-W48", "VESTLAND"): 1,
    ("2026-W49", "VESTLAND"): 3,
    ("2026-W50", "OSLO"): 1,
}


def script_of(page: str, language: str) -> str:
    (script,) = (text for kind, text in steps(page) if kind == language)
    return script


def test_research_counts_as_stats_does_in_pandas(study: tuple[Path, Weeks]) -> None:
    need("pandas")
    folder, counted = study
    printed = output_of([sys.executable, "-c", script_of("research.md", "python")], folder)
    header, _, *weeks = (line.split() for line in printed.splitlines())
    found = {
        (week, county): int(ads)
        for week, *row in weeks
        for county, ads in zip(header[1:], row, strict=True)
        if ads != "0"
    }
    assert found == counted


def test_research_counts_as_stats_does_in_duckdb(study: tuple[Path, Weeks]) -> None:
    need("duckdb")
    folder, counted = study
    script = f"import duckdb; print(duckdb.sql({script_of('research.md', 'sql')!r}).fetchall())"
    rows = literal_eval(output_of([sys.executable, "-c", script], folder))
    assert {(week, county): ads for week, county, ads in rows} == counted


def test_research_counts_as_stats_does_in_r(study: tuple[Path, Weeks]) -> None:
    need_r("dplyr", "tidyr", "jsonlite")
    folder, counted = study
    script = script_of("research.md", "r").rstrip() + " |>\n  print_csv()\n"
    with_output = "print_csv <- function(rows) write.csv(rows, row.names = FALSE)\n" + script
    printed = output_of(["Rscript", "-e", with_output], folder).replace('"', "")
    _, *rows = (line.split(",") for line in printed.splitlines() if "," in line)
    assert {(week, county): int(ads) for week, county, ads in rows} == counted


def test_count_over_time(folder: Path) -> None:
    now = machine_now()
    ended = World.history(6, now=now, entries=30)
    ads = [ended.detail(one)["ad_content"] for one in ended.active()]
    with Store(folder / "practice.db") as store:
        store.set_inactive(Inactive.MASK)
        store.caught_up(now - timedelta(days=30))
        store_ads(store, ads, now)
        stopped = [DetailDecision(ad["uuid"], Reason.STOPPED) for ad in ads]
        store.commit_details(stopped, [], now)
        store.caught_up(now)
    flow, weeks, *kept = run("count-over-time.md", folder)
    assert flow.startswith("by,name,ads\nall,,")
    header, *rows = weeks.splitlines()
    assert header == "week,styrk,ads"
    counted = re.compile(r'\d{4}-W\d\d,("?\d{4}( .+)?,\d+|,)')  # the name, if an active ad has it
    assert all(map(counted.fullmatch, rows))
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
