"""Settings: which source wins, and what is refused with which words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from navfeed.config import NAV, Settings, TokenSource, default_config, default_db, load
from navfeed.errors import ConfigError
from navfeed.model import Contacts, Inactive, Scope


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No settings of whoever runs the tests."""
    monkeypatch.setattr("navfeed.config.default_config", lambda: tmp_path / "navfeed.toml")
    monkeypatch.setattr("navfeed.config.default_db", lambda: tmp_path / "navfeed.db")
    return tmp_path


def settings(
    home: Path, toml: str = "", environ: dict[str, str] | None = None, **flags: object
) -> Settings:
    (home / "navfeed.toml").write_text(toml, encoding="utf-8")
    return load(flags, environ or {})


def test_without_any_settings_it_follows_nav(home: Path) -> None:
    assert load({}, {}) == Settings(
        db=home / "navfeed.db", base_url=NAV, watches_file=home / "watches.toml"
    )
    assert NAV.startswith("https://")


def test_the_platforms_folders_are_used() -> None:
    assert default_db().name == "navfeed.db"
    assert default_config().name == "navfeed.toml"


def test_flags_win_over_the_environment_over_the_file(home: Path) -> None:
    toml = 'db = "file.db"'
    environ = {"NAVFEED_DB": "environment.db"}
    assert settings(home, toml).db == Path("file.db")
    assert settings(home, toml, environ).db == Path("environment.db")
    assert settings(home, toml, environ, db=Path("flag.db")).db == Path("flag.db")
    assert settings(home, toml, environ, db=None).db == Path("environment.db")


def test_every_setting_of_the_file_is_read(home: Path) -> None:
    (home / "token").write_text("a.b.c\n")
    found = settings(
        home,
        f"""
        base_url = "https://example.org/feed/"
        token_file = "{home / "token"}"
        connections = 3
        windows = 2
        large_pages = true
        inactive = "mask"
        contacts = "drop"
        timeout = 30
        look_back_minutes = 20
        recheck_days = 7
        recheck_most = 10
        changes_days = 30
        warn_age = "36h"
        watches_file = "{home / "mine.toml"}"
        [scope]
        municipal = ["BERGEN", "Os"]
        words = "natt"
        """,
    )
    assert found == Settings(
        db=home / "navfeed.db",
        base_url="https://example.org/feed",
        token=TokenSource(file=home / "token"),
        connections=3,
        windows=2,
        large_pages=True,
        inactive=Inactive.MASK,
        contacts=Contacts.DROP,
        timeout=30,
        look_back=timedelta(minutes=20),
        recheck_after=timedelta(days=7),
        recheck_most=10,
        keep_changes=timedelta(days=30),
        scope=Scope(municipalities=("BERGEN", "Os"), words=("natt",)),
        warn_age=timedelta(hours=36),
        watches_file=home / "mine.toml",
    )


def test_an_empty_scope_means_everything_and_none_means_as_it_was(home: Path) -> None:
    assert settings(home, "[scope]").scope == Scope()
    assert settings(home).scope is None


def test_warnings_about_age_can_be_moved_and_switched_off(home: Path) -> None:
    assert settings(home).warn_age == timedelta(hours=24)
    assert settings(home, environ={"NAVFEED_WARN_AGE": "90m"}).warn_age == timedelta(minutes=90)
    assert settings(home, 'warn_age = "never"').warn_age is None


def test_a_token_shows_in_no_repr(home: Path) -> None:
    assert "secret" not in repr(settings(home, environ={"NAVFEED_TOKEN": "secret"}))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:1",
        "https://x.no",
        "https://a-b_c.xn--nav-9va.no./feed",
        "https://[2001:db8::1]",
    ],
)
def test_clear_text_stays_at_home(home: Path, url: str) -> None:
    assert settings(home, base_url=url).base_url == url


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"base_url": "http://nav.no"}, "unencrypted"),
        ({"base_url": "http://127.0.0.1.nav.no"}, "unencrypted"),
        ({"base_url": "ftp://nav.no"}, "not an http"),
        ({"base_url": "nav.no"}, "not an http"),
        ({"base_url": "https://nav.no:port"}, "not an http"),
        ({"base_url": "https://nav.no/?a=b"}, "not an http"),
        ({"base_url": "https://na v.no"}, "not an http"),
        ({"base_url": "https://nav.no/\x01"}, "not an http"),
        ({"base_url": "https://nav..no"}, "not an http"),
        ({"base_url": f"https://{'n' * 64}.no"}, "not an http"),
        ({"base_url": f"https://{'nav.' * 70}no"}, "not an http"),
        ({"base_url": "https://nåv.no"}, "not an http"),
        ({"base_url": "https://[::1"}, "not an http"),
        ({"base_url": "https://@nav.no"}, "password"),
        ({"base_url": "https://me:geheim@nav.no"}, "password"),
        ({"connections": "many"}, "connections"),
        ({"connections": 13}, "from 1 to 12"),
        ({"windows": 6}, "from 1 to 5"),
        ({"timeout": 0}, "timeout"),
        ({"inactive": "burn"}, "delete or mask"),
        ({"contacts": "some"}, "keep or drop"),
        ({"scope": {"colour": "red"}}, "municipal"),
        ({"scope": {"municipal": "A", "municipality": "B"}}, "name twice"),
        ({"scope": "BERGEN"}, "lists of strings"),
        ({"scope": {"municipal": [1]}}, "scope.municipal"),
        ({"scope": {"municipal": [""]}}, "scope.municipal"),
        ({"db": "~nobody.of.that.name/navfeed.db"}, "home folder"),
        ({"warn_age": "soon"}, "warn_age"),
        ({"db": "ads.db", "metrics_file": "ads.db"}, "ads.db is the store itself"),
        ({"db": "ads.db", "metrics_file": "./ads.db.lock"}, "a part of it"),
        ({"db": "ads.db", "log_file": "ads.db-wal"}, "a part of it"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    home: Path, flags: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        settings(home, **flags)
    assert "geheim" not in str(caught.value)


def test_no_other_name_of_the_store_is_written_to(home: Path) -> None:
    (home / "ads.db").touch()
    (home / "link").symlink_to(home / "ads.db")
    (home / "again").hardlink_to(home / "ads.db")
    for other in ("link", "again"):
        with pytest.raises(ConfigError, match=f"{other} is the store itself"):
            settings(home, db=home / "ads.db", log_file=home / other)
    assert settings(home, db=home / "ads.db", log_file=home / "ads.db.log").log.file


@pytest.mark.parametrize("token", ["", " ", "two words", "tøken", "a\x00b"])
def test_what_no_token_can_be_is_refused_without_showing_it(home: Path, token: str) -> None:
    (home / "token").write_text(token, encoding="utf-8")
    source = settings(home, token_file=str(home / "token")).token
    with pytest.raises(ConfigError, match="the token is empty or contains") as caught:
        source.read()
    assert not token.strip() or token not in str(caught.value)


def test_a_token_file_that_is_no_text_is_reported(home: Path) -> None:
    (home / "token").write_bytes(b"\xff\xfe")
    source = settings(home, token_file=str(home / "token")).token
    with pytest.raises(ConfigError, match="not text"):
        source.read()


def test_a_token_file_that_is_not_there_is_reported_by_name(home: Path) -> None:
    source = settings(home, token_file=str(home / "none")).token
    with pytest.raises(ConfigError, match=r"cannot read the token file .*none: No such file"):
        source.read()


def test_the_environments_token_wins_over_the_file_which_is_not_read_then(home: Path) -> None:
    source = settings(
        home, environ={"NAVFEED_TOKEN": " a.b.c ", "NAVFEED_TOKEN_FILE": "/nowhere/token"}
    ).token
    assert (source.read(), source.exposed) == ("a.b.c", None)
    assert settings(home).token.read() is None
    assert settings(home).token.exposed is None


@pytest.mark.parametrize(
    ("mode", "exposed"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_a_token_file_that_others_can_read_is_noticed(home: Path, mode: int, exposed: bool) -> None:
    file = home / "token"
    file.write_text("a.b.c")
    file.chmod(mode)
    source = settings(home, token_file=str(file)).token
    assert source.exposed == (file if exposed else None)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("conections = 3", r"unknown settings: conections \(did you mean connections\?\)\."),
        ("a = ", "cannot read"),
    ],
)
def test_a_settings_file_with_a_mistake_is_refused(home: Path, toml: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(home, toml)


def test_D3_a_settings_file_that_is_no_small_file_is_refused(home: Path) -> None:
    (home / "large.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        load({}, {}, home / "large.toml")
    with pytest.raises(ConfigError, match="a pipe or a device"):
        load({}, {}, Path("/dev/zero"))


def test_a_settings_file_that_was_named_must_be_there(home: Path) -> None:
    with pytest.raises(ConfigError, match="no settings file"):
        load({}, {}, home / "other.toml")
