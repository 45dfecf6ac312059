"""`navfeed serve` under load, beside syncs and erasures: `python benchmarks/load.py`.

A practice feed of 10,000 active ads is synced. Then 50 clients request, for as long as told, what
people and programs request, while syncs go on, take ads out, and `navfeed privacy erase` erases
people. Datasette, where it is installed, serves as many ads a request from the same store, beside
the same syncs. Printed: requests a second, latency, errors, processor time and memory.

    python benchmarks/load.py [--clients 50] [--seconds 60] [--entries 37000]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import quantiles
from time import monotonic

from navfeed.practice import Practice, PracticeServer, World

NAVFEED = str(Path(sys.executable).with_name("navfeed"))
DATASETTE = shutil.which("datasette", path=str(Path(sys.executable).parent))
PLACES = ("OSLO", "BERGEN", "TRONDHEIM", "STAVANGER", "BODØ")
WORDS = ("sykepleier", "kokk", "natt", "utvikler", "renhold")

Ask = Callable[[random.Random, Sequence[str]], str]


def main() -> None:
    parser = argparse.ArgumentParser(description="Put `navfeed serve` under load.")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--entries", type=int, default=37_000)
    parser.add_argument("--active", type=int, default=17_000)
    options = parser.parse_args()
    world = World.history(5, now=datetime.now(UTC), entries=options.entries, active=options.active)
    with tempfile.TemporaryDirectory() as folder, PracticeServer(Practice(world)) as feed:
        store = Path(folder) / "load.db"
        sync(feed.url, store)
        ads = ids(store)
        print(f"{len(ads):,} ads, {store.stat().st_size / 1e6:,.0f} MB")
        with server([NAVFEED, "serve", "--port", "0", "--db", str(store)]) as (address, pid):
            print(f"the first page: {once(address, '/') * 1000:.0f} ms")
            again = min(once(address, "/") for _ in range(9))
            print(f"the first page once more: {again * 1000:.0f} ms")
            with syncing(feed, world, store) as rounds:
                report("navfeed serve", address, pid, options, ads, ours)
            print(f"  meanwhile {rounds}")
        if DATASETTE:
            words = [DATASETTE, "serve", str(store), "--port", "8123"]
            with server(words, "http://127.0.0.1:8123") as (address, pid):
                with syncing(feed, world, store) as rounds:
                    report("datasette", address, pid, options, ads, theirs)
                print(f"  meanwhile {rounds}")


# What is asked for


def ours(chance: random.Random, ads: Sequence[str]) -> str:
    """As people and programs do: lists, ads, pages of the old API, JSON."""
    place, word = chance.choice(PLACES), chance.choice(WORDS)
    return chance.choice(
        [
            "/",
            f"/?municipal={quoted(place)}",
            f"/?text={word}",
            f"/?ad={chance.choice(ads)}",
            f"/ads/{chance.choice(ads)}",
            f"/public-feed/api/v1/ads?size=20&page={chance.randrange(99)}",
            f"/public-feed/api/v1/ads?municipal={quoted(place)}",
            f"/api/ads?text={word}&limit=25",
            f"/api/ads/{chance.choice(ads)}",
            "/api/changes?snapshot=1&limit=50",
            f"/map?text={word}",
            f"/feed.atom?municipal={quoted(place)}",
        ]
    )


def theirs(chance: random.Random, ads: Sequence[str]) -> str:
    """Rows of the view that holds the same ads, as many as a page has."""
    place = quoted(chance.choice(PLACES))
    return chance.choice(
        [
            "/load/active_ads.json?_size=25&_shape=array",
            f"/load/active_ads.json?_size=25&_shape=array&municipalities={place}",
            f"/load/active_ads.json?uuid={chance.choice(ads)}&_shape=array",
        ]
    )


def quoted(text: str) -> str:
    return urllib.request.quote(text)


# Asking


def report(
    name: str, address: str, pid: int, options: argparse.Namespace, ads: Sequence[str], ask: Ask
) -> None:
    """Let the clients ask, and print what came of it."""
    before, worked = memory(pid), processor(pid)
    samples: list[float] = []
    took: list[float] = []
    statuses: Counter[str] = Counter()
    until = monotonic() + options.seconds
    clients = [
        threading.Thread(target=client, args=(address, until, n, ads, ask, took, statuses))
        for n in range(options.clients)
    ]
    for one in clients:
        one.start()
    for one in clients:
        while one.is_alive():
            one.join(1)
            samples.append(memory(pid))
    cut = quantiles(took, n=100)
    errors = {status: count for status, count in statuses.items() if status not in ("200", "404")}
    print(
        f"{name}: {len(took) / options.seconds:,.0f} requests/s of {options.clients} clients, "
        f"median {cut[49] * 1000:,.0f} ms, p99 {cut[98] * 1000:,.0f} ms, "
        f"{(processor(pid) - worked) / len(took) * 1000:.1f} ms of the processor each, "
        f"errors {errors or 'none'}, memory {before:.0f} MB, then {flatness(samples)}"
    )


def flatness(samples: Sequence[float]) -> str:
    """The most memory in each third of the time: flat where the last is no more than the second."""
    third = max(1, len(samples) // 3)
    parts = (samples[:third], samples[third : 2 * third], samples[2 * third :])
    return " / ".join(f"{max(part, default=0):.0f}" for part in parts) + " MB"


def client(
    address: str,
    until: float,
    seed: int,
    ads: Sequence[str],
    ask: Ask,
    took: list[float],
    statuses: Counter[str],
) -> None:
    chance = random.Random(seed)
    connection = HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=60)
    while monotonic() < until:
        began = monotonic()
        try:
            connection.request("GET", ask(chance, ads))
            answer = connection.getresponse()
            answer.read()
            statuses[str(answer.status)] += 1
        except (OSError, HTTPException) as error:
            statuses[type(error).__name__] += 1
            connection.close()
        took.append(monotonic() - began)
    connection.close()


def once(address: str, path: str) -> float:
    began = monotonic()
    with urllib.request.urlopen(address.rstrip("/") + path) as answer:
        answer.read()
    return monotonic() - began


# Around it


@contextmanager
def server(words: list[str], address: str = "") -> Iterator[tuple[str, int]]:
    """Start a server; its address, which it prints where none is given, and its process."""
    began = monotonic()
    out = subprocess.DEVNULL if address else subprocess.PIPE
    with subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL) as process:
        try:
            address = address or process.stdout.readline().decode().strip()
            while not answers(address):
                pass
            print(f"{Path(words[0]).name} answers {monotonic() - began:.2f} s after its start")
            yield address, process.pid
        finally:
            process.terminate()


def answers(address: str) -> bool:
    try:
        once(address, "/")
    except OSError:
        return False
    return True


@contextmanager
def syncing(feed: PracticeServer, world: World, store: Path) -> Iterator[dict[str, int]]:
    """Ads come and go, syncs follow one after the other, and after each somebody is erased."""
    done = threading.Event()
    counts = {"syncs": 0, "failed syncs": 0, "erasures": 0, "erasures owed": 0}

    def follow() -> None:
        while not done.wait(1):
            for ad in world.active()[:3]:
                world.stop(ad)
            for _ in range(3):
                world.publish()
            counts["failed syncs"] += sync(feed.url, store) != 0
            counts["syncs"] += 1
            counts["erasures"] += erase(store, f"person{counts['syncs']}@example.org") == 0
            with closing(sqlite3.connect(store)) as connection:
                (owed,) = connection.execute("SELECT erasure_owed FROM feed").fetchone()
            counts["erasures owed"] += owed

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield counts
    finally:
        done.set()
        thread.join()


def erase(store: Path, person: str) -> int:
    words = [NAVFEED, "privacy", "erase", person, "--yes", "--db", str(store)]
    return quietly(words)


def sync(url: str, store: Path) -> int:
    words = [NAVFEED, "sync", "--quiet", "--connections", "12"]
    words += ["--base-url", url, "--db", str(store)]
    return quietly(words)


def quietly(words: Sequence[str]) -> int:
    """The exit code of a command."""
    nothing = subprocess.DEVNULL
    return subprocess.run(
        words, check=False, env=environment(), stdout=nothing, stderr=nothing
    ).returncode


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("NAVFEED_")}


def ids(store: Path) -> list[str]:
    words = [NAVFEED, "list", "--format", "json", "--db", str(store)]
    listed = subprocess.run(words, check=True, stdout=subprocess.PIPE, env=environment()).stdout
    return [one["uuid"] for one in json.loads(listed)]


def processor(pid: int) -> float:
    """Seconds of the processor that a process has used (Linux)."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """What a process holds, in MB (Linux)."""
    text = Path(f"/proc/{pid}/status").read_text()
    (line,) = [one for one in text.splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1000


if __name__ == "__main__":
    main()
