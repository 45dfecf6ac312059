"""A small feed server that behaves like NAV's, for the demo, the tests and the benchmark.

A `World` is the state: a clock, a log and the ads, all made up from a seed. `Practice` answers
requests about it by the feed's own rules, flaws included, and distorts answers by script
(`faults`). `PracticeServer` serves it on a loopback port.

>>> with PracticeServer(Practice(World.history(seed=1, now=now))) as server:  # doctest: +SKIP
...     print(server.url)
"""

from navfeed.practice.app import Practice
from navfeed.practice.log import Entry
from navfeed.practice.messages import Answer, Request
from navfeed.practice.mix import Changes
from navfeed.practice.server import PracticeServer, run
from navfeed.practice.transaction import Transaction
from navfeed.practice.world import World

__all__ = [
    "Answer",
    "Changes",
    "Entry",
    "Practice",
    "PracticeServer",
    "Request",
    "Transaction",
    "World",
    "run",
]
