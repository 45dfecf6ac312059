"""What the feed asks of any client, and no more: the standard library, 8 connections, one table.

Walks the log to its end, keeps the last status of each ad, fetches the details of the active ones
and stores what they say. It knows nothing of late entries, faults, restarts or last days.

    python bare.py URL DB
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

CONNECTIONS = 8


class Client:
    """One kept-alive connection."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> bytes | None:
        """The answer's body; None where there is nothing (404)."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 404):
            raise OSError(f"{answer.status} for {path}")
        return body if answer.status == 200 else None


def public_token(url: str) -> str:
    return Client(url).get("/api/publicToken").split()[-1].decode()


def entries(client: Client) -> Iterator[dict[str, str]]:
    path = "/api/v1/feed"
    while path:
        page = json.loads(client.get(path))
        yield from (item["_feed_entry"] for item in page["items"])
        path = page["next_url"]


def active_ads(client: Client) -> list[str]:
    status = {entry["uuid"]: entry["status"] for entry in entries(client)}
    return [ad for ad, said in status.items() if said == "ACTIVE"]


def fetch(client: Client, wanted: SimpleQueue[str]) -> list[tuple[str, str]]:
    found = []
    while True:
        try:
            ad = wanted.get_nowait()
        except Empty:
            return found
        body = client.get(f"/api/v1/feedentry/{ad}")
        detail = json.loads(body) if body else {}
        if detail.get("status") == "ACTIVE":
            found.append((ad, json.dumps(detail["ad_content"], ensure_ascii=False)))


def details(url: str, token: str, ads: list[str]) -> Iterator[tuple[str, str]]:
    wanted: SimpleQueue[str] = SimpleQueue()
    for ad in ads:
        wanted.put(ad)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        clients = [Client(url, token) for _ in range(CONNECTIONS)]
        for found in pool.map(fetch, clients, [wanted] * CONNECTIONS):
            yield from found


def main(url: str, db: str) -> None:
    token = public_token(url)
    ads = active_ads(Client(url, token))
    with sqlite3.connect(db) as connection:
        connection.execute("CREATE TABLE ads (uuid TEXT PRIMARY KEY, content TEXT)")
        connection.executemany("INSERT INTO ads VALUES (?, ?)", details(url, token, ads))


main(*sys.argv[1:])
