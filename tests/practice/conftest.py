"""A small world, a practice feed with pages of four, and somebody who reads it."""

import pytest

from navfeed.practice import Practice, Request, World
from support.clock import NOW

PAGE_SIZE = 4


class Reader:
    """Requests from a practice feed, by default with the public token."""

    def __init__(self, practice):
        self.practice = practice

    def get(self, target, method="GET", **headers):
        sent = {"authorization": f"Bearer {self.practice.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.practice.answer(Request(method, target, sent))

    def page(self, page_id, query="", **headers):
        return self.get(f"/api/v1/feed/{page_id}{query}", **headers)

    def detail(self, ad, **headers):
        return self.get(f"/api/v1/feedentry/{ad}", **headers)

    def walk(self, target="/api/v1/feed"):
        """Follow next_url to the tip; return the pages."""
        pages = []
        while target:
            pages.append(self.get(target).json())
            target = pages[-1]["next_url"]
        return pages


def ads_of(page):
    return [item["id"] for item in page["items"]]


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def world(now):
    return World(seed=7, now=now)


@pytest.fixture
def practice(world):
    return Practice(world, page_size=PAGE_SIZE)


@pytest.fixture
def reader(practice):
    return Reader(practice)


@pytest.fixture
def publish(world):
    """Publish so many ads, a transaction each; return their uuids."""
    return lambda count: [world.publish() for _ in range(count)]


@pytest.fixture(scope="session")
def history():
    """A larger world that no test may change."""
    return World.history(3, now=NOW, entries=6_000)


@pytest.fixture(scope="session")
def contents(history):
    """The content of every active ad in that world."""
    return list(history.truth().values())
