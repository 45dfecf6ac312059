"""The main job, run for real against a practice feed: `make demo`.

Starts `navfeed practice` on a free port of this machine, follows it with the real commands, and
checks itself: it ends with 1 when a command does not end as it should, or when the store is not
what the feed shows. Everything it writes stands in `.demo`.
"""

# ruff: noqa: INP001, S603, T201  a script for people that runs our own commands

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(".demo")
DB = FOLDER / "navfeed.db"
NAVFEED = Path(sys.executable).with_name("navfeed")
SHOWN = 3
SECONDS = 60


class DemoError(Exception):
    """Something is not as it should be."""


@dataclass(frozen=True)
class Ad:
    label: str
    content: object


def main() -> None:
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped too
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    try:
        demonstrate()
    except (DemoError, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"the demo failed: {error}")


def demonstrate() -> None:
    say("A practice feed: made-up ads on this machine, with the real feed's ways.")
    show_command("practice --port 0 --seed 1")
    with practice_feed() as url:
        say(f"It listens on {url}. From here on, the real commands:\n")
        print(f"$ export NAVFEED_BASE_URL={url} NAVFEED_DB={DB}", flush=True)
        follow(url)
        check(url)
    say(FOR_REAL.format(db=DB))


def follow(url: str) -> None:
    navfeed(url, "sync")
    navfeed(url, "list --municipality BERGEN --limit 5")
    before = stored()
    moved = ask(url, "advance", {"rounds": 3, "changes": 20, "seconds": 3_600})
    say(f"Three hours pass at the feed. Ads {told(moved['counts'])}.")
    navfeed(url, "sync")
    gone = tell_differences(before, stored())
    say("An ad that is withdrawn leaves at once, contacts and all:")
    navfeed(url, f"show {gone[:8]}", ends_with=2)
    navfeed(url, f"export --format csv --output {FOLDER / 'ads.csv'}")
    show_beginning(FOLDER / "ads.csv")
    navfeed(url, "status")


# The commands


@contextmanager
def practice_feed() -> Iterator[str]:
    """Run the practice feed in a process of its own; its address."""
    command = [str(NAVFEED), "practice", "--port", "0", "--seed", "1"]
    with (
        (FOLDER / "practice.log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment()) as server,
    ):
        try:
            yield address(server)
        finally:
            server.terminate()


def address(server: subprocess.Popen[bytes]) -> str:
    """The first thing the practice feed says."""
    assert server.stdout is not None  # noqa: S101  it is a pipe
    url = server.stdout.readline().decode().strip()
    if not url:
        raise DemoError(f"the practice feed did not start; see {FOLDER / 'practice.log'}")
    return url


def navfeed(url: str, words: str, *, ends_with: int = 0) -> None:
    show_command(words)
    command = [str(NAVFEED), *shlex.split(words)]
    env = environment(NAVFEED_BASE_URL=url, NAVFEED_DB=str(DB))
    # One stream, so that what is said stands in order also where the demo's output goes to a file.
    ended = subprocess.run(
        command, env=env, stderr=subprocess.STDOUT, timeout=SECONDS, check=False
    ).returncode
    if ended != ends_with:
        raise DemoError(f"`navfeed {words}` ended with {ended}, not {ends_with}")


def environment(**variables: str) -> dict[str, str]:
    """This environment, without anybody's own settings for navfeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NAVFEED_")}
    home = str(ROOT / FOLDER)
    return {**kept, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, **variables}


def ask(url: str, what: str, order: dict[str, int] | None = None) -> Any:  # noqa: ANN401
    """Ask the practice feed's own endpoints, which the real feed has not."""
    body = None if order is None else json.dumps(order).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/practice/{what}", data=body, timeout=SECONDS) as answer:
        return json.load(answer)


# The store, read as anybody may


def stored() -> dict[str, Ad]:
    with closing(sqlite3.connect(f"{(ROOT / DB).as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT uuid, title, employer, coalesce(municipal, '?'), content FROM ads "
            "LEFT JOIN locations ON ad = uuid AND position = 0 ORDER BY uuid"
        ).fetchall()
    return {
        uuid: Ad(f"{title}, {employer} ({place})", json.loads(content))
        for uuid, title, employer, place, content in rows
    }


def tell_differences(before: dict[str, Ad], after: dict[str, Ad]) -> str:
    """Say what the second sync did; the id of an ad that it removed."""
    kinds = {
        "new": [uuid for uuid in after if uuid not in before],
        "changed": [
            uuid for uuid in after if uuid in before and before[uuid].content != after[uuid].content
        ],
        "removed": [uuid for uuid in before if uuid not in after],
    }
    print()
    for kind, uuids in kinds.items():
        if not uuids:
            raise DemoError(f"no ad is {kind}, though the feed moved on")
        for uuid in uuids[:SHOWN]:
            print(f"  {kind:8} {uuid[:8]}  {(after if uuid in after else before)[uuid].label}")
        if len(uuids) > SHOWN:
            print(f"  {kind:8} ... and {len(uuids) - SHOWN} more")
    return kinds["removed"][0]


def check(url: str) -> None:
    """The promise itself: the store is what the feed shows, content included."""
    truth = ask(url, "truth")
    held = {uuid: ad.content for uuid, ad in stored().items()}
    if held != truth:
        wrong = sum(held.get(uuid) != truth.get(uuid) for uuid in held.keys() | truth.keys())
        raise DemoError(f"the store differs from the feed in {wrong} ads")
    say(f"Checked: the store holds all {len(truth):,} ads that the feed shows, and nothing else.")


# Saying things


def show_command(words: str) -> None:
    print(f"\n$ navfeed {words}", flush=True)


def say(text: str) -> None:
    print(f"\n{text}", flush=True)


def told(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind}: {count}" for kind, count in counts.items() if count)


def show_beginning(path: Path) -> None:
    print(f"\n$ head -n 3 {path} | cut -c 1-100", flush=True)
    with path.open(encoding="utf-8") as lines:
        for _ in range(3):
            print(next(lines).rstrip()[:100])


FOR_REAL = """\
Now for real. navfeed is installed in .venv; without any settings it follows NAV's own feed with
NAV's public token. The first sync reads half a year of log and some 10,000 ads, and may be stopped
and run again at any time:

  $ . .venv/bin/activate
  $ navfeed sync
  $ navfeed list --municipality BERGEN
  $ navfeed --help

The ads of this demo as a page in your browser, at http://127.0.0.1:8000/:

  $ pip install '.[serve]'
  $ navfeed serve --max-age never --db {db}"""


if __name__ == "__main__":
    main()
