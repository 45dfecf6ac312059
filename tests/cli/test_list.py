"""`navfeed list`."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import time_machine

from cli.support import UNSAFE, ad, answer, fill, place, process, run_command, uuid_of
from cli.terminal import on_terminal, plain
from navfeed.cli.list import ROWS_ON_TERMINAL
from navfeed.export.columns import LIST_FIELDS
from navfeed.model import RunEnd
from navfeed.store.selection import Sort
from navfeed.store.writer import Store
from support.clock import NOW
from support.shell import invoke
from support.warm import navfeed_command


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


NOTHING = "navfeed: no matching ads ({} searched)\n"

pytestmark = pytest.mark.usefixtures("noon")


def test_a_line_an_ad_with_whole_values(db: Path) -> None:
    long = "Sykepleier " * 30
    fill(
        db,
        ad(1, published="2026-11-10T00:30:00+01:00", title=long),
        ad(2, workLocations=[place("OSLO"), place("BÆRUM")], employer=None, expires=None),
    )

    assert answer(db, "list").splitlines() == [
        f"{uuid_of(2)}\tSykepleier natt\t\tOSLO; BÆRUM\t2026-11-10\t",
        f"{uuid_of(1)}\t{long}\tBergen kommune, Fana sykehjem\tBERGEN\t2026-11-10\t2026-12-10",
    ]


def test_the_end_of_time(db: Path) -> None:
    fill(db, ad(1, published="9999-12-31T23:59:59Z", expires="9999-12-31T23:59:59Z"))

    assert answer(db, "list").endswith("\tBERGEN\t\t\n")


def test_filters_in_any_order_and_repeated(db: Path) -> None:
    fill(
        db,
        ad(1),
        ad(2, workLocations=[place("OSLO")]),
        ad(3, workLocations=[place("BÆRUM")]),
        ad(4, title="Kokk", description="", jobtitle=""),
    )
    listed = answer(
        db,
        *(
            "list",
            "--limit",
            "9",
            "--municipality",
            "bærum",
            "--text",
            "syke*",
            "--sort",
            "municipal",
        ),
        *("--employer", "fana", "--municipality", "Bergen", "--text", "natt bergen"),
        *("--county", "vestland", "--occupation", "sykepleier"),
    )

    assert [line[7] for line in listed.splitlines()] == ["1"]


def test_every_filter_reaches_the_store(db: Path) -> None:
    fill(db, ad(1), ad(2, published="2026-11-01T00:00:00Z", expires="2027-01-01T00:00:00Z"))
    for option, value in {
        "--published-since": "2026-11-05",
        "--expires-before": "2026-12-31",
    }.items():
        assert answer(db, "list", option, value).startswith(uuid_of(1))
        assert len(answer(db, "list", option, value).splitlines()) == 1
    for option in ("--municipality", "--county", "--employer", "--occupation", "--text"):
        assert answer(db, "list", option, "finnes ikke") == ""


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--published-since", "2026-11-20", [1]),
        ("--published-since", "1", [1]),
        ("--published-since", "0", []),
        ("--published-since", "5", [1, 2]),
        ("--expires-before", "2026-11-22", [1]),
        ("--expires-before", "1", [1]),
        ("--expires-before", "0", []),
        ("--expires-before", "30", [1, 2]),
    ],
)
def test_days_and_numbers_of_days(db: Path, option: str, value: str, expected: list[int]) -> None:
    fill(
        db,
        ad(1, published="2026-11-20T00:00:00+01:00", expires="2026-11-21T23:00:00+01:00"),
        ad(2, published="2026-11-19T23:59:59+01:00", expires="2026-11-22T00:00:00+01:00"),
    )

    assert [int(line[:8]) for line in answer(db, "list", option, value).splitlines()] == expected


@pytest.mark.parametrize("option", ["--published-since", "--expires-before"])
@pytest.mark.parametrize(
    "value",
    ["", "i går", "2026-13-01", "20261101x", "2026-W47-6", "-3", "9" * 30, "1.5", "01.11.2026"],
)
def test_days_that_are_none(db: Path, option: str, value: str) -> None:
    result = run_command(db, "list", f"{option}={value}")

    assert result.exit_code == 2
    assert f"{option} takes a day (2026-05-01) or a number of days" in result.stderr
    assert result.stdout == ""


def test_the_day_changes_at_midnight_in_oslo(db: Path, noon: time_machine.Traveller) -> None:
    fill(db, ad(1, expires="2026-11-21T12:00:00+01:00"))
    noon.move_to("2026-11-21T22:59:59Z")
    assert answer(db, "list").startswith(uuid_of(1))
    noon.move_to("2026-11-21T23:00:00Z")
    assert answer(db, "list") == ""


@pytest.mark.parametrize(
    "option", ["--municipality", "--county", "--employer", "--occupation", "--text"]
)
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_filter_is_a_mistake(db: Path, option: str, value: str) -> None:
    result = run_command(db, "list", option, value)

    assert result.exit_code == 2
    assert f"{option} is empty" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--sort", "salary"), ("--format", "xml"), ("--limit", "0"), ("--limit", "x"), ("extra",)],
)
def test_wrong_use(db: Path, arguments: tuple[str, ...]) -> None:
    assert run_command(db, "list", *arguments).exit_code == 2


@pytest.mark.parametrize("sort", list(Sort))
def test_orders_and_limits(db: Path, sort: Sort) -> None:
    fill(db, *(ad(number) for number in range(5)))
    near = ("--near", "BERGEN") if sort is Sort.DISTANCE else ()
    lines = answer(db, "list", "--sort", sort, "--limit", "3", *near).splitlines()

    assert [int(line[:8]) for line in lines] == [0, 1, 2]


def test_nothing_fits(db: Path) -> None:
    fill(db, ad(1), ad(2, expires="2026-11-20T00:00:00Z"))
    result = run_command(db, "list", "--municipality", "oslo")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == NOTHING.format(1)
    for format_, empty in {
        "json": "[]\n",
        "jsonl": "",
        "csv": ",".join(LIST_FIELDS) + "\r\n",
    }.items():
        result = run_command(db, "list", "--municipality", "oslo", "--format", format_)
        assert (result.exit_code, result.stdout_bytes.decode(), result.stderr) == (0, empty, "")


RECORD = {
    "uuid": uuid_of(1),
    "title": "Sykepleier natt",
    "job_title": "Nattsykepleier",
    "employer": "Bergen kommune, Fana sykehjem",
    "employer_orgnr": "300000019",
    "municipalities": ["BERGEN", "ÅS"],
    "municipality_numbers": ["4601", "3218"],
    "counties": ["VESTLAND", "AKERSHUS"],
    "published": "2026-11-10T08:00:00Z",
    "updated": "2026-11-11T08:00:00Z",
    "expires": "2026-12-10T22:59:59Z",
    "last_day": "2026-12-10",
    "application_due": "2026-12-10T00:00:00",
    "due_date": "2026-12-10",
    "application_url": "https://sykehjem.example/sok/1",
    "link": f"https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(1)}",
    "positions": "2",
    "extent": "Heltid",
    "engagement_type": "Fast",
    "sector": "Offentlig",
    "start_time": "2027-01-04T00:00:00",
    "source": "IMPORTAPI",
}


def test_records_for_programs(db: Path) -> None:
    places = [place("BERGEN", "VESTLAND"), place("ÅS", "AKERSHUS")]
    fill(db, ad(1, workLocations=places), ad(2, sector=None, workLocations=[]))
    whole = json.loads(answer(db, "list", "--format", "json"))
    lines = [json.loads(line) for line in answer(db, "list", "--format", "jsonl").split("\n")[:-1]]
    rows = list(csv.DictReader(io.StringIO(answer(db, "list", "--format", "csv"), newline="")))

    assert whole == lines
    assert whole[0] == RECORD
    assert tuple(whole[0]) == LIST_FIELDS
    assert (whole[1]["sector"], whole[1]["municipalities"]) == (None, [])
    assert rows[0] == {
        name: "; ".join(value) if isinstance(value, list) else value
        for name, value in RECORD.items()
    }
    assert (rows[1]["sector"], rows[1]["municipalities"]) == ("", "")


def test_no_store_yet(tmp_path: Path) -> None:
    result = run_command(tmp_path / "none.db", "list")

    assert result.exit_code == 7
    assert "Run `navfeed sync` first" in result.stderr
    assert not list(tmp_path.iterdir())


def test_settings_from_environment_and_file(db: Path, tmp_path: Path) -> None:
    fill(db, ad(1))
    config = tmp_path / "other.toml"
    config.write_text(f'db = "{db}"\n', encoding="utf-8")

    assert process("list", "--config", str(config)).returncode == 0
    assert process("list", NAVFEED_DB=str(db)).returncode == 0
    assert process("list", "--config", str(config), "--db", f"{db}.none").returncode == 7


# A terminal


def test_a_table_fits_the_terminal(db: Path) -> None:
    titles = ["[bold]Kokk[/bold]", "Sykepleier " * 20, "\x1b[2J\u202ehei"]
    far = {"expires": "2999-01-01T00:00:00Z"}
    fill(db, *(ad(number, title=title, **far) for number, title in enumerate(titles)))
    for columns in (60, 80, 120):
        code, out, err = on_terminal(columns, "list", "--db", str(db), NO_COLOR="1")
        assert (code, err) == (0, "")
        assert "[bold]Kokk" in out or columns == 60
        assert "00000001" in out
        assert uuid_of(1) not in out
        text = plain(out)
        assert max(map(len, text.splitlines())) <= columns
        assert not UNSAFE.search(text.replace("\r\n", "\n"))


def test_a_narrow_terminal_shows_one_ad_below_another(db: Path) -> None:
    far = {"expires": "2999-01-01T00:00:00Z"}
    fill(db, ad(1, title="Sykepleier natt", **far), ad(2, title="Sykepleier " * 9, **far))
    code, out, err = on_terminal(40, "list", "--db", str(db), NO_COLOR="1")
    lines = [line.rstrip() for line in plain(out).splitlines()]
    assert (code, err) == (0, "")
    assert "00000001  Sykepleier natt" in lines
    assert "          Bergen kommune, Fana sykehjem" in lines
    assert "last day 2999-01-01" in " ".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= 40


def test_a_terminal_shows_the_first_and_reports_it(db: Path) -> None:
    far = {"expires": "2999-01-01T00:00:00Z"}
    fill(db, *(ad(number, **far) for number in range(ROWS_ON_TERMINAL + 2)))
    _, out, err = on_terminal(100, "list", "--db", str(db))
    assert out.count("Bergen kommune") == ROWS_ON_TERMINAL
    assert err == "navfeed: 50 of 52 ads shown; --limit 52 shows all\n"
    _, out, err = on_terminal(100, "list", "--db", str(db), "--limit", "51")
    assert (out.count("Bergen kommune"), err) == (51, "")
    code, out, err = on_terminal(100, "list", "--db", str(db), "--municipality", "oslo")
    assert (code, out, err) == (0, "", NOTHING.format(52))


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_ads_sorted_by_their_due_dates_show_them(db: Path, columns: int) -> None:
    far = {"expires": "2999-01-01T00:00:00Z"}
    fill(db, ad(1, applicationDue="24.12.2026", **far), ad(2, applicationDue="Snarest", **far))
    first, second = answer(db, "list", "--sort", "due").splitlines()
    assert first.startswith(f"{uuid_of(1)}\t")
    assert first.endswith("\t2026-11-10\t2999-01-01\t2026-12-24")
    assert second.endswith("\t2026-11-10\t2999-01-01\t")
    _, out, _ = on_terminal(columns, "list", "--db", str(db), "--sort", "due", NO_COLOR="1")
    text = plain(out)
    assert "apply by" in text
    assert "2026-12-24" in text
    assert "Sykepleier" in text
    assert max(map(len, text.splitlines())) <= columns
    _, out, _ = on_terminal(columns, "list", "--db", str(db))
    assert "apply by" not in plain(out)


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv"])
def test_an_offset_past_the_end_is_reported(db: Path, format_: str) -> None:
    fill(db, ad(1), ad(2))
    words = ["list", "--format", format_, "--offset"]
    assert run_command(db, *words, "1").stderr == ""
    assert (
        run_command(db, *words, "2").stderr == "navfeed: --offset 2 is past the end: 2 ads found\n"
    )
    output = run_command(db, *words, "9", "--employer", "fana").stderr
    assert output == "navfeed: --offset 9 is past the end: 2 ads found\n"


# Colour


COLOURED = [
    ["list"],
    ["show", uuid_of(1)],
    ["stats", "--by", "county"],
    ["runs"],
]


@pytest.mark.parametrize("words", COLOURED, ids=lambda words: words[0])
def test_colour_is_wished_for_or_not(db: Path, words: list[str]) -> None:
    fill(db, ad(1, expires="2999-01-01T00:00:00Z"))
    with Store(db) as store:
        store.end_run(store.begin_run(NOW), RunEnd(0, "caught up", {}), NOW)

    def coloured(*more: str, **environ: str) -> bool:
        ended = invoke([*words, *more, "--db", str(db)], env={"TERM": "dumb", **environ})
        assert (ended.exit_code, ended.stderr) == (0, "")
        return b"\x1b[" in ended.stdout_bytes

    assert not coloured()
    assert coloured("--color=always")
    assert coloured("--color", "always", NO_COLOR="1")
    assert coloured(FORCE_COLOR="1")
    assert not coloured(FORCE_COLOR="")
    assert not coloured(FORCE_COLOR="1", NO_COLOR="1")
    assert not coloured("--color=never", FORCE_COLOR="1")


def test_on_a_terminal_never_is_drawn_without_colour(db: Path) -> None:
    fill(db, ad(1, expires="2999-01-01T00:00:00Z"))
    _, out, _ = on_terminal(100, "list", "--db", str(db))
    _, bare, _ = on_terminal(100, "list", "--db", str(db), "--color", "never")
    assert "\x1b[" in out
    assert bare == plain(out)


def test_data_stays_data_whatever_the_colour(db: Path) -> None:
    fill(db, ad(1))
    for format_ in ("json", "jsonl", "csv"):
        words = ("list", "--format", format_)
        assert answer(db, *words, "--color=always") == answer(db, *words)


# Streams that are not as one would like


def test_a_locale_without_norwegian_letters(db: Path) -> None:
    far = {"expires": "2999-01-01T00:00:00Z"}
    fill(db, ad(1, title="Førskolelærer ✓", **far))
    table = process("list", "--db", str(db), PYTHONIOENCODING="ascii")
    data = process("list", "--db", str(db), "--format", "jsonl", PYTHONIOENCODING="ascii")

    assert b"\tF?rskolel?rer ?\t" in table.stdout
    assert json.loads(data.stdout.decode())["title"] == "Førskolelærer ✓"
    _, out, _ = on_terminal(100, "list", "--db", str(db), PYTHONIOENCODING="ascii")
    assert "F?rskolel?rer" in out


@pytest.fixture(scope="module")
def thousands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than a pipe holds."""
    far = {"expires": "2999-01-01T00:00:00Z"}
    db = tmp_path_factory.mktemp("thousands") / "navfeed.db"
    return fill(db, *(ad(number, **far) for number in range(2_000)))


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv"])
def test_R4_a_reader_that_goes_away_ends_it_quietly(thousands: Path, format_: str) -> None:
    with subprocess.Popen(
        navfeed_command("list", "--db", str(thousands), "--format", format_),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("format_", ["table", "jsonl"])
def test_a_full_disk_under_the_output(db: Path, format_: str) -> None:
    fill(db, ad(1, expires="2999-01-01T00:00:00Z"))
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            navfeed_command("list", "--db", str(db), "--format", format_),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr == b"navfeed: No space left on device: the output\n"


@pytest.mark.skipif(os.name != "posix", reason="closes descriptors")
@pytest.mark.parametrize("closed", [(1,), (1, 2), (2,)])
def test_streams_that_were_closed_before(db: Path, closed: tuple[int, ...]) -> None:
    fill(db, ad(1, expires="2999-01-01T00:00:00Z"))
    shut = " ".join(f"{number}>&-" for number in closed)
    command = f'"$0" -m navfeed list --db "$1" {shut}'
    ended = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, str(db)], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_what_closes_soon_comes_in_the_order_of_its_days(db: Path) -> None:
    def due(number: int, day: str, expires: str = "2026-12-10") -> dict[str, object]:
        return ad(number, applicationDue=day, expires=f"{expires}T23:59:59+01:00")

    fill(
        db,
        *(due(1, "2026-11-28"), due(2, "2026-11-29"), due(3, "2026-11-21"), due(4, "2026-11-20")),
        due(5, "Snarest", "2026-11-25"),
        due(6, "Snarest", "2026-11-29"),
    )
    lines = answer(db, "list", "--closing-soon").splitlines()
    assert [line[7] for line in lines] == ["3", "1", "5"]  # who says no day comes last
    lines = answer(db, "list", "--closing-soon", "--sort", "expires").splitlines()
    assert lines[0][7] == "5"


# Columns of one's own


def test_columns_in_the_order_requested(db: Path) -> None:
    places = [place("BERGEN"), place("ÅS")]
    fill(db, ad(1, workLocations=places, title="En\ttittel"), ad(2, sector=None))
    assert answer(db, "list", "--columns", "municipalities, title", "--sort", "title") == (
        "BERGEN; ÅS\tEn tittel\nBERGEN\tSykepleier natt\n"
    )
    assert json.loads(answer(db, "list", "--json", "sector,uuid", "--sort", "title")) == [
        {"sector": "Offentlig", "uuid": uuid_of(1)},
        {"sector": None, "uuid": uuid_of(2)},
    ]
    named = answer(db, "list", "--columns", "title", "--format", "csv", "--with-contacts")
    assert named.splitlines()[0] == "title,contacts"
    named = answer(db, "list", "--columns", "contacts,title", "--format", "csv", "--with-contacts")
    assert named.splitlines()[0] == "contacts,title"
    snippet = answer(
        db, "list", "--text", "turnus", "--columns", "sector", "--snippets", "--limit", "1"
    )
    assert "**Turnus**" in snippet
    assert uuid_of(1)[:8] not in snippet


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--columns", "titel"), "did you mean title?"),
        (("--columns", "title,title"), "names a column twice"),
        (("--json", ""), "there is no column ''"),
        (("--json", "title", "--columns", "title"), "leave --format and --columns out"),
        (("--json", "title", "--format", "csv"), "leave --format and --columns out"),
    ],
)
def test_columns_that_cannot_be(db: Path, arguments: tuple[str, ...], why: str) -> None:
    fill(db, ad(1))
    result = run_command(db, "list", *arguments)
    assert result.exit_code == 2
    assert why in result.stderr
