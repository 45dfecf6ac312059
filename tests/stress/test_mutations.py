"""Each promise, broken on purpose, must turn the suite red.

A mutation names a function and what to replace in it, as syntax (`support.mutate`). The tests that
guard the promise then run against a copy of the package that has it, and have to fail.
`make campaign` runs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.mutate import PlaceGoneError, mutate

ROOT = Path(__file__).parents[2]
QUICK = ("tests/test_decide.py", "tests/test_lookback.py", "tests/test_sync.py")
ERASURE = ("tests/test_erasure.py",)
UNSCRUBBED = ("tests/test_unscrubbed.py",)
SHARDS = (*ERASURE, "tests/test_shards.py")
ANOTHER_LOG = ("tests/faults/test_another_log.py",)
CRASHES = ("tests/watches/test_promises.py", "-k", "at_any_step")
NOTIFICATIONS = ("tests/watches/test_notifications.py",)
WINDOWS = ("tests/test_windows.py",)
JOURNAL = ("tests/test_journal.py", "tests/test_keeping_up.py")


@dataclass(frozen=True)
class Mutation:
    """`place` is `module:function`, or a module: `store.ads:remove`, `sync.walk:Walk.run`."""

    name: str
    place: str
    before: str
    after: str
    tests: tuple[str, ...] = QUICK

    @property
    def file(self) -> str:
        return f"{self.place.partition(':')[0].replace('.', '/')}.py"

    def made_in(self, package: Path) -> str:
        source = (package / self.file).read_text(encoding="utf-8")
        return mutate(source, self.place.partition(":")[2], self.before, self.after)


MUTATIONS = [
    Mutation(
        "look-back off",
        "lookback:start_of",
        "return safe[-1] if safe else next(iter(cursor.checkpoints), None)",
        "return cursor.checkpoints[-1] if cursor.checkpoints else None",
    ),
    Mutation(
        "look-back once the lateness instead of twice",
        "lookback:safe_until",
        "2 * lateness",
        "lateness",
    ),
    Mutation(
        "the walk's own time forgotten",
        "lookback:safe_until",
        "newest - max(took, timedelta(0))",
        "newest",
    ),
    Mutation(
        "settled at once",
        "lookback:settles",
        "return min(began_at - cursor.head_seen_at, began_here - cursor.head_seen_here) > lateness",
        "return True",
    ),
    Mutation(
        "validators on at the tip",
        "lookback:safe_etag",
        "page.is_tip and len(page.entries) == 1",
        "True",
    ),
    Mutation(
        "order by timestamp",
        "decide:decide_entries",
        "new[-1]",
        "max(new, key=lambda one: one.entry.written)",
        (*QUICK, "tests/test_machine.py"),
    ),
    Mutation(
        "an active entry is believed after an inactive one",
        "decide:decide_entries",
        "new[-1]",
        "next((s for s in new if s.entry.status is Status.ACTIVE), new[-1])",
    ),
    Mutation(
        "late entries decide without asking",
        "decide:decide_entries",
        "if last.contested: ...",
        "if False: ...",
    ),
    Mutation(
        "what was read is not recognised",
        "lookback:SeenMatcher._sight",
        "entry.key in self._unmet",
        "False",
    ),
    Mutation(
        "cursor committed before its page",
        "store.writer:Store.commit_page",
        "with self._transaction() as db: ...",
        "with self._transaction() as db:\n"
        "    position.save_seen(db, seen, keep_from)\n"
        "    position.save_cursor(db, cursor, self._feed_url)\n"
        "with self._transaction() as db:\n"
        "    ...",
        ("tests/test_sync.py",),
    ),
    Mutation(
        "ads that a new log does not have are not asked for",
        "store.writer:Store.commit_page",
        "recheck",
        "False",
        ANOTHER_LOG,
    ),
    Mutation(
        "another log read from where the old one was safe",
        "sync.walk:Walk._page_of_new_log",
        "any(entry.key in known for entry in page.entries)",
        "True",
        ANOTHER_LOG,
    ),
    Mutation(
        "an ad without content is asked for no more",
        "store.queue:settle",
        "one.reason is Reason.WITHHELD",
        "False",
        ("tests/test_verify.py",),
    ),
    Mutation(
        "the queue emptied before the details are kept",
        "store.writer:Store.commit_details",
        "with self._transaction() as db: ...",
        "with self._transaction() as db:\n"
        "    queue.drop(db, [one.ad for one in decisions])\n"
        "with self._transaction() as db:\n"
        "    ...",
        (*QUICK, "tests/test_machine.py", "tests/test_store.py"),
    ),
    Mutation(
        "secure_delete off",
        "store.opening",
        '"secure_delete = ON"',
        '"secure_delete = OFF"',
        ERASURE,
    ),
    Mutation(
        "secure_delete off and unchecked",
        "store.opening:_configure",
        'connection.execute("PRAGMA secure_delete").fetchone() != (1,)',
        'connection.execute("PRAGMA secure_delete = OFF") is None',
        ERASURE,
    ),
    Mutation(
        "details stored as they came",
        "sync.details",
        "self._redact(answer.content)",
        "answer.content",
        ("tests/test_privacy_policy.py", "tests/test_privacy.py"),
    ),
    Mutation(
        "contacts dropped from the table alone",
        "wire.rewrite:_rewritten",
        "name == CONTACTS",
        "False",
        ("tests/test_privacy_policy.py", "tests/test_reworded.py"),
    ),
    Mutation(
        "an erasure that owes nothing",
        "privacy.erasure:erase_person",
        "not store.purge()",
        "False",
        ("tests/test_privacy.py",),
    ),
    Mutation(
        "hashes without the key", "privacy.matcher:_hash", "key", 'b"x"', ("tests/test_matcher.py",)
    ),
    Mutation(
        "age not asked for",
        "cli._age:_exceeds",
        "age > limit",
        "age > limit * 100",
        ("tests/cli/test_age.py",),
    ),
    Mutation(
        "no checkpoint",
        "store.erasure:cut_log",
        '"PRAGMA wal_checkpoint(TRUNCATE)"',
        '"PRAGMA wal_checkpoint(PASSIVE)"',
        ERASURE,
    ),
    Mutation(
        "the index not rebuilt",
        "store.writer:Store.purge",
        "self._write(shards.rebuild_stale)",
        "pass",
        ERASURE,
    ),
    Mutation(
        "a handle closed while others have the file open",
        "store.file_handle:_release",
        "_id(os.fstat(one.fileno())) not in used",
        "True",
        ("tests/test_one_process.py",),
    ),
    Mutation(
        # Both BEGIN IMMEDIATE and the mark that is written first make it so.
        "a transaction that is the writer's only once it writes",
        "store.writer:Store._transaction",
        "with transaction(self._connection):\n"
        "    self._unscrubbed.begin_write()\n"
        "    yield self._connection\n"
        "    self._indexed += shards.write_added(self._connection)\n",
        "self._connection.execute('BEGIN')\n"
        "yield self._connection\n"
        "self._indexed += shards.write_added(self._connection)\n"
        "self._connection.execute('COMMIT')\n",
        ("tests/test_one_process.py",),
    ),
    Mutation(
        "a part of the index that is not rebuilt",
        "store.shards:rebuild_stale",
        "_rebuild(connection, table(shard))",
        "if shard:\n    _rebuild(connection, table(shard))",
        SHARDS,
    ),
    Mutation(
        "words of titles that stay when their last ad is gone",
        "store.title_words:subtract",
        'f"DELETE FROM title_words WHERE ads < 1 AND backwards IN {LISTED}"',
        'f"DELETE FROM title_words WHERE ads < 0 AND backwards IN {LISTED}"',
        SHARDS,
    ),
    Mutation(
        "words of titles that are not counted down",
        "store.title_words:subtract",
        'f"UPDATE title_words SET ads = ads - 1 WHERE backwards IN {LISTED}"',
        'f"UPDATE title_words SET ads = ads WHERE backwards IN {LISTED}"',
        SHARDS,
    ),
    Mutation(
        "an index merged where that keeps what was deleted",
        "store.shards:_rebuild",
        "f\"INSERT INTO {name} ({name}) VALUES ('rebuild')\"",
        "f\"INSERT INTO {name} ({name}) VALUES ('merge')\"",
        SHARDS,
    ),
    Mutation(
        "a part of the index that nobody knows to be stale",
        "store.shards:_take_out",
        '"INSERT OR IGNORE INTO stale_shards VALUES (?)"',
        '"SELECT ?"',
        SHARDS,
    ),
    Mutation(
        "an ad whose words stand in the index twice",
        "store.shards:_replace",
        "_take_out(connection, shard, name, ad)",
        'connection.execute(f"DELETE FROM {name} WHERE rowid = ?", [ad])',
        SHARDS,
    ),
    Mutation(
        "free space left as it is",
        "store.erasure:scrub_alone",
        "scrub(file, unscrubbed.pages(db))",
        "pass",
        ERASURE,
    ),
    Mutation(
        "a page that is not scrubbed",
        "store.scrub:_chunks",
        "sorted(numbers)",
        "sorted(numbers)[:-20]",
        (*ERASURE, *UNSCRUBBED),
    ),
    Mutation(
        "pages forgotten when the log begins again",
        "store.unscrubbed:Unscrubbed._note",
        "at = at if seen == salts else _LOG_HEADER",
        "at = at if seen == salts else _LOG_HEADER\n"
        "if seen != salts and self._pages:\n"
        "    self._pages.clear()",
        (*ERASURE, *UNSCRUBBED),
    ),
    Mutation(
        "a log that is cut before anybody reads what it names",
        "store.writer:Store._cut_log",
        "self._unscrubbed.note()",
        "pass",
        (*ERASURE, *UNSCRUBBED),
    ),
    Mutation(
        "pages that are known though another wrote",
        "store.unscrubbed:Unscrubbed.pages",
        "_mark(connection) == self._own",
        "True",
        UNSCRUBBED,
    ),
    Mutation(
        "pages that are not left to the next run",
        "store.unscrubbed:Unscrubbed.leave",
        "_write(connection, pages)",
        "_write(connection, set())",
        UNSCRUBBED,
    ),
    Mutation(
        "a file taken for clean after a crash",
        "store.unscrubbed:Unscrubbed.begin_write",
        "self._connection.execute(_BEGIN, [self._left, self._own])",
        "pass",
        UNSCRUBBED,
    ),
    Mutation(
        "free space zeroed behind the back of what the store remembers",
        "store.writer:Store._scrub",
        "closing(connect(self.path))",
        "__import__('contextlib').nullcontext(self._connection)",
        ERASURE,
    ),
    Mutation(
        "words left in the index",
        "store.ads:remove",
        "shards.drop(db, row[0])",
        "pass",
        ERASURE,
    ),
    Mutation(
        "nothing owed for what a change replaced",
        "store.ads:_write",
        "erasure.owe(db)",
        "pass",
        ERASURE,
    ),
    Mutation(
        "an ad that goes without a word",
        "store.ads:remove",
        "journal.ended(db, ad, reason, now)",
        "pass",
        JOURNAL,
    ),
    Mutation(
        "an erasure that those who keep up do not hear of",
        "store.ads:_write",
        "journal.updated(db, ad, content.last_day, now, changed=changed, reason=reason)",
        "pass",
        JOURNAL,
    ),
    Mutation(
        "a copy that goes by the store's own name",
        "store.backup:copy",
        "journal.become_another(connection)",
        "pass",
        JOURNAL,
    ),
    Mutation(
        "a cursor from before what is kept",
        "store.journal:begin_after",
        "after.number < pruned and not from_start",
        "False",
        JOURNAL,
    ),
    Mutation(
        "an ad that no longer fits is passed over",
        "store.query:Reader._told",
        "row.fresh",
        "True",
        JOURNAL,
    ),
    Mutation(
        "a cursor noted before its lines are handed over",
        "changes.writer:ChangeWriter._flush",
        "self.out.flush()",
        "pass",
        ("tests/cli/test_changes.py",),
    ),
    Mutation(
        "the debt taken back before it is paid",
        "store.writer:Store.purge",
        "self._write(shards.rebuild_stale)",
        "with self._transaction() as db:\n"
        "    db.execute('UPDATE feed SET erasure_owed = 0')\n"
        "self._write(shards.rebuild_stale)",
        ERASURE,
    ),
    Mutation(
        "an entry committed before its removal",
        "store.writer:Store.commit_page",
        "with self._transaction() as db: ...",
        "with self._transaction() as db:\n"
        "    position.save_seen(db, seen, keep_from)\n"
        "    seen = []\n"
        "with self._transaction() as db:\n"
        "    ...",
        ERASURE,
    ),
    Mutation(
        "the lock let go before the work",
        "api:store_lock",
        "lock.acquire()",
        "lock.acquire()\nlock.release()",
        ("tests/test_cli_sync.py",),
    ),
    Mutation(
        "a shared place waited for",
        "lookback:SeenMatcher._stands_after",
        "bool(self._places) and self._places[-1] > place",
        "bool(self._places)",
    ),
    Mutation(
        "late entries of one place taken for the past",
        "lookback:SeenMatcher._sight",
        "place >= self._at",
        "place > self._at",
    ),
    Mutation(
        "news only at the top",
        "lookback:SeenMatcher._sight",
        "self.found_new = True",
        "self.found_new = not late",
        (*QUICK, "tests/test_machine.py"),
    ),
    Mutation(
        "circles followed",
        "sync.walk:refuse_loop",
        "page.next_id in visited",
        "page.next_id == page.id",
        ("tests/test_sync.py",),
    ),
    Mutation(
        "a lost page taken for the end",
        "sync.walk:refuse_missing",
        "ContractError",
        "StoppedError",
        ("tests/test_sync.py",),
    ),
    Mutation(
        "a window that ends by a date alone",
        "sync.older:OlderWindow.take",
        "meeting(page, self._opening)",
        "next((at for at, one in enumerate(page.entries) "
        "if one.written >= self._opening[0][2]), None)",
        WINDOWS,
    ),
    Mutation(
        "an older window that counts against a newer one",
        "store.windows:queue_part",
        "_ACTIVE_ADS",
        "_ACTIVE_ADS.partition(' AND ad NOT IN ')[0] + ' ORDER BY ad'",
        WINDOWS,
    ),
    Mutation(
        "an older window that removes",
        "store.writer:Store.commit_window_page",
        "self._write(windows.save_page, number, entries, following)",
        "entries = list(entries)\n"
        "gone = [ad for ad, status in entries if status == 'INACTIVE']\n"
        "with self._transaction() as db:\n"
        "    for ad in gone:\n"
        "        ads.remove(db, ad, Reason.INACTIVE, datetime.now().astimezone())\n"
        "    queue.drop(db, gone)\n"
        "self._write(windows.save_page, number, entries, following)",
        WINDOWS,
    ),
    Mutation(
        "a window done with its first part",
        "store.windows:queue_part",
        "part.is_last",
        "True",
        WINDOWS,
    ),
    Mutation(
        "an end of the log believed on a large page",
        "client.feed:FeedClient.large_page",
        "page.next_id not in (None, page_id)",
        "page.next_id != page_id",
        WINDOWS,
    ),
    Mutation(
        "another page taken for a large one",
        "client.feed:FeedClient.large_page",
        "page.id == page_id",
        "True",
        ("tests/client/test_feed.py",),
    ),
    Mutation(
        "a large page that is cut off",
        "client.feed:FeedClient.large_page",
        "len(page.entries) != LARGE_PAGE",
        "False",
        WINDOWS,
    ),
    Mutation(
        "a window's first word about an ad instead of its last",
        "store.windows:queue_part",
        "_ACTIVE_ADS",
        "_ACTIVE_ADS.replace('max(id)', 'min(id)')",
        WINDOWS,
    ),
    Mutation(
        "a window that begins where entries may still appear",
        "first_windows:_is_old",
        "served_at - entry.moment >= 2 * lateness",
        "True",
        WINDOWS,
    ),
    Mutation(
        "the windows' position kept, and not what they read",
        "store.windows:save_page",
        "_save(db, number, entries)",
        "None",
        WINDOWS,
    ),
    Mutation(
        "the sweep by our own clock",
        "sync.reading:Reading._end_newest",
        "confirmed_day(self._walk.served_at, self._walk.newest, self._clock())",
        "confirmed_day(self._clock(), None, self._clock())",
        ("tests/test_sync.py",),
    ),
    Mutation(
        "a digest recorded as delivered before it is sent",
        "watches.deliver:Deliverer._send",
        "sender.send(part)\nyield from self._accepted(target, batches, part)",
        "yield from self._accepted(target, batches, part)\nsender.send(part)",
        CRASHES,
    ),
    Mutation(
        "a whole digest recorded after its first part",
        "watches.deliver:Deliverer._accepted",
        "one.update(ads)",
        "one.update(frozenset(one.known) | one.dropped)",
        ("tests/watches/test_webhooks.py",),
    ),
    Mutation(
        "every target given the knowledge of the first",
        "watches.deliver:Deliverer._batch",
        "self.state.known_ads(watch, target)",
        "self.state.known_ads(watch, watch.to[0])",
        ("tests/watches/test_webhooks.py",),
    ),
    Mutation(
        "a feed written only where there is news",
        "watches.deliver:Deliverer._send",
        "sender.send(Digest(shown, warning))",
        "if groups or health.failures:\n    sender.send(Digest(shown, warning))",
        ("tests/watches/test_files.py",),
    ),
    Mutation(
        "a delivery from a store that was restored",
        "watches.view:View.not_ready",
        "delivered_age is not None and delivered_age < age",
        "False",
        NOTIFICATIONS,
    ),
    Mutation(
        "an ad that left the feed still known",
        "watches.decide:gone_ads",
        "known.items()",
        "()",
        NOTIFICATIONS,
    ),
    Mutation(
        "an ad reported as gone to who never received it",
        "watches.decide:gone_ads",
        "one.trigger is not None",
        "True",
        NOTIFICATIONS,
    ),
    Mutation(
        "an ignored ad delivered",
        "watches.batch:make_batch",
        "[ad for ad in ads if marks.get(ad) is not Mark.IGNORED]",
        "list(ads)",
        ("tests/watches/test_triage.py",),
    ),
    Mutation(
        "a failed channel tried in every run",
        "watches.schedule:deferral",
        "health.retry_at and now < health.retry_at <= now + LAST_RETRY",
        "False",
        ("tests/watches/test_mail.py",),
    ),
    Mutation(
        "a failing channel reported in every run",
        "cli._watch_runs:_outcome",
        "failures == 1",
        "failures",
        ("tests/watches/test_mail.py",),
    ),
    Mutation(
        "two runs of the watches at once",
        "cli._watch_runs:WatchRunner.run",
        "lock_watches(settings)",
        "__import__('contextlib').nullcontext()",
        ("tests/watches/test_commands.py",),
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_mutation_has_its_place(mutation: Mutation) -> None:
    """In every run: or the code moves on, and the campaign finds out weeks later."""
    mutation.made_in(ROOT / "src" / "navfeed")


SOURCE = """
class Shelf:
    def take(self, book):
        if book in self.books:  # a comment
            self.books.remove(book)
            return (book)
        return None

def take(book):
    return book or book
"""


@pytest.mark.parametrize(
    ("function", "before", "after", "changed"),
    [
        ("Shelf.take", "return   book", "return self", "        return self\n"),
        ("Shelf.take", "book in self.books", "True", "    if True:\n"),
        ("Shelf.take", "self.books.remove(book)", "pass", "            pass\n"),
        (
            "Shelf.take",
            "if book in self.books: ...",
            "with self.lock:\n    ...\nwith self.lock:\n    pass",
            "        with self.lock:\n            self.books.remove(book)\n",
        ),
        ("", "book or book", "None", "    return None"),
    ],
)
def test_a_mutation_ignores_layout(function: str, before: str, after: str, changed: str) -> None:
    assert changed in mutate(SOURCE, function, before, after)


@pytest.mark.parametrize(
    ("function", "before"),
    [("Shelf.put", "book"), ("put", "book"), ("take", "shelf"), ("take", "book"), ("", "pass")],
)
def test_a_mutation_fails_where_its_place_is_gone_or_not_unique(function: str, before: str) -> None:
    with pytest.raises(PlaceGoneError):
        mutate(SOURCE, function, before, "None")


@pytest.mark.campaign
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_broken_promise_turns_the_suite_red(mutation: Mutation, tmp_path: Path) -> None:
    package = shutil.copytree(ROOT / "src" / "navfeed", tmp_path / "src" / "navfeed")
    (package / mutation.file).write_text(mutation.made_in(package), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutation.tests],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "src"), "HYPOTHESIS_PROFILE": "mutation"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert run.returncode == 1, run.stdout[-2_000:]
    assert "failed" in run.stdout
