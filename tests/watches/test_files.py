"""Files and commands: a page and a feed that show current ads, a command that reads digests."""

from __future__ import annotations

import sys
from pathlib import Path
from time import struct_time

import feedparser
import pytest
from lxml import etree

from cli.support import ad, uuid_of
from watches.subscriber import OSLO, Subscriber


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "bergen.xml"


def follow(me: Subscriber, feed: Path) -> None:
    me.add("bergen", "--municipal", "bergen", "--to", f"atom:{feed}")


ATOM = "{http://www.w3.org/2005/Atom}"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))


def validate(raw: bytes) -> None:
    """What RFC 4287 requires: its schema, and the sentences that a schema cannot express."""
    root = etree.fromstring(raw)
    SCHEMA.assertValid(root)
    entries = root.findall(f"{ATOM}entry")
    ids = [one.findtext(f"{ATOM}id") for one in entries]
    assert len(set(ids)) == len(ids)
    for one in entries:
        assert root.find(f"{ATOM}author") is not None or one.find(f"{ATOM}author") is not None
        content, links = one.find(f"{ATOM}content"), one.findall(f"{ATOM}link")
        assert content is not None or any(link.get("rel") == "alternate" for link in links)
        kinds = [(link.get("type"), link.get("hreflang")) for link in links if _is_alternate(link)]
        assert len(set(kinds)) == len(kinds)


def _is_alternate(link: etree._Element) -> bool:
    return link.get("rel", "alternate") == "alternate"


def read(feed: Path) -> feedparser.FeedParserDict:
    validate(feed.read_bytes())
    parsed = feedparser.parse(feed.read_bytes())
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


def updated(moment: struct_time) -> str:
    return f"{moment.tm_mday} {moment.tm_hour:02}:{moment.tm_min:02}"


def test_a_feed_is_there_from_the_first_run_on(me: Subscriber, feed: Path):
    follow(me, feed)
    assert me.do("watch", "run") == ""
    assert read(feed).entries == []
    assert read(feed).feed.title == "bergen"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<updated>2026-11-21T12:00:00Z</updated>", ""),
        ("<updated>2026-11-21T12:00:00Z</updated>", "<updated>2026-11-21</updated>"),
        ("<entry>", "<entry><summary/><summary/>"),
        ("<name>navfeed</name>", ""),
        ("<category term=", "<category name="),
    ],
)
def test_the_validator_refuses_what_is_no_atom(me: Subscriber, feed: Path, before, after):
    follow(me, feed)
    me.sync(ad(3))
    me.do("watch", "run")
    text = feed.read_text(encoding="utf-8")
    validate(text.encode())
    assert before in text
    with pytest.raises(etree.DocumentInvalid):
        validate(text.replace(before, after, 1).encode())


def test_an_entry_stays_the_same_moves_with_changes_and_leaves(me: Subscriber, feed: Path):
    follow(me, feed)
    me.sync(ad(3))
    me.do("watch", "run")
    first = read(feed)
    (entry,) = first.entries
    assert entry.id == f"urn:uuid:{uuid_of(3)}"
    assert entry.title == "Sykepleier natt"
    assert [(link.rel, link.href) for link in entry.links] == [
        ("alternate", f"https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(3)}"),
        ("related", "https://sykehjem.example/sok/1"),
    ]
    assert updated(entry.updated_parsed) == updated(first.feed.updated_parsed) == "21 12:00"

    before = feed.stat()
    me.pass_time(hours=1)
    me.sync(ad(3, description="<p>Annet</p>", positioncount="5", title="Sykepleier natt"))
    me.do("watch", "run")
    assert updated(read(feed).entries[0].updated_parsed) == "21 12:00"

    me.pass_time(hours=1)
    me.sync(ad(3, title="Sykepleier dag"), ad(4))
    me.do("watch", "run")
    second = read(feed)
    assert [(one.id[-36:][:8], updated(one.updated_parsed)) for one in second.entries] == [
        ("00000004", "21 14:00"),
        ("00000003", "21 14:00"),
    ]
    assert second.entries[1].published == "2026-11-21T12:00:00Z"
    assert second.feed.id == first.feed.id
    assert before.st_mtime_ns != feed.stat().st_mtime_ns

    me.sync(stop=[3])
    me.do("watch", "run")
    assert [one.id for one in read(feed).entries] == [f"urn:uuid:{uuid_of(4)}"]


def test_a_feed_without_news_is_not_touched(me: Subscriber, feed: Path):
    follow(me, feed)
    me.sync(ad(3, applicationDue="2026-11-23"))
    me.do("watch", "run")
    before = feed.stat().st_ino
    for _ in range(3):
        me.pass_time(hours=9)
        me.sync()
        me.do("watch", "run")
    assert feed.stat().st_ino == before


def test_a_feed_that_was_deleted_comes_back(me: Subscriber, feed: Path):
    follow(me, feed)
    me.sync(ad(3))
    me.do("watch", "run")
    output = feed.read_bytes()
    feed.unlink()
    me.do("watch", "run")
    assert feed.read_bytes() == output


def test_what_xml_cannot_hold_is_replaced(me: Subscriber, feed: Path):
    follow(me, feed)
    me.sync(ad(3, title="Natt \x00\x0b\ufffe & <b>", description="<p>]]> \x1b[31m \uffff</p>"))
    me.do("watch", "run")
    (entry,) = read(feed).entries
    assert entry.title == "Natt  \ufffd & <b>" or "&" in entry.title


def test_an_ignored_ad_leaves(me: Subscriber, feed: Path):
    follow(me, feed)
    me.sync(ad(3))
    me.do("watch", "run")
    me.do("ignore", uuid_of(3))
    me.do("watch", "run")
    assert read(feed).entries == []


def test_two_watches_write_no_feed_together(me: Subscriber, feed: Path):
    follow(me, feed)
    result = me.run("watch", "add", "oslo", "--municipal", "oslo", "--to", f"atom:{feed}")
    assert result.exit_code == 2
    assert "A feed belongs to one watch: use another file" in result.stderr
    assert "oslo" not in me.watches.read_text()


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [("txt", "1 new"), ("md", "# 1 new"), ("html", "<!DOCTYPE html>"), ("json", '{"summary"')],
)
def test_a_file_shows_current_ads_in_the_format_of_its_name(me: Subscriber, suffix, begins):
    page = me.folder / f"page.{suffix}"
    me.add("bergen", "--municipal", "bergen", "--to", f"file:{page}")
    me.sync(ad(3))
    me.do("watch", "run")
    assert page.read_text(encoding="utf-8").startswith(begins)
    assert page.stat().st_mode & 0o777 == 0o600
    assert "Sykepleier natt" in page.read_text(encoding="utf-8")
    me.sync(stop=[3])
    me.do("watch", "run")
    assert "Sykepleier natt" not in page.read_text(encoding="utf-8")


def test_a_file_of_two_watches_keeps_both_where_one_is_run(me: Subscriber):
    page = me.folder / "page.txt"
    me.add("bergen", "--municipal", "bergen", "--to", f"file:{page}")
    me.add("oslo", "--municipal", "oslo", "--to", f"file:{page}")
    me.sync(ad(3), ad(4, workLocations=OSLO))
    me.do("watch", "run", "bergen")
    text = page.read_text()
    assert "== bergen ==" in text
    assert "== oslo ==" in text


@pytest.mark.parametrize("name", ["navfeed.db", "navfeed.db.lock", "navfeed.db.watches.db"])
def test_the_stores_own_files_are_left_alone(me: Subscriber, name):
    me.add("bergen", "--municipal", "bergen", "--to", f"file:{me.folder / name}")
    me.sync(ad(3))
    result = me.run("watch", "run")
    assert result.exit_code == 4
    assert "is the store itself or a part of it. Name another file" in result.stderr


def test_a_file_that_cannot_be_written_is_tried_again(me: Subscriber):
    page = me.folder / "nowhere" / "page.txt"
    me.add("bergen", "--municipal", "bergen", "--to", f"file:{page}")
    me.sync(ad(3))
    result = me.run("watch", "run")
    assert (result.exit_code, "cannot write" in result.stderr) == (4, True)
    page.parent.mkdir()
    me.pass_time(minutes=6)
    me.do("watch", "run")
    assert "Sykepleier natt" in page.read_text()
    me.pass_time(minutes=1)
    me.do("watch", "run")


def command(script: str) -> str:
    return f"command:{sys.executable} -c '{script}'"


def test_a_command_reads_the_digest(me: Subscriber):
    read = me.folder / "read"
    keep = f'import sys, pathlib; pathlib.Path("{read}").write_bytes(sys.stdin.buffer.read())'
    me.add("bergen", "--municipal", "bergen", "--format", "markdown", "--to", command(keep))
    me.sync(ad(3))
    assert me.do("watch", "run") == ""
    assert read.read_text(encoding="utf-8").startswith("# 1 new\\: bergen")
    read.unlink()
    assert me.do("watch", "run") == ""
    assert not read.exists()


def test_a_command_that_fails_is_tried_again(me: Subscriber):
    fail = 'import sys; print("no\\x1b[31m way", file=sys.stderr); sys.exit(3)'
    me.add("bergen", "--municipal", "bergen", "--to", command(fail))
    me.sync(ad(3))
    result = me.run("watch", "run")
    assert result.exit_code == 4
    assert "exited with 3: no\ufffd[31m way" in result.stderr
    assert me.run("watch", "run").stderr == ""


def test_a_command_that_is_not_there_or_never_ends(me: Subscriber, monkeypatch):
    monkeypatch.setattr("navfeed.watches.channels.command.SECONDS", 0.3)
    me.add("one", "--municipal", "bergen", "--to", "command:no-such-program-here")
    me.add("two", "--municipal", "bergen", "--to", command("import time; time.sleep(60)"))
    me.sync(ad(3))
    result = me.run("watch", "run")
    assert result.exit_code == 4
    assert "cannot run no-such-program-here: No such file" in result.stderr
    assert "took longer than 0.3 s" in result.stderr


def test_nothing_of_an_ad_is_run(me: Subscriber):
    me.add("bergen", "--municipal", "bergen", "--to", command("import sys; sys.stdin.read()"))
    me.sync(ad(3, title="$(touch pwned) `touch pwned`; touch pwned"))
    me.do("watch", "run")
    assert not Path("pwned").exists()
