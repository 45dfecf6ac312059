"""Watches from before the first copy, which each sync starts once there is a complete one."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from cli.support import ad
from navfeed.cli._run import start_watches
from navfeed.config import Settings, load
from navfeed.watches.state import State
from watches.subscriber import Subscriber


def settings_of(me: Subscriber) -> Settings:
    return load({"db": str(me.db), "watches_file": str(me.watches)}, config=None)


def add_before_the_copy(me: Subscriber, *watches: tuple[str, ...]) -> None:
    copy = me.db.read_bytes()
    me.db.unlink()
    for words in watches:
        me.add(*words)
    me.db.write_bytes(copy)


def test_one_that_cannot_start_holds_no_other_back(me: Subscriber) -> None:
    add_before_the_copy(me, ("a", "--municipality", "bergen"), ("b", "--municipality", "bergen"))
    text = me.watches.read_text(encoding="utf-8")
    me.watches.write_text(text.replace("[watch.a]", '[watch.a]\ndue_before = "never"'))
    start_watches(settings_of(me))
    me.watches.write_text(text)
    me.sync(ad(3))
    assert me.notified() == [("new", 3)]


def test_killed_between_two_targets_it_starts_with_both(
    me: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = me.folder / "news.txt"
    to = ("--to", "stdout", "--to", f"file:{file}")
    add_before_the_copy(me, ("a", "--municipality", "bergen", *to))
    start = mock.Mock(wraps=State.start, side_effect=[mock.DEFAULT, KeyboardInterrupt])
    monkeypatch.setattr(State, "start", lambda self, *how: start(self, *how))
    with pytest.raises(KeyboardInterrupt):
        start_watches(settings_of(me))
    monkeypatch.undo()
    start_watches(settings_of(me))
    me.sync(ad(3, title="Kokk på kveldstid"))
    assert me.notified() == [("new", 3)]
    assert "Kokk på kveldstid" in file.read_text(encoding="utf-8")


def test_one_with_a_backlog_may_be_edited(me: Subscriber) -> None:
    copy = me.db.read_bytes()
    me.db.unlink()
    me.add("a", "--municipality", "oslo", "--backlog")
    me.do("watch", "edit", "a", "--municipality", "bergen", "--dry-run")
    me.do("watch", "edit", "a", "--municipality", "bergen")
    me.db.write_bytes(copy)
    assert me.notified() == [("new", 1)]


def test_a_sync_goes_on_where_the_file_of_watches_is_out_of_reach(
    me: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(me)

    def refused(_: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(me.watches))

    monkeypatch.setattr(Path, "exists", refused)
    start_watches(settings)
