"""NAV's documented recipe made runnable: the standard library, one connection, one entry at a time.

Walks on from the page where the last run ended, with that page's `ETag` and the moment of the last
run as `If-Modified-Since`, which goes on being sent while it walks. An ACTIVE entry's details are
fetched and stored as it comes, an INACTIVE one's ad is deleted. Run it again to poll. What it
misses is explained in docs/explanation/late-entries.md.

    python recipe.py URL DB
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

SCHEMA = """
CREATE TABLE IF NOT EXISTS ads (uuid TEXT PRIMARY KEY, content TEXT);
CREATE TABLE IF NOT EXISTS position (page TEXT, etag TEXT, since TEXT);
"""
FIRST = "/api/v1/feed"


class Client:
    """One kept-alive connection, with the public token."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._token = ""
        _, body, _ = self.get("/api/publicToken")
        self._token = body.split()[-1].decode()

    def get(self, path: str, **headers: str | None) -> tuple[int, bytes, str | None]:
        """The status, the body and the ETag."""
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        sent["Authorization"] = f"Bearer {self._token}"
        self._connection.request("GET", path, headers=sent)
        answer = self._connection.getresponse()
        return answer.status, answer.read(), answer.getheader("ETag")


def poll(client: Client, db: sqlite3.Connection) -> None:
    began = datetime.now(UTC)
    stored = db.execute("SELECT page, etag, since FROM position").fetchone()
    page, etag, since = stored or (FIRST, None, None)
    while True:
        status, body, new_etag = client.get(page, If_None_Match=etag, If_Modified_Since=since)
        if status != 200:
            break
        content, etag = json.loads(body), new_etag
        for item in content["items"]:
            apply(client, db, item["_feed_entry"])
        if not content["next_url"]:
            break
        page = content["next_url"]
    db.execute("DELETE FROM position")
    moment = began.strftime("%a, %d %b %Y %H:%M:%S GMT")
    db.execute("INSERT INTO position VALUES (?, ?, ?)", [page, etag, moment])


def apply(client: Client, db: sqlite3.Connection, entry: dict[str, str]) -> None:
    ad = entry["uuid"]
    status, body, _ = client.get(f"/api/v1/feedentry/{ad}") if is_active(entry) else (404, b"", "")
    detail = json.loads(body) if status == 200 else {}
    if is_active(detail):
        content = json.dumps(detail["ad_content"], ensure_ascii=False)
        db.execute("INSERT OR REPLACE INTO ads VALUES (?, ?)", [ad, content])
    else:
        db.execute("DELETE FROM ads WHERE uuid = ?", [ad])


def is_active(entry: dict[str, str]) -> bool:
    return entry.get("status") == "ACTIVE"


def main(url: str, path: str) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(SCHEMA)
        poll(Client(url), db)


main(*sys.argv[1:])
