"""Data that is too old: reported, and refused where the caller requires that."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli.support import ad, fill, run_command, uuid_of
from navfeed.model import FeedCursor
from navfeed.store.writer import Store
from support.clock import NOW
from support.sql import rows

pytestmark = pytest.mark.usefixtures("noon")

ANSWERS = [
    ["list"],
    ["show", uuid_of(1)],
    ["export", "--format", "json"],
    ["list", "--format", "csv"],
]
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def aged(path: Path, age: timedelta | None) -> Path:
    fill(path, ad(1))
    if age is None:
        rows(path, "UPDATE feed SET caught_up_at = NULL")
    else:
        with Store(path) as store:
            store.end_walk(FeedCursor(), [])
            store.caught_up(NOW - age)
    return path


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


@pytest.mark.parametrize("words", ANSWERS)
@pytest.mark.parametrize(("age", "warns"), [(DAY, False), (DAY + SECOND, True), (None, True)])
def test_answers_from_data_older_than_a_day_come_with_a_warning(
    db: Path, words: list[str], age: timedelta | None, warns: bool
) -> None:
    result = run_command(aged(db, age), *words)

    assert result.exit_code == 0
    assert result.stdout
    assert ("may have been withdrawn since; run `navfeed sync`" in result.stderr) is warns
    assert ("incomplete" in result.stderr) is (age is None)


@pytest.mark.parametrize("words", [*ANSWERS, ["status"], ["status", "--format", "json"]])
@pytest.mark.parametrize(
    ("age", "most", "refused"),
    [
        (timedelta(hours=2), "2h", False),
        (timedelta(hours=2, seconds=1), "120m", True),
        (timedelta(days=3), "2d", True),
        (timedelta(days=2), "2d", False),
        (timedelta(seconds=61), "60", True),
        (None, "9999d", True),
        (timedelta(hours=-1), "1s", False),  # our clock is behind: nothing is newer than the end
        (timedelta(days=-2), "2d", True),  # or it was ahead when the sync ran: who knows by what
    ],
)
def test_max_age_makes_a_command_refuse_with_8(
    db: Path, words: list[str], age: timedelta | None, most: str, refused: bool
) -> None:
    result = run_command(aged(db, age), *words, "--max-age", most)

    assert result.exit_code == (8 if refused else 0)
    assert ("--max-age allows " in result.stderr) is refused
    # Status tells how things stand in any case; that is what it is asked for.
    assert bool(result.stdout) is (not refused or words[0] == "status")


@pytest.mark.parametrize(
    ("age", "most", "output"),
    [
        (11 * SECOND, "1s", "the data is 11 seconds old; --max-age allows 1 second."),
        (timedelta(hours=25), "24h", "the data is 90,000 s old; --max-age allows 86,400 s."),
        (None, "2d", "all details yet; --max-age allows 2 days."),
    ],
)
def test_the_age_and_what_is_allowed_are_reported(
    db: Path, age: timedelta | None, most: str, output: str
) -> None:
    result = run_command(aged(db, age), "list", "--max-age", most)
    assert f"{output} Run `navfeed sync`\n" in result.stderr


def test_a_refused_export_leaves_the_file_as_it_was(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "ads.json"
    file.write_text("yesterday's")
    words = ["export", "--format", "json", "--output", str(file), "--max-age", "1h"]
    assert run_command(aged(db, DAY), *words).exit_code == 8
    assert file.read_text() == "yesterday's"


def test_status_in_json_ends_with_8_and_is_still_json(db: Path) -> None:
    result = run_command(aged(db, 2 * DAY), "status", "--format", "json", "--max-age", "1d")
    assert result.exit_code == 8
    assert json.loads(result.stdout)["age_seconds"] == 172_800


@pytest.mark.parametrize("words", [*ANSWERS, ["status"]])
@pytest.mark.parametrize("most", ["", "0", "-1h", "soon", "1w", "h", "9" * 5_000, "9" * 30 + "d"])
def test_an_age_that_is_none_is_wrong_use(db: Path, words: list[str], most: str) -> None:
    result = run_command(
        db, *words, f"--max-age={most}"
    )  # and it is said before the store is looked for
    assert result.exit_code == 2
    assert "--max-age takes" in result.stderr


def test_the_warning_has_a_setting(db: Path, tmp_path: Path) -> None:
    aged(db, 2 * DAY)
    for setting, warns in {"3d": False, "47h": True, "never": False}.items():
        config = tmp_path / "navfeed.toml"
        config.write_text(f'warn_age = "{setting}"')
        assert bool(run_command(db, "list", "--config", str(config)).stderr) is warns
