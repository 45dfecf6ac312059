"""Each promise, broken on purpose, must turn the suite red.

Every mutation is one replacement in a copy of the package; the quick tests then run against the
copy and have to fail. `make campaign` runs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICK = ("tests/test_decide.py", "tests/test_lookback.py", "tests/test_sync.py")
ERASURE = ("tests/test_erasure.py",)
UNSCRUBBED = ("tests/test_unscrubbed.py",)
ANOTHER_LOG = ("tests/faults/test_another_log.py",)
CRASHES = ("tests/watches/test_promises.py", "-k", "at_any_step")
NOTIFICATIONS = ("tests/watches/test_notifications.py",)
WINDOWS = ("tests/test_windows.py",)
JOURNAL = ("tests/test_journal.py", "tests/test_keeping_up.py")


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...] = QUICK


_MERGED_BEFORE_THE_LOG_IS_CUT = (
    "        self._write(shards.rebuild_stale)\n        return self._clean(erasure.ERASE_WAIT_MS"
)
_DETAILS = "        with self._transaction() as db:\n            effects = [(one.ad"
_PAGE = "        with self._transaction() as db:\n            if trouble:"

MUTATIONS = [
    Mutation(
        "look-back off",
        "lookback.py",
        "    return safe[-1] if safe else next(iter(cursor.checkpoints), None)",
        "    return cursor.checkpoints[-1] if cursor.checkpoints else None",
    ),
    Mutation(
        "look-back once the lateness instead of twice",
        "lookback.py",
        "newest - max(took, timedelta(0)) - 2 * lateness",
        "newest - max(took, timedelta(0)) - lateness",
    ),
    Mutation(
        "the walk's own time forgotten",
        "lookback.py",
        "newest - max(took, timedelta(0)) - 2",
        "newest - 2",
    ),
    Mutation(
        "settled at once",
        "lookback.py",
        "    return min(began_at - cursor.head_seen_at, began_here - cursor.head_seen_here)"
        " > lateness",
        "    return True",
    ),
    Mutation(
        "validators on at the tip",
        "lookback.py",
        "    return page.etag if page.is_tip and len(page.entries) == 1 else None",
        "    return page.etag",
    ),
    Mutation(
        "order by timestamp",
        "decide.py",
        "    last = new[-1]\n",
        "    last = max(new, key=lambda one: one.entry.written)\n",
        (*QUICK, "tests/test_machine.py"),
    ),
    Mutation(
        "an active entry is believed after an inactive one",
        "decide.py",
        "    last = new[-1]\n",
        "    last = next((s for s in new if s.entry.status is Status.ACTIVE), new[-1])\n",
    ),
    Mutation(
        "late entries decide without asking",
        "decide.py",
        "    if last.contested:\n",
        "    if False:\n",
    ),
    Mutation(
        "what was read is not recognised",
        "lookback.py",
        "        if entry.key in self._unmet:",
        "        if False:",
    ),
    Mutation(
        # What recognises the page goes with the cursor: a position alone is mended by looking back.
        "cursor committed before its page",
        "store/writer.py",
        _PAGE,
        "        with self._transaction() as db:\n"
        "            position.save_seen(db, seen, keep_from)\n"
        "            position.save_cursor(db, cursor, self._feed_url)\n" + _PAGE,
        ("tests/test_sync.py",),
    ),
    Mutation(
        "ads that a new log does not have are not asked for",
        "store/writer.py",
        "            if recheck:\n",
        "            if False:\n",
        ANOTHER_LOG,
    ),
    Mutation(
        "another log read from where the old one was safe",
        "sync/walk.py",
        "        if any(entry.key in known for entry in page.entries):\n",
        "        if True:\n",
        ANOTHER_LOG,
    ),
    Mutation(
        "an ad without content is asked for no more",
        "store/queue.py",
        "one.reason is Reason.WITHHELD]",
        "False]",
        ("tests/test_verify.py",),
    ),
    Mutation(
        "the queue emptied before the details are kept",
        "store/writer.py",
        _DETAILS,
        "        with self._transaction() as db:\n"
        "            queue.drop(db, [one.ad for one in verdicts])\n" + _DETAILS,
        (*QUICK, "tests/test_machine.py", "tests/test_store.py"),
    ),
    Mutation(
        "secure_delete off",
        "store/opening.py",
        '"secure_delete = ON"',
        '"secure_delete = OFF"',
        ERASURE,
    ),
    Mutation(
        "secure_delete off and unchecked",
        "store/opening.py",
        '    if connection.execute("PRAGMA secure_delete").fetchone() != (1,):',
        '    connection.execute("PRAGMA secure_delete = OFF")\n    if False:',
        ERASURE,
    ),
    Mutation(
        "details stored as they came",
        "sync/details.py",
        "content=self._redact(answer.content)",
        "content=answer.content",
        ("tests/test_privacy_policy.py", "tests/test_privacy.py"),
    ),
    Mutation(
        "contacts dropped from the table alone",
        "wire/rewrite.py",
        "        if name == CONTACTS:\n",
        "        if False:\n",
        ("tests/test_privacy_policy.py", "tests/test_reworded.py"),
    ),
    Mutation(
        "an erasure that owes nothing",
        "privacy/erasure.py",
        "owed=not store.purge()",
        "owed=False",
        ("tests/test_privacy.py",),
    ),
    Mutation(
        "hashes without the key",
        "privacy/matcher.py",
        "    return hmac.digest(key, ",
        '    return hmac.digest(b"x", ',
        ("tests/test_matcher.py",),
    ),
    Mutation(
        "age not asked for",
        "cli/_age.py",
        "age > limit)",
        "age > limit * 100)",
        ("tests/cli/test_age.py",),
    ),
    Mutation(
        "no checkpoint",
        "store/erasure.py",
        "wal_checkpoint(TRUNCATE)",
        "wal_checkpoint(PASSIVE)",
        ERASURE,
    ),
    Mutation(
        "the index not merged",
        "store/writer.py",
        _MERGED_BEFORE_THE_LOG_IS_CUT,
        _MERGED_BEFORE_THE_LOG_IS_CUT.removeprefix("        self._write(shards.rebuild_stale)\n"),
        ERASURE,
    ),
    Mutation(
        "a handle closed while others have the file open",
        "store/file_handle.py",
        " if _id(os.fstat(one.fileno())) not in used]",
        "]",
        ("tests/test_one_process.py",),
    ),
    Mutation(
        "a transaction that is the writer's only once it writes",
        "store/connect.py",
        'execute("BEGIN IMMEDIATE")',
        'execute("BEGIN")',
        ("tests/test_one_process.py", "tests/test_store.py"),
    ),
    Mutation(
        "a part of the index that is not rebuilt",
        "store/shards.py",
        "        _rebuild(connection, table(shard))\n",
        "        if shard:\n            _rebuild(connection, table(shard))\n",
        (*ERASURE, "tests/test_shards.py"),
    ),
    Mutation(
        "an index merged where that keeps what was deleted",
        "store/shards.py",
        "VALUES ('rebuild')",
        "VALUES ('merge')",
        (*ERASURE, "tests/test_shards.py"),
    ),
    Mutation(
        "a part of the index that nobody knows to be stale",
        "store/shards.py",
        "INSERT OR IGNORE INTO stale_shards VALUES (?)",
        "SELECT ?",
        (*ERASURE, "tests/test_shards.py"),
    ),
    Mutation(
        "an ad whose words stand in the index twice",
        "store/shards.py",
        "        drop(connection, ad)\n",
        '        connection.execute(f"DELETE FROM {name} WHERE rowid = ?", [ad])\n',
        (*ERASURE, "tests/test_shards.py"),
    ),
    Mutation(
        "free space left as it is",
        "store/erasure.py",
        "    scrub(file, unscrubbed.pages(db))\n",
        "",
        ERASURE,
    ),
    Mutation(
        "a page that is not scrubbed",
        "store/scrub.py",
        "    for number in sorted(numbers):",
        "    for number in sorted(numbers)[:-20]:",
        (*ERASURE, *UNSCRUBBED),
    ),
    Mutation(
        "pages forgotten when the log begins again",
        "store/unscrubbed.py",
        "        at = at if seen == salts else _LOG_HEADER\n",
        "        at = at if seen == salts else _LOG_HEADER\n"
        "        if seen != salts and self._pages:\n            self._pages.clear()\n",
        (*ERASURE, *UNSCRUBBED),
    ),
    Mutation(
        "a log that is cut before anybody reads what it names",
        "store/writer.py",
        "        self._unscrubbed.note()\n        return erasure.cut_log",
        "        return erasure.cut_log",
        (*ERASURE, *UNSCRUBBED),
    ),
    Mutation(
        "pages that are known though another wrote",
        "store/unscrubbed.py",
        "return self._pages if _mark(connection) == self._own else None",
        "return self._pages",
        UNSCRUBBED,
    ),
    Mutation(
        "pages that are not left to the next run",
        "store/unscrubbed.py",
        "self._left = _write(connection, pages)",
        "self._left = _write(connection, set())",
        UNSCRUBBED,
    ),
    Mutation(
        "a file taken for clean after a crash",
        "store/unscrubbed.py",
        "        self._connection.execute(_BEGIN, [self._left, self._own])\n",
        "        pass\n",
        UNSCRUBBED,
    ),
    Mutation(
        "free space zeroed behind the back of what the store remembers",
        "store/writer.py",
        "closing(connect(self.path)) as alone:",
        "ExitStack() as _:\n            alone = self._connection",
        ERASURE,
    ),
    Mutation(
        "words left in the index",
        "store/ads.py",
        "    shards.drop(db, _number(db, ad))\n",
        "",
        ERASURE,
    ),
    Mutation(
        "nothing owed for what a change replaced",
        "store/ads.py",
        "    if _has(db, ad):\n        erasure.owe(db)\n",
        "    if _has(db, ad):\n",
        ERASURE,
    ),
    Mutation(
        "an ad that goes without a word",
        "store/ads.py",
        "    journal.ended(db, ad, reason, now)\n",
        "",
        JOURNAL,
    ),
    Mutation(
        "an erasure that those who keep up do not hear of",
        "store/ads.py",
        "        journal.updated(db",
        "        (lambda *_, **__: None)(db",
        JOURNAL,
    ),
    Mutation(
        "a copy that goes by the store's own name",
        "store/backup.py",
        "journal.become_another(connection)",
        "pass",
        JOURNAL,
    ),
    Mutation(
        "a cursor from before what is kept",
        "store/journal.py",
        "    if after.number < pruned and not from_start:",
        "    if False:",
        JOURNAL,
    ),
    Mutation(
        "an ad that no longer fits is passed over",
        "store/query.py",
        "(None, None) if row.fresh else",
        "(None, None) if True else",
        JOURNAL,
    ),
    Mutation(
        "a cursor noted before its lines are handed over",
        "changes/writer.py",
        "        self.out.flush()\n        if self.file",
        "        if self.file",
        ("tests/cli/test_changes.py",),
    ),
    Mutation(
        "the debt taken back before it is paid",
        "store/writer.py",
        _MERGED_BEFORE_THE_LOG_IS_CUT,
        "        with self._transaction() as db:\n"
        '            db.execute("UPDATE feed SET erasure_owed = 0")\n'
        + _MERGED_BEFORE_THE_LOG_IS_CUT,
        ERASURE,
    ),
    Mutation(
        "an entry committed before its removal",
        "store/writer.py",
        _PAGE,
        "        with self._transaction() as db:\n"
        "            position.save_seen(db, seen, keep_from)\n"
        "            seen = []\n" + _PAGE,
        ERASURE,
    ),
    Mutation(
        "the lock let go before the work",
        "api.py",
        "        lock.acquire()\n",
        "        lock.acquire()\n        lock.release()\n",
        ("tests/test_cli_sync.py",),
    ),
    Mutation(
        "a shared place waited for",
        "lookback.py",
        "        return bool(self._places) and self._places[-1] > place",
        "        return bool(self._places)",
    ),
    Mutation(
        "late entries of one place taken for the past",
        "lookback.py",
        "any(place >= self._at for place",
        "any(place > self._at for place",
    ),
    Mutation(
        "news only at the top",
        "lookback.py",
        "        self.found_new = True",
        "        self.found_new = not late",
        (*QUICK, "tests/test_machine.py"),
    ),
    Mutation(
        "circles followed",
        "sync/walk.py",
        "        if page.next_id in self._visited | self._behind:",
        "        if page.next_id == page.id:",
        ("tests/test_sync.py",),
    ),
    Mutation(
        "a lost page taken for the end",
        "sync/walk.py",
        "        return answer\n    raise ContractError(",
        "        return answer\n    from navfeed.errors import StoppedError as E\n\n    raise E(",
        ("tests/test_sync.py",),
    ),
    Mutation(
        "a window that ends by a date alone",
        "sync/older.py",
        "        end = meeting(page, self._opening)\n",
        "        opens = self._opening[0][2]\n"
        "        later = (n for n, one in enumerate(page.entries) if one.written >= opens)\n"
        "        end = next(later, None)\n",
        WINDOWS,
    ),
    Mutation(
        "an older window that counts against a newer one",
        "store/windows.py",
        " AND ad NOT IN (SELECT ad FROM window_entries WHERE window < :number)",
        "",
        WINDOWS,
    ),
    Mutation(
        "an older window that removes",
        "store/writer.py",
        "            windows.save_page(db, number, entries, following)\n",
        "            entries = list(entries)\n"
        "            gone = [ad for ad, status in entries if status == 'INACTIVE']\n"
        "            for ad in gone:\n"
        "                ads.remove(db, ad, Reason.INACTIVE, now)\n"
        "            queue.drop(db, gone)\n"
        "            windows.save_page(db, number, entries, following)\n",
        WINDOWS,
    ),
    Mutation(
        "a window's first word about an ad instead of its last",
        "store/windows.py",
        "max(id) AS newest",
        "min(id) AS newest",
        WINDOWS,
    ),
    Mutation(
        "a window that begins where entries may still appear",
        "windows.py",
        "    return served_at - entry.moment >= 2 * lateness",
        "    return True",
        WINDOWS,
    ),
    Mutation(
        "the windows' position kept, and not what they read",
        "store/windows.py",
        "    _save(db, number, entries)\n    db.execute",
        "    db.execute",
        WINDOWS,
    ),
    Mutation(
        "the sweep by our own clock",
        "sync/reading.py",
        "confirmed_day(self._walk.served_at, self._walk.newest, self._clock())",
        "confirmed_day(self._clock(), None, self._clock())",
        ("tests/test_sync.py",),
    ),
    Mutation(
        "a digest recorded as delivered before it is sent",
        "watches/deliver.py",
        "                sender.send(part)\n"
        "                yield from self._accepted(target, batches, part)\n",
        "                yield from self._accepted(target, batches, part)\n"
        "                sender.send(part)\n",
        CRASHES,
    ),
    Mutation(
        "a whole digest recorded after its first part",
        "watches/deliver.py",
        "[one.update(ads) for one in batches]",
        "[one.update(frozenset(one.known) | one.dropped) for one in batches]",
        ("tests/watches/test_webhooks.py",),
    ),
    Mutation(
        "every target given the knowledge of the first",
        "watches/deliver.py",
        "known = self.state.known_ads(watch, target)",
        "known = self.state.known_ads(watch, watch.to[0])",
        ("tests/watches/test_webhooks.py",),
    ),
    Mutation(
        "a feed written only where there is news",
        "watches/deliver.py",
        "                sender.send(Digest(shown, warning))\n"
        "                if groups or health.failures:\n",
        "                if groups or health.failures:\n"
        "                    sender.send(Digest(shown, warning))\n",
        ("tests/watches/test_files.py",),
    ),
    Mutation(
        "a delivery from a store that was restored",
        "watches/view.py",
        "        if delivered_age is not None and delivered_age < age:\n",
        "        if False:\n",
        NOTIFICATIONS,
    ),
    Mutation(
        "an ad that left the feed still known",
        "watches/decide.py",
        "    for ad, one in known.items():\n",
        "    for ad, one in ():\n",
        NOTIFICATIONS,
    ),
    Mutation(
        "an ad reported as gone to who never received it",
        "watches/decide.py",
        "wanted = one.trigger is not None and ",
        "wanted = ",
        NOTIFICATIONS,
    ),
    Mutation(
        "an ignored ad delivered",
        "watches/batch.py",
        "shown = [ad for ad in ads if marks.get(ad) is not Mark.IGNORED]",
        "shown = list(ads)",
        ("tests/watches/test_triage.py",),
    ),
    Mutation(
        "a failed channel tried in every run",
        "watches/schedule.py",
        "    if health.retry_at and now <",
        "    if False and now <",
        ("tests/watches/test_mail.py",),
    ),
    Mutation(
        "a failing channel reported in every run",
        "cli/_watch_runs.py",
        "if failures == 1 or",
        "if failures or",
        ("tests/watches/test_mail.py",),
    ),
    Mutation(
        "two runs of the watches at once",
        "cli/_watch_runs.py",
        'store_lock(settings.db, "watches.lock", "another `navfeed watch` works on"),',
        '__import__("contextlib").nullcontext(),',
        ("tests/watches/test_commands.py",),
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_what_is_to_be_broken_stands_in_the_code_once(mutation: Mutation) -> None:
    """In every run: or the code moves on, and the campaign finds out weeks later."""
    text = (ROOT / "src" / "navfeed" / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.before) == 1, "the code has moved on; mend the mutation"


@pytest.mark.campaign
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_broken_promise_turns_the_suite_red(mutation: Mutation, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    file = tmp_path / "src" / "navfeed" / mutation.file
    text = file.read_text()
    file.write_text(text.replace(mutation.before, mutation.after))
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
