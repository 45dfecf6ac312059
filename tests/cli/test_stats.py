"""`navfeed stats`."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cli.support import UNSAFE, ad, answer, fill, place, run_command, store_ads, uuid_of
from cli.terminal import on_terminal
from navfeed.cli.stats import MOST, USUAL
from navfeed.errors import ConfigError
from navfeed.extras import require_extra, require_modules
from navfeed.model import By, DetailDecision, Inactive, Reason, RunEnd
from navfeed.store.writer import Store
from support.clock import NOW

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    two = [place("OSLO", "OSLO"), place("BERGEN", "VESTLAND"), place("OSLO", "OSLO")]
    return fill(
        tmp_path / "navfeed.db",
        ad(1),
        ad(2, workLocations=two, published="2026-01-01T00:00:00+01:00"),
        ad(3, employer={"name": "Ås"}, published="2026-11-09T00:00:00+01:00", sector=None),
        ad(4, employer={"name": "Zoo"}, workLocations=[], published="no date"),
        ad(5, expires="2026-11-20T00:00:00Z", employer={"name": "Past"}),
    )


def stats_of(db: Path, *arguments: str) -> dict[str, object]:
    return json.loads(answer(db, "stats", "--format", "json", *arguments))


def names(counted: object) -> list[tuple[str, int]]:
    return [(one["name"], one["ads"]) for one in counted]  # type: ignore[attr-defined]


def test_ads_are_counted_by_what_they_say(db: Path) -> None:
    every = stats_of(db, *(f"--by={by}" for by in By if by is not By.FLOW))
    assert every.pop("ads") == 4
    assert {by: names(counted) for by, counted in every.items()} == {
        "municipal": [("BERGEN", 3), ("OSLO", 1)],
        "county": [("VESTLAND", 3), ("OSLO", 1)],
        "occupation": [("Sykepleier", 4)],
        "employer": [("Bergen kommune, Fana sykehjem", 2), ("Zoo", 1), ("Ås", 1)],
        "engagement": [("Fast", 4)],
        "week": [("2026-W01", 1), ("2026-W46", 2)],
        "group": [("Helse og sosial", 4)],
        "extent": [("Heltid", 4)],
        "sector": [("Offentlig", 3)],
        "source": [("IMPORTAPI", 4)],
        "municipality_number": [("4601", 3), ("0301", 1)],
        "orgnr": [("300000019", 2)],
        "styrk": [("2223 Sykepleiere", 4)],
        "styrk1": [("2 Akademiske yrker", 4)],
        "styrk2": [("22 Medisinske yrker", 4)],
        "esco": [],
    }


def test_the_end_of_time_is_in_no_week(tmp_path: Path) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1, published="9999-12-31T23:59:59Z"))
    assert stats_of(db, "--by", "week") == {"ads": 1, "week": []}


def test_filters_count_too(db: Path) -> None:
    counted = stats_of(db, "--municipality", "OSLO", "--text", "sykepleiere")
    assert counted["ads"] == 1
    assert names(counted["municipal"]) == [("BERGEN", 1), ("OSLO", 1)]
    assert "flow" not in counted
    assert stats_of(db, "--municipality", "!BERGEN")["ads"] == 1
    assert stats_of(db, "--municipality", "!*", "--by", "municipal") == {"ads": 1, "municipal": []}


def test_the_usual(db: Path) -> None:
    assert [*stats_of(db)] == ["ads", *USUAL, "flow_since"]


def test_the_flow_as_the_syncs_counted_it(db: Path) -> None:
    with Store(db) as store:
        for new, removed in ((3, 0), (2, 4), (0, 0)):
            run = store.begin_run(NOW)
            counts = {"new": new, "removed": removed}
            store.end_run(run, RunEnd(0, "caught up", counts), NOW)
        store.begin_run(NOW)  # is still under way
    counted = stats_of(db, "--by", "flow")
    assert counted["flow"] == [{"week": "2026-W47", "new": 2, "removed": 4}]
    assert counted["flow_since"] == "2026-11-21T12:00:00Z"


def test_what_the_first_sync_found_is_not_new(db: Path) -> None:
    """It finds what is left of half a year; so does a run that was cut off before it."""
    assert stats_of(db, "--by", "flow") == {"ads": 4, "flow": [], "flow_since": None}
    with Store(db) as store:
        for code in (3, 4):
            store.end_run(store.begin_run(NOW), RunEnd(code, "", {"new": 9_000}), NOW)
    assert stats_of(db, "--by", "flow")["flow"] == []
    with Store(db) as store:
        store.end_run(store.begin_run(NOW), RunEnd(5, "", {"new": 1, "removed": 2}), NOW)
    assert stats_of(db, "--by", "flow")["flow"] == [{"week": "2026-W47", "new": 1, "removed": 2}]


def test_all_runs_that_are_kept_count_where_the_first_are_dropped(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navfeed.store.runs.KEPT_RUNS", 2)
    with Store(db) as store:
        for new in (9_000, 1, 2):
            store.end_run(store.begin_run(NOW), RunEnd(0, "", {"new": new}), NOW)
    assert stats_of(db, "--by", "flow")["flow"] == [{"week": "2026-W47", "new": 3, "removed": 0}]


def test_the_flow_of_masked_ads(db: Path) -> None:
    with Store(db) as store:
        store.set_inactive(Inactive.MASK)
        store.commit_details([DetailDecision(uuid_of(2), Reason.STOPPED)], [], NOW)
        later = NOW + timedelta(days=3)
        store_ads(
            store, [ad(6, published=later.isoformat()), ad(7, published=later.isoformat())], later
        )
        store.commit_details([DetailDecision(uuid_of(6), Reason.OUT_OF_SCOPE)], [], later)
        store.commit_details([DetailDecision(uuid_of(7), Reason.STOPPED)], [], later)
    counted = stats_of(db, "--by", "flow")
    assert counted["flow"] == [
        {"week": "2026-W01", "new": None, "removed": None},
        {"week": "2026-W46", "new": None, "removed": None},
        {"week": "2026-W47", "new": 0, "removed": 1},
        {"week": "2026-W48", "new": 1, "removed": 1},
    ]
    assert counted["flow_since"] == "2026-11-21T12:00:00Z"
    assert "new\t2026-W46\t\nremoved\t2026-W46\t\n" in answer(db, "stats", "--by", "flow")
    shown = run_command(db, "stats", "--by", "flow", "--format", "csv")
    assert "new,2026-W46,\r\n" in shown.stdout_bytes.decode()
    assert "counted since 2026-11-21 13:00 +01:00" in shown.stderr
    _, drawn, _ = on_terminal(80, "stats", "--by", "flow", "--db", str(db))
    assert "counted since 2026-11-21 13:00 +01:00" in drawn


def test_the_flow_has_no_filters(db: Path) -> None:
    result = run_command(db, "stats", "--by", "flow", "--sector", "Privat")
    assert result.exit_code == 2
    assert "leave the filters out" in result.stderr


def test_lines_and_csv_say_the_same(db: Path) -> None:
    lines = [line.split("\t") for line in answer(db, "stats").splitlines()]
    rows = list(csv.reader(io.StringIO(answer(db, "stats", "--format", "csv"), newline="")))
    assert rows == [["by", "name", "ads"], *lines]
    assert ["all", "", "4"] in lines
    assert ["municipal", "BERGEN", "3"] in lines
    with Store(db) as store:
        for _ in range(2):
            run = store.begin_run(NOW)
            store.end_run(run, RunEnd(0, "caught up", {"new": 3, "removed": 1}), NOW)
    assert "new\t2026-W47\t3\nremoved\t2026-W47\t1\n" in answer(db, "stats")


def test_only_the_first_few(db: Path) -> None:
    counted = stats_of(db, "--top", "1")
    assert names(counted["municipal"]) == [("BERGEN", 3)]
    assert names(counted["week"]) == [("2026-W46", 2)]  # the latest
    assert counted["flow"] == []


def test_a_store_without_ads(tmp_path: Path) -> None:
    db = fill(tmp_path / "empty.db")
    assert answer(db, "stats") == "all\t\t0\n"
    code, out, _ = on_terminal(80, "stats", "--db", str(db))
    assert code == 0
    assert "By municipality" in out


@pytest.mark.parametrize(
    "arguments",
    [("--by", "colour"), ("--top", "0"), ("--format", "xml"), ("--output", "chart.gif")],
)
def test_wrong_use(db: Path, arguments: tuple[str, ...]) -> None:
    assert run_command(db, "stats", *arguments).exit_code == 2


HOSTILE = "$x$ \x1b[31m[bold]\u202e<b>&\x00" + "å" * 60


def test_bars_on_a_terminal(tmp_path: Path) -> None:
    far = {"expires": "2999-01-01T00:00:00Z"}
    many = (ad(10 + n, workLocations=[place(f"BY {n}")], **far) for n in range(MOST + 2))
    db = fill(tmp_path / "navfeed.db", ad(1, sector=HOSTILE, **far), *many)
    with Store(db) as store:
        run = store.begin_run(NOW)
        store.end_run(run, RunEnd(0, "caught up", {"new": 9, "removed": 4}), NOW)
    for columns in (50, 100):
        code, out, err = on_terminal(columns, "stats", "--db", str(db), NO_COLOR="1")
        assert (code, err) == (0, "")
        assert "and 3 more" in out
        assert out.count("█") > 10
        assert "new and removed" in out
        code, out, _ = on_terminal(
            columns, "stats", "--db", str(db), "--by", "sector", NO_COLOR="1"
        )
        plain = out.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "")
        assert not UNSAFE.search(plain.replace("\r\n", "\n"))
        assert max(map(len, plain.splitlines())) <= columns
        assert "$x$" in plain


# Charts


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
def test_a_chart(tmp_path: Path) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1, sector=HOSTILE), ad(2, employer=None))
    with Store(db) as store:
        run = store.begin_run(NOW)
        store.end_run(run, RunEnd(0, "caught up", {"new": 9, "removed": 4}), NOW)
    svg, png = tmp_path / "chart.SVG", tmp_path / "chart.png"
    arguments = ("stats", "--by", "sector", "--by", "week", "--by", "flow")
    for output in (svg, png):
        result = run_command(db, *arguments, "--output", str(output))
        assert (result.exit_code, result.output) == (0, "")
    text = "\n".join(ET.fromstring(svg.read_bytes()).itertext())
    assert "By sector" in text
    assert "2 active ads" in text
    assert "$x$" in text
    assert "2026-W46" in text
    assert not UNSAFE.search(text)
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_chart_of_nothing(tmp_path: Path) -> None:
    db = fill(tmp_path / "empty.db")
    output = tmp_path / "chart.svg"
    assert run_command(db, "stats", "--output", str(output)).exit_code == 0
    assert b"0 active ads" in output.read_bytes()


def test_a_chart_never_takes_the_stores_place(tmp_path: Path) -> None:
    db = fill(tmp_path / "navfeed.svg", ad(1))
    result = run_command(db, "stats", "--output", str(db))
    assert result.exit_code == 2
    assert "is the store itself" in result.stderr


def test_without_matplotlib(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    output = tmp_path / "chart.svg"
    result = run_command(db, "stats", "--output", str(output))
    assert result.exit_code == 2
    assert "In navfeed's environment: pip install 'navfeed[charts]'" in result.stderr
    assert not output.exists()
    assert list(tmp_path.glob(".chart*")) == []


def test_a_missing_extra_is_installed_as_navfeed_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    (tmp_path / "pipx_metadata.json").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(ConfigError, match=r"pipx inject navfeed 'psycopg\[binary\]'$"):
        require_extra("psycopg", "postgres")
    with pytest.raises(ConfigError, match="inject navfeed jinja2 nh3 starlette uvicorn$"):
        require_modules(["no_such"], "serve")


def test_matplotlib_is_loaded_for_a_chart_alone(db: Path) -> None:
    script = (
        "import sys\nsys.argv = ['navfeed', 'stats', '--db', sys.argv[1]]\n"
        "from navfeed.cli import main\ntry:\n    main()\nfinally:\n"
        "    assert not {'matplotlib', 'numpy', 'rich'} & sys.modules.keys()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(db)], check=False)
    assert ended.returncode == 0
