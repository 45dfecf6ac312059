"""What `import navfeed` offers to programs, and the page that documents it."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock

import navfeed
from navfeed.api import store_lock
from navfeed.practice import Practice, PracticeServer, World
from support.clock import NOW, machine_now

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "library.md"


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.fixture
def world() -> World:
    world = World(1, now=machine_now())
    world.batch([lambda batch: batch.publish() for _ in range(5)])
    world.advance(timedelta(minutes=1))
    return world


@pytest.fixture
def url(world: World):
    with PracticeServer(Practice(world)) as server:
        yield server.url


def test_a_sync_reports_each_step_and_how_it_ended(tmp_path, url, world):
    reported: list[navfeed.Event] = []
    settings = navfeed.load_settings(db=tmp_path / "ads.db", base_url=url)
    ended = navfeed.sync_store(settings, progress=reported.append)
    assert ended.exit_code is navfeed.ExitCode.DONE
    assert ended.counts.new == 5
    assert reported[-1] is ended
    assert {type(event) for event in reported} >= {navfeed.PageApplied, navfeed.DetailsApplied}
    with navfeed.open_store(tmp_path / "ads.db") as store:
        assert {uuid for uuid, _ in store.ads()} == set(world.truth())


def test_the_store_is_the_commands_own_by_default(url, monkeypatch):
    monkeypatch.setenv("NAVFEED_BASE_URL", url)
    assert navfeed.sync_store().counts.new == 5
    with navfeed.open_store() as store:
        assert store.path == navfeed.load_settings().db
        assert store.count(navfeed.Filters()) == 5
        (first, content), *_ = store.ads()
        assert store.find(first[:8]) == (first, content)


def test_a_store_is_queried_about_another_day(tmp_path, url):
    navfeed.sync_store(navfeed.load_settings(db=tmp_path / "ads.db", base_url=url))
    in_a_year = machine_now() + timedelta(days=365)
    with navfeed.open_store(str(tmp_path / "ads.db"), at=in_a_year) as store:
        assert list(store.ads()) == []


def test_a_program_can_stop_a_sync_and_go_on(tmp_path, url):
    stop = navfeed.Stop()
    settings = navfeed.load_settings(db=tmp_path / "ads.db", base_url=url)
    ended = navfeed.sync_store(settings, stop=stop, progress=lambda _: stop.request("enough"))
    assert ended.exit_code is navfeed.ExitCode.STOPPED
    assert navfeed.sync_store(settings).exit_code is navfeed.ExitCode.DONE


def test_any_thread_may_sync(tmp_path, url):
    settings = navfeed.load_settings(db=tmp_path / "ads.db", base_url=url)
    ended: list[navfeed.RunFinished] = []
    thread = threading.Thread(target=lambda: ended.append(navfeed.sync_store(settings)))
    thread.start()
    thread.join()
    assert ended[0].counts.new == 5


def test_what_is_wrong_with_the_feed_is_in_the_answer(tmp_path):
    settings = navfeed.load_settings(db=tmp_path / "ads.db", base_url="http://127.0.0.1:1")
    settings = navfeed.Settings(db=settings.db, base_url=settings.base_url, timeout=0.1)
    ended = navfeed.sync_store(settings)
    assert ended.exit_code is navfeed.ExitCode.FEED
    assert isinstance(ended.error, navfeed.UnreachableError)


def test_a_store_has_one_lock_whatever_it_is_called(tmp_path, url):
    (tmp_path / "link.db").symlink_to(tmp_path / "ads.db")
    settings = navfeed.load_settings(db=tmp_path / "link.db", base_url=url)
    with (
        store_lock(tmp_path / "ads.db"),
        pytest.raises(navfeed.LockedError, match="another navfeed"),
    ):
        navfeed.sync_store(settings)


def test_a_lock_that_is_held_for_an_instant_is_waited_for(tmp_path, monkeypatch):
    """As `status` does, to see whether it is free."""
    instant = FileLock(tmp_path / "ads.db.lock")
    instant.acquire()
    monkeypatch.setattr("time.sleep", lambda _: instant.release())
    with store_lock(tmp_path / "ads.db"):
        assert not instant.is_locked


def test_a_setting_that_does_not_exist():
    with pytest.raises(navfeed.ConfigError, match="unknown setting: wrokers"):
        navfeed.load_settings(wrokers=4)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda: navfeed.Filters(municipal="BERGEN"),
            r"municipal of Filters takes tuple\[str, \.\.\.\], not str\. .* \('BERGEN',\)",
        ),
        (lambda: navfeed.Filters(county=["VESTLAND"]), "county of Filters .* not list"),
        (lambda: navfeed.Filters(orgnr=(300000019,)), "orgnr of Filters"),
        (lambda: navfeed.Filters(published_since="2026-11-01"), "published_since .* not str"),
        (lambda: navfeed.Filters(published_since=NOW), "published_since .* not datetime"),
        (lambda: navfeed.Filters(published=navfeed.Span()), "published of Filters .* Span"),
        (lambda: navfeed.Filters(positions=((1, 2, 3),)), "positions of Filters"),
        (lambda: navfeed.Filters(positions=((True, 2),)), "positions of Filters"),
        (lambda: navfeed.Span(NOW.replace(tzinfo=None)), "start of Span .* without a time zone"),
        (lambda: navfeed.Scope(counties="VESTLAND"), "counties of Scope"),
        (lambda: navfeed.Settings(db="ads.db"), "db of Settings takes Path, not str"),
        (lambda: navfeed.Plan(scope=("BERGEN",)), "scope of Plan"),
        (lambda: navfeed.Start(since=NOW.date()), "since of Start .* not date"),
        (lambda: navfeed.open_store(7), "db of open_store"),
        (lambda: navfeed.open_store("ads.db", at=NOW.date()), "at of open_store"),
        (lambda: navfeed.sync_store("ads.db"), "settings of sync_store"),
        (lambda: navfeed.sync_store(plan=navfeed.Scope()), "plan of sync_store"),
        (lambda: navfeed.sync_store(stop=True), "stop of sync_store"),
        (lambda: navfeed.make_plan("ads.db"), "settings of make_plan"),
    ],
)
def test_a_wrong_type_is_refused_by_the_name_of_what_was_given(
    made, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=message):
        made()
    assert list(tmp_path.iterdir()) == []


def test_a_store_refuses_wrong_types_too(tmp_path, url):
    navfeed.sync_store(navfeed.load_settings(db=tmp_path / "ads.db", base_url=url))
    with navfeed.open_store(tmp_path / "ads.db") as store:
        for wrong in (
            lambda: store.count("BERGEN"),
            lambda: list(store.ads({"municipal": "BERGEN"})),
            lambda: list(store.rows("title", navfeed.Filters())),
            lambda: list(store.rows(["title"], navfeed.Filters(), "title")),
            lambda: list(store.rows([1], navfeed.Filters())),
            lambda: list(store.rows(["title"], navfeed.Filters(), limit="10")),
            lambda: store.tally("week", navfeed.Filters()),
            lambda: store.find(7),
        ):
            with pytest.raises(TypeError, match=" takes "):
                wrong()
        right = navfeed.Filters(published=(navfeed.Span(NOW),), positions=((1, None),))
        assert store.count(right) >= 0


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="'navfeed' has no attribute 'Nothing'"):
        _ = navfeed.Nothing  # type: ignore[attr-defined]


def test_every_name_is_there_and_documented():
    documented = set(re.findall(r"^\| `(\w+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented | {"__version__"} == set(navfeed.__all__) == set(dir(navfeed))
    assert all(getattr(navfeed, name) is not None for name in navfeed.__all__)


def test_the_examples_on_the_page_run(tmp_path, url, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAVFEED_BASE_URL", url)
    for example in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(example, str(PAGE), "exec"), {})
    assert "caught up\n0 of 5 ads" in capsys.readouterr().out
