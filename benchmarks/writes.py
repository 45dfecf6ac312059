"""What a sync writes and reads, by the kernel's count: `python benchmarks/writes.py`.

A first sync of some thousand ads, a poll that finds nothing new, then polls of which each removes
one ad, changes two and adds one. Bytes are those that the process passed to `write` and got from
`read` (/proc/self/io, so Linux alone), less those of `navfeed --version`: that is Python starting.
What an idle poll reads are mostly the modules that a sync needs.

    python benchmarks/writes.py [--active 10000] [--polls 5] [--source FOLDER]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from navfeed.practice import Practice, PracticeServer, World

MEASURED = """
import atexit, sys
def report():
    facts = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())
    print(facts["wchar"], facts["rchar"], file=sys.__stderr__)
atexit.register(report)
from navfeed.cli import main
main()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what a sync writes and reads.")
    parser.add_argument("--active", type=int, default=10_000)
    parser.add_argument("--polls", type=int, default=5)
    parser.add_argument("--source", help="another src folder to run, for before and after")
    options = parser.parse_args()
    world = World.history(
        5, now=datetime.now(UTC), entries=2 * options.active, active=options.active
    )
    chance = random.Random(5)
    with tempfile.TemporaryDirectory() as folder, PracticeServer(Practice(world)) as feed:
        store = Path(folder) / "navfeed.db"
        start = counted(options.source, "--version")

        def sync() -> tuple[float, float]:
            words = ("sync", "--quiet", "--base-url", feed.url, "--db", str(store))
            written, read = counted(options.source, *words)
            return (written - start[0]) / 1e6, (read - start[1]) / 1e6

        written, read = sync()
        size = store.stat().st_size / 1e6
        print(
            f"first sync: {size:.0f} MB kept, {written:.0f} MB written ({written / size:.1f} x), "
            f"{read:.0f} MB read"
        )
        report("idle", [sync()])
        report("first removal", [poll(world, chance, sync)])
        report("poll (-1 ~2 +1)", [poll(world, chance, sync) for _ in range(options.polls)])
        report("idle", [sync()])


def poll(world: World, chance: random.Random, sync) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    one, *two = chance.sample(world.in_force(), 3)
    world.stop(one)
    for ad in two:
        world.update(ad)
    world.publish()
    return sync()


def report(name: str, costs: list[tuple[float, float]]) -> None:
    written, read = (median(side) for side in zip(*costs, strict=True))
    print(f"{name}: {written:.2f} MB written, {read:.1f} MB read")


def counted(source: str | None, *words: str) -> tuple[int, int]:
    """Bytes written and read by a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NAVFEED_")}
    if source:
        environment["PYTHONPATH"] = source
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    written, read = done.stderr.split()[-2:]
    return int(written), int(read)


if __name__ == "__main__":
    main()
